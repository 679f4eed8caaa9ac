"""Canonical forms: the same content has the same bytes and the same hash, whatever order it came in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igw_audit.core.cells import cells_of, texts_of

if TYPE_CHECKING:
    import pandas as pd


def canonical_json(content: object) -> str:
    """Write JSON with sorted keys, no spaces, and neither NaN nor infinity.

    >>> canonical_json({"b": 1, "a": [1.5, None]})
    '{"a":[1.5,null],"b":1}'
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of_json(content: object) -> str:
    """Hash the canonical JSON of ``content``."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_frame(
    frame: pd.DataFrame, *, kinds: Mapping[str, str] | None = None, exact: Mapping[str, Any] | None = None
) -> str:
    """Hash a table by content: other content has another hash, and neither order nor file format matters.

    Every cell counts with its type: true, 1 and "1" differ, as do a missing cell and an empty text, or two whole
    numbers or moments that a 64-bit float or a microsecond cannot tell apart. Whole numbers and floats of one value
    do not differ, for a column of whole numbers becomes one of floats as soon as a cell is missing.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table with the case id as its index.
    kinds : mapping of str to str, optional
        Columns that say less of themselves than is known: ``{"urgent": "flag"}`` for 0.0 and 1.0 that mean no and yes.
    exact : mapping of str to array, optional
        For a column whose cells were rounded when they were typed: the text of those cells, None for the others; in the
        order of ``frame``.
    """
    import numpy as np
    import pandas as pd

    index = pd.Series(frame.index.to_flat_index() if frame.index.nlevels > 1 else frame.index)
    order = np.argsort(index.astype(str).to_numpy(dtype=object), kind="stable")
    columns = [_column_digest("", index, order, kind=None, exact=None)]
    for position, name in enumerate(frame.columns):
        columns.append(
            _column_digest(
                f"{type(name).__name__} {name}",
                frame.iloc[:, position],
                order,
                kind=(kinds or {}).get(str(name)),
                exact=(exact or {}).get(str(name)),
            )
        )
    # each column's own digest, so that nothing in one can pass for the beginning of another
    return hashlib.sha256(f"{len(frame)}\n".encode() + b"".join(sorted(columns))).hexdigest()


def _column_digest(name: str, values: pd.Series, order: Any, *, kind: str | None, exact: Any) -> bytes:
    digest = hashlib.sha256()
    called = name.encode("utf-8", errors="surrogatepass")
    digest.update(f"{len(called)}\n".encode() + called)
    cells = cells_of(values)
    digest.update(f"\n{cells.kind if kind is None or cells.kind == 'empty' else kind}\n".encode())
    for piece in cells.pieces(order):
        digest.update(piece)
    if exact is not None:
        digest.update(b"exact\n")
        for piece in texts_of(exact).pieces(order):
            digest.update(piece)
    return digest.digest()
