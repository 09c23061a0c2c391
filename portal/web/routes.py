"""Every page's address, relative to the portal's prefix: the visitors' tables one after the other."""

from __future__ import annotations

from portal.web.api.routes import ROUTES as API
from portal.web.faculty.routes import ROUTES as FACULTY
from portal.web.learner.routes import ROUTES as LEARNER
from portal.web.office.routes import ROUTES as OFFICE
from portal.web.public.routes import ROUTES as PUBLIC
from portal.web.sign_in import Route

ROUTES: tuple[Route, ...] = (*PUBLIC, *API, *LEARNER, *FACULTY, *OFFICE)
