from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from autograder.errors import ClusterError
from autograder.execution.engines import Assurance
from autograder.gradebook import GRADED
from autograder.grading import GradingOptions, grade_assignment
from autograder.jobs import GradingResult
from autograder.scheduling.cluster import ClusterScheduler
from autograder.scheduling.cluster_worker import Demands
from autograder.scheduling.environment import differences, worker_environment
from tests.autograder.grading_calls import attempts, by_learner, grade, now, state
from tests.autograder.scheduling.dask_cluster import Cluster
from tests.autograder.scheduling.jobs_made import job_of, local_scheduler, source_of, submitted
from tests.small_course import SQUARE, SmallCourse

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Dask's own
LEARNERS = [f"n{number}" for number in range(4)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    started = Cluster(tmp_path)
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def course(small_course: SmallCourse) -> SmallCourse:
    for number, name in enumerate(LEARNERS):
        submitted(small_course, name, f"import time\ntime.sleep(1)\ndef square(n):\n    return n * n  # {number}")
    submitted(small_course, "wrong", "def square(n):\n    return n + n")
    return small_course


def demands(course: SmallCourse, assurance: Assurance = "compat", **changed: str) -> Demands:
    return Demands(
        environment={**worker_environment(), **changed},
        engine="fork",
        assurance=assurance,
        sandbox_required=False,
        source=source_of(course),
    )


def run(course: SmallCourse, scheduler: ClusterScheduler, tick: Callable[[], None] = lambda: None) -> dict[str, GradingResult]:
    names = [*LEARNERS, "wrong"]
    answers = list(scheduler.grade(source_of(course), (job_of(course, name) for name in names), tick=tick))
    assert len(answers) == len(names)
    return {names[index]: result for index, result in answers}


def verdicts(results: dict[str, GradingResult]) -> dict[str, object]:
    return {
        f"{name} {cell.name}": (cell.auto_score, cell.note, cell.assurance, cell.is_unanswered, result.status)
        for name, result in results.items()
        for cell in result.cells
    }


@pytest.mark.thorough
def test_two_workers_give_the_results_of_this_machine(cluster: Cluster, course: SmallCourse) -> None:
    for _ in range(2):
        cluster.worker()
    there = run(course, ClusterScheduler(cluster.address, demands(course)))
    with local_scheduler() as scheduler:
        here = {
            [*LEARNERS, "wrong"][index]: result
            for index, result in scheduler.grade(source_of(course), (job_of(course, name) for name in [*LEARNERS, "wrong"]))
        }
    ours, theirs = verdicts(here), verdicts(there)
    assert {name: (theirs.get(name), each) for name, each in ours.items() if theirs.get(name) != each} == {}
    assert len(ours) == len(theirs)
    assert len({result.worker for result in there.values()}) == 2, "both had their share"
    assert all("layers" in result.sandbox and result.queued_at <= result.started_at <= result.finished_at for result in there.values())


def test_sealed_grading_on_two_workers_gives_the_marks_of_this_machine_and_the_record_names_the_plan(
    cluster: Cluster, small_course: SmallCourse
) -> None:
    for _ in range(2):
        cluster.worker()
    for number in range(3):
        small_course.submit(f"right{number}", f"import time\ntime.sleep(2)\n{SQUARE}  # {number}", "found = 3")
    small_course.submit("partial", "def square(n):\n    return 4", "found = 2")
    always_equal = "class Any:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\ndef square(n):\n    return Any()"
    small_course.submit("cheat", always_equal, "found = 3")
    there = by_learner(grade(small_course, assurance="sealed", cluster=cluster.address))
    here = by_learner(grade(small_course, assurance="sealed", force=True))
    assert {name: each.score for name, each in there.items()} == {"right0": 5, "right1": 5, "right2": 5, "partial": 2, "cheat": 3}
    plans = set()
    workers = set()
    for name, each in here.items():
        assert (there[name].status, there[name].score, there[name].undecided) == (each.status, each.score, each.undecided)
        first, second = attempts(small_course, name)[0].results
        assert first.assurance == second.assurance == ("compat" if name == "cheat" else "sealed")
        assert [cell["review"] for cell in first.cell_list()] == [cell["review"] for cell in second.cell_list()]
        plans |= {json.loads(result.run.environment)["sealing_plan_sha256"] for result in (first, second)}
        workers.add(first.worker)
    assert len(plans) == 1
    assert len(workers) == 2


@pytest.mark.thorough
def test_a_worker_that_is_killed_in_mid_run_costs_time_and_nothing_else(cluster: Cluster, course: SmallCourse) -> None:
    victim = cluster.worker()
    cluster.worker()

    def kill() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):  # a process that ends while it is looked at
            if any("zygote" in " ".join(child.cmdline()) and child.children() for child in victim.children()):
                victim.kill()

    results = run(course, ClusterScheduler(cluster.address, demands(course)), kill)
    assert victim.wait(timeout=60) == -signal.SIGKILL
    assert {result.status for result in results.values()} == {"graded"}


