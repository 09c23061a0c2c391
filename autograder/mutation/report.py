"""What mutation testing of an assignment gave, as frozen values with a JSON form: kept with a release, shown by `patunay mutants` and the gate. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from autograder.wire_value import WireValue

Outcome = Literal["killed", "timeout", "survived", "equivalent", "accepted"]
"""`killed`: a test gives fewer points than to the reference. `timeout`: killed too, by running too long or by ending its kernel. `survived`: every test gave
what it gives to the reference. `equivalent`: it survived, and no input told it apart from the reference. `accepted`: it survived, and a person says why it may."""


class JudgedMutant(WireValue):
    """One mutant with what became of it."""

    id: str
    notebook: str
    cell: str
    """nbgrader's id of the answer cell."""
    operator: str
    """The kind of mistake."""
    line: int
    """From 1, in the cell."""
    diff: str
    outcome: Outcome
    reason: str = ""
    """What the test said that killed it, why it is taken for equivalent, or why it is accepted."""
    killed_by: tuple[str, ...] = ()
    """nbgrader's ids of the tests that gave it fewer points."""
    slipped_past: tuple[str, ...] = ()
    """Of the tests that cover its answer cell, those that gave it the reference's points."""

    @property
    def is_killed(self) -> bool:
        """Whether a test noticed it."""
        return self.outcome in {"killed", "timeout"}


class Score(WireValue):
    """How many mutants there were, and what became of them."""

    killed: int
    survived: int
    equivalent: int = 0
    accepted: int = 0

    @property
    def share(self) -> float | None:
        """Killed among those that could be; None if there is none of these."""
        return _share(self.killed, self.killed + self.survived)

    @property
    def strict_share(self) -> float | None:
        """The same with those counted as survivors that are only taken for equivalent."""
        return _share(self.killed, self.killed + self.survived + self.equivalent)


class NamedScore(WireValue):
    """The score of one cell."""

    notebook: str
    cell: str
    score: Score


class MutationReport(WireValue):
    """What became of the mutants of an assignment."""

    form: int = 1
    assignment: str
    source_digest: str
    environment_digest: str
    seed: int
    mutants: tuple[JudgedMutant, ...]
    answers: tuple[NamedScore, ...]
    """Of each answer cell that a program grades: mutants that any test killed."""
    tests: tuple[NamedScore, ...]
    """Of each test: of the mutants of the answer cells that it covers, those that it killed by itself."""
    without_tests: tuple[str, ...] = ()
    """Answer cells that no test covers, as `notebook.ipynb, cell`: no mutants are made."""
    stale: tuple[str, ...] = ()
    """Entries of `equivalent_mutants.toml` for which there is no mutant any more, or one that a test kills."""
    obstacle: str = ""
    """Why nothing was run; empty if it was."""
    seconds: float = 0.0

    @property
    def score(self) -> Score:
        """The assignment's score: over all its mutants."""
        return score_of(self.mutants)

    def notebook_score(self, notebook: str) -> Score:
        """Return the score of one notebook."""
        return score_of(each for each in self.mutants if each.notebook == notebook)

    def survivors(self, *, cell: str | None = None) -> tuple[JudgedMutant, ...]:
        """Return the mutants that survived, of one answer cell or of all."""
        return tuple(each for each in self.mutants if each.outcome == "survived" and cell in {None, each.cell})


def score_of(mutants: Iterable[JudgedMutant]) -> Score:
    """Return the score over `mutants`."""
    outcomes = [each.outcome for each in mutants]
    return Score(
        killed=outcomes.count("killed") + outcomes.count("timeout"),
        survived=outcomes.count("survived"),
        equivalent=outcomes.count("equivalent"),
        accepted=outcomes.count("accepted"),
    )


def test_score(test: str, notebook: str, mutants: Sequence[JudgedMutant]) -> Score:
    """Return the score of one test over the mutants that it was run on; what another test killed counts as having slipped past it."""
    own = [each for each in mutants if each.notebook == notebook]
    past = [each for each in own if test in each.slipped_past]
    return Score(
        killed=sum(test in each.killed_by for each in own),
        survived=sum(each.is_killed or each.outcome == "survived" for each in past),
        equivalent=sum(each.outcome == "equivalent" for each in past),
        accepted=sum(each.outcome == "accepted" for each in past),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
