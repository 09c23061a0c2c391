"""Eligibility is a pure function: hand-made gradebook frames go in, standings with reasons come out."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.gradebook import (
    ASSIGNMENT_COLUMNS,
    CELL_COLUMNS,
    GRADED,
    NEEDS_MANUAL,
    NOT_SUBMITTED,
    STATES,
    UNGRADED,
    GradebookFrames,
)
from courses.manifest import CourseManifest
from issuer.eligibility import Eligibility, Status, assess_learners
from issuer.errors import EligibilityError
from tests.issuer.examples import example_manifest

MARKS = (("ps1", "q1", 10.0), ("ps2", "q1", 6.0), ("ps2", "q2", 4.0), ("project", "q1", 5.0))
POINTS = {(assignment, cell): points for assignment, cell, points in MARKS}
OUTCOMES = {("ps1", "q1"): ("LO1",), ("ps2", "q1"): ("LO1", "LO2"), ("ps2", "q2"): ("LO2",), ("project", "q1"): ("LO2",)}
ASSIGNMENTS = ("ps1", "ps2", "project")


def course(
    *, overall: float = 0.7, per_outcome: float = 0.0, mandatory: tuple[str, ...] = (), weights: tuple[float, ...] = (30, 35, 35)
) -> CourseManifest:
    """The example course with three assessments."""
    values = example_manifest().model_dump(mode="json")
    values["assessments"] = [
        {
            "id": name, "title": {"en": f"Title of {name}"}, "weight": weight, "type": "exam",
            "items": [{"cell": cell, "outcomes": list(OUTCOMES[name, cell])} for each, cell, _ in MARKS if each == name],
        }
        for name, weight in zip(ASSIGNMENTS, weights, strict=True)
    ]  # fmt: skip
    values["pass_rule"] = {"overall": overall, "per_outcome": per_outcome, "mandatory": list(mandatory)}
    for outcome in values["outcomes"]:
        outcome["min_score"] = None
    return CourseManifest.model_validate_json(json.dumps(values))


@dataclass(frozen=True)
class Work:
    """What one learner did in one assignment."""

    scores: tuple[float, ...]
    state: str = GRADED
    penalty: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Book:
    """A gradebook by hand: works by (learner, assignment)."""

    works: dict[tuple[str, str], Work]
    points: dict[tuple[str, str], float] = field(default_factory=lambda: dict(POINTS))

    def frames(self) -> GradebookFrames:
        cells, assignments = [], []
        for (learner, assignment), work in self.works.items():
            names = [cell for name, cell in self.points if name == assignment]
            possible = sum(self.points[assignment, cell] for cell in names)
            decided = work.state == GRADED
            score = sum(work.scores) if decided else math.nan
            row: dict[str, object] = dict.fromkeys(ASSIGNMENT_COLUMNS)
            row |= {"learner": learner, "assignment": assignment, "state": work.state, "reason": work.reason, "points_possible": possible}
            row |= {"score": score, "late_penalty": work.penalty if decided else math.nan}
            row |= {"final_score": max(0.0, score - work.penalty) if decided else math.nan}
            assignments.append(row)
            if work.state == NOT_SUBMITTED:
                continue
            for cell, earned in zip(names, work.scores, strict=True):
                entry: dict[str, object] = dict.fromkeys(CELL_COLUMNS)
                entry |= {"learner": learner, "assignment": assignment, "cell": cell, "score": earned, "state": work.state}
                cells.append(entry)
        return GradebookFrames(pd.DataFrame(cells, columns=list(CELL_COLUMNS)), pd.DataFrame(assignments, columns=list(ASSIGNMENT_COLUMNS)))

    def assess(self, manifest: CourseManifest) -> tuple[Eligibility, ...]:
        return assess_learners(manifest, self.frames(), self.points)


def book(ps1: Work, ps2: Work, project: Work, *, learner: str = "ana") -> Book:
    return Book({(learner, "ps1"): ps1, (learner, "ps2"): ps2, (learner, "project"): project})


def one(ps1: Work, ps2: Work, project: Work, manifest: CourseManifest | None = None) -> Eligibility:
    """The standing of a single learner."""
    (found,) = book(ps1, ps2, project).assess(manifest or course())
    return found


FULL = (Work((10.0,)), Work((6.0, 4.0)), Work((5.0,)))
NOTHING = Work((), NOT_SUBMITTED)


@st.composite
def works(draw: st.DrawFn, *, states: tuple[str, ...] = STATES) -> dict[tuple[str, str], Work]:
    """Works of one to three learners in all assignments."""
    made = {}
    for learner in ("ana", "ben", "cora")[: draw(st.integers(1, 3))]:
        for assignment in ASSIGNMENTS:
            state = draw(st.sampled_from(states))
            scores = tuple(draw(st.floats(0, points)) for name, _, points in MARKS if name == assignment)
            penalty = draw(st.sampled_from([0.0, 0.5, 100.0])) if state == GRADED else 0.0
            made[learner, assignment] = NOTHING if state == NOT_SUBMITTED else Work(scores, state, min(penalty, sum(scores)), "why")
    return made


rules = st.builds(
    course,
    overall=st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.95, 1.0]),
    per_outcome=st.sampled_from([0.0, 0.5, 0.8]),
    mandatory=st.sampled_from([(), ("ps1",), ("ps1", "project")]),
)


@given(works(states=(GRADED, NOT_SUBMITTED)), rules, st.data())
def test_raising_a_score_never_makes_an_eligible_learner_ineligible(
    made: dict[tuple[str, str], Work], manifest: CourseManifest, data: st.DataObject
) -> None:
    before = {each.learner: each for each in Book(made).assess(manifest)}
    pair = data.draw(st.sampled_from(sorted(made)))
    assume(made[pair].state == GRADED)
    place = data.draw(st.integers(0, len(made[pair].scores) - 1))
    raised = list(made[pair].scores)
    raised[place] += data.draw(st.floats(0, 10))
    after = {each.learner: each for each in Book({**made, pair: replace(made[pair], scores=tuple(raised))}).assess(manifest)}
    if before[pair[0]].status is Status.ELIGIBLE:
        assert after[pair[0]].status is Status.ELIGIBLE
    assert after[pair[0]].overall >= before[pair[0]].overall
    assert all(new >= old for (_, new), (_, old) in zip(after[pair[0]].outcomes, before[pair[0]].outcomes, strict=True))
    assert {name: each for name, each in after.items() if name != pair[0]} == {n: e for n, e in before.items() if n != pair[0]}


@given(works(), rules, st.integers(0, 2**16))
def test_the_order_of_rows_does_not_matter(made: dict[tuple[str, str], Work], manifest: CourseManifest, seed: int) -> None:
    frames = Book(made).frames()
    shuffled = GradebookFrames(
        frames.cells.sample(frac=1, random_state=seed).reset_index(drop=True),
        frames.assignments.sample(frac=1, random_state=seed).reset_index(drop=True),
    )
    assert assess_learners(manifest, frames, POINTS) == assess_learners(manifest, shuffled, POINTS)


@given(works(), rules)
def test_undecided_work_always_blocks_and_only_undecided_work_blocks(made: dict[tuple[str, str], Work], manifest: CourseManifest) -> None:
    for each in Book(made).assess(manifest):
        undecided = any(work.state in {UNGRADED, NEEDS_MANUAL} for (learner, _), work in made.items() if learner == each.learner)
        assert (each.status is Status.BLOCKED) == undecided


@given(works(), rules)
def test_there_is_always_a_reason_in_a_sentence(made: dict[tuple[str, str], Work], manifest: CourseManifest) -> None:
    for each in Book(made).assess(manifest):
        assert each.reasons
        for reason in each.reasons:
            assert reason.text.endswith((".", "!", "?"))
            assert len(reason.text) > 20
            assert "nan" not in reason.text.split()
        if each.status is Status.ELIGIBLE:
            assert [reason.code for reason in each.reasons] == ["met"]
        else:
            assert "met" not in [reason.code for reason in each.reasons]


@given(works(), rules)
def test_shares_stay_between_0_and_1_and_never_claim_more_than_was_earned(
    made: dict[tuple[str, str], Work], manifest: CourseManifest
) -> None:
    for each in Book(made).assess(manifest):
        for _, share in (("overall", each.overall), *each.outcomes, *each.assessments):
            assert 0 <= share <= 1


@given(st.floats(min_value=0, max_value=7, exclude_max=True))
def test_less_than_70_percent_never_passes_70_percent(score: float) -> None:
    work = Work((score,))
    alone = Book({("ana", "ps1"): work}, {("ps1", "q1"): 10.0, **POINTS})
    alone.works.update({("ana", name): Work((0.0,) * sum(each == name for each, _, _ in MARKS)) for name in ("ps2", "project")})
    manifest = course(weights=(99.98, 0.01, 0.01))
    (found,) = alone.assess(manifest)
    assert found.status is not Status.ELIGIBLE


def test_69_9999_percent_does_not_pass_and_does_not_read_like_70() -> None:
    standing = one(Work((6.99999,)), Work((4.2, 2.8)), Work((3.5,)))
    assert standing.status is Status.NOT_YET
    (reason,) = standing.reasons
    assert reason.text == "The overall score is 69.99 %; 70 % is needed."
    assert standing.overall < 0.7


@pytest.mark.parametrize("scores", [(7.0, 4.2, 2.8, 3.5), (0.0, 6.0, 4.0, 5.0), (10.0, 6.0, 0.0, 5 * 19 / 35)])
def test_exactly_the_pass_mark_passes(scores: tuple[float, float, float, float]) -> None:
    """30/35/35 are weights whose shares of 1 are no binary fractions: 0.3 * 0.7 + 0.35 * 0.7 + 0.35 * 0.7 is not 0.7 in floating point."""
    exact = Fraction(30, 100) * Fraction(str(scores[0])) / 10
    exact += (
        Fraction(35, 100) * (Fraction(str(scores[1])) + Fraction(str(scores[2]))) / 10 + Fraction(35, 100) * Fraction(str(scores[3])) / 5
    )
    standing = one(Work(scores[:1]), Work(scores[1:3]), Work(scores[3:]))
    assert (standing.status is Status.ELIGIBLE) == (exact >= Fraction(7, 10))
    if exact == Fraction(7, 10):
        assert standing.overall == 0.7


def test_eight_tenths_of_a_point_each_worth_a_tenth_are_eight_tenths() -> None:
    """sum([0.1] * 8) is 0.7999999999999999: the gradebook's floating-point sum must not cost the credential."""
    cells = {("ps1", f"c{number}"): 0.1 for number in range(10)}
    values = course(overall=0.8, weights=(99.98, 0.01, 0.01)).model_dump(mode="json")
    values["assessments"][0]["items"] = [{"cell": cell, "outcomes": ["LO1"]} for _, cell in cells]
    values["assessments"][0]["weight"] = 100
    values["assessments"] = values["assessments"][:1]
    values["outcomes"] = values["outcomes"][:1]
    values["pass_rule"]["mandatory"] = []
    manifest = CourseManifest.model_validate_json(json.dumps(values))
    made = Book({("ana", "ps1"): Work((0.1,) * 8 + (0.0, 0.0))}, cells)
    assert float(made.frames().assignments["score"].iloc[0]) < 0.8
    (standing,) = made.assess(manifest)
    assert (standing.status, standing.overall) == (Status.ELIGIBLE, 0.8)


