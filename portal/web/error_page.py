"""The page that says what went wrong, and what to do now. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from courses.errors import DiagnosedError, StorageError


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


def status_of(error: BaseException | None) -> int | None:
    """Return the HTTP status of a diagnosed problem: what our own disk or database refuses is no fault of who asked; None for any other error."""
    if isinstance(error, StorageError):
        return 503
    return 400 if isinstance(error, DiagnosedError) else None


def error_page(status: int, error: BaseException | None, gettext: Callable[[str], str], *, is_staff: bool = False) -> ErrorPage:
    """Return the page for an HTTP status; a diagnosed problem tells itself, anything else only its kind.

    Args:
        is_staff: whether the reader works here, and is told what the disk or the database says; nobody else is.
    """
    _ = gettext
    if isinstance(error, StorageError) and not is_staff:
        return ErrorPage(
            status,
            _("That cannot be read or written down just now"),
            _("Nothing that was kept before is lost. What you sent a moment ago may not have been taken."),
            _("Try again in a few minutes. If it stays so, tell the people who run this site."),
        )
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
