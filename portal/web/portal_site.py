"""What every handler works with: the site, the clock, where the portal stands, and how people sign in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from courses.settings import Site
from portal.web.checking.checkers import CheckLimits

TRY_OUT_VARIABLE = "PATUNAY_HUB_TRY_OUT"
"""Set in the environment where a hub is tried out, for it and its services."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom one can be while trying the portal out."""

    name: str
    told: str
    """What they do."""
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PortalSite:
    """One running portal."""

    site: Site
    prefix: str = "/"
    """Where its pages begin, with a slash at both ends: `/` alone, `/services/portal/` behind a hub."""
    hub_home: str = ""
    """The hub's own prefix (`/hub/`), empty without a hub: where Jupyter is started."""
    people: tuple[Person, ...] = ()
    """Whom one can be without signing in, see `portal.web.trying_out`; empty where it is meant seriously."""
    is_tried_out: bool = False
    """Whether it is only tried out: links that people follow lead to where the portal is reached now, not to the site's `url`, where nothing is published."""
    now: Callable[[], datetime] = _now
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=4, thread_name_prefix="page"))
    """Where pages are computed: databases and files block."""

    ending: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the portal is told to end: what would go on telling something stops."""

    check_limits: CheckLimits = field(default_factory=CheckLimits)
    """What strangers' files may take."""

    def address(self, *parts: str) -> str:
        """Return the path of a page of this portal; each part is one piece of the path, escaped."""
        return self.prefix + "/".join(quote(part, safe="") for part in parts)
