"""Text that somebody else wrote, so that it shows what it is: no control is obeyed, and none vanishes.

Names of groups, features, models and runs, and what people write in dossiers and reviews, reach terminals, pages and
spreadsheets. A control in them could move the cursor, paint over another line, or turn what follows round.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from igw_audit.core.lookalike import is_invisible

#: Marks around a foreign text inside one of our sentences, until the sentence leaves: noncharacters, which Unicode
#: keeps for use within a program, so that no text that is exchanged holds them.
OPEN, CLOSE = "\ufdd0", "\ufdd1"
_LAYOUT = "\n\t"
#: Line and paragraph separators, and halves of a character that no file can hold.
_ALSO_HOSTILE = frozenset({"Zl", "Zp", "Cs"})
#: They join letters of Arabic and Indic scripts, and the parts of emoji; between others they only hide.
_JOINERS = "\u200c\u200d"
#: Letters that are written from right to left, their digits and points, and the controls of direction.
TURNING = (
    "\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefe"
    "\U00010800-\U00010fff\U0001e800-\U0001efff"
)
_TURNS = re.compile(f"[{TURNING}]")


def visible(text: str, *, one_line: bool = False) -> str:
    r"""Return a text with every control and invisible character spelled out as ``<U+...>``.

    Line breaks and tabs stay, unless ``one_line``; a break of two characters becomes one.

    >>> visible("Syria\u202e 13%\x1b[2J")
    'Syria<U+202E> 13%<U+001B>[2J'
    >>> visible("first\nsecond", one_line=True)
    'first<U+000A>second'
    """
    return _replaced(text.replace("\r\n", "\n"), _code, "" if one_line else _LAYOUT)


def visible_json(text: str) -> str:
    r"""Return JSON text with the same characters written as JSON's own escapes, so that it still says the same.

    >>> visible_json('{"group": "\u202ea"}') == '{"group": "\\u202ea"}'
    True
    """
    return _replaced(text, _json_escape, _LAYOUT)


def toml_string(text: str) -> str:
    r"""Return a text as TOML writes it between quotation marks, with controls as TOML's own escapes.

    >>> toml_string('a"\u202e\U000e0041')
    '"a\\"\\u202e\\U000e0041"'
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_replaced(escaped, _toml_escape, "")}"'


def isolated(name: str) -> str:
    """Return a name marked as one piece, where it could turn round the sentence that it stands in; else as it is."""
    if name.isascii() or not _TURNS.search(name):
        return name
    return f"{OPEN}{without_marks(name)}{CLOSE}"


def without_marks(text: str) -> str:
    """Return a text without the marks of ``isolated``, for what measures, sorts or cuts it."""
    return text.replace(OPEN, "").replace(CLOSE, "")


def _replaced(text: str, written: Callable[[str], str], kept: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        written(one) if one not in kept and _hostile(text, place, one) else one for place, one in enumerate(text)
    )


def _hostile(text: str, place: int, character: str) -> bool:
    if character.isascii():
        return not character.isprintable()
    if character in _JOINERS:
        around = text[max(0, place - 1) : place + 2]
        return len(around) < 3 or around[0].isascii() or around[2].isascii()
    if "\ufe00" <= character <= "\ufe0f":
        # chooses between two pictures of the character before it
        return False
    return is_invisible(character) or unicodedata.category(character) in _ALSO_HOSTILE


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


def _toml_escape(character: str) -> str:
    number = ord(character)
    return f"\\U{number:08x}" if number > 0xFFFF else f"\\u{number:04x}"


def _code(character: str) -> str:
    return f"<U+{ord(character):04X}>"
