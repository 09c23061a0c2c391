"""What learners print and how they are called, where people and programs read it: spreadsheets, reports, terminals."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from autograder.gradebook_export import export_frame, frame_as_csv
from autograder.reports import print_page
from tests.attacks.arena import Record
from tests.attacks.test_verdict_forging import EXACT, SQUARE
from tests.autograder.sealed.examination import Desk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

FORMULAS = ('=HYPERLINK("http://evil.example","marks")', "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+9)", "\t=1+1", "\r=1+1")


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_name_that_is_a_formula_is_text_in_csv(formula: str, record: Record) -> None:
    frame = pd.DataFrame({"learner": [formula], "score": [1.0]})
    plain = frame.to_csv(index=False).splitlines()[1].lstrip('"')
    ours = frame_as_csv(frame).split("\r\n", 1)[1].lstrip('"')
    starts = ("=", "+", "-", "@", "\t", "\r")
    record(f"a formula in CSV: {formula[:12]!r}", "exports", without=plain.startswith(starts) or not plain, behind=ours.startswith(starts))


def test_a_name_that_is_a_formula_is_text_in_a_spreadsheet(tmp_path: Path, record: Record) -> None:
    frame = pd.DataFrame({"learner": list(FORMULAS[:1]), "link": ["http://evil.example"]})
    plain = io.BytesIO()
    frame.to_excel(plain, engine="xlsxwriter", index=False)
    export_frame(frame, tmp_path / "g.xlsx", "xlsx")
    record("a formula in a spreadsheet", "exports", without=_runs(plain), behind=_runs(tmp_path / "g.xlsx"))


def _runs(file: Path | io.BytesIO) -> bool:
    with zipfile.ZipFile(file) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    return "<f>" in text or "<hyperlink " in text


def test_a_title_of_a_report_is_text(record: Record) -> None:
    title = "<script>alert(1)</script>"
    page = print_page('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', title=title)
    record("a script in a report's title", "escaping", without=title in f"<title>{title}</title>", behind=title in page)


def test_what_a_learner_reads_of_a_hidden_test_is_not_its_text(desk: Desk, record: Record) -> None:
    wrong = "def square(n):\n    return 0"
    hidden = "secret_expected = 9\nassert square(3) == secret_expected, 'three times three'"
    plain = desk.in_one_process(SQUARE, wrong, hidden).notebooks[0].document
    sealed = desk.grade(SQUARE, wrong, hidden)
    shown = _outputs(sealed.notebooks[0].document)
    record(
        "the hidden test in the traceback",
        "sealed messages",
        without=any("secret_expected" in str(output) for output in _outputs(plain)),
        behind=any("secret_expected" in str(output) for output in shown),
    )


def _outputs(document: str) -> list[object]:
    import nbformat

    return [output for cell in nbformat.reads(document, as_version=4).cells for output in cell.get("outputs", [])]


def test_an_answer_that_prints_the_tests_prints_nothing_of_them_sealed(desk: Desk, record: Record) -> None:
    spy = "def square(n):\n    try:\n        print(In[-1])\n        import sys\n        print(sys._getframe(1).f_code.co_names)\n    except Exception:\n        pass\n    return n * n"
    test = "secret_expected = 9\n" + EXACT
    plain = desk.in_one_process(SQUARE, spy, test).notebooks[0].document
    sealed = desk.grade(SQUARE, spy, test).notebooks[0].document
    record(
        "the tests printed by the answer",
        "sealed",
        without=any("secret_expected" in str(output) for output in _outputs(plain)),
        behind=any("secret_expected" in str(output) for output in _outputs(sealed)),
    )


HIDDEN_NAMES = {
    "prints the test": "abs = 5\ndef square(n):\n    try:\n        print(get_ipython().user_ns['In'][-1])\n    except Exception:\n        pass\n    return n * n",
    "says the test": "class Loud:\n    def __call__(self, x):\n        raise TypeError(\"'int' object is not callable; \" + get_ipython().user_ns['In'][-1])\nabs = Loud()\n"
    "def square(n):\n    return n * n",
    "names a class like the test": "class Meta(type):\n    @property\n    def hidden(cls):\n        return get_ipython().user_ns['In'][-1]\ndef square(n):\n    global abs\n    try:\n"
    "        abs = type(get_ipython().user_ns['In'][-1].split()[0], (), {})()\n    except Exception:\n        abs = 5\n    return n * n\nabs = 5",
}  # fmt: skip
"""Answers that give a name of Python's own, which the test calls, to something else: then one process decides, in which they read the test."""


@pytest.mark.parametrize("name", HIDDEN_NAMES)
def test_an_answer_that_makes_one_process_decide_shows_nothing_of_the_test_there(desk: Desk, name: str, record: Record) -> None:
    test = "secret_expected = 9\nassert square(3) == secret_expected\nassert abs(-3) == 3"
    plain = desk.in_one_process(SQUARE, HIDDEN_NAMES[name], test)
    sealed = desk.grade(SQUARE, HIDDEN_NAMES[name], test)
    assert sealed.cells[0].auto_score == 0
    shown = [str(_for_the_learner(each.notebooks[0].document)) for each in (plain, sealed)]
    record(
        f"the hidden test, by an answer that {name}",
        "no words of one process",
        without="secret_expected" in shown[0],
        behind="secret_expected" in shown[1],
    )


def _for_the_learner(document: str) -> list[object]:
    """Return all outputs without the tracebacks that feedback takes away."""
    return [{**output, "traceback": ""} for output in _outputs(document) if isinstance(output, dict)]
