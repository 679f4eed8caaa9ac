"""The whole way for three synthetic pilots: made, registered, trained, audited, signed, reviewed, promoted or not.

The demo is a project of its own, with its own store, ledger and throw-away keys: whoever trusts those in a real
project lets anyone approve who has run a demo.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any

from igw_audit.core.decision import Reason
from igw_audit.core.rules import Word
from igw_audit.core.serial import plain
from igw_audit.errors import IgwAuditError, InputError
from igw_audit.evidence.keys import SigningKey, load_key, new_key
from igw_audit.evidence.known_keys import enter_key
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.trust import TRUSTED_KEYS, TrustedKeys, trusted_keys_file
from igw_audit.intake.synthetic import DEMO
from igw_audit.workflow.audit import Progress, silent
from igw_audit.workflow.evidence import auditor
from igw_audit.workflow.promotion import promote
from igw_audit.workflow.registration import preregister
from igw_audit.workflow.reviews import review
from igw_audit.workflow.tables import synthesize
from igw_audit.workflow.train import train
from igw_audit.workflow.versions import AuditChoices, audit_version

ALIAS = "champion"
#: Any of these would let the demo write into a real store or ledger, or have its keys trusted there.
_SURROUNDINGS = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "IGW_LEDGER", TRUSTED_KEYS, "IGW_KEY_FILE")
_MAKER, _AUDITOR, _REVIEWER = "demo-maker", "demo-auditor", "demo-reviewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What came of one pilot, and where to read it; ``word`` is the gate's, ``alias`` what it was promoted to."""

    pilot: str
    scenario: str
    uri: str
    word: Word
    reasons: tuple[Reason, ...]
    alias: str | None
    report: Path

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        told = {"pilot": self.pilot, "scenario": self.scenario, "uri": self.uri, "word": self.word, "alias": self.alias}
        return {**told, "reasons": plain(self.reasons), "report": str(self.report)}


def demo(*, out: str | Path, project: str | Path = ".", progress: Progress = silent) -> tuple[Walked, ...]:
    """Walk the three pilots from synthetic cases to a promotion, or to the reasons why there is none.

    ``out`` becomes a project: settings are copied there from ``project``, and its data, store, ledger and throw-away
    keys are there and nowhere else. Run again, it adds a version to each pilot.

    Raises
    ------
    InputError
        If the project's folder does not hold the pilots' settings, or the surroundings name a real store or ledger.
    """
    source, here = Path(project), Path(out)
    _check(source)
    for pilot in DEMO:
        for folder in ("pipelines", "audits"):
            shutil.copytree(
                source / folder / pilot,
                here / folder / pilot,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("data"),
            )
    _people(here)
    return _side_by_side(tuple(DEMO), here, progress)


def _check(source: Path) -> None:
    problems = [
        f"there is no pipelines/{name}/pipeline.toml; run the demo in a checkout of igw-audit"
        for name in DEMO
        if not (source / "pipelines" / name / "pipeline.toml").exists()
    ]
    problems += [
        f"${name} is set, and the demo keeps to its own store, ledger and throw-away keys; unset it for the demo"
        for name in _SURROUNDINGS
        if os.environ.get(name, "").strip()
    ]
    if problems:
        raise InputError(f"project {source}", problems)


def _side_by_side(pilots: tuple[str, ...], here: Path, progress: Progress) -> tuple[Walked, ...]:
    """Walk several pilots at once, one a processor: each takes about a minute, and they share nothing but the store."""
    context = get_context("spawn")
    said: Any = context.Queue()
    workers = max(1, min(len(pilots), os.cpu_count() or 1))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_speak_to, initargs=(said,)) as pool:
        walks = [pool.submit(_walked, pilot, here) for pilot in pilots]
        while not all(walk.done() for walk in walks) or not said.empty():
            with suppress(Empty):
                progress(said.get(timeout=0.2))
        ended = [walk.result() for walk in walks]
    failed = [one for one in ended if isinstance(one, str)]
    if failed:
        raise IgwAuditError("\n".join(failed))
    return tuple(one for one in ended if isinstance(one, Walked))


