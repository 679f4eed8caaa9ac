"""Settings files: TOML into a pydantic model, with every problem of the file in one readable error."""

from __future__ import annotations

import codecs
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from igw_audit.core.limits import DEPTH, SETTINGS, check_depth, read_within
from igw_audit.errors import InputError

Settings = TypeVar("Settings", bound=BaseModel)


class Strict(BaseModel):
    """Settings that nobody changes once they are read, and that know all their keys.

    What checks them is built when it is first needed: a command that reads no policy does not pay for one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def read_settings(kind: type[Settings], source: Settings | Mapping[str, Any] | str | Path, *, what: str) -> Settings:
    """Read settings from a TOML file's path, a mapping, or settings that are ready.

    Parameters
    ----------
    kind : type
        The pydantic model to fill.
    source : path, mapping or instance
        Where the settings are.
    what : str
        How to call them in an error, for example ``"plan"``.

    Raises
    ------
    InputError
        If the file is missing, is no TOML, or breaks the model; every problem is listed.
    """
    if isinstance(source, kind):
        return source
    if isinstance(source, Mapping):
        return _validated(kind, source, what)
    if isinstance(source, BaseModel):
        raise InputError(what, [f"found a {type(source).__name__}, expected a {kind.__name__}, a path or a mapping"])
    path = Path(source)
    subject = f"{what} {path}"
    try:
        content = tomllib.loads(_text(path, subject))
        check_depth(content)
    except FileNotFoundError:
        raise InputError(
            subject, [f"there is no such file; give the path of a TOML file that holds the {what}"]
        ) from None
    except IsADirectoryError:
        raise InputError(subject, [f"this is a folder; give the path of the {what} file inside it"]) from None
    except UnicodeDecodeError:
        raise InputError(subject, ["the file is not UTF-8 text; save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        hint = "; inside a text between double quotation marks, write a single one (')"
        raise InputError(subject, [f"this is not valid TOML: {error}{hint}"]) from None
    except RecursionError:
        raise InputError(subject, [DEPTH.exceeded("the file is nested very deeply")]) from None
    except ValueError as error:
        raise InputError(subject, [f"the file cannot be taken: {error}"]) from None
    return _validated(kind, content, subject)


def _text(path: Path, subject: str) -> str:
    """Read a text that says in its first bytes how it is written, as PowerShell and Notepad save it; else UTF-8."""
    held = read_within(path, SETTINGS, subject=subject)
    wide = held.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = held.decode("utf-16" if wide else "utf-8-sig")
    return text.replace("\r\n", "\n")


def _validated(kind: type[Settings], content: Mapping[str, Any], subject: str) -> Settings:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(subject, [_sentence(kind, dict(detail)) for detail in error.errors()]) from None


def _sentence(kind: type[BaseModel], detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    problem = str(detail["type"])
    if problem == "extra_forbidden":
        known = list(kind.model_fields)
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1) if len(detail["loc"]) == 1 else []
        hint = (
            f"did you mean {near[0]!r}?"
            if near
            else (f"known keys: {', '.join(known)}" if len(detail["loc"]) == 1 else "remove it")
        )
        return f"{place}: this key is not known; {hint}"
    if problem == "missing":
        return f"{place}: this key is missing; add it"
    if problem == "value_error":
        text = str(detail["msg"]).removeprefix("Value error, ")
        return f"{place}: {text}" if place else text
    return f"{place}: found {detail['input']!r}; {detail['msg'][0].lower()}{detail['msg'][1:]}"
