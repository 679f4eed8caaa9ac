"""The door answers at once and says what it does."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from igw_audit.cli.app import app

HEAVY = ("pandas", "numpy", "sklearn", "mlflow", "scipy", "shap", "fairlearn", "pyarrow", "duckdb", "pydantic")


def test_help_imports_no_heavy_library() -> None:
    script = (
        "import sys\nfrom igw_audit.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "Exit codes: 0 allowed or done" in done.stdout


@pytest.mark.parametrize("command", sorted(app.commands))
def test_each_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()[2].strip()) > 20


def test_wrong_usage_is_exit_code_2() -> None:
    assert CliRunner().invoke(app, ["audit"]).exit_code == 2
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2
