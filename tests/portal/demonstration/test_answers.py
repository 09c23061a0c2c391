"""What simulated learners write: every question of the sample courses has its answers, and each kind hands in what it is made for."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.catalogue import load_course
from courses.errors import ManifestError
from courses.notebook import CellKind
from courses.samples import samples_folder
from portal.demonstration.answers import Attempt, BankEntry, fill_in, load_bank, plan_attempt
from portal.demonstration.roster import Kind
from tests.small_course import nbgrader_cell

SAMPLES = sorted(path.parent.name for path in samples_folder().glob("*/course.toml"))
ENTRY = BankEntry(correct="right = 1", wrong="right = 0", points={"correct": 5, "wrong": 1})

kinds, places = st.sampled_from(Kind), st.integers(0, 5)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_question_of_a_sample_course_has_answers_that_are_code_or_words(name: str) -> None:
    course, bank = load_course(samples_folder(), name), load_bank(name)
    assert list(bank) == [assessment.id for assessment in course.manifest.assessments]
    for assignment, notebooks in course.notebooks.items():
        questions = {
            cell.grade_id: cell for notebook in notebooks for cell in notebook.cells if cell.kind in {CellKind.ANSWER, CellKind.MANUAL}
        }
        assert bank[assignment].keys() == questions.keys()
        for grade_id, entry in bank[assignment].items():
            cell = questions[grade_id]
            for answer in filter(None, (entry.correct, entry.partial, entry.wrong)):
                assert answer.strip()
                assert "BEGIN SOLUTION" not in answer
                if cell.type == "code":
                    ast.parse(answer)
            assert entry.correct != entry.wrong
            if cell.kind is CellKind.MANUAL:
                assert entry.points, f"{grade_id} waits for a person, who needs its points"
                assert cell.points is not None
                assert 0 <= entry.points["wrong"] < entry.points["correct"] <= cell.points


def test_a_course_without_answers_is_told() -> None:
    with pytest.raises(ManifestError, match="no such file"):
        load_bank("nosuch")


@given(kinds, places, st.integers(1, 6))
def test_only_who_resubmits_hands_in_a_second_time_and_then_everything_is_right(kind: Kind, place: int, count: int) -> None:
    again = plan_attempt(kind, place, count, again=True)
    assert again == (Attempt("correct") if kind is Kind.RESUBMITS and place == 0 else None)


@given(kinds, st.integers(2, 6))
def test_each_kind_is_odd_where_it_should_be_and_nowhere_else(kind: Kind, count: int) -> None:
    plans = [plan_attempt(kind, place, count, again=False) for place in range(count)]
    assert all(plans)
    odd = [place for place, plan in enumerate(plans) if plan and plan.twist]
    expected = {
        Kind.LOOPS: [count - 1], Kind.KILLS: [1], Kind.MISSING: [count - 1], Kind.DUPLICATES: [0], Kind.STEALS: list(range(count)),
    }  # fmt: skip
    assert odd == expected.get(kind, [])


@pytest.mark.parametrize(
    ("kind", "qualities"),
    [
        (Kind.HONEST, {"correct"}),
        (Kind.LATE, {"correct"}),
        (Kind.PARTIAL, {"partial"}),
        (Kind.WRONG, {"wrong"}),
        (Kind.STEALS, {"wrong"}),
        (Kind.RESUBMITS, {"wrong", "correct"}),
    ],
)
def test_each_kind_answers_as_well_as_its_name_says(kind: Kind, qualities: set[str]) -> None:
    plans = [plan_attempt(kind, place, 3, again=False) for place in range(3)]
    assert {plan.quality for plan in plans if plan} == qualities


def test_who_works_partly_right_gets_questions_without_a_partial_answer_right() -> None:
    assert ENTRY.text("partial") == "right = 1"
    assert BankEntry(correct="a", wrong="b", partial="c").text("partial") == "c"


def test_a_person_gives_what_the_answer_deserves_and_nothing_for_what_they_do_not_know() -> None:
    assert (ENTRY.mark("right = 1"), ENTRY.mark("  right = 0\n"), ENTRY.mark("something else")) == (5, 1, None)


def notebook(path: Path) -> Path:
    node = nbformat.v4.new_notebook()
    node.cells = [
        nbgrader_cell("markdown", "# Title", "title", locked=True),
        nbgrader_cell("code", "# your answer", "q1", solution=True),
        nbgrader_cell("code", "assert right", "test_q1", grade=True, locked=True, points=1),
    ]
    path.write_text(nbformat.writes(node), encoding="utf-8")
    path.chmod(0o444)  # as nbgrader leaves what was fetched from some exchanges
    return path


@pytest.mark.parametrize("twist", [None, Kind.LOOPS, Kind.KILLS, Kind.DUPLICATES, Kind.STEALS])
def test_the_answer_goes_into_its_cell_and_the_tests_stay_as_they_were(twist: Kind | None, tmp_path: Path) -> None:
    path = notebook(tmp_path / "q.ipynb")
    fill_in(path, {"q1": ENTRY}, Attempt("correct", twist))
    node = nbformat.read(path, as_version=4)
    nbformat.validate(node)
    answers = [cell for cell in node.cells if cell.metadata.nbgrader.grade_id == "q1"]
    assert len(answers) == (2 if twist is Kind.DUPLICATES else 1)
    assert all("right = 1" in cell.source for cell in answers)
    assert (answers[0].source == "right = 1") == (twist in {None, Kind.DUPLICATES})
    for cell in answers:
        ast.parse(cell.source)
    assert [cell.source for cell in node.cells if cell.metadata.nbgrader.grade_id in {"title", "test_q1"}] == ["# Title", "assert right"]
