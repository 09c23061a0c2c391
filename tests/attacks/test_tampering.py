"""Tampering with what is not the learner's: the gradebook, results, the release, other submissions, the exchange, other people's programs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.execution.fork_server import ForkServer
from autograder.jobs import Limits
from tests.attacks.arena import Attack, Record, Stripped, errors_in_kernel, try_attack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

_FILES = ("user", "private root", "landlock")
_OPEN = ("private root", "landlock")
_KILL = ("pid", "user", "landlock")

ATTACKS = (
    Attack("a better score in the gradebook", "import sqlite3\nwith sqlite3.connect(site + '/gradebook.db') as d:\n    d.execute('update grade set score = 100')\nassert not d.execute('select * from grade where score < 100').fetchall()", _FILES, also_off=("capabilities",)),
    Attack("the gradebook shut for everybody", "import sqlite3\nd = sqlite3.connect(site + '/gradebook.db')\nd.execute('begin exclusive')", _FILES, also_off=("capabilities",)),
    Attack("another learner's submission deleted", "import os\nos.unlink(site + '/submitted/ben/ps1/p1.ipynb')", _FILES, also_off=("capabilities",)),
    Attack("another learner's submission replaced", "open(site + '/submitted/ben/ps1/p1.ipynb', 'w').write('mine')", _FILES, also_off=("capabilities",)),
    Attack("a graded notebook replaced", "open(site + '/graded/p1.ipynb', 'w').write('full marks')", _FILES, also_off=("capabilities",)),
    Attack("the tests replaced", "open(site + '/source/ps1/p1.ipynb', 'w').write('assert True')", _FILES, also_off=("capabilities",)),
    Attack("the released assignment replaced for the next learners", "open(site + '/release/p1.ipynb', 'w').write('x')", _FILES, also_off=("capabilities",)),
    Attack("work handed in under another learner's name", "import os\nos.mkdir(site + '/inbound/ben+ps1+2026-01-01 00:00:00 UTC')", _OPEN),
    Attack("the rights of the gradebook", "import os\nos.chmod(site + '/gradebook.db', 0o777)", ("user", "private root"), also_off=("capabilities", "landlock")),
    Attack("the time of one's own submission", "import os\nos.utime(site + '/inbound/stamp', (0, 0))\nassert os.stat(site + '/inbound/stamp').st_mtime == 0", ("user", "private root"), also_off=("capabilities", "landlock")),
    Attack("a notebook that the grader will read", "import os\nos.symlink(site + '/graded/p1.ipynb', site + '/inbound/p2.ipynb')", _OPEN),
    Attack("another program killed", "import os\nos.kill(victim, 9)", _KILL, also_off=("capabilities",)),
    Attack("another program stopped", "import os\nos.kill(victim, 19)", _KILL, also_off=("capabilities",)),
    Attack("another program slowed down", "import os\nos.setpriority(os.PRIO_PROCESS, victim, 19)", ("pid", "user"), also_off=("capabilities",)),
    Attack("another program's limits", "import resource\nresource.prlimit(victim, resource.RLIMIT_CPU, (100, 100))", ("pid", "user"), also_off=("capabilities",)),
    Attack("another program's processor", "import os\nos.sched_setaffinity(victim, {0})", ("pid", "user"), also_off=("capabilities",)),
)  # fmt: skip


class Site:
    """A site's files, and a program that runs beside; all is made anew for each trial."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.victim = subprocess.Popen(["sleep", "3600"])

    def make(self) -> None:
        for name in ("source/ps1/p1.ipynb", "submitted/ben/ps1/p1.ipynb", "graded/p1.ipynb", "release/p1.ipynb", "inbound/stamp"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text("his", encoding="utf-8")
        (self.root / "inbound").chmod(0o777)
        for path in (self.root / "inbound").iterdir():
            path.rmdir() if path.is_dir() else path.unlink()
        (self.root / "inbound/stamp").write_text("now", encoding="utf-8")
        (self.root / "gradebook.db").unlink(missing_ok=True)
        with sqlite3.connect(self.root / "gradebook.db") as database:
            database.execute("create table grade (score)")
            database.execute("insert into grade values (1)")
        database.close()
        (self.root / "gradebook.db").chmod(0o644)

    def make_with_new_victim(self) -> None:
        """The same with another program: the one of the trial before may still be dying of it."""
        self.victim.kill()
        self.victim.wait()
        self.victim = subprocess.Popen(["sleep", "3600"])
        self.make()

    @property
    def names(self) -> dict[str, Any]:
        return {"site": str(self.root), "victim": self.victim.pid}


@pytest.fixture(scope="module")
def site(outside: Path) -> Iterator[Site]:
    made = Site(outside / "tampering")
    made.root.mkdir()
    made.make()
    yield made
    made.victim.kill()
    made.victim.wait()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_tampering_fails_behind_each_of_its_layers(attack: Attack, stripped: Stripped, site: Site, record: Record) -> None:
    try_attack(stripped, attack, lambda: site.names, record, prepare=site.make_with_new_victim)


def test_all_tampering_fails_in_a_kernel_of_the_product(server: ForkServer, site: Site) -> None:
    site.make_with_new_victim()
    with server.start_kernel(None, Limits(), {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}) as kernel:
        told = errors_in_kernel(kernel, ATTACKS, site.names)
    assert [name for name, stopped_by in told.items() if not stopped_by] == []
    assert site.victim.poll() is None
    assert os.stat(site.root / "submitted/ben/ps1/p1.ipynb").st_size == 3