def test_a_late_penalty_that_takes_everything_leaves_nothing_of_a_mandatory_assignment() -> None:
    """nbgrader sums in another order than pandas: what is left of a zeroed score may be 1e-16, which is not something earned."""
    zeroed = Work((6.0, 4.0), penalty=9.999999999999998)
    standing = one(Work((10.0,)), zeroed, Work((5.0,)), course(overall=0.5, mandatory=("ps2",)))
    assert standing.status is Status.NOT_YET
    assert [reason.code for reason in standing.reasons] == ["mandatory"]


def test_a_late_penalty_takes_its_share_of_every_outcome() -> None:
    standing = one(Work((10.0,)), Work((6.0, 4.0), penalty=5.0), Work((5.0,)))
    # LO1: 10 of ps1, 6 of ps2 halved; LO2: 6 + 4 of ps2 halved, 5 of project
    assert dict(standing.outcomes) == {"LO1": pytest.approx((10 + 3) / 16, abs=1e-12), "LO2": pytest.approx((5 + 5) / 15, abs=1e-12)}
    assert dict(standing.assessments)["ps2"] == 0.5


def test_extra_points_in_one_cell_do_not_make_up_for_another_outcome() -> None:
    standing = one(Work((30.0,)), Work((0.0, 4.0)), Work((5.0,)), course(per_outcome=0.8))
    assert dict(standing.outcomes)["LO1"] == pytest.approx(10 / 16, abs=1e-12)
    assert dict(standing.assessments)["ps1"] == 1.0
    assert standing.status is Status.NOT_YET


