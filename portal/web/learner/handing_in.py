"""Working without Jupyter here: the assignment as a zip, and the form that takes finished files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from autograder.errors import SubmissionError
from portal.attempt_states import Stage
from portal.handing_in import LARGEST_UPLOAD_BYTES, Upload, assignment_archive, hand_in, released_files, require_room
from portal.learner_work import LearnerCourse, Work
from portal.web.learner.learner_handler import LearnerHandler


@dataclass(frozen=True, slots=True)
class HandInPage:
    """The form."""

    title: str
    course: str
    course_title: str
    assignment: str
    work: Work
    files: tuple[str, ...]
    """Of the assignment, notebooks first."""
    megabytes: int
    is_late: bool
    late_policy: str
    problem: str
    """Why what was sent was not taken; empty if nothing was."""
    remedy: str


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """What was handed in."""

    title: str
    course: str
    assignment: str
    assignment_title: str
    digest: str
    handed_in_at: datetime
    files: tuple[str, ...]
    missing: tuple[str, ...]


class DownloadHandler(LearnerHandler):
    """The assignment as a zip."""

    @authenticated
    async def get(self, course: str, assignment: str) -> None:
        """Send it."""
        found, work = await self.own_work(course, assignment)
        content = await self.compute(assignment_archive, self.portal.site, found.id, self.learner, work.id)
        self.send_file(f"{work.id}.zip", content, "application/zip")


class HandInHandler(LearnerHandler):
    """Take finished files."""

    @authenticated
    async def get(self, course: str, assignment: str) -> None:
        """Show the form."""
        found, work = await self._open_work(course, assignment)
        await self._show(found, work)

    @authenticated
    async def post(self, course: str, assignment: str) -> None:
        """Take what was sent, or say why not."""
        found, work = await self._open_work(course, assignment)
        uploads = [Upload(each["filename"], each["body"]) for each in self.request.files.get("file", [])]
        now = self.portal.now()
        try:
            receipt = await self.compute(hand_in, self.portal.site, found.id, self.learner, work.id, uploads, now=now)
        except SubmissionError as refused:
            await self._show(found, work, refused)
            return
        title, of = self.gettext("Your work is handed in"), work.assessment.title.in_language(self.language)
        page = ReceiptPage(title, found.id, work.id, of, receipt.digest, receipt.handed_in_at, receipt.files, receipt.missing)
        self.show("learner/receipt.html", page)

    async def _open_work(self, course: str, assignment: str) -> tuple[LearnerCourse, Work]:
        found, work = await self.own_work(course, assignment)
        waiting = sum(each.stage is Stage.QUEUED for each in work.state.attempts)
        require_room(is_enrolled=found.is_enrolled, attempts_left=work.attempts_left, waiting=waiting)
        return found, work

    async def _show(self, course: LearnerCourse, work: Work, refused: SubmissionError | None = None) -> None:
        files = await self.compute(released_files, self.portal.site, course.id, work.id)
        title = work.assessment.title.in_language(self.language)
        page = HandInPage(
            title=self.gettext("Hand in “%(title)s”") % {"title": title},
            course=course.id,
            course_title=course.manifest.title.in_language(self.language),
            assignment=work.id,
            work=work,
            files=files,
            megabytes=LARGEST_UPLOAD_BYTES // 2**20,
            is_late=work.due is not None and work.due < self.portal.now(),
            late_policy=course.manifest.late_policy,
            problem=str(refused.problem) if refused else "",
            remedy=str(refused.remedy or "") if refused else "",
        )
        self.show("learner/hand_in.html", page, status=400 if refused else 200)
