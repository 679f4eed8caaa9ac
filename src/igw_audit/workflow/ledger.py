"""Verifying the ledger of a project, against every end of it that is known, and saying how far that reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from igw_audit.errors import IgwAuditError
from igw_audit.evidence.dsse import Envelope, EnvelopeError
from igw_audit.evidence.entries import read_head
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.ledger_check import Problem
from igw_audit.evidence.trust import TrustedKeys, trusted_keys_file
from igw_audit.tracking.checkpoints import kept_checkpoints

_NO_END = "there is no checkpoint to hold it against (igw-audit ledger checkpoint makes one, to keep elsewhere)"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerVerdict:
    """What verifying a ledger found, and what it was held against.

    Attributes
    ----------
    against : mapping of str to int
        How many ends of the ledger were known from where: ``given``, ``registry``, ``remembered`` (beside the ledger).
    vouched_for : int
        The last entry that one of those ends knows: what came after it could be cut off and nothing would show.
    not_looked : str or None
        Why the registry's ends could not be read.
    """

    address: str
    entries: int
    unsigned: int
    problems: tuple[Problem, ...]
    signatures: bool
    against: dict[str, int]
    vouched_for: int
    not_looked: str | None = None

    @property
    def held(self) -> bool:
        """Tell whether any end of the ledger was known to hold it against."""
        return any(self.against.values())

    @property
    def saw_nothing(self) -> bool:
        """Tell whether there was neither an entry nor anything that knows of one."""
        return self.entries == 0 and not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return what the command line writes as JSON."""
        told = asdict(self)
        told["problems"] = [{"seq": one.seq, "word": one.word, "text": one.text} for one in self.problems]
        return {**told, "end_checked": self.held}

    def lines(self) -> list[str]:
        """Return what people read: that there are 0 problems is said only where the end was held against something."""
        told = f"{self.address}: {self.entries} entries, {self.unsigned} of them unsigned, "
        if self.saw_nothing:
            return [told + "and nothing to verify: name the ledger with IGW_LEDGER or --project"]
        if self.problems:
            return [
                f"{told}{len(self.problems)} problems",
                *(f"  - [{one.word}] {one.text}" for one in self.problems),
            ]
        if not self.held:
            return [f"{told}none changed, added or moved. NOT CHECKED whether its end was cut off: {_NO_END}"]
        rest = self.entries - self.vouched_for
        later = f"; whether more came after the {rest} that follow is not known" if rest > 0 else ""
        return [f"{told}0 problems, its end vouched for up to entry {self.vouched_for}{later}"]


def verify_ledger(project: str | Path = ".", *, checkpoints: Sequence[str] = ()) -> LedgerVerdict:
    """Verify a project's ledger against the checkpoints given, those in its registry, and the end that it wrote down.

    Raises
    ------
    InputError, EvidenceError
        If the trusted keys or the ledger cannot be read. A registry that cannot be read is told in the verdict.
    """
    ledger, file = open_ledger(ledger_address(project)), trusted_keys_file(project)
    keys = TrustedKeys.read(file) if file.exists() else None
    kept: tuple[str, ...] = ()
    not_looked = None
    try:
        kept = kept_checkpoints(project)
    except IgwAuditError as error:
        not_looked = str(error)
    end = ledger.remembered()
    problems = ledger.verify(keys, checkpoints=(*checkpoints, *kept), ends=[] if end is None else [end])
    entries = ledger.entries()
    known = [*_places((*checkpoints, *kept)), *([] if end is None else [end.seq])]
    return LedgerVerdict(
        address=ledger.address,
        entries=len(entries),
        unsigned=sum(one.signature is None for one in entries),
        problems=problems,
        signatures=keys is not None,
        against={"given": len(checkpoints), "registry": len(kept), "remembered": int(end is not None)},
        vouched_for=min(max(known, default=0), len(entries)),
        not_looked=not_looked,
    )


def _places(checkpoints: Sequence[str]) -> list[int]:
    found = []
    for text in checkpoints:
        try:
            found.append(read_head(Envelope.from_json(text)).seq)
        except EnvelopeError:
            # told as a problem by the ledger itself
            continue
    return found
