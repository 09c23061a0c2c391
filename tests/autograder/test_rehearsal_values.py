"""The pure parts of the rehearsal: hostile answers, limits with a margin, one finding where several rules would say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.rehearsal.checks import check_rehearsal
from autograder.rehearsal.hostile_answers import KINDS, AnswerCell, HostileKind, defined_names, hostile_answer
from autograder.rehearsal.report import CellScore, CellUse, HostileRuns, PaidForNothing, ReferenceRun, RehearsalLimits, RehearsalReport
from autograder.sealed.plan import CellPlan, SealingPlan

LIMITS = RehearsalLimits(cell_timeout_s=10, submission_timeout_s=100, memory_bytes=1000 * 2**20)
PLAN = SealingPlan(
    assignment="a", source_digest="d", environment_digest="e", secret="s", notebooks=(), cells=(CellPlan(notebook="n", name="t", label="sealed"),)
)  # fmt: skip


def score(points: float | None, **more: str) -> CellScore:
    return CellScore(notebook="n", name="t", points_possible=2, score=points, **more)


def report(*scores: float | None, **more: object) -> RehearsalReport:
    runs = tuple(ReferenceRun(number=place, seed=place, hash_seed=None, scores=(score(each),)) for place, each in enumerate(scores, 1))
    return RehearsalReport.model_validate({"assignment": "a", "limits": LIMITS, "runs": runs, **more})


def codes(of: RehearsalReport) -> list[tuple[str, bool]]:
    return [(each.code, each.is_blocking) for each in check_rehearsal(of, PLAN)]


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, None]), min_size=1, max_size=5))
def test_full_marks_in_every_run_and_nothing_else_is_without_a_finding(scores: list[float | None]) -> None:
    found = codes(report(*scores))
    if len(set(scores)) > 1:
        assert found == [("R02", True)]
    else:
        assert found == ([] if scores[0] == 2.0 else [("R01", True)])


@pytest.mark.parametrize(("seconds", "expected"), [(4.9, []), (5.0, [("R06", False)]), (9.9, [("R06", False)]), (10.0, [("R06", True)])])
def test_half_of_a_limit_is_a_warning_and_all_of_it_blocks(seconds: float, expected: list[tuple[str, bool]]) -> None:
    assert codes(report(2.0, uses=(CellUse(notebook="n", cell="t", seconds=seconds, memory_bytes=0),))) == expected


@pytest.mark.parametrize(("mebibytes", "expected"), [(499, []), (500, [("R07", False)]), (1000, [("R07", True)])])
def test_memory_is_held_against_its_limit_too(mebibytes: int, expected: list[tuple[str, bool]]) -> None:
    assert codes(report(2.0, uses=(CellUse(notebook="n", cell="t", seconds=0, memory_bytes=mebibytes * 2**20),))) == expected


def test_a_test_that_pays_for_nothing_at_all_is_named_once() -> None:
    paid = PaidForNothing(kind="empty", answer="", notebook="n", name="t", score=2, points_possible=2)
    assert codes(report(2.0, blank=(score(2.0),), hostile=HostileRuns(paid=(paid,)))) == [("R03", True)]
    assert codes(report(2.0, blank=(score(0.0),), hostile=HostileRuns(paid=(paid,)))) == [("R05", True)]


def test_a_failure_of_grading_itself_and_an_untouched_notebook_that_ends_its_kernel_block() -> None:
    assert codes(report(2.0, blank_stopped="cell 1 ended the kernel", hostile=HostileRuns(broken=("an empty answer: no disk",)))) == [
        ("R09", True),
        ("R09", True),
    ]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "syntax-error"])
def test_every_hostile_answer_but_one_is_python_that_binds_the_answers_names(kind: HostileKind) -> None:
    answer = hostile_answer(kind, AnswerCell("n", "a", ("square", "table")), points=3)
    compile(answer, "answer", "exec")
    if kind in {"always-equal", "assert-stripper", "output-forger"}:
        assert {"square", "table"} <= set(defined_names(answer))


def test_the_object_that_agrees_agrees() -> None:
    space: dict[str, object] = {}
    exec(hostile_answer("always-equal", AnswerCell("n", "a", ("x",))), space)
    x: object = space["x"]
    assert eval("x == 9 and x != 9 and x < 1 and x and x(1).shape[0] - 3 == 2 and len(x) == 1 and list(x) == [x] and 4 in x", space)
    assert repr(x) == "True"


def test_names_are_those_of_the_cells_top_level() -> None:
    solution = "import os\na, (b, *c) = 1, (2, 3)\nfor d in []:\n    e = 1\nwith open(f) as g:\n    pass\ndef h(i):\n    j = 1\nclass K:\n    l = 1\n[m for m in ()]\nif (n := 1):\n    o += 1"
    assert defined_names(solution) == ("a", "b", "c", "d", "e", "g", "h", "K", "n", "o")
    assert defined_names("%matplotlib inline\np = !ls") == ("p",)
    assert defined_names("def (") == ()
