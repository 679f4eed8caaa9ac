"""What is approved loads, from the bytes that were approved; everything else does not, and runs nothing."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from igw_audit.errors import EvidenceError, TrackingError
from igw_audit.tracking.approved import ApprovedModel, NotApprovedError, open_approved
from igw_audit.tracking.models import hash_model_directory
from igw_audit.tracking.store import Store

THING = """\
from pathlib import Path
Path({marker!r}).write_text("imported")
class Thing:
    def __init__(self, *given, **named):
        Path({marker!r}).write_text("made")
    def __call__(self, *given, **named):
        return self
    def __setstate__(self, state):
        Path({marker!r}).write_text("restored")
"""


def load(store: Store, people: Any, **more: Any) -> ApprovedModel:
    return open_approved(store, store.client.get_model_version("study", "1"), people.clearance(**more))


@pytest.fixture
def approved(store: Store, people: Any, attached: Any) -> Any:
    version, record = attached()
    audit = people.audit(store, version, record)
    people.review(store, audit, conditions=("only for desk checks",))
    return audit


def test_an_approved_model_scores_as_it_did_and_says_who_approved_it(
    store: Store, people: Any, material: Any, approved: Any
) -> None:
    model = load(store, people)
    estimator, features = material.fitted()
    assert (model.estimator.predict_proba(features) == estimator.predict_proba(features)).all()
    assert (model.uri, model.sha256) == ("models:/study/1", approved.model_sha256)
    assert [review.by for review in model.reviews] == ["reviewer"]
    assert model.conditions == ("only for desk checks",)


def test_what_is_not_signed_off_is_not_loaded(store: Store, people: Any, attached: Any) -> None:
    version, record = attached()
    with pytest.raises(NotApprovedError, match="no signed audit is attached"):
        load(store, people)
    people.audit(store, version, record)
    with pytest.raises(NotApprovedError, match="needs approval by ethics") as caught:
        load(store, people)
    assert [reason.rule for reason in caught.value.reasons] == ["sign_off_missing"]


def test_a_byte_written_over_the_approved_files_is_found_before_anything_is_loaded(
    store: Store, people: Any, approved: Any
) -> None:
    (file,) = (store.root / "mlruns" / "artifacts").rglob("model.skops")
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(NotApprovedError, match="are not those that were approved") as caught:
        load(store, people)
    assert caught.value.reasons[0].rule == "model_changed"


@pytest.mark.parametrize(
    ("change", "says"),
    [("revoked", "was revoked"), ("tightened", "replaced by a stricter"), ("unknown", "nobody whom we know")],
)
def test_an_approval_that_no_longer_counts_says_why(
    store: Store, people: Any, approved: Any, change: str, says: str
) -> None:
    more: dict[str, Any] = {}
    if change == "revoked":
        key = people.key("reviewer").keyid
        people.trusted = people.trusted.revoke(key, at=datetime.now(UTC), because="left the service")
    elif change == "tightened":
        more["tightened"] = frozenset({approved.policy_sha256})
    else:
        people.trusted = type(people.trusted)()
    with pytest.raises(NotApprovedError, match=says):
        load(store, people, **more)


@pytest.mark.parametrize(("audited", "reviewed", "says"), [(400, 1, "counted until"), (10, 100, "has expired")])
def test_an_approval_past_its_date_does_not_load(  # noqa: PLR0917
    store: Store, people: Any, attached: Any, audited: int, reviewed: int, says: str
) -> None:
    version, record = attached()
    now = datetime.now(UTC)
    audit = people.audit(store, version, record, at=now - timedelta(days=audited))
    people.review(store, audit, at=now - timedelta(days=reviewed))
    with pytest.raises(NotApprovedError, match=says):
        load(store, people)


def mlflow_loads(folder: Path, *path: Path) -> subprocess.CompletedProcess[str]:
    """Load a model folder with MLflow's own function, in a process of its own."""
    script = (
        "import sys, warnings\nwarnings.simplefilter('ignore')\n"
        f"sys.path[:0] = {[str(one) for one in path]!r}\n"
        f"import mlflow.sklearn\nmlflow.sklearn.load_model({str(folder)!r})\n"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def folder_of(store: Store) -> Path:
    (listing,) = (store.root / "mlruns" / "artifacts").rglob("MLmodel")
    return listing.parent


def crafted_skops(folder: Path, code: Path, marker: Path) -> None:
    """Put a type of one's own in the file, and have the model's own list vouch for it, as MLflow believes."""
    (code / "crafted_module.py").write_text(THING.format(marker=str(marker)))
    file = folder / "model.skops"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(parts["schema.json"])
    schema["content"]["content"]["memory"] = {
        "__class__": "Thing",
        "__module__": "crafted_module",
        "__loader__": "ObjectNode",
        "__id__": 10**9,
        "content": {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "__id__": 10**9 + 1,
                    "key_types": {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode",
                                  "__id__": 10**9 + 2, "content": []}, "content": {}},
    }  # fmt: skip
    parts["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    listing = folder / "MLmodel"
    text = listing.read_text(encoding="utf-8")
    assert "skops_trusted_types:" in text
    listing.write_text(text.replace("skops_trusted_types:", "skops_trusted_types:\n    - crafted_module.Thing"))


class _RunsCode:
    """What a pickle runs when it is opened."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.write_text, (self.marker, "ran")


def crafted_pickle(folder: Path, marker: Path) -> None:
    """Put a pickle in the model's place that runs code when it is opened."""
    (folder / "model.skops").unlink()
    (folder / "model.pkl").write_bytes(pickle.dumps(_RunsCode(marker)))
    listing = folder / "MLmodel"
    text = listing.read_text(encoding="utf-8")
    text = text.replace("pickled_model: model.skops", "pickled_model: model.pkl")
    listing.write_text(text.replace("serialization_format: skops", "serialization_format: pickle"))


@pytest.mark.parametrize("kind", ["skops", "pickle"])
def test_a_crafted_model_runs_its_code_through_mlflow_and_not_through_us_even_when_all_of_it_is_signed(
    store: Store, people: Any, material: Any, tmp_path: Path, kind: str
) -> None:
    from igw_audit.tracking.registry import attach_record

    _, version = material.train(store)
    folder, code, marker = folder_of(store), tmp_path / "code", tmp_path / "ran"
    code.mkdir()
    if kind == "skops":
        crafted_skops(folder, code, marker)
    else:
        crafted_pickle(folder, marker)
    # an auditor and a reviewer who were deceived: every signature over these very bytes is good
    record = material.make_record(hash_model_directory(folder))
    attach_record(store, "study", version.version, record=record, pages=material.PAGES)
    people.review(store, people.audit(store, version, record))

    aside = tmp_path / "as MLflow sees it"
    shutil.copytree(folder, aside)
    told = mlflow_loads(aside, code)
    assert marker.exists(), f"MLflow's own loader no longer runs this: {told.stderr[-500:]}"
    marker.unlink()

    sys.path.insert(0, str(code))
    try:
        with pytest.raises(EvidenceError, match={"skops": "not among", "pickle": "can run any code"}[kind]):
            load(store, people)
    finally:
        sys.path.remove(str(code))
    assert not marker.exists()
    assert "crafted_module" not in sys.modules


def test_a_model_that_brings_its_own_code_is_not_loaded_though_it_is_signed(
    store: Store, people: Any, material: Any
) -> None:
    from igw_audit.tracking.registry import attach_record

    _, version = material.train(store)
    listing = folder_of(store) / "MLmodel"
    text = listing.read_text(encoding="utf-8")
    listing.write_text(text.replace("code: null", "code: code", 1))
    record = material.make_record(hash_model_directory(folder_of(store)))
    attach_record(store, "study", version.version, record=record, pages=material.PAGES)
    people.review(store, people.audit(store, version, record))
    with pytest.raises(EvidenceError, match="brings its own code"):
        load(store, people)


def test_an_alias_that_nobody_set_is_an_error_that_says_so(store: Store, approved: Any) -> None:
    from igw_audit.tracking.approved import load_approved

    with pytest.raises(TrackingError, match="has no alias 'champion'"):
        load_approved("study", project=store.root)
