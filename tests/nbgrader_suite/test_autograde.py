"""nbgrader's own tests of `nbgrader autograde`, from its installed package, with our grading behind the command: all pass but for the wanted differences.

The shim is nothing but the documented switch, in a configuration file of the user that these tests run as.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

_SUITE = "nbgrader.tests.apps.test_nbgrader_autograde"
_SWITCH = """c = get_config()
c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"
c.GradeWithPatunay.assurance = "compat"
"""

DIFFERENCES = {
    "test_grade_empty_timestamp": "a time that is none does not fail the submission",
    "test_late_submission_penalty_zero": "an earlier time does not replace a later attempt",
    "test_side_effects": "files that the learner's code writes are not kept",
    "test_force_single_notebook": "all notebooks of a submission are graded together",
    "test_update_newer_single_notebook": "all notebooks of a submission are graded together",
    "test_handle_failure": "a cell that the source does not have is an ordinary cell",
    "test_handle_failure_single_notebook": "a cell that the source does not have is an ordinary cell",
    "test_missing_source_kernelspec": "the learner's file never chooses the kernel",
    "test_no_execute": "nothing is graded without being run",
}
"""Test, and the difference that it meets: the first words of a row in docs/reference/differences-from-nbgrader.md."""

QUICK = "test_grade or test_skip_extra_notebooks or test_custom_permissions"


def run_suite(folder: Path, *selection: str) -> dict[str, str]:
    """Run nbgrader's tests in `folder` with the switch on; return what became of each: passed, failed or skipped."""
    (folder / "configuration").mkdir()
    (folder / "configuration" / "nbgrader_config.py").write_text(_SWITCH, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(folder / "pytest.ini"), "--rootdir", str(folder), "-p", "no:cacheprovider"]
    environment = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder / "configuration"),
    }  # fmt: skip
    done = subprocess.run(
        [*command, f"--junitxml={report}", "--pyargs", _SUITE, *selection],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.is_file(), done.stdout + done.stderr
    found = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        found[str(case.get("name"))] = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
    return found


@pytest.mark.thorough
def test_nbgraders_own_tests_pass_but_for_the_wanted_differences(tmp_path: Path) -> None:
    found = run_suite(tmp_path)
    assert {name for name, became in found.items() if became == "failed"} == set(DIFFERENCES)
    assert {name for name, became in found.items() if became == "skipped"} == {"test_many_students", "test_infinite_loop_with_output"}, (
        "which nbgrader skips too"
    )
    assert sum(became == "passed" for became in found.values()) == 31


@pytest.mark.thorough
def test_a_few_of_nbgraders_own_tests_pass(tmp_path: Path) -> None:
    found = run_suite(tmp_path, "-k", f"({QUICK}) and not autotest and not timestamp and not overwrite and not envvar")
    assert set(found) == {"test_grade", "test_grade_missing_notebook", "test_skip_extra_notebooks", "test_custom_permissions"}
    assert set(found.values()) == {"passed"}


def test_every_difference_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "differences-from-nbgrader.md").read_text(encoding="utf-8").lower()
    for test, difference in DIFFERENCES.items():
        assert difference in page, difference
        assert f"`{test}`" in page, test
