from __future__ import annotations

import base64
import copy
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.catalogue import load_course
from courses.findings import Severity
from courses.leak_scan import MAXIMUM_BYTES, leaks_of_course, scan_release
from courses.leak_secrets import MARKS, SecretKind, read_secrets
from courses.leak_tokens import LEAST_WEIGHT, weight_of
from courses.nbgrader_course import NbgraderCourse
from courses.release import draft_course
from courses.settings import load_site
from tests.courses.tiny_site import load_tiny_course, make_tiny_site
from tests.small_course import nbgrader_cell

_ROOT = Path(__file__).parents[2]
_PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n an answer drawn").decode()


def author_notebook() -> Any:
    """Return a notebook with everything that has to stay with the author."""
    node = nbformat.v4.new_notebook()
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    sketch = nbgrader_cell("markdown", "The answer is the picture of the tallest penguin.", "sketch", grade=True, solution=True, points=1)
    sketch["attachments"] = {"tallest-penguin.png": {"image/png": _PICTURE}}
    marked = "Compare the two groups.\n### BEGIN MARK SCHEME\nOne mark for the pooled deviation of both samples\n### END MARK SCHEME"
    node.cells = [
        nbgrader_cell("code", "import statistics\nlimit = 10", "setup", locked=True),
        nbgrader_cell(
            "code",
            "def trimmed(xs, share):\n    '''Return the trimmed mean.'''\n    ### BEGIN SOLUTION\n    cut = int(len(xs) * share)\n"
            "    kept = sorted(xs)[cut:len(xs) - cut]\n    return sum(kept) / len(kept)\n    ### END SOLUTION",
            "trimmed",
            solution=True,
        ),
        nbgrader_cell(
            "code",
            "assert trimmed([1, 2, 9], 0.34) == 2\n### BEGIN HIDDEN TESTS\nassert trimmed([4, 4, 400, -90], 0.25) == 4\n### END HIDDEN TESTS",
            "test_trimmed",
            grade=True,
            locked=True,
            points=2,
        ),
        nbgrader_cell("code", "spread = statistics.stdev([3, 5, 8])", "spread", solution=True),
        nbgrader_cell("markdown", marked, "compare", task=True, points=2),
        sketch,
    ]
    return node


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NbgraderCourse]:
    """The author's folder of a course with that notebook, and nbgrader's draft of its release. Only read."""
    site = make_tiny_site(tmp_path_factory.mktemp("site"))
    source = site.courses / "tiny-course" / "ps1"
    (source / "p1.ipynb").write_text(nbformat.writes(author_notebook()), encoding="utf-8")
    (source / "helper.py").write_text("def read(path):\n    return open(path).read()\n", encoding="utf-8")
    return source, draft_course(site, load_tiny_course(site), ("ps1",), tmp_path_factory.mktemp("draft"))


