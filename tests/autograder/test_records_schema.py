"""Our records through the versions of their tables, and what the database refuses; on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from autograder.evidence import collect_evidence, end_interrupted_runs, end_run, hash_run, verify_run
from autograder.records import Attempt, GradingRun, Record, Result, open_records
from autograder.records_schema import VERSION, prepare_records
from autograder.regrade_decisions import Decision, load_decisions, write_decision
from courses.attempts import AttemptRule
from courses.databases import open_engine
from courses.errors import StorageError
from tests.autograder.grading_calls import attempts, by_learner, grade, now
from tests.small_course import SQUARE, SmallCourse

VERSION_1 = (Path(__file__).parent / "older_records" / "version-1.sql").read_text(encoding="utf-8")
RUN_RECORD_OF_VERSION_1 = "07ca332bc439d7e5f5f94866d646c7b1c5200aea4b61357f4b892e2b96f1292e"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'grading.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


def write_version_1(engine: Engine) -> None:
    """Make the database that the first version of this program made, with what it recorded."""
    statements = [each.strip() for each in VERSION_1.split(";\n")]
    with engine.begin() as connection:
        for statement in statements:
            if engine.dialect.name == "postgresql":
                statement = statement.replace("DOUBLE NOT", "DOUBLE PRECISION NOT")
                statement = (
                    statement[:-3] + {",0)": ",false)", ",1)": ",true)"}.get(statement[-3:], statement[-3:])
                    if '"result"' in statement
                    else statement
                )
            if statement and not statement.startswith(("BEGIN", "COMMIT")):
                connection.exec_driver_sql(statement.replace("%", "%%") if engine.dialect.name == "postgresql" else statement)


def rows(engine: Engine, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY id"))]


@pytest.mark.slow
def test_records_of_the_first_version_are_brought_over_and_nothing_is_lost(engine: Engine) -> None:
    write_version_1(engine)
    columns = {
        "attempt": "*",
        "grading_run": "id, assignment, source_digest, engine, sandbox, environment, started_at, finished_at",
        "result": "id, attempt_id, run_id, status, reason, cells, answers, warnings, notebooks, graded_at, duration_s, recorded",
    }
    before = {table: rows(engine, table, names) for table, names in columns.items()}
    prepare_records(engine, Record.metadata)
    assert {table: rows(engine, table, names) for table, names in columns.items()} == before
    assert all(before.values())
    with Session(engine) as session:
        ((found,),) = collect_evidence(session, {"ps1": AttemptRule()}).values()
        assert found.run_record == RUN_RECORD_OF_VERSION_1, "what a credential of then names can still be worked out"
        assert {run.outcome for run in session.query(GradingRun)} == {"finished"}


def test_tables_made_new_and_tables_brought_over_are_alike(tmp_path: Path) -> None:
    described = []
    for name in ("new", "old"):
        engine = open_engine(f"sqlite:///{tmp_path / name}")
        if name == "old":
            write_version_1(engine)
        prepare_records(engine, Record.metadata)
        with engine.connect() as connection:
            columns = {
                table: sorted((row[1], row[2], row[3]) for row in connection.exec_driver_sql(f"PRAGMA table_info({table})"))
                for table in (*Record.metadata.tables, "regrade", "records_version")
            }
            triggers = sorted(connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all())
            indexes = sorted(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").all())
        engine.dispose()
        described.append((columns, triggers, indexes))
    assert described[0] == described[1]
    assert len(described[0][1]) == 10


def test_records_of_the_second_version_get_a_table_of_decisions_that_stay(engine: Engine) -> None:
    write_version_1(engine)
    prepare_records(engine, Record.metadata)
    with engine.begin() as connection:  # back to what the second version was: the same without decisions
        connection.execute(text("DROP TABLE regrade"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION regrade_stays, regrade_is_fixed"))
        connection.execute(text("UPDATE records_version SET version = 2"))
    before = {table: rows(engine, table) for table in ("attempt", "grading_run", "result")}
    prepare_records(engine, Record.metadata)
    assert {table: rows(engine, table) for table in before} == before
    decision = Decision("ps1", "0" * 64, "replace", "", "a test was wrong", "M. Reyes", "2026-11-29T00:00:00+00:00", "run")
    with Session(engine) as session:
        write_decision(session, decision)
        session.commit()
        assert load_decisions(session, "ps1") == (decision,)
        for change in ("UPDATE regrade SET reason = 'x'", "DELETE FROM regrade"):
            with pytest.raises(DatabaseError, match="never"):
                session.execute(text(change))
            session.rollback()
        write_decision(session, decision)  # what was taken back meanwhile is decided anew
        session.commit()
        assert load_decisions(session, "ps1") == (decision, decision)


@pytest.mark.slow
def test_records_brought_over_are_graded_on(small_course: SmallCourse) -> None:
    database = sqlite3.connect(small_course.root / "grading.db")
    database.executescript(VERSION_1)
    database.close()
    folder = small_course.submit("cy", SQUARE, "found = 3")
    for learner in ("ana", "ben"):
        for attempt in attempts(small_course, learner):
            (small_course.root / attempt.folder).mkdir(parents=True)
            (small_course.root / attempt.folder / "p1.ipynb").write_bytes((folder / "p1.ipynb").read_bytes())
    graded = by_learner(grade(small_course, learners=("cy",)))
    assert graded["cy"].score == 5.0
    assert [result.run.version for attempt in attempts(small_course, "ana") for result in attempt.results] == [1, 1]


def test_bringing_over_what_is_brought_over_does_nothing(engine: Engine) -> None:
    for _ in range(3):
        prepare_records(engine, Record.metadata)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version FROM records_version")).all() == [(VERSION,)]


@pytest.mark.parametrize("is_old", [False, True])
def test_many_at_once_bring_over_one_database(engine: Engine, url: str, is_old: bool) -> None:
    if is_old:
        write_version_1(engine)
    failed: list[BaseException] = []

    def prepare() -> None:
        other = open_engine(url)
        try:
            prepare_records(other, Record.metadata)
        except BaseException as failure:  # noqa: BLE001 - shown by the test
            failed.append(failure)
        finally:
            other.dispose()

    threads = [threading.Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version FROM records_version")).all() == [(VERSION,)]


def test_a_step_that_fails_leaves_the_old_version(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    write_version_1(engine)
    before = rows(engine, "result")
    with engine.begin() as connection:  # in the way of the last step
        connection.execute(text("CREATE TABLE wrong (id INTEGER)"))
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("CREATE TRIGGER result_is_in_time BEFORE INSERT ON wrong BEGIN SELECT 1; END")
        else:
            connection.exec_driver_sql(
                "CREATE FUNCTION result_is_in_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
            )
    with pytest.raises(DatabaseError, match="already exists"):
        prepare_records(engine, Record.metadata)
    assert rows(engine, "result") == before
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP {'TRIGGER' if engine.dialect.name == 'sqlite' else 'FUNCTION'} result_is_in_time")
    prepare_records(engine, Record.metadata)
    assert len(rows(engine, "result")) == len(before)


def test_records_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    with open_records(tmp_path) as session:
        session.execute(text("UPDATE records_version SET version = 99"))
        session.commit()
    with pytest.raises(StorageError, match="a newer Patunay made these records"), open_records(tmp_path):
        pass


def finished_run(session: Session) -> GradingRun:
    run = GradingRun(id="r", assignment="ps1", source_digest="0", engine="sealed", sandbox="none", environment="{}", started_at="x")
    attempt = Attempt(assignment="ps1", learner="ana", origin="o", digest="0" * 64, submitted_at="t", collected_at="t", folder="f")
    session.add(Result(attempt=attempt, run=run, status="graded", cells="[]", graded_at="t"))
    session.flush()
    end_run(session, run, "finished", now=now())
    return run


_REFUSED: list[tuple[str, str]] = [
    ("UPDATE result SET cells = '[1]'", "a result is never changed"),
    ("UPDATE result SET status = 'failed'", "a result is never changed"),
    ("UPDATE result SET run_id = 'other'", "a result is never changed"),
    ("DELETE FROM result", "a result is never deleted"),
    ("UPDATE grading_run SET engine = 'compat'", "never changed"),
    ("UPDATE grading_run SET finished_at = NULL", "a finished run is never changed"),
    ("UPDATE grading_run SET digest = ''", "a finished run is never changed"),
    ("DELETE FROM grading_run", "a grading_run is never deleted"),
    ("UPDATE attempt SET digest = '1'", "an? attempt is never changed"),
    ("DELETE FROM attempt", "an? attempt is never deleted"),
    (
        "INSERT INTO result (attempt_id, run_id, status, reason, cells, answers, warnings, notebooks, graded_at, duration_s, recorded)"
        " SELECT attempt_id, run_id, status, reason, cells, answers, warnings, notebooks, graded_at, duration_s, recorded FROM result",
        "a finished run takes no more results",
    ),
]


@pytest.mark.parametrize(("statement", "words"), _REFUSED, ids=[statement[:40] for statement, _ in _REFUSED])
def test_the_database_refuses_to_change_what_was_recorded(engine: Engine, statement: str, words: str) -> None:
    prepare_records(engine, Record.metadata)
    with Session(engine) as session:
        finished_run(session)
    before = [rows(engine, table) for table in ("attempt", "grading_run", "result")]
    with pytest.raises(DatabaseError, match=words), engine.begin() as connection:
        connection.execute(text(statement))
    assert [rows(engine, table) for table in ("attempt", "grading_run", "result")] == before


def test_how_a_run_was_started_is_never_changed_while_it_goes_on(engine: Engine) -> None:
    prepare_records(engine, Record.metadata)
    with Session(engine) as session:
        session.add(
            GradingRun(id="r", assignment="ps1", source_digest="0", engine="sealed", sandbox="none", environment="{}", started_at="x")
        )
        session.commit()
    with pytest.raises(DatabaseError, match="a grading_run is never changed"), engine.begin() as connection:
        connection.execute(text("UPDATE grading_run SET engine = 'compat'"))


def test_the_mark_that_the_gradebook_shows_a_result_may_change(engine: Engine) -> None:
    prepare_records(engine, Record.metadata)
    with Session(engine) as session:
        run = finished_run(session)
        run.results[0].recorded = True
        session.commit()
        assert verify_run(session, run) == run.digest


def forge(engine: Engine, statement: str) -> None:
    """Change the database as somebody does who may do everything there: without its triggers."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            for table in ("attempt", "grading_run", "result"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE result SET cells = '[{}]'", "UPDATE result SET status = 'failed'", "UPDATE result SET tries = 2", "UPDATE attempt SET digest = '1'",
        "UPDATE attempt SET learner = 'eve'", "UPDATE grading_run SET engine = 'compat'", "UPDATE grading_run SET finished_at = 'y'",
        "UPDATE grading_run SET submissions = '[1]'", "UPDATE grading_run SET scoring = 'x'", "UPDATE grading_run SET digest = ''", "DELETE FROM result",
    ],
)  # fmt: skip
def test_a_record_that_was_changed_past_the_triggers_is_no_evidence(engine: Engine, statement: str) -> None:
    from autograder.errors import RecordChangedError

    prepare_records(engine, Record.metadata)
    with Session(engine) as session:
        finished_run(session)
    forge(engine, statement)
    with Session(engine) as session, pytest.raises(RecordChangedError, match="was changed after it ended"):
        verify_run(session, session.get_one(GradingRun, "r"))


