"""The page that says what went wrong, and what to do now. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from courses.errors import DiagnosedError


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong."""

    status: int
    title: str
    told: str
    remedy: str
    """Empty where only the page's own advice fits."""
    is_core: bool = False
    """Whether the core said it."""


def error_page(status: int, error: BaseException | None, gettext: Callable[[str], str]) -> ErrorPage:
    """Return the page for an HTTP status; a diagnosed problem tells itself, anything else only its kind."""
    _ = gettext
    if isinstance(error, DiagnosedError):
        return ErrorPage(status, _("That did not work"), str(error.problem), str(error.remedy), is_core=True)
    if status == 404:
        return ErrorPage(
            status,
            _("There is no such page"),
            _("The address leads nowhere: it may be mistyped, or the page was taken down by its owner."),
            _("Begin at the start page, or check a credential there."),
        )
    if status == 403:
        return ErrorPage(
            status,
            _("This page is not for you"),
            _("You are not signed in, or your account may not see this."),
            _("Sign in with the right account, or ask the people who run this site."),
        )
    if status in {400, 405, 413}:
        return ErrorPage(
            status,
            _("That did not work"),
            _("The form was sent incompletely, twice, or from a page that was open too long."),
            _("Go back, load the page again, and try once more."),
        )
    return ErrorPage(
        status,
        _("Something broke on our side"),
        _("Nothing that you handed in is lost. The people who run this site can see what happened."),
        _("Try again in a few minutes."),
    )
