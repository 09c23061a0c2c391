"""`patunay regrade` as it is typed: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from courses.settings import Site
from portal.cli.app import main
from tests.portal.test_regrading import change, graded_site, mend
from tests.small_site import COURSE

pytestmark = pytest.mark.slow
WHY = ("--reason", "the test was wrong", "--by", "M. Reyes")


class Typed:
    """Types commands in one site."""

    def __init__(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        self._site, self._capsys = site, capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        self._capsys.readouterr()
        code = main(["regrade", *arguments, "--compat", "--site", str(self._site.root)])
        self.out, self.err = self._capsys.readouterr()
        return code

    def read(self, *arguments: str) -> Any:
        assert self(*arguments, "--json") == 0, self.err
        return json.loads(self.out)

    @property
    def told(self) -> str:
        """What it said, on one line."""
        return " ".join((self.out + self.err).replace("│", " ").split())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return graded_site(tmp_path_factory.mktemp("typed"), tmp_path_factory)


@pytest.fixture
def typed(site: Site, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(site, capsys)


def test_what_is_wrong_is_said_with_what_to_do_and_ends_with_one_or_two(typed: Typed) -> None:
    assert typed("no-such-course", "basics", "--preview") == 1
    assert "no-such-course" in typed.told
    assert typed(COURSE, "basic", "--preview") == 1
    assert "assignment 'basic' is not released" in typed.told and "basics" in typed.told
    assert typed(COURSE, "basics", "--reason", "so") == 1
    assert "a regrade needs a reason and a name" in typed.told
    assert typed(COURSE, "basics", "--by", "M. Reyes", "--reason", "  ") == 1
    assert typed(COURSE, "basics", "--policy", "full-marks", *WHY) == 1
    assert "which test cell?" in typed.told and "test_square, test_sum" in typed.told
    assert typed(COURSE, "basics", "--item", "test_sum", *WHY) == 1
    assert "replace is about all cells" in typed.told
    assert typed(COURSE, "basics", "--source", "draft", *WHY) == 1
    assert "released tests" in typed.told
    assert typed(COURSE, "basics", "--policy", "double", *WHY) == 2
    assert typed(COURSE) == 2
    assert "Traceback" not in typed.told
    assert typed.read(COURSE, "basics", "--decisions") == []


def test_a_preview_a_decision_and_the_list_of_decisions(typed: Typed, site: Site) -> None:
    change(site, "assert sum(map(square, [2, 2])) == 8")
    assert typed(COURSE, "basics", "--preview", "--source", "draft") == 0
    assert "test_sum 0 → 8" in typed.told and "This was a preview: nothing was written." in typed.told
    assert "release" in typed.told, "the next step is the release"
    assert typed(COURSE, "basics", "--preview") == 0
    assert "2 same" in typed.told
    mend(site, "assert sum(map(square, [2, 2])) == 8")
    foreseen = typed.read(COURSE, "basics", "--preview")
    assert (foreseen["preview"], foreseen["decision"], foreseen["counts"]["up"]) == (True, None, 1)
    assert [(each["learner"], each["before"], each["after"]) for each in foreseen["turns"]] == [("ben", "not yet", "eligible")]

    assert typed(COURSE, "basics", "--policy", "drop-item", "--item", "test_sum", "--preview") == 0
    assert "2 of 10" in typed.told and "2 of 2" in typed.told and "test_sum 0 of 8 → 0 of 0" in typed.told
    assert typed(COURSE, "basics", "--policy", "never-lower", *WHY) == 0
    assert "ben" in typed.told and "1 up, 1 same" in typed.told
    assert typed(COURSE, "basics", "--policy", "never-lower", *WHY) == 0
    assert "was decided already by M. Reyes" in typed.told and "nothing was done" in typed.told
    done = typed.read(COURSE, "basics", "--policy", "drop-item", "--item", "test_sum", *WHY)
    assert (done["policy"], done["item"], done["decision"]["by"], done["waiting_decisions"]) == ("drop-item", "test_sum", "M. Reyes", 0)
    assert {(each["learner"], each["possible_before"], each["possible_after"]) for each in done["attempts"]} == {
        ("anna", 10, 2),
        ("ben", 10, 2),
    }
    listed = typed.read(COURSE, "basics", "--decisions")
    assert [(each["policy"], each["item"]) for each in listed] == [("never-lower", ""), ("drop-item", "test_sum")]
    assert typed(COURSE, "basics", "--decisions") == 0
    assert "drop-item" in typed.told and "the test was wrong" in typed.told
