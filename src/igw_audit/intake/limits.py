"""How much of a table is taken: what is declared is looked at before anything is unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from igw_audit.core.limits import CELL, COLUMNS, MEGABYTE, TABLE
from igw_audit.errors import InputError

#: Rows that are unpacked at a time: a short dictionary can stand for a very long column.
_ROWS = 4096
#: What the description of a Parquet file may hold, before it is read.
_FOOTER_BYTES = 64 * MEGABYTE
_FOOTER_PARTS = 2_000_000


def check_csv(content: bytes, *, subject: str) -> None:
    """Refuse a CSV text with a line that no table has: a cell beyond the limit, times the number of columns."""
    longest, start = CELL.value * 1024, 0
    # only a stretch as long as the limit without any break is looked at closely
    while start + longest < len(content):
        broken = content.rfind(b"\n", start, start + longest)
        if broken < 0:
            _check_cells(content[start : start + longest + 1], subject)
            broken = start + longest
        start = broken + 1


def _check_cells(part: bytes, subject: str) -> None:
    if not any(separator in part for separator in (b",", b";", b"\t", b"|")):
        raise InputError(subject, [CELL.exceeded(f"a cell is longer than {CELL.value:,} kilobytes")])


def check_columns(names: Sequence[str], *, subject: str) -> None:
    """Refuse a table with more columns than any real one has."""
    if len(names) > COLUMNS.value:
        raise InputError(subject, [COLUMNS.exceeded(f"the table has {len(names):,} columns")])


def open_parquet(path: Path, *, subject: str) -> pq.ParquetFile:
    """Open a Parquet file whose description says that it is not larger than the limits.

    Raises
    ------
    InputError
        If it declares more columns, or more bytes when unpacked, than the limits.
    """
    file = pq.ParquetFile(path, thrift_string_size_limit=_FOOTER_BYTES, thrift_container_size_limit=_FOOTER_PARTS)
    try:
        check_columns(file.schema_arrow.names, subject=subject)
        declared = sum(file.metadata.row_group(number).total_byte_size for number in range(file.num_row_groups))
        if declared > TABLE.value * MEGABYTE or declared < 0:
            raise InputError(subject, [TABLE.exceeded(f"the file unpacks to {declared / MEGABYTE:,.0f} megabytes")])
    except BaseException:
        file.close()
        raise
    return file


def read_parquet(path: Path, names: Sequence[str], *, subject: str) -> pa.Table:
    """Return columns of a Parquet file, and stop where they grow beyond the limit, whatever the file declared."""
    largest, held = TABLE.value * MEGABYTE, 0
    batches: list[pa.RecordBatch] = []
    with open_parquet(path, subject=subject) as file:
        schema = pa.schema([field for field in file.schema_arrow if field.name in set(names)])
        for batch in file.iter_batches(batch_size=_ROWS, columns=list(dict.fromkeys(names))):
            held += batch.nbytes
            if held > largest:
                raise InputError(subject, [TABLE.exceeded(f"the file unpacks to more than {TABLE.value:,} megabytes")])
            batches.append(batch)
    table = pa.Table.from_batches(batches) if batches else schema.empty_table()
    # texts that are no UTF-8 would be found in the middle of an audit
    table.validate(full=True)
    return table
