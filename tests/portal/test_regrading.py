"""A mended test, from the new results to the credentials that were issued: previews foresee it, nothing issued changes by itself."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from sqlalchemy import text

from autograder.errors import RegradeError
from autograder.gradebook import read_gradebook
from autograder.nbgrader_database import open_gradebook
from autograder.records import open_records
from autograder.regrade_preview import frames_after
from autograder.regrade_wishes import Wish
from autograder.submissions import adopt_submitted
from courses.catalogue import load_course
from courses.errors import UnknownAssignmentError
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import release_course
from courses.settings import Site
from issuer.ledger import credentials_of, open_ledger
from issuer.standing import read_standing
from portal.awarding import approve, issue, prepare
from portal.course_work import GradeRequest, grade_course
from portal.learner_work import read_learner
from portal.registering import decisions
from portal.regrading import CourseRegrade, course_decisions, regrade_course
from portal.releasing import release_rehearsed
from tests.autograder.grading_calls import now
from tests.small_course import nbgrader_cell
from tests.small_site import COURSE, TODAY, change_score, released_site

pytestmark = pytest.mark.slow
COMPAT = GradeRequest(assurance="compat")


def hand_in(course: NbgraderCourse, learner: str, answer: str) -> None:
    for assignment, written in (("basics", answer), ("project", "plan = 'mine'")):
        node = nbformat.read(course.release(assignment) / f"{assignment}.ipynb", as_version=4)
        next(cell for cell in node.cells if cell.metadata["nbgrader"]["solution"] and cell.cell_type == "code").source = written
        if assignment == "project":
            next(cell for cell in node.cells if cell.metadata["nbgrader"]["grade_id"] == "essay").source = "My essay."
        folder = course.submitted(learner, assignment)
        folder.mkdir(parents=True)
        nbformat.write(node, folder / f"{assignment}.ipynb")
        (folder / "timestamp.txt").write_text("2026-11-20 08:00:00.000000 UTC", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return graded_site(tmp_path, tmp_path_factory)


def graded_site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site with two learners: `anna` squares, `ben` doubles: right for 2, wrong for the sum."""
    site = released_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    course = open_course(site.course_root(COURSE))
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_student("anna", first_name="Anna", last_name="Santos", email="anna@learners.example")
    hand_in(course, "anna", "def square(n):\n    return n * n")
    hand_in(course, "ben", "def square(n):\n    return n + n")
    with open_records(course) as session:
        for assignment in ("basics", "project"):
            adopt_submitted(course, assignment, session, now=now())
    grade_course(site, COURSE, (), COMPAT, now=now, progress=lambda _done, _all: None)
    for learner in ("anna", "ben"):
        change_score(site, learner, "project", "essay", 4.0)
    return site


def mend(site: Site, test: str) -> None:
    """Put another test of the sum into the source, and release it."""
    change(site, test)
    release_course(site, load_course(site.courses, COURSE), (), now=now())


def change(site: Site, test: str) -> None:
    """Put another test of the sum into the source."""
    path = site.courses / COURSE / "basics" / "basics.ipynb"
    node = nbformat.read(path, as_version=4)
    next(cell for cell in node.cells if cell.metadata["nbgrader"]["grade_id"] == "test_sum").source = test
    nbformat.write(node, path)
    manifest = site.courses / COURSE / "course.toml"
    old = manifest.read_text(encoding="utf-8")
    line = f'}}, {{ version = "1.1.0", date = {TODAY}, kind = "assessment", text = "The test of the sum was mended." }}]'
    new = old.replace('\nversion = "1.0.0"', '\nversion = "1.1.0"', 1).replace(
        'text = "First version." }]', f'text = "First version." {line}', 1
    )
    manifest.write_text(new, encoding="utf-8")


def issue_to_anna(site: Site) -> None:
    prepared = prepare(site, COURSE, by="Ana Reyes", now=now())
    assert prepared.new == ("anna",)
    approve(site, str(prepared.batch), by="Ben Cruz", now=now())
    issue(site, str(prepared.batch), now=now(), progress=lambda _done, _all: None)


def regrade(site: Site, policy: str, *, item: str = "", is_preview: bool = False, is_draft: bool = False) -> CourseRegrade:
    wish = Wish(policy, item, "the test was wrong", "M. Reyes", is_preview, is_draft)  # type: ignore[arg-type]
    return regrade_course(site, COURSE, "basics", wish, COMPAT, now=now, progress=lambda _done, _all: None)


