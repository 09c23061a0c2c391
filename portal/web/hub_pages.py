"""The hub's own pages that people see, in the portal's words: signing in, Jupyter that starts, stops, runs no more or failed, and errors.

The hub's templates (`portal/hub/templates`) hand over what they were given, and the hub's function `static_url`, which knows the request. Each page has all that it needs
in it (style and script by their hashes, nothing else may run), because it is there while the portal is not; it works without JavaScript, but for the bar that shows how far a server is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from markupsafe import Markup

from portal.web.error_page import ErrorPage, error_page
from portal.web.language import DEFAULT, LANGUAGES, choose_language, translations
from portal.web.page_handler import LANGUAGE_COOKIE
from portal.web.rendering import TEMPLATES, FormToken, Frame, render
from portal.web.visitor import NOBODY

Gettext = Callable[[str], str]
_LONGEST_DETAIL = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """What went wrong, in one language."""

    language: str
    error: ErrorPage
    back: str


@dataclass(frozen=True, slots=True)
class HubPage:
    """One page; of the fields after `is_told_language` each template uses its own."""

    title: str
    policy: str
    """The content security policy; empty where an authenticator brings HTML of its own."""
    style: Markup
    script: Markup
    is_told_language: bool
    """Whether the browser's wish is known: the proxy asks for some pages in its own name."""
    action: str = ""
    error: str = ""
    is_error_english: bool = False
    name: str = ""
    otp: str = ""
    service: str = ""
    own_html: Markup | str = ""
    events: str = ""
    start: str = ""
    is_failed: bool = False
    sign_in: str = ""
    status: int = 0
    parts: tuple[Part, ...] = ()
    detail: str = ""
    """What the hub says, in English."""


@dataclass(frozen=True, slots=True)
class HubPages:
    """Makes the pages of one site's hub; its methods are called by the hub's templates, with `static_url` first."""

    institution: str
    site_name: str
    timezone: str

    def sign_in(self, static_url: Any, **how: Any) -> Markup:
        """Return where one signs in.

        Args:
            how: the variables of JupyterHub's `login.html`: custom_html, login_service, login_error, authenticator_login_url, username, authenticator.
        """
        asked, error = Asked(static_url), str(how["login_error"] or "")
        gettext = asked.gettext
        known = _sign_in_errors(gettext).get(error.rstrip("."))
        authenticator = how["authenticator"]
        changed: dict[str, Any] = {"policy": ""} if how["custom_html"] else {}
        page = asked.page(
            gettext("Sign in to {site}").format(site=self.site_name),
            action=asked.in_language(str(how["authenticator_login_url"])),
            error=known or error,
            is_error_english=known is None and asked.language != DEFAULT,
            name=str(how["username"] or ""),
            otp=str(authenticator.otp_prompt) if getattr(authenticator, "request_otp", False) else "",
            service=str(how["login_service"] or ""),
            own_html=Markup(how["custom_html"] or ""),  # noqa: S704 - the authenticator's own, as JupyterHub shows it
            **changed,
        )
        return self._render("sign_in", page, asked)

    def starting(self, static_url: Any, events: str) -> Markup:
        """Return what is seen while a server starts; `events` is where its progress is told."""
        asked = Asked(static_url)
        return self._render("starting", asked.page(asked.gettext("Jupyter starts"), events=events, script=_script()), asked)

    def stopping(self, static_url: Any) -> Markup:
        """Return what is seen while a server stops."""
        asked = Asked(static_url)
        return self._render("stopping", asked.page(asked.gettext("Jupyter stops"), script=_script()), asked)

    def not_running(self, static_url: Any, start: str, *, failed: Any, detail: Any) -> Markup:
        """Return what is seen where no server runs, or one did not start; `start` starts it."""
        asked, is_failed = Asked(static_url), bool(failed)
        title = asked.gettext("Jupyter did not start") if is_failed else asked.gettext("Jupyter does not run now")
        page = asked.page(title, start=asked.going_on(start), is_failed=is_failed, detail=str(detail or "")[:_LONGEST_DETAIL])
        return self._render("not_running", page, asked)

    def error(self, static_url: Any, status: int, detail: Any) -> Markup:
        """Return what went wrong; in every language where nobody told which."""
        asked = Asked(static_url)
        languages = (asked.language,) if asked.is_told_language else tuple(LANGUAGES)
        starting = asked.is_the_proxys and status == 404  # it knows of nothing yet, not even of the hub's own page for this
        parts = tuple(_part(language, 503 if starting else status) for language in languages)
        page = asked.page(parts[0].error.title, status=status, parts=parts, detail=str(detail or "")[:_LONGEST_DETAIL])
        return self._render("error", page, asked)

    def signed_out(self, static_url: Any, sign_in: str) -> Markup:
        """Return what is seen after signing out where the institution's login would sign in again at once."""
        asked = Asked(static_url)
        return self._render("signed_out", asked.page(asked.gettext("You are signed out"), sign_in=sign_in), asked)

    def _render(self, name: str, page: HubPage, asked: Asked) -> Markup:
        hub = asked.hub_home
        frame = Frame(
            institution=self.institution,
            site_name=self.site_name,
            prefix=f"{hub.removesuffix('hub/')}services/portal/",
            language=asked.language,
            visitor=NOBODY,
            path=asked.path,
            sign_in=f"{hub}login",
            sign_out=f"{hub}logout",
            jupyter=f"{hub}spawn",
            xsrf_token=FormToken(lambda: bytes(asked.handler.xsrf_token)),
            stylesheets=(),
            scripts=(),
        )
        return Markup(render(f"hub/{name}.html", page, frame, timezone=self.timezone))  # noqa: S704 - rendered with everything escaped


