"""One pair of fork servers for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.autograder.sealed.examination import Desk, both_servers


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with both_servers("numpy", "pandas", "matplotlib.pyplot", "unittest.mock", "scipy.stats") as servers:
        yield Desk(servers, tmp_path_factory.mktemp("desk"))