def statuses(site: Site) -> dict[str, str]:
    return {each.learner: each.status.value for each in read_standing(site, COURSE).eligibility}


def test_what_a_preview_foresees_is_what_happens(site: Site) -> None:
    assert statuses(site) == {"anna": "eligible", "ben": "not yet"}
    mend(site, "assert sum(map(square, [2, 2])) == 8")
    foreseen = regrade(site, "replace", is_preview=True)
    assert [(each.learner, each.before, each.after) for each in foreseen.turns] == [("ben", "not yet", "eligible")]
    assert statuses(site) == {"anna": "eligible", "ben": "not yet"}
    done = regrade(site, "replace")
    assert done.turns == foreseen.turns
    assert statuses(site) == {"anna": "eligible", "ben": "eligible"}
    (decision,) = course_decisions(site, COURSE, "basics")
    assert (decision.by, decision.policy, dict(decision.counts)["up"]) == ("M. Reyes", "replace", 1)
    table = read_gradebook(open_course(site.course_root(COURSE))).assignments
    assert set(table[table["assignment"] == "basics"]["run"]) == {decision.run}


def everything(site: Site) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows that grading and releasing write into the course's databases."""
    found: dict[str, list[tuple[object, ...]]] = {}
    course = open_course(site.course_root(COURSE))
    with open_records(course) as session:
        for table in ("attempt", "grading_run", "result", "regrade"):
            found[table] = [tuple(row) for row in session.execute(text(f"SELECT * FROM {table}"))]
    with open_gradebook(course) as gradebook:
        for table in ("grade", "grade_cells", "source_cell", "assignment", "submitted_notebook"):
            found[table] = [tuple(row) for row in gradebook.db.execute(text(f"SELECT * FROM {table} ORDER BY id"))]
    return found


def test_what_the_authors_source_would_do_is_seen_before_it_is_released_and_nothing_is_written(site: Site) -> None:
    change(site, "assert sum(map(square, [2, 2])) == 8")
    before = everything(site)
    foreseen = regrade(site, "replace", is_preview=True, is_draft=True)
    assert [(each.learner, each.before, each.after) for each in foreseen.turns] == [("ben", "not yet", "eligible")]
    assert everything(site) == before
    assert regrade(site, "replace", is_preview=True).turns == (), "what is released is as it was"
    with pytest.raises(RegradeError, match="released tests"):
        regrade(site, "replace", is_draft=True)
    release_course(site, load_course(site.courses, COURSE), (), now=now())
    done = regrade(site, "replace")
    assert (done.turns, done.regrade.source) == (foreseen.turns, foreseen.regrade.source), "the very tests that were looked at"


def test_a_draft_with_a_new_test_and_without_an_old_one_is_foreseen_with_its_own_points(site: Site) -> None:
    path = site.courses / COURSE / "basics" / "basics.ipynb"
    node = nbformat.read(path, as_version=4)
    node.cells = [cell for cell in node.cells if cell.metadata["nbgrader"]["grade_id"] != "test_square"]
    node.cells.append(nbgrader_cell("code", "assert square(3) == 9", "test_three", grade=True, locked=True, points=4))
    nbformat.write(node, path)
    foreseen = regrade(site, "replace", is_preview=True, is_draft=True)
    assert dict(foreseen.regrade.points) == {("basics", "test_sum"): 8, ("basics", "test_three"): 4}
    assert {each.learner: (each.after, each.possible_after) for each in foreseen.regrade.changes} == {"anna": (12, 12), "ben": (0, 12)}
    table = frames_after(read_gradebook(open_course(site.course_root(COURSE))), foreseen.regrade)
    rows = table.cells[(table.cells["learner"] == "anna") & (table.cells["assignment"] == "basics")]
    assert dict(zip(rows["cell"], rows["score"], strict=True)) == {"test_sum": 8.0, "test_three": 4.0}
    [whole] = table.assignments[(table.assignments["learner"] == "anna") & (table.assignments["assignment"] == "basics")].to_dict("records")
    assert (whole["score"], whole["points_possible"]) == (12, 12)


