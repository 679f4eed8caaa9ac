"""One small sound case table with its schema and its protected table: every test breaks one thing of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from igw_audit.errors import InputError
from igw_audit.intake import read_cases, read_protected

SCHEMA: dict[str, Any] = {
    "columns": {
        "case_id": "id",
        "received": "time",
        "sponsor": "cluster",
        "salary": {"role": "feature", "type": "number"},
        "sector": "feature",
        "urgent": "declared",
        "outcome": "label",
        "score": "score",
        "arm": "arm",
        "arm_probability": "arm_probability",
        "investigated": "step:investigated",
        "weight": "weight",
    },
    "label": {
        "values": {"ended": "administrative", "false statement": "deliberate_false_information", "": "unknown"},
    },
}


class Bench:
    """Builds broken tables and says what reading them says; ``folder`` is where files go."""

    HEADER = "case_id,received,sponsor,salary,sector,urgent,outcome,score,arm,arm_probability,investigated,weight"
    ROWS = (
        "A-1,2025-01-31,Alfa BV,4100.50,ict,true,ended,0.10,random,0.05,1,1",
        "A-2,2025-02-01,Alfa BV,3950,ict,false,none,0.80,risk,1,1,1",
        "A-3,2025-02-03,Beta NV,,care,false,,0.35,,,0,1",
        "A-4,2025-02-03,Gamma,5200,trade,true,false statement,0.91,signal,0.5,1,2.5",
        "A-5,2025-03-09,Gamma,4800,,false,none,0.05,random,0.05,1,1",
    )
    PROTECTED_HEADER = "case_id,nationality,sex"
    PROTECTED_ROWS = (
        "A-1,Secretland,woman",
        "A-2,Secretland,man",
        "A-3,,woman",
        "A-4,Hiddenia,man",
        "A-5,Hiddenia,woman",
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def schema(self) -> dict[str, Any]:
        return copy.deepcopy(SCHEMA)

    def schema_with(self, **columns: Any) -> dict[str, Any]:
        """The schema with some columns given another role; None takes a column out."""
        schema = self.schema
        for name, role in columns.items():
            if role is None:
                del schema["columns"][name]
            else:
                schema["columns"][name] = role
        return schema

    @property
    def text(self) -> str:
        return "\n".join((self.HEADER, *self.ROWS)) + "\n"

    @property
    def protected_text(self) -> str:
        return "\n".join((self.PROTECTED_HEADER, *self.PROTECTED_ROWS)) + "\n"

    def swapped(self, row: int, column: str, value: str, *, protected: bool = False) -> str:
        """The table with one cell replaced; ``row`` counts as a person does, the header being row 1."""
        lines = (self.protected_text if protected else self.text).splitlines()
        cells = lines[row - 1].split(",")
        cells[lines[0].split(",").index(column)] = value
        lines[row - 1] = ",".join(cells)
        return "\n".join(lines) + "\n"

    def file(self, content: str | bytes, name: str = "cases.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def told(self, read: Callable[[], object]) -> str:
        """What the error says; a read that succeeds is a failure of the test."""
        with pytest.raises(InputError) as caught:
            read()
        return str(caught.value)

    def cases_error(self, source: Any, schema: Any = None) -> str:
        return self.told(lambda: read_cases(source, schema or self.schema))

    def protected_error(self, source: Any, id_column: str = "case_id") -> str:
        return self.told(lambda: read_protected(source, id_column=id_column))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
