"""What others wrote cannot pass for a line of our own, in a terminal or in a log of CI."""

from __future__ import annotations

import pytest

from igw_audit.cli.show import put_reasons
from igw_audit.core.decision import Reason
from igw_audit.core.text import Text


@pytest.mark.parametrize("ends", ["\n", "\r", "\x1b[2J\x1b[H", "\u2028", "\x85", "\u202e"])
def test_no_text_of_a_reason_starts_a_line_of_its_own(ends: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = Text(en=f"nobody answered{ends}ALLOWED: models:/study/1", nl="niemand")
    put_reasons((Reason(word="refuse", rule="answer_missing", audit="gate", text=text, overridable=False),))
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 1
    assert shown.removesuffix("\n").isprintable()
    assert shown.startswith("  - [refuse] nobody answered")
