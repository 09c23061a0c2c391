"""What a portal does before it answers anybody: the first check of a credential loads libraries and works out the shape of a course's credentials, for a second or two.

What is in memory by then stays there, so Python's collector of garbage is told not to walk through it again and again while visitors wait.
"""

from __future__ import annotations

import contextlib
import gc
from datetime import datetime

from sqlalchemy import select

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.ledger import Credential, open_ledger
from portal.web.public.verify_pages import check_number

_SHAPES = 8
_OF_A_COURSE = 6


def warm_up(site: Site, now: datetime) -> int:
    """Check a credential of each of the courses that have some, up to eight; return of how many. What is wrong with the site shows when somebody asks."""
    numbers: list[str] = []
    with contextlib.suppress(DiagnosedError):
        numbers = _some(site)
        for number in numbers:
            check_number(site, number, now, "en", str)
    gc.collect()
    gc.freeze()
    return len(numbers)


def sample_documents(site: Site) -> list[str]:
    """Return the signed JSON of some credentials of each of the courses that have any, up to eight: what else this site issued has the same shapes, with a name or without."""
    with contextlib.suppress(DiagnosedError), open_ledger(site.ledger_url) as session:
        courses = session.scalars(select(Credential.course).distinct().limit(_SHAPES)).all()
        is_there = Credential.document != ""
        return [
            document
            for course in courses
            for document in session.scalars(select(Credential.document).where(Credential.course == course, is_there).limit(_OF_A_COURSE))
        ]
    return []


def _some(site: Site) -> list[str]:
    with open_ledger(site.ledger_url) as session:
        courses = session.scalars(select(Credential.course).distinct().limit(_SHAPES)).all()
        some = [session.scalars(select(Credential.id).where(Credential.course == course).limit(1)).first() for course in courses]
    return [each.removeprefix("urn:uuid:") for each in some if each]
