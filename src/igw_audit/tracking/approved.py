"""Loading a model that may be used: by its alias, with its evidence verified, from the bytes that were approved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from igw_audit.core.decision import Reason
from igw_audit.errors import EvidenceError
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.tracking.artifacts import fetch_files
from igw_audit.tracking.clearance import Clearance, clearance_of
from igw_audit.tracking.gate import shut
from igw_audit.tracking.models import hash_model_directory, load_model
from igw_audit.tracking.store import Store, open_store
from igw_audit.tracking.uris import find_version, parse_uri

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


class NotApprovedError(EvidenceError):
    """A version may not be used now; ``reasons`` says why, one by one, in both languages."""

    def __init__(self, uri: str, reasons: Sequence[Reason]) -> None:
        self.uri = uri
        self.reasons = tuple(reasons)
        listed = "\n".join(f"  - {reason.text.en}" for reason in self.reasons if reason.word != "allow")
        super().__init__(f"{uri} is not approved, and nothing of it was loaded:\n{listed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedModel:
    """A model that may be used, and on whose word.

    Attributes
    ----------
    estimator : object
        The fitted scikit-learn pipeline; ``predict_proba`` takes a frame with the columns that it was trained on.
    sha256 : str
        The hash of exactly the bytes that were loaded, which the signed audit names too.
    reviews : tuple of ReviewStatement
        Who approved it, with their conditions: whoever uses the model keeps to those.
    """

    estimator: Any
    name: str
    version: str
    sha256: str
    audit: AuditStatement
    reviews: tuple[ReviewStatement, ...]

    @property
    def uri(self) -> str:
        """Its address, ``models:/<name>/<version>``."""
        return f"models:/{self.name}/{self.version}"

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition under which people approved it."""
        return tuple(dict.fromkeys(one for review in self.reviews for one in review.conditions))


def load_approved(name: str, alias: str = "champion", project: str | Path = ".") -> ApprovedModel:
    """Load the model that an alias names, if its evidence holds at this moment; otherwise nothing of it is read.

    The alias is resolved, the version's signed audit and reviews are verified by the project's trusted keys, the
    model's files are copied and hashed, and the copy is loaded with our own list of types: never a pickle, never
    code that the model brings.

    Parameters
    ----------
    name : str
        The registered model, for example ``"study"``.
    alias : str
        For example ``"champion"``.
    project : path
        The project's folder: its ``mlruns``, ``audits/trusted_keys.toml`` and ledger count, unless
        ``MLFLOW_TRACKING_URI``, ``IGW_TRUSTED_KEYS`` and ``IGW_LEDGER`` name others.

    Returns
    -------
    ApprovedModel
        With ``estimator``, ``uri``, ``sha256``, ``audit``, ``reviews`` and ``conditions``.

    Raises
    ------
    NotApprovedError
        If the version does not stand now: no audit, a missing sign-off, an approval past its date, a policy that was
        tightened, a revoked key, other bytes. The message gives every reason.
    EvidenceError
        If the model cannot be loaded without running what it brings.
    TrackingError
        If there is no such model or alias.

    Examples
    --------
    >>> import igw_audit as igw
    >>> model = igw.load_approved("study")  # doctest: +SKIP
    >>> risk = model.estimator.predict_proba(cases)[:, 1]  # doctest: +SKIP
    """
    store = open_store(project)
    held = find_version(store, parse_uri(f"models:/{name}@{alias}"))
    return open_approved(store, held, clearance_of(project))


def open_approved(
    store: Store, held: ModelVersion, clearance: Clearance, *, load: Callable[[Path], Any] = load_model
) -> ApprovedModel:
    """Verify a version and load it from the bytes that were approved; errors as ``load_approved``."""
    uri = f"models:/{held.name}/{held.version}"
    stands = clearance.standing(held)
    audit = stands.audit
    broken = clearance.ledger_reasons(held, audit)
    if stands.word != "open" or audit is None or broken:
        raise NotApprovedError(uri, (*broken, *stands.reasons))
    place = store.call(store.client.get_model_version_download_uri, held.name, str(held.version))
    with TemporaryDirectory() as folder:
        path = fetch_files(store, place, Path(folder))
        found = hash_model_directory(path)
        if found != audit.model_sha256:
            raise NotApprovedError(uri, [_other_bytes(uri, found, audit.model_sha256)])
        estimator = load(path)
    return ApprovedModel(
        estimator=estimator,
        name=str(held.name),
        version=str(held.version),
        sha256=found,
        audit=audit,
        reviews=stands.reviews,
    )


def _other_bytes(uri: str, found: str, said: str) -> Reason:
    return shut(
        "model_changed",
        f"the files of {uri} ({found[:12]}...) are not those that were approved ({said[:12]}...); somebody wrote over "
        "them, so ask who could, and restore them from a backup",
        f"de bestanden van {uri} ({found[:12]}...) zijn niet die waarvoor akkoord is gegeven ({said[:12]}...); iemand "
        "heeft ze overschreven. Vraag wie dat kon, en zet ze terug uit een reservekopie",
    )
