"""The plan: what will be audited, for which groups, at which operating point - written and hashed before results."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from igw_audit.core.canonical import sha256_of_json
from igw_audit.core.scores import Higher, ScoreKind, later_keys
from igw_audit.core.settings import Strict

#: Keys that only a table of investigated cases needs.
_OF_A_SAMPLE = ("population", "random_arm_of")

Share = Annotated[float, Field(gt=0, lt=1)]


class Derived(Strict):
    """An attribute made from another column of the protected table, for example a region from a nationality."""

    source: str
    lexicon: Literal["world_regions"] | None = None


class Band(Strict):
    """One score band and the intervention that it leads to; severity orders the pyramid (0 none .. 6 entry ban)."""

    name: str
    at_least: float
    severity: int = Field(ge=0, le=6)


class ScoreSettings(Strict):
    """What cannot be known from a model by itself: the kind and direction of its score, its classes, its columns."""

    kind: ScoreKind | None = None
    higher: Higher | None = None
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    precision: Literal["float16", "float32", "float64"] | None = None
    sensitive_features: str | None = None


class Plan(Strict):
    """What will be audited, as `plan.toml` or a dict holds it; see docs/reference/plan.md for every key."""

    attributes: tuple[str, ...] = Field(min_length=1)
    declared: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    capacity: int | Share | None = None
    threshold: float | None = None
    bands: tuple[Band, ...] | None = None
    audits: tuple[str, ...] | None = None
    label: str | None = None
    positive: tuple[str, ...] = ("deliberate_false_information", "public_order")
    arm: str | None = None
    arm_probability: str | None = None
    steps: tuple[str, ...] = ()
    cluster: str | None = None
    weight: str | None = None
    population: Annotated[int, Field(ge=1)] | None = None
    random_arm_of: Literal["all_cases", "not_selected"] | None = None
    reference: dict[str, str] = {}
    groups: dict[str, dict[str, str]] = {}
    bins: dict[str, tuple[Annotated[float, Field(allow_inf_nan=False)], ...]] | None = None
    derived: dict[str, Derived] = {}
    largest: dict[str, Annotated[int, Field(ge=1)]] = {}
    shown: dict[str, tuple[str, ...]] = {}
    score: ScoreSettings | None = None
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_operating_point(self) -> Self:
        given = [name for name in ("capacity", "threshold", "bands") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(
                f"the plan gives {found}, and an audit needs exactly one operating point: capacity "
                "(how many cases, or a share below 1, the service can take), threshold, or bands"
            )
        if isinstance(self.capacity, int) and self.capacity < 1:
            raise ValueError(f"capacity is {self.capacity}: give a number of cases of 1 or more, or a share below 1")
        if self.bands is not None and list(self.bands) != sorted(self.bands, key=lambda band: band.at_least):
            raise ValueError("bands must rise: order them by at_least, lowest first")
        return self

    @model_validator(mode="after")
    def _bins_rise(self) -> Self:
        for attribute, edges in (self.bins or {}).items():
            if not edges or any(high <= low for low, high in pairwise(edges)):
                raise ValueError(
                    f"bins.{attribute}: found {list(edges)}, expected one or more numbers that rise, from each of "
                    "which a bin runs up to the next: [18, 30, 60]"
                )
        return self

    @model_validator(mode="after")
    def _names_one_role_each(self) -> Self:
        both = sorted(set(self.features) & set(self.declared))
        if both:
            raise ValueError(f"{', '.join(both)}: a column is a feature or a declared factor, name it once")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later keys that are not used: plans that were hashed and signed before them keep their hash."""
        return later_keys(write(self), ("score", "bins", *_OF_A_SAMPLE))

    def sha256(self) -> str:
        """Hash the plan's canonical JSON: the same plan has the same hash, however it was written."""
        return sha256_of_json(self.model_dump(mode="json"))
