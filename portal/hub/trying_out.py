"""Who there is when a hub is tried out: somebody for each office, a teacher, and learners, with one password for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from courses.catalogue import course_ids
from courses.settings import load_site
from portal.hub.secret_files import hub_folder, kept_secret, new_password
from portal.invented_learners import LEARNERS
from portal.web.trying_out import people_of


def password_file(root: Path) -> Path:
    """Return where the password is kept."""
    return hub_folder(root) / "try-out-password"


def try_out_password(root: Path) -> str:
    """Return the password, made the first time."""
    return kept_secret(password_file(root), new_password)


def people_to_try(root: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the invented people by group: those of `patunay serve --try-out`, and two new learners of every course."""
    site = load_site(root)
    courses = course_ids(site.courses)
    groups: dict[str, list[str]] = {f"nbgrader-{course}": list(LEARNERS) for course in courses}
    groups |= {f"formgrade-{course}": ["faculty"] for course in courses}
    for person in people_of(site):
        for group in person.groups:
            names = groups.setdefault(group, [])
            if person.name not in names and group.removeprefix("nbgrader-").removeprefix("formgrade-") in {*courses, group}:
                names.append(person.name)
    return {group: tuple(names) for group, names in groups.items()}
