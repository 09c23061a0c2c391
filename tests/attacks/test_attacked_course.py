"""A course half of whose submissions attack, graded by the command: the other half get what they earned, and every attacker gets words."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from courses.content_hash import folder_sha256
from tests.portal.commands import patunay
from tests.small_course import SQUARE, SmallCourse, make_small_course

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

_MARK = f"patunay-course-{os.getpid()}"
HONEST = {
    "ana": ((SQUARE, "found = 3"), 5.0),
    "ben": ((SQUARE, "found = 1"), 3.0),
    "cy": ((), 0.0),
    "dee": (("def square(n):\n    return n ** 2", "found = 3"), 5.0),
    "eli": (("def square(n):\n    return 0", "found = 2"), 2.0),
    "fay": (("raise ValueError('mine')", "found = 3"), 3.0),
}


def _everywhere(root: Path) -> str:
    """Return code that tries every file of the course, to read and to break it."""
    return (
        "import os, subprocess, threading\n"
        f"for folder in ({str(root)!r}, '/tmp', os.path.expanduser('~'), '.', '..'):\n"
        "    for here, _, names in os.walk(folder):\n        for name in names:\n"
        "            try:\n                print(open(os.path.join(here, name), 'rb').read()[:1])\n                open(os.path.join(here, name), 'w').write('mine')\n"
        "            except Exception:\n                pass\n"
    )


def attackers(root: Path) -> dict[str, tuple[str, str]]:
    """Return by learner the answers of those who attack."""
    wrong = "def square(n):\n    return 0"
    return {
        "x-forger": (
            "class Any:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\ndef square(n):\n    return Any()",
            "found = 0",
        ),
        "x-stripper": (
            "import ast\nclass Strip(ast.NodeTransformer):\n    def visit_Assert(self, node):\n        return ast.Pass()\nget_ipython().ast_transformers.append(Strip())\n"
            + wrong,
            "found = 0",
        ),
        "x-everywhere": (_everywhere(root) + wrong, "found = 0"),
        "x-survivor": (
            f"import subprocess\nsubprocess.Popen(['/bin/sh', '-c', 'sleep 600; :', {_MARK!r}], start_new_session=True)\n{wrong}",
            "found = 0",
        ),
        "x-killer": (
            "import os, signal\nfor pid in range(1, 40000):\n    try:\n        os.kill(pid, 9)\n    except OSError:\n        pass\nos._exit(0)",
            "found = 0",
        ),
        "x-flood": ("while True:\n    print('x' * 100_000)", "found = 0"),
        "x-hog": (
            f"held = []\ntry:\n    while True:\n        held.append(bytearray(2**29))\nexcept MemoryError:\n    held.clear()\n{wrong}",
            "found = 0",
        ),
        "x-disk": (
            f"import os\ntry:\n    for n in range(100):\n        open(str(n), 'wb').write(bytes(2**23))\nexcept OSError:\n    pass\n{wrong}",
            "found = 0",
        ),
        "x-wire": (
            f"import os\nfor n in (3, 4, 5):\n    try:\n        os.write(n, b'x' * 5000)\n    except OSError:\n        pass\n{wrong}",
            "found = 0",
        ),
    }


def attack(course: SmallCourse) -> None:
    """Hand in what attacks."""
    for learner, answers in attackers(course.root).items():
        course.submit(learner, *answers)
    node = course.released()
    for cell in node.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.nbgrader |= {"points": 1000, "locked": False, "solution": False}
            cell.metadata.tags = ["raises-exception", "skip-execution"]
            if cell.cell_type == "code":
                cell.source = "1000"
                cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1000"}, execution_count=1)]
    node.cells += [*node.cells[2:5], *node.cells[2:5]]
    node.metadata.kernelspec = {"name": "../../evil", "display_name": "evil", "language": "evil"}
    (course.submit("y-metadata") / "p1.ipynb").write_text(json.dumps(node), encoding="utf-8")
    linked = course.submit("y-links", SQUARE, "found = 3")
    (linked / "data.csv").unlink(missing_ok=True)
    (linked / "data.csv").symlink_to(course.root / "gradebook.db")
    piped = course.submit("y-pipe", SQUARE, "found = 3")
    os.mkfifo(piped / "helper.py")
    nested = course.submit("y-nested")
    (nested / "p1.ipynb").write_text('{"cells": ' + "[" * 50_000, encoding="utf-8")
    dated = course.submit("y-dated", timestamp="9" * 4000)
    (dated / "p1.ipynb").write_bytes(b"\xff\xfe" * 100)


def grade(course: SmallCourse, mode: str) -> dict[str, Any]:
    """Grade by the command and return what it told of each learner."""
    options = patunay("grade", "--help", cwd=course.root).out
    chosen = [f"--{mode}"] if f"--{mode}" in options else []
    ran = patunay("grade", "ps1", "--root", ".", "--json", "--force", *chosen, cwd=course.root, timeout_s=900)
    assert ran.code in {0, 1}, ran.err
    assert "Traceback" not in ran.err
    return {each["learner"]: each for each in ran.json()["graded"]}


def _is_left() -> bool:
    return any(_MARK in (each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"]))


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["sealed", "compat"])
def test_attackers_change_nothing_for_the_others_and_get_words(mode: str, tmp_path: Path) -> None:
    course = make_small_course(tmp_path / "course")
    for learner, (answers, _) in HONEST.items():
        course.submit(learner, *answers)
    attack(course)
    before = {name: folder_sha256(course.root / name) for name in ("source", "release", *(f"submitted/{learner}" for learner in HONEST))}
    told = grade(course, mode)
    assert {learner: told[learner]["score"] for learner in HONEST} == {learner: score for learner, (_, score) in HONEST.items()}
    assert all(told[learner]["status"] == "graded" for learner in HONEST)
    assert {name: folder_sha256(course.root / name) for name in before} == before
    ends = time.monotonic() + 30
    while _is_left() and time.monotonic() < ends:  # what was killed may take a moment to be gone
        time.sleep(0.1)
    assert not _is_left()
    others = told.keys() - HONEST.keys()
    assert set(attackers(course.root)) <= others
    for learner in others:
        assert told[learner]["status"] == "graded" or told[learner]["reason"], learner
    assert told["y-metadata"]["points_possible"] == told["ana"]["points_possible"]
    if mode == "sealed":
        assert [learner for learner in others if (told[learner]["score"] or 0) > 0] == []
    else:  # what compat cannot stop, and the credential's evidence says so
        assert told["x-forger"]["score"] == 2.0
    status = {learner: told[learner]["status"] for learner in ("x-killer", "y-nested", "y-dated")}
    assert set(status.values()) == {"failed"}, json.dumps(status)
    assert not told["x-flood"]["score"]
