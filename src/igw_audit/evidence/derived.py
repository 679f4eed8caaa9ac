"""The tags that people read on a version, as its signed audit has them: whoever writes others only writes a claim."""

from __future__ import annotations

from collections.abc import Mapping

from igw_audit.evidence.signed import Evidence
from igw_audit.evidence.standing import current_audit
from igw_audit.evidence.statement import AuditStatement
from igw_audit.evidence.tags import RESERVED, in_our_name

DECISION_TAG = "igw.decision"
MODEL_TAG = "igw.model.sha256"
PLAN_TAG = "igw.plan.sha256"
POLICY_TAG = "igw.policy.sha256"
#: The tag that says which record is attached; it is written last, so that what was attached by half does not count.
RECORD_TAG = "igw.record.sha256"
#: Name and hash of each page of one record; a key a record, so that two audits at once do not mix their pages.
PAGES_TAG = "igw.pages."
AUDITED_AT_TAG = "igw.audited_at"
#: Which account registered a version, as the server saw it sign in. MLflow's own name for it comes from the client.
REGISTERED_BY = "igw.registered_by"
#: What training says of a version while it registers it: kept in the ledger, as the word of who registered it.
CLAIMS = ("igw.model.id", MODEL_TAG, "igw.pipeline.sha256", "igw.cases.sha256", PLAN_TAG, POLICY_TAG)


def derived_tags(evidence: Evidence) -> dict[str, str]:
    """Return the tags that the audit which counts gives; none where nothing is signed."""
    held = current_audit(evidence.audits)
    return {} if held is None else tags_of_audit(held.statement)


def tags_of_audit(audit: AuditStatement) -> dict[str, str]:
    """Return the tags that say what a signed audit says."""
    listed = "\n".join(f"{page.sha256}  {page.name}" for page in sorted(audit.pages, key=lambda page: page.name))
    return {
        DECISION_TAG: audit.decision,
        MODEL_TAG: audit.model_sha256,
        PLAN_TAG: audit.plan_sha256,
        POLICY_TAG: audit.policy_sha256,
        RECORD_TAG: audit.record_sha256,
        AUDITED_AT_TAG: audit.signed_at,
        **({PAGES_TAG + audit.record_sha256: listed} if audit.pages else {}),
    }


def told_tags(stored: Mapping[str, str], derived: Mapping[str, str]) -> dict[str, str]:
    """Return a version's tags as they are to be read: in our name only evidence, and what is derived from it.

    Where no signed audit has them, the hashes of an attached record and its pages stay: they say which file is meant,
    and nothing about it.
    """
    kept = {
        key: value
        for key, value in stored.items()
        if not in_our_name(key) or key == RECORD_TAG or key.startswith((RESERVED, PAGES_TAG))
    }
    return {**kept, **derived}
