"""Lies in a notebook's metadata and in the names of files, learners and assignments.

Without its defence: the notebook runs as it was handed in and is scored by nbgrader's own rule from its own metadata; a name is joined to a path.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from nbgrader.utils import determine_grade

from autograder.execution.compat import grade_submission
from autograder.execution.fork_server import ForkServer
from autograder.execution.forked import run_forked
from autograder.jobs import GradingJob
from autograder.rebuilding import rebuild_notebook
from courses.errors import DiagnosedError, NameRefusedError
from courses.names import path_segment
from tests.attacks.arena import Record
from tests.attacks.test_verdict_forging import EXACT, SQUARE
from tests.autograder.sealed.examination import Desk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

WRONG = "def square(n):\n    return 0"
SETUP = "expected = 9"
Change = Callable[[Any], None]


def _put(number: int, **parts: Any) -> Change:
    """Return what changes a cell: 0 the set-up, 1 the answer, 2 the test."""

    def change(node: Any) -> None:
        for name, value in parts.items():
            if name in {"source", "outputs", "cell_type", "execution_count"}:
                node["cells"][number][name] = value
            elif name in {"tags", "collapsed"}:
                node["cells"][number]["metadata"][name] = value
            else:
                node["cells"][number]["metadata"]["nbgrader"][name] = value

    return change


def _copied(node: Any) -> None:
    copy = json.loads(json.dumps(node["cells"][2])) | {"id": "again", "source": "pass"}
    node["cells"].append(copy)


def _together(*changes: Change) -> Change:
    def change(node: Any) -> None:
        for each in changes:
            each(node)

    return change


_RESULT = {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}, "execution_count": 1}
LIES: dict[str, Change] = {
    "the test's text replaced": _put(2, source="pass"),
    "the test's points raised": _put(2, source="pass", points=1000),
    "the test given the result of partial credit": _put(2, source="1.5"),
    "the set-up that the test reads replaced": _together(_put(0, source="expected = 0"), _put(2, source="assert square(3) == expected")),
    "the test copied, and the copy empty": _copied,
    "the test's cell named in look-alike letters": _together(_put(2, source="pass", grade_id="t\u0435st-0")),
    "the test caught by its own text": _put(2, source="try:\n    assert square(3) == 9\nexcept AssertionError:\n    pass"),
    "the test made to leave early": _put(2, source="if square(3) == 9:\n    raise AssertionError"),
    "the test turned into a cell of another program": _put(2, source="%%writefile test.txt\nassert square(3) == 9"),
}  # fmt: skip


def _handed_in(desk: Desk, change: Change) -> tuple[GradingJob, Path]:
    job = desk.job(SQUARE, WRONG, "assert square(3) == expected\n" + EXACT, setup=SETUP)
    path = Path(job.submission) / "n.ipynb"
    node = json.loads(path.read_text())
    for number, text in ((0, SETUP), (2, "assert square(3) == expected\n" + EXACT)):
        node["cells"][number]["source"] = text
    change(node)
    path.write_text(json.dumps(node), encoding="utf-8")
    return job, path


@pytest.mark.parametrize("name", LIES)
def test_a_lie_in_the_notebook_earns_nothing(desk: Desk, server: ForkServer, name: str, record: Record) -> None:
    job, path = _handed_in(desk, LIES[name])
    node = nbformat.reads(path.read_text(), as_version=4)
    assert run_forked(server, node, path.parent, job) == ""
    believed = sum(determine_grade(cell)[0] or 0 for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade"))
    result = grade_submission(job, server)
    record(name, "rebuilding from the source", without=believed > 0, behind=any(cell.auto_score for cell in result.cells))
    assert [cell.points_possible for cell in result.cells] == [2]


@pytest.mark.parametrize("tag", ["skip-execution"])
def test_a_tag_that_keeps_the_test_from_running_is_not_read(desk: Desk, server: ForkServer, tag: str, record: Record) -> None:
    job, path = _handed_in(desk, _put(2, tags=[tag], outputs=[_RESULT], execution_count=1))
    node = nbformat.reads(path.read_text(), as_version=4)
    nbclient.NotebookClient(node, kernel_name="python3", allow_errors=True, skip_cells_with_tag=tag).execute()
    believed = determine_grade(node.cells[2])[0]
    result = grade_submission(job, server)
    record(
        f"the tag {tag} beside a typed result",
        "rebuilding from the source",
        without=bool(believed),
        behind=bool(result.cells[0].auto_score),
    )


ODD: dict[str, Change] = {
    "a kernel of the learner's choice": lambda node: node["metadata"].update(kernelspec={"name": "../../evil", "display_name": "evil"}),
    "widgets of megabytes": lambda node: node["metadata"].update(widgets={"application/vnd.jupyter.widget-state+json": {"x": "A" * 3_000_000}}),
    "outputs that were typed in": _put(2, outputs=[_RESULT], execution_count=1),
    "a script in a cell's metadata": _put(1, tags=["<script>alert(1)</script>"]),
    "cell ids that are doubled": lambda node: node["cells"][2].update(id=node["cells"][1]["id"]),
    "a cell id that is a path": lambda node: node["cells"][2].update(id="../../x"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_a_notebook_carries_besides_answers_is_left_behind(desk: Desk, name: str, record: Record) -> None:
    job, path = _handed_in(desk, ODD[name])
    text = path.read_text()
    marks = ("evil", "A" * 1000, '"text/plain": "2"', "<script>", "../../x")
    ids = [cell["id"] for cell in json.loads(text)["cells"]]
    node, _ = rebuild_notebook(text, job.source.notebooks[0], where="n.ipynb")
    rebuilt = json.dumps(node)
    own = [cell["id"] for cell in node.cells]
    without = any(mark in text for mark in marks) or len(set(ids)) < len(ids)
    record(name, "rebuilding from the source", without=without, behind=any(mark in rebuilt for mark in marks) or len(set(own)) < len(own))


BROKEN: dict[str, str] = {
    "a format of the future": '{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 0}',
    "no list of cells": '{"cells": {"a": 1}, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "a cell that is nothing": '{"cells": [null], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "a cell of a kind of its own": '{"cells": [{"cell_type": "evil", "source": "", "metadata": {}}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "a source that is a number": '{"cells": [{"cell_type": "code", "source": 5, "metadata": {}, "outputs": []}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "metadata that is a list": '{"cells": [], "metadata": [], "nbformat": 4, "nbformat_minor": 5}',
    "half a character": '{"cells": [{"cell_type": "code", "source": "\\ud800", "metadata": {}, "outputs": []}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_notebook_is_refused_in_words(desk: Desk, server: ForkServer, name: str, record: Record) -> None:
    job, path = _handed_in(desk, lambda _node: None)
    path.write_text(BROKEN[name], encoding="utf-8")
    breaks = False
    try:
        for cell in nbformat.reads(BROKEN[name], as_version=4).cells:  # as a reader does that trusts the format
            breaks = breaks or (not cell.source.encode().strip() and cell.cell_type not in {"code", "markdown", "raw"})
            _ = cell.metadata.get("nbgrader")
    except Exception as error:  # noqa: BLE001 - whatever breaks it
        breaks = not isinstance(error, DiagnosedError)
    result = grade_submission(job, server)
    record(name, "reading of notebooks", without=breaks, behind=result.status != "failed" or not result.reason)


NAMES = (
    "..",
    "../ben",
    "/etc/passwd",
    "ben/../ana",
    ".hidden",
    "",
    " ana",
    "a\nb",
    "a\x1b[2J",
    "a\0b",
    "..\\ben",
    "x" * 5000,
    "ben+ps1",
    "*",
)


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, record: Record) -> None:
    root = tmp_path / "submitted"
    believed = {name for name in NAMES if "\0" not in name and len(name) < 1000 and not (root / name).resolve().is_relative_to(root)}
    taken = []
    for name in NAMES:
        try:
            taken.append(path_segment(name, what="a learner"))
        except NameRefusedError:
            continue
    record("names that are paths", "names that are checked", without={"..", "/etc/passwd", "../ben"} <= believed, behind=bool(taken))
