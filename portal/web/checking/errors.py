"""Why the check of what a stranger sent came to no result.

CheckFailedError                  status: of the answer
├── DeskBusyError                 too many wait
├── CheckTooLongError             it took too long, and was ended
├── CheckTooMuchError             it wanted more memory or processor time than a credential needs
└── CheckBrokenOffError           its process ended before it had answered
"""

from __future__ import annotations

from typing import ClassVar

from courses.errors import DiagnosedError

_ASK_FOR_JSON = "ask the holder for the credential as a JSON file."


class CheckFailedError(DiagnosedError):
    """A check came to no result. That says nothing of the credential."""

    status: ClassVar[int] = 503
    """Of the answer in HTTP."""


class DeskBusyError(CheckFailedError):
    """Too many credentials wait to be checked."""

    def __init__(self) -> None:
        super().__init__("too many credentials wait to be checked, or this one takes too long", remedy="Try again in a minute.")


class CheckTooLongError(CheckFailedError):
    """A check took too long, and its process was ended."""

    def __init__(self) -> None:
        super().__init__("the check took too long, and was ended", remedy=f"Try again in a minute. If it happens again, {_ASK_FOR_JSON}")


class CheckTooMuchError(CheckFailedError):
    """To read this takes more memory or processor time than a credential needs."""

    status = 400

    def __init__(self) -> None:
        problem = "to read this takes more memory or time than any credential needs, so it was given up"
        super().__init__(problem, remedy=f"Do not open the file; {_ASK_FOR_JSON}")


class CheckBrokenOffError(CheckFailedError):
    """The process of a check ended before it had answered: it was killed, or something broke in it."""

    def __init__(self) -> None:
        super().__init__("the check broke off, and nothing was found out", remedy=f"Try it once more. If it happens again, {_ASK_FOR_JSON}")
