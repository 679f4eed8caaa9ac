"""Whether a ledger is whole: all that shows of a change, each with one word."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from igw_audit.evidence.dsse import Envelope, EnvelopeError, Signature
from igw_audit.evidence.entries import (
    ENTRY,
    HEAD,
    NOTHING,
    SIGNED_KINDS,
    Entry,
    Head,
    Held,
    entry_bytes,
    head_bytes,
    read_head,
    signature_bytes,
)
from igw_audit.evidence.strict import is_stamp, moment, stamp
from igw_audit.evidence.trust import SKEW, TrustedKeys, signer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What does not hold in a ledger, and at which place.

    The words: ``entry_changed``, ``entry_missing``, ``chain_broken``, ``time_backwards``, ``head_missing``,
    ``head_disagrees``, ``truncated``, ``rewritten``, ``signature_missing``, ``signature_wrong``, ``key_unknown``,
    ``key_not_yet``, ``key_expired``, ``key_revoked``, ``checkpoint_broken``.
    """

    seq: int
    word: str
    text: str


def check_ledger(
    held: Held, *, keys: TrustedKeys | None, checkpoints: Sequence[str], ends: Sequence[Head] = ()
) -> tuple[Problem, ...]:
    """Check entries against one another, against the heads kept beside them, and against checkpoints kept elsewhere."""
    beside = {head.seq: head for head in held.heads}
    hashes: dict[int, str] = {}
    problems: list[Problem] = []
    last = Entry(seq=0, at="", kind="", content={}, previous="", hash=NOTHING)
    for entry in held.entries:
        problems += _follows(entry, last)
        problems += _own(entry, keys)
        problems += _head(entry, beside.get(entry.seq))
        hashes[entry.seq] = entry.hash
        last = entry
    problems += [] if keys is None else _last_head(held.heads, keys)
    cut = [seq for seq in beside if seq > last.seq]
    if cut:
        problems.append(
            Problem(
                seq=last.seq + 1,
                word="truncated",
                text=f"the ledger ends at {last.seq}, and its heads go on to {max(cut)}: entries were cut off its end",
            )
        )
    for text in dict.fromkeys(checkpoints):
        problems += _checkpoint(text, hashes, last.seq, keys)
    for head in dict.fromkeys(ends):
        problems += _end(head, hashes, last.seq)
    return tuple(dict.fromkeys(problems))


def _follows(entry: Entry, last: Entry) -> Iterator[Problem]:
    if entry.seq != last.seq + 1:
        gone = f"{last.seq + 1}" if entry.seq == last.seq + 2 else f"{last.seq + 1} to {entry.seq - 1}"
        yield Problem(seq=last.seq + 1, word="entry_missing", text=f"entry {gone} is gone: it was deleted or moved")
    elif entry.previous != last.hash:
        yield Problem(
            seq=entry.seq,
            word="chain_broken",
            text=f"entry {entry.seq} does not follow the one before it: one of them was put in, moved or rewritten",
        )
    if entry.at < last.at:
        yield Problem(seq=entry.seq, word="time_backwards", text=f"entry {entry.seq} is older than the one before it")


def _own(entry: Entry, keys: TrustedKeys | None) -> Iterator[Problem]:
    try:
        written = entry_bytes(entry.seq, entry.at, entry.kind, entry.content, entry.previous)
        same = hashlib.sha256(written).hexdigest() == entry.hash and is_stamp(entry.at)
    except (ValueError, TypeError, RecursionError):
        written, same = b"", False
    if not same:
        yield Problem(
            seq=entry.seq,
            word="entry_changed",
            text=f"entry {entry.seq} ({entry.kind}) is not as it was written: its content has another hash",
        )
    elif entry.signature is None and entry.kind in SIGNED_KINDS:
        yield Problem(
            seq=entry.seq,
            word="signature_missing",
            text=f"entry {entry.seq} ({entry.kind}) carries no signature, and such an entry always does",
        )
    elif entry.signature is not None and keys is not None:
        yield from _signature(f"entry {entry.seq}", entry, ENTRY, written, keys)


def _head(entry: Entry, head: Head | None) -> Iterator[Problem]:
    if head is None:
        yield Problem(seq=entry.seq, word="head_missing", text=f"the head that was kept for entry {entry.seq} is gone")
    elif (head.hash, head.at) != (entry.hash, entry.at):
        yield Problem(
            seq=entry.seq,
            word="head_disagrees",
            text=f"the head that was kept for entry {entry.seq} is of another entry: one of the two was rewritten",
        )
    elif (head.signature is None) != (entry.signature is None):
        yield Problem(
            seq=entry.seq,
            word="signature_missing",
            text=f"of entry {entry.seq} and its head one is signed and the other is not: a signature was taken away",
        )


def _last_head(heads: Sequence[Head], keys: TrustedKeys) -> Iterator[Problem]:
    """Check the signature of the last signed head; it vouches for all before it, and is handed out as checkpoint."""
    signed = [head for head in heads if head.signature is not None]
    if signed:
        last = signed[-1]
        yield from _signature(f"the head of entry {last.seq}", last, HEAD, head_bytes(last), keys)


def _signature(what: str, held: Entry | Head, kind: str, content: bytes, keys: TrustedKeys) -> Iterator[Problem]:
    """Check who signed, and that the key counted at the time; a key that lapsed later leaves the past as it is."""
    signature = Signature(keyid=held.keyid or "", sig=signature_bytes(held.signature))
    try:
        signer = signer_of(
            Envelope(payload=content, payload_type=kind, signatures=(signature,)), keys, payload_type=kind
        )
    except EnvelopeError as error:
        yield Problem(seq=held.seq, word=error.reason, text=f"{what}: {error}")
        return
    at = moment(held.at)
    told = f"{what} was signed at {held.at} with key {signer.keyid[:12]} of {signer.holder}"
    if signer.revoked is not None and at >= signer.revoked + SKEW:
        yield Problem(seq=held.seq, word="key_revoked", text=f"{told}, which was revoked at {stamp(signer.revoked)}")
    elif at >= signer.expires + SKEW:
        yield Problem(seq=held.seq, word="key_expired", text=f"{told}, which expired at {stamp(signer.expires)}")
    elif at + SKEW < signer.created:
        yield Problem(seq=held.seq, word="key_not_yet", text=f"{told}, which counts from {stamp(signer.created)} only")


def _checkpoint(text: str, hashes: Mapping[int, str], end: int, keys: TrustedKeys | None) -> Iterator[Problem]:
    try:
        envelope = Envelope.from_json(text)
        head = read_head(envelope)
        if keys is not None:
            signer_of(envelope, keys, payload_type=HEAD)
    except EnvelopeError as error:
        yield Problem(seq=0, word="checkpoint_broken", text=f"a checkpoint that was kept elsewhere is none: {error}")
        return
    yield from _end(head, hashes, end)


def _end(head: Head, hashes: Mapping[int, str], end: int) -> Iterator[Problem]:
    """Hold the ledger against an end that it once had."""
    if head.seq > end:
        yield Problem(
            seq=end + 1,
            word="truncated",
            text=f"the ledger ends at {end}, and at {head.at} it had {head.seq} entries: its end was cut off, or an "
            "older copy was put in its place",
        )
    elif hashes.get(head.seq) != head.hash:
        yield Problem(
            seq=head.seq,
            word="rewritten",
            text=f"entry {head.seq} is not the one that stood there at {head.at}: the ledger was rewritten or replaced",
        )
