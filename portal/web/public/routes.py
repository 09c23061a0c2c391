"""The addresses of these pages, relative to the portal's prefix. Those of achievements, status lists and DID documents stand in credentials: they never change."""

from __future__ import annotations

from portal.web.public.achievement_pages import AchievementHandler, OutcomeHandler, PictureHandler
from portal.web.public.catalogue import CatalogueHandler
from portal.web.public.course_page import CourseHandler, SampleHandler
from portal.web.public.credential_page import SharedCredentialHandler, SharedFileHandler
from portal.web.public.home import HomeHandler
from portal.web.public.issuer_files import DidDocumentHandler, StatusHandler
from portal.web.public.small_files import RobotsHandler
from portal.web.public.trust import TrustHandler
from portal.web.public.verify_pages import CertificatePictureHandler, NumberHandler, VerifyHandler
from portal.web.sign_in import Route

ROUTES: tuple[Route, ...] = (
    (r"", HomeHandler),
    (r"courses", CatalogueHandler),
    (r"courses/([^/]+)", CourseHandler),
    (r"courses/([^/]+)/sample", SampleHandler),
    (r"achievements/([^/]+)/([^/]+)", AchievementHandler),
    (r"achievements/([^/]+)/([^/]+)/outcomes/([^/]+)", OutcomeHandler),
    (r"achievements/([^/]+)/([^/]+)/([^/]+)", PictureHandler),
    (r"verify", VerifyHandler),
    (r"verify/([^/]+)", NumberHandler),
    (r"verify/([^/]+)/certificate\.png", CertificatePictureHandler),
    (r"c/([^/]+)", SharedCredentialHandler),
    (r"c/([^/]+)/credential\.json", SharedFileHandler),
    (r"trust", TrustHandler),
    (r"\.well-known/did\.json", DidDocumentHandler),
    (r"did\.json", DidDocumentHandler),
    (r"status/(.+)", StatusHandler),
    (r"robots\.txt", RobotsHandler),
)
