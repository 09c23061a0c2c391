"""What the tests of the service share: a site whose course is ready to be graded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from courses.settings import Site, load_site
from tests.portal.grading_service.working_site import results, running_service, submit, wait_until
from tests.small_site import released_site


@pytest.fixture(scope="session")
def ready_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released site whose sealing plan is made, as a release leaves it, with one graded attempt."""
    folder = tmp_path_factory.mktemp("service")
    site, log = released_site(folder / "site", folder), folder / "log"
    submit(site, "zoe")
    with running_service(site, log):
        wait_until(lambda: results(site) == {"zoe": [("graded", True)]}, "the first attempt is graded", log)
    return site.root


@pytest.fixture
def site(ready_site: Path, tmp_path: Path) -> Site:
    """A copy of it."""
    shutil.copytree(ready_site, tmp_path / "site")
    return load_site(tmp_path / "site")
