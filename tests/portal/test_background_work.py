"""Work beside the server: one of a kind, a result that is whole or a failure that says why, whatever ends it."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.background_work import NO_WORK, Work, WorkState, find_work, start_work

NOW = datetime(2026, 11, 29, tzinfo=UTC)
_LOOKS = 2400
"""Twenty a second for two minutes: machines that run tests are slow, and busy."""


def _start(root: Path, code: str) -> bool:
    return start_work(root, "check", ["-c", code], by="ana", now=NOW, about={"tests": "released"})


def _wait(root: Path, until: Callable[[Work], bool]) -> Work:
    for _ in range(_LOOKS):
        work = find_work(root, "check")
        if until(work):
            return work
        time.sleep(0.05)
    raise AssertionError(work)


def test_nothing_was_ever_started(tmp_path: Path) -> None:
    assert find_work(tmp_path, "check") is NO_WORK


def test_what_it_printed_is_the_result_with_who_wanted_it_and_what(tmp_path: Path) -> None:
    assert _start(tmp_path, "print('{\"a\": 1}')")
    work = _wait(tmp_path, lambda each: not each.is_running)
    assert (work.state, work.result, work.by, work.about, work.started_at) == (WorkState.DONE, {"a": 1}, "ana", {"tests": "released"}, NOW)


def test_what_went_wrong_is_said(tmp_path: Path) -> None:
    _start(tmp_path, "import sys; sys.exit('the course is blocked')")
    work = _wait(tmp_path, lambda each: not each.is_running)
    assert (work.state, work.said) == (WorkState.FAILED, "the course is blocked")


def test_half_a_result_is_none(tmp_path: Path) -> None:
    _start(tmp_path, "print('{\"a\": ')")
    assert _wait(tmp_path, lambda each: not each.is_running).state is WorkState.FAILED


def test_it_runs_once_at_a_time_and_is_known_to_have_ended_when_it_is_killed(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    assert _start(tmp_path, f"import os, time; open({str(place)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    assert not _start(tmp_path, "print(1)")
    for _ in range(_LOOKS):
        if place.is_file() and place.read_text():
            break
        time.sleep(0.05)
    assert find_work(tmp_path, "check").is_running
    os.kill(int(place.read_text()), signal.SIGKILL)
    assert _wait(tmp_path, lambda each: not each.is_running).state is WorkState.FAILED
    assert _start(tmp_path, "print(1)")
    _wait(tmp_path, lambda each: each.state is WorkState.DONE)


def test_who_only_looks_is_in_nobodys_way(tmp_path: Path) -> None:
    _start(tmp_path, "print(1)")
    _wait(tmp_path, lambda each: each.state is WorkState.DONE)
    looking = (tmp_path / ".patunay" / "background" / "check.lock").open()
    fcntl.flock(looking, fcntl.LOCK_SH)  # as another process that looks in this moment
    assert find_work(tmp_path, "check").state is WorkState.DONE
    later = threading.Timer(0.3, looking.close)
    later.start()
    assert _start(tmp_path, "print(2)")
    later.join()
    assert _wait(tmp_path, lambda each: each.state is WorkState.DONE).result == 2


def test_it_knows_nothing_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    _start(tmp_path, "import json, os; print(json.dumps([name for name in os.environ if name.startswith('JUPYTERHUB')]))")
    assert _wait(tmp_path, lambda each: not each.is_running).result == []


def test_what_it_says_is_its_owners_alone(tmp_path: Path) -> None:
    _start(tmp_path, "print(1)")
    _wait(tmp_path, lambda each: each.state is WorkState.DONE)
    for path in (tmp_path / ".patunay" / "background").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_a_kind_is_no_way_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no kind of work"):
        find_work(tmp_path, "../check")
