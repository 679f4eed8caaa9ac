"""The outermost of the served application: what no list names is answered here, and reaches nothing behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

#: A policy violation, by RFC 6455.
_CLOSED = 1008


class Routes(Protocol):
    """Which requests go on."""

    def allows(self, method: str, path: str) -> bool:
        """Tell whether a request goes on."""

    def answers_empty(self, method: str, path: str) -> bool:
        """Tell whether a request gets an empty answer."""


class Wall:
    """Lets through what the list of routes names, before anybody signs in and whoever asks."""

    def __init__(self, app: ASGIApp, routes: Routes) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that is listed, and the server's own start and stop; refuse everything else."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": _CLOSED})

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if self._routes.allows(method, path) and not scope.get("root_path"):
            await self._app(scope, receive, send)
        elif self._routes.answers_empty(method, path):
            await JSONResponse({})(scope, receive, send)
        else:
            await JSONResponse(_REFUSED, 403)(scope, receive, send)


_REFUSED = {
    "error_code": "PERMISSION_DENIED",
    "igw_reason": "route_closed",
    "message": (
        "this server does not answer this request, whoever asks: it serves runs, models, their pages and /igw, and "
        "nothing else of MLflow. What is open stands in docs/reference/routes.md"
    ),
}


def nothing(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every request of a WSGI server with why there is nothing: without the wall nothing is served."""
    start_response("503 Service Unavailable", [("Content-Type", "application/json")])
    return [json.dumps(_NOT_SERVED).encode()]


_NOT_SERVED = {
    "error_code": "TEMPORARILY_UNAVAILABLE",
    "message": "MLflow was started without uvicorn, where this server cannot keep its routes closed: igw-audit serve",
}