def test_what_waits_for_a_person_blocks_whoever_has_full_marks_otherwise() -> None:
    standing = one(FULL[0], FULL[1], Work((math.nan,), NEEDS_MANUAL, reason="a person has to mark q1"))
    assert standing.status is Status.BLOCKED
    assert standing.reasons[0].text == "“Title of project” waits for your teacher: a person has to mark q1."


def test_ungraded_work_is_neither_a_zero_nor_a_pass_and_tells_only_the_first_line_of_what_went_wrong() -> None:
    standing = one(FULL[0], FULL[1], Work((math.nan,), UNGRADED, reason="the kernel died\nTraceback: secret_test.py"))
    assert standing.status is Status.BLOCKED
    assert "the kernel died" in standing.reasons[0].text
    assert "secret" not in standing.reasons[0].text


def test_what_is_not_handed_in_is_told_beside_what_it_costs() -> None:
    standing = one(FULL[0], NOTHING, FULL[2], course(mandatory=("ps2",)))
    assert standing.status is Status.NOT_YET
    assert [reason.code for reason in standing.reasons] == ["not-submitted", "overall", "mandatory"]


def test_a_graded_row_without_a_number_blocks() -> None:
    frames = book(*FULL).frames()
    frames.assignments.loc[frames.assignments["assignment"] == "ps1", "score"] = math.nan
    (standing,) = assess_learners(course(), frames, POINTS)
    assert standing.status is Status.BLOCKED


