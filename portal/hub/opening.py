"""A server extension of learners' Jupyter servers: one address opens one assignment, fetched first if it is not there yet.

`<server>/patunay/open/COURSE/ASSIGNMENT` is where the portal's links lead. It runs as the learner, with the learner's rights: it can fetch what they could fetch by
hand, and never overwrites what they have.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from courses.errors import NameRefusedError
from courses.names import course_id, path_segment


class OpenHandler(JupyterHandler):
    """Opens an assignment in JupyterLab."""

    @authenticated
    async def get(self, course: str, assignment: str) -> None:
        """Fetch the assignment if it is not there, and go to its first notebook."""
        try:
            course_id(course)
            path_segment(assignment, what="an assignment")
        except NameRefusedError as refused:
            raise HTTPError(404) from refused
        root = Path(self.settings["server_root_dir"]).expanduser()
        folder = root / course / assignment
        if not folder.is_dir():
            fetched = await asyncio.get_running_loop().run_in_executor(None, _fetch, root, course, assignment)
            if not fetched:
                raise HTTPError(
                    404, f"{assignment} of {course} is not there to fetch: it is not released, or the course is not one of yours."
                )
        notebooks = sorted(path.name for path in folder.glob("*.ipynb"))
        parts = [course, assignment, *notebooks[:1]]
        self.redirect(url_path_join(self.base_url, "lab/tree", *(quote(part) for part in parts)))


def _fetch(root: Path, course: str, assignment: str) -> bool:
    """Fetch as nbgrader does, and return whether it is there now."""
    from nbgrader.apps import NbGrader
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeError, ExchangeFactory

    application = NbGrader()
    application.load_config_file()
    config = application.config
    config.CourseDirectory.course_id = course
    config.CourseDirectory.assignment_id = assignment
    config.Exchange.assignment_dir = str(root)
    directory = CourseDirectory(parent=None, config=config)
    fetching = ExchangeFactory(config=config).FetchAssignment(
        coursedir=directory, authenticator=Authenticator(config=config), config=config
    )
    try:
        fetching.start()
    except ExchangeError:
        return False
    return (root / course / assignment).is_dir()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say that this module is a server extension."""
    return [{"module": "portal.hub.opening"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the address to the server."""
    pattern = url_path_join(server.web_app.settings["base_url"], r"patunay/open/([^/]+)/([^/]+)/?")
    server.web_app.add_handlers(".*", [(pattern, OpenHandler)])
