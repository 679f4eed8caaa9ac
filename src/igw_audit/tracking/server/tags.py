"""What clients may not say in our name at runs, experiments and logged models: those tags are for people to read.

Tags of versions and registered models pass the gated registry, which knows what is true there. Of these nothing is
read back; they are refused so that nobody who looks at a run takes a claim for a decision.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from igw_audit.evidence.tags import in_our_name
from igw_audit.tracking.gated_registry.refusal import refusal

if TYPE_CHECKING:
    from flask import Request

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: The registry looks at these itself, in the transaction that writes; the others bring files and no tags.
_OTHERS = re.compile(
    r".*/(?:mlflow/(?:registered-models|model-versions|upload-artifact)|mlflow-artifacts)(?:/.*)?", re.DOTALL
)
_ONE = re.compile(r".*?/tags/(.+)", re.DOTALL)


def check_tags(request: Request) -> None:
    """Refuse a request that sets or deletes a tag in our name, at whatever holds tags beside the registry."""
    if request.method not in _CHANGING or _OTHERS.fullmatch(request.path):
        return
    for key in _keys(request):
        if in_our_name(key):
            raise refusal(
                "tag_reserved",
                f"the tag {key!r} is neither set nor deleted by a client: what is said in the name of igw-audit (igw "
                "in any letters) is for people to believe. Use a key of another name, or a parameter of the run",
            )


def _keys(request: Request) -> Iterator[str]:
    """Return the keys of all tags that a request names, read as MLflow reads it."""
    if found := _ONE.fullmatch(request.path):
        yield found[1]
    body = _body(request)
    if isinstance(body, dict) and "tag" in request.path.rpartition("/mlflow/")[2]:
        yield from (str(body[name]) for name in ("key", "tag_key", "tagKey") if name in body)
    yield from _tag_keys(body)


def _body(request: Request) -> Any:
    found = request.get_json(force=True, silent=True)
    if isinstance(found, str):
        # old clients encode twice, and MLflow decodes twice
        with suppress(ValueError):
            return json.loads(found)
    return found


def _tag_keys(body: Any) -> Iterator[str]:
    """Return the keys in every list or mapping that is called tags, however deep it lies."""
    if isinstance(body, dict):
        for name, value in body.items():
            if name.lower().endswith("tags"):
                yield from _listed(value)
            yield from _tag_keys(value)
    elif isinstance(body, list):
        for one in body:
            yield from _tag_keys(one)


def _listed(tags: Any) -> Iterator[str]:
    if isinstance(tags, dict):
        yield from map(str, tags)
    elif isinstance(tags, list):
        yield from (str(one.get("key")) if isinstance(one, dict) else str(one) for one in tags)
