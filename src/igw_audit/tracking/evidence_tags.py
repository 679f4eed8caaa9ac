"""Evidence among a version's tags: read with the version's time of creation, and written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from igw_audit.errors import TrackingError
from igw_audit.tracking.uris import find_version, parse_uri

if TYPE_CHECKING:
    from igw_audit.tracking.store import Store


def version_created(store: Store, name: str, version: str) -> int:
    """Give when a version was created, in milliseconds since 1970; TrackingError if there is none."""
    return int(find_version(store, parse_uri(f"models:/{name}/{version}")).creation_timestamp)


def write_evidence(store: Store, name: str, version: str, *, key: str, text: str) -> None:
    """Write one tag of evidence and read it back; what stands there already stays.

    Raises
    ------
    TrackingError
        If something else stands under the key, MLflow refuses, or the tag does not read back as written.
    """
    held = find_version(store, parse_uri(f"models:/{name}/{version}")).tags.get(key)
    if held is None:
        store.call(store.client.set_model_version_tag, name, version, key, text)
        held = find_version(store, parse_uri(f"models:/{name}/{version}")).tags.get(key)
    if held != text:
        raise TrackingError(f"models:/{name}/{version} holds something else under {key}; evidence is written once")
