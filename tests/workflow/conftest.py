"""A small project with one synthetic pilot, trained and registered once."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from igw_audit import workflow

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Project:
    root: Path
    uri: str

    @property
    def pipeline(self) -> Path:
        return self.root / "pipelines" / "talent"

    @property
    def data(self) -> Path:
        return self.pipeline / "data"


def make_project(root: Path) -> Path:
    """Write the settings and data of one pilot; nothing is trained yet."""
    for folder in ("pipelines", "audits"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("data"))
    # three quick audits are enough for what is asked here; each audit has tests of its own
    plan = root / "audits" / "talent" / "plan.toml"
    plan.write_text('audits = ["A000", "A001", "A008"]\n' + plan.read_text(encoding="utf-8"), encoding="utf-8")
    workflow.synthesize("talent", n=8_000, seed=3, scenario="none", out=root / "pipelines" / "talent" / "data")
    return root


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The whole session shares it: a version is never changed, only added, and nobody signs here."""
    root = make_project(tmp_path_factory.mktemp("project"))
    return Project(root=root, uri=workflow.train(root / "pipelines" / "talent", project=root).uri)


@pytest.fixture(scope="module")
def own_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project for a module that signs: keys and a ledger belong to one another, and cannot be shared."""
    root = make_project(tmp_path_factory.mktemp("own"))
    return Project(root=root, uri=workflow.train(root / "pipelines" / "talent", project=root).uri)
