"""What a portal does before it answers anybody: the first check of a credential loads libraries and works out the shape of a course's credentials, for a second or two;
the first look at a page compiles it.

What is in memory by then stays there, so Python's collector of garbage is told not to walk through it again and again while visitors wait.
"""

from __future__ import annotations

import contextlib
import gc
from datetime import datetime

from sqlalchemy import Row, select

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.ledger import Credential, open_ledger
from portal.web.public.verdict_words import Reader
from portal.web.public.verify_pages import check_number
from portal.web.rendering import compile_templates

_MOST = 8
"""Of courses, and of status lists."""
_OF_EACH = 6


def warm_up(site: Site, now: datetime) -> int:
    """Check a credential of each of the courses and status lists that have some, up to eight of each, and compile the pages that anybody sees.

    Return of how many. What is wrong with the site shows when somebody asks.
    """
    numbers: list[str] = []
    compile_templates("public/", site.settings.timezone)
    with contextlib.suppress(DiagnosedError):
        numbers = [each.id.removeprefix("urn:uuid:") for each in _some(site, 1)]
        for number in numbers:
            check_number(site, number, now, Reader("en", site.settings.timezone, str))
    gc.collect()
    gc.freeze()
    return len(numbers)


def sample_documents(site: Site) -> list[str]:
    """Return the signed JSON of some credentials of each of these courses and lists: what else this site issued has the same shapes, with a name or without."""
    with contextlib.suppress(DiagnosedError):
        return [each.document for each in _some(site, _OF_EACH)]
    return []


def _some(site: Site, count: int) -> list[Row[str, str]]:
    """Return id and document of so many credentials of each course and of each status list, the latest lists first."""
    wanted = select(Credential.id, Credential.document).where(Credential.document != "").limit(count)
    with open_ledger(site.ledger_url) as session:
        courses = session.scalars(select(Credential.course).distinct().limit(_MOST)).all()
        lists = session.scalars(select(Credential.status_list).distinct().order_by(Credential.status_list.desc()).limit(_MOST)).all()
        found = [row for each in lists for row in session.execute(wanted.where(Credential.status_list == each))]
        found += [row for each in courses for row in session.execute(wanted.where(Credential.course == each))]
    return list({row.id: row for row in found}.values())
