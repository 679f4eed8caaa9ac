"""Whatever goes round the gate is listed by the doctor in one run, with what to do."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from igw_audit.evidence.known_keys import enter_key
from igw_audit.evidence.tags import CHECKPOINT
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.doctor import examine
from igw_audit.tracking.doctor.around import KINDS, Around
from igw_audit.tracking.exposure import Batch, Rows
from igw_audit.tracking.exposure_files import open_exposure
from igw_audit.tracking.promote import Promoter, promote_version
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.store import Store


def found(store: Store, people: Any, **more: Any) -> list[tuple[str, str]]:
    listed = all_found(store, people, **more)
    assert all(one.found and one.do and one.kind in KINDS for one in listed)
    return [(one.kind, one.where) for one in listed]


def all_found(store: Store, people: Any, **more: Any) -> tuple[Around, ...]:
    exposure = more.pop("exposure", None)
    return examine(store, people.clearance(**more), exposure=exposure)


def kinds(store: Store, people: Any, **more: Any) -> set[str]:
    return {kind for kind, _ in found(store, people, **more)}


def entered(people: Any, audit: Any, review: str) -> None:
    """Write the ledger as igw-audit review does."""
    place = {"name": audit.name, "version": audit.version, "record_sha256": audit.record_sha256}
    people.ledger.append("reviewed", {**place, "tag": review}, key=people.key("reviewer"))


@pytest.fixture
def promoted(store: Store, people: Any, material: Any, attached: Any) -> Any:
    """Give a version that went through the gate in every way it should, as its signed audit."""
    version, record = attached()
    audit = people.audit(store, version, record)
    people.review(store, audit)
    tags = store.client.get_model_version("study", "1").tags
    (review,) = [key for key in tags if ".review." in key]
    entered(people, audit, review)
    promote_version(
        store,
        "study",
        1,
        alias="champion",
        clearance=people.clearance(),
        redecide=material.redecide,
        promoter=Promoter(by="lead", key=people.key("auditor")),
    )
    return audit


def database(store: Store, *statements: str) -> None:
    """Write straight into MLflow's database, past every store."""
    connection = sqlite3.connect(store.root / "mlruns" / "igw.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.usefixtures("promoted")
def test_nothing_is_found_where_everything_went_through_the_gate(store: Store, people: Any, material: Any) -> None:
    assert found(store, people) == []
    material.train(store)
    assert found(store, people) == [], "a version that was trained and waits for its audit went round nothing"


@pytest.mark.usefixtures("promoted")
def test_an_alias_set_straight_in_the_database(store: Store, people: Any, material: Any) -> None:
    material.train(store)
    database(store, "UPDATE registered_model_aliases SET version = 2 WHERE alias = 'champion'")
    where = "models:/study@champion"
    assert found(store, people) == [("alias_unaudited", where), ("alias_moved", where)]
    assert "igw-audit promote models:/study/2 --alias champion" in all_found(store, people)[0].do


def test_every_alias_by_mlflow_is_found_whatever_its_name_and_one_that_is_set_free_is_told(
    store: Store, people: Any, material: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IGW_FREE_ALIASES", "challenger")
    material.train(store)
    names = ("Production", "prod", "\u0441hallenger", "challenger")
    for alias in names:
        store.client.set_registered_model_alias("study", alias, "1")
    assert found(store, people) == [
        *(("alias_unaudited", f"models:/study@{alias}") for alias in names[:3]),
        *(("alias_unpromoted", f"models:/study@{alias}") for alias in names[:3]),
        ("alias_free", "models:/study@challenger"),
    ]


def test_an_alias_on_a_version_that_is_not_there(store: Store, people: Any, material: Any) -> None:
    material.train(store)
    database(store, "INSERT INTO registered_model_aliases (name, alias, version, workspace) "
        "VALUES ('study', 'next', 2, 'default')")  # fmt: skip
    assert found(store, people) == [("alias_unaudited", "models:/study@next")]


@pytest.mark.usefixtures("promoted")
def test_tags_in_our_name_that_lie(store: Store, people: Any, material: Any) -> None:
    run = str(store.client.get_model_version("study", "1").run_id)
    assert found(store, people) == []
    store.client.set_model_version_tag("study", "1", "igw.decision", "refuse")
    store.client.set_tag(run, "igw.model.sha256", "0" * 64)
    store.client.set_tag(run, "\u0131gw.decision", "allow")
    store.client.set_registered_model_tag("study", "IGW.approved", "yes")
    told = all_found(store, people)
    assert [(one.kind, one.where) for one in told] == [
        ("tag_untrue", "models:/study"),
        ("tag_untrue", "models:/study/1"),
        *[("tag_untrue", f"run {run}")] * 2,
    ]
    assert "'refuse'" in told[1].found
    assert "the signed audit says 'allow'" in told[1].found
    material.train(store)
    store.client.set_model_version_tag("study", "2", "igw.decision", "allow")
    assert ("tag_untrue", "models:/study/2") in found(store, people)


def test_an_origin_is_what_the_ledger_has_and_no_tag(store: Store, people: Any, material: Any) -> None:
    model, version = material.train(store)
    held = store.client.get_model_version("study", version.version)
    with quiet_mlflow():
        store.client.create_model_version("study", str(held.source), str(held.run_id), tags=dict(held.tags))
    assert found(store, people) == [("registered_outside", "models:/study/2")]
    database(store, "UPDATE model_versions SET storage_location = '/elsewhere' WHERE version = 1")
    assert ("source_moved", "models:/study/1") in found(store, people)
    assert model.sha256 == version.model_sha256


def test_files_changed_between_training_and_audit(store: Store, people: Any, material: Any) -> None:
    material.train(store)
    assert found(store, people) == []
    (model,) = (store.root / "mlruns" / "artifacts").rglob("model.skops")
    model.write_bytes(model.read_bytes() + b"\x00")
    assert found(store, people) == [("model_changed", "models:/study/1")]


@pytest.mark.usefixtures("promoted")
def test_files_that_a_server_serves_are_looked_at_where_it_keeps_them(
    store: Store, people: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = store.root / "mlruns" / "artifacts"
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", str(root))
    for table, column in (
        ("model_versions", "source"),
        ("model_versions", "storage_location"),
        ("runs", "artifact_uri"),
    ):
        database(store, f"UPDATE {table} SET {column} = replace({column}, '{root}', 'mlflow-artifacts:')")
    assert kinds(store, people) == {"source_moved"}, "only the address is another one"
    (model,) = root.rglob("model.skops")
    model.write_bytes(model.read_bytes() + b"\x00")
    assert kinds(store, people) == {"source_moved", "model_changed"}
    shutil.rmtree(model.parent)
    assert kinds(store, people) == {"source_moved", "model_missing"}
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", str(tmp_path / "not-mounted"))
    assert kinds(store, people) == {"source_moved", "files_unreachable"}
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", "nowhere://bucket")
    assert kinds(store, people) == {"source_moved", "files_unreachable"}


def test_a_second_logged_model_behind_a_runs_source_changes_what_is_loaded_and_shows(
    store: Store, people: Any, material: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # behind runs:/ MLflow looks for logged models at the caller's global address
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    from igw_audit.tracking import hash_model_directory
    from igw_audit.tracking.artifacts import fetch_files
    from igw_audit.tracking.models import log_model

    model, version = material.train(store)
    with quiet_mlflow():
        moving = store.client.create_model_version("study", f"runs:/{model.run_id}/model", model.run_id)

    def loaded(number: object) -> str:
        place = store.client.get_model_version_download_uri("study", str(number))
        (folder := tmp_path / f"{number}-{len(list(tmp_path.iterdir()))}").mkdir()
        return hash_model_directory(fetch_files(store, place, folder))

    before = loaded(moving.version)
    about = replace(version, version=str(moving.version))
    people.audit(store, about, material.make_record(before), record_sha256="f" * 64)
    assert loaded(moving.version) == before
    assert "model_changed" not in kinds(store, people)
    estimator, features = material.fitted()
    log_model(store, estimator.set_params(estimator__C=0.5), features, run_id=model.run_id)
    assert loaded(moving.version) != before, "MLflow loads whichever was logged last"
    assert loaded(version.version) == model.sha256, "a folder of files stays what it was"
    assert ("model_changed", f"models:/study/{moving.version}") in found(store, people)


@pytest.mark.parametrize("flavors", ['!!timestamp "x"', '!!int ""', '!!float ""', "&a [*a]"])
def test_a_model_file_that_breaks_its_reader_hides_no_other_version(
    store: Store, people: Any, material: Any, flavors: str
) -> None:
    _, first = material.train(store)
    _, second = material.train(store)
    for version, text in ((first, f"flavors: {flavors}"), (second, "flavors: {evil: {}}")):
        place = store.client.get_model_version_download_uri("study", str(version.version))
        (Path(place.removeprefix("file://")) / "MLmodel").write_text(text, encoding="utf-8")
    told = {where for kind, where in found(store, people) if kind in ("model_changed", "files_unreachable")}
    assert told == {f"models:/study/{one.version}" for one in (first, second)}


@pytest.mark.parametrize("name", ["o'brien", "x' OR '1'='1", 'a "b"', "a'b\"c"])
def test_a_version_is_seen_whatever_its_model_is_called(store: Store, people: Any, name: str) -> None:
    with quiet_mlflow():
        store.client.create_registered_model(name)
        made = store.client.create_model_version(name, "/nowhere")
    assert f"models:/{name}/{made.version}" in {where for _, where in found(store, people)}


def test_no_version_hides_behind_one_that_is_tagged_as_a_prompt(store: Store, people: Any) -> None:
    with quiet_mlflow():
        store.client.create_registered_model("many")
        for _ in range(24):
            store.client.create_model_version("many", "/nowhere")
        store.client.set_model_version_tag("many", "1", "mlflow.prompt.is_prompt", "true")
    seen = {where for _, where in found(store, people)}
    assert {f"models:/many/{number}" for number in range(1, 25)} <= seen


@pytest.mark.usefixtures("promoted")
def test_an_alias_taken_away_outside_the_gate(store: Store, people: Any) -> None:
    store.client.delete_registered_model_alias("study", "champion")
    assert found(store, people) == [("alias_gone", "models:/study@champion")]


def test_an_audited_version_that_nobody_approved_under_an_alias(store: Store, people: Any, attached: Any) -> None:
    version, record = attached(3.0)
    people.audit(store, version, record)
    store.client.set_registered_model_alias("study", "champion", "1")
    assert kinds(store, people) == {"alias_not_approved", "alias_unpromoted"}


@pytest.mark.parametrize("change", ["tightened", "revoked", "expired"])
def test_an_approval_that_lapsed(store: Store, people: Any, promoted: Any, change: str) -> None:
    more: dict[str, Any] = {}
    now = datetime.now(UTC)
    if change == "tightened":
        more["tightened"] = frozenset({promoted.policy_sha256})
    elif change == "revoked":
        # after the ledger's entries, to the second: what was signed before stays signed there
        now += timedelta(seconds=2)
        people.trusted = people.trusted.revoke(people.key("reviewer").keyid, at=now, because="left the service")
    listed = examine(store, people.clearance(**more), at=now + timedelta(days=100 if change == "expired" else 0))
    assert [one.kind for one in listed] == ["approval_lapsed"]


@pytest.mark.parametrize("what", ["audit", "review"])
def test_evidence_edited_in_the_database(store: Store, people: Any, promoted: Any, what: str) -> None:
    database(
        store,
        f"UPDATE model_version_tags SET value = replace(value, 'A', 'B') WHERE key LIKE 'igw.evidence.%.{what}%'",
    )
    assert "evidence_changed" in kinds(store, people)
    assert "alias_not_approved" in kinds(store, people)


def test_evidence_deleted_and_evidence_that_the_ledger_does_not_know(store: Store, people: Any, promoted: Any) -> None:
    people.review(store, promoted, who="second")
    assert kinds(store, people) == {"evidence_unknown"}
    tags = store.client.get_model_version("study", "1").tags
    for key in tags:
        if ".review." in key:
            store.client.delete_model_version_tag("study", "1", key)
    assert kinds(store, people) == {"evidence_gone", "alias_not_approved"}


@pytest.mark.usefixtures("promoted")
def test_artifacts_written_over_and_taken_away(store: Store, people: Any) -> None:
    (model,) = (store.root / "mlruns" / "artifacts").rglob("model.skops")
    content = model.read_bytes()
    model.write_bytes(content + b"\x00")
    assert found(store, people) == [("model_changed", "models:/study/1")]
    model.write_bytes(content)
    (page,) = (store.root / "mlruns" / "artifacts").rglob("report.nl.html")
    page.write_text("<p>alles is goed</p>", encoding="utf-8")
    assert found(store, people) == [("record_changed", "models:/study/1")]
    shutil.rmtree(model.parent)
    assert kinds(store, people) == {"model_missing", "record_changed"}


@pytest.mark.usefixtures("promoted")
def test_a_logged_model_and_a_run_deleted_behind_an_approved_version(store: Store, people: Any) -> None:
    held = store.client.get_model_version("study", "1")
    store.client.delete_logged_model(held.tags["igw.model.id"])
    assert found(store, people) == [("logged_model_gone", "models:/study/1")]
    store.client.delete_run(str(held.run_id))
    assert kinds(store, people) == {"logged_model_gone", "run_gone"}


@pytest.mark.usefixtures("promoted")
def test_a_version_deleted_and_another_made_under_its_number(store: Store, people: Any, material: Any) -> None:
    store.client.delete_registered_model("study")
    assert kinds(store, people) == {"version_gone", "alias_gone"}
    material.train(store)
    assert kinds(store, people) == {"version_remade", "alias_gone"}


def test_plain_mlflow_copies_stages_and_prompts(store: Store, people: Any, promoted: Any) -> None:
    client = store.client
    held = client.get_model_version("study", "1")
    with quiet_mlflow():
        client.create_registered_model("elsewhere")
        client.create_model_version("elsewhere", source=str(held.source), run_id=str(held.run_id))
        client.copy_model_version("models:/study/1", "copied")
        client.register_prompt("greeting", "Dear {{name}}")
        client.set_prompt_alias("greeting", "production", 1)
    database(store, "UPDATE model_versions SET current_stage = 'Production' WHERE name = 'elsewhere'")
    assert found(store, people) == [
        ("alias_of_prompt", "models:/greeting@production"),
        ("stage_in_use", "models:/elsewhere/1"),
        ("registered_outside", "models:/elsewhere/1"),
        ("copied_version", "models:/copied/1"),
    ]
    # MLflow carries the evidence along, and it proves nothing there
    assert any(key.startswith("igw.evidence.") for key in client.get_model_version("copied", "1").tags)
    client.set_registered_model_alias("copied", "champion", "1")
    assert ("alias_not_approved", "models:/copied@champion") in found(store, people)


def test_a_model_does_not_hide_by_calling_itself_a_prompt(store: Store, people: Any, material: Any) -> None:
    for _ in range(3):
        material.train(store)
    store.client.set_registered_model_alias("study", "champion", "2")
    store.client.set_registered_model_tag("study", "mlflow.prompt.is_prompt", "true")
    database(store, "INSERT INTO model_version_tags (key, value, name, version, workspace) "
        "VALUES ('mlflow.prompt.is_prompt', 'true', 'study', 3, 'default')")  # fmt: skip
    assert not store.client.search_model_versions("name = 'study'"), "MLflow shows none of the three"
    assert ("alias_unaudited", "models:/study@champion") in found(store, people)


@pytest.mark.usefixtures("promoted")
def test_a_ledger_edited_shortened_or_gone(store: Store, people: Any, tmp_path: Path) -> None:
    file = people.folder / "ledger.db"
    whole = file.read_bytes()

    def ledger(statement: str) -> None:
        connection = sqlite3.connect(file)
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in [name for name in tables if name.startswith("igw") or "ledger" in name or "entr" in name]:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if "seq" in columns and ("content" in columns or "content" not in statement):
                connection.execute(statement.format(table=table))
        connection.commit()
        connection.close()

    ledger("UPDATE {table} SET content = replace(content, 'study', 'studx') WHERE kind = 'audited'")
    assert "ledger_broken" in kinds(store, people)
    file.write_bytes(whole)
    ledger("DELETE FROM {table} WHERE seq >= 6")
    assert "ledger_shortened" in kinds(store, people)
    assert any(key.startswith(CHECKPOINT) for key in store.client.get_model_version("study", "1").tags)
    file.unlink()
    assert kinds(store, people) == {"ledger_missing"}


@pytest.mark.usefixtures("promoted")
def test_an_exposure_table_that_does_not_agree_with_the_ledger(store: Store, people: Any, tmp_path: Path) -> None:
    table = open_exposure(tmp_path / "exposure", make=True)
    rows = Rows(
        cases=("a" * 64, "b" * 64), score=np.array([0.5, 0.25]), selected=np.array([True, False]), bands=(None,) * 2
    )
    base = {"model": "study", "version": "1", "model_sha256": "c" * 64, "secret": "0" * 16, "approved": True}
    for number in (1, 2):
        at = f"2026-11-2{number}T09:00:00.000Z"
        table.append(Batch(batch=f"{number:032x}", scored_at=at, **base), rows)  # type: ignore[arg-type]
    told = {"name": "study", "version": "1", "cases": 2, "approved": True}
    people.ledger.append("scored", {**told, "batch": f"{1:032x}", "rows_sha256": rows.sha256()})
    assert [where for _, where in found(store, people, exposure=table)] == [f"batch {2:032x}"]
    people.ledger.append("scored", {**told, "batch": f"{2:032x}", "rows_sha256": "d" * 64})
    people.ledger.append("scored", {**told, "batch": f"{3:032x}", "rows_sha256": "d" * 64, "approved": False})
    listed = found(store, people, exposure=table)
    assert [kind for kind, _ in listed] == ["exposure_unlogged", "exposure_unlogged", "scored_unapproved"]


@pytest.mark.usefixtures("promoted")
def test_a_key_that_came_in_past_the_front_door(store: Store, people: Any) -> None:
    people.trust("friend", "reviewer", reviews=("ethics",), entered=False)
    (told,) = all_found(store, people)
    assert (told.kind, told.where) == ("key_unknown", f"key {people.key('friend').keyid[:12]}")
    assert "friend may sign as reviewer, ethics" in told.found
    enter_key(people.ledger, people.trusted.named(people.key("friend").keyid), doing="trusted", by="lead")
    assert found(store, people) == []


@pytest.mark.usefixtures("promoted")
def test_a_key_with_more_roles_than_it_was_given_and_one_that_came_back(store: Store, people: Any) -> None:
    auditor, second = (people.trusted.named(people.key(who).keyid) for who in ("auditor", "second"))
    wider = auditor.model_copy(update={"roles": ("auditor", "reviewer"), "reviewer_roles": ("ethics",)})
    people.trusted = TrustedKeys(key=tuple(wider if one is auditor else one for one in people.trusted.key))
    enter_key(people.ledger, second, doing="revoked", by="lead")
    told = {one.kind: one for one in all_found(store, people)}
    assert set(told) == {"key_unknown", "key_revived"}
    assert "the ledger has auditor as auditor" in told["key_unknown"].found
    assert told["key_revived"].where == f"key {second.keyid[:12]}"
