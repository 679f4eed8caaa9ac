"""`igw-audit serve` says all that is missing at once, and shows no secret anywhere."""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.conftest import free_port
from tests.plugin.material import People

from igw_audit.cli.serve import serve
from igw_audit.core.addresses import without_password
from igw_audit.errors import InputError
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.workflow.serve import Prepared, prepare
from igw_audit.workflow.serve_checks import ServeChoices

pytest.importorskip("flask_wtf", reason="needs the extra igw-audit[serve]")
WORD, SECRET = "a-word-of-enough-letters", "s" * 64


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with trusted keys, and surroundings that name nothing."""
    for name in [name for name in os.environ if name.startswith(("IGW_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    People.settle(tmp_path / "audits" / "trusted_keys.toml")
    private(tmp_path / "word", WORD + "\n")
    private(tmp_path / "secret", SECRET)
    return tmp_path


def private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def surroundings(project: Path, **changed: str) -> dict[str, str]:
    files = {
        "MLFLOW_AUTH_ADMIN_PASSWORD_FILE": str(project / "word"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY_FILE": str(project / "secret"),
    }
    return {name: value for name, value in {**files, **changed}.items() if value}


def prepared(project: Path, **changed: str) -> Prepared:
    return prepare(ServeChoices(project=project, port=free_port()), surroundings(project, **changed))


def problems(project: Path, *, host: str = "127.0.0.1", port: int | None = None, **changed: str) -> tuple[str, ...]:
    choices = ServeChoices(project=project, host=host, port=port or free_port())
    with pytest.raises(InputError) as error:
        prepare(choices, surroundings(project, **changed))
    return error.value.problems


def test_what_is_needed_is_taken_from_files_and_handed_on_in_the_environment_only(project: Path) -> None:
    made = prepared(project)
    assert made.environment["MLFLOW_AUTH_ADMIN_PASSWORD"] == WORD
    assert made.environment["MLFLOW_FLASK_SERVER_SECRET_KEY"] == SECRET
    assert made.environment["MLFLOW_REGISTRY_STORE_URI"] == f"igw+sqlite:///{project}/mlruns/igw.db"
    assert made.environment["MLFLOW_BACKEND_STORE_URI"] == f"sqlite:///{project}/mlruns/igw.db"
    assert made.environment["MLFLOW_BASIC_AUTH_FAIL_CLOSED"] == "true"
    for shown in (" ".join(made.arguments), " ".join(made.shown), repr(made)):
        assert WORD not in shown
        assert SECRET not in shown
    assert not (project / "mlruns").exists()


def test_everything_that_is_missing_is_said_at_once(project: Path) -> None:
    (project / "audits" / "trusted_keys.toml").unlink()
    told = problems(
        project,
        host="0.0.0.0",
        MLFLOW_AUTH_ADMIN_PASSWORD_FILE="",
        MLFLOW_FLASK_SERVER_SECRET_KEY_FILE="",
        IGW_DATABASE="mysql://somewhere/igw",
        IGW_LEDGER="ledger.db",
        IGW_KEY_FILE=str(project / "no.pem"),
        IGW_PROTECTED_ALIASES=" , ",
        MLFLOW_AUTH_CONFIG_PATH=str(project / "no.ini"),
    )
    wanted = (
        "MLFLOW_AUTH_ADMIN_PASSWORD has 0 characters",
        "MLFLOW_FLASK_SERVER_SECRET_KEY has 0 characters",
        "is of the kind 'mysql'",
        "there is no file of trusted keys",
        "the ledger at ledger.db cannot be opened",
        "IGW_KEY_FILE",
        "IGW_PROTECTED_ALIASES names no alias",
        "MLFLOW_AUTH_CONFIG_PATH names",
        "--allowed-hosts",
    )
    assert [words for words in wanted if not any(words in one for one in told)] == []
    assert len(told) == len(wanted)


def test_a_word_of_eleven_characters_is_too_short(project: Path) -> None:
    (project / "word").write_text("elevenchars", encoding="utf-8")
    (one,) = problems(project)
    assert "has 11 characters" in one
    assert "12 or more" in one


def test_a_secret_in_two_places_is_one_too_many(project: Path) -> None:
    assert any(
        "both MLFLOW_AUTH_ADMIN_PASSWORD and" in one for one in problems(project, MLFLOW_AUTH_ADMIN_PASSWORD=WORD)
    )


def test_a_port_that_is_taken_is_found_before_anything_starts(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (one,) = problems(project, port=taken.getsockname()[1])
    assert "choose another with --port" in one


def test_a_database_that_does_not_answer_is_named(project: Path) -> None:
    (one,) = problems(project, IGW_DATABASE=f"postgresql://igw@127.0.0.1:{free_port()}/igw")
    assert "does not answer" in one


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://igw:hush-hush@127.0.0.1/igw",
        "postgresql+psycopg://igw:hush-hush@127.0.0.1/igw",
        "postgresql://127.0.0.1/igw?user=igw&password=hush-hush",
        "postgresql://127.0.0.1/igw?user=igw&pass%77ord=hush-hush",
        "postgresql://127.0.0.1/igw?SSLPASSWORD=hush-hush",
        "postgresql://igw:hush@-hush@127.0.0.1/igw",
        "postgresql://igw:hush/hush-hush@127.0.0.1/igw",
    ],
)
@pytest.mark.parametrize("name", ["IGW_DATABASE", "IGW_LEDGER"])
def test_an_address_with_a_password_is_refused_not_tried_and_not_shown(project: Path, name: str, address: str) -> None:
    choices = ServeChoices(project=project, port=free_port())
    with pytest.raises(InputError) as error:
        prepare(choices, {**surroundings(project), name: address})
    (one,) = error.value.problems
    assert one.startswith(f"{name} holds a password")
    assert "passfile=" in one
    assert "service=" in one
    assert "hush" not in one


def test_an_address_of_an_object_store_with_a_password_is_refused(project: Path) -> None:
    choices = ServeChoices(project=project, port=free_port(), artifacts="sftp://igw:hush-hush@host/models")
    with pytest.raises(InputError, match="--artifacts holds a password"):
        prepare(choices, surroundings(project))


def test_a_password_in_libpqs_own_variable_is_refused(project: Path) -> None:
    (one,) = problems(project, PGPASSWORD="hush-hush")
    assert "PGPASSWORD is set" in one
    assert "hush" not in one


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
@pytest.mark.parametrize("name", ["word", "secret"])
def test_a_secret_that_others_can_read_is_refused(project: Path, name: str, mode: int) -> None:
    (project / name).chmod(mode)
    told = problems(project)
    assert any(f"chmod 600 {project / name}" in one for one in told)
    assert not any(WORD in one or SECRET in one for one in told)


def test_a_database_named_in_a_file_that_others_can_read_is_refused(project: Path) -> None:
    file = project / "database"
    file.write_text(f"sqlite:///{project}/mlruns/igw.db", encoding="utf-8")
    file.chmod(0o644)
    assert any(f"chmod 600 {file}" in one for one in problems(project, IGW_DATABASE_FILE=str(file)))


def test_a_passfile_that_others_can_read_or_that_is_not_there_is_refused(project: Path) -> None:
    passfile = private(project / "passfile", "*:*:*:igw:hush-hush\n")
    passfile.chmod(0o640)
    address = f"postgresql://igw@127.0.0.1:{free_port()}/igw?passfile={passfile}"
    assert any(f"chmod 600 {passfile}" in one for one in problems(project, IGW_LEDGER=address))
    passfile.unlink()
    assert any("cannot be read" in one for one in problems(project, IGW_DATABASE=address))
    ledger = f"postgresql://igw@127.0.0.1:{free_port()}/igw"
    told = problems(project, IGW_LEDGER=ledger, PGPASSFILE=str(passfile))
    assert any(one.startswith("PGPASSFILE names") for one in told)


def test_a_ledger_that_was_shortened_keeps_the_server_from_starting(project: Path) -> None:
    ledger = open_ledger(f"sqlite:///{project}/mlruns/igw-ledger.db")
    for _ in range(3):
        ledger.append("refused", {"name": "study"})
    with closing(sqlite3.connect(project / "mlruns" / "igw-ledger.db")) as connection, connection:
        connection.execute("DROP TRIGGER entry_DELETE")
        connection.execute("DELETE FROM entry WHERE seq = 3")
    assert any("entries were cut off its end" in one for one in problems(project))


def test_trusted_keys_that_everyone_can_write_are_not_trusted(project: Path) -> None:
    (project / "audits" / "trusted_keys.toml").chmod(0o666)
    assert any("everyone can write the trusted keys" in one for one in problems(project))


def test_trusted_keys_without_an_auditor_approve_nothing(project: Path) -> None:
    path = project / "audits" / "trusted_keys.toml"
    TrustedKeys(key=tuple(one for one in TrustedKeys.read(path).key if "auditor" not in one.roles)).save(path)
    assert any("has the role auditor" in one for one in problems(project))


def test_names_for_a_server_that_is_reached_from_elsewhere_are_handed_on(project: Path) -> None:
    choices = ServeChoices(project=project, host="0.0.0.0", port=free_port(), allowed_hosts="igw.example.org")
    made = prepare(choices, surroundings(project))
    assert made.arguments[-2:] == ("--allowed-hosts", "igw.example.org")


def test_a_passwords_own_at_sign_hides_nothing_of_it() -> None:
    assert without_password("postgresql://igw:p@ss@host/igw") == "postgresql://igw:***@host/igw"


def test_the_command_looks_and_starts_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in surroundings(project).items():
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(serve, ["--project", str(project), "--port", str(free_port()), "--check"])
    assert said.exit_code == 0, said.output
    assert "All that the server needs is there." in said.stdout
    assert WORD not in said.output
    assert not (project / "mlruns").exists()


def test_a_passphrase_of_the_servers_key_that_others_can_read_is_refused(project: Path) -> None:
    word = project / "passphrase"
    word.write_text("open sesame", encoding="utf-8")
    word.chmod(0o644)
    told = problems(project, IGW_KEY_FILE=str(project / "service.pem"), IGW_KEY_PASSPHRASE_FILE=str(word))
    assert any(f"chmod 600 {word}" in one for one in told)


def test_files_that_others_may_read_are_said_before_the_server_starts(project: Path) -> None:
    ledger = project / "mlruns" / "igw-ledger.db"
    open_ledger(f"sqlite:///{ledger}").append("refused", {"name": "study"})
    assert not [line for line in prepared(project).shown if "others on this machine" in line]
    ledger.chmod(0o644)
    (line,) = [line for line in prepared(project).shown if "others on this machine" in line]
    assert str(ledger) in line
