"""Our own pages. They carry no script at all, and a policy under which a browser would run none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from igw_audit.core.markup import as_attribute, as_html
from igw_audit.web.inprocess import signed_in
from igw_audit.workflow import serve

SECURE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
#: Whether a key counts, in English and Dutch.
_STATES = {
    "in_force": ("yes", "ja"),
    "key_expired": ("no, expired", "nee, verlopen"),
    "key_not_yet": ("not yet", "nog niet"),
    "key_revoked": ("no, revoked", "nee, ingetrokken"),
}
_ASK = {"WWW-Authenticate": 'Basic realm="mlflow"'}


def pages(mlflow_app: ASGIApp) -> Starlette:
    """Make the application of the pages; MLflow says who signed in."""

    async def health(request: Request) -> Response:
        """Say that the server is up; to an administrator, also what it is set to and how its ledger is."""
        user = await signed_in(mlflow_app, request)
        if user is None or not user.is_admin:
            return JSONResponse({"status": "up"}, headers=SECURE)
        found = await run_in_threadpool(serve.health)
        return JSONResponse(found.to_dict(), headers=SECURE)

    async def front(request: Request) -> Response:
        """Show the same as a page."""
        user = await signed_in(mlflow_app, request)
        if user is None:
            return HTMLResponse(_render("anonymous.html.j2", request), 401, headers={**SECURE, **_ASK})
        if not user.is_admin:
            return HTMLResponse(_render("account.html.j2", request, user=user), headers=SECURE)
        found = await run_in_threadpool(serve.health)
        return HTMLResponse(_render("health.html.j2", request, health=found), headers=SECURE)

    async def style(_: Request) -> Response:
        """Give the style sheet."""
        return Response(_style(), media_type="text/css", headers=SECURE)

    ways: dict[str, Callable[[Request], Awaitable[Response]]] = {"/": front, "/health": health, "/style.css": style}
    return Starlette(routes=[Route(path, way, methods=["GET"]) for path, way in ways.items()])


def language(request: Request) -> str:
    """Give the language of a page: asked for with ``?lang=``, or the browser's first of ours."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "")
    wanted = [part.split(";")[0].strip().lower()[:2] for part in asked.split(",")]
    return next((one for one in wanted if one in ("nl", "en")), "en")


def _render(template: str, request: Request, **given: object) -> str:
    shown, root = language(request), request.scope.get("root_path", "")
    states = {word: said[shown == "nl"] for word, said in _STATES.items()}
    return _templates().get_template(template).render(lang=shown, root=root, states=states, **given)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("igw_audit.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=as_html,
    )
    made.filters["attribute"] = as_attribute
    return made


@cache
def _style() -> str:
    return (files("igw_audit.web") / "templates" / "style.css").read_text(encoding="utf-8")
