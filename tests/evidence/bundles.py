"""A bundle that a test can hold: a small record, two pages, and the envelopes of a world."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.evidence.world import World

from igw_audit.core.canonical import sha256_of_json
from igw_audit.core.decision import Reason
from igw_audit.core.rules import SignOff
from igw_audit.core.text import Text
from igw_audit.evidence.bundle import Bundle, evidence_file
from igw_audit.evidence.digest import digest_of, model_files
from igw_audit.evidence.reasons import state
from igw_audit.evidence.statement import AuditStatement, Page

PAGES = {"report.en.html": b"<h1>A report</h1>\n", "report.nl.html": "<h1>Een verslag: één op de vier</h1>\n".encode()}
DECIDED = (
    Reason(
        word="refer",
        rule="proxy-use",
        audit="A007",
        attribute="nationality",
        group="B",
        features=("postcode",),
        text=Text(en="postcode moves the score", nl="de postcode verschuift de score"),
    ),
    Reason(word="allow", rule="selection", audit="A001", attribute="nationality", text=Text(en="inside", nl="binnen")),
)


def record(sign_off: SignOff, *, reasons: tuple[Reason, ...] = DECIDED) -> dict[str, Any]:
    """The parts of record.json that a statement must agree with."""
    plan, policy = {"attributes": ["nationality"]}, {"name": "test", "sign_off": sign_off.model_dump(mode="json")}
    told = [
        {name: getattr(one, name) for name in ("word", "rule", "audit", "attribute", "group", "step", "statistic")}
        | {"features": list(one.features), "overridable": one.overridable, "text": one.text.to_dict()}
        for one in reasons
    ]
    return {
        "pilot": "study",
        "decision": {"word": reasons[0].word, "reasons": told},
        "outcomes": [{"audit": "A007", "attribute": "nationality", "level": "weak_use", "share": 0.25}],
        "provenance": {
            "model": {"sha256": "0" * 64},
            "cases": {"sha256": "b" * 64},
            "protected": {"sha256": "c" * 64},
            "plan": {"sha256": sha256_of_json(plan)},
            "policy": {"sha256": sha256_of_json(policy)},
            "code": {"version": "1.0"},
        },
        "plan": plan,
        "policy": policy,
        "reviews": [],
    }


def write_model(folder: Path) -> str:
    """Write a model's folder with two files; gives its hash."""
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "model.skops").write_bytes(b"weights")
    return digest_of(model_files(folder))


def make_bundle(world: World, model: Path, **changed: Any) -> Bundle:
    """Sign a record about the model in a folder, have mira approve it, and put all of it together."""
    sha256 = write_model(model)
    audit, content = stated(world, sha256, **changed)
    world.keep(audit)
    world.review(audit)
    envelopes = [world.tags[key] for key in sorted(world.tags) if key.startswith("igw.evidence.")]
    evidence = evidence_file(envelopes[0], envelopes[1:], model_files(model))
    return Bundle(files={"record.json": content, "evidence.json": evidence.to_bytes(), **PAGES}, odd=())


def stated(
    world: World, model_sha256: str, *, content: bytes | None = None, **changed: Any
) -> tuple[AuditStatement, bytes]:
    """Give a statement that agrees with a record, and the record's bytes."""
    base = world.statement("allow")
    held = record(base.sign_off)
    held["provenance"]["model"]["sha256"] = model_sha256
    written = content or json.dumps(held, indent=1).encode()
    return (
        replace(
            base,
            decision="refer",
            reasons=state(DECIDED, frozenset()),
            model_sha256=model_sha256,
            plan_sha256=held["provenance"]["plan"]["sha256"],
            policy_sha256=held["provenance"]["policy"]["sha256"],
            record_sha256=hashlib.sha256(written).hexdigest(),
            pages=tuple(Page(name=name, sha256=hashlib.sha256(page).hexdigest()) for name, page in PAGES.items()),
            **changed,
        ),
        written,
    )


def write_bundle(bundle: Bundle, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in bundle.files.items():
        (folder / name).write_bytes(content)
    return folder
