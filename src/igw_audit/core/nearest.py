"""The nearest known word to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give ``did you mean 'x'?`` for the nearest known word, else the list of known words."""
    words = list(known)
    lowered = {candidate.lower(): candidate for candidate in reversed(words)}
    near = difflib.get_close_matches(word.lower().strip(), list(lowered), n=1)
    return f"did you mean {lowered[near[0]]!r}?" if near else f"expected one of {', '.join(words)}"
