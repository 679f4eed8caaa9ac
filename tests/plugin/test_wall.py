"""Round the list of routes, and past the places that the server keeps files at: tried against a real server."""

from __future__ import annotations

import http.client
import socket
import time
from urllib.parse import urlsplit

import pytest
from tests.plugin.served import Said, Served, credentials

from igw_audit.tracking import hash_model_directory

EVERYBODY = (None, "rita", "ada", "erik", "admin")
ASSISTANT = "/ajax-api/3.0/mlflow/assistant/message"
CLOSED = {
    "commands by the assistant": ("POST", ASSISTANT),
    "the assistant's provider": ("PUT", "/ajax-api/3.0/mlflow/assistant/config"),
    "skills of the assistant": ("POST", "/ajax-api/3.0/mlflow/assistant/skills/install"),
    "what the assistant found": ("GET", "/ajax-api/3.0/mlflow/assistant/sessions/1/stream"),
    "a key for a provider": ("POST", "/api/3.0/mlflow/gateway/secrets/create"),
    "a call to a provider": ("POST", "/gateway/openai/v1/chat/completions"),
    "a call through the gateway": ("POST", "/gateway/proxy/any/path"),
    "the gateway's proxy": ("POST", "/ajax-api/2.0/mlflow/gateway-proxy"),
    "a job": ("POST", "/ajax-api/3.0/jobs/"),
    "jobs of others": ("POST", "/ajax-api/3.0/jobs/search"),
    "code in a scorer": ("POST", "/api/3.0/mlflow/scorers/register"),
    "a scorer's run": ("POST", "/ajax-api/3.0/mlflow/scorer/invoke"),
    "an evaluation": ("POST", "/ajax-api/3.0/mlflow/genai/evaluate/invoke"),
    "an analysis of traces": ("POST", "/ajax-api/3.0/mlflow/issues/invoke"),
    "an optimisation": ("POST", "/api/3.0/mlflow/prompt-optimization/jobs"),
    "a webhook": ("POST", "/api/2.0/mlflow/webhooks"),
    "a tool server": ("POST", "/api/3.0/mlflow/mcp-servers"),
    "made-up content": ("POST", "/ajax-api/3.0/mlflow/demo/generate"),
    "traces": ("POST", "/v1/traces"),
    "a workspace": ("POST", "/api/3.0/mlflow/workspaces"),
    "a role": ("POST", "/api/3.0/mlflow/roles/create"),
    "the sign-up form": ("GET", "/signup"),
    "an account by oneself": ("POST", "/api/2.0/mlflow/users/create-ui"),
    "an address to write to": ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url"),
    "a query in an address": ("GET", "/graphql?query={__typename}"),
    "the description of the interface": ("GET", "/openapi.json"),
    "its pages": ("GET", "/docs"),
}
#: The same route in disguise; each must be refused by the list itself or lead nowhere.
DISGUISES = {
    "a doubled slash": "//ajax-api/3.0/mlflow/assistant/message",
    "a doubled slash inside": "/ajax-api//3.0/mlflow/assistant/message",
    "a slash at the end": ASSISTANT + "/",
    "a dot": "/ajax-api/./3.0/mlflow/assistant/message",
    "up and down": "/health/../ajax-api/3.0/mlflow/assistant/message",
    "up from a listed path": "/static-files/../ajax-api/3.0/mlflow/assistant/message",
    "up, encoded": "/static-files/%2e%2e/ajax-api/3.0/mlflow/assistant/message",
    "up, encoded twice": "/static-files/%252e%252e/ajax-api/3.0/mlflow/assistant/message",
    "an encoded slash": "/ajax-api%2f3.0/mlflow/assistant/message",
    "an encoded letter": "/ajax-api/3.0/mlflow/%61ssistant/message",
    "all encoded": "/%61%6a%61%78-%61%70%69/3.0/mlflow/assistant/message",
    "encoded twice": "/ajax-api/3.0/mlflow/%2561ssistant/message",
    "overlong": "/ajax-api/3.0/mlflow/%c1%a1ssistant/message",
    "other case": "/AJAX-API/3.0/mlflow/Assistant/message",
    "full width": "/ajax-api/3.0/mlflow/%ef%bd%81ssistant/message",
    "a backslash": "/ajax-api\\3.0\\mlflow\\assistant\\message",
    "an encoded backslash": "/ajax-api%5c3.0/mlflow/assistant/message",
    "a parameter of the path": ASSISTANT + ";x",
    "a parameter of an earlier part": "/ajax-api;x/3.0/mlflow/assistant/message",
    "a fragment": ASSISTANT + "%23/health",
    "a question mark inside": ASSISTANT + "%3f/health",
    "a query": ASSISTANT + "?path=/health",
    "a zero": ASSISTANT + "%00",
    "a line end": ASSISTANT + "%0a",
    "a tab in front": "/%09ajax-api/3.0/mlflow/assistant/message",
    "an invisible sign": "/ajax-api/3.0/mlflow/assistant%e2%80%8b/message",
    "a space at the end": ASSISTANT + "%20",
    "the other interface": "/api/3.0/mlflow/assistant/message",
    "under our own pages": "/igw/ajax-api/3.0/mlflow/assistant/message",
    "under the static files": "/static-files/ajax-api/3.0/mlflow/assistant/message",
    "an absolute address": "http://127.0.0.1/ajax-api/3.0/mlflow/assistant/message",
    "an absolute address elsewhere": "http://example.org/ajax-api/3.0/mlflow/assistant/message",
    "no slash": "ajax-api/3.0/mlflow/assistant/message",
    "a star": "*",
}
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "PROPFIND", "POST\tx")


