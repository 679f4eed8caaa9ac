"""Use cases about promotion: the gate, an alias that is set through it, and what went round it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from igw_audit.core.decision import Reason
from igw_audit.core.serial import plain
from igw_audit.core.shown import shown_reasons
from igw_audit.core.text import Text
from igw_audit.errors import InputError, TrackingError
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.ledger import ledger_address
from igw_audit.evidence.reasons import StatedReason
from igw_audit.tracking import GateVerdict, Store, gate_version, locate, open_store
from igw_audit.tracking.clearance import clear_version, clearance_of
from igw_audit.tracking.doctor import Examination, examine_all
from igw_audit.tracking.doctor.around import Around
from igw_audit.tracking.doctor.modes import around_modes
from igw_audit.tracking.exposure_files import open_exposure
from igw_audit.tracking.promote import Promoter, Promotion, promote_version
from igw_audit.tracking.store import account
from igw_audit.workflow.versions import decide_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """What came of asking for an alias: the gate's verdict, and whether the alias leads to the version now."""

    uri: str
    alias: str
    done: bool
    previous: str | None
    verdict: GateVerdict

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        told = {"alias": self.alias, "promoted": self.done, "previous": self.previous}
        return {**told, **verdict_to_dict(self.verdict)}


def gate(uri: str, *, project: str | Path = ".", record_only: bool = False) -> GateVerdict:
    """Say whether a version may be promoted: bytes, record, decision, signatures, sign-offs and ledger must all hold.

    ``record_only`` leaves out signatures, sign-offs and ledger. That is not the gate: it says what the record says.

    Raises
    ------
    TrackingError
        If there is no such version. All that is wrong with its evidence is a verdict, not an error.
    """
    store, name, version = _version(uri, project)
    if record_only:
        return gate_version(store, name, version, redecide=decide_again)
    return clear_version(store, name, version, redecide=decide_again, clearance=clearance_of(project))


def promote(
    uri: str,
    *,
    alias: str = "champion",
    project: str | Path = ".",
    key: SigningKey | None = None,
    by: str | None = None,
) -> Promoted:
    """Let an alias lead to a version if the gate is open for it; otherwise nothing changes, and all reasons are given.

    Parameters
    ----------
    key : SigningKey, optional
        Signs the ledger's entry, and its end, which is kept at the version.
    by : str, optional
        Who promotes; the account that runs this, unless given.

    Raises
    ------
    TrackingError
        If there is no such version, or the registry refuses.
    """
    store, name, version = _version(uri, project)
    done: Promotion = promote_version(
        store,
        name,
        version,
        alias=alias,
        clearance=clearance_of(project),
        redecide=decide_again,
        promoter=Promoter(by=by or account(), key=key),
    )
    return Promoted(
        uri=done.verdict.uri,
        alias=alias,
        done=done.verdict.word == "allow",
        previous=done.previous,
        verdict=done.verdict,
    )


def doctor(*, project: str | Path = ".", exposure: str | Path | None = None) -> tuple[Around, ...]:
    """List every model, version, alias, file and ledger entry that went round the gate, with what to do.

    ``exposure`` names the owner's table of scored cases, to be held against the ledger.
    """
    seen = examination(project=project, exposure=exposure)
    return (*seen.around, *seen.noted)


def examination(*, project: str | Path = ".", exposure: str | Path | None = None) -> Examination:
    """Do what ``doctor`` does, and say how much there was to look at.

    Raises
    ------
    InputError
        If there is no project and no server to look at: the doctor makes none.
    """
    root = Path(project).resolve()
    named = any(os.environ.get(name, "").strip() for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"))
    if not named and not (root / "mlruns" / "igw.db").is_file():
        raise InputError(
            "igw-audit doctor",
            [
                f"there is nothing to look at: {root} holds no mlruns/igw.db, and MLFLOW_TRACKING_URI names no server; "
                "name the project with --project, or the store with MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI"
            ],
        )
    table = None if exposure is None else open_exposure(exposure, make=False)
    seen = examine_all(open_store(project), clearance_of(project), exposure=table)
    opened = around_modes(root, ledger=ledger_address(project), exposure=None if table is None else Path(str(exposure)))
    return replace(seen, around=(*seen.around, *opened))


def examination_to_dict(seen: Examination) -> dict[str, Any]:
    """Return what the command line writes as JSON."""
    looked = {"versions": seen.versions, "aliases": seen.aliases, "ledger_entries": seen.entries}
    listed = {"around": [asdict(one) for one in seen.around], "noted": [asdict(one) for one in seen.noted]}
    return {"found": len(seen.around), **listed, "looked_at": looked, "saw_nothing": seen.saw_nothing}


def verdict_to_dict(verdict: GateVerdict) -> dict[str, Any]:
    """Give a verdict as the command line writes it, without the numbers of cells that are withheld from people."""
    stands = verdict.standing
    return {
        "uri": verdict.uri,
        "word": verdict.word,
        "record_sha256": verdict.record_sha256,
        "record_only": stands is None,
        "standing": None if stands is None else stands.word,
        "signed_off": []
        if stands is None
        else [{"by": one.by, "role": one.role, "at": one.at, "word": one.word} for one in stands.reviews],
        "conditions": [] if stands is None else [text for one in stands.reviews for text in one.conditions],
        "reasons": plain(told_reasons(verdict)),
    }


def told_reasons(verdict: GateVerdict) -> tuple[Reason, ...]:
    """Give a verdict's reasons as people may see them: without the numbers of cells that are withheld on every page.

    The gate's own reasons quote those of the record, so that the quoted sentence is replaced in them.
    """
    record, audit = verdict.record, verdict.standing.audit if verdict.standing else None
    if record is None:
        return verdict.reasons
    told = shown_reasons(verdict.reasons, record.outcomes)
    quoted = [_as_reason(one) for one in audit.reasons] if audit else []
    shown = shown_reasons(quoted, record.outcomes)
    pairs = [(long.text, short.text) for long, short in zip(quoted, shown, strict=True) if long != short]
    return tuple(replace(reason, text=_quoting(reason.text, pairs)) for reason in told)


def _quoting(text: Text, pairs: Sequence[tuple[Text, Text]]) -> Text:
    for long, short in pairs:
        text = Text(en=text.en.replace(long.en, short.en), nl=text.nl.replace(long.nl, short.nl))
    return text


def _as_reason(stated: StatedReason) -> Reason:
    return Reason(
        word=stated.word,
        rule=stated.rule,
        audit=stated.audit,
        text=stated.text,
        attribute=stated.attribute,
        group=stated.group,
        step=stated.step,
        statistic=stated.statistic,
        features=stated.features,
    )


def _version(uri: str, project: str | Path) -> tuple[Store, str, str]:
    store = open_store(project)
    location = locate(store, uri)
    if location.name is None or location.version is None:
        raise TrackingError(f"{uri} is no registered version; the gate is about models:/NAME/VERSION")
    return store, location.name, str(location.version)
