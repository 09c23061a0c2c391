"""What the release gate said, as a page shows it: read from its JSON, which a release keeps and `patunay check --json` prints. Pure.

It lies where teachers can write, so it is taken value by value (`portal.web.faculty.stored_values`): what does not have the form that it should have is no
report. The whole of what running the assignments gave: `portal.web.faculty.gate_runs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courses.findings import Finding
from courses.rules import RULES
from portal.gate.report import GateReport
from portal.web.core_words import NO_NAMES
from portal.web.faculty.stored_values import list_of, moment_of, number_of, share_of, text_of, texts_of

_LINE = re.compile(r"(.+), line ([0-9]{1,9})", re.DOTALL)
MOST_FINDINGS = 300
"""How many of a kind a page shows."""
MOST_CELLS = 1_000
MOST_OUTCOMES = 50


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding."""

    code: str
    name: str
    """Of the rule."""
    is_blocking: bool
    problem: str
    where: str
    line: int | None
    """Of a file or a cell, from 1; None: it says no line."""
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """A graded cell with the outcomes that it gives evidence of."""

    assignment: str
    cell: str
    kind: str
    points: float
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialLine:
    """What running an assignment gave, in short."""

    assignment: str
    sealed: int
    tests: int
    runs: int
    """How often the reference solution was graded; 0: not rehearsed."""
    obstacle: str
    mutants: int | None
    """How many small mistakes were made; None: none were tried."""
    mutation_score: float | None
    """Share of them that a test noticed."""


@dataclass(frozen=True, slots=True)
class GateWords:
    """What the gate said."""

    version: str
    content_hash: str
    checked_at: datetime
    depth: str
    """`static`, `plan`, `rehearsal` or `mutation`."""
    verdict: str
    obstacle: str
    blocking: tuple[FindingLine, ...]
    warnings: tuple[FindingLine, ...]
    left_out: int
    """How many findings more there are."""
    outcomes: tuple[tuple[str, str], ...]
    """Id and text."""
    matrix: tuple[MatrixLine, ...]
    trials: tuple[TrialLine, ...]

    @property
    def without_evidence(self) -> tuple[str, ...]:
        """The outcomes, by id, of which no item that is worth points gives evidence."""
        return tuple(id_ for id_, _ in self.outcomes if not self.points(id_))

    def points(self, outcome: str = "") -> float:
        """Return how many points can be had for an outcome, or in all."""
        return sum(row.points for row in self.matrix if not outcome or outcome in row.outcomes)


def words_of(report: GateReport, outcomes: Mapping[str, str] = NO_NAMES) -> GateWords:
    """Return what a report that was just made says; `outcomes` as for `gate_words`."""
    found = gate_words(report.as_json(), outcomes)
    assert found is not None  # its own form
    return found


def gate_words(told: Any, outcomes: Mapping[str, str] = NO_NAMES) -> GateWords | None:
    """Return what the JSON values of a report say; None if they are none.

    Args:
        outcomes: texts of outcomes, in English, and what they are in the page's language: the report has the English ones.
    """
    try:
        findings = [_finding(each) for each in list_of(told["findings"])]
        block = [each for each in findings if each.is_blocking]
        warn = [each for each in findings if not each.is_blocking]
        return GateWords(
            version=text_of(told["version"]),
            content_hash=text_of(told["content_hash"]),
            checked_at=moment_of(told["checked_at"]),
            depth=text_of(told["depth"]),
            verdict=text_of(told["verdict"]),
            obstacle=text_of(told["obstacle"]),
            blocking=tuple(block[:MOST_FINDINGS]),
            warnings=tuple(warn[:MOST_FINDINGS]),
            left_out=len(block[MOST_FINDINGS:]) + len(warn[MOST_FINDINGS:]),
            outcomes=tuple(_outcomes(list_of(told["outcomes"])[:MOST_OUTCOMES], outcomes)),
            matrix=tuple(_matrix(each) for each in list_of(told["matrix"])[:MOST_CELLS]),
            trials=tuple(_trials(told["assignments"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def finding_line(finding: Finding) -> FindingLine:
    """Return a finding as a page shows it."""
    rule = RULES.get(finding.code)
    where, line = _place(finding.where)
    return FindingLine(
        finding.code, rule.name if rule else finding.code, finding.is_blocking, _sentence(finding.problem), where, line,
        rule.why if rule else "", finding.remedy,
    )  # fmt: skip


def _finding(told: Mapping[str, Any]) -> FindingLine:
    where, line = _place(text_of(told["where"]))
    return FindingLine(
        code=text_of(told["code"]),
        name=text_of(told["rule"]["name"]),
        is_blocking=told["severity"] == "blocking",
        problem=_sentence(text_of(told["problem"])),
        where=where,
        line=line,
        why=text_of(told["rule"]["why"]),
        remedy=text_of(told["remedy"]),
    )


def _place(where: str) -> tuple[str, int | None]:
    """Return where a finding bites, and the line there: `ps1/p1.ipynb, cell 3` and 4 of `ps1/p1.ipynb, cell 3, line 4`."""
    found = _LINE.fullmatch(where)
    return (found[1], int(found[2])) if found else (where, None)


def _sentence(problem: str) -> str:
    is_word = problem.partition(" ")[0].isalpha()  # a file or a function stays as it is called
    told = problem[:1].upper() + problem[1:] if is_word else problem
    return told if told.endswith((".", "!", "?", "…")) else f"{told}."


def _outcomes(told: Sequence[Any], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for each in told:
        text = text_of(each["text"])
        yield text_of(each["id"]), names.get(text, text)


def _matrix(told: Mapping[str, Any]) -> MatrixLine:
    return MatrixLine(
        text_of(told["assignment"]), text_of(told["cell"]), text_of(told["kind"]), number_of(told["points"]), texts_of(told["outcomes"])
    )


def _trials(told: Mapping[str, Any]) -> Iterator[TrialLine]:
    for name, trial in told.items():
        sealing, rehearsal, mutation = list_of(trial["sealing"]), trial["rehearsal"], trial["mutation"]
        yield TrialLine(
            assignment=text_of(name),
            sealed=sum(each["label"] == "sealed" for each in sealing),
            tests=len(sealing),
            runs=len(list_of(rehearsal["runs"])) if rehearsal else 0,
            obstacle=text_of((rehearsal or {}).get("obstacle") or (mutation or {}).get("obstacle") or ""),
            mutants=len(list_of(mutation["mutants"])) if mutation else None,
            mutation_score=share_of(mutation["score"]) if mutation else None,
        )
