"""The application: every page's address in one table."""

from __future__ import annotations

import secrets
from pathlib import Path

from tornado.web import Application, StaticFileHandler

from portal.web import routes
from portal.web.access_log import address_shapes, log_answer
from portal.web.checking.checkers import Checkers
from portal.web.compressing import PackedAnswers
from portal.web.page_handler import PageHandler
from portal.web.portal_site import PortalSite
from portal.web.sign_in import alone, behind_hub

STATIC = Path(__file__).resolve().parent / "static"
MAXIMUM_BODY_BYTES = 32 * 2**20
"""What a form may send: a notebook with its files, or a credential."""


class LongLivedFiles(StaticFileHandler):
    """Files whose address has their hash in it."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - tornado gives it
        """Let browsers keep a file whose address names its content."""
        self.set_header("X-Content-Type-Options", "nosniff")
        if self.get_query_argument("v", ""):
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")


class NoSuchPage(PageHandler):
    """Every address that is none."""

    def prepare(self) -> None:
        """Answer with the page for it."""
        self.send_error(404)

    def check_xsrf_cookie(self) -> None:
        """Ask for no token: there is nothing to do here, and that is what has to be said."""


def make_application(portal: PortalSite, *, cookie_secret: bytes = b"") -> Application:
    """Return the portal as a tornado application.

    Args:
        cookie_secret: signs cookies; empty: a new one, so that everybody signs in anew after a restart.
    """
    secret = cookie_secret or secrets.token_bytes(32)
    table = [(portal.prefix + path, handler) for path, handler in routes.ROUTES]
    handlers = behind_hub(table, portal, secret) if portal.hub_home else alone(table, portal)
    return Application(
        [*handlers, (portal.prefix + r"static/(.*)", LongLivedFiles, {"path": str(STATIC)}), (r".*", NoSuchPage, {"portal": portal})],
        static_path=str(STATIC),
        static_url_prefix=f"{portal.prefix}static/",
        cookie_secret=secret,
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Lax", "path": portal.prefix},
        transforms=[PackedAnswers],
        autoreload=False,
        max_body_size=MAXIMUM_BODY_BYTES,
        log_function=log_answer,
        address_shapes=address_shapes(path for path, _ in routes.ROUTES),
        checkers=Checkers(portal.site.root, portal.check_limits),
    )
