"""Which keys read as one of ours, whatever letters they are written in."""

from __future__ import annotations

import pytest

from igw_audit.evidence.tags import in_our_name


@pytest.mark.parametrize(
    "key",
    [
        *("igw", "igw.decision", "IGW/decision", "\u0131gw_decision", "lgw.decision", "1gw.decision", "|gw"),
        *("\u0130GW.decision", "\u00edgw.decision", "igw\u30fcdecision", "\u02c8igw.decision", "\u01c0gw", "\u217cgw"),
        *("\u1ecbgw.x", "\u012fgw", "i\u011fw", "i\u01e4w", "igvv", "iqw", "\u0640igw", "\u02bcigw", "igw\u4e00x"),
    ],
)
def test_a_key_in_letters_that_look_like_ours_is_in_our_name(key: str) -> None:
    assert in_our_name(key)


@pytest.mark.parametrize("key", ["igwas", "mlflow.user", "note.1", "signal", "team.igw", "log.x", "weight", "iguana"])
def test_any_other_key_is_free(key: str) -> None:
    assert not in_our_name(key)
