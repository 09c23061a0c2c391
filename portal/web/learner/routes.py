"""The addresses of these pages, relative to the portal's prefix."""

from __future__ import annotations

from portal.web.learner.asking import AskHandler, RequestsHandler
from portal.web.learner.course import CourseHandler
from portal.web.learner.handing_in import DownloadHandler, HandInHandler
from portal.web.learner.learner_handler import COURSE, SEGMENT
from portal.web.learner.my_courses import MyCoursesHandler
from portal.web.learner.result import AttemptFileHandler, AttemptHandler, ResultHandler
from portal.web.sign_in import Route

_WORK = rf"my/{COURSE}/{SEGMENT}"

ROUTES: tuple[Route, ...] = (
    (r"my", MyCoursesHandler),
    (r"my/requests", RequestsHandler),
    (r"my/requests/new", AskHandler),
    (rf"my/{COURSE}", CourseHandler),
    (_WORK, ResultHandler),
    (rf"{_WORK}/download", DownloadHandler),
    (rf"{_WORK}/hand-in", HandInHandler),
    (rf"{_WORK}/attempts/(\d{{1,6}})", AttemptHandler),
    (rf"{_WORK}/attempts/(\d{{1,6}})/files/(.+)", AttemptFileHandler),
)
