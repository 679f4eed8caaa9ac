"""From a registered version to a model in use, and back to the people whom it was used on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import igw_audit as igw
from igw_audit import workflow
from igw_audit.evidence.dsse import sign
from igw_audit.evidence.keys import SigningKey, load_key, new_key
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.reasons import Answer
from igw_audit.evidence.statement import ReviewStatement
from igw_audit.evidence.strict import stamp
from igw_audit.evidence.tags import review_tag
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking import open_store
from igw_audit.tracking.approved import NotApprovedError
from igw_audit.tracking.clearance import clearance_of
from igw_audit.tracking.exposure import CaseSecret
from igw_audit.workflow.evidence import auditor

# each process that gets one of these makes a project of its own
pytestmark = pytest.mark.xdist_group("promotion")

SECRET = CaseSecret(b"a secret of thirty-two characters or more")


@dataclass
class Walk:
    """A project in which one version was audited, signed and promoted."""

    root: Path
    uri: str
    key: SigningKey


def approve(root: Path, uri: str, key: SigningKey) -> None:
    """Sign an approval that answers every reason of the signed audit."""
    store = open_store(root)
    name, version = uri.removeprefix("models:/").split("/")
    audit = clearance_of(root).standing(store.client.get_model_version(name, version)).audit
    assert audit is not None
    words = dict.fromkeys(("aim", "suitability", "necessity", "alternatives", "proportionality"), "said why")
    now = datetime.now(UTC)
    statement = ReviewStatement(
        name=audit.name,
        version=audit.version,
        version_created=audit.version_created,
        model_sha256=audit.model_sha256,
        record_sha256=audit.record_sha256,
        at=stamp(now),
        by="reviewer",
        role="ethics",
        word="approve",
        answers=tuple(Answer(reason=one.id, override=one.word == "refuse", **words) for one in audit.reasons),
        ethics="right to do",
        conditions=("desk checks only",),
        expires=stamp(now.replace(year=now.year + 1)),
        signed_as="person",
    )
    envelope = sign(statement.payload(), key).to_json()
    tag = review_tag(audit.record_sha256, envelope)
    store.client.set_model_version_tag(name, version, tag, envelope)
    content = {"name": name, "version": version, "record_sha256": audit.record_sha256, "tag": tag}
    open_ledger(ledger_address(root)).append("reviewed", content, key=key)


@pytest.fixture(scope="module")
def walk(own_project: Any, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    folder, now = tmp_path_factory.mktemp("keys"), datetime.now(UTC)
    key = {who: load_key(new_key(who, folder)) for who in ("auditor", "reviewer")}
    trusted = TrustedKeys().trust(key["auditor"].public, holder="auditor", roles=("auditor",), at=now)
    trusted = trusted.trust(
        key["reviewer"].public, holder="reviewer", roles=("reviewer",), reviewer_roles=("ethics",), at=now
    )
    trusted.save(own_project.root / "audits" / "trusted_keys.toml")
    policy = tmp_path_factory.mktemp("policy") / "policy.toml"
    policy.write_text(
        'name = "short"\nversion = "1"\n[[limits]]\nrule = "r"\naudit = "A001"\n'
        'statistic = "selection_rate_ratio"\nlow = 0.01\nhigh = 100\nat = "model"\n'
        'title = {en = "a", nl = "b"}\nrationale = {en = "a", nl = "b"}\n',
        encoding="utf-8",
    )
    trained = workflow.train(own_project.pipeline, project=own_project.root, name="promoted")
    signer = auditor(key["auditor"], project=own_project.root, author="maker")
    choices = workflow.AuditChoices(pipeline=own_project.pipeline, policy=policy)
    workflow.audit_version(trained.uri, project=own_project.root, choices=choices, signer=signer)
    waiting = workflow.promote(trained.uri, project=own_project.root)
    assert (waiting.done, waiting.verdict.word) == (False, "refer"), waiting.verdict.reasons
    approve(own_project.root, trained.uri, key["reviewer"])
    done = workflow.promote(trained.uri, project=own_project.root, key=key["auditor"])
    assert done.done, done.verdict.reasons
    return Walk(root=own_project.root, uri=trained.uri, key=key["auditor"])


def new_cases(project: Any, tmp_path: Path) -> Path:
    """Give cases as they come in: no outcome yet, and a column that nobody asked for."""
    cases = pd.read_parquet(project.data / "cases.parquet").head(500)
    path = tmp_path / "new.parquet"
    cases.drop(columns=["outcome", "arm"]).assign(desk="3b").to_parquet(path)
    return path


def test_what_was_promoted_loads_and_tells_who_approved_it_on_which_condition(walk: Walk) -> None:
    model = igw.load_approved("promoted", project=walk.root)
    assert model.uri == walk.uri
    assert (model.audit.author, model.conditions) == ("maker", ("desk checks only",))
    assert hasattr(model.estimator, "predict_proba")


def test_the_gate_says_who_signed_off_and_its_json_is_plain(walk: Walk) -> None:
    verdict = workflow.gate(walk.uri, project=walk.root)
    told = json.loads(json.dumps(workflow.verdict_to_dict(verdict)))
    assert (told["word"], told["standing"], told["record_only"]) == ("allow", "open", False)
    assert told["signed_off"][0]["by"] == "reviewer"


def test_the_doctor_finds_nothing_where_all_went_through_the_gate(walk: Walk) -> None:
    assert [one for one in workflow.doctor(project=walk.root) if "promoted" in one.where] == []


@pytest.mark.parametrize("kind", ["exposure.sqlite", "exposure.duckdb", "exposure"])
def test_who_was_scored_is_found_again_and_the_ledger_has_counts_only(
    walk: Walk, own_project: Any, tmp_path: Path, kind: str
) -> None:
    cases = new_cases(own_project, tmp_path)
    choices = workflow.ScoreChoices(pipeline=own_project.pipeline, worklist=tmp_path / "work.csv")
    done = workflow.score(
        "models:/promoted@champion",
        cases=cases,
        to=tmp_path / kind,
        secret=SECRET,
        project=walk.root,
        choices=choices,
    )
    assert (done.cases, done.selected, done.approved) == (500, 100, True)
    assert done.conditions == ("desk checks only",)
    work = pd.read_csv(tmp_path / "work.csv")
    assert len(work) == 100
    assert work["score"].is_monotonic_decreasing

    entry = open_ledger(ledger_address(walk.root)).entries("scored")[-1]
    assert (entry.content["cases"], entry.content["selected"], entry.content["batch"]) == (500, 100, done.batch)
    ids = pd.read_parquet(cases)["case_id"].astype(str)
    assert not [one for one in ids if one in json.dumps(dict(entry.content))]

    chosen, left = str(work["case_id"][0]), next(one for one in ids if one not in set(work["case_id"].astype(str)))
    for case, selected in ((chosen, True), (left, False)):
        found = workflow.exposed(case, table=tmp_path / kind, secret=SECRET, project=walk.root)
        assert [(one.selected, one.batch.version) for one in found.rows] == [(selected, walk.uri[-1])]
    (held,) = workflow.exposed_by(walk.uri, table=tmp_path / kind)
    assert (held.cases, held.selected) == (500, 100)
    nobody = workflow.exposed("nobody", table=tmp_path / kind, secret=SECRET, project=walk.root)
    assert nobody.rows == ()


def test_an_answer_that_may_be_incomplete_says_so(walk: Walk, own_project: Any, tmp_path: Path) -> None:
    cases, table = new_cases(own_project, tmp_path), tmp_path / "exposure"
    choices = workflow.ScoreChoices(pipeline=own_project.pipeline)
    other = CaseSecret(b"another secret of thirty-two characters")
    before = len(open_ledger(ledger_address(walk.root)).entries("scored"))
    workflow.score(walk.uri, cases=cases, to=table, secret=other, project=walk.root, choices=choices)
    found = workflow.exposed("any", table=table, secret=SECRET, project=walk.root)
    assert (found.complete, found.other_secrets, found.not_held) == (False, 1, before)


def test_a_version_that_nobody_approved_does_not_score_unless_that_is_said_and_kept(
    walk: Walk, own_project: Any, tmp_path: Path
) -> None:
    cases, table = new_cases(own_project, tmp_path), tmp_path / "exposure.sqlite"
    plain = workflow.ScoreChoices(pipeline=own_project.pipeline)
    with pytest.raises(NotApprovedError, match="no signed audit"):
        workflow.score(own_project.uri, cases=cases, to=table, secret=SECRET, project=walk.root, choices=plain)
    assert not table.exists()
    said = workflow.ScoreChoices(pipeline=own_project.pipeline, unapproved=True)
    done = workflow.score(own_project.uri, cases=cases, to=table, secret=SECRET, project=walk.root, choices=said)
    assert done.approved is False
    assert open_ledger(ledger_address(walk.root)).entries("scored")[-1].content["approved"] is False
    assert "scored_unapproved" in {one.kind for one in workflow.doctor(project=walk.root)}


def test_the_commands_say_it_in_words_and_leave_with_the_right_code(
    walk: Walk, own_project: Any, tmp_path: Path
) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "igw_audit", *map(str, arguments), "--project", str(walk.root)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    refused = run("promote", own_project.uri)
    assert refused.returncode == 3
    assert "NOT PROMOTED" in refused.stdout
    assert f"igw-audit audit {own_project.uri} --key FILE" in refused.stdout
    gated = run("gate", walk.uri)
    assert gated.returncode == 0, gated.stdout
    assert "condition of reviewer (ethics): desk checks only" in gated.stdout
    bare = run("gate", walk.uri, "--record-only")
    assert "THIS IS NOT THE GATE" in bare.stderr
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET.raw)
    secret.chmod(0o600)
    table = tmp_path / "exposure.sqlite"
    scored = run(
        *("score", "models:/promoted@champion", "--cases", new_cases(own_project, tmp_path), "--to", table),
        *("--secret", secret, "--pipeline", own_project.pipeline),
    )
    assert scored.returncode == 0, scored.stderr
    assert "500 cases scored" in scored.stdout
    case = str(pd.read_parquet(own_project.data / "cases.parquet")["case_id"].iloc[0])
    found = run("exposed", "--in", table, "--case", case, "--secret", secret, "--json")
    assert json.loads(found.stdout)[0]["scored"][0]["uri"] == walk.uri
