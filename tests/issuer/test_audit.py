"""The audit log: whatever is done to a line that is not the last shows."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from issuer.audit import append_entry, find_break
from issuer.ledger import AuditEntry, open_ledger
from tests.small_site import NOW


def filled(session: Session, count: int = 5) -> None:
    for number in range(1, count + 1):
        append_entry(session, at=NOW, actor="Ana", action="tried", subject=f"thing {number}", details={"number": number})
    session.commit()


@pytest.fixture
def url(tmp_path: Path, ledger_database: str | None) -> str:
    return ledger_database or f"sqlite:///{tmp_path / 'ledger.db'}?timeout=120"


def test_an_untouched_log_holds(url: str) -> None:
    with open_ledger(url) as session:
        assert find_break(session) is None
        filled(session)
        assert find_break(session) is None


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "details", "previous_hash", "hash"])
@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_changed_line_shows(column: str, number: int, url: str) -> None:
    with open_ledger(url) as session:
        filled(session)
        session.execute(update(AuditEntry).where(AuditEntry.sequence == number).values({column: "changed"}))
        session.commit()
        session.expire_all()
        assert find_break(session) == number


@pytest.mark.parametrize("number", [1, 3])
def test_a_changed_line_shows_in_the_next_if_its_own_hash_was_computed_anew(number: int, url: str) -> None:
    with open_ledger(url) as session:
        filled(session)
        entry = session.get_one(AuditEntry, number)
        entry.actor = "Somebody else"
        entry.hash = hash_of(entry)
        session.commit()
        assert find_break(session) == number + 1


def test_a_removed_line_shows_if_all_later_hashes_were_computed_anew(url: str) -> None:
    with open_ledger(url) as session:
        filled(session)
        previous = session.get_one(AuditEntry, 1).hash
        session.delete(session.get_one(AuditEntry, 2))
        for number in (3, 4, 5):
            entry = session.get_one(AuditEntry, number)
            entry.previous_hash = previous
            previous = entry.hash = hash_of(entry)
        session.commit()
        assert find_break(session) == 3


def hash_of(entry: AuditEntry) -> str:
    """Compute an entry's hash as its definition says, not with our function."""
    fields = [entry.sequence, entry.at, entry.actor, entry.action, entry.subject, entry.details, entry.previous_hash]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_removed_line_shows(number: int, url: str) -> None:
    with open_ledger(url) as session:
        filled(session)
        session.execute(delete(AuditEntry).where(AuditEntry.sequence == number))
        session.commit()
        session.expire_all()
        assert find_break(session) == number + 1


def test_a_removed_line_shows_after_the_others_are_renumbered(url: str) -> None:
    with open_ledger(url) as session:
        filled(session)
        session.execute(text("DELETE FROM audit WHERE sequence = 2"))
        session.execute(text("UPDATE audit SET sequence = sequence - 1 WHERE sequence > 2"))
        session.commit()
        session.expire_all()
        assert find_break(session) == 2


def test_swapped_lines_show(url: str) -> None:
    with open_ledger(url) as session:
        filled(session)
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.execute(text(f"UPDATE audit SET sequence = {new} WHERE sequence = {old}"))
        session.commit()
        session.expire_all()
        assert find_break(session) == 2


def test_a_line_put_in_between_shows(url: str) -> None:
    with open_ledger(url) as session:
        filled(session)
        session.execute(text("UPDATE audit SET sequence = sequence + 1 WHERE sequence = 5"))
        session.execute(
            text("INSERT INTO audit SELECT 5, at, actor, action, subject, details, previous_hash, hash FROM audit WHERE sequence = 4")
        )
        session.commit()
        session.expire_all()
        assert find_break(session) == 5


def test_a_log_goes_on_in_the_next_session(url: str) -> None:
    for _ in range(3):
        with open_ledger(url) as session:
            filled(session, 2)
    with open_ledger(url) as session:
        assert [each.sequence for each in session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))] == [1, 2, 3, 4, 5, 6]
        assert find_break(session) is None


def append_many(url: str, name: str, start: Any) -> None:
    start.wait()
    for number in range(25):
        with open_ledger(url) as session:
            append_entry(session, at=NOW, actor=name, action="tried", subject=str(number), details={})
            append_entry(session, at=NOW, actor=name, action="tried again", subject=str(number), details={})
            session.commit()


@pytest.mark.slow
def test_processes_that_write_at_the_same_moment_wait_for_each_other(url: str) -> None:
    with open_ledger(url) as session:
        filled(session, 1)
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    processes = [context.Process(target=append_many, args=(url, name, start)) for name in ("Ana", "Ben", "Cora")]
    for each in processes:
        each.start()
    start.set()
    for each in processes:
        each.join()
    assert [each.exitcode for each in processes] == [0, 0, 0]
    with open_ledger(url) as session:
        lines = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
        assert len(lines) == 1 + 3 * 25 * 2
        assert find_break(session) is None
    pairs = [(first.actor, second.actor) for first, second in zip(lines[1::2], lines[2::2], strict=True)]
    assert all(first == second for first, second in pairs), "the lines of one transaction stand together"


Line = tuple[int, str, str, str, str, str, str, str]


def read_lines(session: Session) -> list[Line]:
    columns = ("sequence", "at", "actor", "action", "subject", "details", "previous_hash", "hash")
    return [tuple(row) for row in session.execute(text(f"SELECT {', '.join(columns)} FROM audit ORDER BY sequence"))]


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_whatever_is_done_to_the_table_shows_unless_it_is_a_cut_end(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('audit') / 'ledger.db'}") as session:
        filled(session, data.draw(st.integers(2, 6)))
        before = read_lines(session)
        after = list(before)
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(after) - 1)) if after else 0
            how = data.draw(st.sampled_from(["change", "remove", "move", "repeat"]))
            if how == "change" and after:
                fields, column = list(after[place]), data.draw(st.integers(1, 7))
                fields[column] = data.draw(st.text("abc0", min_size=1, max_size=5))
                after[place] = tuple(fields)  # type: ignore[assignment]
            elif how == "remove" and after:
                del after[place]
            elif how == "move" and after:
                after.insert(data.draw(st.integers(0, len(after) - 1)), after.pop(place))
            elif after:
                after.insert(place, after[place])
        if data.draw(st.booleans()):  # as somebody would who hides a gap
            after = [(number, *line[1:]) for number, line in enumerate(after, start=1)]
        after = list({line[0]: line for line in after}.values())  # the table has one line a number
        session.execute(delete(AuditEntry))
        for line in after:
            session.execute(text("INSERT INTO audit VALUES (:a, :b, :c, :d, :e, :f, :g, :h)"), dict(zip("abcdefgh", line, strict=True)))
        session.commit()
        session.expire_all()
        found = sorted(after)
        assert (find_break(session) is None) == (found == before[: len(found)])


words = st.text(max_size=20) | st.sampled_from(["\ud800", "ñ", '"', "\u2028", "\x00"])


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=4))
def test_whatever_stands_in_a_line_the_chain_holds(tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str, str]]) -> None:
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('audit') / 'ledger.db'}") as session:
        for actor, subject, detail in lines:
            clean = [each.encode("utf-8", "replace").decode() for each in (actor, subject)]  # a database stores no half characters
            append_entry(
                session, at=NOW, actor=clean[0], action="tried", subject=clean[1], details={"why": clean[0], "detail": len(detail)}
            )
        session.commit()
        session.expire_all()
        assert find_break(session) is None
