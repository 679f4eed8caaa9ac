"""CSV as people have it: any of four separators, quoted or not, with or without a byte-order mark."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from igw_audit.intake.rows import Rows, listed, quoted

SEPARATORS = (",", ";", "\t", "|")
#: How much of a file is looked at to find its separator.
_HEAD = 65_536
_BLOCK = 1 << 24
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvContent:
    """A CSV file as text columns, before anything is typed; ``problems`` hold what could not be read."""

    names: tuple[str, ...]
    table: pa.Table
    rows: Rows
    problems: tuple[str, ...]


class UnreadableCsv(ValueError):
    """The file cannot be taken apart into columns at all; the message is the problem's sentence."""


def read_csv(content: bytes, *, expected: Collection[str], encoding: str | None, show: bool) -> CsvContent:
    """Take a CSV file apart into text columns named ``f0, f1, ...`` beside the header's own names.

    Parameters
    ----------
    content : bytes
        The whole file.
    expected : collection of str
        Column names that the header should hold; they tell a separator from a decimal comma.
    encoding : str or None
        The file's encoding where it is not UTF-8.
    show : bool
        Whether a message may quote what stands in the file.
    """
    data = _utf8(content, encoding=encoding, show=show)
    start, separator = _beginning(data)
    head = data[start : start + _HEAD].decode("utf-8", errors="ignore")
    separator = separator or _separator(head, expected)
    header = next(csv.reader(io.StringIO(head, newline=""), delimiter=separator), [])
    names = tuple(name.strip() for name in header)
    if not any(names):
        raise UnreadableCsv("the file is empty; expected a header row with the column names, then one row a case")
    above = data[:start].count(b"\n")
    table, ragged = _parsed(data[start:], separator, len(names))
    problems = _open_quote(data[start:], separator, above)
    if ragged and not problems:
        problems = [_ragged_sentence(ragged, above=above, separator=separator, expected=len(names))]
    blank = _blank(table)
    lost = [number for number, _ in ragged]
    kept = table.filter(pa.array(~blank)) if blank.any() else table
    # a record that was left out by the parser moves every later one up
    seen = Rows(first=2 + above, left_out=np.array(sorted(lost), dtype=np.int64) + above)
    left_out = np.sort(np.concatenate([seen.left_out, seen.seen(np.flatnonzero(blank))]))
    return CsvContent(names=names, table=kept, rows=Rows(first=2 + above, left_out=left_out), problems=tuple(problems))


def _utf8(content: bytes, *, encoding: str | None, show: bool) -> bytes:
    if encoding is not None:
        try:
            return content.decode(encoding).removeprefix("\ufeff").encode()
        except LookupError:
            raise UnreadableCsv(
                f'encoding {encoding!r} is not known; common ones are "utf-8", "windows-1252" and "utf-16"'
            ) from None
        except UnicodeError:
            raise UnreadableCsv(
                f"the file is not written in encoding {encoding!r}; remove encoding from the schema if it is UTF-8, or "
                "save the file as UTF-8"
            ) from None
    for mark, name in _BOMS:
        if content.startswith(mark):
            raise UnreadableCsv(
                f'the file is {name.upper()} text, expected UTF-8; save it as "CSV UTF-8", or say encoding = "{name}"'
            )
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\x00" in content:
        raise UnreadableCsv("the file holds NUL bytes, so it is no CSV text; save the table as CSV UTF-8 or Parquet")
    try:
        content.decode()
    except UnicodeDecodeError:
        raise UnreadableCsv(_not_utf8(content, show=show)) from None
    return content


def _not_utf8(content: bytes, *, show: bool) -> str:
    rows, words = [], []
    for number, line in enumerate(content.splitlines(), 1):
        text = line.decode("utf-8", errors="replace")
        if "\ufffd" in text:
            rows.append(number)
            words.append(next(word for word in re.split(r'[\s,;|"]+', text) if "\ufffd" in word))
    where = f"row{'s' if len(rows) > 1 else ''} {listed_numbers(rows)}"
    example = f" (for example {quoted(words[0])})" if show else ""
    return (
        f"the file is not UTF-8 text: {where} hold{'s' if len(rows) == 1 else ''} bytes that are no UTF-8{example}. "
        'Save it as "CSV UTF-8", or say which encoding an older program gave it: encoding = "windows-1252" is '
        "the usual one"
    )


