"""Keeps databases open between one use and the next, in a program that runs for long: opening one anew costs many times what is asked of it.

Only while `keeping_databases` lasts, which a server says; a command opens and closes as ever. Rules:
- A file that was put in the place of another (a backup that came back) is another database: what is kept of the old one is closed.
- A forked process opens its own: a connection belongs to who made it.
- What has to be looked at before use (its version, its tables) is looked at when it is opened, not at every use.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from courses.databases import open_engine

_FILE = "sqlite:///"
_ABSENT = (-1, -1)


@dataclass(frozen=True, slots=True)
class _Kept:
    engine: Engine
    identity: tuple[int, ...]
    """Process, device and file number: what makes it this database."""


class _Shelf:
    """What this process keeps open."""

    def __init__(self) -> None:
        self.uses = 0
        """How many servers of this process want databases kept."""
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], _Kept] = {}

    def take(self, kind: str, url: str, make: Callable[[str], Engine], prepare: Callable[[Engine], None]) -> Engine:
        with self._lock:
            kept = self._kept.get((kind, url))
            if kept is not None and kept.identity == _identity(url):
                return kept.engine
            if kept is not None:
                kept.engine.dispose(close=kept.identity[0] == os.getpid())  # connections of another process are not ours to close
                del self._kept[kind, url]
            before = _identity(url)  # a file that is put in its place meanwhile is noticed next time
            engine = make(url)
            try:
                prepare(engine)
            except BaseException:
                engine.dispose()
                raise
            self._kept[kind, url] = _Kept(engine, _identity(url) if before[1:] == _ABSENT else before)
            return engine

    def clear(self) -> None:
        with self._lock:
            for kept in self._kept.values():
                kept.engine.dispose(close=kept.identity[0] == os.getpid())
            self._kept.clear()


_SHELF = _Shelf()


@contextlib.contextmanager
def keeping_databases() -> Iterator[None]:
    """Keep databases that `open_database` opens open, until this ends."""
    _SHELF.uses += 1
    try:
        yield
    finally:
        _SHELF.uses -= 1
        if not _SHELF.uses:
            _SHELF.clear()


def are_databases_kept() -> bool:
    """Whether `open_database` keeps them open."""
    return _SHELF.uses > 0


@contextlib.contextmanager
def open_database(
    url: str, *, kind: str, prepare: Callable[[Engine], None], make: Callable[[str], Engine] = open_engine
) -> Iterator[Engine]:
    """Yield an engine for the database at `url` that `prepare` has looked at. It is closed afterwards, unless databases are kept.

    Args:
        kind: what the database is to who opens it: one is kept of each kind and address.
        make: opens it.
    """
    if _SHELF.uses:
        yield _SHELF.take(kind, url, make, prepare)
        return
    engine = make(url)
    try:
        prepare(engine)
        yield engine
    finally:
        engine.dispose()


def _identity(url: str) -> tuple[int, ...]:
    if not url.startswith(_FILE):
        return (os.getpid(),)
    try:
        status = os.stat(url.removeprefix(_FILE).partition("?")[0])
    except OSError:
        return (os.getpid(), *_ABSENT)
    return (os.getpid(), status.st_dev, status.st_ino)
