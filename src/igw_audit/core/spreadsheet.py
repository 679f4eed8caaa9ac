"""Text in a file that people open in a spreadsheet, which takes some of it for a formula and runs it."""

from __future__ import annotations

import re
import unicodedata

from igw_audit.core.foreign import visible

#: What starts a formula, at the beginning of a cell; wide forms count after normalisation.
_FORMULA = frozenset("=+-@")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_QUOTE = "'"


def spreadsheet_text(text: str) -> str:
    """Return a text cell that a spreadsheet shows and never computes: a formula gets an apostrophe before it.

    A plain number stays as it is. Controls are spelled out, as everywhere. ``text_of_spreadsheet`` undoes the
    apostrophe, also where the text had one of its own.

    >>> [spreadsheet_text(one) for one in ("A-17", "-17", "=1+1", " @SUM(A1)", "'=1")]
    ['A-17', '-17', "'=1+1", "' @SUM(A1)", "''=1"]

    References
    ----------
    OWASP, CSV Injection.
    """
    shown = visible(text, one_line=True)
    return _QUOTE + shown if _is_formula(shown) else shown


def text_of_spreadsheet(cell: str) -> str:
    """Return the text of a cell that ``spreadsheet_text`` wrote (controls stay spelled out).

    >>> [text_of_spreadsheet(one) for one in ("A-17", "'=1+1", "''=1", "'s-Gravenhage")]
    ['A-17', '=1+1', "'=1", "'s-Gravenhage"]
    """
    return cell[1:] if cell.startswith(_QUOTE) and _is_formula(cell[1:]) else cell


def _is_formula(text: str) -> bool:
    if _NUMBER.fullmatch(text):
        return False
    begins = next((one for one in text.lstrip(_QUOTE) if not one.isspace()), "")
    return unicodedata.normalize("NFKC", begins)[:1] in _FORMULA if begins else False