@pytest.mark.thorough
def test_a_worker_with_another_environment_is_left_out_and_named_where_there_is_no_other(cluster: Cluster, course: SmallCourse) -> None:
    cluster.worker()
    scheduler = ClusterScheduler(cluster.address, demands(course, numpy="1.0.0"), patience_s=1)
    theirs = worker_environment()["numpy"]
    with pytest.raises(ClusterError, match=rf"no worker of the cluster may grade:\n- tcp://\S+: .*numpy {theirs} instead of 1\.0\.0"):
        run(course, scheduler)


def test_a_cluster_without_workers_is_said_in_words(cluster: Cluster, course: SmallCourse) -> None:
    with pytest.raises(ClusterError, match="the cluster has no workers"):
        run(course, ClusterScheduler(cluster.address, demands(course), patience_s=1))


@pytest.mark.thorough
def test_a_scheduler_that_is_not_there_is_said_in_words(course: SmallCourse) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterError, match=f"no Dask scheduler answers at '{address}'"):
        run(course, ClusterScheduler(address, demands(course)))


@pytest.mark.thorough
def test_a_scheduler_that_is_killed_in_mid_run_loses_nothing_that_was_graded(cluster: Cluster, course: SmallCourse) -> None:
    cluster.worker()

    def kill_after_one(done: int, _all: int) -> None:
        if done and cluster.scheduler.poll() is None:
            cluster.scheduler.kill()

    options = GradingOptions(cluster=cluster.address, assurance="compat")
    with pytest.raises(ClusterError, match=r"(?s)connection to the Dask scheduler at .* was lost.*run the same command again"):
        grade_assignment(course.open(), "ps1", options, now=now, progress=kill_after_one)
    kept = [name for name in LEARNERS if attempts(course, name)[0].results]
    assert kept
    assert all(state(course, name)["state"] == GRADED for name in kept), "the gradebook shows what was graded"
    again = by_learner(grade(course, assurance="compat"))
    assert not set(again) & set(kept)
    assert {len(attempts(course, name)[0].results) for name in [*LEARNERS, "wrong"]} == {1}


class Proxy:
    """Passes connections on, until it is cut."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        self._target, self._open = (host, int(port)), list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for each in (self._listener, *self._open):  # who waits for a connection wakes up, and takes no other
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@pytest.mark.thorough
def test_a_network_that_is_lost_is_said_in_words(cluster: Cluster, course: SmallCourse) -> None:
    cluster.worker()
    proxy, finished = Proxy(cluster.address), list[int]()

    scheduler = ClusterScheduler(proxy.address, demands(course))
    with pytest.raises(ClusterError, match="was lost"):
        for index, _ in scheduler.grade(source_of(course), (job_of(course, name) for name in LEARNERS)):
            finished.append(index)
            proxy.cut()
    assert finished


def test_differences_are_named() -> None:
    assert differences({"numpy": "2", "scipy": "1"}, {"numpy": "3"}) == ("numpy 3 instead of 2", "scipy is not installed instead of 1")


@pytest.mark.thorough
def test_without_dask_the_command_says_what_to_install(small_course: SmallCourse, tmp_path: Path) -> None:
    small_course.submit("anna", SQUARE, "found = 1")
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['distributed'] = None\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "portal.cli",
        "grade",
        "ps1",
        "--compat",
        "--root",
        str(small_course.root),
        "--cluster",
        "tcp://127.0.0.1:1",
    ]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'patunay[cluster]'" in done.stderr


def own_fork_servers() -> set[int]:
    """Return the fork servers that this process has started itself."""
    found = set()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if "autograder.execution.zygote" in child.cmdline():
                found.add(child.pid)
    return found


@pytest.mark.thorough
def test_this_machine_forks_kernels_for_a_run_on_a_cluster_only_to_make_a_sealing_plan(cluster: Cluster, small_course: SmallCourse) -> None:
    cluster.worker()
    started: list[set[int]] = []
    before = own_fork_servers()

    def look(_done: int, _all: int) -> None:
        started.append(own_fork_servers() - before)

    for number, is_started in enumerate([True, False]):
        small_course.submit(f"n{number}", f"{SQUARE}  # {number}", "found = 3")
        started.clear()
        options = GradingOptions(cluster=cluster.address)
        summary = grade_assignment(small_course.open(), "ps1", options, now=now, progress=look)
        assert [(each.status, each.score) for each in summary.graded] == [("graded", 5)]
        assert any(started) == is_started
        assert "layers" in summary.sandbox, "the worker's"
        (attempt,) = attempts(small_course, f"n{number}")
        assert attempt.results[-1].run.sandbox == "each worker's own: see its results"
        assert attempt.results[-1].sandbox == summary.sandbox
        assert attempt.results[-1].assurance == "sealed"
