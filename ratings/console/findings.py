"""The lint report as pages and calls show it: counted by rule, the first findings in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ratings.console.words import LINT_RULES
from ratings.studies.guess import Guess
from ratings.studies.lint import NAMING_RULES, Finding
from ratings.studies.models import Study
from ratings.studies.selectors import guess_of, lint_study

#: Larger studies are linted on a page of their own, so that a look at the study stays quick.
MAX_INLINE_TRIPLES = 2_000
SHOWN_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class RuleCount:
    rule: str
    words: str
    blocks: bool
    count: int


@dataclass(frozen=True, slots=True)
class LintReport:
    """rules: those that block first. shown: the first findings, those that block first.

    guess: how well looks alone tell the sources; None where there are too few triples to say.
    """

    total: int
    blocking: int
    rules: list[RuleCount]
    shown: list[Finding]
    guess: Guess | None = None


def report_on(study: Study, *, names_sources: bool, shown: int = SHOWN_FINDINGS) -> LintReport:
    """Lints what raters would see of this study. names_sources: whether a finding may say which label it found."""
    findings: Iterable[Finding] = lint_study(study)
    if not names_sources:
        findings = map(_without_label, findings)
    return replace(count_findings(findings, shown=shown), guess=guess_of(study))


def _without_label(finding: Finding) -> Finding:
    if finding.rule not in NAMING_RULES:
        return finding
    where = finding.message.rpartition(": ")[0]
    return replace(finding, message=f"{where}: a rationale contains a source's name.")


def count_findings(findings: Iterable[Finding], *, shown: int) -> LintReport:
    """Memory holds the counts and at most twice `shown` findings."""
    counts: Counter[tuple[bool, str]] = Counter()
    kept: dict[bool, list[Finding]] = {True: [], False: []}
    for finding in findings:
        counts[finding.blocks, finding.rule] += 1
        if len(kept[finding.blocks]) < shown:
            kept[finding.blocks].append(finding)
    return LintReport(
        total=counts.total(),
        blocking=sum(count for (blocks, _), count in counts.items() if blocks),
        rules=[
            RuleCount(rule=rule, words=LINT_RULES.get(rule, rule), blocks=blocks, count=count)
            for (blocks, rule), count in sorted(
                counts.items(), key=lambda item: (not item[0][0], -item[1], item[0][1])
            )
        ],
        shown=[*kept[True], *kept[False]][:shown],
    )
