"""What all handlers of pages share: who asks, in which language, safe headers, one way to show a page and one to refuse.

Without a hub nobody is signed in, unless the portal is tried out with invented people (`portal.web.trying_out`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cached_property, partial
from types import TracebackType
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

from tornado.web import HTTPError, RequestHandler

from courses.errors import DiagnosedError, StorageError
from portal.web.access_log import log_fault
from portal.web.error_page import ErrorPage, error_page, status_of
from portal.web.language import choose_language, translations
from portal.web.negotiation import prefers_json
from portal.web.portal_site import PortalSite
from portal.web.rendering import FormToken, Frame, render
from portal.web.visitor import NOBODY, Role, Visitor, visitor_of

P = ParamSpec("P")
T = TypeVar("T")

LANGUAGE_COOKIE = "patunay-language"
TRY_OUT_COOKIE = "patunay-try-out"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}


class PageHandler(RequestHandler):
    """A page, or what a form of it does."""

    portal: PortalSite
    is_for_machines = False
    """Whether only programs without cookies ask: then a hub has no part in it."""
    is_live = False
    """Whether the answer goes on until the visitor leaves."""

    def initialize(self, portal: PortalSite) -> None:
        """Take what every handler works with."""
        self.portal = portal

    def set_default_headers(self) -> None:
        """Set the headers that every answer has."""
        self.clear_header("Server")
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def compute_etag(self) -> str | None:
        """Return what names this very answer, None for a page: nobody keeps it, so nobody asks whether it changed."""
        return None if self._headers.get("Cache-Control") == "no-store" else super().compute_etag()

    def get_current_user(self) -> Any:
        """Return a model of the visitor as a hub gives it (that of the hub's own class goes before this one), None for nobody."""
        name = (self.get_signed_cookie(TRY_OUT_COOKIE) or b"").decode("utf-8", "replace")
        person = next((each for each in self.portal.people if each.name == name), None)
        return {"name": person.name, "groups": person.groups} if person else None

    def get_login_url(self) -> str:
        """Return where one signs in.

        Raises:
            HTTPError: 403: nobody can here; or a script or a picture asks, which cannot sign in: it would be sent round in circles.
        """
        if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            raise HTTPError(403)
        if self.portal.hub_home:  # the hub's own class, which goes before this one, asks for its address in this way
            return super().get_login_url()
        if not self.portal.people:
            raise HTTPError(403)
        return f"{self.portal.prefix}sign-in"

    def set_cookie(self, name: str, value: str | bytes, *arguments: Any, **how: Any) -> None:
        """Set a cookie; where the visitor came by TLS, one that never goes without it."""
        if self.request.protocol == "https":  # with the outermost proxy: see `portal.web.forwarded`
            how.setdefault("secure", True)
        super().set_cookie(name, value, *arguments, **how)

    @property
    def visitor(self) -> Visitor:
        """Who asks."""
        model = self.current_user
        if not model:
            return NOBODY
        return visitor_of(str(model["name"]), [str(each) for each in model.get("groups", [])], is_admin=bool(model.get("admin")))

    @cached_property
    def language(self) -> str:
        """The language of the answer."""
        return choose_language(
            self.get_query_argument("lang", ""), self.get_cookie(LANGUAGE_COOKIE) or "", self.request.headers.get("Accept-Language", "")
        )

    @cached_property
    def gettext(self) -> Callable[[str], str]:
        """What returns a text in the language of the answer."""
        return translations(self.language).gettext

    def require(self, *roles: Role) -> Visitor:
        """Return the visitor, who has one of `roles` (any signed-in person where none is named).

        Raises:
            HTTPError: 403; who is not signed in is sent to the sign-in by `tornado.web.authenticated`.
        """
        visitor = self.visitor
        if not visitor.is_signed_in or (roles and not visitor.may(*roles)):
            raise HTTPError(403)
        return visitor

    def require_teacher(self, course: str) -> Visitor:
        """Return the visitor, who teaches `course`.

        Raises:
            HTTPError: 403.
        """
        visitor = self.visitor
        if course not in visitor.teaches:
            raise HTTPError(403)
        return visitor

    async def head(self, *arguments: str, **named: str) -> None:
        """Answer as to GET, without the content (RFC 9110, 9.3.2): for who checks whether a link still leads somewhere.

        Raises:
            HTTPError: 405: the answer to GET does not end by itself.
        """
        if self.is_live:
            raise HTTPError(405)
        answered = self.get(*arguments, **named)
        if answered is not None:
            await answered

    async def compute(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `work` returns, computed beside the loop that serves other visitors."""
        return await asyncio.get_running_loop().run_in_executor(self.portal.workers, partial(work, *arguments, **named))

    def show(self, template: str, page: object, *, status: int = 200) -> None:
        """Answer with a page."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Language", self.language)
        self.set_header("Vary", "Accept-Language, Cookie")
        if self.get_query_argument("lang", "") == self.language:
            place = self.portal.hub_home.removesuffix("hub/") or self.portal.prefix  # the hub's own pages speak the same language
            self.set_cookie(LANGUAGE_COOKIE, self.language, path=place, max_age=31_536_000, httponly=True, samesite="Lax")
        self.finish(render(template, page, self._frame(), timezone=self.portal.site.settings.timezone))

    def log_exception(self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Write down a fault of ours; what a page refused is in the line about its answer. Neither has a word of what was asked."""
        if isinstance(value, StorageError) or not isinstance(value, HTTPError | DiagnosedError):
            log_fault(self, typ, tb)

    def write_error(self, status_code: int, **how: Any) -> None:
        """Answer with a page that says what went wrong and what to do; a fault of ours is logged and never shown."""
        error = how.get("exc_info", (None, None, None))[1]
        status_code = status_of(error) or status_code
        is_staff = bool(self.visitor.teaches) or self.visitor.is_staff
        page: ErrorPage = error_page(status_code, error, self.gettext, is_staff=is_staff)
        if self.is_for_machines or prefers_json(self.request.headers.get("Accept", "")):
            self.set_status(status_code)
            self.set_header("Content-Type", "application/json; charset=utf-8")
            self.finish(json.dumps({"problem": page.told, "remedy": page.remedy}, ensure_ascii=False))
            return
        self.show("error.html", page, status=status_code)

    def _frame(self) -> Frame:
        portal = self.portal
        path = self.request.path
        arguments = [(name, value) for name, values in self.request.query_arguments.items() if name != "lang" for value in values]
        if arguments:
            path += "?" + urlencode(arguments)
        return Frame(
            institution=portal.site.settings.issuer.name,
            site_name=portal.site.settings.name,
            prefix=portal.prefix,
            language=self.language,
            visitor=self.visitor,
            path=path,
            sign_in=self.sign_in_address(),
            sign_out=f"{portal.hub_home}logout" if portal.hub_home else f"{portal.prefix}sign-out",
            jupyter=f"{portal.hub_home}spawn" if portal.hub_home else "",
            xsrf_token=FormToken(lambda: self.xsrf_token),
            stylesheets=self._addresses_of("vendor/pico.min.css", "patunay.css"),
            scripts=self._addresses_of("vendor/htmx.min.js", "patunay.js"),
        )

    def _addresses_of(self, *names: str) -> tuple[str, ...]:
        """Return the addresses of files that browsers keep, which are worked out once."""
        kept: dict[tuple[str, ...], tuple[str, ...]] = self.settings.setdefault("static_addresses", {})
        if names not in kept:
            kept[names] = tuple(self.static_url(name) for name in names)
        return kept[names]

    def link(self, *parts: str) -> str:
        """Return the whole address of a page, for who is given it: below the site's `url`, while trying out where this request came."""
        if self.portal.is_tried_out:
            return f"{self.request.protocol}://{self.request.host}{self.portal.address(*parts)}"
        return self.portal.site.published(*parts)

    def sign_in_address(self) -> str:
        """Return where one signs in, empty if nobody can."""
        return f"{self.portal.prefix}sign-in" if self.portal.hub_home or self.portal.people else ""
