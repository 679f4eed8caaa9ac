"""The gated registry refuses what was not approved, and shows nothing that does not stand - on both databases."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.plugin.conftest import Registry
from tests.plugin.material import Tag

from igw_audit.evidence.dsse import Envelope
from igw_audit.evidence.tags import CHECKPOINT, checkpoint_tag

pytestmark = pytest.mark.xdist_group("registry")


def refused(action: Callable[[], object]) -> str:
    """Do what must be refused; give the one word for why."""
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException) as error:
        action()
    assert error.value.get_http_status_code() == 403, error.value
    return str(error.value.json_kwargs["igw_reason"])


def with_signature_of(other: Tag, tag: Tag) -> str:
    """Give the envelope of one tag with the signature of another."""
    mine, foreign = Envelope.from_json(tag.value), Envelope.from_json(other.value)
    return replace(mine, signatures=foreign.signatures).to_json()


def promote(registry: Registry, version: Any, alias: str = "champion") -> None:
    registry.store.set_registered_model_alias(version.name, alias, version.version)


def test_a_version_with_audit_and_sign_off_is_promoted_resolved_and_entered_in_the_ledger(registry: Registry) -> None:
    version = registry.approved()
    promote(registry, version)
    assert registry.store.get_model_version_by_alias("study", "champion").version == version.version
    assert registry.store.get_registered_model("study").aliases == {"champion": version.version}
    assert registry.store.get_model_version("study", version.version).aliases == ["champion"]
    (entry,) = registry.ledger.entries("promoted")
    assert (entry.content["name"], entry.content["version"], entry.content["alias"]) == ("study", "1", "champion")
    assert not registry.ledger.verify()


def test_a_version_without_evidence_is_not_promoted_and_the_attempt_is_entered(registry: Registry) -> None:
    version = registry.version()
    assert refused(lambda: promote(registry, version)) == "not_approved"
    assert registry.plain.get_registered_model("study").aliases == {}
    (entry,) = registry.ledger.entries("refused")
    assert entry.content["rules"] == ["evidence_missing"]


def test_a_refusal_says_what_to_do_in_both_languages(registry: Registry) -> None:
    from mlflow.exceptions import MlflowException

    version = registry.version()
    with pytest.raises(MlflowException, match="igw-audit audit models:/study/1 --key FILE") as error:
        promote(registry, version)
    (told,) = error.value.json_kwargs["igw_reasons"]
    assert told["rule"] == "evidence_missing"
    assert "voer uit: igw-audit audit" in told["text"]["nl"]


def test_an_audit_without_sign_off_does_not_promote(registry: Registry) -> None:
    version = registry.version()
    registry.set(version, registry.people.audit(version))
    assert refused(lambda: promote(registry, version)) == "not_approved"
    assert registry.ledger.entries("refused")[-1].content["rules"] == ["sign_off_missing"]


def test_an_audit_that_refers_waits_for_answers_to_each_reason(registry: Registry) -> None:
    version = registry.version()
    about = registry.people.statement(version, decision="refer")
    registry.set(version, registry.people.audit(version, decision="refer", record_sha256=about.record_sha256))
    registry.set(version, registry.people.review(about, answers=()))
    assert refused(lambda: promote(registry, version)) == "not_approved"
    registry.set(version, registry.people.review(about, by="joost"))
    promote(registry, version)


OTHER_NAMES = (
    "champion",
    "Champion",
    "ｃｈａｍｐｉｏｎ",
    "champ\u0131on",
    "\u0441hampion",
    "prod",
    "live",
    "x",
    "Challenger",
)


@pytest.mark.parametrize("alias", [*OTHER_NAMES, "\u0441hallenger", "shadow_"])
def test_every_alias_is_guarded_that_is_not_free_letter_by_letter(registry: Registry, alias: str) -> None:
    version = registry.version()
    assert refused(lambda: promote(registry, version, alias)) == "not_approved"
    registry.plain.set_registered_model_alias("study", alias, version.version)
    assert refused(lambda: registry.store.get_model_version_by_alias("study", alias)) == "not_approved"
    assert registry.store.get_registered_model("study").aliases == {}


@pytest.mark.parametrize(
    "free", ["champion", "Production", "champ\u0131on", "\u0441hampion", "champ1on", "app-roved", "release"]
)
def test_no_setting_frees_an_alias_that_reads_as_one_for_approved_versions(
    sqlite_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, free: str
) -> None:
    from mlflow.exceptions import MlflowException

    from igw_audit.tracking.gated_registry.store import open_registry_store

    monkeypatch.setenv("IGW_TRUSTED_KEYS", str(tmp_path / "trusted_keys.toml"))
    monkeypatch.setenv("IGW_LEDGER", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setenv("IGW_PROTECTED_ALIASES", "release")
    monkeypatch.setenv("IGW_FREE_ALIASES", f"challenger,{free}")
    with pytest.raises(MlflowException, match="approved versions only") as error:
        open_registry_store(f"igw+{sqlite_address}")
    assert "challenger" not in str(error.value)


def test_a_tag_in_our_name_says_what_the_signed_audit_says_whoever_writes_what(registry: Registry) -> None:
    version, people = registry.version(), registry.people
    for key in (
        "igw.decision",
        "IGW.decision",
        "\u0131gw.decision",
        "\u0456gw.decision",
        "igw_decision",
        "igw.approved",
    ):
        assert refused(lambda key=key: registry.set(version, Tag(key=key, value="allow"))) == "tag_reserved"  # type: ignore[misc]
    registry.set(version, people.audit(version, decision="refer"))
    assert refused(lambda: registry.set(version, Tag(key="igw.decision", value="allow"))) == "tag_reserved"
    registry.set(version, Tag(key="igw.decision", value="refer"))
    delete = registry.store.delete_model_version_tag
    assert refused(lambda: delete("study", version.version, "igw.decision")) == "tag_reserved"
    registry.force(version, Tag(key="igw.decision", value="allow"))
    registry.force(version, Tag(key="\u0131gw.approved", value="yes"))
    store, asked = registry.store, "tags.`igw.decision` = 'allow'"
    shown = [
        store.get_model_version("study", version.version),
        *store.search_model_versions("name = 'study'"),
        *store.get_registered_model("study").latest_versions,
        *store.get_latest_versions("study"),
    ]
    assert [one.tags["igw.decision"] for one in shown] == ["refer"] * 4
    assert not [key for one in shown for key in one.tags if key.startswith("\u0131gw")]
    assert [one.version for one in registry.plain.search_model_versions(asked)] == [version.version]
    assert list(store.search_model_versions(asked)) == [], "what is only claimed is not found"
    delete("study", version.version, "\u0131gw.approved")


def test_no_tag_in_our_name_stands_at_a_model(registry: Registry) -> None:
    from mlflow.entities.model_registry import RegisteredModelTag

    registry.version()
    tag = RegisteredModelTag("igw.decision", "allow")
    assert refused(lambda: registry.store.set_registered_model_tag("study", tag)) == "tag_reserved"
    assert refused(lambda: registry.store.create_registered_model("other", [tag])) == "tag_reserved"
    registry.plain.set_registered_model_tag("study", tag)
    assert registry.store.get_registered_model("study").tags == {}
    assert list(registry.store.search_registered_models("tags.`igw.decision` = 'allow'")) == []


def test_what_training_says_while_it_registers_goes_to_the_ledger_and_to_no_tag(registry: Registry) -> None:
    from mlflow.entities.model_registry import ModelVersionTag

    registry.version()
    claims = {"igw.cases.sha256": "a" * 64, "igw.model.sha256": "b" * 64}
    tags = [ModelVersionTag(key, value) for key, value in claims.items()]
    made = registry.store.create_model_version("study", "/models/study", run_id="0" * 32, tags=tags)
    entry = registry.ledger.entries("created")[-1]
    assert (entry.content["version"], entry.content["claims"]) == ("2", claims)
    assert entry.content["version_created"] == made.creation_timestamp
    assert registry.plain.get_model_version("study", made.version).tags == {}
    more = [*tags, ModelVersionTag("igw.decision", "allow")]
    make = registry.store.create_model_version
    assert refused(lambda: make("study", "/models/study", tags=more)) == "tag_reserved"


@pytest.mark.parametrize("source", ["runs:/{run}/model", "RUNS:/{run}/model", " runs:/{run}/model"])
def test_a_source_that_can_come_to_mean_other_files_is_not_registered(registry: Registry, source: str) -> None:
    registry.version()
    make = registry.store.create_model_version
    assert refused(lambda: make("study", source.format(run="0" * 32))) == "source_moves"


def test_an_alias_that_is_set_free_is_free(registry: Registry) -> None:
    version = registry.version()
    promote(registry, version, "challenger")
    assert registry.store.get_model_version_by_alias("study", "challenger").version == version.version


@pytest.mark.parametrize("stage", ["Staging", "Production", "Archived", "None"])
def test_no_stage_is_set(registry: Registry, stage: str) -> None:
    version = registry.approved()
    move = registry.store.transition_model_version_stage
    assert refused(lambda: move("study", version.version, stage, False)) == "stage_refused"


def test_a_stage_written_straight_into_the_database_leads_nowhere(registry: Registry) -> None:
    version = registry.version()
    registry.plain.transition_model_version_stage("study", version.version, "Production", False)
    assert registry.store.get_latest_versions("study", ["Production"]) == []
    assert registry.store.get_model_version("study", version.version).current_stage == "None"
    assert [one.current_stage for one in registry.store.get_registered_model("study").latest_versions] == ["None"]
    assert [one.current_stage for one in registry.store.search_model_versions("name = 'study'")] == ["None"]
    assert [one.version for one in registry.store.get_latest_versions("study")] == [version.version]


def test_an_alias_written_straight_into_the_database_leads_nowhere(registry: Registry) -> None:
    version = registry.version()
    registry.plain.set_registered_model_alias("study", "champion", version.version)
    registry.plain.set_registered_model_alias("study", "challenger", version.version)
    store = registry.store
    assert refused(lambda: store.get_model_version_by_alias("study", "champion")) == "not_approved"
    assert store.get_registered_model("study").aliases == {"challenger": version.version}
    assert [model.aliases for model in store.search_registered_models()] == [{"challenger": version.version}]
    assert store.get_model_version("study", version.version).aliases == ["challenger"]
    assert [one.aliases for one in store.get_latest_versions("study")] == [["challenger"]]
    assert store.update_registered_model("study", "told anew").aliases == {"challenger": version.version}


def test_what_was_approved_stops_to_resolve_when_the_key_under_it_is_revoked(registry: Registry) -> None:
    version = registry.approved()
    promote(registry, version)
    registry.people.revoke("mira")
    store = registry.store
    assert refused(lambda: store.get_model_version_by_alias("study", "champion")) == "not_approved"
    assert store.get_registered_model("study").aliases == {}


def test_what_was_approved_under_a_policy_that_was_tightened_stops_to_resolve(registry: Registry) -> None:
    version = registry.approved()
    promote(registry, version)
    registry.ledger.append("registered", {"policy_sha256": "f" * 64, "tightens": ["e" * 64]})
    assert refused(lambda: registry.store.get_model_version_by_alias("study", "champion")) == "not_approved"


def test_evidence_is_written_once_and_never_taken_away(registry: Registry) -> None:
    version = registry.approved()
    first, _ = registry.people.approval(version)
    registry.set(version, first)
    registry.set(version, first)  # the same again is no change: a client may repeat itself
    other = Tag(key=first.key, value=registry.people.audit(version).value)
    assert refused(lambda: registry.set(version, other)) == "evidence_written_once"
    delete = registry.store.delete_model_version_tag
    assert refused(lambda: delete("study", version.version, first.key)) == "evidence_kept"
    assert registry.plain.get_model_version("study", version.version).tags[first.key] == first.value


def test_evidence_that_does_not_hold_is_never_stored(registry: Registry) -> None:
    version, people = registry.version(), registry.people
    right = people.audit(version)
    late = datetime.now(UTC) + timedelta(days=2)
    wrong = {
        "key_unknown": people.audit(version, by="stranger"),
        "key_role": people.audit(version, by="mira"),
        "signed_in_future": people.audit(version, at=late),
        "payload_broken": Tag(key=right.key, value="{}"),
        "signature_wrong": Tag(key=right.key, value=with_signature_of(people.audit(version), right)),
        "evidence_foreign": Tag(key="igw.evidence.note", value=right.value),
    }
    for word, tag in wrong.items():
        assert refused(lambda tag=tag: registry.set(version, tag)) == word  # type: ignore[misc]
    people.revoke("ci")
    assert refused(lambda: registry.set(version, right)) == "key_revoked"
    people.restore()
    assert registry.plain.get_model_version("study", version.version).tags == {}
    registry.set(version, right)  # its place was not lost


def test_evidence_of_another_version_is_not_stored_here(registry: Registry) -> None:
    first, second = registry.version(), registry.version()
    replayed = registry.people.audit(first)
    assert refused(lambda: registry.set(second, replayed)) == "evidence_foreign"


def test_evidence_of_a_version_that_was_deleted_and_made_again_is_not_stored(registry: Registry) -> None:
    first = registry.version()
    replayed = registry.people.audit(first)
    registry.store.delete_registered_model("study")
    again = registry.version()
    assert (again.name, again.version) == (first.name, first.version)
    assert refused(lambda: registry.set(again, replayed)) == "evidence_foreign"


def test_evidence_forced_past_the_gate_counts_for_nothing(registry: Registry) -> None:
    version = registry.version()
    registry.force(version, registry.people.audit(version, by="stranger"))
    assert refused(lambda: promote(registry, version)) == "not_approved"


def test_a_copy_comes_without_evidence_and_is_not_promoted(registry: Registry) -> None:
    version = registry.approved()
    promote(registry, version)
    held = registry.store.get_model_version("study", version.version)
    copy = registry.store.copy_model_version(held, "study-copy")
    assert not [key for key in registry.plain.get_model_version("study-copy", copy.version).tags if "evidence" in key]
    assert refused(lambda: promote(registry, copy)) == "not_approved"


def test_a_version_is_not_registered_with_evidence(registry: Registry) -> None:
    from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag

    version = registry.version()
    told = registry.people.audit(version)
    make = registry.store.create_model_version
    tags = [ModelVersionTag(told.key, told.value)]
    assert refused(lambda: make("study", "/models/study", tags=tags)) == "evidence_place"
    assert refused(lambda: registry.store.set_registered_model_tag("study", tags[0])) == "evidence_place"
    on_model = [RegisteredModelTag(told.key, told.value)]
    assert refused(lambda: registry.store.create_registered_model("other", on_model)) == "evidence_place"
    assert len(registry.store.search_model_versions("name = 'study'")) == 1


def test_a_model_and_a_version_with_evidence_are_neither_renamed_nor_deleted(registry: Registry) -> None:
    version, bare = registry.approved(), registry.version()
    store = registry.store
    assert refused(lambda: store.rename_registered_model("study", "other")) == "evidence_kept"
    assert refused(lambda: store.delete_registered_model("study")) == "evidence_kept"
    assert refused(lambda: store.delete_model_version("study", version.version)) == "evidence_kept"
    store.delete_model_version("study", bare.version)
    store.create_registered_model("empty")
    assert store.rename_registered_model("empty", "renamed").name == "renamed"
    store.delete_registered_model("renamed")


def test_an_alias_can_be_taken_away_and_moved_only_to_what_stands(registry: Registry) -> None:
    first, second, bare = registry.approved(), registry.approved(), registry.version()
    promote(registry, first)
    assert refused(lambda: promote(registry, bare)) == "not_approved"
    promote(registry, second)
    assert registry.store.get_registered_model("study").aliases == {"champion": second.version}
    registry.store.delete_registered_model_alias("study", "champion")
    assert registry.kinds() == ["promoted", "refused", "promoted", "demoted"]


def test_a_prompt_takes_any_alias_by_where_it_comes_from_and_no_model_does_by_a_tag(registry: Registry) -> None:
    from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag

    registry.store.create_prompt("greeting")
    made = registry.store.create_prompt_version("greeting", "Hello {{name}}")
    registry.store.set_prompt_alias("greeting", "champion", made.version)
    assert registry.store.get_prompt_version("greeting", "champion").template == "Hello {{name}}"
    assert registry.kinds() == []
    version = registry.version()
    registry.store.set_registered_model_tag("study", RegisteredModelTag("mlflow.prompt.is_prompt", "true"))
    registry.store.set_model_version_tag("study", version.version, ModelVersionTag("mlflow.prompt.is_prompt", "true"))
    assert refused(lambda: promote(registry, version)) == "not_approved"


def test_the_end_of_the_ledger_is_kept_at_the_version_so_that_a_shortened_one_shows(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import sqlite3

    from igw_audit.evidence.keys import load_key, new_key

    monkeypatch.setenv("IGW_KEY_FILE", str(new_key("server", tmp_path)))
    people = registry.people
    key = load_key(tmp_path / "server.pem")
    more = people.trusted.trust(
        key.public, holder="igw", roles=("service",), reviewer_roles=("ethics",), at=datetime.now(UTC)
    )
    more.save(people.file)
    version = registry.approved()
    promote(registry, version)
    tags = registry.store.get_model_version("study", version.version).tags
    kept = [value for name, value in tags.items() if name.startswith("igw.evidence.checkpoint.")]
    assert len(kept) == 1
    assert not registry.ledger.verify(more, checkpoints=kept)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection, connection:
        for table in ("entry", "head"):
            connection.execute(f"DROP TRIGGER {table}_DELETE")
            connection.execute(f"DELETE FROM {table}")
    assert [problem.word for problem in registry.ledger.verify(more, checkpoints=kept)] == ["truncated"]


def test_an_end_of_the_ledger_is_let_in_where_a_trusted_key_signed_it(registry: Registry) -> None:
    version = registry.version()
    registry.ledger.append("refused", {"name": "study"})
    for who, word in (("ci", None), ("stranger", "key_unknown")):
        envelope = registry.ledger.checkpoint(registry.people.keys[who])
        assert envelope is not None
        tag = Tag(key=checkpoint_tag(envelope.to_json()), value=envelope.to_json())
        if word is None:
            registry.set(version, tag)
            moved = replace(tag, key=f"{CHECKPOINT}{'0' * 16}")
            assert refused(lambda moved=moved: registry.set(version, moved)) == "evidence_foreign"  # type: ignore[misc]
        else:
            assert refused(lambda tag=tag: registry.set(version, tag)) == word  # type: ignore[misc]


def test_without_a_ledger_nothing_is_promoted(registry: Registry, tmp_path: Any) -> None:
    version = registry.approved()
    (tmp_path / "ledger.db").unlink()
    (tmp_path / "ledger.db").mkdir()
    assert refused(lambda: promote(registry, version)) == "gate_unreadable"
    assert registry.plain.get_registered_model("study").aliases == {}


def test_without_readable_keys_nothing_resolves(registry: Registry) -> None:
    version = registry.approved()
    promote(registry, version)
    registry.people.file.write_text("key = 'not a list'", encoding="utf-8")
    assert refused(lambda: registry.store.get_model_version_by_alias("study", "champion")) == "gate_unreadable"
    assert registry.store.get_registered_model("study").aliases == {}


def test_rows_are_not_changed_by_bulk_statements(registry: Registry) -> None:
    import sqlalchemy as sa
    from mlflow.store.model_registry.dbmodels.models import SqlRegisteredModelAlias

    version = registry.version()
    row = {"workspace": "default", "name": "study", "alias": "champion", "version": version.version}

    def write() -> None:
        with registry.store.ManagedSessionMaker(read_only=False) as session:
            session.execute(sa.insert(SqlRegisteredModelAlias), [row])

    assert refused(write) == "bulk_refused"


def test_a_registry_of_nobody_knows_what_it_needs(sqlite_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.exceptions import MlflowException

    from igw_audit.tracking.gated_registry.store import open_registry_store

    for name in ("IGW_TRUSTED_KEYS", "IGW_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IGW_PROTECTED_ALIASES", " ,")
    with pytest.raises(MlflowException) as error:
        open_registry_store(f"igw+{sqlite_address}")
    assert all(name in str(error.value) for name in ("IGW_TRUSTED_KEYS", "IGW_LEDGER", "IGW_PROTECTED_ALIASES"))


def test_mlflow_finds_the_gated_registry_by_its_address(open_registry: Any, sqlite_address: str) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    version = open_registry(sqlite_address).version()
    client = MlflowClient(tracking_uri=sqlite_address, registry_uri=f"igw+{sqlite_address}")
    with pytest.raises(MlflowException, match="not approved"):
        client.set_registered_model_alias("study", "champion", str(version.version))


def test_the_registry_of_workspaces_is_gated_too(
    open_registry: Any, sqlite_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.utils.workspace_context import WorkspaceContext

    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    registry = open_registry(sqlite_address)
    assert registry.store.supports_workspaces
    with WorkspaceContext("default"):
        version = registry.approved()
        bare = registry.version()
        promote(registry, version)
        assert refused(lambda: promote(registry, bare)) == "not_approved"
        assert registry.store.get_registered_model("study").aliases == {"champion": version.version}


def test_a_read_replica_is_taken_over_from_the_server(
    open_registry: Any, sqlite_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import shutil

    replica = tmp_path / "replica.db"
    shutil.copy(sqlite_address.removeprefix("sqlite:///"), replica)
    monkeypatch.setenv("_MLFLOW_SERVER_READ_REPLICA_FILE_STORE", f"sqlite:///{replica}")
    from mlflow.server.constants import READ_REPLICA_BACKEND_STORE_URI_ENV_VAR

    monkeypatch.setenv(READ_REPLICA_BACKEND_STORE_URI_ENV_VAR, f"sqlite:///{replica}")
    registry = open_registry(sqlite_address)
    assert str(registry.store.read_engine.url) == f"sqlite:///{replica}"


def test_every_method_of_mlflows_registry_is_classified() -> None:
    from mlflow.store.model_registry.abstract_store import AbstractStore
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from igw_audit.tracking.gated_registry.methods import METHODS

    public = {name for kind in (AbstractStore, SqlAlchemyStore) for name in dir(kind) if not name.startswith("_")}
    columns = {"CREATE_MODEL_VERSION_RETRIES"}
    assert public - columns == set(METHODS), "MLflow gained or lost a method: say in registry_methods what it means"


def test_a_method_does_what_its_classification_says() -> None:
    from mlflow.store.model_registry.abstract_store import AbstractStore
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from igw_audit.tracking.gated_registry.methods import METHODS
    from igw_audit.tracking.gated_registry.store import GatedStore, GatedWorkspaceStore

    for gated in (GatedStore, GatedWorkspaceStore):
        for name, meaning in METHODS.items():
            found, own = getattr(gated, name), getattr(SqlAlchemyStore, name)
            if meaning == "built":
                assert found is getattr(AbstractStore, name), f"MLflow now has its own {name}: classify it again"
            elif found is not own and callable(found):
                assert list(inspect.signature(found).parameters) == list(inspect.signature(own).parameters), name


def test_mlflow_writes_rows_of_the_registry_through_its_sessions_only() -> None:
    """The gate looks at what a session flushes; a statement on a connection of its own would pass it."""
    from mlflow.store.model_registry import sqlalchemy_store

    text = inspect.getsource(sqlalchemy_store)
    assert "engine.connect(" not in text
    assert "engine.begin(" not in text
    for word in ("sqlalchemy.update(", "sqlalchemy.delete(", "sqlalchemy.insert(", ".bulk_", ".delete(synchronize"):
        assert word not in text


def test_every_word_with_which_the_registry_refuses_is_documented() -> None:
    import re
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    tracking = root / "src/igw_audit/tracking"
    sources = [*(tracking / "gated_registry").glob("*.py"), tracking / "server" / "guard.py"]
    words = {word for path in sources for word in re.findall(r'refusal\(\s*"(\w+)"', path.read_text(encoding="utf-8"))}
    page = (root / "docs/reference/registry.md").read_text(encoding="utf-8")
    assert len(words) >= 8
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"tags": [("igw.cases.sha256", "x" * 3_000_000)]}, "claim_broken"),
        ({"tags": [("igw.model.id", "../m-1")]}, "claim_broken"),
        ({"source": "/models/" + "x" * 120_000}, "location_refused"),
        ({"run_link": "javascript:alert(1)"}, "link_refused"),
    ],
)
def test_what_the_ledger_could_not_keep_is_not_registered(
    registry: Registry, more: dict[str, Any], reason: str
) -> None:
    from mlflow.entities.model_registry import ModelVersionTag
    from mlflow.exceptions import MlflowException

    registry.version()
    before = registry.kinds()
    given = {"source": "/models/study", **more}
    given["tags"] = [ModelVersionTag(key, value) for key, value in more.get("tags", ())]
    with pytest.raises(MlflowException) as refused:
        registry.store.create_model_version("study", **given)
    assert refused.value.json_kwargs["igw_reason"] == reason
    assert registry.kinds() == before
    assert len(registry.store.search_model_versions("name = 'study'")) == 1
