"""Registering plan and policy before there are results, and telling of an audit whether that was done."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igw_audit.core.canonical import canonical_json
from igw_audit.core.plan import Plan
from igw_audit.core.registration import Registration, Registrations
from igw_audit.core.rules import Policy
from igw_audit.core.settings import read_settings
from igw_audit.core.text import Text
from igw_audit.errors import InputError
from igw_audit.evidence.entries import Entry
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.registered import REGISTERED, tightened_policies
from igw_audit.policy import read_dossier, read_policy, stricter, what_changed
from igw_audit.policy.dossier import DOSSIER_FILE

#: Entries that say that a result on some cases exists: signed ones, and those of audits that nobody signed.
RESULTS = ("audited", "measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preregistered:
    """A registration of a pilot: the ``number``-th, what changed since the one before, and the policies it tightens.

    ``new`` is False where exactly this stood in the ledger already, and nothing was written.
    """

    pilot: str
    number: int
    registration: Registration
    tightens: tuple[str, ...]
    new: bool

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        from igw_audit.core.serial import plain

        told = {"pilot": self.pilot, "number": self.number, "new": self.new, "tightens": list(self.tightens)}
        return {**told, "registration": plain(self.registration)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is registered: plan and policy as they were written, and the dossier's hash."""

    pilot: str
    plan: Plan
    policy: Policy
    dossier_sha256: str | None = None


def preregister(
    folder: str | Path, *, project: str | Path = ".", by: str | None = None, key: SigningKey | None = None
) -> Preregistered:
    """Write plan, policy and dossier of a pilot's folder into the ledger, by hash, time and author.

    Parameters
    ----------
    folder : path
        ``audits/<pilot>``, with ``plan.toml``, and ``policy.toml`` unless the shipped default judges.
    project : path
        Whose ledger to write; ``$IGW_LEDGER`` names another.
    by : str, optional
        Who registers; the account that runs this, unless given.
    key : SigningKey, optional
        Signs the entry.

    Raises
    ------
    InputError, EvidenceError
        If a file breaks its form, or the ledger cannot be written.
    """
    settled = read_settled(folder)
    ledger = open_ledger(ledger_address(project))
    earlier = _of_pilot(ledger.entries(REGISTERED), settled.pilot)
    tightens = _tightens(settled.policy, earlier)
    last = earlier[-1] if earlier else None
    # going back to a laxer policy counts when it is signed, also where the same stands there unsigned
    unheard = key is not None and settled.policy.sha256() in tightened_policies(earlier)
    if last is not None and _hashes(last) == _hashes_of(settled) and not unheard:
        return _made(last, earlier[:-1], new=False)
    content = {
        "pilot": settled.pilot,
        "by": by or _account(),
        "plan_sha256": settled.plan.sha256(),
        "policy_sha256": settled.policy.sha256(),
        "dossier_sha256": settled.dossier_sha256,
        "tightens": list(tightens),
        "plan": canonical_json(settled.plan.model_dump(mode="json")),
        "policy": canonical_json(settled.policy.model_dump(mode="json")),
    }
    return _made(ledger.append(REGISTERED, content, key=key), earlier, new=True)


def read_settled(folder: str | Path) -> Settled:
    """Read what a pilot's folder settles; every problem of a file is listed."""
    place = Path(folder)
    if not (place / "plan.toml").exists():
        raise InputError(f"folder {place}", ["it holds no plan.toml; give a pilot's folder, for example audits/study"])
    plan = read_settings(Plan, place / "plan.toml", what="plan")
    policy = read_policy(place / "policy.toml" if (place / "policy.toml").exists() else None)
    files = read_dossier(place) if (place / DOSSIER_FILE).exists() else None
    return Settled(
        pilot=files.dossier.pilot if files else place.resolve().name,
        plan=plan,
        policy=policy,
        dossier_sha256=files.sha256() if files else None,
    )


