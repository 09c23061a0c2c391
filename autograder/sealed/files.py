"""Lets the tests see the files that the learner's code wrote, and the learner's code those that the tests wrote: each side has a folder of its own.

Rules:
1. Nothing crosses before a test looks: the learner's files are fetched when a test opens, lists or asks for a file that is not the instructor's; the
   tests' files are handed over before the next call if a test has written any.
2. What comes from the learner is data. Files that Python could import never come, none takes the place of an instructor's file, and once a test has read a
   learner's file nothing is unpickled in the examiner and no text of that file is compiled.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.sealed.wire import WireError

_MOST_FILES, _MOST_BYTES, _DEEPEST = 500, 32 * 2**20, 3
_SHORTEST_CODE = 3
_IMPORTABLE = (*importlib.machinery.all_suffixes(), ".pth")
_READING = frozenset(
    {"open", "os.listdir", "os.scandir", "sqlite3.connect", "os.remove", "os.rename", "os.chmod", "shutil.copyfile", "shutil.move"}
)
_WRITING = frozenset(
    {"open", "sqlite3.connect", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "shutil.copyfile", "shutil.move", "shutil.rmtree"}
)

Signature = tuple[int, int, int]
Ask = Callable[..., Any]


class UntrustedFileError(Exception):
    """A test would run what is in a learner's file. Never leaves the examiner's kernel."""


def scan(folder: Path) -> dict[str, Signature]:
    """Return the regular files below `folder` by relative name, with what tells whether they changed. No link is followed; hidden ones are left out."""
    found: dict[str, Signature] = {}
    waiting = [(folder, 0)]
    while waiting and len(found) < _MOST_FILES:
        place, depth = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for each in entries:
                    if each.name.startswith(".") or each.is_symlink() or len(found) >= _MOST_FILES:
                        continue
                    if each.is_dir(follow_symlinks=False):
                        waiting += [(Path(each.path), depth + 1)] if depth < _DEEPEST and each.name != "__pycache__" else []
                    elif each.is_file(follow_symlinks=False):
                        told = each.stat(follow_symlinks=False)
                        found[Path(each.path).relative_to(folder).as_posix()] = (told.st_mtime_ns, told.st_size, told.st_ino)
        except OSError:
            continue
    return found


def changed_files(
    folder: Path, before: dict[str, Signature], *, without: Iterable[str] = ()
) -> tuple[dict[str, bytes | None], dict[str, Signature]]:
    """Return what was written since `before`, by relative name, None for what is gone, and the signatures of now."""
    now = scan(folder)
    left_out = frozenset(without)
    found: dict[str, bytes | None] = {name: None for name in before if name not in now and name not in left_out}
    held = 0
    for name, signature in now.items():
        if before.get(name) == signature or name in left_out or held + signature[1] > _MOST_BYTES:
            continue
        try:
            found[name] = (folder / name).read_bytes()
        except OSError:
            continue
        held += signature[1]
    return found, now


def put_files(folder: Path, files: dict[str, bytes | None]) -> None:
    """Write files below `folder`, or take them away.

    Raises:
        WireError: a name leads somewhere else.
    """
    for name, content in files.items():
        parts = PurePosixPath(name).parts
        if not parts or any(part in {"..", "."} or part.startswith(("/", ".")) or "\0" in part for part in parts):
            raise WireError("a file's name leads out of the folder")
        target = folder.joinpath(*parts)
        if any(each.is_symlink() for each in (target, *target.parents) if each != folder and folder in each.parents):
            raise WireError("a file's name leads over a link")
        try:
            if content is None:
                target.unlink(missing_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                target.write_bytes(content)
        except OSError:
            continue  # one side has a folder where the other has a file: the test will meet it


class FollowedFiles:
    """The examiner's end: watches what tests do with files, and asks the learner's side."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.folder = Path.cwd()
        self._known = scan(self.folder)
        self._own = frozenset(self._known)
        self._learners: dict[str, bytes] = {}
        self._read: dict[str, bytes] = {}
        self._is_stale = self._has_written = self._is_active = self._is_busy = False
        self._thread = threading.get_ident()

    def watch(self) -> None:
        """Watch this process from now on; there is no way back."""
        sys.addaudithook(self._notice)
        look = os.stat

        def stat(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
            self._look(path)
            return look(path, *arguments, **named)

        os.stat = stat

    def begin(self) -> None:
        """A cell begins: the learner's code has run since."""
        self._is_active = self._is_stale = True

    def end(self, *, trusted: bool) -> None:
        """The cell is over. What set-up wrote here, it wrote on the learner's side too."""
        if trusted:
            self._known, self._has_written = scan(self.folder), False
        else:
            self.hand_over()
        self._is_active = False

    def hand_over(self) -> None:
        """Give the learner's side what the test has written since."""
        if not self._has_written or self._is_busy:
            return
        self._is_busy = True
        try:
            written, self._known = changed_files(self.folder, self._known)
            if written:
                self._ask("put files", written)
        finally:
            self._is_busy = False

    @property
    def is_followed(self) -> bool:
        """Whether the tests have written or read what the other side sees too."""
        return self._has_written or bool(self._read)

    def expect_news(self) -> None:
        """The learner's code has run."""
        self._is_stale = True

    def _notice(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_active or self._is_busy or threading.get_ident() != self._thread:
            return
        if event == "pickle.find_class" and self._read:
            raise UntrustedFileError("after a learner's file was read, nothing is unpickled here")
        if event == "compile" and self._read and isinstance(arguments[0], str | bytes):
            self._refuse_code(arguments[0])
        elif event in _READING or event in _WRITING:
            if event in _WRITING and self._is_here(arguments[0]):
                self._has_written = self._has_written or event != "open" or _opens_to_write(arguments)
            if event in _READING:
                self._look(arguments[0])

    def _refuse_code(self, code: str | bytes) -> None:
        text = code if isinstance(code, bytes) else code.encode("utf-8", "surrogatepass")
        if len(text.strip()) >= _SHORTEST_CODE and any(text.strip() in content for content in self._read.values()):
            raise UntrustedFileError("the text of a learner's file is not run here")

    def _is_here(self, path: Any) -> bool:
        return self._name(path) is not None

    def _name(self, path: Any) -> str | None:
        """Return the name below the folder that a path leads to; None if it leads elsewhere. A folder itself is `.`."""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if path is None:
            return "."
        if not isinstance(path, str | os.PathLike):
            return None
        whole = os.path.normpath(os.path.join(self.folder, path))
        return os.path.relpath(whole, self.folder) if whole == str(self.folder) or whole.startswith(f"{self.folder}/") else None

    def _look(self, path: Any) -> None:
        """Fetch the learner's files if the test looks at one that may be theirs."""
        if not self._is_active or self._is_busy or threading.get_ident() != self._thread:
            return
        name = self._name(path)
        if name is None or name in self._own or name.endswith(_IMPORTABLE):
            return
        if self._is_stale:
            self.hand_over()
            self._fetch()
        if name in self._learners:
            self._read[name] = self._learners[name]

    def _fetch(self) -> None:
        self._is_busy, self._is_stale = True, False
        try:
            found = self._ask("files", sorted(self._own))
            if type(found) is not dict or any(
                type(name) is not str or type(content) not in {bytes, type(None)} for name, content in found.items()
            ):
                raise WireError("no files")
            theirs = {name: content for name, content in found.items() if name not in self._own and not name.endswith(_IMPORTABLE)}
            put_files(self.folder, theirs)
            self._learners.update({name: content for name, content in theirs.items() if content is not None})
            now = scan(self.folder)
            self._known.update({name: now[name] for name in theirs if name in now})
        finally:
            self._is_busy = False


def _opens_to_write(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    return any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
