"""Which Jupyter server somebody gets: the learner's, or, under a course's name, that of its teacher. Pure.

A person has one server of their own, in their own folder, with nbgrader's assignment list for the courses of their groups. Who teaches a course may start another one
under its name (`/hub/spawn/<user>/<course>`), in the site's folder, with formgrader for that course: nothing runs for a course until somebody teaches it, and
nobody's idle one for long.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from portal.web.visitor import Visitor

_GROUP_NAME = re.compile(r"[a-z0-9-]{1,28}")
_SERVER_NAME = re.compile(r"(?!.*--)[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
"""What JupyterHub takes for one (`jupyterhub.slugs.is_valid_safe_slug`)."""
SERVERS = Path(__file__).resolve().parent / "servers"
"""The configuration of both kinds of servers."""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """How somebody's server is started."""

    kind: str
    """`learner` or `teacher`."""
    course: str
    """Whose formgrader it shows; empty for a learner's."""
    default_url: str
    """The first page, relative to the server."""
    folder: str
    """What it shows; empty: the person's own folder."""
    environment: dict[str, str]


def server_name(course: str) -> str:
    """Return the name of a teacher's server for `course`: its id if the hub takes it, otherwise one made of it."""
    if _SERVER_NAME.fullmatch(course):
        return course
    digest = hashlib.sha256(course.encode()).hexdigest()[:6]
    return f"c-{course[:20].strip('-')}-{digest}"


def unix_group(course: str) -> str:
    """Return the name of the Unix group of a course's teachers: at most 31 characters."""
    if _GROUP_NAME.fullmatch(course):
        return f"fg-{course}"
    return f"fg-{course[:20].rstrip('-')}-{hashlib.sha256(course.encode()).hexdigest()[:6]}"


def formgrader_address(hub_home: str, user: str, course: str) -> str:
    """Return the path that starts a teacher's server for `course`, if it does not run, and leads to formgrader; `hub_home` is `/hub/`."""
    who, name = quote(user, safe=""), server_name(course)
    return f"{hub_home}spawn/{who}/{name}?" + urlencode({"next": f"{hub_home.removesuffix('hub/')}user/{who}/{name}/formgrader"})


def assignment_address(hub_home: str, user: str, course: str, assignment: str) -> str:
    """Return the path that starts a learner's server, if it does not run, fetches the assignment if it is not there, and opens it."""
    place = "/".join(quote(part, safe="") for part in (user, "patunay", "open", course, assignment))
    return f"{hub_home}spawn?" + urlencode({"next": f"{hub_home.removesuffix('hub/')}user/{place}"})


def plan_server(visitor: Visitor, name: str, *, root: Path, exchange: Path, servers: Path | str = SERVERS) -> ServerPlan | None:
    """Return how the server `name` (empty: their own) of `visitor` is started, None if they may not have it.

    Args:
        servers: where the servers' machine has the two kinds' configuration (in a container: where the image has it).
    """
    common = {"PATUNAY_EXCHANGE": str(exchange)}
    if not name:
        return ServerPlan("learner", "", "/lab", "", common | {"JUPYTER_CONFIG_PATH": f"{servers}/learner"})
    course = _course_of(name, visitor.teaches)
    if course is None:
        return None
    environment = common | {"JUPYTER_CONFIG_PATH": f"{servers}/teacher:{root}", "PATUNAY_COURSE": course}
    return ServerPlan("teacher", course, "/formgrader", str(root), environment)


def _course_of(name: str, courses: Iterable[str]) -> str | None:
    return next((course for course in courses if server_name(course) == name), None)