def registrations_of(settled: Settled, *, cases_sha256: str, project: str | Path = ".") -> Registrations:
    """Say whether plan and policy were registered before the first result on these cases, and how often before."""
    entries = open_ledger(ledger_address(project)).entries()
    registered = _of_pilot([entry for entry in entries if entry.kind == REGISTERED], settled.pilot)
    results = [e for e in entries if e.kind in RESULTS and e.content.get("cases_sha256") == cases_sha256]
    first = results[0] if results else None
    early = [entry for entry in registered if first is None or entry.seq < first.seq]
    wanted = _hashes_of(settled)[:2]
    of_early = [entry for entry in early if _hashes(entry)[:2] == wanted]
    mine = of_early[-1] if of_early else next((entry for entry in registered if _hashes(entry)[:2] == wanted), None)
    late = mine is not None and not of_early
    # of several that were registered beforehand only the last is in force: a choice between them may follow the numbers
    replaced = bool(of_early) and _hashes(early[-1])[:2] != wanted
    return Registrations(
        word="never" if mine is None else "after" if late else "replaced" if replaced else "before",
        history=tuple(_registration(entry, registered[:place]) for place, entry in enumerate(registered)),
        entry=None if mine is None else mine.hash,
        first_result=first.at if late and first is not None else None,
    )


def note_result(uri: str, settled: Settled, *, cases_sha256: str, project: str | Path = ".") -> None:
    """Write into the ledger that a result on these cases exists, whether or not anybody signs it; once is enough."""
    content = {
        "uri": uri,
        "cases_sha256": cases_sha256,
        "plan_sha256": settled.plan.sha256(),
        "policy_sha256": settled.policy.sha256(),
    }
    ledger = open_ledger(ledger_address(project))
    if not any(dict(entry.content) == content for entry in ledger.entries("measured")):
        ledger.append("measured", content)


def _account() -> str:
    """Name the account that runs this: MLflow's where one is set, else the machine's."""
    named = os.environ.get("MLFLOW_TRACKING_USERNAME", "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise InputError("--by", ["this machine does not know who runs it; say who registers"]) from None


def _of_pilot(entries: Sequence[Entry], pilot: str) -> list[Entry]:
    return [entry for entry in entries if entry.content.get("pilot") == pilot]


def _made(entry: Entry, earlier: Sequence[Entry], *, new: bool) -> Preregistered:
    tightens = entry.content.get("tightens") or []
    return Preregistered(
        pilot=str(entry.content["pilot"]),
        number=len(earlier) + 1,
        registration=_registration(entry, earlier),
        tightens=tuple(str(one) for one in tightens),
        new=new,
    )


def _registration(entry: Entry, earlier: Sequence[Entry]) -> Registration:
    held = entry.content
    return Registration(
        entry=entry.hash,
        at=entry.at,
        by=str(held.get("by", "")),
        plan_sha256=str(held.get("plan_sha256", "")),
        policy_sha256=str(held.get("policy_sha256", "")),
        dossier_sha256=held.get("dossier_sha256"),
        signed_by=entry.keyid,
        changed=_changed(earlier[-1], entry) if earlier else (),
    )


def _changed(old: Entry, new: Entry) -> tuple[Text, ...]:
    """Say what differs from the registration before; nothing where that can no longer be read."""
    plans = [_read(Plan, entry, "plan") for entry in (old, new)]
    policies = [_read(Policy, entry, "policy") for entry in (old, new)]
    changed = what_changed(*plans) if all(plans) else ()  # type: ignore[arg-type]
    changed += what_changed(*policies) if all(policies) else ()  # type: ignore[arg-type]
    if old.content.get("dossier_sha256") != new.content.get("dossier_sha256"):
        changed += (Text(en="the dossier: other words", nl="het dossier: andere woorden"),)
    return changed


def _read(kind: type[Plan] | type[Policy], entry: Entry, name: str) -> Plan | Policy | None:
    try:
        return kind.model_validate(json.loads(str(entry.content[name])))
    except (KeyError, ValueError):
        return None


def _tightens(policy: Policy, earlier: Sequence[Entry]) -> tuple[str, ...]:
    """Name the earlier policies of the pilot that would let something through that this one stops."""
    found: dict[str, Policy] = {}
    for entry in earlier:
        old = _read(Policy, entry, "policy")
        if isinstance(old, Policy):
            found[str(entry.content["policy_sha256"])] = old
    return tuple(sha256 for sha256, old in found.items() if sha256 != policy.sha256() and stricter(old, policy))


def _hashes(entry: Entry) -> tuple[Any, ...]:
    return tuple(entry.content.get(name) for name in ("plan_sha256", "policy_sha256", "dossier_sha256"))


def _hashes_of(settled: Settled) -> tuple[Any, ...]:
    return settled.plan.sha256(), settled.policy.sha256(), settled.dossier_sha256
