"""Models go in and come out the same; what could run code on loading does not come out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.ensemble as ensembles
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import OrdinalEncoder, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from igw_audit.errors import EvidenceError, TrackingError
from igw_audit.tracking.models import LoggedModel, hash_model_directory, load_model, log_model, open_model
from igw_audit.tracking.runs import log_training
from igw_audit.tracking.store import Store
from igw_audit.tracking.uris import locate

BOOSTING = {"max_iter": 5, "random_state": 0}
ORDINAL = {"handle_unknown": "use_encoded_value", "unknown_value": -1}


def ordinary(material: Any) -> dict[str, Any]:
    make = material.make_pipeline
    boosting = ensembles.HistGradientBoostingClassifier(**BOOSTING)
    return {
        "logistic": make(LogisticRegression()),
        "target encoder": make(LogisticRegression(), TargetEncoder(cv=StratifiedKFold(3))),
        "boosting": make(boosting, OrdinalEncoder(**ORDINAL)),
        "boosting, categories": make(
            ensembles.HistGradientBoostingClassifier(categorical_features=[2], **BOOSTING), OrdinalEncoder(**ORDINAL)
        ),
        "isotonic": CalibratedClassifierCV(make(LogisticRegression()), method="isotonic", cv=3),
        "sigmoid": CalibratedClassifierCV(make(boosting, OrdinalEncoder(**ORDINAL)), method="sigmoid", ensemble=False),
        "forest": make(ensembles.RandomForestClassifier(5, random_state=0)),
        "extra trees": make(ensembles.ExtraTreesClassifier(5, random_state=0)),
        "gradient boosting": make(ensembles.GradientBoostingClassifier(n_estimators=4)),
        "bagging": make(ensembles.BaggingClassifier(DecisionTreeClassifier(), 3, max_features=0.6, random_state=0)),
        "pruned tree": make(DecisionTreeClassifier(ccp_alpha=0.001, max_leaf_nodes=9)),
        "vote": ensembles.VotingClassifier(
            [("one", make(LogisticRegression())), ("two", make(boosting, OrdinalEncoder(**ORDINAL)))], voting="soft"
        ),
    }


@pytest.fixture(scope="module")
def store(template: Path, material: Any, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Share one store: each test logs a model of its own."""
    opened: Store = material.copy_store(template, tmp_path_factory.mktemp("models") / "project")
    return opened


def files_of(store: Store, logged: LoggedModel) -> Path:
    return Path(store.client.get_logged_model(logged.model_id).artifact_location)


@pytest.fixture
def run_id(store: Store) -> str:
    return str(store.client.create_run(store.experiment("study")).info.run_id)


@pytest.fixture
def folder(store: Store, material: Any, run_id: str) -> Path:
    """Give the folder of a logged logistic model."""
    estimator, features = material.fitted()
    return files_of(store, log_model(store, estimator, features, run_id=run_id))


@pytest.mark.parametrize(
    "name",
    [
        "logistic",
        "target encoder",
        "boosting",
        "boosting, categories",
        "isotonic",
        "sigmoid",
        "forest",
        "extra trees",
        "gradient boosting",
        "bagging",
        "pruned tree",
        "vote",
    ],
)
def test_an_ordinary_pipeline_comes_back_with_the_same_scores(
    store: Store, material: Any, run_id: str, name: str
) -> None:
    frame, label = material.make_cases()
    estimator = ordinary(material)[name].fit(frame, label)
    logged = log_model(store, estimator, frame, run_id=run_id)
    loaded = open_model(store, locate(store, logged.uri))
    assert loaded.sha256 == logged.sha256
    np.testing.assert_array_equal(loaded.estimator.predict_proba(frame), estimator.predict_proba(frame))


def test_mlflow_itself_can_score_with_the_logged_model(store: Store, material: Any, run_id: str) -> None:
    estimator, features = material.fitted()
    path = files_of(store, log_model(store, estimator, features, run_id=run_id))
    import mlflow.pyfunc

    scores = mlflow.pyfunc.load_model(str(path)).predict(features)
    np.testing.assert_array_equal(scores, estimator.predict_proba(features))


def test_the_example_row_is_nobodys(store: Store, material: Any, run_id: str) -> None:
    estimator, features = material.fitted()
    path = files_of(store, log_model(store, estimator, features, run_id=run_id))
    assert json.loads((path / "input_example.json").read_text()) == {
        "columns": ["hours", "subject"],
        "data": [[0.0, "example"]],
    }


def test_a_model_that_keeps_its_training_cases_is_not_logged(store: Store, material: Any, run_id: str) -> None:
    frame, label = material.make_cases()
    estimator = material.make_pipeline(KNeighborsClassifier()).fit(frame, label)
    with pytest.raises(TrackingError, match="KDTree"):
        log_model(store, estimator, frame, run_id=run_id)


def test_a_failed_logging_leaves_a_failed_run_and_nothing_to_register(store: Store, material: Any) -> None:
    frame, label = material.make_cases()
    estimator = material.make_pipeline(KNeighborsClassifier()).fit(frame, label)
    with pytest.raises(TrackingError):
        log_training(store, material.training_run(pilot="failing"), estimator=estimator, features=frame)
    (run,) = store.client.search_runs([store.experiment("failing")])
    assert run.info.status == "FAILED"
    assert store.client.search_registered_models() == []


EVIL = """
from pathlib import Path
Path({marker!r}).write_text("code ran")
class Thing:
    def __init__(self): pass
"""


