"""Canonical forms: the same content has the same bytes and the same hash, whatever order it came in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

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


def sha256_of_frame(frame: pd.DataFrame) -> str:
    """Hash a table by content: rows by index, columns by name, so that order and file format do not matter.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table with the case id as its index.
    """
    import numpy as np

    digest = hashlib.sha256()
    order = np.argsort(frame.index.astype(str).to_numpy(), kind="stable")
    digest.update(str(len(frame)).encode())
    for name, values in [("", frame.index.to_series()), *((str(c), frame[c]) for c in sorted(frame.columns, key=str))]:
        digest.update(f"\x00{name}\x00".encode())
        digest.update(_hashes(values).iloc[order].to_numpy().tobytes())
    return digest.hexdigest()


def _hashes(values: pd.Series) -> pd.Series:
    import numpy as np
    import pandas as pd

    if pd.api.types.is_bool_dtype(values.dtype) and not values.isna().any():
        values = values.astype("float64")
    elif pd.api.types.is_numeric_dtype(values.dtype):
        values = pd.Series(values.to_numpy(dtype="float64", na_value=np.nan), index=values.index)
    else:
        text = values.astype("string").fillna("\x00missing")
        values = pd.Series(text.to_numpy(dtype=object), index=values.index)
    return pd.util.hash_pandas_object(values, index=False)
