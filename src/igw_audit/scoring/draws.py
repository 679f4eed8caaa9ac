"""Random order that hangs on a case's id and a seed, never on where its row stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def keyed_draws(ids: pd.Index, *, seed: int) -> NDArray[np.uint64]:
    """Give each id a number that looks random and is the same in any table (SipHash keyed with the seed).

    >>> keyed_draws(pd.Index(["b", "a"]), seed=7)[::-1] == keyed_draws(pd.Index(["a", "b"]), seed=7)
    array([ True,  True])
    """
    text = ids.astype(str).to_numpy(dtype=object)
    return pd.util.hash_array(text, hash_key=f"{seed:016x}"[-16:], categorize=False)
