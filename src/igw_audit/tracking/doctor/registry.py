"""What the registry holds that went round the gate: aliases, stages, versions and evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from igw_audit.evidence.derived import MODEL_TAG
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.clearance import Clearance
from igw_audit.tracking.doctor.around import Around
from igw_audit.tracking.doctor.files import around_files, is_elsewhere
from igw_audit.tracking.doctor.held import Held, held_models
from igw_audit.tracking.doctor.known import Known
from igw_audit.tracking.doctor.tags import around_tags
from igw_audit.tracking.store import Store

#: Reasons that come with time, and not from somebody going round the gate.
_LAPSED = frozenset({"audit_expired", "review_expired", "policy_tightened", "key_expired", "key_revoked"})
#: What follows from a lapsed review: the sign-off or the answer that it was.
_FOLLOWS = frozenset({"sign_off_missing", "answer_missing", "refused"})


def around_version(store: Store, held: Held, clearance: Clearance, known: Known) -> Iterator[Around]:
    """Say what went round the gate at one version."""
    if held.is_prompt:
        yield from _prompt(held, known)
        return
    yield from _aliases(held, clearance, known)
    yield from _stage(held)
    outside = list(_origin(store, held, known))
    yield from outside
    if held.copied_from is not None and not held.evidence(clearance.keys).audits:
        # what MLflow copied along is evidence of another version
        return
    yield from around_tags(store, held, clearance.keys, known.origin(held))
    if held.has_evidence:
        yield from _evidence(held, clearance.keys)
    yield from around_files(store, held, clearance.keys, known.origin(held), said_outside=bool(outside))


def around_aliases(store: Store, held: Sequence[Held]) -> Iterator[Around]:
    """Say which aliases lead to a version that is not there: the next one under its number would have them."""
    there = {held_one.place[:2] for held_one in held}
    for model in held_models(store):
        for alias, number in sorted(model.aliases.items()):
            if (str(model.name), str(number)) not in there:
                yield Around(
                    kind="alias_unaudited",
                    where=f"models:/{model.name}@{alias}",
                    found=f"{alias!r} leads to version {number}, which is not there",
                    do="take the alias away (mlflow: delete_registered_model_alias), and find out who wrote it",
                )


def _prompt(held: Held, known: Known) -> Iterator[Around]:
    for alias in held.aliases:
        if known.rule.says_approved(alias):
            yield Around(
                kind="alias_of_prompt",
                where=f"models:/{held.version.name}@{alias}",
                found=f"a prompt uses the alias {alias!r}, which stands for an approved model here; it is not checked",
                do=f"give the prompt another alias: mlflow will otherwise show {alias!r} for something nobody approved",
            )


def _aliases(held: Held, clearance: Clearance, known: Known) -> Iterator[Around]:
    if not held.aliases:
        return
    stands = clearance.standing(held.version, at=known.at)
    if stands.word == "open":
        return
    against = [reason for reason in stands.reasons if reason.word != "allow"]
    rules = {reason.rule for reason in against}
    if rules == {"evidence_missing"}:
        kind = "alias_unaudited"
    elif rules & _LAPSED and rules <= _LAPSED | _FOLLOWS:
        kind = "approval_lapsed"
    else:
        kind = "alias_not_approved"
    said = "; ".join(reason.text.en for reason in against[:3])
    more = f" (and {len(against) - 3} more reasons: igw-audit gate {held.uri})" if len(against) > 3 else ""
    for alias in held.aliases:
        yield Around(
            kind=kind if known.rule.guards(alias) else "alias_free",
            where=f"models:/{held.version.name}@{alias}",
            found=f"{alias!r} leads to {held.uri}, which does not stand: {said}{more}",
            do=f"take the alias away (mlflow: delete_registered_model_alias), or get the version approved and run: "
            f"igw-audit promote {held.uri} --alias {alias}",
        )


def _stage(held: Held) -> Iterator[Around]:
    stage = str(held.version.current_stage or "None")
    if stage in ("Staging", "Production"):
        yield Around(
            kind="stage_in_use",
            where=held.uri,
            found=f"the version has the stage {stage!r}; stages pass no gate, and MLflow deprecated them",
            do=f"set the stage back to None and promote to an alias instead: igw-audit promote {held.uri}",
        )


def _origin(store: Store, held: Held, known: Known) -> Iterator[Around]:
    origin = known.origin(held)
    if held.copied_from is not None:
        yield Around(
            kind="copied_version",
            where=held.uri,
            found=f"the version is a copy of {held.copied_from}; the evidence of that one says nothing about this one",
            do="train and audit it here under its own name, or delete the copy",
        )
        return
    if origin is not None and is_elsewhere(store, held, origin):
        yield Around(
            kind="source_moved",
            where=held.uri,
            found=f"{origin.by} registered it with its files at {origin.source} (ledger entry {origin.seq}), and "
            "they are somewhere else now",
            do="find out who could write to the registry's database; register the model as a new version; audit that",
        )
    trained = origin is not None and MODEL_TAG in origin.claims
    if not trained and not known.was_audited(held):
        by = f"by {origin.by} with plain MLflow (ledger entry {origin.seq})" if origin else "past us, with plain MLflow"
        yield Around(
            kind="registered_outside",
            where=held.uri,
            found=f"the version was registered {by}: the ledger does not say what it was trained on, or which bytes",
            do="register it with igw-audit train PIPELINE, or delete it; it can be loaded by its number by anyone. One "
            "from before the ledger kept registrations is audited once more, or trained again",
        )


def _evidence(held: Held, keys: TrustedKeys) -> Iterator[Around]:
    for refused in held.evidence(keys).refused:
        yield Around(
            kind="evidence_changed",
            where=held.uri,
            found=f"the evidence under {refused.detail} does not hold ({refused.reason}): somebody wrote to the "
            "registry's database, or signed with a key that is not trusted",
            do="find out who could write there; register the model as a new version and audit that",
        )
