"""Every word that the gate, a bundle or the ledger can say is explained, and so is every variable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from igw_audit.evidence import keys, ledger, ledger_check, trust
from igw_audit.evidence.entries import KINDS
from igw_audit.evidence.trust import TrustedKey
from igw_audit.evidence.words import WORDS

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def words_of(page: str) -> set[str]:
    text = re.sub(r"```.*?```", "", (REFERENCE / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return set(re.findall(r"`([^`]+)`", text))


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_the_gate_is_explained(word: str) -> None:
    assert word in words_of("evidence.md")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_entry_is_explained(kind: str) -> None:
    assert kind in words_of("ledger.md")


def test_every_problem_of_a_ledger_is_explained() -> None:
    said = set(re.findall(r"``(\w+)``", ledger_check.Problem.__doc__ or ""))
    assert len(said) > 10
    assert said <= words_of("ledger.md")


@pytest.mark.parametrize("name", sorted(TrustedKey.model_fields))
def test_every_key_of_a_trusted_key_is_explained(name: str) -> None:
    assert name in words_of("keys.md")


def test_every_variable_is_explained() -> None:
    names = {keys.KEYS_FOLDER, keys.KEY_FILE, keys.PASSPHRASE_FILE, trust.TRUSTED_KEYS}
    assert names <= words_of("keys.md")
    assert ledger.LEDGER in words_of("ledger.md")
