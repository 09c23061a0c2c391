"""The addresses of these pages, relative to the portal's prefix."""

from __future__ import annotations

from portal.web.office.batch_check import CheckFileHandler, CheckHandler
from portal.web.office.batch_page import (
    ApproveHandler,
    BatchEventsHandler,
    BatchFileHandler,
    BatchHandler,
    IssueHandler,
    ReturnHandler,
    SampleHandler,
)
from portal.web.office.batches import BatchesHandler
from portal.web.office.eligibility import EligibilityFileHandler, EligibilityHandler
from portal.web.sign_in import Route

ROUTES: tuple[Route, ...] = (
    (r"office/courses/([^/]+)", EligibilityHandler),
    (r"office/courses/([^/]+)/eligibility\.(csv|xlsx)", EligibilityFileHandler),
    (r"office/courses/([^/]+)/check", CheckHandler),
    (r"office/courses/([^/]+)/check\.(csv|xlsx)", CheckFileHandler),
    (r"office/batches", BatchesHandler),
    (r"office/batches/([0-9a-f-]{8,36})", BatchHandler),
    (r"office/batches/([0-9a-f-]{8,36})/approve", ApproveHandler),
    (r"office/batches/([0-9a-f-]{8,36})/return", ReturnHandler),
    (r"office/batches/([0-9a-f-]{8,36})/issue", IssueHandler),
    (r"office/batches/([0-9a-f-]{8,36})/events", BatchEventsHandler),
    (r"office/batches/([0-9a-f-]{8,36})/sample", SampleHandler),
    (r"office/batches/([0-9a-f-]{8,36})/rows\.(csv|xlsx)", BatchFileHandler),
)
