"""Every route of the served application is classified: open, answered by us, or closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from igw_audit.errors import InputError
from igw_audit.tracking.server.routes import Route, RouteList

#: Makes the served application in a process of its own, for that changes MLflow's, and prints each method and path.
_WALK = r"""
import json, re, warnings
warnings.simplefilter("ignore")
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route
from igw_audit.web.app import create_app
from mlflow.server import app as flask_app

app, found = create_app(), set()

def walk(routes, prefix):
    for route in routes:
        if hasattr(route, "original_router"):  # FastAPI 0.165 keeps the routes of an included router apart
            walk(route.original_router.routes, prefix + route.include_context.prefix)
        elif isinstance(route, Mount) and type(route.app).__name__ == "_EfficientWSGIMiddleware":
            assert route.path == "", "MLflow's Flask application is mounted elsewhere"
        elif isinstance(route, Mount):
            walk(route.routes, prefix + route.path)
            found.add(("GET", prefix + route.path))
        elif isinstance(route, (APIRoute, Route)):
            found.update((method, prefix + route.path) for method in route.methods - {"HEAD"})
        else:
            raise SystemExit(f"a route of a class that this walk does not know: {type(route)}")

walk(app.router.routes, "")
parameter = lambda got: "{" + got[2] + (":path" if got[1] == "path:" else "") + "}"
for rule in flask_app.url_map.iter_rules():
    path = re.sub(r"<(\w+:)?(\w+)>", parameter, str(rule.rule))
    found.update((method, path) for method in rule.methods - {"HEAD", "OPTIONS"})
print(json.dumps([sorted(found), [entry.cls.__name__ for entry in app.user_middleware]]))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[Route], list[str]]:
    """Return every route of the application as it is served, and its middleware from the outside in."""
    folder = tmp_path_factory.mktemp("application")
    config = folder / "sign-in.ini"
    config.write_text(
        f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///{folder}/sign-in.db\n"
        "admin_username = admin\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        encoding="utf-8",
    )
    told = {
        "_MLFLOW_SGI_NAME": "uvicorn",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/igw.db",
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_AUTH_ADMIN_PASSWORD": "correct-horse-battery",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "0" * 32,
    }
    command = [sys.executable, "-W", "ignore", "-c", _WALK]
    ran = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr[-4000:]
    routes, middleware = json.loads(ran.stdout.splitlines()[-1])
    return {Route(method=method, template=path) for method, path in routes}, middleware


@pytest.fixture(scope="module")
def listed() -> RouteList:
    return RouteList.read()


def _merged(routes: set[Route]) -> set[tuple[str, str]]:
    """Return the routes with ``api`` and ``ajax-api`` as one."""
    return {(route.method, route.template.replace("/ajax-api/", "/api/", 1)) for route in routes}


def test_each_route_of_the_application_is_open_or_closed_and_none_is_both(
    served: tuple[set[Route], list[str]], listed: RouteList
) -> None:
    routes, _ = served
    closed = frozenset[Route]().union(*listed.closed.values())
    unknown = routes - listed.allowed - closed - listed.empty
    assert not unknown, f"new routes: decide on each, and enter it in routes.toml: {sorted(unknown)}"
    every = [*listed.open.values(), listed.empty, *listed.closed.values()]
    assert sum(map(len, every)) == len(frozenset[Route]().union(*every))


def test_the_list_names_no_route_that_is_not_there(served: tuple[set[Route], list[str]], listed: RouteList) -> None:
    routes, _ = served
    gone = (listed.allowed | listed.empty).union(*listed.closed.values()) - routes
    assert not gone, f"not served by this version of MLflow: {sorted(gone)}"


def test_the_counts_that_the_documents_state(served: tuple[set[Route], list[str]], listed: RouteList) -> None:
    routes, _ = served
    ours = {route for route in routes if route.template.startswith("/igw")}
    counts = (len(_merged(routes - ours)), len(_merged(set(listed.allowed) - ours)), len(_merged(ours)))
    page = (Path(__file__).parents[2] / "docs/reference/routes.md").read_text(encoding="utf-8")
    assert "{} routes of MLflow, of which {} are open, and {} of our own".format(*counts) in page


def test_every_group_is_documented(listed: RouteList) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/routes.md").read_text(encoding="utf-8")
    missing = [group for group in (*listed.open, *listed.closed) if f"`{group}`" not in page]
    assert not missing


def test_the_wall_is_the_outermost(served: tuple[set[Route], list[str]]) -> None:
    assert served[1][0] == "Wall"


def test_a_group_is_opened_on_purpose_and_by_its_name_only(listed: RouteList) -> None:
    asked = ("GET", "/api/3.0/mlflow/traces/tr-1")
    assert not listed.allows(*asked)
    assert RouteList.read("traces, datasets").allows(*asked)
    with pytest.raises(InputError, match="did you mean 'traces'"):
        RouteList.read("trace")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/2.0/mlflow/logged-models/m-0123"),
        ("PATCH", "/api/2.0/mlflow/logged-models/m-0123/tags"),
        ("DELETE", "/ajax-api/2.0/mlflow/logged-models/m-0123/tags/kind of: thing"),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/een map/éé 100%.txt"),
        ("GET", "/igw/health"),
        ("GET", "/igw/"),
        ("GET", "/"),
    ],
)
def test_what_is_used_goes_on(listed: RouteList, method: str, path: str) -> None:
    assert listed.allows(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/2.0/mlflow/logged-models/m-0123"),
        ("get", "/health"),
        ("HEAD", "/health"),
        ("OPTIONS", "/health"),
        ("GET", "/health/"),
        ("GET", "/Health"),
        ("GET", "health"),
        ("GET", ""),
        ("GET", "//health"),
        ("GET", "/health\n"),
        ("GET", "/health\u200b"),
        ("GET", "/health;x"),
        ("GET", "/igw/../health"),
        ("GET", "/igw/unknown"),
        ("GET", "/static-files/../../etc/passwd"),
        ("GET", "/static-files/%2e%2e/etc/passwd"),
        ("GET", "/static-files/.."),
        ("GET", "/static-files/a\\b"),
        ("GET", "/api/2.0/mlflow/logged-models/m-1/x"),
        ("GET", "/api/2.0/mlflow/logged-models/m-1;x"),
        ("GET", "/api/2.0/mlflow/logged-models/"),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/1/%2e%2e/2"),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message"),
    ],
)
def test_what_is_not_listed_to_the_letter_does_not_go_on(listed: RouteList, method: str, path: str) -> None:
    assert not listed.allows(method, path)
