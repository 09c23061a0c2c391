"""A small course, made once by nbgrader, and a copy of it for every test that wants one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql_server import new_database, running_server
from tests.small_course import SmallCourse, make_small_course


@pytest.fixture(scope="session")
def small_course_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small course that nothing was handed in for. Only copied."""
    return make_small_course(tmp_path_factory.mktemp("template") / "course").root


@pytest.fixture
def small_course(small_course_template: Path, tmp_path: Path) -> SmallCourse:
    """Return a small course of one's own."""
    return SmallCourse(shutil.copytree(small_course_template, tmp_path / "course"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Path]:
    """Return the folder of a running PostgreSQL server's socket."""
    with running_server() as socket:
        yield socket


@pytest.fixture
def postgresql_url(postgresql: Path) -> str:
    """Return the address of an empty database on a real PostgreSQL server."""
    return new_database(postgresql)
