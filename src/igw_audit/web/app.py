"""The application that ``mlflow server --app-name igw`` serves: MLflow with sign-in, and our pages under ``/igw``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from igw_audit.web.pages import pages
from igw_audit.web.wall import Wall, nothing

_log = logging.getLogger(__name__)


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
        """Answer a refused request, pass on any other."""
        if scope["type"] == "http" and scope["method"] == "PUT" and "/mlflow-artifacts/" in scope["path"]:
            refused = await run_in_threadpool(self._refuse, scope["method"], scope["path"])
            if refused is not None:
                await JSONResponse(refused.body, refused.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)