def listed_numbers(numbers: list[int]) -> str:
    """Say ``3, 9 and 37 more``."""
    return listed([str(number) for number in numbers], most=5).replace("'", "")


def _beginning(data: bytes) -> tuple[int, str | None]:
    """Find where the header starts, past blank lines and a spreadsheet's ``sep=;``."""
    start = len(data) - len(data.lstrip(b"\r\n \t")) if data[:1] in b"\r\n" else 0
    line = data[start : start + 16].split(b"\n")[0].strip(b'\r"')
    if line.startswith(b"sep=") and len(line) == 5:
        return data.index(b"\n", start) + 1 if b"\n" in data else len(data), line[4:].decode("utf-8", errors="replace")
    return start, None


def _separator(head: str, expected: Collection[str]) -> str:
    """Choose the separator under which the header holds most expected names, then the one that rows agree on."""

    def agreement(separator: str) -> tuple[int, float, int]:
        records = list(csv.reader(io.StringIO(head, newline=""), delimiter=separator))[:50]
        header = [name.strip() for name in records[0]] if records else []
        whole = [record for record in (records[1:-1] or records[1:]) if record]
        agreeing = sum(len(record) == len(header) for record in whole) / max(1, len(whole))
        return len(set(header) & set(expected)), agreeing if len(header) > 1 else 0.0, len(header)

    return max(SEPARATORS, key=agreement)


def _parsed(data: bytes, separator: str, width: int) -> tuple[pa.Table, list[tuple[int, int]]]:
    """Parse in parallel; only where rows are ragged once more in one thread, which alone knows their numbers."""
    for threads in (True, False):
        ragged: list[tuple[int, int]] = []

        def note(row: arrow_csv.InvalidRow, ragged: list[tuple[int, int]] = ragged) -> str:
            ragged.append((row.number or 0, row.actual_columns))
            return "skip"

        names = [f"f{position}" for position in range(width)]
        table = arrow_csv.read_csv(
            io.BytesIO(data if data.endswith(b"\n") else data + b"\n"),
            # one block where a record could be longer than a block
            read_options=arrow_csv.ReadOptions(
                use_threads=threads, column_names=names, skip_rows=0, block_size=_BLOCK if threads else len(data) + 2
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
        if not ragged:
            break
    return table.slice(1), ragged


def _blank(table: pa.Table) -> np.ndarray:
    blank = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        blank &= column.is_null().to_numpy(zero_copy_only=False) if column.null_count else np.False_
        if not blank.any():
            break
    return blank


def _ragged_sentence(ragged: list[tuple[int, int]], *, above: int, separator: str, expected: int) -> str:
    counts = Counter(found for _, found in ragged)
    found = " or ".join(str(count) for count in sorted(counts))
    rows = [number + above for number, _ in ragged]
    place, verb = ("row", "holds") if len(rows) == 1 else ("rows", "hold")
    name = {"\t": "tab"}.get(separator, repr(separator))
    return (
        f"{place} {listed_numbers(rows)} {verb} {found} cells where the header has {expected} columns (cells are "
        f"separated by {name}); put a cell that holds the separator itself in quotation marks, "
        "and give every row all its cells"
    )


def _open_quote(data: bytes, separator: str, above: int) -> list[str]:
    # a file whose quotes are all closed holds an even number of them
    if data.count(b'"') % 2 == 0:
        return []
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, _ in enumerate(reader, 1):  # noqa: B007 - the number of the last whole record is what counts
            pass
    except csv.Error as error:
        # the second is what a quotation mark that swallows more than 128 KiB leads to
        if "unexpected end" in str(error) or "field larger" in str(error):
            return [
                f"row {number + 1 + above} opens a quotation mark that is never closed, so everything after it is one "
                "cell; close it, or write a quotation mark inside a cell twice"
            ]
    return []
