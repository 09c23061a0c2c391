"""Options and arguments that many commands share, and what they stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from courses.settings import Site

SiteOption = Annotated[
    Path, typer.Option("--site", help="The site's folder (with patunay.toml). Default: the nearest one upwards.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
CourseArgument = Annotated[str, typer.Argument(help="The course's id: its folder under source_notebooks/.", show_default=False)]
NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[COURSE] [ASSIGNMENT]...",
        help="In a site: the course, then assignments. With --root: assignments.",
        show_default=False,
    ),
]
ByOption = Annotated[str, typer.Option("--by", help="Your name, for the record.", show_default=False)]

HERE = Path()


def site_at(folder: Path) -> Site:
    """Return the site in or above `folder`, which must be there: a mistyped folder is not taken for one further up."""
    from courses.errors import SettingsError
    from courses.settings import load_site

    if not folder.is_dir():
        raise SettingsError(
            "there is no such folder", where=str(folder), remedy="Give the site's folder, the one with patunay.toml, with --site."
        )
    return load_site(folder)


def now() -> datetime:
    """Return the time. Only commands ask it; everything below gets it as an argument."""
    return datetime.now(UTC)
