"""The audit registry: an audit is one file, one question, one function."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.text import Text
from igw_audit.errors import NotMeasurableError

Need = Literal["label", "steps", "arm", "declared", "bands", "model"]
#: What an audit makes of a table of investigated cases with known chances. ``any``: it lets each case stand
#: for as many as it was drawn from, scored or not. ``scored``: the same, where every case has a score.
#: ``none``: its statistics do not carry such weights, and unweighted they would describe the sample.
Samples = Literal["any", "scored", "none"]
Question = Callable[[ScoredCases, str], Iterator[Finding]]

_log = logging.getLogger(__name__)

#: The one global of the house: code -> audit. Filled by the decorator when ``igw_audit.audits`` is walked.
_REGISTRY: dict[str, Audit] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the findings of one audit say together."""

    level: str | None = None
    inconclusive_groups: tuple[str, ...] = ()


def groups_without_answer(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups that have a finding without an estimate: the default conclusion."""
    names = dict.fromkeys(finding.group for finding in findings if finding.group and finding.estimate is None)
    return Conclusion(inconclusive_groups=tuple(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One registered audit: its code, its question in both languages, and the function that answers it."""

    code: str
    title: Text
    asks: Text
    question: Question
    needs: tuple[Need, ...] = ()
    samples: Samples = "none"
    conclude: Callable[[Sequence[Finding], ScoredCases, str], Conclusion] = field(default=groups_without_answer)

    def run(self, cases: ScoredCases, attribute: str) -> Outcome:
        """Answer for one attribute; what cannot be measured and what fails is an outcome too, never silence."""
        missing = [need for need in self.needs if not cases.has(need)]
        if missing:
            return self._without(attribute, "not_measurable", _lacks(missing))
        unfit = _unfit_for(self.samples, cases)
        if unfit is not None:
            return self._without(attribute, "not_measurable", unfit)
        try:
            findings = tuple(self.question(cases, attribute))
            conclusion = self.conclude(findings, cases, attribute)
        except NotMeasurableError as error:
            return self._without(attribute, "not_measurable", Text(en=error.english, nl=error.dutch))
        except Exception as error:
            _log.exception("audit %s failed for %s", self.code, attribute)
            # the kind of error only: its message could quote a case
            kind = type(error).__name__
            return self._without(
                attribute,
                "failed",
                Text(
                    en=f"the audit stopped with an error ({kind}); the log has details, and it counts as not answered",
                    nl=f"de audit stopte met een fout ({kind}); zie het logboek, de vraag is niet beantwoord",
                ),
            )
        return Outcome(
            audit=self.code,
            attribute=attribute,
            status="measured",
            level=conclusion.level,
            inconclusive_groups=conclusion.inconclusive_groups,
            findings=findings,
        )

    def _without(self, attribute: str, status: Literal["not_measurable", "failed"], reason: Text) -> Outcome:
        return Outcome(audit=self.code, attribute=attribute, status=status, reason=reason)


_NEED_WORDS = {
    "label": Text(en="a label column", nl="een kolom met uitkomsten (label)"),
    "steps": Text(en="process steps", nl="processtappen"),
    "arm": Text(en="the arm of each investigated case", nl="de route (arm) van elke onderzochte zaak"),
    "declared": Text(en="declared factors", nl="verklaarde factoren (declared)"),
    "bands": Text(en="score bands", nl="scoreklassen"),
}


def _lacks(missing: Sequence[str]) -> Text:
    if "model" in missing:
        return Text(
            en="this question needs the model itself, and only its scores were given",
            nl="deze vraag heeft het model zelf nodig, en alleen de scores zijn gegeven",
        )
    return Text(
        en=f"this question needs {', '.join(_NEED_WORDS[need].en for need in missing)}, and the plan names none",
        nl=f"deze vraag heeft {', '.join(_NEED_WORDS[need].nl for need in missing)} nodig, en het plan noemt die niet",
    )


def _unfit_for(samples: Samples, cases: ScoredCases) -> Text | None:
    """Say why a sampled table cannot answer an audit's question; None where it can, or where the table is no sample."""
    sampling = cases.sampling
    if sampling is None or sampling.frame == "unclear" or samples == "any":
        return None
    if samples == "none":
        return Text(
            en="the table is a sample of investigated cases, and this question cannot weigh them "
            "back to all cases: the "
            "answer would be about the sample. Ask it of a table that holds all scored cases",
            nl="de tabel is een steekproef van onderzochte zaken, en deze vraag kan ze niet "
            "terugwegen naar alle zaken: het "
            "antwoord zou over de steekproef gaan. Stel de vraag met een tabel met alle gescoorde zaken",
        )
    if not cases.has("scores"):
        return Text(
            en="this question needs the score of every case, and cases of the random arm have none. Score them too",
            nl="deze vraag heeft van elke zaak de score nodig, en zaken uit de steekproef hebben die "
            "niet. Geef ook die "
            "een score",
        )
    if sampling.problem is not None:
        return sampling.problem
    if sampling.frame != "own_chance":
        return Text(
            en="the random arm stands for others beside its own cases (random_arm_of), which this "
            "question cannot take. "
            "Give every case the chance that it had by whichever route, without random_arm_of",
            nl="de steekproef staat hier voor meer dan de eigen zaken (random_arm_of), en dat kan deze vraag niet aan. "
            "Geef elke zaak de kans die hij langs alle routes samen had, zonder random_arm_of",
        )
    return None


def audit(  # noqa: PLR0913 - what a registration says, by keyword
    *,
    code: str,
    title: Text,
    asks: Text,
    needs: tuple[Need, ...] = (),
    samples: Samples = "none",
    conclude: Callable[[Sequence[Finding], ScoredCases, str], Conclusion] = groups_without_answer,
) -> Callable[[Question], Audit]:
    """Register the decorated function as the audit ``code``."""

    def register(question: Question) -> Audit:
        if code in _REGISTRY and _REGISTRY[code].question.__module__ != question.__module__:
            raise ValueError(f"two audits carry the code {code}: give one of them another")
        registered = Audit(
            code=code,
            title=title,
            asks=asks,
            question=question,
            needs=needs,
            samples=samples,
            conclude=conclude,
        )
        _REGISTRY[code] = registered
        return registered

    return register


def registered_audits() -> dict[str, Audit]:
    """Give every registered audit by its code, in order of code."""
    return {code: _REGISTRY[code] for code in sorted(_REGISTRY)}
