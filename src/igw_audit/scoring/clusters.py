"""Cases that belong together: one sponsor, one person."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def cluster_codes(values: pd.Series) -> NDArray[np.int64]:
    """Number each case's cluster by first case; a case without one stands by itself.

    >>> cluster_codes(pd.Series(["b", None, "a", "b", None], dtype=object))
    array([0, 2, 1, 0, 3])
    """
    codes = pd.factorize(values)[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes
