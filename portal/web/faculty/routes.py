"""The addresses of these pages, relative to the portal's prefix."""

from __future__ import annotations

from portal.web.sign_in import Route

ROUTES: tuple[Route, ...] = ()
