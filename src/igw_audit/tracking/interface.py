"""What a stored model says of its input: names and types of columns, and an example row that is nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, TensorSpec


def signature(features: pd.DataFrame, *, classes: int) -> ModelSignature:
    """Give the signature: the columns of ``features``, each may be missing, to one probability a class."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    columns: list[ColSpec | TensorSpec] = [
        ColSpec(_kind(features, name), str(name), required=False) for name in features.columns
    ]
    return ModelSignature(
        inputs=Schema(columns), outputs=Schema([TensorSpec(np.dtype("float64"), (-1, classes), name=None)])
    )


def nobodys_row(features: pd.DataFrame) -> pd.DataFrame:
    """Make one row of the same types that is nobody's."""
    import pandas as pd

    made = {"double": 0.0, "boolean": False, "datetime": pd.Timestamp("2000-01-01"), "string": "example"}
    return pd.DataFrame({name: [made[_kind(features, name)]] for name in features.columns})


def _kind(features: pd.DataFrame, name: str) -> str:
    import pandas as pd

    kind = features[name].dtype
    if pd.api.types.is_bool_dtype(kind):
        return "boolean"
    if pd.api.types.is_numeric_dtype(kind):
        return "double"
    return "datetime" if pd.api.types.is_datetime64_any_dtype(kind) else "string"
