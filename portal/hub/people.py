"""Who is in which group when the hub starts: `people.toml` of the site, one line a group.

    patunay-admin = ["reyes"]
    nbgrader-data-cleaning-with-pandas = ["ana", "ben"]

The hub adds them and removes nobody: its administrators do that on its own page (`/hub/admin`), where they also add people while it runs.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from courses.errors import SettingsError
from portal.hub.hub_settings import groups_of

FILE_NAME = "people.toml"


def load_people(path: Path, courses: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the names of each group in the file, none if there is no file.

    Raises:
        SettingsError: it is no TOML, a group is unknown, or it does not list names.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(
            f"this is no TOML: {wrong}", where=str(path), remedy='Write lines such as patunay-admin = ["reyes"].'
        ) from wrong
    return {group: _names(path, group, names, groups_of(courses)) for group, names in table.items()}


def _names(path: Path, group: str, names: object, known: Sequence[str]) -> tuple[str, ...]:
    if group not in known:
        near = difflib.get_close_matches(group, known, n=1)
        raise SettingsError(
            f"there is no group {group!r}",
            where=str(path),
            remedy=f"Did you mean {near[0]}?" if near else f"Groups here: {', '.join(known)}.",
        )
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise SettingsError(f"{group} does not list names", where=str(path), remedy=f'Write {group} = ["ana", "ben"].')
    return tuple(dict.fromkeys(name.strip() for name in names))