def _speak_to(queue: Any) -> None:
    """Let this process say what it does to the one that started it."""
    global _said  # noqa: PLW0603 - set once, in a process that was started for this
    _said = queue


_said: Any = None


def _walked(pilot: str, here: Path) -> Walked | str:
    """Walk one pilot in a process of its own; an error comes back as its sentence, for errors do not travel well."""
    try:
        return _walk(pilot, here, people=_keys(here), progress=_said.put)
    except IgwAuditError as error:
        return f"{pilot}: {error}"


def _keys(here: Path) -> dict[str, SigningKey]:
    """Give the demo's auditor and reviewer their keys, made where there are none yet."""
    folder, keys = here / "keys", {}
    for who in (_AUDITOR, _REVIEWER):
        path = folder / f"{who}.pem"
        keys[who] = load_key(path if path.exists() else new_key(who, folder))
    return keys


def _people(here: Path) -> None:
    """Have the demo's project trust its own auditor and reviewer."""
    keys, file = _keys(here), trusted_keys_file(here)
    trusted, now = TrustedKeys.read(file) if file.exists() else TrustedKeys(), datetime.now(UTC)
    people: dict[str, dict[str, Any]] = {
        _AUDITOR: {"roles": ("auditor",)},
        _REVIEWER: {"roles": ("reviewer",), "reviewer_roles": ("ethics",)},
    }
    new = [who for who in people if trusted.find(keys[who].keyid) is None]
    for who in new:
        trusted = trusted.trust(keys[who].public, holder=who, at=now, **people[who])
    trusted.save(file)
    ledger = open_ledger(ledger_address(here))
    for who in new:
        enter_key(ledger, trusted.named(keys[who].keyid), doing="trusted", by="igw-audit demo")


def _walk(pilot: str, here: Path, *, people: dict[str, SigningKey], progress: Progress) -> Walked:
    def say(stage: str) -> None:
        progress(f"{pilot}: {stage}")

    chosen, pipeline, pages = DEMO[pilot], here / "pipelines" / pilot, here / "pages" / pilot
    synthesize(pilot, n=chosen.n, seed=chosen.seed, scenario=chosen.scenario, out=pipeline / "data")
    say(f"{chosen.n} synthetic cases, scenario {chosen.scenario!r}")
    registered = preregister(here / "audits" / pilot, project=here)
    say(f"plan and policy are registered before there are results (registration {registered.number})")
    trained = train(pipeline, project=here, progress=say)
    signer = auditor(people[_AUDITOR], project=here, author=_MAKER)
    choices = AuditChoices(pipeline=pipeline)
    audited = audit_version(trained.uri, project=here, choices=choices, out=pages, signer=signer, progress=say)
    say(f"audited and signed: the record says {audited.record.decision.word}")
    if audited.record.decision.word == "allow":
        review(trained.uri, _APPROVAL, key=people[_REVIEWER], project=here)
        say("approved by a reviewer, who signed")
    done = promote(trained.uri, alias=ALIAS, project=here, key=people[_AUDITOR])
    say(f"promoted to {ALIAS!r}" if done.done else f"not promoted: the gate says {done.verdict.word}")
    return Walked(
        pilot=pilot,
        scenario=chosen.scenario,
        uri=trained.uri,
        word=done.verdict.word,
        reasons=done.verdict.reasons,
        alias=ALIAS if done.done else None,
        report=pages / "report.en.html",
    )


_APPROVAL = {
    "word": "approve",
    "role": "ethics",
    "ethics": "A demonstration on synthetic cases: nobody was looked at, and nobody is.",
    "conditions": ["For demonstration only: these cases are synthetic and this reviewer is a program."],
}
