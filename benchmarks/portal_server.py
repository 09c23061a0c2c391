"""The portal as `patunay serve --workers N` runs it, but with as many invented learners as are measured: `python -m benchmarks.portal_server PORT WORKERS LEARNERS SITE`."""

from __future__ import annotations

import sys
from pathlib import Path

from courses.settings import load_site
from portal.web.portal_site import Person, PortalSite
from portal.web.serving import serve_portal
from tests.small_site import COURSE


def main() -> None:
    """Serve until SIGTERM."""
    port, workers, learners, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    people = tuple(Person(f"learner{number:06}", "learner", (f"nbgrader-{COURSE}",)) for number in range(learners))
    portal = PortalSite(load_site(folder), people=people)
    serve_portal(portal, address="127.0.0.1", port=port, started=lambda address: print(address, flush=True), workers=workers)  # noqa: T201


if __name__ == "__main__":
    main()
