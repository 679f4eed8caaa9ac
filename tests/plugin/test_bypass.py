"""Every way round the gate that we know, tried by everyone against a real server: refused, inert, or found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.plugin.material import Tag
from tests.plugin.served import WORD, Said, Served, Version, passfile_of

from igw_audit.evidence.ledger import open_ledger
from igw_audit.tracking import hash_model_directory
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.workflow.promotion import doctor

RECORD = b'{"schema_version": 1}'
RECORD_SHA256 = hashlib.sha256(RECORD).hexdigest()
EDITORS = ("ada", "erik", "admin")
#: What an audit that refers is made to say by hand.
LIE = [{"key": "igw.decision", "value": "allow"}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A server with one approved version that is the champion, and others that are not."""

    server: Served
    experiment: str
    run: str
    model_id: str
    approved: Version
    bare: Version
    unsigned: Version
    copied: Version
    evidence: Tag

    @property
    def files(self) -> str:
        """Where the model's files are, as the server's artifact paths have it."""
        return f"{self.experiment}/models/{self.model_id}/artifacts"

    @property
    def source(self) -> str:
        """The address of the model's files."""
        return f"mlflow-artifacts:/{self.files}"

    @property
    def record(self) -> str:
        """Where the record is, as the server's artifact paths have it."""
        return f"{self.experiment}/{self.run}/artifacts/igw/{RECORD_SHA256}"


@pytest.fixture(scope="module")
def scene(server: Served) -> Scene:
    """Furnish the server of either database."""
    return _furnish(server)


