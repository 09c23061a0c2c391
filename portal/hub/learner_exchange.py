"""nbgrader's exchange as a learner's Jupyter server uses it, with the learner's own rights: fetch an assignment, hand it in.

The only file of a learner's server that speaks to nbgrader. What is fetched never overwrites what is there; what is handed in are the files as they were saved last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from courses.errors import ExchangeError


def is_released(course: str, assignment: str) -> bool:
    """Return whether learners can fetch the assignment from the exchange that this server is configured for."""
    return (Path(_configured(course, assignment).Exchange.root) / course / "outbound" / assignment).is_dir()


def fetch(root: Path, course: str, assignment: str) -> bool:
    """Fetch into `root/course/assignment` as nbgrader does, and return whether it is there now."""
    from nbgrader.exchange import ExchangeError as NbgraderExchangeError

    try:
        _plugin("FetchAssignment", root, course, assignment).start()
    except NbgraderExchangeError:
        return False
    return (root / course / assignment).is_dir()


def submit(root: Path, course: str, assignment: str) -> None:
    """Hand `root/course/assignment` in as nbgrader does.

    Raises:
        ExchangeError: it was not taken; the message is nbgrader's.
    """
    from nbgrader.exchange import ExchangeError as NbgraderExchangeError

    try:
        _plugin("Submit", root, course, assignment).start()
    except (NbgraderExchangeError, OSError) as refused:
        raise ExchangeError(str(refused), where=f"{course}/{assignment}") from refused


def _plugin(name: str, root: Path, course: str, assignment: str) -> Any:
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeFactory

    config = _configured(course, assignment)
    config.Exchange.assignment_dir = str(root)
    directory = CourseDirectory(parent=None, config=config)
    return getattr(ExchangeFactory(config=config), name)(coursedir=directory, authenticator=Authenticator(config=config), config=config)


def _configured(course: str, assignment: str) -> Any:
    from nbgrader.apps import NbGrader

    application = NbGrader()
    application.load_config_file()
    config = application.config
    config.CourseDirectory.course_id = course
    config.CourseDirectory.assignment_id = assignment
    return config
