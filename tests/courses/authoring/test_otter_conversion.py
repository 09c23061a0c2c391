from __future__ import annotations

from typing import Any

import pytest
from nbgrader.nbgraderformat import MetadataValidator

from courses.authoring.import_report import Converted
from courses.authoring.otter.conversion import convert_otter
from courses.authoring.otter.questions import is_otter_source
from courses.errors import NotebookError
from tests.courses.authoring.otter_sources import (
    CONFIG,
    checks,
    code,
    config,
    notebook,
    old_form,
    prompt,
    question,
    raw,
    rivers,
    solution,
    text,
)


def converted(*cells: Any, **more: Any) -> Converted:
    return convert_otter(notebook(*cells), name="x.ipynb", **more)


def marked(found: Converted) -> dict[str, Any]:
    return {cell.metadata["nbgrader"]["grade_id"]: cell for cell in found.node.cells if "nbgrader" in cell.metadata}


def points(found: Converted) -> dict[str, float]:
    return {name: cell.metadata["nbgrader"]["points"] for name, cell in marked(found).items() if cell.metadata["nbgrader"]["grade"]}


def told(found: Converted) -> str:
    return "\n".join(f"{each.place}|{each.was}|{each.became}|{each.remedy}" for each in found.entries)


def test_every_question_of_a_source_becomes_answers_and_tests_with_its_points() -> None:
    found = convert_otter(rivers(), name="rivers.ipynb")
    MetadataValidator().validate_nb(found.node)
    assert points(found) == {
        "test_q1": 4, "test_q2_1": 2, "test_q2-negative": 3, "test_q2_3": 1.5, "test_q2_4": 0.5, "test_q3_1": 1, "test_q3_2": 2,
        "q4": 3, "q5": 4, "test_q_6_1": 1.5, "test_q_6_2": 1.5,
    }  # fmt: skip
    assert [name for name, cell in marked(found).items() if not cell.metadata["nbgrader"]["grade"]] == ["q1", "q2", "q2_2", "q3", "q_6"]
    assert found.files == ("rivers.csv", "data/notes.txt", "measure.py")


def test_nothing_of_otter_is_left_in_the_cells() -> None:
    for source in (rivers(), old_form()):
        cells = convert_otter(source, name="x").node.cells
        everything = "\n".join(cell.source for cell in cells)
        for mark in ("BEGIN QUESTION", "BEGIN TEST", "BEGIN PROMPT", "# SOLUTION", "IGNORE", "```", "ASSIGNMENT"):
            assert mark not in everything, mark
        assert {cell.cell_type for cell in cells} == {"code", "markdown"}


def test_all_or_nothing_is_one_test_with_its_hidden_parts_hidden() -> None:
    cell = marked(convert_otter(rivers(), name="x"))["test_q1"]
    assert cell.source.count("### BEGIN HIDDEN TESTS") == cell.source.count("### END HIDDEN TESTS") == 2
    assert cell.source.startswith("assert isinstance(lengths, list)\n### BEGIN HIDDEN TESTS")


def test_a_text_in_a_solution_is_seen_by_the_author_alone_unless_it_is_tagged() -> None:
    found = convert_otter(rivers(), name="x")
    q2 = marked(found)["q2"].source
    region = q2[q2.rindex("### BEGIN SOLUTION") : q2.rindex("### END SOLUTION")]
    assert "# The trick is to keep the best one so far." in region
    assert "Now try them on the list." in [cell.source for cell in found.node.cells if cell.cell_type == "markdown"]


def test_a_prompt_and_a_model_answer_are_one_cell_for_a_person_to_mark() -> None:
    cell = marked(convert_otter(rivers(), name="x"))["q5"]
    assert cell.cell_type == "markdown"
    assert cell.source == "_Your sketch here._\n\n### BEGIN SOLUTION\n**SOLUTION**: a bar of # for each.\n### END SOLUTION"


def test_a_prompt_without_a_model_answer_stays_and_is_told() -> None:
    found = converted(*question("name: q\nmanual: true\npoints: 2", *prompt(text("_Here._"))))
    assert marked(found)["q"].source == "_Here._\n\n### BEGIN SOLUTION\n\n### END SOLUTION"
    assert "Write a model answer" in told(found)


def test_code_that_a_person_marks_is_code() -> None:
    found = converted(*question("name: q\nmanual: true", *prompt(code("plot(...)")), *solution(code("plot(x) # SOLUTION NO PROMPT"))))
    cell = marked(found)["q"]
    assert (cell.cell_type, cell.metadata["nbgrader"]["points"]) == ("code", 1)
    assert cell.source == "# plot(...)\n### BEGIN SOLUTION\nplot(x)\n### END SOLUTION"
    assert "1 point: it says none" in told(found)


def test_a_code_prompt_stands_as_comments_before_the_answer() -> None:
    found = converted(
        *question("name: q", *prompt(code("x = ...")), *solution(code("x = 1 # SOLUTION NO PROMPT")), *checks(code("x", "1")))
    )
    assert marked(found)["q"].source == "# x = ...\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION"


