"""One row with one query, beside the ordinary sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, bindparam, func, select

from courses.databases import diagnosed_database, open_engine
from courses.errors import StorageError
from courses.quick_reading import first_row, open_reading_engine
from tests.postgresql_server import new_database, running_server

_WORDS = Table("word", MetaData(), Column("number", Integer, primary_key=True), Column("text", String(20)))
_BY_NUMBER = select(_WORDS.c.text, _WORDS.c.number).where(_WORDS.c.number == bindparam("wanted"))
_BY_BOTH = select(_WORDS.c.number).where(_WORDS.c.text == bindparam("text"), _WORDS.c.number == bindparam("wanted"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield filled(f"sqlite:///{tmp_path_factory.mktemp('words') / 'a.db'}")
        return
    with running_server() as server:
        yield filled(new_database(server))


def filled(url: str) -> str:
    engine = open_engine(url)
    _WORDS.metadata.create_all(engine)
    write(engine, 1, "isa")
    write(engine, 2, "dalawa")
    engine.dispose()
    return url


def write(engine: Engine, number: int, text: str) -> None:
    with engine.begin() as connection:
        connection.execute(_WORDS.insert().values(number=number, text=text))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_reading_engine(url)
    yield opened
    opened.dispose()


def test_the_row_of_a_value_is_found_and_none_where_there_is_none(engine: Engine) -> None:
    assert first_row(engine, _BY_NUMBER, {"wanted": 2}) == ("dalawa", 2)
    assert first_row(engine, _BY_NUMBER, {"wanted": 7}) is None
    assert first_row(engine, _BY_BOTH, {"wanted": 1, "text": "isa"}) == (1,)
    assert first_row(engine, _BY_BOTH, {"text": "isa' or '1'='1", "wanted": 1}) is None


def test_what_somebody_wrote_meanwhile_is_seen_by_the_next_query(engine: Engine, url: str) -> None:
    writing, number = open_engine(url), 30
    assert first_row(engine, _BY_NUMBER, {"wanted": number}) is None
    write(writing, number, "tatlumpu")
    assert first_row(engine, _BY_NUMBER, {"wanted": number}) == ("tatlumpu", number)
    writing.dispose()


def test_a_query_that_the_database_refuses_is_told_in_words(engine: Engine) -> None:
    nowhere = select(Table("nowhere", MetaData(), Column("number", Integer)).c.number)
    with pytest.raises(StorageError, match=r"of another version|database refuses"), diagnosed_database("here"):
        first_row(engine, nowhere, {})
    assert first_row(engine, _BY_NUMBER, {"wanted": 1}) == ("isa", 1)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True, scope="module")
def test_a_server_that_was_started_anew_is_no_error_of_who_comes_next(engine: Engine) -> None:
    asked = first_row(engine, select(func.pg_backend_pid()), {})
    assert asked is not None
    other = open_engine(engine.url.render_as_string(hide_password=False))
    with other.connect() as connection:  # returns when the server's end of the connection is gone, a minute at most
        assert connection.exec_driver_sql(f"SELECT pg_terminate_backend({asked[0]}, 60000)").scalar()
    assert first_row(engine, _BY_NUMBER, {"wanted": 2}) == ("dalawa", 2)
    other.dispose()


def test_a_database_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    engine = open_reading_engine(f"sqlite:///{tmp_path / 'nowhere' / 'a.db'}")
    with pytest.raises(StorageError, match="cannot be opened"), diagnosed_database("here"):
        first_row(engine, _BY_NUMBER, {"wanted": 1})
