"""Nothing that a table, a model or a person calls itself is obeyed by a terminal: every exit of the command line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from igw_audit.cli import show
from igw_audit.cli.app import Group
from igw_audit.cli.terminal import Shown, plain, shown_streams

EVIL = "\x1b[2J\x1b]0;mine\x07\u202e\x9b31m\u2066\x7f"


def igw(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "igw_audit", *arguments], cwd=folder, capture_output=True, check=False)


def controls_in(shown: bytes) -> list[str]:
    text = shown.decode()
    return [
        f"{ord(one):x}" for one in text if one not in "\n\t" and unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"}
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [f"{number},{number % 10 / 10},{number % 7},{'x' if number % 3 else EVIL}" for number in range(400)]
    (tmp_path / "cases.csv").write_text(
        "\n".join(["id,risk,a" + EVIL, *(row.rsplit(",", 1)[0] for row in rows)]) + "\n", encoding="utf-8"
    )
    (tmp_path / "people.csv").write_text(
        "\n".join(["id,nationality", *(f"{row.split(',')[0]},{row.rsplit(',', 1)[1]}" for row in rows)]) + "\n",
        encoding="utf-8",
    )
    plan = {"attributes": ["nationality"], "features": ["a" + EVIL], "threshold": 0.5, "audits": ["A001", "A008"]}
    (tmp_path / "plan.toml").write_text(
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in plan.items()), encoding="utf-8"
    )
    return tmp_path


def test_an_audit_of_hostile_names_obeys_none_of_them_on_any_way_out(folder: Path) -> None:
    words = ("audit", "cases.csv", "--protected", "people.csv", "--plan", "plan.toml", "--score", "risk")
    done = igw(folder, *words, "--out", "out")
    assert done.returncode in (3, 4), done.stderr.decode()
    assert not controls_in(done.stdout)
    assert not controls_in(done.stderr)
    for language in ("nl", "en"):
        page = (folder / "out" / f"report.{language}.html").read_bytes()
        assert not controls_in(page)
        assert b"&lt;U+202E&gt;" in page


def test_json_on_stdout_escapes_controls_and_says_the_same(folder: Path) -> None:
    words = ("audit", "cases.csv", "--protected", "people.csv", "--plan", "plan.toml", "--score", "risk", "--json")
    done = igw(folder, *words)
    assert not controls_in(done.stdout)
    assert "a" + EVIL in json.loads(done.stdout)["plan"]["features"]


def test_an_error_and_a_wrong_usage_obey_nothing(folder: Path) -> None:
    name = "no\x1b[2Jsuch\u202efile.csv"
    for words in (
        ("audit", name, "--protected", "people.csv", "--plan", "plan.toml", "--score", "risk"),
        ("funnel", name, "--reference", "x"),
        ("audit", "cases.csv", "--protected", "people.csv", "--plan", "plan.toml", "--score", "q" + EVIL),
        ("nonsense" + "\x1b[2J",),
        ("audit", "--no" + "\x1b[2J"),
    ):
        done = igw(folder, *words)
        assert done.returncode in (1, 2)
        assert not controls_in(done.stdout + done.stderr)
        assert done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_real_terminal_gets_no_escape_of_a_name(folder: Path) -> None:
    import os
    import pty

    ours, theirs = pty.openpty()
    name = "no\x1b[2Jsuch.csv"
    words = [
        sys.executable,
        "-m",
        "igw_audit",
        "audit",
        name,
        "--protected",
        "p",
        "--plan",
        "plan.toml",
        "--score",
        "x",
    ]
    done = subprocess.run(words, cwd=folder, stdout=theirs, stderr=theirs, check=False)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert done.returncode == 1
    assert b"no<U+001B>[2Jsuch.csv" in said
    assert b"no\x1b[2J" not in said


def test_a_funnel_shows_hostile_groups_and_takes_no_markup_from_them(folder: Path) -> None:
    evil = "[red]g\x1b[2J\u202e[/red]"
    rows = ["step,of,group,count"]
    rows += [f"all,,{group},1000" for group in ("h", evil)]
    rows += [f"two,all,{group},90" for group in ("h", evil)]
    (folder / "counts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = igw(folder, "funnel", "counts.csv", "--reference", "h", "--out", "page.html")
    assert done.returncode == 0, done.stderr.decode()
    assert not controls_in(done.stdout)
    assert "[red]g<U+001B>[2J<U+202E>[/red]" in done.stdout.decode()
    assert not controls_in((folder / "page.html").read_bytes())


def test_a_schema_of_hostile_columns_reads_back(folder: Path) -> None:
    import tomllib

    done = igw(folder, "schema", "cases.csv")
    assert not controls_in(done.stdout)
    assert "a" + EVIL in tomllib.loads(done.stdout.decode())["columns"]


def test_a_command_that_is_called_without_our_main_obeys_nothing_either() -> None:
    @click.group(cls=Group)
    def one() -> None:
        pass

    @one.command()
    def said() -> None:
        click.echo(f"name {EVIL}")
        click.echo(f"error {EVIL}", err=True)

    done = CliRunner().invoke(one, ["said"])
    assert done.exit_code == 0
    assert not controls_in(done.output.encode())
    assert "<U+001B>" in done.output


def test_progress_on_a_terminal_keeps_its_own_colours_and_takes_none_from_a_name() -> None:
    file = io.StringIO()
    shown = Console(file=file, force_terminal=True, width=200)
    shown.print("[green]✓[/green]", plain(f"case [red]table[/red]{EVIL}\nnext"))
    text = file.getvalue()
    assert "\x1b[32m✓\x1b[0m" in text
    assert "[red]table[/red]<U+001B>" in text
    assert "<U+000A>next" in text
    assert text.count("\n") == 1


def test_progress_without_a_terminal_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_streams(), show.working("training") as say:
        say(f"models:/a{EVIL}\nALLOWED: models:/a")
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert not controls_in(told.encode())


def test_the_stream_is_put_back_and_wrapped_once() -> None:
    held = sys.stdout
    with shown_streams(), shown_streams():
        assert isinstance(sys.stdout, Shown)
        assert not isinstance(sys.stdout.raw, Shown)
    assert sys.stdout is held
