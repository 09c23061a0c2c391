"""Which names are safe. Every name that comes from outside passes here before it becomes a path or an identifier.

Courses and versions are ours to name, so their rule is narrow. Assignments, notebooks and learners are named by nbgrader's users, who use
spaces, accents and apostrophes, so there we refuse only what would leave its folder, hide, or break the exchange's `+`-separated names.
"""

from __future__ import annotations

import re

from courses.errors import NameRefusedError
from courses.visible_text import is_unseen

COURSE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_MAXIMUM_LENGTH = 120


def course_id(name: str) -> str:
    """Return `name` if it is a course id: lower-case words joined by hyphens.

    Raises:
        NameRefusedError: it is not.
    """
    if len(name) > _MAXIMUM_LENGTH or not COURSE_ID.fullmatch(name):
        raise NameRefusedError(
            f"{name!r} is no course id", remedy="Use lower-case letters, digits and single hyphens, such as data-cleaning."
        )
    return name


def path_segment(name: str, *, what: str) -> str:
    """Return `name` if it is one harmless path segment: an assignment, a notebook, a learner, a file.

    Raises:
        NameRefusedError: it is empty, hidden, too long, has a separator, a `+`, or a character that is not seen or turns the reading round.
    """
    refused = (
        not name
        or name != name.strip()
        or name.startswith(".")
        or len(name.encode("utf-8", "surrogatepass")) > 2 * _MAXIMUM_LENGTH
        or any(character in '/\\+:*?"<>|' or is_unseen(character) for character in name)
    )
    if refused:
        raise NameRefusedError(
            f"{name!r} cannot be the name of {what}",
            remedy="Use a name without slashes, plus signs, wildcards, leading dots, control characters, and characters that are not seen or turn the reading round.",
        )
    return name
