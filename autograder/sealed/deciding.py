"""Decides a test cell where it was run apart and, if need be, in one process too. Pure: results in, a decision out.

Rules:
1. Full marks that rest on plain values stand. Marks that rest on the learner's own operators stand where the reference solution's rest on the same
   ones, and are marked unsealed.
2. Less than full marks are compared with what one process gives (compat). What earns more there goes to a person, and so does what earned marks only by
   something that the reference solution does not have: never an automatic zero that compat would not give, never automatic marks.
   One zero of compat stands: where the test calls a function of Python's own that the learner's notebook has bound to something that cannot be called.
3. A test that cannot be sealed, or for which its author chose compat, gets what one process gives. Where a verdict does not rest on plain values alone and a
   canary passed, a person decides.
4. What the author gave to a person, a person decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from autograder.jobs import GradedCell, Review
from autograder.sealed.plan import CellPlan, Mode

_NOT_CALLABLE = re.compile(r"TypeError: '\w+' object is not callable\b")
NAME_IS_TAKEN = "the check calls a function whose name your notebook has given to something that is no function"
"""What the learner reads where that alone costs the marks (`SealedVerdict.calls_what_is_hidden`): the words of the process in which their code sees the test are not shown."""
_FEW_QUESTIONS = 1000
"""As many take a second at most."""


@dataclass(frozen=True, slots=True)
class SealedVerdict:
    """What became of one test cell."""

    name: str
    points_possible: float
    score: float | None
    """By nbgrader's rule over what the examiner's cell printed and raised; None if the test itself is wrong."""
    unsealed: tuple[str, ...]
    """Whose word the verdict rests on besides plain values; empty if on nobody's."""
    refused: tuple[str, ...]
    """Why it earns nothing automatically."""
    message: str
    """What the learner may read; empty for full marks."""
    compat_score: float | None = None
    """What the same cell earned with everything in one process; None if that was not asked, or gave no score."""
    compat_message: str = ""
    was_compared: bool = False
    plan: CellPlan | None = None
    """What the rehearsal found; None if there was none."""
    passed_canaries: tuple[str, ...] = ()
    """Wrong copies of the test that the answer passed."""
    seconds: float = 0.0
    """How long the test took, run apart."""
    timed_out: bool = False
    questions: int = 0
    """How often the learner's side was asked for something."""
    hidden: tuple[str, ...] = ()
    """Names of Python's own or of the set-up that the test uses and the learner's notebook has bound to something else."""
    failed_at: tuple[str, int] = ("", 0)
    """What the test raised, in words, and on which of its lines."""
    operators: tuple[str, ...] = ()
    """Operators of the learner's own classes that gave values, which the reference solution's have to give too."""

    @property
    def mode(self) -> Mode:
        """How the cell is decided."""
        return self.plan.mode if self.plan else "sealed"

    @property
    def earned(self) -> float | None:
        """What the cell earns unless a person has to decide."""
        return self.compat_score if self.is_decided_together else self.score

    @property
    def is_decided_together(self) -> bool:
        """Whether what one process gives counts."""
        return self.mode == "compat" or (self.mode == "sealed" and self.calls_what_is_hidden)

    @property
    def calls_what_is_hidden(self) -> bool:
        """Whether the test fails in one process, and only there, because it calls what the learner's notebook has hidden behind a thing that is no function."""
        is_zero = self.was_compared and self.compat_score == 0 and bool(self.score) and not self.refused
        return is_zero and bool(self.hidden) and _NOT_CALLABLE.match(self.compat_message) is not None

    @property
    def is_sealed(self) -> bool:
        """Whether the verdict rests on plain values alone."""
        if self.operators and self.plan is None:  # nothing says that they are the reference solution's too
            return False
        return self.mode == "sealed" and not self.unsealed and not self.needs_person and (not self.refused or self.fails_both_ways)

    @property
    def fails_both_ways(self) -> bool:
        """Whether the test gives nothing, run apart and in one process too: what was refused has cost nothing."""
        return self.was_compared and self.score == 0 and self.compat_score == 0

    @property
    def needs_person(self) -> bool:
        """Whether a person has to decide."""
        return bool(self.reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why a person has to decide, in words; empty if nobody has to."""
        if self.mode == "manual":
            return ("the author of the test gave it to a person",)
        told = [f"the answer passed a wrong copy of the test ({each})" for each in self.passed_canaries]
        if self.calls_what_is_hidden:
            return ()
        if self.mode == "compat":
            return (*told, *([] if self.compat_score is not None else ["with everything in one process the test gave no score"]))
        if self._rests_on_refused:
            told += [f"refused: {why}" for why in self.refused]
        told += [f"unlike the reference solution, the marks rest on {why}" for why in self.new_semantics if self.score]
        if self.hidden and self.score and self.was_compared and (self.compat_score is None or self.compat_score < self.score):
            told.append(
                f"with everything in one process the test gives less, for the learner's notebook has names of its own for {', '.join(self.hidden)}"
            )
        if self._earns_more_in_one_process:
            told.append("run apart the test gives less than with everything in one process")
        return tuple(told)

    @property
    def _rests_on_refused(self) -> bool:
        return bool(self.refused) and self.score != 0

    @property
    def _earns_more_in_one_process(self) -> bool:
        if not self.was_compared or self.score is None or self.score >= self.points_possible:
            return False
        return self.compat_score is None or self.compat_score > self.score

    @property
    def new_semantics(self) -> tuple[str, ...]:
        """What the verdict rests on and that of the reference solution does not."""
        return () if self.plan is None else tuple(each for each in self.asked if each not in self.plan.allowed_semantics)

    @property
    def asked(self) -> tuple[str, ...]:
        """Everything of the learner's objects that was asked besides plain values."""
        return (*self.unsealed, *self.operators)

    @property
    def is_endless(self) -> bool:
        """Whether the time limit was reached in the learner's own code, not in asking it: in one process it would be too."""
        return self.timed_out and self.score == 0 and self.questions < _FEW_QUESTIONS

    @property
    def is_short(self) -> bool:
        """Whether one process has to be asked too, and has not been."""
        if self.was_compared:
            return False
        if self.mode == "compat":
            return True
        is_less = self.score is not None and self.score < self.points_possible
        return not self.is_endless and (is_less or bool(self.refused or self.hidden))

    @property
    def note(self) -> str | None:
        """What a grader should know."""
        told = []
        if self.needs_person:
            both = f"; with everything in one process it earns {_points(self.compat_score)}" if self.was_compared else ""
            told.append(f"to be decided by a person: sealed, the test earns {_points(self.score)} of {self.points_possible:g}{both}")
            told += self.reasons
        told += [f"refused: {why}" for why in self.refused if f"refused: {why}" not in told]
        told += [f"not sealed: rests on {why}" for why in (self.asked if self.plan is None else self.unsealed)]
        if self.mode == "compat":
            told.append("decided with everything in one process")
        if self.calls_what_is_hidden:
            told.append(f"the test uses what the notebook has given another meaning: {', '.join(self.hidden)}")
        message = self.compat_message if self.is_decided_together else self.message
        if message:
            told.append(message)
        return "; ".join(told) or None

    def review(self) -> Review | None:
        """Return both results for the person who decides, None if nobody has to."""
        if not self.needs_person:
            return None
        return Review(
            reasons=self.reasons, sealed_score=self.score, sealed_message=self.message, was_compared=self.was_compared,
            compat_score=self.compat_score, compat_message=self.compat_message,
        )  # fmt: skip


def _points(score: float | None) -> str:
    return "no score" if score is None else f"{score:g}"


def with_verdict(cell: GradedCell, verdict: SealedVerdict | None, *, is_missing: bool) -> GradedCell:
    """Return the graded cell as its verdict decides it; a cell of no test, or of a notebook that was not handed in, is decided already."""
    if cell.kind != "test" or is_missing:
        return cell.model_copy(update={"is_sealed": True})
    if verdict is None:
        return cell
    score = None if verdict.needs_person else cell.auto_score
    note = "; ".join(each for each in (verdict.note, cell.note) if each) or None
    is_apart = verdict.mode == "sealed"
    return cell.model_copy(
        update={"auto_score": score, "is_sealed": verdict.is_sealed, "is_apart": is_apart, "note": note, "review": verdict.review()}
    )
