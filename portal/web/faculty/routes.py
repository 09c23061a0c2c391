"""The addresses of these pages, relative to the portal's prefix."""

from __future__ import annotations

from portal.web.faculty.dashboard import ReportHandler, RunHandler
from portal.web.faculty.faculty_handler import COURSE, SEGMENT
from portal.web.faculty.gate_page import GatePageHandler
from portal.web.faculty.grading import GradingHandler, ReviewHandler
from portal.web.faculty.items import ItemHandler, ItemsFileHandler, ItemsHandler
from portal.web.faculty.learner import LearnerHandler
from portal.web.faculty.learners import LearnersHandler
from portal.web.faculty.regrade import DecideHandler, RegradeHandler
from portal.web.faculty.release import CheckHandler, PublishHandler, ReleaseHandler, ReviewStepHandler
from portal.web.faculty.similarity import PairHandler, SimilarityHandler
from portal.web.faculty.teaching import TeachingHandler
from portal.web.sign_in import Route

ROUTES: tuple[Route, ...] = (
    (r"teach", TeachingHandler),
    (rf"teach/{COURSE}", RunHandler),
    (rf"teach/{COURSE}/report", ReportHandler),
    (rf"teach/{COURSE}/learners", LearnersHandler),
    (rf"teach/{COURSE}/learners/{SEGMENT}", LearnerHandler),
    (rf"teach/{COURSE}/grading", GradingHandler),
    (rf"teach/{COURSE}/grading/test", ReviewHandler),
    (rf"teach/{COURSE}/items", ItemsHandler),
    (rf"teach/{COURSE}/items\.csv", ItemsFileHandler),
    (rf"teach/{COURSE}/items/{SEGMENT}/{SEGMENT}", ItemHandler),
    (rf"teach/{COURSE}/similarity", SimilarityHandler),
    (rf"teach/{COURSE}/similarity/{SEGMENT}/([0-9]{{1,4}})", PairHandler),
    (rf"teach/{COURSE}/regrade", RegradeHandler),
    (rf"teach/{COURSE}/regrade/decide", DecideHandler),
    (rf"teach/{COURSE}/release", ReleaseHandler),
    (rf"teach/{COURSE}/release/check", CheckHandler),
    (rf"teach/{COURSE}/release/publish", PublishHandler),
    (rf"teach/{COURSE}/release/gate/(check|released)", GatePageHandler),
    (rf"teach/{COURSE}/release/(submit|comment|approve|return)", ReviewStepHandler),
)
