"""The addresses of these pages, relative to the portal's prefix."""

from __future__ import annotations

from portal.web.public.home import HomeHandler
from portal.web.sign_in import Route

ROUTES: tuple[Route, ...] = ((r"", HomeHandler),)
