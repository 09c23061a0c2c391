"""The rehearsal of variants, by the real engine: a variant that the author's own solution fails is found before any learner gets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.jobs import AssignmentSource, Limits
from autograder.nbgrader_database import load_source
from autograder.rehearsal import rehearse
from autograder.sealed.grading import SealedServers
from autograder.variant_rehearsal import rehearse_variants
from courses.catalogue import load_course
from courses.release import draft_course
from tests.autograder.sealed.examination import both_servers
from tests.varied_site import COURSE, cell_of, make_varied_site, manifest_text, varied_notebook

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]
ROWS = ", ".join(f'{{ n = {n}, name = "{name}" }}' for n, name in ((4, "ana"), (7, "ben"), (1, "cora"), (9, "ben")))


@pytest.fixture(scope="module")
def servers() -> Iterator[SealedServers]:
    with both_servers() as running:
        yield running


def planned(servers: SealedServers, folder: Path, notebook: Any, variants: str) -> AssignmentSource:
    """Return the draft of a course as a source with its plan."""
    site = make_varied_site(folder / "site", manifest=manifest_text(variants), notebook=notebook)
    (folder / "draft").mkdir()
    directory = draft_course(site, load_course(site.courses, COURSE), ("ps1",), folder / "draft")
    source = load_source(directory, "ps1")
    return source.model_copy(update={"plan": rehearse(source, servers, Limits(), environment_digest="e")})


@pytest.mark.thorough
def test_a_good_assignment_passes_in_every_variant_that_a_learner_can_get(servers: SealedServers, tmp_path: Path) -> None:
    source = planned(
        servers, tmp_path, varied_notebook(), "{ drawn = { n = { integer = [5, 500] }, name = { choice = ['a', 'b'] } }, pool = 20 }"
    )
    told: list[tuple[int, int]] = []
    assert rehearse_variants(source, servers, Limits(), progress=lambda done, count: told.append((done, count))) == []
    assert told[-1] == (20, 20)
    assert rehearse_variants(source.model_copy(update={"variants": None}), servers, Limits()) == []


def test_a_variant_that_cannot_be_solved_or_gives_points_away_blocks(servers: SealedServers, tmp_path: Path) -> None:
    notebook = varied_notebook()
    cell_of(notebook, "test_total").source = "assert n == 1 or total == sum(range(n))"
    cell_of(notebook, "test_scaled").source = "assert scaled(2) == 2 * n\nassert name != 'ben'"
    source = planned(servers, tmp_path, notebook, f"{{ fixed = [{ROWS}] }}")
    found = rehearse_variants(source, servers, Limits())
    assert [(each.code, each.where, each.is_blocking) for each in found] == [
        ("V05", "ps1/p1.ipynb, test_scaled", True),
        ("V06", "ps1/p1.ipynb, test_total", True),
    ]
    assert found[0].problem == "in variant 2 (n = 7, name = 'ben') and 1 more the reference solution earns 0 of 3 points"
    assert found[1].problem == "in variant 3 (n = 1, name = 'cora') the untouched notebook earns 2 of 2 points"
    (few,) = (each for each in rehearse_variants(source, servers, Limits(), most=1) if each.code == "V07")
    assert few.problem == "1 of 4 variants were rehearsed"
