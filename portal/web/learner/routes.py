"""The addresses of these pages, relative to the portal's prefix."""

from __future__ import annotations

from portal.web.learner.asking import AskHandler, RequestsHandler
from portal.web.learner.course import CourseHandler
from portal.web.learner.credentials import ClaimHandler, CredentialFileHandler, CredentialHandler, CredentialsHandler
from portal.web.learner.events import EventsHandler
from portal.web.learner.handing_in import DownloadHandler, HandInHandler
from portal.web.learner.learner_handler import COURSE, SEGMENT
from portal.web.learner.my_courses import MyCoursesHandler
from portal.web.learner.my_data import DataFileHandler, DataHandler
from portal.web.learner.name import NameHandler, PreviewHandler
from portal.web.learner.record import RecordFileHandler, RecordHandler, SharedRecordHandler
from portal.web.learner.result import AttemptFileHandler, AttemptHandler, ResultHandler
from portal.web.learner.wallet import WalletDocumentHandler, WalletExchangeHandler, WalletHandler
from portal.web.sign_in import Route

_WORK = rf"my/{COURSE}/{SEGMENT}"
_CREDENTIAL = r"my/credentials/([0-9a-f-]{36})"

ROUTES: tuple[Route, ...] = (
    (r"my", MyCoursesHandler),
    (r"my/requests", RequestsHandler),
    (r"my/requests/new", AskHandler),
    (r"my/credentials", CredentialsHandler),
    (_CREDENTIAL, CredentialHandler),
    (rf"{_CREDENTIAL}/claim", ClaimHandler),
    (rf"{_CREDENTIAL}/wallet", WalletHandler),
    (rf"{_CREDENTIAL}/files/([a-z-]{{3,8}})", CredentialFileHandler),
    (r"my/record", RecordHandler),
    (r"my/record/clr", RecordFileHandler),
    (r"record/([A-Za-z0-9_-]{43})", SharedRecordHandler),
    (r"my/data", DataHandler),
    (r"my/data/download", DataFileHandler),
    (r"wallet/([A-Za-z0-9_-]{20,600})", WalletDocumentHandler),
    (r"wallet/([A-Za-z0-9_-]{20,600})/exchange", WalletExchangeHandler),
    (rf"my/{COURSE}", CourseHandler),
    (rf"my/{COURSE}/name", NameHandler),
    (rf"my/{COURSE}/name/preview\.png", PreviewHandler),
    (_WORK, ResultHandler),
    (rf"{_WORK}/events", EventsHandler),
    (rf"{_WORK}/download", DownloadHandler),
    (rf"{_WORK}/hand-in", HandInHandler),
    (rf"{_WORK}/attempts/(\d{{1,6}})", AttemptHandler),
    (rf"{_WORK}/attempts/(\d{{1,6}})/files/(.+)", AttemptFileHandler),
)