def test_a_solution_without_a_mark_is_given_to_learners_and_told() -> None:
    found = converted(*question("name: q", *solution(code("x = 1")), *checks(code("x", "1"))))
    assert "without a SOLUTION mark" in told(found)
    assert list(marked(found)) == ["test_q_1"]


def test_the_form_with_fences_is_read() -> None:
    found = convert_otter(old_form(), name="x")
    assert points(found) == {"test_q1_1": 1, "test_q1_2": 1, "q2": 1}
    assert "### BEGIN HIDDEN TESTS\nassert x == 2" in marked(found)["test_q1_2"].source
    assert [cell.source for cell in found.node.cells][-2:] == ["y = 3", "The end."]


def test_fences_marked_otter_are_read_like_raw_cells() -> None:
    fenced = "Before.\n\n```otter\n# BEGIN QUESTION\nname: q\n```\n\n**1.** Do it.\n\n```otter\n# BEGIN SOLUTION\n```"
    found = converted(text(fenced), code("x = 1 # SOLUTION"), text("```otter\n# END SOLUTION\n```\n```otter\n# BEGIN TESTS\n```"), code("x", "1"),
                      text("```otter\n# END TESTS\n```\n\n```otter\n# END QUESTION\n```"))  # fmt: skip
    assert points(found) == {"test_q_1": 1}
    assert [cell.source for cell in found.node.cells if cell.cell_type == "markdown"] == ["Before.", "**1.** Do it."]


def test_ids_that_are_taken_are_avoided() -> None:
    found = converted(*question("name: q", *solution(code("x = 1 # SOLUTION")), *checks(code("x", "1"))), taken=["q", "test_q_1"])
    assert list(marked(found)) == ["q_2", "test_q_1_2"]


def test_settings_of_a_file_beside_are_read_or_missed_aloud() -> None:
    source = (raw("# ASSIGNMENT CONFIG\nconfig_file: more.yml\nrequirements: null"), text("x"))
    assert converted(*source, beside={"more.yml": "files:\n  - a.csv"}.get).files == ("a.csv",)
    assert "not beside the notebook" in told(converted(*source))


def test_what_has_no_place_in_nbgrader_is_told() -> None:
    found = converted(
        raw(CONFIG.replace("init_cell: true", "seed:\n    variable: s\nplugins:\n    - a")),
        raw("# BEGIN PLUGIN\nname"),
        raw("# END PLUGIN"),
        raw("something else"),
        code("import otter\ngrader = otter.Notebook()\nx = 1"),
        code("y = 1 # SOLUTION"),
        *question("name: q\nexport: true", text("?"), *solution(code("x = 2 # SOLUTION"))),
    )
    report = told(found)
    for words in (
        "seed",
        "plugin",
        "a raw cell",
        "calls of otter",
        "SOLUTION mark outside of a question",
        "export of q",
        "no points: it has no tests",
    ):
        assert words in report, words
    assert "x = 1" in [cell.source for cell in found.node.cells]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([raw("# BEGIN QUESTION\nname: q")], "no END QUESTION"),
        ([raw("# END QUESTION")], "outside a question"),
        ([raw("# BEGIN TESTS")], "outside a question"),
        (question("name: q", raw("# BEGIN TESTS")), "not closed"),
        (question("name: q", raw("# BEGIN TESTS"), raw("# BEGIN SOLUTION")), "begins inside"),
        (question("name: q", raw("# END TESTS")), "closes nothing"),
        ([raw("# BEGIN QUESTION\nname: a"), *question("name: b")], "inside another"),
        (question("points: 1"), "has no name"),
        (question("name: [a"), "no YAML"),
        (question("name: q\npoints: x", *checks(code("x", "1"))), "no number of points"),
        (question("name: q\npoints: [1]", *checks(code("x", "1"), code("x", "1"))), "lists 1 numbers for 2 tests"),
        (question("name: q", *solution(code("# BEGIN SOLUTION\nx"))), "not closed"),
        (question("name: q", *checks(code(config("points: 1").replace("END TEST", "EN TEST") + "x"))), "not closed"),
    ],
)
def test_a_source_that_otter_would_refuse_is_refused_with_its_place(cells: list[Any], words: str) -> None:
    with pytest.raises(NotebookError, match=words) as refused:
        converted(*cells)
    assert refused.value.where.startswith("x.ipynb")


def test_a_source_in_r_is_refused() -> None:
    node = rivers()
    node.metadata["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    with pytest.raises(NotebookError, match="in r is not converted"):
        convert_otter(node, name="x")


def test_a_plain_notebook_is_no_otter_source() -> None:
    assert not is_otter_source(notebook(text("# BEGIN QUESTION\nname: q"), code("# BEGIN TESTS")))
    assert is_otter_source(rivers())
    assert is_otter_source(old_form())
