"""Answers that look alike: ranked pairs, side by side, and what a person said of them. No score is changed by it, here or anywhere else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tornado.web import HTTPError, authenticated

from autograder.similarity.marks import STATUSES, Mark, load_marks, new_mark, standing_marks
from courses.release import find_release, load_released_manifest
from courses.settings import Site
from portal.background_work import Work, find_work
from portal.similar_pairs import work_digest
from portal.similar_work import mark_course_pair
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.listing import Asked, Listing, paged, selected

COMMON = ("5", "10", "20", "50")
"""Percent of the learners: what more of them wrote counts nothing."""


@dataclass(frozen=True, slots=True)
class CellLine:
    """One answer cell of both."""

    place: str
    bits: float
    share: float
    is_identical: bool
    first: tuple[tuple[str, bool], ...]
    """Pieces: text, and whether it matches."""
    second: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class PairLine:
    """Two learners."""

    number: int
    """From 1, by rank."""
    learners: tuple[str, str]
    bits: float
    share: float
    cells: tuple[CellLine, ...]
    mark: Mark | None
    """What was said of them last."""

    @property
    def status(self) -> str:
        """`none`, `noted` or `referred`."""
        return self.mark.status if self.mark else "none"


@dataclass(frozen=True, slots=True)
class SimilarityPage:
    """The pairs of an assignment."""

    title: str
    course: str
    assignments: tuple[tuple[str, str], ...]
    """Id and title of all."""
    assignment: str
    work: Work
    is_present: bool
    """Whether what was compared is what is handed in now."""
    common: str
    compared: tuple[int, int, int]
    """Learners, answers, answers too short to say anything."""
    unread: tuple[str, ...]
    pairs_found: int
    lines: Listing[PairLine]
    crowds: tuple[tuple[str, tuple[str, ...]], ...]
    done: str


@dataclass(frozen=True, slots=True)
class PairPage:
    """One pair, side by side."""

    title: str
    course: str
    assignment: str
    pair: PairLine
    history: tuple[Mark, ...]
    """Newest first."""
    done: str


def work_kind(assignment: str) -> str:
    """Return the name of the background work that compares an assignment."""
    return f"similarity-{hashlib.sha256(assignment.encode()).hexdigest()[:16]}"


def pair_lines(told: Any, marks: dict[tuple[str, str], Mark]) -> tuple[PairLine, ...]:
    """Return the pairs of a comparison's JSON values, with what was said of them."""
    return tuple(_pair(number, each, marks) for number, each in enumerate(told["pairs"], start=1))


def _pair(number: int, told: Any, marks: dict[tuple[str, str], Mark]) -> PairLine:
    first, second = (str(each) for each in told["learners"])
    cells = tuple(
        CellLine(
            str(each["place"]),
            float(each["bits"]),
            float(each["share"]),
            bool(each["is_identical"]),
            tuple((str(text), bool(same)) for text, same in each["first"]),
            tuple((str(text), bool(same)) for text, same in each["second"]),
        )
        for each in told["cells"]
    )
    key = (min(first, second), max(first, second))
    return PairLine(number, (first, second), float(told["bits"]), float(told["share"]), cells, marks.get(key))


def similarity_page(site: Site, course: str, assignment: str, asked: Asked, words: tuple[str, str], done: str) -> SimilarityPage:
    """Return the page of an assignment of a released course.

    Args:
        words: the title and the language.
    """
    root = site.course_root(course)
    manifest = load_released_manifest(root)
    work = find_work(root, work_kind(assignment))
    told: Any = work.result if isinstance(work.result, dict) else None
    lines = pair_lines(told, standing_marks(load_marks(root), assignment)) if told else ()
    found = selected(
        lines,
        asked,
        words=lambda line: " ".join(line.learners),
        kind=lambda line: line.status,
        columns={"bits": lambda line: line.bits, "share": lambda line: line.share, "learners": lambda line: line.learners},
    )
    about = work.about or {}
    return SimilarityPage(
        title=words[0],
        course=course,
        assignments=tuple((each.id, each.title.in_language(words[1])) for each in manifest.assessments),
        assignment=assignment,
        work=work,
        is_present=about.get("digest") == work_digest(site, course, assignment),
        common=about.get("common", "10"),
        compared=(int(told["learners"]), int(told["answers"]), int(told["too_short"])) if told else (0, 0, 0),
        unread=tuple(map(str, told["unread"])) if told else (),
        pairs_found=int(told["pairs_found"]) if told else 0,
        lines=paged(found, asked, of=len(lines)),
        crowds=tuple((str(each["place"]), tuple(map(str, each["learners"]))) for each in told["crowds"]) if told else (),
        done=done,
    )


