"""What all families of attacks share: one pair of fork servers a session, one process that forks without layers, and the record for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.execution.fork_server import ForkServer
from tests.attacks.arena import Record, Stripped, outside_folder
from tests.autograder.sealed.examination import Desk, both_servers


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return where answers are examined sealed, and in one process."""
    with both_servers("numpy", "pandas", "unittest.mock") as servers:
        yield Desk(servers, tmp_path_factory.mktemp("attacks"))


@pytest.fixture(scope="session")
def server(desk: Desk) -> ForkServer:
    """Return the fork server of learners' kernels."""
    return desk.servers.candidate


@pytest.fixture(scope="session")
def stripped() -> Iterator[Stripped]:
    """Return the process that runs attacks with layers taken away."""
    made = Stripped()
    yield made
    made.close()


@pytest.fixture(scope="session")
def outside() -> Iterator[Path]:
    """Return a folder of the grader's that a learner's process has no business in."""
    with outside_folder() as folder:
        yield folder


@pytest.fixture
def record(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Record:
    """Return what notes an attack for the report, and refuses one that was not seen both ways."""

    def note(name: str, defence: str, *, without: bool, behind: bool) -> None:
        family = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", " ")
        record_property("attack", [name, family, defence, "succeeds" if without else "fails", "SUCCEEDS" if behind else "fails"])
        assert without, "the attack fails even without its defence: it proves nothing"
        assert not behind, "the attack succeeds"

    return note
