"""What went round the gate at a version's files: its model, its record, and the run and logged model behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from igw_audit.errors import EvidenceError
from igw_audit.evidence.derived import MODEL_TAG
from igw_audit.evidence.origin import Origin
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.artifacts import UnreachableError, fetch_files
from igw_audit.tracking.doctor.around import Around
from igw_audit.tracking.doctor.held import Held, inner_registry
from igw_audit.tracking.gate import record_problems
from igw_audit.tracking.models import check_flavors, hash_model_directory
from igw_audit.tracking.store import Store
from igw_audit.tracking.uris import unless_absent

_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


def around_files(
    store: Store, held: Held, keys: TrustedKeys, origin: Origin | None, *, said_outside: bool
) -> Iterator[Around]:
    """Say what is wrong with the files of a version; ``said_outside`` where its origin was doubted already."""
    if held.has_evidence:
        yield from _record(store, held)
    audited = {one.statement.model_sha256 for one in held.evidence(keys).audits}
    claimed = origin.claims.get(MODEL_TAG) if origin is not None else None
    expected = audited or {one for one in (claimed,) if one is not None}
    if expected or held.has_evidence or held.aliases:
        yield from _model(store, held, expected, audited=bool(audited), said_outside=said_outside)
    if held.has_evidence or held.aliases:
        yield from _behind(store, held, origin)


def is_elsewhere(store: Store, held: Held, origin: Origin) -> bool:
    """Tell whether a version's files are no longer where they were when it was registered."""
    source = str(held.version.source)
    if not origin.source or source.startswith("models:/"):
        return bool(origin.source) and origin.source != source
    return {source, _download_place(store, held)} != {origin.source}


def _download_place(store: Store, held: Held) -> str:
    asked = inner_registry(store).get_model_version_download_uri
    return str(store.call(asked, str(held.version.name), str(held.version.version)))


def _model(store: Store, held: Held, expected: set[str], *, audited: bool, said_outside: bool) -> Iterator[Around]:
    foreign: str | None = None
    try:
        with TemporaryDirectory() as aside:
            folder = fetch_files(store, _download_place(store, held), Path(aside))
            found = hash_model_directory(folder)
            foreign = None if audited or said_outside else _foreign_form(folder)
    except UnreachableError as error:
        yield _unreachable(held, "the model's files", error)
        return
    except EvidenceError as error:
        yield Around(
            kind="model_missing",
            where=held.uri,
            found=f"the model's files cannot be read: {error}",
            do="restore them from a backup (the hash in the signed audit tells whether they are the same)",
        )
        return
    if expected and found not in expected:
        were = "audited" if audited else "registered"
        yield Around(
            kind="model_changed",
            where=held.uri,
            found=f"the model's files ({found[:12]}...) are not those that were {were} "
            f"({', '.join(one[:12] for one in sorted(expected))}...)",
            do="take its aliases away, find out who could write to the files, and train and audit a new version",
        )
    if foreign is not None:
        yield Around(
            kind="registered_outside",
            where=held.uri,
            found=f"the version's files are not in the form that igw-audit train writes: {foreign}",
            do="register it with igw-audit train PIPELINE, or delete it; it can be loaded by its number by anyone",
        )


def _foreign_form(folder: Path) -> str | None:
    try:
        check_flavors(folder)
    except EvidenceError as error:
        return str(error)
    return None


def _unreachable(held: Held, what: str, error: Exception) -> Around:
    return Around(
        kind="files_unreachable",
        where=held.uri,
        found=f"{what} cannot be looked at from here, so that nothing is known of them: {error}",
        do="run the doctor where they can be read, or say where the server keeps them: MLFLOW_ARTIFACTS_DESTINATION",
    )


def _record(store: Store, held: Held) -> Iterator[Around]:
    for reason in record_problems(store, held.version):
        unreachable = reason.rule == "files_unreachable"
        yield Around(
            kind=reason.rule if unreachable else "record_changed",
            where=held.uri,
            found=reason.text.en,
            do="run the doctor where they can be read, or say where the server keeps them: MLFLOW_ARTIFACTS_DESTINATION"
            if unreachable
            else "restore the run's files from a backup, or audit the version again: "
            f"igw-audit audit {held.uri} --key FILE",
        )


def _behind(store: Store, held: Held, origin: Origin | None) -> Iterator[Around]:
    run, model = held.version.run_id, _logged_model(held, origin)
    gone = unless_absent(store, store.client.get_run, str(run)) if run else None
    if run and (gone is None or gone.info.lifecycle_stage == "deleted"):
        yield Around(
            kind="run_gone",
            where=held.uri,
            found=f"the run {run} behind the version was deleted, and with it go the record and its pages",
            do=f"bring it back: mlflow runs restore --run-id {run}",
        )
    if model and unless_absent(store, store.client.get_logged_model, str(model)) is None:
        yield Around(
            kind="logged_model_gone",
            where=held.uri,
            found=f"the logged model {model} behind the version was deleted, and with it its files will go",
            do="have the administrator of the MLflow store bring it back before deleted things are cleaned up",
        )


def _logged_model(held: Held, origin: Origin | None) -> str | None:
    """Name the logged model behind a version: MLflow 3.17 does not keep it, and the ledger or its address does."""
    named = _MODEL_ID.search(str(held.version.source))
    known = held.version.model_id or (origin.model_id if origin is not None else None)
    return str(known) if known else (named[0] if named else None)
