"""What a ledger's entries of the kind ``registered`` say: which plan and policy, and which policies those tighten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from igw_audit.evidence.entries import Entry

REGISTERED = "registered"
#: Keys of an entry's content. Plan and policy stand in it as canonical JSON text, for what changed to be told later.
KEYS = ("pilot", "by", "plan_sha256", "policy_sha256", "dossier_sha256", "tightens", "plan", "policy")


def tightened_policies(entries: Iterable[Entry]) -> frozenset[str]:
    """Give the SHA-256 of every policy that a stricter one replaced and that was not registered again since, signed.

    ``entries`` may be all of a ledger's, in order; those of another kind are passed over. Anyone who may write to a
    ledger can add an entry under any name, so that one without a signature makes nothing less strict.
    """
    stale: set[str] = set()
    for entry in entries:
        if entry.kind != REGISTERED:
            continue
        tightens = entry.content.get("tightens")
        if isinstance(tightens, list):
            stale.update(one for one in tightens if isinstance(one, str))
        # whoever goes back to an older policy says so, by name and in the open
        if entry.signature is not None:
            stale.discard(str(entry.content.get("policy_sha256")))
    return frozenset(stale)
