"""Evidence that was taken away: what the ledger knows of a version, and its tags no longer hold."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from igw_audit.core.decision import Reason
from igw_audit.evidence.strict import person
from igw_audit.evidence.words import said

if TYPE_CHECKING:
    from igw_audit.evidence.entries import Entry

#: Kinds of entries that have a tag at the version.
KINDS = ("audited", "reviewed")


def taken_away(
    entries: Iterable[Entry], tags: Container[str], *, name: str, version: str, created: int
) -> Iterator[Reason]:
    """Yield a reason for the last audit of a version, and for each person's last word, that its tags lack.

    Tags are rows of a database: whoever can delete one there takes away a rejection, or the later of two audits, and
    what is left would open. Signing enters the ledger first, so that it knows of all of them. An approval that is gone
    only leaves a sign-off missing.

    Parameters
    ----------
    entries : iterable of Entry
        Of the ledger, in order; those of another kind or version are passed over.
    tags : container of str
        Keys of the version's tags.
    created : int
        When the version was created, in milliseconds since 1970.
    """
    about = [one for one in entries if one.kind in KINDS and _is_about(one.content, name, version, created)]
    audits = [one for one in about if one.kind == "audited"]
    authors = {person(str(one.content.get("author"))) for one in audits}
    # by key too: what a person signed with their own is not taken back by a service in their name
    last = {(person(str(one.content.get("by"))), one.keyid): one for one in about if one.kind == "reviewed"}
    words = [one for (who, _), one in last.items() if who not in authors and one.content.get("word") != "approve"]
    for one in (*audits[-1:], *words):
        tag = one.content.get("tag")
        if isinstance(tag, str) and tag not in tags:
            yield said("refuse", "evidence_gone", uri=f"models:/{name}/{version}", detail=_told(one))


def _is_about(content: Any, name: str, version: str, created: int) -> bool:
    mine = (content.get("name"), content.get("version")) == (name, version)
    return mine and content.get("version_created", created) == created


def _told(entry: Entry) -> str:
    held = entry.content
    who = f"{held.get('by')}, {held.get('word')}" if entry.kind == "reviewed" else str(held.get("decision"))
    return f"{entry.kind}, {who}, {entry.at[:10]}, {entry.seq}"
