"""How fast the portal answers with many credentials in the ledger, and many learners at once; on SQLite and on PostgreSQL.

`python -m benchmarks.portal [--short] [--no-postgresql] [--no-sqlite] [--only TEXT] [--credentials N] [--learners N] [--rate N] [--seconds N] [--workers N] [--keep FOLDER]`

What is asked, each at its own time, at a steady rate whatever comes back (`benchmarks.open_loop`), every request for a credential, page or learner at random:
    the check of a credential by its number, as a page and as JSON; the page that a holder shares; the signed file of a shared credential
    my courses, each learner once, all of them in a minute
The asking process shares the cores with the portal. Nothing is asked twice on purpose: what is remembered of a check helps little here, more where one credential
is looked at by many. `--short` takes two minutes: a twentieth of the credentials, shorter.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from tornado.web import create_signed_value

from benchmarks.measuring import print_table
from benchmarks.open_loop import Load, Measured, ask
from benchmarks.portal_sites import Addresses, make_portal_site, move_to_postgresql, read_addresses
from courses.settings import Site, load_site
from portal.web.cookie_secret import cookie_secret
from portal.web.page_handler import TRY_OUT_COOKIE
from tests.postgresql_server import find_programs, new_database, running_server
from tests.small_site import COURSE

_MINUTE_S = 60.0
_WARMING_S = 3.0
_STARTS_IN_S = 120.0
_BARE_MS, _BARE_BYTES = (0.5, 1.0, 2.0), 4000
_IDLE_S = 0.05
"""Of the processor, in a second."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of everything."""

    credentials: int
    learners: int
    rate: float
    seconds: float
    workers: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked."""

    name: str
    requests: tuple[tuple[str, str], ...]
    rate: float
    accept: str = "text/html"


def main() -> None:
    """Make the site, measure, print a table a database."""
    arguments = _arguments()
    share = 20 if arguments.short else 1
    wanted = Wanted(
        arguments.credentials // share, arguments.learners // (4 if arguments.short else 1), arguments.rate,
        arguments.seconds / (3 if arguments.short else 1), arguments.workers,
    )  # fmt: skip
    with _folder(arguments.keep) as folder:
        if (folder / "site").is_dir():
            site = load_site(folder / "site")
        else:
            started = time.monotonic()
            site = make_portal_site(folder, credentials=wanted.credentials, learners=wanted.learners + 1)
            say(f"{wanted.credentials:,} credentials, {wanted.learners:,} learners: made in {time.monotonic() - started:.0f} s")
        if not arguments.no_sqlite:
            _measure(site, wanted, "SQLite", arguments.only)
        if not arguments.no_postgresql and find_programs() is not None:
            with running_server() as server:
                settings = [site.root / "patunay.toml", site.course_root(COURSE) / "nbgrader_config.py"]
                before = [each.read_text(encoding="utf-8") for each in settings]
                try:
                    _measure(move_to_postgresql(site, new_database(server), new_database(server)), wanted, "PostgreSQL", arguments.only)
                finally:
                    for path, text in zip(settings, before, strict=True):
                        path.write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--no-postgresql", action="store_true")
    parser.add_argument("--credentials", type=int, default=100_000)
    parser.add_argument("--learners", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", metavar="TEXT", help="only the rows whose name has this in it")
    parser.add_argument("--no-sqlite", action="store_true")
    parser.add_argument("--keep", type=Path, help="make the site here, or take the one that is here, and leave it")
    return parser.parse_args()


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="patunay-portal-") as folder:
        yield Path(folder)


def _measure(site: Site, wanted: Wanted, kind: str, only: str) -> None:
    addresses = read_addresses(site, learners=wanted.learners + 1)
    rows = []
    with _served(site, wanted) as (port, process):
        _wait_until_settled(process)
        for task in _tasks(site, addresses, wanted):
            if only not in task.name:
                continue
            warming = task.requests[: int(_WARMING_S * min(task.rate, 50))]
            ask(Load(port, min(task.rate, 50), warming, task.accept))
            before = _cpu_s(process)
            found = ask(Load(port, task.rate, task.requests, task.accept))
            rows.append(_row(task, found, (_cpu_s(process) - before) / max(1, len(task.requests))))
            say("  ".join(rows[-1]))
    title = f"{kind}, {len(addresses.numbers):,} credentials, {wanted.workers} workers"
    rows += [_bare(wanted, milliseconds) for milliseconds in _BARE_MS]
    print_table([title, "asked/s", "answered/s", "p50 ms", "p95 ms", "p99 ms", "worst ms", "not 200", "CPU ms each", "kB"], rows)
    print(flush=True)  # noqa: T201


def _bare(wanted: Wanted, milliseconds: float) -> list[str]:
    """Return the row of a server that only computes: what these cores, and who else wants them, make of so much work."""
    task = Task(f"only {milliseconds:g} ms of computing", (("/", ""),) * int(wanted.rate * wanted.seconds), wanted.rate)
    with _running("benchmarks.bare_server", wanted.workers, milliseconds, _BARE_BYTES) as (port, process):
        before = _cpu_s(process)
        found = ask(Load(port, task.rate, task.requests))
        return _row(task, found, (_cpu_s(process) - before) / len(task.requests))


def _row(task: Task, found: Measured, cpu_s: float) -> list[str]:
    failed = sum(count for status, count in found.statuses.items() if status != "200")
    times = [f"{each:.1f}" for each in (found.p50_ms, found.p95_ms, found.p99_ms, found.worst_ms)]
    return [task.name, f"{task.rate:.0f}", f"{found.rate:.0f}", *times, str(failed), f"{1000 * cpu_s:.2f}", f"{found.kilobytes:.1f}"]


def _tasks(site: Site, addresses: Addresses, wanted: Wanted) -> list[Task]:
    chance = random.Random(7)  # noqa: S311 - which credential is asked for, no secret
    count, secret = int(wanted.rate * wanted.seconds), cookie_secret(site.keys)

    def some(pattern: str, of: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple((pattern.format(each), "") for each in chance.choices(of, k=count))

    def signed_in(learner: str) -> str:
        cookie = create_signed_value(secret, TRY_OUT_COOKIE, learner).decode("ascii")
        return f'Cookie: {TRY_OUT_COOKIE}="{cookie}"\r\n'

    learners = tuple(("/my", signed_in(each)) for each in addresses.learners)
    return [
        Task("check by number, page", some("/verify/{}", addresses.numbers), wanted.rate),
        Task("check by number, JSON", some("/verify/{}", addresses.numbers), wanted.rate, "application/json"),
        Task("the same shared page", some("/c/{}", addresses.tokens[:1]), wanted.rate),
        Task("shared page", some("/c/{}", addresses.tokens), wanted.rate),
        Task("credential JSON", some("/c/{}/credential.json", addresses.tokens), wanted.rate, "application/json"),
        Task("my courses, each learner once", learners, len(learners) / _MINUTE_S),
    ]


def _served(site: Site, wanted: Wanted) -> contextlib.AbstractContextManager[tuple[int, psutil.Process]]:
    return _running("benchmarks.portal_server", wanted.workers, wanted.learners + 1, site.root)


@contextlib.contextmanager
def _running(module: str, workers: int, *more: object) -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", module, str(port), str(workers), *map(str, more)]
    root, environment = Path(__file__).resolve().parents[1], os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=said, stderr=said)
        try:
            _wait_for(port, process)
            yield port, psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_IN_S
    while ask(Load(port, 1, (("/healthz", ""),))).statuses != {"200": 1}:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the portal does not start")
        time.sleep(0.5)


def _wait_until_settled(process: psutil.Process) -> None:
    """Wait until the processes for strangers' files, which load beside the first answers for some ten seconds, have loaded."""
    deadline, before = time.monotonic() + _STARTS_IN_S, -1.0
    while time.monotonic() < deadline and _cpu_s(process) - before > _IDLE_S:
        before = _cpu_s(process)
        time.sleep(1.0)


def _cpu_s(process: psutil.Process) -> float:
    """Return the processor time of the portal's processes so far."""
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


if __name__ == "__main__":
    main()
