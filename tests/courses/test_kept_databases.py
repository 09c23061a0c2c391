"""Databases that a server keeps open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from courses.databases import diagnosed_database
from courses.errors import StorageError
from courses.kept_databases import are_databases_kept, keeping_databases, open_database


def _tables(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS word (text VARCHAR)")


def _add(url: str, word: str) -> None:
    with open_database(url, kind="words", prepare=_tables) as engine, engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO word VALUES (?)", (word,))


def _words(url: str) -> list[str]:
    with open_database(url, kind="words", prepare=_tables) as engine, engine.connect() as connection:
        return sorted(connection.exec_driver_sql("SELECT text FROM word").scalars())


def _refuse(_engine: Engine) -> None:
    raise StorageError("not this one")


def test_a_database_is_opened_once_while_it_is_kept_and_anew_each_time_otherwise(tmp_path: Path) -> None:
    url, opened = f"sqlite:///{tmp_path / 'a.db'}", list[Engine]()

    def use() -> Engine:
        with open_database(url, kind="words", prepare=opened.append) as engine:
            return engine

    assert use() is not use()
    with keeping_databases():
        assert are_databases_kept()
        assert use() is use()
    assert not are_databases_kept()
    assert len(opened) == 3
    with keeping_databases():
        assert use() is not opened[-2]


def test_a_file_in_the_place_of_another_is_another_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    url, backup = f"sqlite:///{path}", tmp_path / "backup.db"
    _add(url, "before")
    shutil.copy(path, backup)
    with keeping_databases():
        _add(url, "after")
        assert _words(url) == ["after", "before"]
        for each in tmp_path.glob("a.db*"):
            each.unlink()
        backup.rename(path)
        assert _words(url) == ["before"]


def test_what_could_not_be_prepared_is_not_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with keeping_databases():
        with pytest.raises(StorageError, match="not this one"), open_database(url, kind="words", prepare=_refuse):
            pass
        _add(url, "now")
        assert _words(url) == ["now"]


def test_what_is_written_beside_the_server_is_seen_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with keeping_databases():
        _add(url, "ours")
        with open_database(url, kind="another program", prepare=_tables) as engine, engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO word VALUES ('theirs')")
        assert _words(url) == ["ours", "theirs"]


def test_a_forked_process_opens_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with keeping_databases():
        _add(url, "parent")
        with open_database(url, kind="words", prepare=_tables) as ours:
            child = os.fork()
            if not child:
                status = 1
                try:
                    with open_database(url, kind="words", prepare=_tables) as theirs:
                        status = 0 if theirs is not ours else 2
                    _add(url, "child")
                finally:
                    os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert _words(url) == ["child", "parent"]


def test_a_lock_is_told_in_words_while_databases_are_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}?timeout=0"
    with keeping_databases():
        _add(url, "first")
        with open_database(url, kind="other", prepare=_tables) as engine, engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="locked"), diagnosed_database(url):
                _add(url, "second")
