"""Unix accounts and permissions where a hub runs as root, with real users: who reads and writes which part of the site.

| Part | Owner, group, mode | Who |
|---|---|---|
| the site's folder | patunay, 0751 | everybody may pass, the portal writes |
| `keys/`, databases of the site, all else of it | patunay, 0750 / 0640, keys 0700 / 0600 | the portal alone |
| `source_notebooks/COURSE`, `work/COURSE` | patunay:fg-COURSE, 2770 / 0660 | the portal, and teachers of the course |
| `exchange/` | 1777; a course's: patunay:fg-COURSE, 2775, its `inbound` 2773 | learners fetch and hand in; what others handed in they can neither list nor guess |
| `hub/` | root, 0700 | the hub alone: its secrets and its database |

A teacher's server gets the course's Unix group when it starts (`portal.hub.local_servers`), by the hub's groups: nobody has to be put into Unix groups. Files with mode 0600
are secrets and stay so. Links are never followed.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.nbgrader_database import open_gradebook
from autograder.records import open_records
from courses.catalogue import course_ids
from courses.errors import SettingsError
from courses.nbgrader_course import open_course
from courses.settings import Site
from portal.hub.configuration import ACCOUNT
from portal.hub.server_plan import unix_group


@dataclass(frozen=True, slots=True)
class Access:
    """Owner, group and modes of a folder and all in it."""

    path: Path
    uid: int
    gid: int
    folder_mode: int
    file_mode: int


def prepare_site(site: Site) -> list[str]:
    """Make the account and the courses' groups, give every part of the site its owner and mode, and return what was done, a sentence each. For root.

    Raises:
        SettingsError: other users cannot run this Python, or an account cannot be made.
        StorageError: a database of a course cannot be made.
    """
    _require_reachable(Path(sys.executable))
    _require_reachable(site.root)
    done = list(_make_account())
    courses = tuple(course_ids(site.courses))
    for course in courses:
        done += _make_group(unix_group(course))
        _make_databases(site.course_root(course))
    changed = sum(_give(access) for access in accesses(site, courses))
    changed += sum(_set(path, uid, gid, mode) for path, uid, gid, mode in _single(site, courses))
    return [*done, f"Owners and permissions of {changed} files and folders were put right."] if changed else done


def accesses(site: Site, courses: Iterable[str]) -> Iterator[Access]:
    """Yield who may do what with which part of the site, the whole before its parts."""
    account = pwd.getpwnam(ACCOUNT)
    ours = {site.exchange.name, "hub"}
    for path in sorted(site.root.iterdir()):
        if path.name not in ours:
            private = path == site.keys
            yield Access(path, account.pw_uid, account.pw_gid, 0o700 if private else 0o750, 0o600 if private else 0o640)
    for course in courses:
        gid = grp.getgrnam(unix_group(course)).gr_gid
        for path in (site.courses / course, site.course_root(course)):
            yield Access(path, account.pw_uid, gid, 0o2770, 0o660)
        yield Access(site.exchange / course, account.pw_uid, gid, 0o2775, 0o664)


def _single(site: Site, courses: Iterable[str]) -> Iterator[tuple[Path, int, int, int]]:
    account = pwd.getpwnam(ACCOUNT)
    yield site.root, account.pw_uid, account.pw_gid, 0o751
    for passed in (site.courses, site.root / site.settings.paths.work):
        yield passed, account.pw_uid, account.pw_gid, 0o751
    for readable in ("patunay.toml", "jupyter_config.py", "nbgrader_config.py"):
        yield site.root / readable, account.pw_uid, account.pw_gid, 0o644
    yield site.exchange, account.pw_uid, account.pw_gid, 0o1777
    for course in courses:
        gid = grp.getgrnam(unix_group(course)).gr_gid
        for name, mode in (("inbound", 0o2773), ("outbound", 0o2775), ("feedback", 0o2771)):
            yield site.exchange / course / name, account.pw_uid, gid, mode


def _make_account() -> Iterator[str]:
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        _run("useradd", "--system", "--create-home", "--home-dir", f"/var/lib/{ACCOUNT}", "--shell", "/usr/sbin/nologin", ACCOUNT)
        yield f"Made the Unix account {ACCOUNT}: the portal runs as it, and the site is its."


def _make_group(name: str) -> list[str]:
    done = []
    try:
        members = grp.getgrnam(name).gr_mem
    except KeyError:
        _run("groupadd", "--system", name)
        done.append(f"Made the Unix group {name}.")
        members = []
    if ACCOUNT not in members:
        _run("usermod", "--append", "--groups", name, ACCOUNT)
    return done


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SettingsError(
            f"{command[0]} failed: {done.stderr.strip()}",
            where=" ".join(command),
            remedy="Make it by hand, then run the same command again.",
        )


def _make_databases(course_root: Path) -> None:
    """Make the course's databases now, so that both the portal and the teachers can write them whoever comes first."""
    course_root.mkdir(parents=True, exist_ok=True)
    if not (course_root / "nbgrader_config.py").is_file():
        return
    with open_gradebook(open_course(course_root)), open_records(course_root):
        pass


def _give(access: Access) -> int:
    """Set owners and modes of all under the folder, and return how many were otherwise."""
    if access.path.is_symlink() or not access.path.exists():
        return 0
    if not access.path.is_dir():
        return _set(access.path, access.uid, access.gid, _file_mode(access.path, access.file_mode))
    changed = _set(access.path, access.uid, access.gid, access.folder_mode)
    inbound = access.path / "inbound"
    for folder, folders, files in os.walk(access.path):
        here = Path(folder)
        if here == inbound:  # what was handed in is its learner's
            folders.clear()
            continue
        changed += sum(_set(here / name, access.uid, access.gid, access.folder_mode) for name in folders)
        changed += sum(_set(here / name, access.uid, access.gid, _file_mode(here / name, access.file_mode)) for name in files)
    return changed


def _file_mode(path: Path, mode: int) -> int:
    """Return the mode for a file: secrets stay secret, programs stay programs."""
    now = stat.S_IMODE(path.lstat().st_mode)
    if not now & 0o077:
        return now
    return mode | ((mode & 0o444) >> 2 if now & 0o100 else 0)


def _set(path: Path, uid: int, gid: int, mode: int) -> int:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # a link, or gone by now
        return 0
    try:
        state = os.fstat(handle)
        if (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) == (uid, gid, mode):
            return 0
        os.fchown(handle, uid, gid)
        os.fchmod(handle, mode)  # after the owner: changing that clears the set-group-id bit
        return 1
    finally:
        os.close(handle)


def _require_reachable(path: Path) -> None:
    """Return if every user can get to `path`, and through the links on the way.

    Raises:
        SettingsError: a folder on the way lets only its owner pass.
    """
    for way in (path, path.resolve()):
        for folder in way.parents:
            if not folder.stat().st_mode & stat.S_IXOTH:
                raise SettingsError(
                    f"other Unix users cannot pass {folder}, so they cannot use {path}",
                    where="patunay hub",
                    remedy="Put the site and Python's environment where everybody can go, such as /srv and /opt (with the system's Python: /usr/bin/python3 -m venv /opt/patunay),"
                    " or try it out with --try-out.",
                )
