"""A server extension of learners' Jupyter servers: the way from the portal to an assignment, and back.

`<server>/patunay/open/COURSE/ASSIGNMENT` is where the portal's links lead: it opens the assignment in JupyterLab, fetched first if it is not there yet.
`<server>/patunay/hand-in/COURSE/ASSIGNMENT` is what the button *Hand in* of a notebook asks (`servers/learner/labextensions`). Both run as the learner, with the
learner's rights: they can do what the learner could do by hand, and never overwrite what they have.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from courses.errors import ExchangeError, NameRefusedError
from courses.names import course_id, path_segment
from portal.hub.learner_exchange import fetch, is_released, submit

_LANGUAGE_COOKIE = "patunay-language"
"""Set by the portal where somebody chooses a language (`portal.web.page_handler`)."""


class _AssignmentHandler(JupyterHandler):
    """What is about one assignment."""

    @property
    def root(self) -> Path:
        """The folder that this server shows."""
        return Path(self.settings["server_root_dir"]).expanduser()

    def require_names(self, course: str, assignment: str) -> None:
        """Return if they could be a course and an assignment.

        Raises:
            HTTPError: 404.
        """
        try:
            course_id(course)
            path_segment(assignment, what="an assignment")
        except NameRefusedError as refused:
            raise HTTPError(404) from refused

    async def beside(self, work: Callable[..., Any], *arguments: object) -> Any:
        """Return what `work` returns, done beside the loop that serves notebooks."""
        return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)


class OpenHandler(_AssignmentHandler):
    """Opens an assignment in JupyterLab."""

    @authenticated
    async def get(self, course: str, assignment: str) -> None:
        """Fetch the assignment if it is not there, and go to its first notebook."""
        self.require_names(course, assignment)
        folder = self.root / course / assignment
        if not folder.is_dir() and not await self.beside(fetch, self.root, course, assignment):
            raise HTTPError(404, f"{assignment} of {course} is not there to fetch: it is not released, or the course is not one of yours.")
        notebooks = sorted(path.name for path in folder.glob("*.ipynb"))
        parts = [course, assignment, *notebooks[:1]]
        self.redirect(url_path_join(self.base_url, "lab/tree", *(quote(part) for part in parts)))


class HandInHandler(_AssignmentHandler, APIHandler):
    """Hands an assignment in, as it was saved last."""

    @authenticated
    async def get(self, course: str, assignment: str) -> None:
        """Say where the portal has the assignment, and which language was chosen there (empty: none); 404 if it is none."""
        self.require_names(course, assignment)
        if not await self.beside(is_released, course, assignment):
            raise HTTPError(404, f"{course} has released no {assignment}")
        self.finish({"portal": portal_address("my", course, assignment), "language": self.get_cookie(_LANGUAGE_COOKIE) or ""})

    @authenticated
    async def post(self, course: str, assignment: str) -> None:
        """Hand it in, and say where its grading is seen."""
        self.require_names(course, assignment)
        try:
            await self.beside(submit, self.root, course, assignment)
        except ExchangeError as refused:
            raise HTTPError(409, str(refused.problem)) from refused
        self.finish({"portal": portal_address("my", course, assignment)})


def portal_address(*parts: str) -> str:
    """Return the path of a page of the portal on the hub that started this server."""
    return url_path_join(os.environ.get("JUPYTERHUB_BASE_URL", "/"), "services/portal", *(quote(part, safe="") for part in parts))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say that this module is a server extension."""
    return [{"module": "portal.hub.opening"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the addresses to the server, and tell JupyterLab where the portal is."""
    base = server.web_app.settings["base_url"]
    names = r"([^/]+)/([^/]+)/?"
    routes = [(rf"patunay/open/{names}", OpenHandler), (rf"patunay/hand-in/{names}", HandInHandler)]
    server.web_app.add_handlers(".*", [(url_path_join(base, pattern), handler) for pattern, handler in routes])
    server.web_app.settings.setdefault("page_config_data", {})["patunayPortal"] = portal_address("my")
