from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import InvalidRequestError

from courses.databases import diagnosed_database, open_engine, without_password
from courses.errors import StorageError


def test_sqlite_is_set_to_survive_a_crash_and_to_keep_references(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()


def test_who_opens_a_new_database_waits_for_who_writes_to_it(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # where SQLite's own patience does not hold
    other.execute("CREATE TABLE t (n)")
    later = threading.Timer(0.3, other.execute, ["COMMIT"])
    later.start()
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}?timeout=120")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("SELECT * FROM t")).all() == []
    later.join()
    engine.dispose()
    other.close()


def test_who_waits_too_long_for_a_new_database_is_told(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}?timeout=0.2")
    with pytest.raises(StorageError, match="locked by another process"), diagnosed_database("x.db"), engine.connect():
        pass
    engine.dispose()
    other.close()


def use(url: str, statement: str) -> None:
    engine = create_engine(url, connect_args={"timeout": 0.2})
    try:
        with diagnosed_database(url), engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def test_a_locked_database_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (n)")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StorageError, match=r"locked by another process\nWait until that process is done"):
            use(f"sqlite:///{path}", "INSERT INTO t VALUES (1)")
    finally:
        other.close()


def test_a_damaged_file_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database " * 100)
    with pytest.raises(StorageError, match=r"x\.db: the file is not a database"):
        use(f"sqlite:///{tmp_path / 'x.db'}", "SELECT * FROM t")
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StorageError, match="not a database"), diagnosed_database("x.db"), engine.connect():
        pass
    engine.dispose()


def test_a_missing_folder_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened for writing\nCheck that its folder exists"):
        use(f"sqlite:///{tmp_path / 'none' / 'x.db'}", "SELECT 1")


def test_a_database_of_another_version_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"of another version\n.*nbgrader db upgrade"):
        use(f"sqlite:///{tmp_path / 'x.db'}", "SELECT * FROM grade")


def test_a_full_database_is_said_in_words(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    try:
        with pytest.raises(StorageError, match="the disk is full"), diagnosed_database("x.db"), engine.connect() as connection:
            connection.execute(text("PRAGMA max_page_count = 3"))
            connection.execute(text("CREATE TABLE t (n)"))
            connection.execute(text("INSERT INTO t VALUES (zeroblob(1000000))"))
    finally:
        engine.dispose()


def test_our_own_mistakes_are_not_taken_for_the_databases(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError), diagnosed_database("x"):
        raise InvalidRequestError("a session was used wrongly")
    with pytest.raises(KeyError), diagnosed_database("x"):
        raise KeyError("x")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db.example/x", "postgresql://me@db.example/x"),
        ("postgresql://me:se@cret@db.example/x", "postgresql://me@db.example/x"),
        ("sqlite:////srv/ledger.db", "sqlite:////srv/ledger.db"),
        ("/srv/a@b/grading.db", "/srv/a@b/grading.db"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
