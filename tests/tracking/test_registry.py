"""Versions appear whole; records are attached from the outside in; nothing earlier is lost."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from igw_audit.errors import TrackingError
from igw_audit.evidence.derived import RECORD_TAG
from igw_audit.tracking.gate import gate_version
from igw_audit.tracking.headlines import headlines
from igw_audit.tracking.models import LoggedModel
from igw_audit.tracking.registry import RegisteredVersion, attach_record, register, version_tags
from igw_audit.tracking.store import Store, open_store

Audited = tuple[Store, RegisteredVersion]


def test_a_version_has_its_tags_from_the_start(store: Store, material: Any) -> None:
    model, version = material.train(store)
    assert version.uri == "models:/study/1"
    assert version_tags(store, "study", 1) == {
        "igw.pilot": "study",
        "igw.model.id": model.model_id,
        "igw.model.sha256": model.sha256,
    }


def test_versions_count_on(store: Store, material: Any) -> None:
    assert [material.train(store)[1].version for _ in range(3)] == ["1", "2", "3"]


def test_a_model_that_was_not_finished_is_not_registered(store: Store) -> None:
    experiment = store.experiment("study")
    run_id = store.client.create_run(experiment).info.run_id
    half = store.client.create_logged_model(experiment, name="model", source_run_id=run_id)
    model = LoggedModel(model_id=half.model_id, sha256="0" * 64, run_id=run_id, experiment_id=experiment)
    with pytest.raises(TrackingError, match="is PENDING, and only a finished one is registered"):
        register(store, model, name="study", tags={})
    assert store.client.search_registered_models() == []


def test_a_record_leaves_files_numbers_and_tags(audited: Audited, material: Any) -> None:
    store, version = audited
    tags = version_tags(store, "study", 1)
    run = store.client.get_run(version.run_id)
    folder = Path(run.info.artifact_uri) / "igw" / tags[RECORD_TAG]
    assert {file.name for file in folder.iterdir()} == {"record.json", "report.nl.html", "report.en.html"}
    assert run.data.metrics["igw/nationality/selection_rate_ratio_largest"] == 1.0
    assert run.data.metrics["igw/nationality/selection_rate_ratio_largest_high"] == 1.01
    assert tags["igw.decision"] == "allow"
    assert tags["igw.plan.sha256"] == material.PLAN.sha256()
    assert "igw.audited_at" in tags


def test_a_newer_record_counts_and_the_older_stays(audited: Audited, material: Any) -> None:
    store, version = audited
    newer = material.make_record(version.model_sha256, ratio=4.0)
    attach_record(store, "study", 1, record=newer, pages=material.PAGES)
    verdict = gate_version(store, "study", 1, redecide=material.redecide)
    assert (verdict.word, verdict.record) == ("refuse", newer)
    root = Path(store.client.get_run(version.run_id).info.artifact_uri)
    assert len(list((root / "igw").iterdir())) == 2


def test_attaching_the_same_record_again_changes_nothing(audited: Audited, material: Any) -> None:
    store, version = audited
    before = version_tags(store, "study", 1)
    attach_record(store, "study", 1, record=material.make_record(version.model_sha256), pages=material.PAGES)
    after = version_tags(store, "study", 1)
    assert {key: value for key, value in after.items() if key != "igw.audited_at"} == {
        key: value for key, value in before.items() if key != "igw.audited_at"
    }
    assert gate_version(store, "study", 1, redecide=material.redecide).word == "allow"


def test_a_version_without_a_run_has_no_place_for_a_record(store: Store, material: Any, tmp_path: Path) -> None:
    store.client.create_registered_model("study")
    store.client.create_model_version("study", str(tmp_path))
    with pytest.raises(TrackingError, match="registered without a run"):
        attach_record(store, "study", 1, record=material.make_record("0" * 64), pages={})


def test_headlines_are_the_extremes_of_the_models_own_selection(material: Any) -> None:
    from dataclasses import replace

    base = material.make_record("0" * 64)
    (outcome,) = base.outcomes
    (finding,) = outcome.findings

    def ratio(value: float, **changed: Any) -> Any:
        return replace(finding, estimate=replace(finding.estimate, value=value, low=value, high=value), **changed)

    findings = (
        ratio(0.4),
        ratio(2.5),
        ratio(9.0, step="selected by hand"),
        ratio(-0.3, statistic="selection_rate_difference"),
        ratio(0.1, statistic="selection_rate_difference"),
        ratio(-0.7, statistic="delta"),
    )
    record = replace(base, outcomes=(replace(outcome, findings=findings),))
    assert {name: estimate.value for name, estimate in headlines(record).items()} == {
        "igw/nationality/selection_rate_ratio_largest": 2.5,
        "igw/nationality/selection_rate_ratio_smallest": 0.4,
        "igw/nationality/selection_rate_difference_largest": -0.3,
        "igw/nationality/delta_largest": -0.7,
    }


def test_no_headline_is_a_number_of_a_cell_that_pages_withhold(material: Any) -> None:
    from dataclasses import replace

    from igw_audit.core.finding import Counts

    base = material.make_record("0" * 64)
    (outcome,) = base.outcomes
    (finding,) = outcome.findings

    def ratio(group: str, value: float, events: int, n: int) -> Any:
        counts = Counts(events=events, n=n, reference_events=400, reference_n=5000)
        told = replace(finding.estimate, value=value, low=value, high=value)
        return replace(finding, group=group, estimate=told, counts=counts)

    findings = (ratio("large", 1.2, 400, 4000), ratio("other", 1.1, 380, 4000), ratio("few", 9.0, 3, 12))
    record = replace(base, outcomes=(replace(outcome, findings=findings),))
    shown = {estimate.value for estimate in headlines(record).values()}
    assert shown
    assert 9.0 not in shown


def test_the_maker_is_who_began_the_run_and_a_tag_that_was_changed_later_is_said(audited: Audited) -> None:
    from igw_audit.tracking import author_of

    store, version = audited
    began = store.client.get_run(version.run_id).info.user_id
    assert author_of(store, "study", "1") == began
    store.client.set_tag(version.run_id, "mlflow.user", "somebody-else")
    with pytest.raises(TrackingError, match=r"now says 'somebody-else'.*--author"):
        author_of(store, "study", "1")
    store.client.set_tag(version.run_id, "mlflow.user", began.upper())
    assert author_of(store, "study", "1") == began.upper()


def test_two_audits_at_once_leave_one_whole_record(audited: Audited, material: Any) -> None:
    store, version = audited
    ratios = (1.0, 4.0)
    errors: list[BaseException] = []

    def audit(ratio: float) -> None:
        own = open_store(store.root)
        try:
            for number in range(4):
                record = material.make_record(version.model_sha256, ratio=ratio, created=str(number))
                attach_record(own, "study", 1, record=record, pages={"report.en.html": f"<p>{ratio} {number}</p>"})
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=audit, args=(ratio,)) for ratio in ratios]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    verdict = gate_version(store, "study", 1, redecide=material.redecide)
    assert verdict.record is not None, verdict.reasons
    assert verdict.word in ("allow", "refuse")
    root = Path(store.client.get_run(version.run_id).info.artifact_uri)
    assert len(list((root / "igw").iterdir())) == 1 + 2 * 4


def test_two_trainings_at_once_give_two_versions(store: Store, material: Any) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(material.train(open_store(store.root))[1].version))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == ["1", "2", "3"]
