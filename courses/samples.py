"""Where the sample courses are that come with Patunay."""

from __future__ import annotations

from pathlib import Path

from courses.errors import UnknownCourseError

_PACKAGE = Path(__file__).resolve().parent


def samples_folder() -> Path:
    """Return the folder with the sample courses: of the repository, or of the installed package.

    Raises:
        UnknownCourseError: the installation is incomplete.
    """
    for folder in (_PACKAGE.parent / "source_notebooks", _PACKAGE / "samples"):
        if any(folder.glob("*/course.toml")):
            return folder
    raise UnknownCourseError("the sample courses are missing from this installation", where=str(_PACKAGE), remedy="Install Patunay again.")
