"""Working without Jupyter here: the assignment as a zip, and the form that takes finished files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from autograder.errors import SubmissionError
from portal.attempt_states import Stage
from portal.handing_in import LARGEST_UPLOAD_BYTES, assignment_archive, hand_in, released_files, require_room, wanted_files
from portal.learner_work import LearnerCourse, Work
from portal.uploads import Upload
from portal.web.checking.checkers import Checkers
from portal.web.checking.errors import CheckFailedError, CheckTooMuchError
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
            files = await self._sort_out(found.id, work.id, uploads)
            receipt = await self.compute(hand_in, self.portal.site, found.id, self.learner, work.id, files, now=now)
        except SubmissionError as refused:
            await self._show(found, work, refused)
            return
        title, of = self.gettext("Your work is handed in"), work.assessment.title.in_language(self.language)
        page = ReceiptPage(title, found.id, work.id, of, receipt.digest, receipt.handed_in_at, receipt.files, receipt.missing)
        self.show("learner/receipt.html", page)

    async def _sort_out(self, course: str, assignment: str, uploads: list[Upload]) -> dict[str, bytes]:
        """Return the files of the assignment that are among what was sent, which is read in a process of its own.

        Raises:
            SubmissionError: it is not taken.
        """
        wanted = await self.compute(wanted_files, self.portal.site, course, assignment)
        checkers: Checkers = self.settings["checkers"]
        try:
            return await checkers.sort_out(uploads, wanted, self.portal.now(), learner=self.learner)
        except CheckTooMuchError as too_much:
            raise SubmissionError(
                "to read this takes more memory or time than any notebook needs",
                remedy="Clear its outputs (Kernel, Restart and Clear Outputs), save it and send it again.",
            ) from too_much
        except CheckFailedError as failed:
            raise SubmissionError(
                "your files could not be read just now, and nothing was handed in", remedy="Try again in a minute."
            ) from failed

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