@pytest.mark.parametrize("what", CLOSED)
def test_a_closed_route_is_closed_to_everybody(server: Served, what: str) -> None:
    method, path = CLOSED[what]
    for who in EVERYBODY:
        said = server.ask(who, method, path, {} if method != "GET" else None)
        assert (said.status, said.reason) == (403, "route_closed"), (who, said)


@pytest.mark.parametrize("what", DISGUISES)
def test_a_closed_route_in_disguise_is_closed_to_an_administrator(server: Served, what: str) -> None:
    status, body = _raw(server, "POST", DISGUISES[what])
    assert status in (400, 403), (status, body)
    assert status == 400 or '"route_closed"' in body, body


@pytest.mark.parametrize("method", METHODS)
def test_another_method_opens_nothing(server: Served, method: str) -> None:
    for path in (ASSISTANT, "/ajax-api/3.0/mlflow/assistant/config"):
        status, body = _raw(server, method, path)
        empty = method == "GET" and path.endswith("config")
        assert (status, body) == (200, "{}") if empty else status in (400, 403), (status, body)


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override: POST", "X-Original-URL: /health", "X-Forwarded-Prefix: /x"]
)
def test_a_header_opens_nothing(server: Served, header: str) -> None:
    status, body = _raw(server, "POST", ASSISTANT, header)
    assert (status, '"route_closed"' in body) == (403, True)


def test_a_websocket_is_not_opened(server: Served) -> None:
    upgrade = "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
    for path in (ASSISTANT, "/health", "/igw/health"):
        status, body = _raw(server, "GET", path, f"{upgrade}\r\nConnection: Upgrade")
        assert status in (400, 403) or (status == 200 and path != ASSISTANT), (path, status, body)


@pytest.mark.parametrize(
    "place",
    [
        "file:///tmp/igw-evil",
        "/tmp/igw-evil",
        "igw-evil",
        "s3://bucket/x",
        "gs://bucket/x",
        "dbfs:/x",
        "wasbs://box@account.example.org/x",
        "uc-volume:/Volumes/x",
        "ftp://example.org/x",
        "http://example.org/api/2.0/mlflow-artifacts/artifacts/1",
        "mlflow-artifacts://example.org/1",
        "mlflow-artifacts:/../../x",
        "mlflow-artifacts:/1/models",
        "FILE:///tmp/igw-evil",
    ],
)
def test_nobody_chooses_where_the_server_writes(server: Served, place: str) -> None:
    for who in ("ada", "erik", "admin"):
        for api in ("api", "ajax-api"):
            body = {"name": f"elsewhere-{who}-{api}", "artifact_location": place}
            said = server.ask(who, "POST", "mlflow/experiments/create", body, api=api)
            assert (said.status, said.reason) == (403, "location_refused"), said


