"""A dossier is judged: a feature that nobody can justify keeps the gate shut, and no review opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from igw_audit.core.dossier import (
    QUESTIONS,
    Answered,
    Assessment,
    Dossier,
    DossierRecord,
    Exclusion,
    FeatureAnswers,
    Justification,
    LabelDefinition,
    LegalBasis,
    Owner,
    ProtectedColumn,
    Retention,
    Status,
)
from igw_audit.core.plan import Plan
from igw_audit.core.rules import AskedDossier, Policy, Sentence
from igw_audit.core.text import Text
from igw_audit.errors import InputError
from igw_audit.policy import read_dossier
from igw_audit.policy.dossier import dossier_reasons

ROOT = Path(__file__).resolve().parents[2]
SAID = Sentence(en="said", nl="gezegd")
PLAN = Plan(attributes=("nationality",), capacity=0.1, features=("late",))
ASKS = Policy(name="asks", version="1", dossier=AskedDossier(required=True))
SILENT = Policy(name="silent", version="1")

Made = Callable[..., DossierRecord]


def feature(
    kind: str | None = "legal",
    *,
    statistical: Status = "unproven",
    legal: Status = "shown",
    out: tuple[Exclusion, ...] = (),
) -> FeatureAnswers:
    status = {"statistical": statistical, "legal": legal}
    return FeatureAnswers(
        name="late",
        declared=False,
        questions=tuple(
            Answered(question=one, status=status.get(one, "shown"), by="people", text=Text(en="a", nl="b"))
            for one in QUESTIONS
        ),
        justification=None if kind is None else Justification(type=kind, source="law", en="why", nl="waarom"),
        exclusion=out,
    )


def dossier(*features: FeatureAnswers, synthetic: bool = True, checked_by: str = "", dpia: str = "") -> DossierRecord:
    content = Dossier(
        pilot="p",
        synthetic=synthetic,
        version="1",
        purpose=SAID,
        unit=SAID,
        owner=Owner(role="lead", name="x", contact="y"),
        legal_basis=(LegalBasis(id="law", name="Law", en="a", nl="b", checked_by=checked_by),),
        dpia=Assessment(en="a", nl="b", reference=dpia, version="1" if dpia else "", date="2026-11-23" if dpia else ""),
        impact=SAID,
        human_step=SAID,
        retention=Retention(en="a", nl="b", scores_days=1, cases_days=1, protected_days=1),
        label=LabelDefinition(en="a", nl="b", column="outcome", positive=("public_order",)),
        protected=(ProtectedColumn(column="nationality", kind="sensitive", ground="test", necessity=SAID),),
    )
    return DossierRecord(sha256="0" * 64, content=content, features=features)


@pytest.mark.parametrize(
    ("held", "policy", "word", "rule"),
    [
        (None, SILENT, None, None),
        (None, ASKS, "refer", "dossier:missing"),
        (dossier(feature("legal")), SILENT, "allow", "dossier:complete"),
        (dossier(feature("scientific")), ASKS, "allow", "dossier:complete"),
        (dossier(feature(None)), SILENT, "refuse", "dossier:unjustified"),
        (dossier(feature("statistical")), SILENT, "refuse", "dossier:not-shown"),
        (dossier(feature("statistical", statistical="shown")), SILENT, "allow", "dossier:complete"),
        (dossier(feature("legal", legal="against")), SILENT, "refuse", "dossier:excluded"),
        (dossier(feature("legal", out=("subjective",))), SILENT, "refuse", "dossier:excluded"),
        (dossier(feature(), synthetic=False, dpia="DPIA-7"), SILENT, "refer", "dossier:unchecked"),
        (dossier(feature(), synthetic=False, checked_by="mr. A"), SILENT, "refer", "dossier:dpia"),
        (dossier(feature(), synthetic=False, checked_by="mr. A", dpia="DPIA-7"), SILENT, "allow", "dossier:complete"),
    ],
)
def test_a_dossier_gets_the_word_that_it_earns(
    held: DossierRecord | None, policy: Policy, word: str | None, rule: str | None
) -> None:
    reasons = list(dossier_reasons(held, policy=policy, plan=PLAN))
    assert [(reason.word, reason.rule) for reason in reasons] == ([(word, rule)] if word else [])
    assert not any(reason.overridable for reason in reasons)


def test_a_protected_column_needs_a_ground_and_a_necessity() -> None:
    plan = PLAN.model_copy(update={"attributes": ("sex",)})
    (reason,) = dossier_reasons(dossier(feature()), policy=SILENT, plan=plan)
    assert (reason.word, reason.rule) == ("refer", "dossier:protected")
    assert "sex" in reason.text.en


def test_a_feature_is_unproven_until_all_five_questions_are_shown() -> None:
    assert feature(statistical="unproven").status == "unproven"
    assert feature(statistical="shown").status == "shown"
    assert feature(statistical="against").status == "against"
    assert feature(statistical="shown", out=("proxy",)).status == "against"


@pytest.mark.parametrize("pilot", ["knowledge", "study", "talent"])
def test_the_pilots_answer_every_feature_of_their_plan_and_say_that_they_are_examples(pilot: str) -> None:
    import tomllib

    plan = Plan.model_validate(tomllib.loads((ROOT / f"audits/{pilot}/plan.toml").read_text(encoding="utf-8")))
    files = read_dossier(ROOT / "audits" / pilot)
    assert {entry.name for entry in files.entries.feature} == {*plan.features, *plan.declared}
    assert files.dossier.synthetic
    assert "EXAMPLE" in (ROOT / f"audits/{pilot}/features.toml").read_text(encoding="utf-8")


def test_all_problems_of_both_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "dossier.toml").write_text('pilot = "p"\nversion = 3\n', encoding="utf-8")
    (tmp_path / "features.toml").write_text(
        '[[feature]]\nname = "a"\n[feature.legal]\nanswer = "yes"\n[[feature]]\nname = "b"\n[feature.justification]\n'
        'type = "habit"\nsource = ""\nen = "x"\nnl = "y"\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as told:
        read_dossier(tmp_path)
    text = str(told.value)
    for found in ("purpose: this key is missing", "legal_basis", "without a reason", "type: found 'habit'"):
        assert found in text


def test_the_same_dossier_has_the_same_hash_however_it_is_written(tmp_path: Path) -> None:
    once = read_dossier(ROOT / "audits" / "talent")
    for name in ("dossier.toml", "features.toml"):
        text = (ROOT / "audits" / "talent" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text("# another comment\n\n" + text, encoding="utf-8")
    assert read_dossier(tmp_path).sha256() == once.sha256()
