"""Who draws a record: the report room, with the questions of the audits."""

from __future__ import annotations

from pathlib import Path

from igw_audit.audits import all_audits
from igw_audit.core.limits import RECORD, parse_json, read_within
from igw_audit.core.record import AuditRecord, Presenter
from igw_audit.errors import InputError
from igw_audit.report import Pages


def presenter() -> Presenter:
    """Bind the pages to the titles and questions of every audit."""
    return Pages(questions={code: (audit.title, audit.asks) for code, audit in all_audits().items()})


def read_record(path: str | Path) -> AuditRecord:
    """Read a record back from record.json, or from the folder that holds it.

    Raises
    ------
    InputError
        If there is no such file, it is no JSON, or it breaks the schema; every problem is listed.
    """
    file = Path(path)
    file = file / "record.json" if file.is_dir() else file
    try:
        content = parse_json(read_within(file, RECORD, subject=f"record {file}"))
    except FileNotFoundError:
        raise InputError(f"record {file}", ["there is no such file; give a record.json or its folder"]) from None
    except ValueError as error:
        raise InputError(f"record {file}", [f"this is no JSON text: {error}"]) from None
    return AuditRecord.from_dict(content, presenter=presenter())