def test_a_stricter_test_takes_nobodys_pass_where_nobody_is_to_be_lowered(site: Site) -> None:
    issue_to_anna(site)
    mend(site, "assert sum(map(square, [1, 2])) == 6")
    foreseen = regrade(site, "replace", is_preview=True)
    assert [(each.learner, each.before, each.after) for each in foreseen.turns] == [
        ("anna", "eligible", "not yet"),
        ("ben", "not yet", "eligible"),
    ]
    assert [each.learner for each in foreseen.fallen] == ["anna"]
    done = regrade(site, "never-lower")
    assert [(each.learner, each.after) for each in done.turns] == [("ben", "eligible")]
    assert statuses(site) == {"anna": "eligible", "ben": "eligible"}
    assert (done.fallen, done.waiting, decisions(site, everything=True)) == ((), 0, [])


def test_a_credential_whose_learner_fell_waits_for_a_person_and_stays_valid(site: Site) -> None:
    issue_to_anna(site)
    mend(site, "assert sum(map(square, [1, 2])) == 6")
    done = regrade(site, "replace")
    assert statuses(site)["anna"] == "not yet"
    assert ([each.learner for each in done.fallen], done.waiting) == (["anna"], 1)
    [waiting] = decisions(site, everything=False)
    assert waiting[1:4] == ("regrade", "open", "anna")
    assert regrade(site, "replace").waiting == 1, "asked twice, it waits once"
    with open_ledger(site.ledger_url) as session:
        assert not any(each.revoked_at for each in credentials_of(session))


@pytest.mark.thorough
def test_a_dropped_item_is_out_of_everybodys_shares_in_a_preview_and_after(site: Site) -> None:
    assert statuses(site) == {"anna": "eligible", "ben": "not yet"}
    foreseen = regrade(site, "drop-item", item="test_sum", is_preview=True)
    assert [(each.learner, each.after, each.overall_after) for each in foreseen.turns] == [("ben", "eligible", 1.0)]
    assert statuses(site)["ben"] == "not yet"
    done = regrade(site, "drop-item", item="test_sum")
    assert (done.turns, done.regrade.counts["up"]) == (foreseen.turns, 1)
    standing = {each.learner: each for each in read_standing(site, COURSE).eligibility}
    assert {name: (each.overall, dict(each.outcomes)["LO1"]) for name, each in standing.items()} == {"anna": (1.0, 1.0), "ben": (1.0, 1.0)}
    [basics] = [each for each in read_learner(site, COURSE, "ben", is_enrolled=True).works if each.id == "basics"]
    assert (basics.share, [each.possible for each in basics.cells]) == (1.0, [2.0, 0.0])
    release_rehearsed(site, load_course(site.courses, COURSE), (), now=now(), depth="static")
    assert statuses(site) == {"anna": "eligible", "ben": "eligible"}, "released again as it is, it stays dropped"
    with pytest.raises(RegradeError, match="the last item that shows outcome LO1"):
        regrade(site, "drop-item", item="test_square")
    regrade(site, "replace")
    assert statuses(site) == {"anna": "eligible", "ben": "not yet"}


def test_the_last_item_that_shows_an_outcome_is_not_dropped(site: Site) -> None:
    manifest = site.courses / COURSE / "course.toml"
    old = manifest.read_text(encoding="utf-8")
    moved = old.replace('cell = "test_square", outcomes = ["LO1"]', 'cell = "test_square", outcomes = ["LO2"]').replace(
        '\nversion = "1.0.0"', '\nversion = "2.0.0"', 1
    )
    line = f'}}, {{ version = "2.0.0", date = {TODAY}, kind = "outcome", text = "Squares belong to the plan." }}]'
    manifest.write_text(moved.replace('text = "First version." }]', f'text = "First version." {line}', 1), encoding="utf-8")
    release_course(site, load_course(site.courses, COURSE), (), now=now())
    with pytest.raises(RegradeError, match="the last item that shows outcome LO1"):
        regrade(site, "drop-item", item="test_sum", is_preview=True)


def test_what_is_not_released_or_not_explained_is_refused(site: Site) -> None:
    with pytest.raises(UnknownAssignmentError, match="nothing"):
        regrade_course(site, COURSE, "nothing", Wish("replace"), COMPAT, now=now, progress=lambda _done, _all: None)
    with pytest.raises(RegradeError, match="a reason"):
        regrade_course(site, COURSE, "basics", Wish("replace"), COMPAT, now=now, progress=lambda _done, _all: None)
