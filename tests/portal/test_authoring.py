"""Authoring as a user does it: the commands, and what an imported source earns with its own solution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import nbformat
import pytest

from autograder.jobs import Limits
from autograder.nbgrader_database import load_source
from autograder.rehearsal import rehearse
from autograder.sealed.grading import SealedServers
from courses.authoring.importing import import_notebooks
from courses.authoring.scaffolds import new_course
from courses.catalogue import load_course
from courses.release import draft_course
from portal.site_making import make_site
from tests.autograder.sealed.examination import both_servers
from tests.courses.authoring.otter_sources import DATA, rivers
from tests.portal.commands import assert_diagnosed, patunay
from tests.small_site import WANTED


def write_source(folder: Path) -> Path:
    for name, text in DATA.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "rivers.ipynb").write_text(nbformat.writes(rivers()), encoding="utf-8")
    return folder / "rivers.ipynb"


@pytest.fixture(scope="module")
def servers() -> Iterator[SealedServers]:
    with both_servers() as running:
        yield running


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_an_imported_otter_source_earns_full_marks_with_its_own_solution_and_every_test_is_sealed(
    tmp_path: Path, servers: SealedServers
) -> None:
    site = make_site(tmp_path / "site", WANTED)
    new_course(site, "geo", title="Geo", assignment="rivers", today=date(2026, 11, 29))
    import_notebooks(site, [write_source(tmp_path / "otter")], "geo", "rivers")
    source = load_source(draft_course(site, load_course(site.courses, "geo"), ("rivers",), tmp_path / "draft"), "rivers")
    plan = rehearse(source, servers, Limits(cell_timeout_s=60), environment_digest="e")
    assert plan.failures == ()
    possible = {
        cell.name: cell.points for notebook in source.notebooks for cell in notebook.cells if cell.is_grade and not cell.is_solution
    }
    assert {cell.name: cell.reference_score for cell in plan.cells} == possible
    assert sum(points or 0 for points in possible.values()) == 17
    assert {cell.label for cell in plan.cells} == {"sealed"}
    assert {cell.blank_score for cell in plan.cells} == {0}


@pytest.mark.thorough
def test_the_commands_of_authoring_print_results_and_refuse_in_words(tmp_path: Path) -> None:
    make_site(tmp_path / "site", WANTED)
    here = tmp_path / "site"
    made = patunay("new", "course", "geo", "--assignment", "rivers", "--json", cwd=here)
    assert made.json()["weights"] == {"rivers": 100.0}
    assert_diagnosed(patunay("new", "course", "geo", cwd=here), "there already")
    assert_diagnosed(patunay("new", "assignment", "geo", "lakes", cwd=here), "--weight 50")
    brought = patunay(
        "import", str(write_source(tmp_path / "otter")), "--course", "geo", "--assignment", "rivers", "--json", cwd=here
    ).json()
    assert brought["points"] == 24
    assert {"notebook", "place", "was", "became", "remedy"} == set(brought["report"][0])
    assert [each["state"] for each in patunay("markdown", "geo", "--json", cwd=here).json()] == ["written"]
    page = here / "review" / "geo" / "rivers" / "rivers.md"
    page.write_text(page.read_text(encoding="utf-8").replace("That is all.", "That was all."), encoding="utf-8")
    assert patunay("markdown", "geo", "--check", cwd=here).code == 1
    assert patunay("markdown", "geo", "--check", "--back", cwd=here).code == 2
    assert [each["state"] for each in patunay("markdown", "geo", "--back", "--json", cwd=here).json()] == ["written"]
    assert patunay("markdown", "geo", "--check", cwd=here).code == 0
    assert "That was all." in (here / "source_notebooks" / "geo" / "rivers" / "rivers.ipynb").read_text(encoding="utf-8")
    assert_diagnosed(patunay("markdown", "geo", "--to", "source_notebooks/geo/md", cwd=here), "within the course")
    assert_diagnosed(patunay("adopt", str(tmp_path / "nowhere"), cwd=here), "no such course directory")
    checked = patunay("check", "geo", "--quick", cwd=here)
    assert checked.code == 1
    assert re.search(r"N60", checked.out)
