"""A version is audited on the cases that it was not trained on, and the gate re-checks what the audit left."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from igw_audit import workflow
from igw_audit.errors import InputError, TrackingError


def without_created(record: Any) -> dict[str, Any]:
    content: dict[str, Any] = record.to_dict()
    del content["created"]
    return content


@pytest.fixture(scope="session")
def audited(project: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return workflow.audit_version(project.uri, project=project.root, out=tmp_path_factory.mktemp("out") / "audit")


def test_a_version_without_an_audit_is_refused(project: Any) -> None:
    trained = workflow.train(project.pipeline, project=project.root, name="never_audited")
    verdict = workflow.gate(trained.uri, project=project.root)
    assert (verdict.word, verdict.reasons[0].audit, verdict.reasons[0].rule) == ("refuse", "gate", "evidence_missing")
    bare = workflow.gate(trained.uri, project=project.root, record_only=True)
    assert (bare.word, bare.reasons[0].rule) == ("refuse", "record_missing")


def test_the_gate_repeats_the_word_of_a_record_that_holds_and_stays_shut_while_nobody_signed_it(
    project: Any, audited: Any
) -> None:
    verdict = workflow.gate(project.uri, project=project.root, record_only=True)
    assert verdict.word == audited.record.decision.word
    whole = workflow.gate(project.uri, project=project.root)
    assert (whole.word, whole.reasons[0].rule) == ("refuse", "evidence_missing")
    assert verdict.record is not None


def test_what_is_written_is_what_the_record_says_in_both_languages(audited: Any) -> None:
    assert sorted(path.name for path in audited.folder.iterdir()) == ["record.json", "report.en.html", "report.nl.html"]
    read = workflow.read_record(audited.folder)
    assert read == audited.record
    assert "<h1" in (audited.folder / "report.nl.html").read_text(encoding="utf-8")


def test_only_held_out_cases_are_audited(project: Any, audited: Any) -> None:
    cases = pd.read_parquet(project.data / "cases.parquet")
    assert audited.record.provenance.cases.rows < 0.5 * len(cases)
    assert audited.record.provenance.model.kind == "directory"


def test_the_same_inputs_in_another_order_give_the_same_record(project: Any, audited: Any, tmp_path: Path) -> None:
    for name in ("cases", "protected"):
        table = pd.read_parquet(project.data / f"{name}.parquet")
        table.sample(frac=1, random_state=5)[sorted(table.columns, reverse=True)].to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    choices = workflow.AuditChoices(cases=tmp_path / "cases.csv", protected=tmp_path / "protected.csv")
    again = workflow.audit_version(project.uri, project=project.root, choices=choices)
    assert without_created(again.record) == without_created(audited.record)


def test_a_table_that_changed_since_training_is_not_audited_in_silence(project: Any, tmp_path: Path) -> None:
    cases = pd.read_parquet(project.data / "cases.parquet").iloc[1:]
    cases.to_parquet(tmp_path / "cases.parquet")
    choices = workflow.AuditChoices(cases=tmp_path / "cases.parquet")
    with pytest.raises(InputError, match="not the one that this version was trained on"):
        workflow.audit_version(project.uri, project=project.root, choices=choices)


def test_cases_that_nobody_trained_on_are_audited_whole(project: Any, tmp_path: Path) -> None:
    workflow.synthesize("talent", n=3_000, seed=77, scenario="none", out=tmp_path / "new")
    choices = workflow.AuditChoices(
        cases=tmp_path / "new/cases.parquet", protected=tmp_path / "new/protected.parquet", unseen=True
    )
    trained = workflow.train(project.pipeline, project=project.root, name="on_new_cases")
    done = workflow.audit_version(
        trained.uri,
        project=project.root,
        choices=workflow.AuditChoices(**{**vars_of(choices), "pipeline": project.pipeline}),
    )
    assert done.record.provenance.cases.rows == 3_000


def vars_of(choices: Any) -> dict[str, Any]:
    return {name: getattr(choices, name) for name in choices.__dataclass_fields__}


def test_an_unknown_version_is_an_error_that_lists_the_known_ones(project: Any) -> None:
    with pytest.raises(TrackingError, match="talent"):
        workflow.gate("models:/tallent/1", project=project.root)


def test_no_protected_value_is_written_case_by_case(project: Any, audited: Any) -> None:
    protected = pd.read_parquet(project.data / "protected.parquet")
    ids = set(protected["case_id"].astype(str))
    texts = [path.read_text(encoding="utf-8") for path in audited.folder.iterdir()]
    texts += [
        path.read_text(encoding="utf-8", errors="ignore")
        for path in (project.root / "mlruns" / "artifacts").rglob("*")
        if path.is_file()
    ]
    words = {word for text in texts for word in re.findall(r"[\w-]+", text)}
    assert len(words) > 1_000
    assert not ids & words


@pytest.mark.parametrize("stage", ["train", "audit"])
def test_a_run_that_is_killed_leaves_nothing_by_half(project: Any, tmp_path: Path, stage: str) -> None:
    name = f"killed_{stage}"
    draw = random.Random(7)
    command = [sys.executable, "-m", "igw_audit", stage]
    command += (
        [str(project.pipeline), "--name", name]
        if stage == "train"
        else [
            workflow.train(project.pipeline, project=project.root, name=name).uri,
            *("--pipeline", str(project.pipeline), "--out", str(tmp_path / "out")),
        ]
    )
    started = time.monotonic()
    subprocess.run([*command, "--project", str(project.root)], check=False, capture_output=True)
    whole = time.monotonic() - started
    for _ in range(2):
        with subprocess.Popen(
            [*command, "--project", str(project.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            time.sleep(whole * draw.uniform(0.4, 0.98))
            process.send_signal(signal.SIGKILL)
        for uri in _versions(project, name):
            verdict = workflow.gate(uri, project=project.root, record_only=True)
            assert verdict.word in ("refuse", "refer", "allow")
            if stage == "train":
                assert verdict.reasons[0].rule in NO_RECORD, "every version there is whole: only its audit is missing"
            elif verdict.record is None:
                assert verdict.reasons[0].rule in NO_RECORD, verdict.reasons[0].text.en
        if (tmp_path / "out").exists():
            assert json.loads((tmp_path / "out/record.json").read_text(encoding="utf-8"))["schema_version"] == 1
            assert not list((tmp_path / "out").glob(".*"))


NO_RECORD = ("record_missing",)


def _versions(project: Any, name: str) -> list[str]:
    from igw_audit.tracking import open_store

    store = open_store(project.root)
    return [f"models:/{name}/{version.version}" for version in store.client.search_model_versions(f"name = '{name}'")]
