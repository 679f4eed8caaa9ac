"""One written word -> a number, a flag or a date, or what to do about it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime

from numpy import datetime64

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_CURRENCY = r"(€|\$|£|EUR|USD)"
_MONEY = re.compile(
    rf"[+-]?\s*({_CURRENCY}\s*[+-]?\d[\d.,' \u00a0]*(,-)?|\d[\d.,' \u00a0]*({_CURRENCY}|,-))", re.IGNORECASE
)
_SHARE = re.compile(r"[+-]?\d+([.,]\d+)?\s*%")
_COMMA = re.compile(r"[+-]?(\d[\d.' \u00a0]*,\d*|,\d+|\d{1,3}(,\d{3})+(\.\d+)?)")
_SPACED = re.compile(r"[+-]?\d{1,3}([ \u00a0'.]\d{3})+([.]\d+)?")
_MISSING = re.compile(
    r"n\.?/?a\.?|null|none|nan|nat|missing|unknown|onbekend|n\.?v\.?t\.?|niet bekend|[-?.]+|#n/?a", re.IGNORECASE
)
_ISO_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.]\d{1,6})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?)?)?")
_OTHER_DATE = re.compile(r"\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4}(\s+\d{1,2}:\d{2}(:\d{2})?)?")
_DAY_NUMBER = re.compile(r"\d{5}(\.\d+)?")
_FLAGS: Mapping[str, float] = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
#: A number between these is a year where a date is expected.
_YEARS = (1800, 2999)

INFINITE_ADVICE = "no case has an infinite number; leave the cell empty where it is not known"
_NUMBER_ADVICE = (
    (_INFINITE, INFINITE_ADVICE),
    (_MISSING, 'leave the cell empty where the number is not known, or say in the schema: missing = ["NA"]'),
    (_MONEY, "write the bare number, without currency sign or thousands separator"),
    (_SHARE, "write the share as a number (0.25 for 25%)"),
    (_COMMA, "write a point for decimals and no thousands separator (1234.5)"),
    (_SPACED, "write the bare number, without thousands separator (1234567.5)"),
)
_DATE_ADVICE = (
    (_MISSING, "leave the cell empty where the date is not known"),
    (
        _DAY_NUMBER,
        "this is a spreadsheet's day number; format the column as a date before saving, and write 2026-11-23",
    ),
)


def number_of(word: str) -> tuple[float, str | None]:
    """Read a number; the second is what to do about a word that is none."""
    if _NUMBER.fullmatch(word):
        number = float(word)
        return number, None if math.isfinite(number) else INFINITE_ADVICE
    advice = (advice for form, advice in _NUMBER_ADVICE if form.fullmatch(word))
    return math.nan, next(advice, 'correct the cell, or give the column type = "category" if it holds words or codes')


def flag_of(word: str) -> tuple[float, str | None]:
    """Read a flag: 0 or 1, true or false."""
    found = _FLAGS.get(word.lower())
    return (math.nan, "write 1 for yes and 0 for no") if found is None else (found, None)


def date_of(word: str, date_format: str | None) -> tuple[datetime | datetime64, str | None]:
    """Read a day or moment, in ISO form or the one given; of a moment with a zone, what the clock there said."""
    nothing = datetime64("NaT")
    try:
        if date_format is not None:
            return _clock(datetime.strptime(word, date_format)), None
        if _ISO_DATE.fullmatch(word):
            whole = word if len(word) > 7 else f"{word}-01-01"[:10]
            moment = _clock(datetime.fromisoformat(re.sub(r"\s(?=Z|[+-]\d\d)", "", whole)))
            if len(word) > 4 or _YEARS[0] <= moment.year <= _YEARS[1]:
                return moment, None
    except ValueError:
        if date_format is not None:
            return nothing, f"the schema says that it is written as {date_format!r}; correct the cell or the format"
        return nothing, "there is no such day or time; correct it"
    if _OTHER_DATE.fullmatch(word):
        day_first, month_first = date_formats(word)
        return nothing, (
            f'write it as 2026-11-23, or say how it is written in the schema: format = "{day_first}" if the day comes '
            f'first, "{month_first}" if the month does'
        )
    advice = (advice for form, advice in _DATE_ADVICE if form.fullmatch(word))
    return nothing, next(advice, "write it as 2026-11-23 (or 2026-11-23 14:05, or a year)")


def date_formats(word: str) -> tuple[str, str]:
    """Give the two forms that a date written for people may have: day first, month first.

    >>> date_formats("3/28/2005 0:00:00")
    ('%d/%m/%Y %H:%M:%S', '%m/%d/%Y %H:%M:%S')
    """
    day, *_ = word.split(":", maxsplit=1)[0].rsplit(" ", 1) if ":" in word else (word,)
    marks = re.findall(r"[-/. ]", day)
    year = "%Y" if len(day.rsplit(marks[1], 1)[1]) == 4 else "%y"
    month = "%b" if re.search(r"[A-Za-z]{3}", day) else "%m"
    month = "%B" if re.search(r"[A-Za-z]{4}", day) else month
    time = {0: "", 1: " %H:%M", 2: " %H:%M:%S"}[word.count(":")]
    first, second = marks[:2]
    return f"%d{first}{month}{second}{year}{time}", f"{month}{first}%d{second}{year}{time}"


def like_missing(word: str) -> bool:
    """Tell whether a word only says that nothing is known."""
    return bool(_MISSING.fullmatch(word))


def like_number(word: str) -> bool:
    """Tell whether a word is a number, if need be as people write one."""
    return any(form.fullmatch(word) for form in (_NUMBER, _INFINITE, _MONEY, _SHARE, _COMMA, _SPACED))


def like_date(word: str) -> bool:
    """Tell whether a word is a day, if need be as people write one; a bare year is a number, 2026-11 may be a code."""
    return bool((len(word) >= 10 and _ISO_DATE.fullmatch(word)) or _OTHER_DATE.fullmatch(word))


def like_code(word: str) -> bool:
    """Tell whether a word has a leading zero, as codes do and numbers do not."""
    return bool(re.match(r"[+-]?0\d", word)) and not _OTHER_DATE.fullmatch(word)


def _clock(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
