"""Who asks: MLflow's own API is asked in process, with the request's own credentials, so that MLflow alone decides."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope

_WHO = "/api/2.0/mlflow/users/current"
#: What MLflow needs to know who asks and at which server; nothing else of the request is passed on.
_PASSED = frozenset({b"authorization", b"host", b"cookie"})


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account that signed in."""

    name: str
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What MLflow answered: HTTP status and body."""

    status: int
    body: bytes


async def signed_in(mlflow_app: ASGIApp, request: Request) -> User | None:
    """Give who signed in, None where nobody did or the password is wrong."""
    if "authorization" not in request.headers:
        return None
    answer = await get(mlflow_app, _WHO, request)
    if answer.status != 200:
        return None
    user = json.loads(answer.body)["user"]
    return User(name=str(user["username"]), is_admin=bool(user["is_admin"]))


async def get(mlflow_app: ASGIApp, path: str, request: Request, query: str = "") -> Answer:
    """Ask MLflow's API with the credentials of a request, as a request of its own."""
    scope: Scope = {
        "type": "http",
        "asgi": request.scope["asgi"],
        "http_version": "1.1",
        "method": "GET",
        "scheme": request.scope["scheme"],
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name, value) for name, value in request.scope["headers"] if name.lower() in _PASSED],
        "client": request.scope.get("client"),
        "server": request.scope.get("server"),
        "state": {},
    }
    status, parts, asked = 500, list[bytes](), False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal asked
        if asked:
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(message["status"])
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await mlflow_app(scope, receive, send)
    return Answer(status=status, body=b"".join(parts))