@pytest.mark.slow
def test_a_run_whose_process_died_is_ended_by_the_next_call_and_its_results_are_kept(small_course: SmallCourse) -> None:
    with open_records(small_course.root) as session:
        session.add(
            GradingRun(id="dead", assignment="ps1", source_digest="0", engine="compat", sandbox="none", environment="{}", started_at="x")
        )
        session.commit()
    small_course.submit("ana", SQUARE, "found = 3")
    grade(small_course)
    with open_records(small_course.root) as session:
        dead = session.get_one(GradingRun, "dead")
        assert dead.outcome == "interrupted"
        assert dead.digest == hash_run(dead) == verify_run(session, dead)
        assert end_interrupted_runs(session, now=now()) == 0


@pytest.mark.slow
def test_a_run_says_what_it_graded_with_what_and_by_which_rules(small_course: SmallCourse) -> None:
    small_course.submit("ana", SQUARE, "found = 3")
    small_course.submit("ben", SQUARE, "found = 1")
    grade(small_course, assurance="compat", engine="fork")
    (attempt,) = attempts(small_course, "ana")
    (other,) = attempts(small_course, "ben")
    run = attempt.results[0].run
    assert (run.engine, run.execution, run.scoring, run.outcome) == ("compat", "fork", "nbgrader", "finished")
    assert json.loads(run.submissions) == sorted([attempt.digest, other.digest])
    assert json.loads(run.limits)["cell_timeout_s"] == 30.0
    assert len(json.loads(run.environment)["installed_sha256"]) == 64
    assert json.loads(run.layers) == {} or all(json.loads(run.layers).values())
    assert run.started_at <= (run.finished_at or "")