@pytest.fixture(scope="module")
def assignment(drafted: tuple[Path, NbgraderCourse], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The author's folder and the learner version of it, without the one attachment that nbgrader leaves in. Only read."""
    source, draft = drafted
    released = Path(shutil.copytree(draft.release("ps1"), tmp_path_factory.mktemp("released") / "ps1"))
    node = read_node(released)
    del node["cells"][5]["attachments"]
    write_node(released, node)
    return source, released


def read_node(folder: Path, name: str = "p1.ipynb") -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def write_node(folder: Path, node: Any, name: str = "p1.ipynb") -> None:
    (folder / name).write_text(json.dumps(node), encoding="utf-8")


@pytest.fixture
def release(assignment: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the learner version, to plant something in."""
    return Path(shutil.copytree(assignment[1], tmp_path / "ps1"))


def found_in(assignment: tuple[Path, Path], release: Path) -> list[tuple[str, str, Severity]]:
    return [(each.code, each.where, each.severity) for each in scan_release(assignment[0], release, where="ps1")]


def test_an_untouched_release_is_clean(assignment: tuple[Path, Path]) -> None:
    assert found_in(assignment, assignment[1]) == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["data-cleaning-with-pandas", "statistics-for-evidence"])
def test_the_shipped_courses_leak_nothing(name: str, tmp_path: Path) -> None:
    site = load_site(_ROOT)
    course = load_course(site.courses, name)
    assignments = tuple(course.notebooks)
    assert sum(len(read_secrets(course.folder / each).lines) for each in assignments) > 100
    assert leaks_of_course(draft_course(site, course, assignments, tmp_path), course.folder, assignments) == []


def test_secrets_are_what_nbgrader_takes_out_and_says_something(assignment: tuple[Path, Path]) -> None:
    secrets = read_secrets(assignment[0])
    told = {(line.kind, line.text) for line in secrets.lines}
    assert (SecretKind.SOLUTION, "return sum(kept) / len(kept)") in told
    assert (SecretKind.SOLUTION, "spread = statistics.stdev([3, 5, 8])") in told
    assert (SecretKind.HIDDEN_TEST, "assert trimmed([4, 4, 400, -90], 0.25) == 4") in told
    assert (SecretKind.MARK_SCHEME, "One mark for the pooled deviation of both samples") in told
    assert not any("trimmed mean" in text or "1, 2, 9" in text for _, text in told)
    assert secrets.attachments == {"tallest-penguin.png": "p1.ipynb, cell 6 (sketch)"}


@pytest.mark.parametrize(
    "line", ["", "else:", "pass", "return result", "import pandas as pd", "from math import sqrt", "total = 0", "x = 1", "=" * 30]
)
def test_trivial_lines_are_not_looked_for(line: str) -> None:
    assert weight_of(line) < LEAST_WEIGHT


@pytest.mark.parametrize(
    "line", ["return n * n", "found = 3", "assert square(-3) == 9", "a, b = b, a + b", "kept = frame.dropna(subset=['mass'])"]
)
def test_lines_that_tell_an_answer_are_looked_for(line: str) -> None:
    assert weight_of(line) >= LEAST_WEIGHT


Plant = Callable[[Path, str], str]
"""Puts a line into a release and returns a part of the place that a finding has to name."""


def in_cell(number: int, field: str) -> Plant:
    def plant(folder: Path, line: str) -> str:
        node = read_node(folder)
        cell = node["cells"][number]
        if field == "source":
            cell["source"] = ["Read this first:\n", f"  > {line}  \n", "and go on."]
        elif field == "outputs":
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": [f"<pre>{line}", "</pre>"]}}]
        elif field == "metadata":
            cell["metadata"]["notes"] = {"deep": [{"inside": line}]}
        elif field == "attachment name":
            cell["attachments"] = {line: {"image/png": "AAAA"}}
        elif field == "attachment text":
            cell["attachments"] = {"a.svg": {"image/svg+xml": base64.b64encode(f"<text>{line}</text>".encode()).decode()}}
        write_node(folder, node)
        return f"ps1/p1.ipynb, cell {number + 1} "

    return plant


def in_file(name: str, form: str = "first\n{}\nlast\n", encoding: str = "utf-8") -> Plant:
    def plant(folder: Path, line: str) -> str:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(form.replace("{}", line).encode(encoding))
        return f"ps1/{name}"

    return plant


def in_notebook_metadata(folder: Path, line: str) -> str:
    node = read_node(folder)
    node["metadata"]["title"] = line
    write_node(folder, node)
    return "ps1/p1.ipynb, metadata"


def in_other_notebook(folder: Path, line: str) -> str:
    node = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "source": [line]}]}
    (folder / "more").mkdir()
    write_node(folder / "more", node, "example.ipynb")
    return "ps1/more/example.ipynb, cell 1"


def in_quoted_json(folder: Path, line: str) -> str:
    (folder / "data.json").write_text(json.dumps({"a": f"x\n{line}\ny"}), encoding="utf-8")
    return "ps1/data.json"


def in_file_name(folder: Path, line: str) -> str:
    name = line.replace("/", " ")[:200]
    (folder / f"{name}.txt").write_text("", encoding="utf-8")
    return f"{name}.txt"


PLANTS: list[Plant] = [
    *(in_cell(number, "source") for number in range(6)),
    *(in_cell(3, field) for field in ("outputs", "metadata", "attachment name", "attachment text")),
    in_notebook_metadata,
    in_other_notebook,
    in_quoted_json,
    in_file_name,
    in_file("helper.py"),
    in_file("notes/read.me"),
    in_file("table.csv", "a,b\n1,'{}'\n"),
    in_file("sheet.txt", encoding="utf-16"),
    in_file("thing.bin", "\0\1\2 {} \0\xff"),
]


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_any_line_that_is_planted_anywhere_is_found_and_located(assignment: tuple[Path, Path], data: st.DataObject) -> None:
    secret = data.draw(st.sampled_from(read_secrets(assignment[0]).lines))
    plant = data.draw(st.sampled_from(PLANTS))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(shutil.copytree(assignment[1], Path(scratch) / "ps1"))
        place = plant(folder, secret.text)
        findings = [each for each in scan_release(assignment[0], folder, where="ps1") if each.code in {"L01", "L02", "L03"}]
    code = {SecretKind.SOLUTION: "L01", SecretKind.HIDDEN_TEST: "L02", SecretKind.MARK_SCHEME: "L03"}[secret.kind]
    assert [(each.code, each.severity) for each in findings] == [(code, Severity.BLOCKING)]
    assert place in findings[0].where
    assert secret.origin in findings[0].problem


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ()[]{}.,:+-*/%=<>!'\"#@&|^~éñ\\"


_WORDS = st.lists(st.text(_LETTERS, min_size=1, max_size=12), min_size=2, max_size=8).map(" ".join)


@given(line=_WORDS.filter(lambda line: weight_of(line) >= LEAST_WEIGHT and len(line.split()) > 1))
@settings(max_examples=80, deadline=None)
def test_a_solution_of_any_wording_is_found_in_a_helper_file_and_in_a_cell(line: str) -> None:
    node = nbformat.v4.new_notebook(cells=[nbgrader_cell("code", line, "answer", solution=True)])
    released = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"see: {line}")])
    with tempfile.TemporaryDirectory() as scratch:
        source, folder = Path(scratch) / "source", Path(scratch) / "release"
        for each, content in ((source, node), (folder, released)):
            each.mkdir()
            (each / "p.ipynb").write_text(nbformat.writes(content), encoding="utf-8")
        (folder / "helper.py").write_text(f"if True:\n\t{line}\n", encoding="utf-8")
        found = [each.where for each in scan_release(source, folder, where="ps1") if each.code == "L01"]
    if not read_secrets_would_keep(line):
        return
    assert found == ["ps1/helper.py, line 2", "ps1/p.ipynb, cell 1, line 1"]


def read_secrets_would_keep(line: str) -> bool:
    """Whether the line is one line, and none of the marks of a region, which nbgrader takes out itself."""
    marks = [mark for pair in MARKS.values() for mark in pair]
    return len(line.splitlines()) == 1 and "\\n" not in line and "\\r" not in line and not any(mark in line for mark in marks)


def test_spacing_quotes_and_line_breaks_do_not_hide_a_line(assignment: tuple[Path, Path], release: Path) -> None:
    (release / "notes.md").write_text("so:\nreturn sum( kept )\n   /len(kept)\n", encoding="utf-8")
    assert found_in(assignment, release) == [("L01", "ps1/notes.md, line 2", Severity.BLOCKING)]


def test_a_line_that_the_author_shows_openly_is_no_leak(assignment: tuple[Path, Path], release: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(assignment[0], tmp_path / "source"))
    node = author_notebook()
    node.cells.insert(0, nbformat.v4.new_markdown_cell("For instance `return sum(kept) / len(kept)`."))
    (source / "p1.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    (release / "notes.md").write_text("return sum(kept) / len(kept)", encoding="utf-8")
    assert [each.code for each in scan_release(source, release, where="ps1")] == []


def test_short_lines_that_say_something_only_together_are_found_together(tmp_path: Path) -> None:
    source, released = tmp_path / "source", tmp_path / "release"
    for folder in (source, released):
        folder.mkdir()
    answer = nbgrader_cell("code", "total = 0\nx = 1", "a", solution=True)
    (source / "p.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[answer])), encoding="utf-8")
    (released / "h.py").write_text("x = 1\ntotal = 0\n", encoding="utf-8")
    assert scan_release(source, released, where="a") == []
    (released / "h.py").write_text("total = 0\nx = 1\n", encoding="utf-8")
    assert [each.code for each in scan_release(source, released, where="a")] == ["L01"]


def test_many_lines_in_one_place_are_one_finding(assignment: tuple[Path, Path], release: Path) -> None:
    (release / "helper.py").write_text("\n".join(line.text for line in read_secrets(assignment[0]).lines[:3]), encoding="utf-8")
    (found,) = scan_release(assignment[0], release, where="ps1")
    assert "and 2 more of its kind" in found.problem


def test_stored_outputs_and_execution_counts_are_found(assignment: tuple[Path, Path], release: Path) -> None:
    node = read_node(release)
    node["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "7"}]
    node["cells"][2]["execution_count"] = 4
    write_node(release, node)
    blocked = Severity.BLOCKING
    assert found_in(assignment, release) == [
        ("L04", "ps1/p1.ipynb, cell 1 (setup)", blocked),
        ("L04", "ps1/p1.ipynb, cell 3 (test_trimmed)", blocked),
    ]


@pytest.mark.parametrize("attachment", [{"tallest-penguin.png": {"image/png": "AAAA"}}, {"other.png": {"image/png": [_PICTURE]}}])
def test_an_attachment_of_an_answer_is_known_by_its_name_and_by_its_content(
    assignment: tuple[Path, Path], release: Path, attachment: object
) -> None:
    node = read_node(release)
    node["cells"][4]["attachments"] = attachment
    write_node(release, node)
    assert found_in(assignment, release) == [("L05", "ps1/p1.ipynb, cell 5 (compare)", Severity.BLOCKING)]


def test_a_picture_of_an_answer_is_known_as_a_file_too(assignment: tuple[Path, Path], release: Path) -> None:
    (release / "figure.png").write_bytes(base64.b64decode(_PICTURE))
    assert found_in(assignment, release) == [("L05", "ps1/figure.png", Severity.BLOCKING)]


def test_nbgrader_leaves_the_attachment_of_an_answer_in_and_the_scan_says_so(drafted: tuple[Path, NbgraderCourse]) -> None:
    source, draft = drafted
    (found,) = leaks_of_course(draft, source.parent, ("ps1",))
    assert (found.code, found.where) == ("L05", "ps1/p1.ipynb, cell 6 (sketch)")


@pytest.mark.parametrize(
    ("metadata", "severity"),
    [({"solution": "x"}, Severity.BLOCKING), ({"vscode": {"id": 1}}, Severity.WARNING), ({"name": "/home/ana/course"}, Severity.WARNING)],
)
def test_metadata_beyond_nbgraders_is_told(
    assignment: tuple[Path, Path], release: Path, metadata: dict[str, object], severity: Severity
) -> None:
    node = read_node(release)
    node["cells"][0]["metadata"] |= metadata
    write_node(release, node)
    assert found_in(assignment, release) == [("L06", "ps1/p1.ipynb, cell 1 (setup), metadata", severity)]


@pytest.mark.parametrize(
    "name",
    ["solutions.py", "p1_ans.ipynb", "data/old solution.txt", "Answer-Key.csv", "p1.ipynb~", ".git/config", "__pycache__/helper.pyc", "x.pyc", ".ipynb_checkpoints/p1.ipynb", "a.py.bak", ".a.py.swp"],
)  # fmt: skip
def test_files_that_programs_left_or_that_hold_answers_by_their_name_are_found(
    assignment: tuple[Path, Path], release: Path, name: str
) -> None:
    (release / name).parent.mkdir(exist_ok=True)
    (release / name).write_text("1", encoding="utf-8")
    assert found_in(assignment, release) == [("L07", f"ps1/{name}", Severity.BLOCKING)]


@pytest.mark.parametrize("name", ["absolution.txt", "resolution.csv", "answers.csv", "solvent.csv", "isolation.md"])
def test_names_that_only_sound_alike_are_left_alone(assignment: tuple[Path, Path], release: Path, name: str) -> None:
    (release / name).write_text("1", encoding="utf-8")
    assert found_in(assignment, release) == []


def test_nbgraders_marks_in_a_released_file_are_found(assignment: tuple[Path, Path], release: Path) -> None:
    (release / "more").mkdir()
    shutil.copy(assignment[0] / "p1.ipynb", release / "more" / "p1.ipynb")
    codes = [code for code, _, _ in found_in(assignment, release)]
    assert codes.count("L07") == 3 and {"L01", "L02", "L03", "L05"} <= set(codes)


def test_links_are_told_and_never_followed(assignment: tuple[Path, Path], release: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("return sum(kept) / len(kept)", encoding="utf-8")
    (release / "a.txt").symlink_to(tmp_path / "outside.txt")
    (release / "folder").symlink_to(tmp_path)
    os.mkfifo(release / "pipe")
    assert found_in(assignment, release) == [("L08", f"ps1/{name}", Severity.BLOCKING) for name in ("a.txt", "folder", "pipe")]


def test_what_is_larger_than_the_limit_is_told(assignment: tuple[Path, Path], release: Path) -> None:
    with (release / "big.csv").open("wb") as stream:
        stream.truncate(MAXIMUM_BYTES + 1)
    assert found_in(assignment, release) == [("L08", "ps1/big.csv", Severity.WARNING)]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": 3}', '{"cells": [3]}', '{"cells": [{"metadata": 3, "source": 4, "outputs": 5, "attachments": 6}]}']
)
def test_a_broken_notebook_in_a_release_stops_nothing(assignment: tuple[Path, Path], release: Path, text: str) -> None:
    (release / "odd.ipynb").write_text(text, encoding="utf-8")
    assert {code for code, _, _ in found_in(assignment, release)} <= {"L04"}


def test_the_planted_notebook_was_not_changed_by_the_scan(assignment: tuple[Path, Path]) -> None:
    before = copy.deepcopy(read_node(assignment[1]))
    scan_release(*assignment, where="ps1")
    assert read_node(assignment[1]) == before
