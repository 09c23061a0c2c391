"""What holds for all tests: the gate tries the same examples of every property each time, `make check` a few of them; `make test-all` looks for new ones."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

_UNHURRIED = (HealthCheck.too_slow,)
"""A machine that stands still for a while is no fault of a strategy."""

settings.register_profile("gate", derandomize=True, deadline=None, max_examples=30, suppress_health_check=_UNHURRIED)
settings.register_profile("quick", settings.get_profile("gate"), max_examples=8)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=500, suppress_health_check=_UNHURRIED)
settings.load_profile("gate")

_LONG = (
    "test_demo.py",
    "test_whole_journey.py",
    "test_docs.py",
    "test_parity_with_nbgrader.py",
    "test_commands.py",
    "test_parity.py",
    "test_hub.py",
    "test_without_name_spaces.py",
)
"""Files of few tests that take minutes: begun first, so that no worker has one left when the others are done."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the gate's examples the same: Hypothesis also draws words of our modules, and which are loaded differs from worker to worker."""
    if config.getoption("--hypothesis-profile") != "search":
        pytest.MonkeyPatch().setattr(providers, "is_local_module_file", lambda _path: False)


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests out of every later collection of garbage."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; xdist deals files out in this order (`--no-loadscope-reorder`)."""
    items.sort(key=lambda item: _LONG.index(item.path.name) if item.path.name in _LONG else len(_LONG))
