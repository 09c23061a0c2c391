"""The addresses of these pages, relative to the portal's prefix."""

from __future__ import annotations

from portal.web.office.audit_page import AuditFileHandler, AuditHandler
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
from portal.web.office.credential_page import (
    CorrectHandler,
    CredentialFileHandler,
    CredentialHandler,
    ReinstateHandler,
    RenewHandler,
    WithdrawHandler,
)
from portal.web.office.decisions import DecideHandler, DecisionsHandler
from portal.web.office.eligibility import EligibilityFileHandler, EligibilityHandler
from portal.web.office.overview import OverviewHandler
from portal.web.office.quality import QualityHandler, ReviewPackHandler
from portal.web.office.register import RegisterFileHandler, RegisterHandler
from portal.web.office.request_pages import RequestHandler, RequestsHandler
from portal.web.office.site_pages import ExportsHandler, HealthHandler, KeysHandler, PeopleHandler
from portal.web.office.withdrawing_many import ManyHandler
from portal.web.sign_in import Route

_UUID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
ROUTES: tuple[Route, ...] = (
    (r"office", OverviewHandler),
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
    (r"office/register", RegisterHandler),
    (r"office/register\.(csv|xlsx)", RegisterFileHandler),
    (r"office/register/many", ManyHandler),
    (rf"office/register/{_UUID}", CredentialHandler),
    (rf"office/register/{_UUID}/withdraw", WithdrawHandler),
    (rf"office/register/{_UUID}/reinstate", ReinstateHandler),
    (rf"office/register/{_UUID}/correct", CorrectHandler),
    (rf"office/register/{_UUID}/renew", RenewHandler),
    (rf"office/register/{_UUID}/file\.(json|pdf|png)", CredentialFileHandler),
    (r"office/decisions", DecisionsHandler),
    (rf"office/decisions/{_UUID}", DecideHandler),
    (r"office/requests", RequestsHandler),
    (rf"office/requests/{_UUID}", RequestHandler),
    (r"office/audit", AuditHandler),
    (r"office/audit\.(csv|xlsx)", AuditFileHandler),
    (r"office/keys", KeysHandler),
    (r"office/people", PeopleHandler),
    (r"office/exports", ExportsHandler),
    (r"office/health", HealthHandler),
    (r"office/quality", QualityHandler),
    (r"office/quality/([^/]+)/review-pack", ReviewPackHandler),
)
