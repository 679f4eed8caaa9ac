"""Use cases about tables: synthetic pilots, a first schema, keeping protected columns apart, the funnel from counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from igw_audit.audits.funnel import funnel as measure_funnel
from igw_audit.core.aggregate import FunnelTable
from igw_audit.core.whole import write_file_whole
from igw_audit.intake import infer_schema, read_counts, separate_columns
from igw_audit.intake.synthetic import synthesize as make_pilot
from igw_audit.intake.synthetic import write as write_pilot


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesized:
    """A folder of synthetic cases."""

    folder: Path
    rows: int
    files: tuple[str, ...]


def synthesize(pilot: str, *, n: int, seed: int, scenario: str, out: str | Path) -> Synthesized:
    """Make synthetic cases of a pilot and write them, whole or not at all, with the truth beside them."""
    made = make_pilot(pilot, n=n, seed=seed, scenario=scenario)
    folder = write_pilot(made, Path(out))
    return Synthesized(folder=folder, rows=len(made.cases), files=tuple(sorted(path.name for path in folder.iterdir())))


def propose_schema(table: str | Path, *, out: str | Path | None = None) -> str:
    """Propose a schema for a table as TOML text; with ``out`` also write it, unless a file is there already."""
    from igw_audit.errors import InputError

    if out is not None and Path(out).exists():
        raise InputError(str(out), ["this file exists already; name another, or remove it first"])
    text = infer_schema(Path(table))
    if out is not None:
        write_file_whole(Path(out), _writer(text))
    return text


def _writer(text: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8")

    return write


@dataclass(frozen=True, slots=True, kw_only=True)
class Separated:
    """Two files that are joined by id inside an audit and nowhere else."""

    cases: Path
    protected: Path
    rows: int


def separate(
    table: str | Path, *, id_column: str, protected: Sequence[str], out: str | Path, encoding: str | None = None
) -> Separated:
    """Split a table into cases without protected columns and a protected table with the ids."""
    cases, apart = separate_columns(Path(table), id_column=id_column, protected=tuple(protected), encoding=encoding)
    folder = Path(out)
    return Separated(
        cases=write_file_whole(folder / "cases.parquet", cases.to_parquet, private=True),
        protected=write_file_whole(folder / "protected.parquet", apart.to_parquet, private=True),
        rows=len(cases),
    )


def funnel(
    counts: str | Path,
    *,
    reference: str,
    rounded_to: int = 1,
    suppressed_below: int = 0,
    out: str | Path | None = None,
) -> FunnelTable:
    """Compare groups step by step from counts alone.

    Parameters
    ----------
    counts : path
        CSV with columns step, of, group, count and optionally cells; see docs/how-to/funnel-from-counts.md.
    reference : str
        The group that every other one is compared with.
    rounded_to : int
        Counts are rounded to a multiple of this; 1 is exact.
    suppressed_below : int
        Counts below this were withheld, as an empty cell or a zero; 0 means none were.
    out : path, optional
        Also write a page here.

    Raises
    ------
    InputError
        With every problem of the file, by row and column.
    """
    table = measure_funnel(
        read_counts(Path(counts), rounded_to=rounded_to, suppressed_below=suppressed_below), reference=reference
    )
    if out is not None:
        from igw_audit.report import funnel_page

        page = funnel_page(table)
        write_file_whole(Path(out), _writer(page))
    return table
