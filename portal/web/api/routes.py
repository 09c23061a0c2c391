"""The addresses of what programs ask, relative to the portal's prefix. They are described in `openapi.json`."""

from __future__ import annotations

from portal.web.api.health import HealthHandler
from portal.web.api.issuing import VcIssueHandler, VcStatusHandler
from portal.web.api.openapi import OpenApiHandler
from portal.web.api.verifying import VcVerifyHandler
from portal.web.sign_in import Route

ROUTES: tuple[Route, ...] = (
    (r"healthz", HealthHandler),
    (r"openapi\.json", OpenApiHandler),
    (r"credentials/verify", VcVerifyHandler),
    (r"credentials/issue", VcIssueHandler),
    (r"credentials/status", VcStatusHandler),
)
