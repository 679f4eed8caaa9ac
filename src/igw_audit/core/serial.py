"""record.json: writing it, reading it back, and its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from igw_audit.core.decision import Decision
from igw_audit.core.dossier import DossierRecord
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.record import (
    SCHEMA_VERSION,
    AuditRecord,
    ModelDigest,
    Presenter,
    Provenance,
    Review,
    Suitability,
    TableDigest,
    json_schema,
)
from igw_audit.core.registration import Registrations
from igw_audit.core.rules import Policy
from igw_audit.core.scores import ScoreContract
from igw_audit.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


#: What lies beside the measurements; a record that was made without them does not name them.
_OPTIONAL = {"dossier": DossierRecord, "registrations": Registrations, "suitability": Suitability}


def plain(content: Any) -> Any:
    """Turn frozen dataclasses and settings into what JSON holds: mappings, lists, texts, numbers, None."""
    if isinstance(content, BaseModel):
        return content.model_dump(mode="json")
    if is_dataclass(content) and not isinstance(content, type):
        return {field.name: plain(getattr(content, field.name)) for field in fields(content)}
    if isinstance(content, tuple | list):
        return [plain(part) for part in content]
    return content


def record_to_dict(record: AuditRecord) -> dict[str, Any]:
    """Give the record as record.json holds it."""
    where = record.provenance
    return {
        "schema_version": SCHEMA_VERSION,
        "created": record.created,
        "pilot": record.pilot,
        "decision": plain(record.decision),
        "outcomes": plain(record.outcomes),
        "provenance": {
            "model": plain(where.model),
            "cases": plain(where.cases),
            "protected": plain(where.protected),
            "plan": {"sha256": where.plan_sha256},
            "policy": {"sha256": where.policy_sha256},
            "code": {
                "version": where.code_version,
                "packages": [{"name": name, "version": version} for name, version in where.packages],
            },
            "seed": where.seed,
            **({} if where.score is None else {"score": plain(where.score)}),
        },
        "plan": plain(record.plan),
        "policy": plain(record.policy),
        "reviews": plain(record.reviews),
        **{name: plain(part) for name in _OPTIONAL if (part := getattr(record, name)) is not None},
    }


def record_from_dict(content: Mapping[str, Any], *, presenter: Presenter | None = None) -> AuditRecord:
    """Read a record; every place that breaks the schema is named in one InputError."""
    problems = list(schema_problems(content))
    if problems:
        raise InputError("record", problems)
    where = content["provenance"]
    try:
        return AuditRecord(
            created=content["created"],
            pilot=content["pilot"],
            plan=Plan.model_validate(content["plan"]),
            policy=Policy.model_validate(content["policy"]),
            decision=TypeAdapter(Decision).validate_python(content["decision"]),
            outcomes=TypeAdapter(tuple[Outcome, ...]).validate_python(content["outcomes"]),
            provenance=Provenance(
                model=TypeAdapter(ModelDigest).validate_python(where["model"]),
                cases=TypeAdapter(TableDigest).validate_python(where["cases"]),
                protected=TypeAdapter(TableDigest).validate_python(where["protected"]),
                plan_sha256=where["plan"]["sha256"],
                policy_sha256=where["policy"]["sha256"],
                code_version=where["code"]["version"],
                seed=where["seed"],
                packages=tuple((package["name"], package["version"]) for package in where["code"]["packages"]),
                score=TypeAdapter(ScoreContract | None).validate_python(where.get("score")),
            ),
            reviews=TypeAdapter(tuple[Review, ...]).validate_python(content["reviews"]),
            presenter=presenter,
            **{
                name: TypeAdapter(kind).validate_python(content[name])
                for name, kind in _OPTIONAL.items()
                if name in content
            },
        )
    except ValidationError as error:
        raise InputError("record", [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]) from None


def schema_problems(content: Mapping[str, Any]) -> Iterator[str]:
    """Name every place where ``content`` breaks the JSON Schema of record.json."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json_schema())
    for error in sorted(validator.iter_errors(content), key=lambda error: error.json_path):
        yield f"{error.json_path}: {error.message[:300]}"


def build_schema() -> dict[str, Any]:
    """Build the JSON Schema from the types; the shipped file must equal it (a test holds them together)."""
    parts = {
        "decision": Decision,
        "outcomes": tuple[Outcome, ...],
        "model": ModelDigest,
        "table": TableDigest,
        "plan": Plan,
        "policy": Policy,
        "reviews": tuple[Review, ...],
        "score": ScoreContract,
        **_OPTIONAL,
    }
    made, shared = TypeAdapter.json_schemas(
        [(name, "validation", TypeAdapter(kind)) for name, kind in parts.items()], ref_template="#/$defs/{model}"
    )
    piece = {str(name): schema for (name, _), schema in made.items()}
    digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    hashed = _object({"sha256": digest})
    package = _object({"name": {"type": "string"}, "version": {"type": "string"}})
    schema = _object(
        {
            "schema_version": {"const": SCHEMA_VERSION},
            "created": {"type": "string"},
            "pilot": {"type": "string"},
            "decision": piece["decision"],
            "outcomes": piece["outcomes"],
            "provenance": _object(
                {
                    "model": piece["model"],
                    "cases": piece["table"],
                    "protected": piece["table"],
                    "plan": hashed,
                    "policy": hashed,
                    "code": _object(
                        {"version": {"type": "string"}, "packages": {"type": "array", "items": package}},
                    ),
                    "seed": {"type": "integer", "minimum": 0},
                }
            ),
            "plan": piece["plan"],
            "policy": piece["policy"],
            "reviews": piece["reviews"],
        }
    )
    schema["properties"]["provenance"]["properties"]["score"] = piece["score"]
    schema["properties"].update({name: piece[name] for name in _OPTIONAL})
    closed: dict[str, Any] = _closed({**schema, "$defs": shared["$defs"]})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "igw-audit record", **closed}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _closed(schema: Any) -> Any:
    """Forbid keys that nobody named, everywhere: a record holds no free-form dictionaries."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(value) for key, value in schema.items()}
    if inner.get("type") == "object" and "properties" in inner and isinstance(inner["properties"], dict):
        inner.setdefault("additionalProperties", False)
    return inner


def findings_frame(record: AuditRecord) -> pd.DataFrame:
    """Give one row a finding; an outcome without findings has one row with its reason."""
    import pandas as pd

    rows = [row for outcome in record.outcomes for row in _rows(outcome)]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_COLUMNS = (
    *("audit", "attribute", "status", "statistic", "group", "reference", "features", "step"),
    *("value", "low", "high", "confidence", "n", "method"),
    *("p_value", "p_adjusted", "level", "minimum_detectable", "reason"),
)


def _rows(outcome: Outcome) -> Iterator[dict[str, Any]]:
    about: dict[str, Any] = {"audit": outcome.audit, "attribute": outcome.attribute, "status": outcome.status}
    if not outcome.findings:
        yield {**about, "level": outcome.level, "reason": outcome.reason.en if outcome.reason else None}
    for finding in outcome.findings:
        estimate = finding.estimate
        numbers = {
            name: getattr(estimate, name) if estimate else None
            for name in ("value", "low", "high", "confidence", "n", "method")
        }
        yield {
            **about,
            **numbers,
            **{
                name: getattr(finding, name)
                for name in ("statistic", "group", "reference", "step", "p_value", "p_adjusted")
            },
            "features": " x ".join(finding.features) or None,
            "level": finding.level,
            "minimum_detectable": finding.minimum_detectable,
            "reason": finding.reason.en if finding.reason else None,
        }
