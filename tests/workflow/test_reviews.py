"""A review answers every reason, is signed by somebody who did not make the model, and is read on the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from igw_audit import workflow
from igw_audit.cli.app import app
from igw_audit.errors import EvidenceError, InputError
from igw_audit.evidence.keys import SigningKey, load_key, new_key, read_public
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.reasons import ANSWERED
from igw_audit.evidence.trust import TrustedKeys, trusted_keys_file
from igw_audit.tracking import open_store, version_tags
from igw_audit.workflow.answers import answers_template, question_blocks
from igw_audit.workflow.evidence import auditor
from igw_audit.workflow.registration import preregister
from igw_audit.workflow.reviewing import ReviewForm
from igw_audit.workflow.reviews import open_form, review, reviewed_record

# each process that gets one of these trains and audits once more
pytestmark = pytest.mark.xdist_group("reviews")

ROOT = Path(__file__).resolve().parents[2]
PEOPLE: dict[str, dict[str, Any]] = {
    "ci": {"roles": ("auditor",)},
    "ada": {"roles": ("reviewer",), "reviewer_roles": ("ethics",)},
    "mira": {"roles": ("reviewer",), "reviewer_roles": ("ethics", "legal")},
    "server": {"roles": ("service",), "reviewer_roles": ("ethics",)},
}
#: One limit that is refused for certain and may be overridden, one that no sample of this size can settle.
POLICY = """
name = "test"
version = "1"
[registration]
required = true
[[limits]]
rule = "never"
audit = "A001"
statistic = "selection_rate_difference"
low = 0.5
at = "model"
title = { en = "A gap nobody has", nl = "Een verschil dat niemand heeft" }
rationale = { en = "To be refused.", nl = "Om te weigeren." }
[[limits]]
rule = "narrow"
audit = "A001"
statistic = "selection_rate_ratio"
low = 0.999
high = 1.001
at = "model"
outside = "refer"
title = { en = "A narrow band", nl = "Een smalle grens" }
rationale = { en = "To be referred.", nl = "Om te verwijzen." }
"""


@dataclass(frozen=True)
class Audited:
    root: Path
    uri: str
    keys: dict[str, SigningKey]
    record: Any

    def key_file(self, name: str) -> str:
        return str(self.root / "keys" / f"{name}.pem")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    root = tmp_path_factory.mktemp("reviewed")
    for folder in ("pipelines", "audits"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("data"))
    pilot = root / "audits" / "talent"
    plan = (pilot / "plan.toml").read_text(encoding="utf-8")
    plan = plan.split("# The region follows")[0].replace(
        'attributes = ["region", "nationality", "sex"]', 'attributes = ["sex"]'
    )
    (pilot / "plan.toml").write_text('audits = ["A001"]\n' + plan, encoding="utf-8")
    (pilot / "policy.toml").write_text(POLICY, encoding="utf-8")
    workflow.synthesize("talent", n=5_000, seed=3, scenario="none", out=root / "pipelines" / "talent" / "data")
    trusted, keys = TrustedKeys(), {}
    for name, roles in PEOPLE.items():
        keys[name] = load_key(new_key(name, root / "keys"))
        public = read_public(root / "keys" / f"{name}.pub")
        trusted = trusted.trust(public, holder=name, at=datetime.now(UTC) - timedelta(days=1), **roles)
    trusted.save(trusted_keys_file(root))
    uri = workflow.train(root / "pipelines" / "talent", project=root).uri
    preregister(pilot, project=root, by="ada")
    signer = auditor(keys["ci"], project=root, author="Ada")
    done = workflow.audit_version(uri, project=root, signer=signer)
    return Audited(root=root, uri=uri, keys=keys, record=done.record)


@pytest.fixture(scope="module")
def form(audited: Audited) -> ReviewForm:
    return open_form(audited.uri, project=audited.root)


def filled(form: ReviewForm, **changed: Any) -> dict[str, Any]:
    answers = [
        {"reasons": [reason.id], "override": reason.word == "refuse", **{name: f"my {name}" for name in ANSWERED}}
        for reason in form.questions
    ]
    return {"role": "ethics", "word": "approve", "ethics": "it is a light check", "answer": answers, **changed}


def test_the_record_says_that_it_was_registered_beforehand_and_what_selecting_yields(audited: Audited) -> None:
    assert audited.record.registrations.word == "before"
    assert len(audited.record.registrations.history) == 1
    held = audited.record.suitability
    assert held.lift is not None
    assert held.lift.low is not None
    assert held.lift.low < held.lift.value
    assert held.lift.value == pytest.approx(held.precision.value / held.base_rate.value)


def test_every_reason_is_asked_in_the_box_that_it_has_on_the_page_in_both_languages(form: ReviewForm) -> None:
    blocks = question_blocks(form.questions)
    assert sorted(one.id for block in blocks for one in block) == sorted(one.id for one in form.questions)
    assert all(len(block) == 1 for block in blocks if block[0].word == "refuse")
    assert len({(one.word, one.rule.partition(":")[0], one.attribute) for one in form.questions}) <= len(blocks)
    assert {reason.word for reason in form.questions} == {"refer", "refuse"}
    for language in ("en", "nl"):
        text = answers_template(form.uri, form.questions, measured=form.measured, language=language)
        content = tomllib.loads(text)
        assert [entry["reasons"] for entry in content["answer"]] == [[one.id for one in block] for block in blocks]
        assert all(len(block) == 1 or f"# {one.id}: " in text for block in blocks for one in block)
        assert all(entry[name] == "" for entry in content["answer"] for name in ANSWERED)
        assert re.search(r"\b1[.,]000\b", " ".join(text.split()))
        assert max(len(line) for line in text.splitlines()) <= 120


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"answer": [{"reasons": ["0" * 12], **dict.fromkeys(ANSWERED, "x")}]}, "is none of this audit"),
        ({"ethics": " "}, "ethics is empty"),
        ({"word": "reject", "ethics": "", "answer": []}, "who rejects says why"),
        ({"expires": date(2099, 1, 1)}, "not after"),
        ({"expires": date(2020, 1, 1)}, "expected a day after today"),
        ({"word": "maybe"}, "word"),
        ({"mood": "good"}, "this key is not known"),
    ],
)
def test_what_is_wrong_with_answers_is_said(
    audited: Audited, form: ReviewForm, changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        review(audited.uri, filled(form, **changed), key=audited.keys["mira"], project=audited.root)


def test_a_template_that_nobody_filled_in_is_told_all_that_is_lacking_at_once(
    audited: Audited, form: ReviewForm, tmp_path: Path
) -> None:
    file = tmp_path / "answers.toml"
    file.write_text(answers_template(form.uri, form.questions, measured=form.measured, language="nl"), "utf-8")
    with pytest.raises(InputError) as told:
        review(audited.uri, file, key=audited.keys["mira"], project=audited.root)
    said = str(told.value)
    assert all(part in said for part in ("word is empty", "ethics is empty", "aim, suitability, necessity"))
    assert all(reason.id in said for reason in form.questions)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_as_powershell_and_notepad_save_it_is_read(
    audited: Audited, form: ReviewForm, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "answers.toml"
    text = answers_template(form.uri, form.questions, measured=form.measured, language="nl")
    file.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    with pytest.raises(InputError, match="ethics is empty"):
        review(audited.uri, file, key=audited.keys["mira"], project=audited.root)


def test_a_quotation_mark_inside_a_text_is_told_how_to_write(
    audited: Audited, form: ReviewForm, tmp_path: Path
) -> None:
    file = tmp_path / "answers.toml"
    file.write_text('ethics = "she said "yes" to us"\n', encoding="utf-8")
    with pytest.raises(InputError, match="write a single one"):
        review(audited.uri, file, key=audited.keys["mira"], project=audited.root)


@pytest.mark.parametrize("field", ANSWERED)
def test_an_empty_field_is_refused_by_its_name(audited: Audited, form: ReviewForm, field: str) -> None:
    answers = filled(form)
    answers["answer"][0][field] = "  "
    with pytest.raises(InputError, match=f"{field} empty"):
        review(audited.uri, answers, key=audited.keys["mira"], project=audited.root)


def test_a_refusal_is_let_pass_in_so_many_words_or_not_at_all(audited: Audited, form: ReviewForm) -> None:
    answers = filled(form)
    for entry in answers["answer"]:
        entry["override"] = False
    with pytest.raises(InputError, match="override = true"):
        review(audited.uri, answers, key=audited.keys["mira"], project=audited.root)


@pytest.mark.parametrize(
    ("who", "changed", "told"),
    [
        ("ada", {}, "nobody reviews their own"),
        ("server", {"by": "ADA"}, "nobody reviews their own"),
        ("server", {}, "fill in by"),
        ("mira", {"by": "joost"}, "everyone signs for themselves"),
        ("mira", {"role": "finance"}, "and not as 'finance'"),
        ("ci", {}, "not to review with"),
    ],
)
def test_who_may_not_review_is_told_why(
    audited: Audited, form: ReviewForm, who: str, changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(EvidenceError, match=told):
        review(audited.uri, filled(form, **changed), key=audited.keys[who], project=audited.root)


def test_a_key_that_nobody_trusts_signs_nothing(audited: Audited, form: ReviewForm, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="not among the trusted keys"):
        review(audited.uri, filled(form), key=load_key(new_key("rogue", tmp_path)), project=audited.root)


def test_nothing_of_all_that_was_written(audited: Audited) -> None:
    tags = version_tags(open_store(audited.root), "talent", "1")
    assert not [key for key in tags if ".review." in key]
    assert open_ledger(ledger_address(audited.root)).entries("reviewed") == ()


def test_a_signed_review_opens_the_gate_and_its_override_is_read_on_the_page(
    audited: Audited, form: ReviewForm, tmp_path: Path
) -> None:
    answers = filled(form, dissent="one of us <b>doubts</b> it", conditions=["look again in May"])
    done = review(audited.uri, answers, key=audited.keys["mira"], project=audited.root)
    assert (done.review.by, done.review.signed_as, done.standing.word) == ("mira", "person", "open")
    assert {"open", "overridden"} <= {reason.rule for reason in done.standing.reasons}
    record = reviewed_record(audited.uri, project=audited.root)
    assert len(record.reviews) == 1
    assert all("drawn by lot" in answer.suitability for answer in record.reviews[0].answers)
    result = CliRunner().invoke(
        app, ["report", audited.uri, "--out", str(tmp_path / "out"), "--project", str(audited.root)]
    )
    assert result.exit_code == 0, result.output
    for language, said in (("en", "let pass what the policy refuses"), ("nl", "laat toe wat de regels weigeren")):
        page = (tmp_path / "out" / f"report.{language}.html").read_text(encoding="utf-8")
        assert f"mira {said}" in page
        assert "one of us &lt;b&gt;doubts&lt;/b&gt; it" in page
        assert "look again in May" in page
    (entry,) = open_ledger(ledger_address(audited.root)).entries("reviewed")
    assert (entry.content["by"], entry.content["word"]) == ("mira", "approve")


def test_the_signed_record_stays_as_it_was_and_the_copy_reads_back(audited: Audited, tmp_path: Path) -> None:
    record = reviewed_record(audited.uri, project=audited.root)
    again = type(record).from_dict(record.to_dict())
    assert again == record
    form = open_form(audited.uri, project=audited.root)
    assert form.record.reviews == ()
    assert form.audit.record_sha256 == open_form(audited.uri, project=audited.root).audit.record_sha256


def test_a_later_rejection_shuts_the_gate_from_the_command_line(audited: Audited, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text('{"word": "reject", "dissent": "we changed our minds"}', encoding="utf-8")
    result = CliRunner().invoke(
        app,
        [
            *("review", audited.uri, "--answers", str(file), "--key", audited.key_file("mira")),
            *("--project", str(audited.root)),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "mira (ethics) says reject" in result.output
    assert "The gate is shut." in result.output
    assert open_form(audited.uri, project=audited.root).standing.word == "shut"


def test_a_long_review_is_signed_in_parts_that_are_read_as_one(audited: Audited, form: ReviewForm) -> None:
    answers = filled(form, by="joost")
    for entry in answers["answer"]:
        entry["necessity"] = "because " * 5_000
    done = review(audited.uri, answers, key=audited.keys["server"], project=audited.root)
    assert done.parts > 1
    mine = [one for one in reviewed_record(audited.uri, project=audited.root).reviews if one.by == "joost"]
    assert [len(one.answers) for one in mine] == [len(form.questions)]
    assert mine[0].signed_as == "service"


def test_without_a_signed_audit_there_is_nothing_to_review_and_the_page_is_there_all_the_same(audited: Audited) -> None:
    pipeline = audited.root / "pipelines" / "talent"
    other = workflow.train(pipeline, project=audited.root, name="unsigned")
    with pytest.raises(EvidenceError, match="no audit record"):
        reviewed_record(other.uri, project=audited.root)
    choices = workflow.AuditChoices(pipeline=pipeline)
    done = workflow.audit_version(other.uri, project=audited.root, choices=choices)
    with pytest.raises(EvidenceError, match="no signed audit"):
        open_form(other.uri, project=audited.root)
    assert reviewed_record(other.uri, project=audited.root) == done.record


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is asked for by its POSIX name")
def test_in_a_terminal_each_question_is_asked_by_itself_and_an_empty_answer_is_asked_again(
    audited: Audited, form: ReviewForm
) -> None:
    import pty

    inside, outside = pty.openpty()
    fields = ["", *ANSWERED]  # the first empty answer is asked again
    typed = []
    for number, block in enumerate(question_blocks(form.questions)):
        typed += [f"mine: {name}" if name else "" for name in (fields if number == 0 else ANSWERED)]
        typed += ["y"] if block[0].word == "refuse" else []
    typed += ["approve", "again in May", "it is light", "nobody disagreed"]
    os.write(inside, ("\n".join(typed) + "\n").encode())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "igw_audit", "review", audited.uri),
            *("--key", audited.key_file("mira"), "--project", str(audited.root)),
        ],
        stdin=outside,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mira (ethics) says approve" in done.stdout
    latest = [one for one in reviewed_record(audited.uri, project=audited.root).reviews if one.by == "mira"][-1]
    assert latest.conditions == ("again in May",)
    assert latest.answers[0].aim == "mine: aim"
    assert latest.dissent == "nobody disagreed"