def crafted(folder: Path, edit: Any) -> None:
    """Rewrite what a skops file says that it holds."""
    file = folder / "model.skops"
    with zipfile.ZipFile(file) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    content = json.loads(parts["schema.json"])
    edit(content)
    with zipfile.ZipFile(file, "w") as new:
        for name, part in {**parts, "schema.json": json.dumps(content).encode()}.items():
            new.writestr(name, part)


@pytest.mark.parametrize(
    "loader", ["ObjectNode", "TypeNode", "FunctionNode", "PartialNode", "MethodNode", "ReduceNode"]
)
def test_a_crafted_type_is_refused_without_running_its_code(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: str
) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "evil_module.py").write_text(EVIL.format(marker=str(marker)))
    monkeypatch.syspath_prepend(str(tmp_path))

    def edit(content: dict[str, Any]) -> None:
        content["content"]["content"]["memory"] = {
            "__class__": "Thing",
            "__module__": "evil_module",
            "__loader__": loader,
            "__id__": 1,
            "content": {"module_path": "evil_module", "function": "Thing", "func": "Thing"},
        }

    crafted(folder, edit)
    # the model vouches for itself, as MLflow would believe
    listing = folder / "MLmodel"
    listing.write_text(
        listing.read_text().replace("skops_trusted_types:", "skops_trusted_types:\n    - evil_module.Thing")
    )
    with pytest.raises(EvidenceError):
        load_model(folder)
    assert not marker.exists()
    assert "evil_module" not in sys.modules


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("serialization_format: skops", "serialization_format: pickle", "can run any code"),
        ("serialization_format: skops", "serialization_format: cloudpickle", "can run any code"),
        ("    serialization_format: skops\n", "", "can run any code"),
        ("pickled_model: model.skops", "pickled_model: ../model.skops", "can run any code"),
        ("code: null", "code: code", "brings its own code"),
        ("  python_function:\n", "  python_function:\n    code: code\n", "brings its own code"),
        ("  sklearn:\n", "  other:\n", "does not describe a scikit-learn model"),
        ("flavors:", "flavors: [", "does not describe a scikit-learn model"),
        ("flavors:", "x: !!python/object/apply:os.system ['false']\nflavors:", "does not describe"),
    ],
)
def test_what_can_bring_code_is_refused(folder: Path, old: str, new: str, says: str) -> None:
    listing = folder / "MLmodel"
    assert old in listing.read_text()
    listing.write_text(listing.read_text().replace(old, new, 1))
    with pytest.raises(EvidenceError, match=says):
        load_model(folder)


def test_a_listing_that_stands_for_gigabytes_of_text_is_refused_in_few_words(folder: Path) -> None:
    levels = [f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 9)}]\n" for one in range(1, 30)]
    listing = folder / "MLmodel"
    text = listing.read_text().replace("pickled_model: model.skops", "pickled_model: *a29")
    listing.write_text("a0: &a0 [x]\n" + "".join(levels) + text)
    with pytest.raises(EvidenceError, match="can run any code") as caught:
        load_model(folder)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("size", [0, 10, 5000])
def test_a_cut_off_file_is_refused_in_words(folder: Path, size: int) -> None:
    file = folder / "model.skops"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(EvidenceError, match="damaged"):
        load_model(folder)


@pytest.mark.parametrize("estimator", ["forest", "boosting", "boosting, categories"])
@pytest.mark.parametrize("field", ["left", "right", "feature"])
def test_a_tree_that_points_outside_is_refused(
    store: Store, material: Any, run_id: str, estimator: str, field: str
) -> None:
    frame, label = material.make_cases()
    model = ordinary(material)[estimator].fit(frame, label)
    last = model[-1]
    if estimator == "forest":
        tree = last.estimators_[2].tree_
        state = tree.__getstate__()
        name = {"left": "left_child", "right": "right_child", "feature": "feature"}[field]
        state["nodes"][name][0] = 2**30
        tree.__setstate__(state)
    else:
        nodes = last._predictors[3][0].nodes
        nodes[{"left": "left", "right": "right", "feature": "feature_idx"}[field]][0] = 2**30
    logged = log_model(store, model, frame, run_id=run_id)
    with pytest.raises(EvidenceError, match="points outside itself"):
        open_model(store, locate(store, logged.uri))


def test_a_tree_that_goes_in_circles_is_refused(store: Store, material: Any, run_id: str) -> None:
    frame, label = material.make_cases()
    model = ordinary(material)["boosting"].fit(frame, label)
    model[-1]._predictors[0][0].nodes["left"][0] = 0
    logged = log_model(store, model, frame, run_id=run_id)
    with pytest.raises(EvidenceError, match="points outside itself"):
        open_model(store, locate(store, logged.uri))


def test_the_hash_sees_bytes_and_names_and_not_what_mlflow_adds(folder: Path) -> None:
    before = hash_model_directory(folder)
    (folder / "registered_model_meta").write_text("model_name: study\n")
    assert hash_model_directory(folder) == before
    (folder / "deep").mkdir()
    (folder / "deep" / "registered_model_meta").write_text("")
    assert hash_model_directory(folder) != before


def test_the_hash_can_be_made_with_shell_tools(folder: Path) -> None:
    command = re.search(r"``(find.*?)``", str(hash_model_directory.__doc__), re.S)
    assert command is not None
    line = " ".join(command[1].replace("\\\\n", "\\n").split())
    done = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == hash_model_directory(folder)


def test_a_link_in_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(EvidenceError, match="no plain file"):
        hash_model_directory(folder)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="holds no files"):
        hash_model_directory(tmp_path)
    with pytest.raises(EvidenceError, match="is no folder"):
        hash_model_directory(tmp_path / "none")
