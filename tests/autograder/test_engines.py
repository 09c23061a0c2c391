"""The engines that a caller keeps from one assignment to the next: started anew when what is installed changed, and when they died."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.execution.engines import EngineRoom
from autograder.execution.fork_server import ForkServer
from autograder.execution.installed import installed_digest
from autograder.grading import GradingOptions, grade_assignment
from autograder.jobs import Limits
from autograder.nbgrader_database import load_source
from tests.autograder.grading_calls import now
from tests.small_course import SQUARE, SmallCourse


def install(place: Path, name: str) -> None:
    """Leave what pip leaves of a package."""
    folder = place / f"{name}.dist-info"
    folder.mkdir(parents=True)
    title, _, version = name.partition("-")
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {title}\nVersion: {version}\n", encoding="utf-8")


def test_the_digest_follows_packages_and_their_times_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path), str(tmp_path / "none")])
    digests = [installed_digest()]
    install(tmp_path, "one-1.0")
    digests.append(installed_digest())
    os.utime(tmp_path / "one-1.0.dist-info", (1, 1))
    digests.append(installed_digest())
    (tmp_path / "one-1.0.dist-info").rename(tmp_path / "one-1.1.dist-info")
    digests.append(installed_digest())
    assert len(set(digests)) == 4
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert installed_digest() == digests[-1]


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_the_fork_servers_are_started_anew_at_the_next_assignment_when_a_package_was_installed(
    small_course: SmallCourse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "packages")])
    small_course.submit("ana", SQUARE, "found = 3")
    with EngineRoom(assurance="compat") as room:

        def graded_by() -> int:
            options = GradingOptions(assurance="compat", force=True, workers=1)
            (graded,) = grade_assignment(small_course.open(), "ps1", options, now=now, room=room).graded
            assert graded.score == 5.0
            server: Any = room.prepare(load_source(small_course.open(), "ps1")).server
            return int(server.process_id)

        first = graded_by()
        assert graded_by() == first
        install(tmp_path / "packages", "new-1.0")
        second = graded_by()
        assert second != first
        os.kill(second, signal.SIGKILL)  # between submissions
        assert graded_by() not in {first, second}


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_a_module_that_starts_threads_is_left_to_the_notebooks(tmp_path: Path) -> None:
    starts = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n"
    (place,) = (each for each in sys.path if each.endswith("site-packages"))
    module = Path(place, f"patunay_test_threads_{os.getpid()}.py")
    module.write_text(starts, encoding="utf-8")
    try:
        with ForkServer([module.stem, "json"]) as server:
            assert server.threaded == (module.stem,)
            with server.start_kernel(None, Limits(), {}) as kernel:
                assert kernel.run_cell(f"import sys\nassert {module.stem!r} not in sys.modules").reply["status"] == "ok"
    finally:
        module.unlink()


_LEAKS = """
import os, sys
secret = "tests-secret-" + "4711"
places = ["/proc/self/environ", "/proc/self/cmdline"]
found = []
for place in places:
    try:
        if secret.encode() in open(place, "rb").read():
            found.append(place)
    except OSError:
        pass
if secret in str(dict(os.environ)) + str(sys.argv):
    found.append("environment")
mapped = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if len(line.split(None, 5)) == 6}
odd = [each for each in mapped if any(word in each for word in ("gradebook", "grading.db", "submitted", "autograded", "other-learner"))]
print(found, odd)
"""


@pytest.mark.slow
@pytest.mark.xdist_group("fork-server")
def test_no_secret_of_the_graders_environment_and_no_file_of_others_is_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mmap

    monkeypatch.setenv("PATUNAY_TEST_SECRET", "tests-secret-4711")
    other = tmp_path / "other-learner.bin"
    other.write_bytes(b"x" * 8192)
    with (
        other.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ),
        ForkServer([]) as server,
        server.start_kernel(None, Limits(), {}) as kernel,
    ):
        assert str(other) in Path("/proc/self/maps").read_text(encoding="utf-8")
        run = kernel.run_cell(_LEAKS)
    assert [output.get("text") for output in run.outputs] == ["[] []\n"]
