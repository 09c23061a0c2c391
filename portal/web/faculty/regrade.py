"""Regrading an assignment after a test was mended: a preview of who goes up and down, then a decision with a reason; both are worked out beside the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tornado.web import HTTPError, authenticated

from autograder.regrade_decisions import OF_ONE_ITEM, POLICIES, Decision
from courses.release import find_release, load_released_manifest
from courses.settings import Site
from portal.background_work import Work, WorkState, find_work
from portal.regrading import course_decisions
from portal.web.faculty.faculty_handler import FacultyHandler

PREVIEW, DECISION = "regrade-preview", "regrade"
SHOWN = 200
"""Attempts whose change is shown."""
SOURCES = ("released", "draft")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an attempt."""

    learner: str
    counts: bool
    direction: str
    """`up`, `down`, `new` or `error`."""
    before: float | None
    after: float | None
    cells: tuple[tuple[str, float | None, float | None], ...]
    """Those that change: name, points before and after."""
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a regrade does, or did."""

    counts: Mapping[str, int]
    """Attempts by direction."""
    changes: tuple[Change, ...]
    all_changes: int
    turns: tuple[tuple[str, str, str, float, float], ...]
    """Learners whose standing changes: id, before, after, overall before and after."""
    credentials: tuple[tuple[str, str], ...]
    """Valid credentials that would not be given any more: whose, and why."""
    waiting: int
    was_known: bool
    """Whether the same was decided before."""


@dataclass(frozen=True, slots=True)
class RegradePage:
    """The page."""

    title: str
    course: str
    assignments: tuple[tuple[str, str], ...]
    items: tuple[tuple[str, str], ...]
    """Assignment and test cell."""
    policies: tuple[str, ...]
    of_one_item: frozenset[str]
    preview: Work
    preview_of: Mapping[str, str]
    """assignment, policy, item, tests."""
    foreseen: Outcome | None
    may_apply: bool
    """Whether what was previewed can be decided: tests that are released."""
    decision: Work
    decided: Outcome | None
    decisions: tuple[Decision, ...]
    """Of all assignments, newest first."""
    done: str


def outcome_of(told: Any) -> Outcome | None:
    """Return what `patunay regrade --json` said; None if it said nothing of the kind."""
    try:
        changed = [each for each in told["attempts"] if each["direction"] != "same" or each["reason"]]
        return Outcome(
            counts={str(way): int(count) for way, count in told["counts"].items()},
            changes=tuple(_change(each) for each in changed[:SHOWN]),
            all_changes=len(changed),
            turns=tuple(
                (str(each["learner"]), str(each["before"]), str(each["after"]), float(each["overall_before"]), float(each["overall_after"]))
                for each in told["turns"]
            ),
            credentials=tuple((str(each["learner"]), str(each["why"])) for each in told["credentials"]),
            waiting=int(told["waiting_decisions"]),
            was_known=bool(told["decided_before"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _change(told: Any) -> Change:
    cells = tuple((str(each["cell"]), each["before"], each["after"]) for each in told["cells"] if each["before"] != each["after"])
    return Change(
        str(told["learner"]), bool(told["is_credited"]), str(told["direction"]), told["before"], told["after"], cells, str(told["reason"])
    )


def regrade_page(site: Site, course: str, words: tuple[str, str], done: str) -> RegradePage:
    """Return the page of a released course.

    Args:
        words: the title and the language.
    """
    root = site.course_root(course)
    manifest = load_released_manifest(root)
    preview, decision = find_work(root, PREVIEW), find_work(root, DECISION)
    about = preview.about or {}
    decisions = [each for one in manifest.assessments for each in course_decisions(site, course, one.id)]
    foreseen = outcome_of(preview.result) if preview.state is WorkState.DONE else None
    return RegradePage(
        title=words[0],
        course=course,
        assignments=tuple((each.id, each.title.in_language(words[1])) for each in manifest.assessments),
        items=tuple((each.id, item.cell) for each in manifest.assessments for item in each.items),
        policies=POLICIES,
        of_one_item=frozenset(OF_ONE_ITEM),
        preview=preview,
        preview_of=dict.fromkeys(("assignment", "policy", "item", "tests"), "") | dict(about),
        foreseen=foreseen,
        may_apply=foreseen is not None and not foreseen.was_known and is_of_release(site, course, about),
        decision=decision,
        decided=outcome_of(decision.result) if decision.state is WorkState.DONE else None,
        decisions=tuple(sorted(decisions, key=lambda each: each.at, reverse=True)),
        done=done,
    )


def present_release(site: Site, course: str) -> str:
    """Return the content hash of what is released."""
    release = find_release(site.course_root(course))
    return release.content_hash if release else ""


def is_of_release(site: Site, course: str, about: Mapping[str, str]) -> bool:
    """Whether a preview was of the tests that are released now."""
    return about.get("tests") == "released" and about.get("release") == present_release(site, course)


class RegradeHandler(FacultyHandler):
    """Choose, look, decide."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show the page."""
        self.taught(course)
        self.require_released(course)
        words = self.gettext("Regrade after a test was mended"), self.language
        self.show("faculty/regrade.html", await self.compute(regrade_page, self.portal.site, course, words, self.done))

    @authenticated
    async def post(self, course: str) -> None:
        """Start a preview."""
        self.taught(course)
        wish = self._wish(course)
        tests = self.told("tests")
        if tests not in SOURCES:
            raise HTTPError(400)
        command = [*self._command(course, wish), "--preview", "--source", tests]
        about = {**wish, "tests": tests, "release": present_release(self.portal.site, course)}
        self.see(course, "regrade", result=self.begin(course, PREVIEW, command, about))

    def _wish(self, course: str) -> dict[str, str]:
        assignment, policy = self.told("assignment"), self.told("policy")
        self.require_released(course, assignment)
        if policy not in POLICIES:
            raise HTTPError(400)
        item = self.told("item", is_needed=policy in OF_ONE_ITEM) if policy in OF_ONE_ITEM else ""
        of, _, cell = item.partition("/")
        if policy in OF_ONE_ITEM and of != assignment:
            raise HTTPError(400)
        return {"assignment": assignment, "policy": policy, "item": cell}

    def _command(self, course: str, wish: Mapping[str, str]) -> list[str]:
        command = ["portal.cli", "regrade", course, "--json", f"--policy={wish['policy']}"]
        return [*command, *([f"--item={wish['item']}"] if wish["item"] else []), wish["assignment"]]


class DecideHandler(RegradeHandler):
    """Decide what was previewed."""

    @authenticated
    async def get(self, course: str) -> None:
        """Go to the page; there is nothing here."""
        self.see(course, "regrade")

    @authenticated
    async def post(self, course: str) -> None:
        """Start the regrade for good, as the signed-in person, and only of what was looked at."""
        visitor = self.taught(course)
        self.require_released(course)
        preview = self.work(course, PREVIEW)
        about = dict(preview.about or {})
        seen = {name: self.get_body_argument(name, "") for name in ("assignment", "policy", "item", "tests")}
        if preview.state is not WorkState.DONE or not is_of_release(self.portal.site, course, about) or not seen.items() <= about.items():
            raise HTTPError(400)
        self.require_released(course, about["assignment"])
        reason = self.told("reason", longest=2000)
        command = [*self._command(course, about), f"--reason={reason}", f"--by={visitor.name}"]
        self.see(course, "regrade", result=self.begin(course, DECISION, command, about))
