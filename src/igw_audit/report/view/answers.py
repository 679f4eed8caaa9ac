"""Every question of the plan and its answer: findings with their numbers, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass

from igw_audit.core.disclosure import measure_of
from igw_audit.core.finding import LEVELS, Finding, Outcome
from igw_audit.report.scene import Scene
from igw_audit.report.view.apart import cells

#: Rows of one table; what is left out is counted, and is in record.json.
_MOST = 300
#: Longer tables are folded away on a screen, and open on paper.
FOLDED = 24
#: What would help where a question has no answer.
_HELP = {
    "A001": "steps",
    "A002": "label",
    "A003": "label",
    "A005": "declared",
    "A011": "arm",
    "A012": "arm",
    "A013": "steps",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number with its interval and the letter of its method."""

    value: str
    interval: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One group's numbers for one measure."""

    group: str
    features: str
    n: str
    cells: tuple[Cell, ...]
    p: str
    mde: str
    judged: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One measure at one step: its columns and rows."""

    caption: str
    columns: tuple[str, ...]
    with_features: bool
    with_p: bool
    with_mde: bool
    with_judged: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One audit's answer for one attribute."""

    attribute: str
    anchor: str
    status: str
    short: str
    said: str
    helps: str
    too_little: str
    blocks: tuple[Block, ...]
    rows: int
    capped: str
    methods: tuple[str, ...]
    compared: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One audit, with an answer an attribute; none where the plan did not ask it."""

    code: str
    title: str
    asks: str
    anchor: str
    answers: tuple[Answer, ...]
    not_asked: str


def answers(scene: Scene) -> tuple[Question, ...]:
    """Give every audit that the record or the questions name, in order of code."""
    asked = {outcome.audit for outcome in scene.record.outcomes}
    return tuple(_question(scene, code, asked=code in asked) for code in sorted(asked | set(scene.questions)))


def _question(scene: Scene, code: str, *, asked: bool) -> Question:
    return Question(
        code=code,
        title=scene.title(code),
        asks=scene.asks(code),
        anchor=scene.anchor(code),
        answers=tuple(_answer(scene, outcome) for outcome in scene.record.outcomes if outcome.audit == code),
        not_asked="" if asked else scene.words("audits.not_asked_why", audit=code),
    )


def _answer(scene: Scene, outcome: Outcome) -> Answer:
    words = scene.words
    kept = _kept(outcome.findings)
    methods = list(dict.fromkeys(f.estimate.method for f in kept if f.estimate and scene.disclosure.shows(outcome, f)))
    blocks = _blocks(scene, outcome, kept, methods)
    references = list(dict.fromkeys(f.reference for f in kept if f.reference is not None))
    level = outcome.level or "no_level"
    reason = scene.text(outcome.reason).rstrip(".") if outcome.reason else ""
    said, helps, short = words(f"levels.{level}"), "", words(f"levels.short.{level}")
    if outcome.status == "not_measurable":
        said, short = words("audits.because", reason=reason), words("audits.not_measurable")
        helps = words("audits.helps", what=words(f"audits.help.{_HELP.get(outcome.audit, 'data')}"))
    elif outcome.status == "failed":
        said, short = words("audits.failed_because", reason=reason), words("audits.failed")
        helps = words("audits.helps", what=words("audits.help.failed"))
    elif not outcome.findings:
        said = f"{said} {words('audits.no_findings', attribute=words.attribute(outcome.attribute))}"
    too_little = [scene.group(name) for name in scene.in_order(outcome.attribute, outcome.inconclusive_groups)]
    return Answer(
        attribute=words.attribute(outcome.attribute),
        anchor=scene.anchor(outcome.audit, outcome.attribute),
        status=outcome.status,
        short=short,
        said=said,
        helps=helps,
        too_little=words("audits.too_little", groups=words.names(too_little)) if too_little else "",
        blocks=blocks,
        rows=sum(len(block.rows) for block in blocks),
        capped=words(
            "audits.capped", shown=scene.numbers.whole(len(kept)), all=scene.numbers.whole(len(outcome.findings))
        )
        if len(kept) < len(outcome.findings)
        else "",
        methods=tuple(f"{_letter(k)}: {method}" for k, method in enumerate(methods)),
        compared=words(
            "audits.compared",
            reference=words.listed([scene.compared(reference, outcome.attribute) for reference in references]),
        )
        if references
        else "",
    )


def _kept(findings: tuple[Finding, ...]) -> list[Finding]:
    """Keep at most so many rows: those with a grave level first, in the order in which the audit gave them."""
    if len({_row_key(finding) for finding in findings}) <= _MOST:
        return list(findings)
    grave = LEVELS.index("inconclusive")

    def mild(finding: Finding) -> bool:
        return finding.level is None or LEVELS.index(finding.level) > grave

    keys = list(dict.fromkeys(_row_key(finding) for finding in sorted(findings, key=mild)))
    kept = set(keys[:_MOST])
    return [finding for finding in findings if _row_key(finding) in kept]


def _row_key(finding: Finding) -> tuple[str, str | None, tuple[str, ...], str | None]:
    return measure_of(finding.statistic), finding.step, finding.features, finding.group


def _blocks(scene: Scene, outcome: Outcome, findings: list[Finding], methods: list[str]) -> tuple[Block, ...]:
    tables: dict[tuple[str, str | None], list[Finding]] = {}
    for finding in findings:
        tables.setdefault((measure_of(finding.statistic), finding.step), []).append(finding)
    return tuple(_block(scene, outcome, held, methods) for held in tables.values())


def _block(scene: Scene, outcome: Outcome, findings: list[Finding], methods: list[str]) -> Block:
    words = scene.words
    statistics = list(dict.fromkeys(finding.statistic for finding in findings))
    rows: dict[tuple[tuple[str, ...], str | None], dict[str, Finding]] = {}
    for finding in findings:
        rows.setdefault((finding.features, finding.group), {})[finding.statistic] = finding
    order = scene.in_order(outcome.attribute, [f.group for f in findings if f.group is not None])
    place = {group: k for k, group in enumerate(order)}
    keys = sorted(rows, key=lambda key: -1 if key[1] is None else place[key[1]])
    base = measure_of(statistics[0])
    step = findings[0].step
    name = words.statistic(base)[0] if len(statistics) > 1 else words.statistic(statistics[0])[0]
    texts = tuple(_row(scene, outcome, (statistics, rows[key]), methods) for key in keys)
    return Block(
        caption=name if step is None else f"{name} – {words.step(step)}",
        columns=tuple(_column(scene, statistic, base) for statistic in statistics),
        with_features=any(finding.features for finding in findings),
        with_p=any(row.p for row in texts),
        with_mde=any(row.mde for row in texts),
        with_judged=any(row.judged for row in texts),
        rows=texts,
    )


def _column(scene: Scene, statistic: str, base: str) -> str:
    unit = scene.words.statistic(statistic)[1]
    if unit == "ratio":
        return scene.words("limits.col_ratio")
    if unit in ("points", "span"):
        return scene.words("limits.col_difference")
    if statistic != base:
        return scene.words("audits.col_difference")
    return scene.words(f"audits.unit.{unit}").capitalize()


def _row(scene: Scene, outcome: Outcome, held: tuple[list[str], dict[str, Finding]], methods: list[str]) -> Row:
    statistics, findings = held
    first = next(iter(findings.values()))
    shown = all(scene.disclosure.shows(outcome, finding) for finding in findings.values())
    p = next((f.p_adjusted for f in findings.values() if f.p_adjusted is not None), None)
    if p is None:
        p = next((f.p_value for f in findings.values() if f.p_value is not None), None)
    return Row(
        group=scene.words("all_groups") if first.group is None else scene.group(first.group),
        features=", ".join(first.features),
        n=_n(scene, outcome, first, shown=shown),
        cells=tuple(_cell(scene, outcome, findings.get(statistic), methods) for statistic in statistics),
        p="" if p is None or not shown else scene.numbers.p(p),
        mde=_mde(scene, findings) if shown else "",
        judged=_judged(scene, outcome, findings),
    )


def _mde(scene: Scene, findings: dict[str, Finding]) -> str:
    for finding in findings.values():
        if finding.minimum_detectable is not None:
            unit = scene.words.statistic(finding.statistic)[1]
            text = scene.numbers.of(finding.minimum_detectable, unit).lstrip("+")
            return f"{text} {scene.words('points_short')}" if unit == "points" else text
    return ""


def _n(scene: Scene, outcome: Outcome, finding: Finding, *, shown: bool) -> str:
    if not shown:
        exact = scene.disclosure.sizes.get(outcome.attribute, {}).get(str(finding.group))
        # the group's own size is no part of this table's cells
        whole = finding.counts is not None and exact is not None and finding.counts.n == exact
        return scene.size(outcome.attribute, str(finding.group)) if whole else ""
    if finding.counts is not None:
        return scene.numbers.whole(finding.counts.n)
    return "" if finding.estimate is None else scene.numbers.whole(finding.estimate.n)


def _cell(scene: Scene, outcome: Outcome, finding: Finding | None, methods: list[str]) -> Cell:
    value, interval = cells(scene, outcome, finding)
    letter = ""
    if (
        finding is not None
        and finding.estimate is not None
        and finding.estimate.method in methods
        and scene.disclosure.shows(outcome, finding)
    ):
        letter = _letter(methods.index(finding.estimate.method))
    if finding is not None and finding.estimate is None and finding.reason and scene.disclosure.shows(outcome, finding):
        value = scene.text(finding.reason)
    return Cell(value=value, interval=interval, method=letter)


def _judged(scene: Scene, outcome: Outcome, findings: dict[str, Finding]) -> str:
    said = [scene.words(f"levels.short.{f.level}") for f in findings.values() if f.level is not None]
    sides = [scene.side(outcome.audit, f) for f in findings.values() if scene.limits(outcome.audit, f)]
    worst = next((side for side in ("outside", "across", "inside") if side in sides), None)
    if worst is not None:
        said.append(scene.words(f"limits.side.{worst}"))
    return "; ".join(dict.fromkeys(said))


def _letter(position: int) -> str:
    return chr(ord("a") + position) if position < 26 else f"a{position - 25}"
