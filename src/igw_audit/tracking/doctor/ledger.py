"""Where ledger and registry disagree: what one of them knows and the other does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from igw_audit.evidence.entries import Entry
from igw_audit.evidence.known_keys import key_gaps
from igw_audit.evidence.tags import CHECKPOINT, audit_tag, evidence_tags
from igw_audit.tracking.clearance import Clearance
from igw_audit.tracking.doctor.around import Around
from igw_audit.tracking.doctor.held import Held
from igw_audit.tracking.exposure import ExposureTable

_ALIASES = ("promoted", "demoted")
_TOLD = 20


def around_ledger(clearance: Clearance, held: Sequence[Held], *, guards: Callable[[str], bool]) -> Iterator[Around]:
    """Say what is wrong with the ledger itself, and where it and the registry disagree."""
    entries = clearance.ledger.entries()
    if not entries and any(one.has_evidence for one in held):
        yield Around(
            kind="ledger_missing",
            where=clearance.ledger.address,
            found="versions hold signed evidence, and the ledger is empty or not there",
            do="set IGW_LEDGER to the ledger that belongs to this registry, or put it back from a backup",
        )
        return
    yield from _broken(clearance, held)
    yield from _keys(clearance, entries)
    yield from _gone(entries, held)
    yield from _unknown(entries, held)
    yield from _aliases(entries, held, guards)
    yield from _unapproved(entries)


def around_exposure(table: ExposureTable, entries: Sequence[Entry]) -> Iterator[Around]:
    """Say where an exposure table and the ledger disagree about who was scored."""
    kept = {one.batch.batch: one for one in table.batches()}
    told = {str(entry.content.get("batch")): entry for entry in entries if entry.kind == "scored"}
    for batch, held in kept.items():
        if batch not in told:
            yield Around(
                kind="exposure_unlogged",
                where=f"batch {batch}",
                found=f"the table holds {held.cases} cases scored with models:/{held.batch.model}/{held.batch.version} "
                f"at {held.batch.scored_at}, and the ledger knows nothing of it",
                do="find out who wrote it; name the ledger that was used then (IGW_LEDGER) and look again",
            )
        elif told[batch].content.get("rows_sha256") != held.rows_sha256:
            yield Around(
                kind="exposure_unlogged",
                where=f"batch {batch}",
                found="rows of this batch were added, changed or removed since it was written",
                do="put the table back from a backup; the ledger's entry has the hash of its rows",
            )
    for batch, entry in told.items():
        if batch not in kept:
            yield Around(
                kind="exposure_unlogged",
                where=f"ledger entry {entry.seq}",
                found=f"{entry.content.get('cases')} cases were scored at {entry.at}, and this table lacks them",
                do="look in the other exposure tables of the service, or put this one back from a backup: without it "
                "nobody can say which people it was about",
            )


def _keys(clearance: Clearance, entries: Sequence[Entry]) -> Iterator[Around]:
    for one in key_gaps(clearance.keys, entries):
        key, entry = one.key, one.entry
        told = f"{key.holder} may sign as {', '.join((*key.roles, *key.reviewer_roles))} with it by the trusted keys"
        if entry is None:
            found = f"{told}, and the ledger has no word of it: it was not trusted with igw-audit keys trust"
        elif one.gap == "revoked":
            found = f"{told}, and the ledger has that it was revoked (entry {entry.seq}, {entry.at})"
        else:
            roles = ", ".join(map(str, entry.content.get("roles", ())))
            found = f"{told}; the ledger has {entry.content.get('holder')} as {roles} (entry {entry.seq}, {entry.at})"
        yield Around(
            kind="key_revived" if one.gap == "revoked" else "key_unknown",
            where=f"key {key.keyid[:12]}",
            found=found,
            do="take it out of the trusted keys unless a second person vouches for it; if it is right, trust it with "
            "igw-audit keys trust and the ledger of this registry (IGW_LEDGER)"
            if one.gap != "revoked"
            else "put the revocation back into the trusted keys, and look at what was signed with it since",
        )


def _broken(clearance: Clearance, held: Sequence[Held]) -> Iterator[Around]:
    kept = [text for one in held for key, text in sorted(one.version.tags.items()) if key.startswith(CHECKPOINT)]
    end = clearance.ledger.remembered()
    problems = clearance.ledger.verify(clearance.keys, checkpoints=kept, ends=[] if end is None else [end])
    for problem in problems[:_TOLD]:
        yield Around(
            kind="ledger_shortened" if problem.word == "truncated" else "ledger_broken",
            where=f"ledger entry {problem.seq}",
            found=f"{problem.text} ({problem.word})",
            do="find out who could write to the ledger, and put back a copy that is whole",
        )
    if len(problems) > _TOLD:
        yield Around(
            kind="ledger_broken",
            where=clearance.ledger.address,
            found=f"{len(problems) - _TOLD} more entries do not hold",
            do="list them all: igw-audit ledger verify",
        )


def _place(content: Any) -> tuple[str, str]:
    return str(content.get("name")), str(content.get("version"))


def _gone(entries: Sequence[Entry], held: Sequence[Held]) -> Iterator[Around]:
    there = {(str(one.version.name), str(one.version.version)): one for one in held}
    said: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.kind not in ("audited", "reviewed"):
            continue
        place, content = _place(entry.content), entry.content
        uri, one = f"models:/{place[0]}/{place[1]}", there.get(place)
        tag = str(content.get("tag") or audit_tag(str(content.get("record_sha256"))))
        if one is not None and tag in one.version.tags:
            continue
        if one is not None and not _remade(one, entry):
            yield Around(
                kind="evidence_gone",
                where=uri,
                found=f"the ledger has that it was {entry.kind} at {entry.at} (entry {entry.seq}), and the version no "
                "longer holds that evidence: somebody deleted it, or signing was cut off",
                do="sign again, or find out who could write there; the run's artifacts hold a copy",
            )
        elif place not in said:
            said.add(place)
            remade = one is not None
            yield Around(
                kind="version_remade" if remade else "version_gone",
                where=uri,
                found=f"a version that was audited at {entry.at} was deleted"
                + (", and another one has its number now" if remade else ""),
                do="find out who deleted it and why; what it decided about people must stay traceable",
            )


def _remade(one: Held, entry: Entry) -> bool:
    """Tell whether the version came after the entry: numbers start again where a model was deleted."""
    from igw_audit.evidence.strict import is_stamp, moment

    return is_stamp(entry.at) and int(one.version.creation_timestamp) > moment(entry.at).timestamp() * 1000


def _unknown(entries: Sequence[Entry], held: Sequence[Held]) -> Iterator[Around]:
    known = {
        (*_place(entry.content), str(entry.content.get("tag") or audit_tag(str(entry.content.get("record_sha256")))))
        for entry in entries
        if entry.kind in ("audited", "reviewed")
    }
    for one in held:
        name, version = str(one.version.name), str(one.version.version)
        if one.copied_from is not None:
            continue
        for tag in evidence_tags(one.version.tags):
            if (name, version, tag.key) not in known:
                yield Around(
                    kind="evidence_unknown",
                    where=one.uri,
                    found=f"it holds a piece of evidence ({tag.kind}, {tag.key}) that the ledger does not know",
                    do="ask who signed it, and where; evidence is written by igw-audit audit and igw-audit review, "
                    "which also write the ledger",
                )


def _aliases(entries: Sequence[Entry], held: Sequence[Held], guards: Callable[[str], bool]) -> Iterator[Around]:
    last: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.kind in _ALIASES:
            last[str(entry.content.get("name")), str(entry.content.get("alias"))] = entry
    now = {
        (str(one.version.name), alias): one
        for one in held
        if not one.is_prompt
        for alias in one.aliases
        if guards(alias)
    }
    for (name, alias), one in now.items():
        where, found = f"models:/{name}@{alias}", last.get((name, alias))
        if found is None or found.kind != "promoted":
            yield Around(
                kind="alias_unpromoted",
                where=where,
                found=f"the alias leads to {one.uri}, and the ledger has no promotion of it: it was set in MLflow or "
                "in its database",
                do=f"set it through the gate: igw-audit promote {one.uri} --alias {alias}",
            )
        elif str(found.content.get("version")) != str(one.version.version):
            yield Around(
                kind="alias_moved",
                where=where,
                found=f"the alias leads to {one.uri}, and the ledger's last promotion (entry {found.seq}) is of "
                f"version {found.content.get('version')}",
                do=f"promote what should be used through the gate: igw-audit promote {one.uri} --alias {alias}",
            )
    for (name, alias), entry in last.items():
        if entry.kind == "promoted" and (name, alias) not in now and guards(alias):
            yield Around(
                kind="alias_gone",
                where=f"models:/{name}@{alias}",
                found=f"the ledger promoted version {entry.content.get('version')} at {entry.at} (entry {entry.seq}), "
                "and the alias is not there: it was taken away outside the gate, or a promotion was cut off",
                do=f"promote again (igw-audit promote models:/{name}/{entry.content.get('version')} --alias {alias}), "
                "or find out who took it away",
            )


def _unapproved(entries: Sequence[Entry]) -> Iterator[Around]:
    for entry in entries:
        if entry.kind == "scored" and entry.content.get("approved") is False:
            yield Around(
                kind="scored_unapproved",
                where=f"ledger entry {entry.seq}",
                found=f"{entry.content.get('cases')} cases were scored at {entry.at} with "
                f"models:/{entry.content.get('name')}/{entry.content.get('version')}, which was not approved then",
                do="find out what was done with those scores; igw-audit exposed --version finds the cases",
            )
