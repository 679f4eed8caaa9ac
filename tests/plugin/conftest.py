"""A gated registry on each database, opened as a person's own process opens it: without a server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.plugin.material import People, Tag
from tests.plugin.served import Served, served

from igw_audit.evidence.ledger import Ledger, open_ledger
from igw_audit.tracking.quiet import quiet_mlflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A gated registry, the same tables without the gate, who signs, and the ledger."""

    store: Any
    plain: Any
    people: People
    ledger: Ledger
    address: str

    def version(self, name: str = "study") -> Any:
        """Register a version of a model, which is made if it is not there."""
        if not self.store.search_registered_models(f"name = '{name}'"):
            self.store.create_registered_model(name)
        return self.store.create_model_version(name, f"/models/{name}", run_id="0" * 32)

    def approved(self, name: str = "study") -> Any:
        """Register a version with an audit that allows and a review that approves."""
        made = self.version(name)
        for tag in self.people.approval(made):
            self.set(made, tag)
        return made

    def set(self, version: Any, tag: Tag) -> None:
        """Set a tag through the gate."""
        from mlflow.entities.model_registry import ModelVersionTag

        self.store.set_model_version_tag(version.name, version.version, ModelVersionTag(tag.key, tag.value))

    def force(self, version: Any, tag: Tag) -> None:
        """Set a tag past the gate, as who can write to the database can."""
        from mlflow.entities.model_registry import ModelVersionTag

        self.plain.set_model_version_tag(version.name, version.version, ModelVersionTag(tag.key, tag.value))

    def kinds(self) -> list[str]:
        """Give the kinds of the ledger's entries, but for those about registering."""
        return [entry.kind for entry in self.ledger.entries() if entry.kind != "created"]


@pytest.fixture(scope="session", autouse=True)
def _mlflow_is_imported() -> None:
    """Import what warns while it is imported, before a test takes warnings for errors."""
    with quiet_mlflow():
        import mlflow.server  # noqa: F401

        import igw_audit.tracking.gated_registry.store  # noqa: F401


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite file with MLflow's tables and nothing in them."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    path = tmp_path_factory.mktemp("tables") / "igw.db"
    with quiet_mlflow():
        made: Any = SqlAlchemyStore
        made(f"sqlite:///{path}").engine.dispose()
    return path


@pytest.fixture
def sqlite_address(sqlite_template: Path, tmp_path: Path) -> str:
    """Give the address of an SQLite database of this test's own."""
    path = tmp_path / "registry" / "igw.db"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_template(new_postgres: Callable[..., str]) -> str:
    """Give a PostgreSQL database with MLflow's tables and nothing in them."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from igw_audit.tracking.gated_registry.store import plain_address

    address = new_postgres()
    with quiet_mlflow():
        made: Any = SqlAlchemyStore
        made(plain_address(address)).engine.dispose()
    return address


@pytest.fixture
def postgres_address(postgres_template: str, new_postgres: Callable[..., str]) -> str:
    """Give the address of a PostgreSQL database of this test's own, with MLflow's tables."""
    return new_postgres(like=postgres_template)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> str:
    """Give the address of a database of this test's own, of either kind."""
    return str(request.getfixturevalue("sqlite_address" if request.param == "sqlite" else "postgres_address"))


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("sqlite", marks=pytest.mark.xdist_group("served-sqlite")),
        pytest.param("postgresql", marks=pytest.mark.xdist_group("served-postgresql")),
    ],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Start `igw-audit serve` on either database, with a ledger of the same kind; all tests share it."""
    folder = tmp_path_factory.mktemp("served")
    if request.param == "sqlite":
        database, ledger = f"sqlite:///{folder}/igw.db", f"sqlite:///{folder}/ledger.db"
    else:
        new_postgres = request.getfixturevalue("new_postgres")
        database, ledger = new_postgres(), new_postgres()
    with served(folder / "project", database=database, ledger=ledger, workers=2) as made:
        yield made


@pytest.fixture
def registry(address: str, open_registry: Callable[[str], Registry]) -> Registry:
    """Open a gated registry on either database."""
    return open_registry(address)


@pytest.fixture
def open_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Registry]]:
    """Give a function that opens the gated registry at a plain address."""
    made: list[Registry] = []

    def opened(address: str) -> Registry:
        from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

        from igw_audit.tracking.gated_registry.store import open_registry_store, plain_address

        people = People.settle(tmp_path / "trusted_keys.toml")
        ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
        monkeypatch.setenv("IGW_TRUSTED_KEYS", str(people.file))
        monkeypatch.setenv("IGW_LEDGER", ledger)
        monkeypatch.setenv("IGW_FREE_ALIASES", "challenger, shadow")
        with quiet_mlflow():
            store: Any = open_registry_store(f"igw+{address}")
            plain: Any = SqlAlchemyStore
            made.append(
                Registry(
                    store=store,
                    plain=plain(plain_address(address)),
                    people=people,
                    ledger=open_ledger(ledger),
                    address=address,
                )
            )
        return made[-1]

    yield opened
    for one in made:
        for store in (one.store, one.plain):
            store.engine.dispose()
