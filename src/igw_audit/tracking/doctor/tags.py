"""Tags in our name that say something else than evidence and ledger: they are for people to read, and must not lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from igw_audit.evidence.derived import (
    AUDITED_AT_TAG,
    CLAIMS,
    DECISION_TAG,
    MODEL_TAG,
    PAGES_TAG,
    RECORD_TAG,
    REGISTERED_BY,
    derived_tags,
)
from igw_audit.evidence.tags import RESERVED, in_our_name
from igw_audit.tracking.doctor.around import Around
from igw_audit.tracking.doctor.held import Held, held_models
from igw_audit.tracking.uris import unless_absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from igw_audit.evidence.origin import Origin
    from igw_audit.evidence.trust import TrustedKeys
    from igw_audit.tracking.store import Store

#: What training writes at its run for people to read, and nothing reads back.
_SHOWN = re.compile(r"igw\.(pilot|cases\.rows|code\.version|seed|evaluator|[\w-]+\.file\.sha256)")
_OF_VERSION = (*CLAIMS, DECISION_TAG, RECORD_TAG, AUDITED_AT_TAG, REGISTERED_BY)
_DO = (
    "take the tag away (mlflow: delete_model_version_tag, delete_tag, delete_registered_model_tag), and ask who wrote "
    "it; what counts is the signed audit (igw-audit gate)"
)


def around_tags(store: Store, held: Held, keys: TrustedKeys, origin: Origin | None) -> Iterator[Around]:
    """Say which tags of a version and of its run are untrue, or are none that anything of ours writes."""
    truth = _truth(held, keys, origin)
    for key, value in sorted(held.version.tags.items()):
        if in_our_name(key) and not key.startswith(RESERVED) and (why := _untrue_at_version(key, value, truth)):
            yield _around(held.uri, key, value, why)
    run = unless_absent(store, store.client.get_run, str(held.version.run_id)) if held.version.run_id else None
    for key, value in sorted(run.data.tags.items()) if run is not None else ():
        if in_our_name(key) and (why := _untrue_at_run(key, value, truth)):
            yield _around(f"run {held.version.run_id}", key, value, why)


def around_models(store: Store) -> Iterator[Around]:
    """Say which registered models have tags in our name: nothing of ours writes one there."""
    for model in held_models(store):
        for key, value in sorted(model.tags.items()):
            if in_our_name(key):
                yield _around(f"models:/{model.name}", key, value, "no audit is about a model as a whole")


def _truth(held: Held, keys: TrustedKeys, origin: Origin | None) -> dict[str, str]:
    """Return what evidence says, and beside it what was entered when the version was registered."""
    entered = {} if origin is None else {**origin.claims, REGISTERED_BY: origin.by}
    return {**entered, **derived_tags(held.evidence(keys))}


def _untrue_at_version(key: str, value: str, truth: Mapping[str, str]) -> str | None:
    if key == AUDITED_AT_TAG:
        return None
    if key in truth:
        return None if truth[key] == value else f"{_source(key)} {truth[key]!r}"
    if key == DECISION_TAG and value == "allow":
        return "no signed audit of it says so"
    known = key in _OF_VERSION or key.startswith(PAGES_TAG) or _SHOWN.fullmatch(key)
    return None if known else "nothing of igw-audit writes such a tag"


def _untrue_at_run(key: str, value: str, truth: Mapping[str, str]) -> str | None:
    if key in CLAIMS and key in (MODEL_TAG, "igw.cases.sha256", "igw.pipeline.sha256"):
        return None if truth.get(key, value) == value else f"{_source(key)} {truth[key]!r}"
    known = key in CLAIMS or _SHOWN.fullmatch(key)
    return None if known else "nothing of igw-audit writes such a tag at a run"


def _source(key: str) -> str:
    return "the ledger has" if key in (*CLAIMS, REGISTERED_BY) else "the signed audit says"


def _around(where: str, key: str, value: str, why: str) -> Around:
    return Around(kind="tag_untrue", where=where, found=f"the tag {key!r} says {value[:80]!r}, and {why}", do=_DO)
