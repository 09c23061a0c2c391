"""Unix accounts and permissions where a hub runs as root, with real users: who reads and writes which part of the site.

| Part | Owner, group, mode | So that |
|---|---|---|
| the site's folder | root:patunay, 1771 | everybody may pass; the portal makes files in it, and cannot replace the next ones |
| `jupyter_config.py`, `nbgrader_config.py`, `patunay.toml`, `people.toml` | root:patunay, 0644 (the last 0640) | what root runs or believes only root writes |
| `hub/` | root, 0700 | its secrets and its database are the hub's |
| `keys/`, the ledger, all else of the site | patunay, 0750 / 0640; keys 0700 / 0600 | only the portal reads them |
| `source_notebooks/COURSE` | patunay:fg-COURSE, 2770 / 0660 | the course's teachers write them |
| `work/COURSE` | patunay:fg-COURSE, 3770 / 0660 | the same; its `nbgrader_config.py` (0640), which the portal runs, and its `releases/` (2750) they only read |
| `exchange/` | root, 1777; a course's: patunay:fg-COURSE, 2775, its `inbound` 2773 | learners fetch and hand in; what others handed in they can neither list nor guess |

A teacher's server gets the course's Unix group when it starts (`portal.hub.local_servers`), by the hub's groups: nobody has to be put into Unix groups. Files that only
their owner reads stay so. Links are never followed.
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

from courses.catalogue import course_ids
from courses.errors import SettingsError
from courses.settings import Site
from portal.hub.configuration import ACCOUNT
from portal.hub.course_databases import make_databases
from portal.hub.server_plan import unix_group

_ROOTS = ("jupyter_config.py", "nbgrader_config.py", "patunay.toml", "people.toml")
_STUB = "# Written anew by `patunay release`.\n"


@dataclass(frozen=True, slots=True)
class Access:
    """Who owns a part of the site, with which modes. Of two that are about one file the one with the longer path counts."""

    path: Path
    uid: int
    gid: int
    mode: int
    """Of the file or folder itself."""
    folder_mode: int = 0
    """Of the folders in it; 0: what is in it is left as it is."""
    file_mode: int = 0


def prepare_site(site: Site) -> list[str]:
    """Make the account and the courses' groups, give every part of the site its owner and mode, and return what was done, a sentence each. For root.

    Raises:
        SettingsError: other users cannot run this Python, or an account or a database cannot be made.
    """
    _require_reachable(Path(sys.executable))
    _require_reachable(site.root)
    done = list(_make_account())
    courses = tuple(course_ids(site.courses))
    for course in courses:
        done += _make_group(unix_group(course))
        _make_course_folders(site, course)
    changed = _give(accesses(site, courses))
    make_databases([site.course_root(course) for course in courses], account=ACCOUNT)
    changed += _give(accesses(site, courses))
    return [*done, f"Owners and permissions of {changed} files and folders were put right."] if changed else done


def count_strayed(site: Site) -> int:
    """Return how many files and folders have other owners or permissions than they should.

    Raises:
        KeyError: the site has no Unix accounts yet.
    """
    return _give(accesses(site, course_ids(site.courses)), look_only=True)


def accesses(site: Site, courses: Iterable[str]) -> Iterator[Access]:
    """Yield who may do what with which part of the site.

    Raises:
        KeyError: there is no such account or group.
    """
    account = pwd.getpwnam(ACCOUNT)
    ours = account.pw_uid, account.pw_gid
    work = site.root / site.settings.paths.work
    apart = {site.exchange, site.root / "hub", site.courses, work, *(site.root / name for name in _ROOTS)}
    yield Access(site.root, 0, ours[1], 0o1771)
    for path in sorted(site.root.iterdir()):
        if path == site.keys:
            yield Access(path, *ours, 0o700, 0o700, 0o600)
        elif path not in apart:
            yield Access(path, *ours, 0o750 if path.is_dir() else 0o640, 0o750, 0o640)
    yield from (Access(site.root / name, 0, ours[1], 0o640 if name == "people.toml" else 0o644) for name in _ROOTS)
    yield from (Access(path, *ours, 0o751) for path in (site.courses, work))
    yield Access(site.exchange, 0, 0, 0o1777)
    for course in courses:
        yield from _course_accesses(site, course, account.pw_uid)


def _course_accesses(site: Site, course: str, uid: int) -> Iterator[Access]:
    gid = grp.getgrnam(unix_group(course)).gr_gid
    root, exchange = site.course_root(course), site.exchange / course
    yield Access(site.courses / course, uid, gid, 0o2770, 0o2770, 0o660)
    yield Access(root, uid, gid, 0o3770, 0o2770, 0o660)
    yield Access(root / "nbgrader_config.py", uid, gid, 0o640)
    yield Access(root / "releases", uid, gid, 0o2750, 0o2750, 0o640)
    yield Access(exchange, uid, gid, 0o2775)
    yield Access(exchange / "outbound", uid, gid, 0o2775, 0o2775, 0o664)
    yield Access(exchange / "feedback", uid, gid, 0o2771, 0o2775, 0o664)
    yield Access(exchange / "inbound", uid, gid, 0o2773)  # what was handed in is its learner's


def _make_account() -> Iterator[str]:
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        _run(
            "useradd",
            "--system",
            "--user-group",
            "--create-home",
            "--home-dir",
            f"/var/lib/{ACCOUNT}",
            "--shell",
            "/usr/sbin/nologin",
            ACCOUNT,
        )
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


def _make_course_folders(site: Site, course: str) -> None:
    """Make what has to be there before others could make it: a course's configuration is Python that the portal runs."""
    root = site.course_root(course)
    root.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(root / "nbgrader_config.py"):
        (root / "nbgrader_config.py").write_text(_STUB, encoding="utf-8")
    for name in ("outbound", "inbound", "feedback"):
        (site.exchange / course / name).mkdir(parents=True, exist_ok=True)


def _give(wanted: Iterable[Access], *, look_only: bool = False) -> int:
    """Give owners and modes, and return how many files and folders had others.

    Each folder is opened once and what is in it is reached through it: whoever may write there cannot put a link in the way meanwhile.
    """
    by_path = {access.path: access for access in wanted}
    changed = 0
    for access in by_path.values():
        changed += _set(str(access.path), None, access, access.mode, look_only=look_only)
        if not access.folder_mode or access.path.is_symlink() or not access.path.is_dir():
            continue
        for folder, folders, files, place in os.fwalk(access.path):
            apart = {name for name in (*folders, *files) if Path(folder, name) in by_path}
            folders[:] = [name for name in folders if name not in apart]
            changed += sum(_set(name, place, access, access.folder_mode, look_only=look_only) for name in folders)
            changed += sum(_set(name, place, access, access.file_mode, look_only=look_only) for name in files if name not in apart)
    return changed


def _set(name: str, place: int | None, access: Access, mode: int, *, look_only: bool) -> int:
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    except OSError:  # a link, a socket, or gone
        return 0
    try:
        state = os.fstat(handle)
        now = stat.S_IMODE(state.st_mode)
        if stat.S_ISREG(state.st_mode):
            if not now & 0o077 and access.folder_mode:
                mode = now  # a secret stays one
            elif now & 0o100:
                mode |= (mode & 0o444) >> 2  # a program stays one
        if (state.st_uid, state.st_gid, now) == (access.uid, access.gid, mode):
            return 0
        if not look_only:
            os.fchown(handle, access.uid, access.gid)
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