@pytest.mark.parametrize(
    "source",
    [
        *("s3://bucket/x", "gs://bucket/x", "dbfs:/x", "wasbs://box@account.example.org/x", "uc-volume:/Volumes/x"),
        *("abfss://box@account.example.org/x", "hdfs://host/x", "sftp://host/x", "ftp://host/x", "r2://bucket/x"),
        *("file:///etc", "/etc", "etc", "FILE:/etc", "mlflow-artifacts://example.org/1", "mlflow-artifacts:/../x"),
        *("http://example.org/api/2.0/mlflow-artifacts/artifacts/1", "models://host/m-0", "runs://host/0/model", ""),
    ],
)
def test_a_version_is_not_registered_from_elsewhere(server: Served, source: str) -> None:
    if server.ask("ada", "GET", "mlflow/registered-models/get?name=elsewhere").status != 200:
        server.model("elsewhere")
    for who in ("ada", "erik", "admin"):
        said = server.ask(who, "POST", "mlflow/model-versions/create", {"name": "elsewhere", "source": source})
        # what is no address at all, or names nothing, MLflow refuses itself
        assert said.reason == "location_refused" or said.status == 400 or said.body == "Permission denied", said
    assert server.must("ada", "GET", "mlflow/model-versions/search?filter=name%3D'elsewhere'") == {}


def test_a_place_that_was_written_past_the_server_is_neither_read_nor_written(server: Served, tmp_path: object) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    from igw_audit.tracking.gated_registry.store import plain_address
    from igw_audit.tracking.quiet import quiet_mlflow

    with quiet_mlflow():
        owner = SqlAlchemyStore(plain_address(server.database), f"file://{tmp_path}")
        made = owner.create_experiment(f"past-{time.time_ns()}", artifact_location=f"file://{tmp_path}")
        owner.engine.dispose()
    server.must("admin", "POST", "mlflow/users/permissions/grant", _right("ada", "experiment", made), version="3.0")
    run = server.must("ada", "POST", "mlflow/runs/create", {"experiment_id": made})["run"]["info"]["run_id"]
    for who in ("ada", "admin"):
        for method, path in (
            ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=x.txt"),
            ("GET", f"/get-artifact?run_id={run}&path=x.txt"),
            ("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run}"),
        ):
            said = server.ask(who, method, path, b"x" if method == "POST" else None)
            assert (said.status, said.reason) == (403, "location_refused"), (path, said)
        query = "query Files($data: MlflowListArtifactsInput!) {mlflowListArtifacts(input: $data) {files {path}}}"
        said = server.ask(who, "POST", "/graphql", {"query": query, "variables": {"data": {"runId": run}}})
        assert (said.status, said.reason) == (403, "location_refused"), said
        escaped = f'{{mlflowListArtifacts(input: {{runId: "\\u00{ord(run[0]):02x}{run[1:]}"}}) {{files {{path}}}}}}'
        said = server.ask(who, "POST", "/graphql", {"query": escaped})
        assert (said.status, said.reason) == (403, "location_refused"), said
        own = server.must(
            who, "POST", "mlflow/runs/create", {"experiment_id": server.experiment(f"own-{time.time_ns()}")}
        )
        own_id = own["run"]["info"]["run_id"]
        address = f"/ajax-api/2.0/mlflow/upload-artifact?run_id={own_id}&run_uuid={run}&path=w.txt"
        said = server.ask(who, "POST", address, b"x")
        assert (said.status, said.reason) == (403, "location_refused"), said


def test_a_name_is_given_before_it_is_taken(server: Served) -> None:
    for who in ("rita", "ada", "erik"):
        for api in ("api", "ajax-api"):
            said = server.ask(who, "POST", "mlflow/registered-models/create", {"name": "knowledge"}, api=api)
            assert (said.status, said.reason) == (403, "name_not_given"), said
            mark = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
            body = {"name": "knowledge", "tags": mark}
            said = server.ask(who, "POST", "mlflow/registered-models/create", body, api=api)
            assert (said.status, said.reason) == (403, "name_not_given"), said
    server.model("mine")
    said = server.ask("ada", "POST", "mlflow/registered-models/rename", {"name": "mine", "new_name": "knowledge"})
    assert (said.status, said.reason) == (403, "name_not_given")
    # who was given a name manages the model that they made
    server.must("ada", "PATCH", "mlflow/registered-models/update", {"name": "mine", "description": "x"})
    server.must("ada", "DELETE", "mlflow/registered-models/delete", {"name": "mine"})


