"""The application that ``mlflow server --app-name igw`` serves: MLflow with sign-in, and our pages under ``/igw``."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from typing import IO, Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from igw_audit.web.pages import pages
from igw_audit.web.wall import Wall, nothing

_log = logging.getLogger(__name__)
#: Bytes of an upload that are kept in memory before it is looked at again; a longer one goes to a file of its own.
_IN_MEMORY = 1_000_000
_CHUNK = 1_000_000


def create_app() -> Any:
    """Make the application; MLflow calls this in each worker.

    What is wrong with the configuration is found by ``igw-audit serve`` before: an exception here would make MLflow's
    server start its worker again and again.
    """
    from fastapi import FastAPI

    from igw_audit.workflow import serve

    made = serve.server_app()
    if not isinstance(made.app, FastAPI):
        _log.warning("nothing is served, for MLflow runs without uvicorn; start it with igw-audit serve")
        return nothing
    # innermost, so that MLflow's own check of who asks comes first
    made.app.user_middleware.append(Middleware(KeepArtifacts, refuse=made.refuse_artifact))
    # outermost: before sign-in, and whatever MLflow puts in between
    made.app.user_middleware.insert(0, Middleware(Wall, routes=made.routes))
    # before the catch-all under which MLflow mounts its Flask application
    made.app.router.routes.insert(0, Mount("/igw", app=pages(made.app)))
    return made.app


class KeepArtifacts:
    """Refuses to overwrite what evidence is about: uploads are the one such request that does not pass Flask."""

    def __init__(self, app: ASGIApp, refuse: Callable[[str, str], Any]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request, pass on any other.

        An upload is received whole and looked at again before MLflow has any of it: one that began before there was
        evidence and ends after it would otherwise be let in.
        """
        if scope["type"] != "http" or scope["method"] != "PUT" or "/mlflow-artifacts/" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            if await self._refused(scope, receive, send) or not await _received(receive, body):
                return
            if not await self._refused(scope, receive, send):
                body.seek(0)
                await self._app(scope, _replayed(body, receive), send)

    async def _refused(self, scope: Scope, receive: Receive, send: Send) -> bool:
        refused = await run_in_threadpool(self._refuse, scope["method"], scope["path"])
        if refused is not None:
            await JSONResponse(refused.body, refused.status)(scope, receive, send)
        return refused is not None


async def _received(receive: Receive, body: IO[bytes]) -> bool:
    """Receive the whole body; False where the client went away before its end."""
    while (message := await receive())["type"] == "http.request":
        if chunk := message.get("body", b""):
            await run_in_threadpool(body.write, chunk)
        if not message.get("more_body", False):
            return True
    return False


def _replayed(body: IO[bytes], receive: Receive) -> Receive:
    """Return what gives a received body again, chunk by chunk, and then whatever else the client says."""
    done = False

    async def again() -> Message:
        nonlocal done
        if done:
            return await receive()
        chunk = await run_in_threadpool(body.read, _CHUNK)
        done = len(chunk) < _CHUNK
        return {"type": "http.request", "body": chunk, "more_body": not done}

    return again
