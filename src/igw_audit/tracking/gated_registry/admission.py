"""Which evidence the registry lets in: signed by a key in force, about this version, in its own place, once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from mlflow.exceptions import MlflowException

from igw_audit.errors import IgwAuditError
from igw_audit.evidence.derived import CLAIMS, REGISTERED_BY
from igw_audit.evidence.dsse import Envelope, EnvelopeError
from igw_audit.evidence.entries import HEAD, read_head
from igw_audit.evidence.signed import check_tag, read_evidence
from igw_audit.evidence.tags import CHECKPOINT, RESERVED, checkpoint_tag, in_our_name
from igw_audit.evidence.trust import check_in_force, signer_of
from igw_audit.tracking.gated_registry.keeper import HeldVersion, Keeper
from igw_audit.tracking.gated_registry.refusal import acting_user, no_answer, refusal

#: What training says of a version: hashes, and the id of a logged model.
_CLAIM = re.compile(r"[0-9a-f]{64}|m-[0-9a-f]{32}")
#: As long as MLflow's own column.
_LONGEST_SOURCE = 500


def reserves(key: str) -> bool:
    """Tell whether a tag is in the place of evidence."""
    return key.startswith(RESERVED)


def admit(keeper: Keeper, held: HeldVersion | None, *, uri: str, key: str, value: str) -> None:
    """Let in a piece of evidence that holds; refuse anything else.

    What does not hold is never stored: the place of a piece of evidence is written once, and would be lost to it.
    """
    if held is None:
        raise refusal(
            "evidence_place",
            f"{key} is not set while {uri} is being registered, for evidence is about a version that exists; register "
            f"it first, then audit and sign it: igw-audit audit {uri} --key FILE",
        )
    before = held.tags.get(key)
    if before == value:
        return
    if before is not None:
        raise refusal("evidence_written_once", f"{key} of {uri} is there already, and evidence is written once")
    try:
        _check(keeper, held, key, value)
    except EnvelopeError as error:
        told = {"name": held.name, "version": str(held.version), "tag": key, "by": acting_user()}
        keeper.book.enter_if_possible("refused", {**told, "rules": [error.reason]})
        raise refusal(error.reason, f"{key} is not stored at {uri}, for it is no evidence of it: {error}") from error
    except IgwAuditError as error:
        raise no_answer(error) from error


def refuse_other_maker(key: str, uri: str) -> None:
    """Refuse to say anew who registered a version: the server alone says so, once."""
    if key == REGISTERED_BY:
        raise refusal("maker_kept", f"{key} of {uri} is what the server saw when it was registered, and stays so")


def refuse_place(key: str, name: str) -> None:
    """Refuse evidence at a registered model, which is about one version, and whatever else is said in our name."""
    if reserves(key):
        raise refusal("evidence_place", f"{key} is not set on a model, for evidence is about one version of it")
    if in_our_name(key):
        raise tag_reserved(key, f"models:/{name}")


def admit_told(keeper: Keeper, held: HeldVersion | None, *, uri: str, key: str, value: str) -> None:
    """Let in a tag in our name that says what evidence and ledger say already; refuse any other.

    While a version is being registered there is none but who does so, which the registry itself writes.
    """
    if held is None:
        if key != REGISTERED_BY:
            raise tag_reserved(key, uri)
        return
    try:
        derived = keeper.derived(held)
    except IgwAuditError as error:
        raise no_answer(error) from error
    if derived.get(key) != value:
        raise tag_reserved(key, uri)


def refuse_untold(keeper: Keeper, held: HeldVersion | None, *, uri: str, key: str) -> None:
    """Refuse to delete a tag that evidence or ledger give; what stands there in our name without them may go."""
    try:
        kept = held is not None and key in keeper.derived(held)
    except IgwAuditError as error:
        raise no_answer(error) from error
    if kept:
        raise tag_reserved(key, uri)


def claimed(tags: Mapping[str, str]) -> dict[str, str]:
    """Return what training says of a version while it registers it; the ledger keeps that, and no tag does."""
    return {key: tags[key] for key in CLAIMS if key in tags}


def refuse_words(told: Mapping[str, str], *, source: str, run_link: str | None) -> None:
    """Refuse to register what the ledger could not keep, or what people could not follow."""
    for key, value in claimed(told).items():
        if not _CLAIM.fullmatch(value):
            raise refusal("claim_broken", f"{key} holds {value[:80]!r}, expected a SHA-256 or the id of a logged model")
    if len(source) > _LONGEST_SOURCE:
        raise refusal(
            "location_refused", f"the source has {len(source)} characters, and no place of a model is so long"
        )
    if run_link and not run_link.startswith(("http://", "https://")):
        raise refusal("link_refused", f"run_link is {run_link[:80]!r}, expected an address that begins with https://")


def tag_reserved(key: str, uri: str) -> MlflowException:
    """Make the refusal of a tag in our name."""
    return refusal(
        "tag_reserved",
        f"{key!r} of {uri} is neither set nor taken away by hand: what is said there in the name of igw-audit (igw in "
        "any letters) comes from the signed audit. Sign one (igw-audit audit --key FILE), or use a key of another name",
    )


def kept(name: str, version: int, what: str) -> MlflowException:
    """Make the refusal to delete or rename what has evidence."""
    return refusal(
        "evidence_kept",
        f"models:/{name}/{version} has signed evidence, which stays where it is: neither it, nor its version, nor the "
        f"model is {what}. A version that should no longer be used loses its alias; a model that should have another "
        "name is registered anew and audited under that name",
    )


def _check(keeper: Keeper, held: HeldVersion, key: str, value: str) -> None:
    """Raise EnvelopeError unless a piece of evidence holds at this moment."""
    if key.startswith(CHECKPOINT):
        _check_ledger_end(keeper, key, value)
        return
    name, version, created, keys = held.name, str(held.version), held.created, keeper.keys()
    known = read_evidence(held.tags, name=name, version=version, created=created, keys=keys)
    # nobody may review their own model, whoever the audits so far say made it, and whoever registered it here
    origin = keeper.origin(held)
    makers = {one.statement.author for one in known.audits} | {held.tags.get(REGISTERED_BY, "")}
    makers |= {origin.by if origin is not None else ""}
    for author in sorted(makers):
        at = datetime.now(UTC)
        check_tag(key, value, name=name, version=version, created=created, author=author, keys=keys, at=at)


def _check_ledger_end(keeper: Keeper, key: str, value: str) -> None:
    """Raise EnvelopeError unless this is an end that the ledger had, signed by a trusted key, in its own place.

    An end that it never had would say for ever that the ledger was cut off, and shut the version.
    """
    envelope = Envelope.from_json(value)
    check_in_force(signer_of(envelope, keeper.keys(), payload_type=HEAD), datetime.now(UTC))
    if not keeper.book.had(read_head(envelope)):
        raise EnvelopeError("evidence_foreign", "the registry's ledger never ended like this; name the same IGW_LEDGER")
    if key != checkpoint_tag(value):
        raise EnvelopeError("evidence_foreign", f"this end of the ledger belongs under {checkpoint_tag(value)}")