def test_an_upload_that_begins_before_the_evidence_and_ends_after_it_is_refused(server: Served) -> None:
    experiment = server.experiment(f"slow-{time.time_ns()}")
    if server.ask("ada", "GET", "mlflow/registered-models/get?name=slow").status != 200:
        server.model("slow")
    asked = {"experiment_id": experiment, "name": "slow"}
    model_id = server.must("ada", "POST", "mlflow/logged-models", asked)["model"]["info"]["model_id"]
    files = f"{experiment}/models/{model_id}/artifacts"
    server.must("ada", "PUT", f"mlflow-artifacts/artifacts/{files}/MLmodel", b"flavors: {}")
    version = server.version("slow", f"mlflow-artifacts:/{files}", model_id=model_id)
    kept = server.project / "mlruns" / "artifacts" / files
    evil = b"flavors: {evil: {}}"
    address = urlsplit(server.url)
    head = (
        f"PUT /api/2.0/mlflow-artifacts/artifacts/{files}/MLmodel HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: {credentials('ada')}\r\nContent-Length: {len(evil)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20) as one:
        one.sendall(head.encode() + evil[:5])
        time.sleep(0.3)
        sha256 = hash_model_directory(kept)
        assert server.tag("ada", version, server.people.audit(version, model_sha256=sha256)).status == 200
        one.sendall(evil[5:])
        answer = http.client.HTTPResponse(one, method="PUT")
        answer.begin()
        assert (answer.status, b"evidence_kept" in answer.read()) == (403, True)
    assert (kept / "MLmodel").read_bytes() == b"flavors: {}"
    # nor is the experiment of its files deleted, nor what MLflow says of the logged model
    said = server.ask("ada", "POST", "mlflow/experiments/delete", {"experiment_id": experiment})
    assert (said.status, said.reason) == (403, "evidence_kept")
    body = {"model_id": model_id, "status": "LOGGED_MODEL_UPLOAD_FAILED"}
    said = server.ask("ada", "PATCH", f"mlflow/logged-models/{model_id}", body)
    assert (said.status, said.reason) == (403, "evidence_kept")


def test_an_upload_arrives_whole_whatever_its_length(server: Served) -> None:
    experiment = server.experiment(f"long-{time.time_ns()}")
    run = server.must("ada", "POST", "mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    for length in (0, 1, 999_999, 1_000_000, 1_000_001, 3_500_000):
        content = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
        path = f"mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{length}.bin"
        server.must("ada", "PUT", path, content)
        kept = server.project / "mlruns" / "artifacts" / f"{experiment}/{run}/artifacts/{length}.bin"
        assert kept.read_bytes() == content


def test_health_answers_while_sixty_connections_hang_half_open(server: Served) -> None:
    """In the middle of a line, of the headers, and of a body that is announced and never comes."""
    begun = (
        b"GET /hea",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"PUT /api/2.0/mlflow-artifacts/artifacts/1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n"
        b"Authorization: " + credentials("ada").encode() + b"\r\n\r\n",
        b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n{",
    )
    address = urlsplit(server.url)
    open_ones = [socket.create_connection((str(address.hostname), int(address.port or 0))) for _ in range(60)]
    try:
        for number, one in enumerate(open_ones):
            one.sendall(begun[number % len(begun)])
        waits = []
        for _ in range(21):
            before = time.perf_counter()
            assert server.ask(None, "GET", "/igw/health") == Said(status=200, body={"status": "up"})
            waits.append(time.perf_counter() - before)
    finally:
        for one in open_ones:
            one.close()
    # a second would be a thread that waits for one of the sixty; docs/measured has the time itself
    assert sorted(waits)[10] < 1.0, waits


def _right(who: str, kind: str, name: str) -> dict[str, str]:
    return {"username": who, "resource_type": kind, "resource_id": name, "permission": "MANAGE"}


def _raw(server: Served, method: str, target: str, *headers: str) -> tuple[int, str]:
    """Ask as an administrator with exactly this request line, which no library would write."""
    address = urlsplit(server.url)
    host = f"{address.hostname}:{address.port}"
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Authorization: {credentials('admin')}", *headers]
    if "Connection" not in "".join(headers):
        lines.append("Connection: close")
    body = b"{}" if method == "POST" else b""
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20) as one:
        one.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = http.client.HTTPResponse(one, method=method.strip() or "GET")
        try:
            answer.begin()
            return answer.status, answer.read().decode(errors="replace")
        except (http.client.HTTPException, ConnectionError):
            return 400, "(the connection was closed)"