def _furnish(server: Served) -> Scene:
    experiment = server.experiment("study")
    run = server.must("ada", "POST", "mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    asked = {"experiment_id": experiment, "name": "model", "source_run_id": run}
    model_id = server.must("ada", "POST", "mlflow/logged-models", asked)["model"]["info"]["model_id"]
    files = f"{experiment}/models/{model_id}/artifacts"
    record = f"{experiment}/{run}/artifacts/igw/{RECORD_SHA256}"
    for path, content in ((f"{files}/MLmodel", b"flavors: {}"), (f"{record}/record.json", RECORD)):
        server.must("ada", "PUT", f"mlflow-artifacts/artifacts/{path}", content)
    server.model("study")
    server.model("copies")
    # a name to rename to, so that it is the evidence that keeps a model from being renamed
    for who in ("ada", "erik"):
        server.grant(who, "registered_model", "study2")
    source = f"mlflow-artifacts:/{files}"
    versions = [server.version("study", source, run_id=run, model_id=model_id) for _ in range(3)]
    approved, bare, unsigned = versions
    copied = server.version("copies", f"models:/study/{approved.version}")
    model_sha256 = hash_model_directory(server.project / "mlruns" / "artifacts" / files)
    evidence, review = server.people.approval(approved, record_sha256=RECORD_SHA256, model_sha256=model_sha256)
    for version, tag in ((approved, evidence), (approved, review), (unsigned, server.people.audit(unsigned))):
        assert server.tag("ada", version, tag) == Said(status=200, body={})
    assert server.promote("ada", approved) == Said(status=200, body={})
    return Scene(
        server=server,
        experiment=experiment,
        run=run,
        model_id=model_id,
        approved=approved,
        bare=bare,
        unsigned=unsigned,
        copied=copied,
        evidence=evidence,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request that must be refused, and the one word that says why."""

    method: str
    path: str
    body: Any
    reason: str


def alias(version: Version, name: str) -> Attempt:
    body = {"name": version.name, "version": version.version, "alias": name}
    return Attempt(method="POST", path="mlflow/registered-models/alias", body=body, reason="not_approved")


def tag(version: Version, tag: Tag, reason: str) -> Attempt:
    body = {"name": version.name, "version": version.version, "key": tag.key, "value": tag.value}
    return Attempt(method="POST", path="mlflow/model-versions/set-tag", body=body, reason=reason)


def attempt(method: str, path: str, reason: str, body: Any = None) -> Attempt:
    return Attempt(method=method, path=path, body=body, reason=reason)


#: Each row: what is tried, made for a scene.
ATTEMPTS: dict[str, Callable[[Scene], Attempt]] = {
    "a guarded alias on a version without audit": lambda at: alias(at.bare, "champion"),
    "a guarded alias in other capitals": lambda at: alias(at.bare, "Production"),
    "a guarded alias on an audit without sign-off": lambda at: alias(at.unsigned, "approved"),
    "a guarded alias on a copied version": lambda at: alias(at.copied, "champion"),
    "an alias of any other name": lambda at: alias(at.bare, "prod"),
    "a guarded alias in letters of another alphabet": lambda at: alias(at.bare, "\u0441hamp\u0131on"),
    "a stage": lambda at: attempt(
        "POST",
        "mlflow/model-versions/transition-stage",
        "stage_refused",
        {"name": "study", "version": at.bare.version, "stage": "Production", "archive_existing_versions": False},
    ),
    "other evidence over what is there": lambda at: tag(
        at.approved, replace(at.evidence, value=at.server.people.audit(at.approved).value), "evidence_written_once"
    ),
    "no evidence over what is there": lambda at: tag(
        at.approved, replace(at.evidence, value="x"), "evidence_written_once"
    ),
    "deleting evidence": lambda at: attempt(
        "DELETE",
        "mlflow/model-versions/delete-tag",
        "evidence_kept",
        {"name": "study", "version": at.approved.version, "key": at.evidence.key},
    ),
    "evidence of another version": lambda at: tag(at.bare, at.evidence, "evidence_foreign"),
    "evidence that a stranger signed": lambda at: tag(
        at.bare, at.server.people.audit(at.bare, by="stranger"), "key_unknown"
    ),
    "an audit that a reviewer signed": lambda at: tag(at.bare, at.server.people.audit(at.bare, by="mira"), "key_role"),
    "a review by the author": lambda at: tag(
        at.unsigned, at.server.people.review(at.server.people.statement(at.unsigned), by="ada"), "review_by_author"
    ),
    "a review by who registered it, where the audit names another maker": lambda at: tag(
        at.unsigned,
        at.server.people.review(at.server.people.statement(at.unsigned, author="somebody"), by="ada"),
        "review_by_author",
    ),
    "another name for who registered it": lambda at: tag(
        at.unsigned, Tag(key="igw.registered_by", value="somebody"), "maker_kept"
    ),
    "no name for who registered it": lambda at: attempt(
        "DELETE",
        "mlflow/model-versions/delete-tag",
        "maker_kept",
        {"name": "study", "version": at.unsigned.version, "key": "igw.registered_by"},
    ),
    "words in the place of evidence": lambda at: tag(
        at.bare, Tag(key=f"igw.evidence.{'0' * 16}.audit", value="approved by the boss"), "payload_broken"
    ),
    "registering a version with evidence": lambda at: attempt(
        "POST",
        "mlflow/model-versions/create",
        "evidence_place",
        {
            "name": "study",
            "source": at.source,
            "run_id": at.run,
            "model_id": at.model_id,
            "tags": [{"key": at.evidence.key, "value": at.evidence.value}],
        },
    ),
    "evidence at a model": lambda _: attempt(
        "POST",
        "mlflow/registered-models/set-tag",
        "evidence_place",
        {"name": "study", "key": "igw.evidence.note", "value": "x"},
    ),
    "renaming a model with evidence": lambda _: attempt(
        "POST", "mlflow/registered-models/rename", "evidence_kept", {"name": "study", "new_name": "study2"}
    ),
    "deleting a model with evidence": lambda _: attempt(
        "DELETE", "mlflow/registered-models/delete", "evidence_kept", {"name": "study"}
    ),
    "deleting a version with evidence": lambda at: attempt(
        "DELETE", "mlflow/model-versions/delete", "evidence_kept", {"name": "study", "version": at.approved.version}
    ),
    "deleting the logged model": lambda at: attempt("DELETE", f"mlflow/logged-models/{at.model_id}", "evidence_kept"),
    "deleting the run": lambda at: attempt("POST", "mlflow/runs/delete", "evidence_kept", {"run_id": at.run}),
    "deleting the experiment": lambda at: attempt(
        "POST", "mlflow/experiments/delete", "evidence_kept", {"experiment_id": at.experiment}
    ),
    "overwriting a file of the model": lambda at: attempt(
        "PUT", f"mlflow-artifacts/artifacts/{at.files}/MLmodel", "evidence_kept", b"flavors: {evil: {}}"
    ),
    "adding a file to the model": lambda at: attempt(
        "PUT", f"mlflow-artifacts/artifacts/{at.files}/code/run_me.py", "evidence_kept", b"print()"
    ),
    "overwriting by an address in disguise": lambda at: attempt(
        "PUT",
        f"mlflow-artifacts/artifacts/{at.files.replace('/models/', '/./models//')}/MLm%256fdel",
        "route_closed",
        b"",
    ),
    "deleting a file of the model": lambda at: attempt(
        "DELETE", f"mlflow-artifacts/artifacts/{at.files}/MLmodel", "route_closed"
    ),
    "deleting a folder around the model": lambda at: attempt(
        "DELETE", f"mlflow-artifacts/artifacts/{at.experiment}/models", "route_closed"
    ),
    "overwriting the model in parts": lambda at: attempt(
        "POST", f"mlflow-artifacts/mpu/create/{at.files}/MLmodel", "evidence_kept", {"path": "MLmodel", "num_parts": 1}
    ),
    "overwriting the record": lambda at: attempt(
        "PUT", f"mlflow-artifacts/artifacts/{at.record}/record.json", "evidence_kept", b"{}"
    ),
    "deleting the records": lambda at: attempt(
        "DELETE", f"mlflow-artifacts/artifacts/{at.experiment}/{at.run}/artifacts/igw", "route_closed"
    ),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_is_refused_to_everyone_by_both_interfaces(scene: Scene, what: str) -> None:
    """By the REST interface (api) and by the one that the browser's pages use (ajax-api)."""
    tried = ATTEMPTS[what](scene)
    before = _state(scene)
    for api in ("api", "ajax-api"):
        asked = scene.server.ask
        # a closed route is closed before anybody signs in; else a reader is stopped by MLflow itself
        closed = tried.reason == "route_closed"
        nobody = asked(None, tried.method, tried.path, tried.body, api=api)
        assert (nobody.status, nobody.reason) == ((403, "route_closed") if closed else (401, None))
        looked = asked("rita", tried.method, tried.path, tried.body, api=api)
        assert (looked.status, looked.reason) == (403, "route_closed" if closed else None)
        for who in EDITORS:
            said = asked(who, tried.method, tried.path, tried.body, api=api)
            assert (said.status, said.reason) == (403, tried.reason), (who, api, said)
    assert _state(scene) == before


#: What is said in our name, wherever MLflow keeps tags; and a source that can come to mean another model.
CLAIMED: dict[str, Callable[[Scene], Attempt]] = {
    "a decision by hand": lambda at: tag(at.bare, Tag(key="igw.decision", value="allow"), "tag_reserved"),
    "a decision by hand in letters that look alike": lambda at: tag(
        at.unsigned, Tag(key="\u0131GW.decision", value="allow"), "tag_reserved"
    ),
    "deleting what the audit decided": lambda at: attempt(
        "DELETE",
        "mlflow/model-versions/delete-tag",
        "tag_reserved",
        {"name": "study", "version": at.unsigned.version, "key": "igw.decision"},
    ),
    "a decision at a model": lambda _: attempt(
        "POST",
        "mlflow/registered-models/set-tag",
        "tag_reserved",
        {"name": "study", "key": "igw.decision", "value": "allow"},
    ),
    "registering a version with a decision": lambda at: attempt(
        "POST",
        "mlflow/model-versions/create",
        "tag_reserved",
        {"name": "study", "source": at.source, "run_id": at.run, "model_id": at.model_id, "tags": LIE},
    ),
    "registering what a run calls by a name": lambda at: attempt(
        "POST",
        "mlflow/model-versions/create",
        "source_moves",
        {"name": "study", "source": f"runs:/{at.run}/model", "run_id": at.run},
    ),
    "a decision at a run": lambda at: attempt(
        "POST", "mlflow/runs/set-tag", "tag_reserved", {"run_id": at.run, **LIE[0]}
    ),
    "a decision at a run among others": lambda at: attempt(
        "POST", "mlflow/runs/log-batch", "tag_reserved", {"run_id": at.run, "tags": [{"key": "a", "value": "b"}, *LIE]}
    ),
    "deleting a tag of ours at a run": lambda at: attempt(
        "POST", "mlflow/runs/delete-tag", "tag_reserved", {"run_id": at.run, "key": "igw.model.sha256"}
    ),
    "beginning a run with a decision": lambda at: attempt(
        "POST", "mlflow/runs/create", "tag_reserved", {"experiment_id": at.experiment, "tags": LIE}
    ),
    "a decision at an experiment": lambda at: attempt(
        "POST",
        "mlflow/experiments/set-experiment-tag",
        "tag_reserved",
        {"experiment_id": at.experiment, **LIE[0]},
    ),
    "a decision at a logged model": lambda at: attempt(
        "PATCH", f"mlflow/logged-models/{at.model_id}/tags", "tag_reserved", {"model_id": at.model_id, "tags": LIE}
    ),
    "deleting a tag of ours at a logged model": lambda at: attempt(
        "DELETE", f"mlflow/logged-models/{at.model_id}/tags/igw.tags", "tag_reserved"
    ),
    "logging a model with a decision": lambda at: attempt(
        "POST",
        "mlflow/logged-models",
        "tag_reserved",
        {"experiment_id": at.experiment, "name": "model", "source_run_id": at.run, "tags": LIE},
    ),
}


def test_no_claim_in_our_name_is_taken_from_anybody(scene: Scene) -> None:
    before = _state(scene)
    for what, make in CLAIMED.items():
        tried = make(scene)
        for api, who, wanted in (
            ("api", None, (401, None)),
            ("api", "rita", (403, None)),
            ("api", "ada", (403, tried.reason)),
            ("ajax-api", "erik", (403, tried.reason)),
            ("api", "admin", (403, tried.reason)),
        ):
            said = scene.server.ask(who, tried.method, tried.path, tried.body, api=api)
            assert (said.status, said.reason) == wanted, (what, who, said)
    assert _state(scene) == before


def test_the_browsers_own_upload_does_not_overwrite_a_record(scene: Scene) -> None:
    path = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={scene.run}&path=igw/{RECORD_SHA256}/record.json"
    before = _state(scene)
    assert scene.server.ask(None, "POST", path, b"{}").status == 401
    for who in EDITORS:
        said = scene.server.ask(who, "POST", path, b"{}")
        assert (said.status, said.reason) == (403, "evidence_kept"), (who, said)
    assert _state(scene) == before


@pytest.mark.filterwarnings("ignore:.*transition_model_version_stage:FutureWarning")
def test_what_a_client_tries_is_refused_with_the_gates_own_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    before = _state(scene)
    other = tmp_path / "MLmodel"
    other.write_text("flavors: {evil: {}}")
    with quiet_mlflow():
        client = MlflowClient(tracking_uri=scene.server.url, registry_uri=scene.server.url)
        number, bare = scene.approved.version, scene.bare.version
        tries: dict[str, Callable[[], Any]] = {
            "not approved": lambda: client.set_registered_model_alias("study", "champion", bare),
            "no stages": lambda: client.transition_model_version_stage("study", bare, "Production"),
            "written once": lambda: client.set_model_version_tag("study", number, scene.evidence.key, "x"),
            "stays where it is": lambda: client.delete_model_version_tag("study", number, scene.evidence.key),
            "neither it, nor its version": lambda: client.delete_model_version("study", number),
            "nor the model is deleted": lambda: client.delete_registered_model("study"),
            "nor the model is renamed": lambda: client.rename_registered_model("study", "study2"),
            "the logged model can be neither": lambda: client.delete_logged_model(scene.model_id),
            "the run, which holds": lambda: client.delete_run(scene.run),
            "the experiment, which holds": lambda: client.delete_experiment(scene.experiment),
        }
        for who in EDITORS:
            monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", who)
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", WORD)
            for words, action in tries.items():
                with pytest.raises(MlflowException, match=words):
                    action()
            # an upload fails with an error of the HTTP library, and says 403
            with pytest.raises(Exception, match="403"):
                client.log_artifact(scene.run, str(tmp_path / "MLmodel"), f"igw/{RECORD_SHA256}")
    assert _state(scene) == before


def test_an_alias_and_a_stage_written_straight_into_the_database_lead_nowhere(scene: Scene) -> None:
    server, plain = scene.server, _plain_store(scene)
    plain.set_registered_model_alias("study", "production", int(scene.bare.version))
    plain.transition_model_version_stage("study", int(scene.unsigned.version), "Production", False)
    try:
        for api in ("api", "ajax-api"):
            for who in ("rita", *EDITORS):
                said = server.ask(who, "GET", "mlflow/registered-models/alias?name=study&alias=production", api=api)
                assert (said.status, said.reason) == (403, "not_approved"), said
                shown = server.must(who, "GET", "mlflow/registered-models/get?name=study", api=api)["registered_model"]
                assert [one["alias"] for one in shown["aliases"]] == ["champion"]
                assert {one["current_stage"] for one in shown["latest_versions"]} == {"None"}
                found = server.must(who, "GET", "mlflow/registered-models/search", api=api)["registered_models"]
                study = next(one for one in found if one["name"] == "study")
                assert [one["alias"] for one in study["aliases"]] == ["champion"]
                held = server.must(
                    who, "GET", f"mlflow/model-versions/get?name=study&version={scene.bare.version}", api=api
                )
                assert "aliases" not in held["model_version"]
                staged = {"name": "study", "stages": ["Production"]}
                asked = server.must(who, "POST", "mlflow/registered-models/get-latest-versions", staged, api=api)
                assert asked == {}
        assert server.ask(None, "GET", "mlflow/registered-models/alias?name=study&alias=production").status == 401
    finally:
        plain.delete_registered_model_alias("study", "production")
        plain.transition_model_version_stage("study", int(scene.unsigned.version), "None", False)


def _tell_doctor(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Run the doctor beside the server's database, and give what it found and where."""
    for name, value in {
        "MLFLOW_TRACKING_URI": scene.server.url,
        "MLFLOW_REGISTRY_URI": f"igw+{scene.server.database}",
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": WORD,
        "IGW_LEDGER": scene.server.ledger,
        "IGW_TRUSTED_KEYS": str(scene.server.people.file),
    }.items():
        monkeypatch.setenv(name, value)
    with quiet_mlflow():
        return {(one.kind, one.where) for one in doctor(project=scene.server.project)}


def test_what_goes_past_the_server_is_listed_by_the_doctor_in_one_run(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _tell_doctor(scene, monkeypatch)
    assert not {kind for kind, _ in before} & {"alias_unaudited", "stage_in_use", "evidence_changed"}
    from mlflow.entities.model_registry import ModelVersionTag

    server, plain = scene.server, _plain_store(scene)
    file = server.project / "mlruns" / "artifacts" / scene.files / "MLmodel"
    bytes_before = file.read_bytes()
    plain.set_registered_model_alias("study", "production", int(scene.bare.version))
    plain.transition_model_version_stage("study", int(scene.unsigned.version), "Production", False)
    forged = server.people.audit(scene.unsigned, by="stranger")
    plain.set_model_version_tag("study", int(scene.unsigned.version), ModelVersionTag(forged.key, forged.value))
    file.write_bytes(b"flavors: {evil: {}}")
    try:
        found = _tell_doctor(scene, monkeypatch) - before
    finally:
        file.write_bytes(bytes_before)
        plain.delete_registered_model_alias("study", "production")
        plain.transition_model_version_stage("study", int(scene.unsigned.version), "None", False)
        plain.delete_model_version_tag("study", int(scene.unsigned.version), forged.key)
    assert found >= {
        ("alias_unaudited", "models:/study@production"),
        ("stage_in_use", f"models:/study/{scene.unsigned.version}"),
        ("evidence_changed", f"models:/study/{scene.unsigned.version}"),
        ("model_changed", f"models:/study/{scene.approved.version}"),
    }, sorted(found)


def test_an_experiment_is_not_made_with_a_decision(scene: Scene) -> None:
    said = scene.server.ask("ada", "POST", "mlflow/experiments/create", {"name": "decided", "tags": LIE})
    assert (said.status, said.reason) == (403, "tag_reserved")


def test_a_decision_written_straight_into_the_database_is_shown_to_nobody_and_listed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.entities.model_registry import ModelVersionTag

    server, plain, number = scene.server, _plain_store(scene), int(scene.bare.version)
    plain.set_model_version_tag("study", number, ModelVersionTag("igw.decision", "allow"))
    plain.set_model_version_tag("study", number, ModelVersionTag("igw.registered_by", "rita"))
    plain.set_registered_model_alias("study", "prod", number)
    try:
        held = server.must("rita", "GET", f"mlflow/model-versions/get?name=study&version={number}")["model_version"]
        assert {tag["key"]: tag["value"] for tag in held["tags"]} == {"igw.registered_by": "ada"}
        said = server.ask("rita", "GET", "mlflow/registered-models/alias?name=study&alias=prod")
        assert (said.status, said.reason) == (403, "not_approved")
        listed = _tell_doctor(scene, monkeypatch)
    finally:
        plain.delete_model_version_tag("study", number, "igw.decision")
        plain.set_model_version_tag("study", number, ModelVersionTag("igw.registered_by", "ada"))
        plain.delete_registered_model_alias("study", "prod")
    assert {("tag_untrue", f"models:/study/{number}"), ("alias_unaudited", "models:/study@prod")} <= listed


def test_a_model_disguised_as_a_prompt_is_not_promoted(scene: Scene) -> None:
    server = scene.server
    server.model("disguised")
    version = server.version("disguised", f"models:/study/{scene.bare.version}")
    body = {"name": "disguised", "key": "mlflow.prompt.is_prompt", "value": "true"}
    server.ask("admin", "POST", "mlflow/registered-models/set-tag", body)
    server.tag("admin", version, Tag(key=body["key"], value="true"))
    said = server.promote("admin", version)
    assert (said.status, said.reason) == (403, "not_approved")


def test_a_prompt_is_free_to_have_any_alias(scene: Scene) -> None:
    server, mark = scene.server, [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    server.must("admin", "POST", "mlflow/registered-models/create", {"name": "greeting", "tags": mark})
    text = [*mark, {"key": "mlflow.prompt.text", "value": "Hello"}]
    made = {"name": "greeting", "source": "prompt-template", "tags": text}
    version = Version(server.must("admin", "POST", "mlflow/model-versions/create", made)["model_version"])
    assert server.promote("admin", version).status == 200


def test_the_server_says_who_registered_a_version_whatever_the_client_says(scene: Scene) -> None:
    server = scene.server
    told = {"name": "copies", "source": f"models:/study/{scene.bare.version}"}
    forged = {**told, "tags": [{"key": "igw.registered_by", "value": "somebody"}]}
    made = Version(server.must("erik", "POST", "mlflow/model-versions/create", forged)["model_version"])
    held = server.must("rita", "GET", f"mlflow/model-versions/get?name=copies&version={made.version}")["model_version"]
    assert {tag["key"]: tag["value"] for tag in held["tags"]} == {"igw.registered_by": "erik"}
    server.must("erik", "DELETE", "mlflow/model-versions/delete", {"name": "copies", "version": made.version})


def test_promotion_succeeds_when_all_is_in_order_and_the_ledger_has_each_step(scene: Scene) -> None:
    server = scene.server
    version = server.version("study", scene.source, run_id=scene.run, model_id=scene.model_id)
    for tag in server.people.approval(version):
        assert server.tag("ada", version, tag).status == 200
    assert server.promote("erik", version, "approved").status == 200
    shown = server.must("rita", "GET", "mlflow/registered-models/alias?name=study&alias=approved")
    assert shown["model_version"]["version"] == version.version
    last = open_ledger(server.ledger).entries("promoted")[-1]
    assert (last.content["by"], last.content["version"], last.content["alias"]) == ("erik", version.version, "approved")
    assert not open_ledger(server.ledger).verify(server.people.trusted)


def test_what_was_approved_stops_to_lead_anywhere_when_a_key_is_revoked(scene: Scene) -> None:
    server = scene.server
    server.people.revoke("mira")
    try:
        said = server.ask("rita", "GET", "mlflow/registered-models/alias?name=study&alias=champion")
        assert (said.status, said.reason) == (403, "not_approved")
    finally:
        server.people.restore()
    assert server.ask("rita", "GET", "mlflow/registered-models/alias?name=study&alias=champion").status == 200


def test_what_evidence_is_not_about_can_be_written_and_deleted(scene: Scene) -> None:
    server = scene.server
    beside = f"mlflow-artifacts/artifacts/{scene.experiment}/{scene.run}/artifacts"
    for path in ("notes.txt", f"igw/{'0' * 64}/record.json", f"igw/{RECORD_SHA256}/evidence.json"):
        server.must("ada", "PUT", f"{beside}/{path}", b"text")
    other = server.must("ada", "POST", "mlflow/runs/create", {"experiment_id": scene.experiment})["run"]["info"]
    server.must("ada", "POST", "mlflow/runs/delete", {"run_id": other["run_id"]})
    asked = {"experiment_id": scene.experiment, "name": "other"}
    made = server.must("ada", "POST", "mlflow/logged-models", asked)["model"]["info"]
    server.must("ada", "DELETE", f"mlflow/logged-models/{made['model_id']}")


def test_the_page_says_nothing_to_who_did_not_sign_in(scene: Scene) -> None:
    server = scene.server
    assert server.ask(None, "GET", "/igw/health") == Said(status=200, body={"status": "up"})
    page = server.ask(None, "GET", "/igw/")
    assert page.status == 401
    assert not [word for word in ("champion", "mira", "sqlite", "postgres") if word in page.body]


def test_accounts_without_that_right_see_neither_keys_nor_ledger_nor_other_accounts(scene: Scene) -> None:
    server = scene.server
    for who in ("rita", "ada", "erik"):
        assert server.ask(who, "GET", "/igw/health") == Said(status=200, body={"status": "up"})
        page = server.must(who, "GET", "/igw/?lang=nl")
        assert f"<bdi>{who}</bdi>" in page
        assert not [word for word in ("champion", "mira", "sqlite", "postgres", server.ledger) if word in page]
        for api in ("api", "ajax-api"):
            said = server.ask(who, "GET", "mlflow/users/list", api=api)
            assert (said.status, said.reason) == (403, "administrators_only")
            assert server.ask(who, "GET", "mlflow/users/get?username=admin", api=api).status == 403
            rights = server.ask(who, "GET", "mlflow/users/permissions/list?username=admin", api=api, version="3.0")
            assert rights.status == 403
    assert {one["username"] for one in server.must("admin", "GET", "mlflow/users/list")["users"]} > {"ada", "rita"}


def test_the_page_shows_an_administrator_what_the_server_goes_by(scene: Scene) -> None:
    server = scene.server
    told = server.must("admin", "GET", "/igw/health")
    assert told["status"] == "well"
    assert told["registry"].endswith(", gated")
    assert told["protected"] == ["approved", "champion", "production"]
    assert {key["holder"]: key["state"] for key in told["keys"]}["mira"] == "in_force"
    assert told["ledger_entries"] > 0
    page = server.must("admin", "GET", "/igw/?lang=nl")
    assert "Alles is in orde." in page
    assert "<script" not in page
    for line in passfile_of(server.database).splitlines():
        assert line.rpartition(":")[2] not in page + str(told)


def _plain_store(scene: Scene) -> Any:
    """Open the registry's tables without the gate, as who owns the database can."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from igw_audit.tracking.gated_registry.store import plain_address

    opened: Any = SqlAlchemyStore
    with quiet_mlflow():
        return opened(plain_address(scene.server.database))


def _state(scene: Scene) -> Any:
    """Give all that an attempt could have changed."""
    server, store = scene.server, _plain_store(scene)
    versions = [
        (name, one.version, one.current_stage, tuple(sorted(one.tags.items())))
        for name in ("study", "copies")
        for one in store.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])
    ]
    aliases = [sorted(store.get_registered_model(name).aliases.items()) for name in ("study", "copies")]
    root = server.project / "mlruns" / "artifacts"
    files = {path: path.read_bytes() for place in (scene.files, scene.record) for path in (root / place).rglob("*.*")}
    logged = server.must("ada", "GET", f"mlflow/logged-models/{scene.model_id}")["model"]["info"]
    run = server.must("ada", "GET", f"mlflow/runs/get?run_id={scene.run}")["run"]["info"]["lifecycle_stage"]
    return versions, aliases, files, (root / scene.files / "MLmodel").read_bytes(), logged["status"], run