@pytest.mark.parametrize("bad", [math.inf, -math.inf])
def test_an_infinite_score_blocks(bad: float) -> None:
    assert one(Work((bad,)), FULL[1], FULL[2]).status is Status.BLOCKED


def test_an_assessment_that_the_gradebook_does_not_know_counts_as_not_handed_in() -> None:
    made = book(*FULL)
    del made.works["ana", "project"]
    (standing,) = made.assess(course())
    assert standing.status is Status.NOT_YET
    assert standing.reasons[0].code == "not-submitted"


def test_a_cell_of_the_manifest_that_was_not_released_stops_everything() -> None:
    points = {key: value for key, value in POINTS.items() if key != ("project", "q1")}
    with pytest.raises(EligibilityError, match="not in the released notebooks"):
        assess_learners(course(), book(*FULL).frames(), points)


def test_nobody_in_the_gradebook_is_nobody_eligible() -> None:
    assert Book({}).assess(course()) == ()


def test_an_outcomes_own_mark_holds_instead_of_the_rules() -> None:
    values = course(per_outcome=0.1).model_dump(mode="json")
    values["outcomes"][1]["min_score"] = 0.9
    manifest = CourseManifest.model_validate_json(json.dumps(values))
    standing = one(Work((10.0,)), Work((6.0, 2.0)), Work((5.0,)), manifest)
    assert standing.status is Status.NOT_YET
    assert standing.reasons[0].text == "Outcome LO2 (“Join two tables on a key”): 86.66 %; 90 % is needed."
