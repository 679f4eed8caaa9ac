"""What was registered before there were results, and what changed from one registration to the next."""

from __future__ import annotations

from dataclasses import dataclass

from igw_audit.core.registration import Registration
from igw_audit.report.scene import Scene

#: So many characters of a fingerprint are shown; whoever checks has the record.
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """One registration."""

    title: str
    at: str
    told: str
    fingerprints: str
    changed: tuple[str, ...]
    nothing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The section."""

    word: str
    first: str
    history: tuple[Entered, ...]


def registered(scene: Scene) -> Registered | None:
    """Give the section; None where nobody looked in a ledger."""
    held = scene.record.registrations
    if held is None:
        return None
    return Registered(
        word=held.word,
        first=held.first_result or "",
        history=tuple(_entered(scene, number, one, held.entry) for number, one in enumerate(held.history, 1)),
    )


def _entered(scene: Scene, number: int, one: Registration, counts: str | None) -> Entered:
    words = scene.words
    title = words("registered.number", number=number)
    signed = words("registered.signed", keyid=one.signed_by[:_SHORT]) if one.signed_by else words("registered.unsigned")
    return Entered(
        title=f"{title} ({words('registered.counts')})" if one.entry == counts else title,
        at=one.at,
        told=f"{words('registered.by', by=one.by)}, {signed}",
        fingerprints=words("registered.fingerprints", plan=one.plan_sha256[:_SHORT], policy=one.policy_sha256[:_SHORT]),
        changed=tuple(scene.text(text) for text in one.changed),
        nothing=words("registered.first" if number == 1 else "registered.nothing"),
    )
