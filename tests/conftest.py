"""What several rooms' tests need: the same random examples each time, and a throw-away PostgreSQL server."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

# The same examples each time, so that a change fails for what it changed; HYPOTHESIS_PROFILE=search looks for new ones.
# No deadline: a busy machine is no fault.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", derandomize=False, max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

#: The mark of tests on the real tables, which may be absent.
REAL = "real"
_DATABASES = itertools.count(1)
#: What names a real store, ledger or key: a test must neither find one nor leave one to the tests after it.
_SURROUNDINGS = ("MLFLOW_TRACKING_", "MLFLOW_REGISTRY_", "IGW_")

for _name in [name for name in os.environ if name.startswith(_SURROUNDINGS)]:
    del os.environ[_name]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests of one xdist_group run in one process.

    pytest-xdist 3.8 writes the group into an attribute that pytest reads no more since 9.2, so that groups were
    scattered over the processes and each started the servers and models that they share.
    """
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            from _pytest.nodeid import NodeId

            item._id = NodeId.parse(grouped)


def _in_ci() -> bool:
    return os.environ.get("CI", "").strip().lower() in ("true", "1")


def _fail_what_is_missing(report: pytest.TestReport | pytest.CollectReport, *, real: bool) -> None:
    """Let nothing be left out in CI for want of a browser, a database, a tool or a package.

    Only the real tables may be absent there: they are not in a clean clone.
    """
    if _in_ci() and report.skipped and not real and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"CI=true lets no test be left out, and this one was: {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Look at each test's report."""
    report = yield
    _fail_what_is_missing(report, real=item.get_closest_marker(REAL) is not None)  # type: ignore[arg-type]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Look at each file's report: one that needs a package as a whole is left out before it has tests."""
    report = yield
    _fail_what_is_missing(report, real=False)  # type: ignore[arg-type]
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line that the real tables are not here, however many tests wait for them."""
    skipped = terminalreporter.stats.get("skipped", [])
    real = [report for report in skipped if REAL in getattr(report, "keywords", {})]
    if real:
        kept = [report for report in skipped if report not in real]
        terminalreporter.stats["skipped"] = kept
        terminalreporter.stats["without real tables"] = real
        terminalreporter.write_line(f"{len(real)} tests did not run: the real tables are not beside this checkout")


@pytest.fixture(scope="module", autouse=True)
def _leaves_no_surroundings() -> Iterator[None]:
    """Refuse a module that leaves MLflow or igw-audit pointed somewhere: the next one would write there."""
    stray = Path("mlflow.db")
    there = stray.exists()
    yield
    left = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_SURROUNDINGS)}
    assert not left, f"this module left in the surroundings: {left}"
    assert there or not stray.exists(), f"this module, or one beside it, used MLflow's own store {stray.resolve()}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL cluster of this session's own; give its address with a place for the database's name.

    The password is in a file, as libpq wants it, and nowhere in the address.
    """
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("needs the PostgreSQL server (initdb and pg_ctl): apt-get install postgresql")
    pytest.importorskip("psycopg", reason="needs the extra igw-audit[postgres]")
    folder = Path(tempfile.mkdtemp(prefix="igw-postgres-"))
    word, port = secrets.token_hex(16), free_port()
    (folder / "word").write_text(word, encoding="utf-8")
    ours = Path(tempfile.mkdtemp(prefix="igw-passfile-"))
    passfile = ours / "passfile"
    passfile.touch(mode=0o600)
    passfile.write_text(f"127.0.0.1:{port}:*:igw:{word}\n", encoding="utf-8")
    # PostgreSQL does not run as root: there the system's own user for it does
    run = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if run:
        for path in (folder, folder / "word"):
            shutil.chown(path, "postgres", "postgres")
    data = f"{folder}/data"
    start = ["-U", "igw", "--pwfile", f"{folder}/word", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([*run, f"{programs}/initdb", "-D", data, *start, "--no-sync"], check=True, capture_output=True)
    # what is thrown away need not reach the disk
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=200"
    control = [*run, f"{programs}/pg_ctl", "-D", data, "-w"]
    subprocess.run(
        [*control, "-l", f"{folder}/log", "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder
    )
    try:
        yield f"postgresql://igw@127.0.0.1:{port}/{{name}}?passfile={passfile}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        shutil.rmtree(folder)
        shutil.rmtree(ours)


@pytest.fixture(scope="session")
def new_postgres(postgres_server: str) -> Callable[..., str]:
    """Give a function that makes a database and gives its ``postgresql://`` address: empty, or a copy of another."""
    import psycopg

    def make(like: str | None = None) -> str:
        name, template = f"igw_{next(_DATABASES)}", urlsplit(like).path[1:] if like else "template1"
        with psycopg.connect(postgres_server.format(name="postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return postgres_server.format(name=name)

    return make


@pytest.fixture
def postgres(new_postgres: Callable[..., str]) -> str:
    """Give the ``postgresql://`` address of an empty database of this test's own."""
    return new_postgres()


def _postgres_programs() -> Path | None:
    """Find the folder of initdb and pg_ctl: on the path, or where Debian keeps them, newest first."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return kept[-1].parent if kept else None


def free_port() -> int:
    """Give a port that nobody uses at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
