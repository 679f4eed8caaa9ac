"""No process of a served registry carries a password where others could read it: environment, arguments, files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from tests.plugin.served import WORD, Served, passfile_of, served

from igw_audit.evidence.ledger import open_ledger
from igw_audit.tracking.gated_registry.store import plain_address

_PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """Give a process and all that it started, of its process group."""
    found = []
    for place in _PROC.iterdir():
        if place.name.isdigit():
            try:
                group = int((place / "stat").read_text().rpartition(")")[2].split()[2])
            except (OSError, IndexError):
                continue
            if group == os.getpgid(pid):
                found.append(int(place.name))
    return found


def secrets_of(server: Served) -> list[str]:
    words = [line.rpartition(":")[2] for line in passfile_of(server.database).splitlines()]
    return [WORD, (server.project / "secret").read_text(encoding="utf-8"), *words]


@pytest.mark.skipif(not _PROC.is_dir(), reason="this system does not show processes as files")
def test_no_process_of_the_server_carries_a_secret_in_its_environment_or_arguments(server: Served) -> None:
    processes = family(server.process.pid)
    assert len(processes) >= 3, "the command, MLflow's server and its workers"
    for process in processes:
        held = b"".join((_PROC / str(process) / name).read_bytes() for name in ("environ", "cmdline"))
        assert b"MLFLOW_FLASK_SERVER_SECRET_KEY=" not in held
        for secret in secrets_of(server):
            assert secret.encode() not in held


def test_no_file_of_the_server_is_open_to_others(server: Served) -> None:
    files = [path for path in (server.project / "mlruns").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_the_written_sign_in_settings_hold_no_password(server: Served) -> None:
    held = (server.project / "mlruns" / "igw-sign-in.ini").read_text(encoding="utf-8")
    assert not [secret for secret in secrets_of(server) if secret in held]


def test_a_secret_that_came_as_a_value_is_in_no_worker_either(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/igw.db"
    with served(tmp_path / "project", database=database, ledger=f"sqlite:///{tmp_path}/l.db", by_value=True) as server:
        secret = (server.project / "secret").read_text(encoding="utf-8")
        kept = server.project / "mlruns" / "igw-session-secret"
        assert kept.read_text(encoding="utf-8") == secret
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        for process in family(server.process.pid):
            if process != server.process.pid and _PROC.is_dir():
                held = (_PROC / str(process) / "environ").read_bytes()
                assert secret.encode() not in held
                assert WORD.encode() not in held


def test_a_passfile_or_a_service_is_all_that_any_of_the_drivers_needs(
    new_postgres: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = new_postgres()
    bare, _, query = address.partition("?")
    passfile = query.removeprefix("passfile=")
    service = tmp_path / "services.conf"
    with psycopg.connect(address) as connection:
        told = connection.info
        lines = ["[igw]", f"host={told.host}", f"port={told.port}", f"dbname={told.dbname}", f"user={told.user}"]
    service.write_text("\n".join([*lines, f"passfile={passfile}", ""]), encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    addresses = [address, "postgresql:///?service=igw"]
    for one in addresses:
        open_ledger(one).append("refused", {"name": "study"})
        engine = create_engine(plain_address(f"igw+{one}"))
        with engine.connect() as connected:
            assert connected.execute(text("SELECT count(*) FROM igw_ledger_entry")).scalar()
        engine.dispose()
    monkeypatch.setenv("PGPASSFILE", passfile)
    assert len(open_ledger(bare).entries()) == 2
