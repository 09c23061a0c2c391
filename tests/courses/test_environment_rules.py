"""What a course imports has to be installed where it is graded."""

from __future__ import annotations

from courses.catalogue import load_course
from courses.notebook_imports import imported_modules
from courses.samples import samples_folder
from courses.static_checks.environment_rules import check_environment, is_installed


def test_imports_are_read_from_text_that_is_mostly_python() -> None:
    code = "%matplotlib inline\n!ls\nimport os.path, pandas as pd\nfrom scipy import stats\nfrom . import x\ndef f():\n    import json"
    assert list(imported_modules(code)) == ["os.path", "pandas", "scipy", "scipy.stats", "json"]
    assert list(imported_modules("not python (")) == []


def test_a_missing_library_blocks_the_release_and_says_how_to_get_it() -> None:
    course = load_course(samples_folder(), "statistics-for-evidence")
    assert check_environment(course) == []
    findings = check_environment(course, installed=lambda name: name != "scipy")
    assert {finding.code for finding in findings} == {"N10"}
    assert all(finding.is_blocking and "scipy" in finding.problem and "patunay[courses]" in finding.remedy for finding in findings)


def test_what_does_not_exist_is_not_installed() -> None:
    assert is_installed("json")
    assert not is_installed("no_such_module_anywhere")
    assert not is_installed("")