class Asked:
    """Who asks for a page of the hub's: its request handler, which the hub gives its templates as the owner of `static_url`."""

    def __init__(self, static_url: Any) -> None:
        self.handler = static_url.__self__
        headers = self.handler.request.headers
        query = dict(parse_qsl(urlsplit(self.handler.request.uri).query))
        wish, kept, accepted = query.get("lang", ""), self.handler.get_cookie(LANGUAGE_COOKIE) or "", headers.get("Accept-Language", "")
        self.language = choose_language(wish, kept, accepted)
        self.is_told_language = bool(wish or kept or accepted)
        self._wish = wish if wish in LANGUAGES else ""
        self._next = query.get("next", "")

    @property
    def hub_home(self) -> str:
        """The hub's prefix, `/hub/`."""
        return str(self.handler.hub.base_url)

    @property
    def is_the_proxys(self) -> bool:
        """Whether the proxy asks, for somebody's page that it could not get."""
        return str(urlsplit(self.handler.request.uri).path).startswith(f"{self.hub_home}error/")

    @property
    def path(self) -> str:
        """This page's path and query, without the language."""
        asked = urlsplit(self.handler.request.uri)
        kept = [(name, value) for name, value in parse_qsl(asked.query) if name not in {"lang", "_xsrf"}]
        return f"/{asked.path.lstrip('/')}" + (f"?{urlencode(kept)}" if kept else "")

    def gettext(self, text: str) -> str:
        """Return `text` in the language of the page."""
        return translations(self.language).gettext(text)

    def in_language(self, address: str) -> str:
        """Return an address of the hub's that answers in the language which was asked for by this page's."""
        return f"{address}{'&' if '?' in address else '?'}lang={self._wish}" if self._wish else address

    def going_on(self, start: str) -> str:
        """Return the address that starts a server and then goes on to where this page's was to lead: the hub forgets it."""
        return f"{start}?{urlencode({'next': self._next})}" if self._next and "?" not in start else start

    def page(self, title: str, *, script: Markup | None = None, **fields: Any) -> HubPage:
        """Return a page for who asks."""
        fields.setdefault("policy", policy(_style(), script or ""))
        return HubPage(title=title, style=_style(), script=script or Markup(), is_told_language=self.is_told_language, **fields)


def policy(style: str, script: str) -> str:
    """Return the content security policy of a page with this style and this script in it (CSP level 3, 6.7.3.3): nothing else is loaded or runs."""
    scripts = f"script-src {_hash(script)}; " if script else ""
    return f"default-src 'none'; style-src {_hash(style)}; {scripts}img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


@cache
def _style() -> Markup:
    return Markup((TEMPLATES / "hub" / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


@cache
def _script() -> Markup:
    return Markup((TEMPLATES / "hub" / "script.js").read_text(encoding="utf-8"))  # noqa: S704 - our own file


def _part(language: str, status: int) -> Part:
    gettext = translations(language).gettext
    return Part(language, hub_error(status, gettext), gettext("To the start page"))


def hub_error(status: int, gettext: Gettext) -> ErrorPage:
    """Return what is said of an HTTP status of the hub's: as the portal says it, but for a part that does not answer."""
    if status in {502, 503, 504}:
        return ErrorPage(
            status,
            gettext("This part does not answer just now"),
            gettext("It is being started again, or it has a lot to do. Nothing that you handed in is lost."),
            gettext("Load the page again in a minute. If it was Jupyter, open your assignment again from your courses."),
        )
    return error_page(status, None, gettext)


def _sign_in_errors(gettext: Gettext) -> dict[str, str]:
    """Return what JupyterHub says of a sign-in that failed, without its full stop, in the page's language."""
    return {
        "Invalid username or password": gettext("Invalid username or password"),
        "Login form invalid or expired. Try again": gettext("This page was open too long, or in two windows. Try again."),
    }