class SimilarityHandler(FacultyHandler):
    """The pairs of an assignment."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show them."""
        self.taught(course)
        self.require_released(course)
        release = find_release(self.portal.site.course_root(course))
        assignment = self.get_query_argument("assignment", release.assignments[0] if release and release.assignments else "")
        self.require_released(course, assignment)
        words = self.gettext("Answers that look alike"), self.language
        page = await self.compute(similarity_page, self.portal.site, course, assignment, self.asked(), words, self.done)
        self.show("faculty/similarity.html", page)

    @authenticated
    async def post(self, course: str) -> None:
        """Compare anew, beside the server; nothing is done if the very same was compared already."""
        self.taught(course)
        assignment, common = self.told("assignment"), self.told("common")
        self.require_released(course, assignment)
        if common not in COMMON:
            raise HTTPError(400)
        digest = await self.compute(work_digest, self.portal.site, course, assignment)
        about = {"digest": digest, "common": common}
        work = self.work(course, work_kind(assignment))
        command = ["portal.similar_pairs", "--course", course, f"--assignment={assignment}", "--common", str(int(common) / 100)]
        known = work.about == about and work.result is not None
        result = "known" if known else self.begin(course, work_kind(assignment), command, about)
        self.go_back(course, assignment, result)

    def go_back(self, course: str, assignment: str, result: str) -> None:
        """Go on to the page of the assignment."""
        address = self.portal.address("teach", course, "similarity")
        self.redirect(f"{address}?{urlencode({'assignment': assignment, 'done': result})}", status=303)


class PairHandler(FacultyHandler):
    """One pair."""

    @authenticated
    async def get(self, course: str, assignment: str, number: str) -> None:
        """Show it side by side."""
        self.taught(course)
        self.require_released(course, assignment)
        title = self.gettext("Two answers side by side")
        page = await self.compute(pair_page, self.portal.site, course, assignment, int(number), title, self.done)
        if page is None:
            raise HTTPError(404)
        self.show("faculty/pair.html", page)

    @authenticated
    async def post(self, course: str, assignment: str, number: str) -> None:
        """Write down what the visitor says of it."""
        visitor = self.taught(course)
        self.require_released(course, assignment)
        page = await self.compute(pair_page, self.portal.site, course, assignment, int(number), "", "")
        status, note = self.told("status"), self.told("note", longest=4000, is_needed=False)
        first, second = self.get_body_argument("first", ""), self.get_body_argument("second", "")
        if page is None or page.pair.learners != (first, second) or status not in STATUSES:
            raise HTTPError(400)  # the comparison was made anew meanwhile, and another pair stands at this place
        mark = new_mark(assignment, page.pair.learners, status, by=visitor.name, note=note, now=self.portal.now())
        await self.compute(mark_course_pair, self.portal.site.course_root(course), mark)
        self.see(course, "similarity", assignment, number, result="marked")


def pair_page(site: Site, course: str, assignment: str, number: int, title: str, done: str) -> PairPage | None:
    """Return the page of the pair at a rank, None if there is none."""
    root = site.course_root(course)
    told: Any = find_work(root, work_kind(assignment)).result
    marks = load_marks(root)
    lines = pair_lines(told, standing_marks(marks, assignment)) if isinstance(told, dict) else ()
    if not 1 <= number <= len(lines):
        return None
    pair = lines[number - 1]
    theirs = tuple(each for each in reversed(marks) if each.assignment == assignment and set(each.learners) == set(pair.learners))
    return PairPage(title, course, assignment, pair, theirs, done)
