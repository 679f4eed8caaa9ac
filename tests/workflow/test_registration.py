"""Plan and policy are registered before results; what comes after is told, with what changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from igw_audit.errors import InputError
from igw_audit.evidence.keys import load_key, new_key
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.registered import tightened_policies
from igw_audit.workflow.registration import Settled, note_result, preregister, read_settled, registrations_of

ROOT = Path(__file__).resolve().parents[2]
CASES, OTHER = "c" * 64, "d" * 64


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "audits" / "talent", tmp_path / "audits" / "talent")
    return tmp_path / "audits" / "talent"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def looked(settled: Settled, root: Path, cases: str = CASES) -> str:
    return registrations_of(settled, cases_sha256=cases, project=root).word


def test_what_was_registered_before_the_first_result_counts_as_such_for_ever(pilot: Path, tmp_path: Path) -> None:
    done = preregister(pilot, project=tmp_path, by="dana")
    settled = read_settled(pilot)
    assert (done.number, done.new, done.registration.by) == (1, True, "dana")
    assert looked(settled, tmp_path) == "before"
    note_result("models:/talent/1", settled, cases_sha256=CASES, project=tmp_path)
    assert looked(settled, tmp_path) == "before"


def test_nothing_registered_is_never_and_registered_too_late_is_after(pilot: Path, tmp_path: Path) -> None:
    settled = read_settled(pilot)
    assert looked(settled, tmp_path) == "never"
    note_result("models:/talent/1", settled, cases_sha256=CASES, project=tmp_path)
    preregister(pilot, project=tmp_path)
    late = registrations_of(settled, cases_sha256=CASES, project=tmp_path)
    assert (late.word, bool(late.first_result)) == ("after", True)
    assert looked(settled, tmp_path, cases=OTHER) == "before"


def test_a_changed_plan_after_a_result_is_a_third_plan_with_what_changed(pilot: Path, tmp_path: Path) -> None:
    preregister(pilot, project=tmp_path, by="dana")
    change(pilot / "plan.toml", "capacity = 0.20", "capacity = 0.10")
    preregister(pilot, project=tmp_path, by="dana")
    note_result("models:/talent/1", read_settled(pilot), cases_sha256=CASES, project=tmp_path)
    change(pilot / "plan.toml", "seed = 0", "seed = 4")
    change(pilot / "dossier.toml", "pilot lead", "pilot leader")
    third = preregister(pilot, project=tmp_path, by="noor")
    assert third.number == 3
    assert [text.en for text in third.registration.changed] == ["seed: 0 became 4", "the dossier: other words"]
    held = registrations_of(read_settled(pilot), cases_sha256=CASES, project=tmp_path)
    assert held.word == "after"
    assert [len(one.changed) for one in held.history] == [0, 1, 2]
    assert held.history[1].changed[0].nl == "capacity: 0.2 werd 0.1"
    assert held.entry == held.history[2].entry


def test_of_several_registered_beforehand_only_the_last_is_in_force(pilot: Path, tmp_path: Path) -> None:
    first = read_settled(pilot)
    preregister(pilot, project=tmp_path)
    change(pilot / "plan.toml", "capacity = 0.20", "capacity = 0.10")
    preregister(pilot, project=tmp_path)
    second = read_settled(pilot)
    assert (looked(first, tmp_path), looked(second, tmp_path)) == ("replaced", "before")
    note_result("models:/talent/1", second, cases_sha256=CASES, project=tmp_path)
    change(pilot / "plan.toml", "capacity = 0.10", "capacity = 0.20")
    preregister(pilot, project=tmp_path)
    assert (looked(first, tmp_path), looked(second, tmp_path)) == ("replaced", "before")
    assert looked(first, tmp_path, cases=OTHER) == "before"


def test_a_dossier_that_is_completed_replaces_no_plan(pilot: Path, tmp_path: Path) -> None:
    preregister(pilot, project=tmp_path)
    change(pilot / "dossier.toml", "pilot lead", "pilot leader")
    preregister(pilot, project=tmp_path)
    assert looked(read_settled(pilot), tmp_path) == "before"


def test_the_same_files_are_registered_once(pilot: Path, tmp_path: Path) -> None:
    first, again = preregister(pilot, project=tmp_path), preregister(pilot, project=tmp_path)
    assert (again.new, again.registration.entry) == (False, first.registration.entry)
    assert len(open_ledger(ledger_address(tmp_path)).entries()) == 1


def test_a_stricter_policy_says_which_ones_it_tightens_until_somebody_goes_back(pilot: Path, tmp_path: Path) -> None:
    loose = read_settled(pilot).policy.sha256()
    preregister(pilot, project=tmp_path)
    change(pilot / "policy.toml", "valid_days = 365", "valid_days = 100")
    done = preregister(pilot, project=tmp_path)
    assert done.tightens == (loose,)
    ledger = open_ledger(ledger_address(tmp_path))
    assert tightened_policies(ledger.entries()) == {loose}
    change(pilot / "policy.toml", "valid_days = 100", "valid_days = 365")
    preregister(pilot, project=tmp_path)
    assert tightened_policies(ledger.entries()) == {loose}, "nobody signed for going back"
    key = load_key(new_key("dana", tmp_path / "keys"))
    assert preregister(pilot, project=tmp_path, key=key).new
    assert tightened_policies(ledger.entries()) == frozenset()
    assert not preregister(pilot, project=tmp_path, key=key).new


def test_another_wording_tightens_nothing(pilot: Path, tmp_path: Path) -> None:
    preregister(pilot, project=tmp_path)
    change(pilot / "policy.toml", "At most a quarter more", "No more than a quarter more")
    done = preregister(pilot, project=tmp_path)
    assert done.tightens == ()
    assert [text.en for text in done.registration.changed] == ["limits.selection-ratio.rationale: other words"]


def test_a_registration_is_signed_when_a_key_is_given(pilot: Path, tmp_path: Path) -> None:
    key = load_key(new_key("dana", tmp_path / "keys"))
    assert preregister(pilot, project=tmp_path, key=key).registration.signed_by == key.keyid
    assert open_ledger(ledger_address(tmp_path)).verify() == ()


def test_pilots_do_not_answer_for_one_another(pilot: Path, tmp_path: Path) -> None:
    preregister(pilot, project=tmp_path)
    assert looked(replace(read_settled(pilot), pilot="study"), tmp_path) == "never"


def test_a_result_is_noted_once(pilot: Path, tmp_path: Path) -> None:
    for _ in range(3):
        note_result("models:/talent/1", read_settled(pilot), cases_sha256=CASES, project=tmp_path)
    assert len(open_ledger(ledger_address(tmp_path)).entries("measured")) == 1


def test_a_folder_without_a_plan_is_an_error_that_says_which_folder_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="audits/study"):
        preregister(tmp_path, project=tmp_path)
