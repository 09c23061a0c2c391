"""What the release gate said, as a page shows it: read from its JSON, which a release keeps and `patunay check --json` prints. Pure.

What does not have the form that it should have is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courses.findings import Finding
from courses.rules import RULES
from portal.gate.report import GateReport


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding."""

    code: str
    name: str
    """Of the rule."""
    is_blocking: bool
    problem: str
    where: str
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
    outcomes: tuple[tuple[str, str], ...]
    matrix: tuple[MatrixLine, ...]
    trials: tuple[TrialLine, ...]


def words_of(report: GateReport) -> GateWords:
    """Return what a report that was just made says."""
    found = gate_words(report.as_json())
    assert found is not None  # its own form
    return found


def gate_words(told: Any) -> GateWords | None:
    """Return what the JSON values of a report say; None if they are none."""
    try:
        findings = [_finding(each) for each in told["findings"]]
        return GateWords(
            version=str(told["version"]),
            content_hash=str(told["content_hash"]),
            checked_at=datetime.fromisoformat(told["checked_at"]),
            depth=str(told["depth"]),
            verdict=str(told["verdict"]),
            obstacle=str(told["obstacle"]),
            blocking=tuple(each for each in findings if each.is_blocking),
            warnings=tuple(each for each in findings if not each.is_blocking),
            outcomes=tuple((str(each["id"]), str(each["text"])) for each in told["outcomes"]),
            matrix=tuple(_matrix(each) for each in told["matrix"]),
            trials=tuple(_trials(told["assignments"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def finding_line(finding: Finding) -> FindingLine:
    """Return a finding as a page shows it."""
    rule = RULES.get(finding.code)
    return FindingLine(
        finding.code, rule.name if rule else finding.code, finding.is_blocking, _sentence(finding.problem), finding.where,
        rule.why if rule else "", finding.remedy,
    )  # fmt: skip


def _finding(told: Mapping[str, Any]) -> FindingLine:
    return FindingLine(
        code=str(told["code"]),
        name=str(told["rule"]["name"]),
        is_blocking=told["severity"] == "blocking",
        problem=_sentence(str(told["problem"])),
        where=str(told["where"]),
        why=str(told["rule"]["why"]),
        remedy=str(told["remedy"]),
    )


def _sentence(problem: str) -> str:
    is_word = problem.partition(" ")[0].isalpha()  # a file or a function stays as it is called
    told = problem[:1].upper() + problem[1:] if is_word else problem
    return told if told.endswith((".", "!", "?", "…")) else f"{told}."


def _matrix(told: Mapping[str, Any]) -> MatrixLine:
    return MatrixLine(
        str(told["assignment"]), str(told["cell"]), str(told["kind"]), float(told["points"]), tuple(map(str, told["outcomes"]))
    )


def _trials(told: Mapping[str, Any]) -> Iterator[TrialLine]:
    for name, trial in told.items():
        sealing, rehearsal, mutation = trial["sealing"], trial["rehearsal"], trial["mutation"]
        yield TrialLine(
            assignment=str(name),
            sealed=sum(each["label"] == "sealed" for each in sealing),
            tests=len(sealing),
            runs=len(rehearsal["runs"]) if rehearsal else 0,
            obstacle=str((rehearsal or {}).get("obstacle") or (mutation or {}).get("obstacle") or ""),
            mutants=len(mutation["mutants"]) if mutation else None,
            mutation_score=None if not mutation or mutation["score"] is None else float(mutation["score"]),
        )
