"""A file that somebody else made is taken up to a limit; what is over it is named, with how to raise the limit."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from igw_audit.core import limits
from igw_audit.core.limits import ALL, DEPTH, SETTINGS, check_depth, parse_json, read_within
from igw_audit.core.plan import Plan
from igw_audit.core.settings import read_settings
from igw_audit.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def test_every_limit_is_documented_with_its_default() -> None:
    page = (ROOT / "docs/reference/limits.md").read_text(encoding="utf-8")
    for one in ALL:
        assert f"| `{one.variable}` | {one.default:,} {one.unit} |" in page
    assert set(ALL) == {one for one in vars(limits).values() if isinstance(one, limits.Limit)}


@pytest.mark.parametrize("told", ["0", "-1", "1.5", "many", "1e9", "٣", "9" * 13])
def test_a_limit_that_is_no_number_is_said_and_not_ignored(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTINGS.variable, told)
    with pytest.raises(InputError, match="expected a whole number of megabytes above 0"):
        _ = SETTINGS.value


def test_a_file_over_the_limit_is_refused_and_taken_once_the_limit_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.toml"
    file.write_text('attributes = ["nationality"]\nthreshold = 0.5\n' + "# x\n" * 400_000, encoding="utf-8")
    monkeypatch.setenv(SETTINGS.variable, "1")
    with pytest.raises(InputError, match="set IGW_MOST_SETTINGS_MB higher"):
        read_settings(Plan, file, what="plan")
    monkeypatch.setenv(SETTINGS.variable, "2")
    assert read_settings(Plan, file, what="plan").attributes == ("nationality",)


def test_a_device_without_an_end_is_not_read_for_ever() -> None:
    device = Path("/dev/zero")
    if not device.exists():
        pytest.skip("this system has no /dev/zero")
    with pytest.raises(InputError, match="larger than"):
        read_within(device, SETTINGS, subject="plan /dev/zero")


BOMBS = {
    "arrays": "a = " + "[" * 50_000 + "]" * 50_000,
    "tables": "a = " + "{b=" * 50_000 + "1" + "}" * 50_000,
    "dotted": ".".join(["a"] * 5_000) + " = 1",
    "header": "[" + ".".join(["a"] * 5_000) + "]",
    "unclosed": "a = " + "[" * 100_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_toml_that_is_nested_without_end_is_a_sentence_in_a_moment(name: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(BOMBS[name], encoding="utf-8")
    began = time.monotonic()
    with pytest.raises(InputError) as error:
        read_settings(Plan, file, what="plan")
    assert time.monotonic() - began < 20
    assert len(str(error.value)) < 2_000


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 500 + "]" * 500, '{"a":[' * 90 + "]}" * 90])
def test_json_that_is_nested_without_end_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"nested|Expecting"):
        parse_json(text)


def test_what_is_as_deep_as_the_limit_is_taken() -> None:
    assert parse_json("[" * DEPTH.value + "]" * DEPTH.value)
    with pytest.raises(ValueError, match="levels deep"):
        check_depth(json.loads("[" * (DEPTH.value + 2) + "]" * (DEPTH.value + 2)))


def test_a_number_of_very_many_digits_is_no_json() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own words
        parse_json("1" * 1_000_000)
