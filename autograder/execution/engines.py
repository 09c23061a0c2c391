"""Which engine runs notebooks on this machine, and what keeps learners' code in: found out by trying, strongest first.

1. A fork server: each Python notebook in a fork of a loaded kernel, locked in by every layer (`autograder.sandbox.isolation`).
2. bubblewrap round a kernel that nbclient starts: any language, slower.
3. Nothing: only where the site does not demand a sandbox, and said with every run.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal

from autograder.errors import SandboxMissingError
from autograder.execution.fork_server import ForkServer
from autograder.execution.installed import installed_digest
from autograder.execution.preloading import imports_of
from autograder.jobs import AssignmentSource
from autograder.sandbox.bubblewrap import find_bubblewrap
from autograder.sealed.grading import CANDIDATE, EXAMINER, EXAMINER_UID

Engine = Literal["fork", "kernel"]
Assurance = Literal["compat", "sealed"]

NO_SANDBOX = "none"
BUBBLEWRAP = "bubblewrap"


@dataclass(frozen=True, slots=True)
class Ready:
    """What a run is made with."""

    sandbox: str
    """What keeps learners' code in, in words; recorded with the run."""
    server: ForkServer | None
    """Forks kernels; None: nbclient starts them."""
    examiner: ForkServer | None = None
    """Forks the tests' own kernels; None: tests run in the learner's."""
    others: str = ""
    """What keeps kernels in that cannot be forked, such as those of other languages; empty: they may not run, for a sandbox is required."""

    @property
    def servers(self) -> tuple[ForkServer, ...]:
        """The fork servers there are."""
        return tuple(each for each in (self.server, self.examiner) if each is not None)

    @property
    def is_alive(self) -> bool:
        """Whether no fork server has ended."""
        return all(server.is_alive for server in self.servers)


class EngineRoom:
    """Starts what a source needs, and keeps it for the next one; closing it ends every kernel."""

    def __init__(self, engine: Engine = "fork", *, sandbox_required: bool = False, assurance: Assurance = "sealed") -> None:
        self._engine, self._required, self._is_sealed = engine, sandbox_required, assurance == "sealed"
        self._server: ForkServer | None = None
        self._examiner: ForkServer | None = None
        self._loaded: frozenset[str] = frozenset()
        self._installed = ""
        self._forks_here = True
        self._obstacle = "kernels of their own were asked for" if engine == "kernel" else ""

    def __enter__(self) -> EngineRoom:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the fork servers."""
        for server in (self._server, self._examiner):
            if server is not None:
                server.close()
        self._server = self._examiner = None

    def refresh(self) -> None:
        """End the fork servers if packages were installed, upgraded or removed since they were started; not while anything is graded."""
        if self._server is not None and installed_digest() != self._installed:
            self.close()

    def prepare(self, source: AssignmentSource) -> Ready:
        """Return the means to run submissions of `source`; the fork server is started anew if the source names more libraries.

        Raises:
            SandboxMissingError: a sandbox is required and none can be made, or sealed grading is asked for and no kernel can be forked.
        """
        if self._engine == "fork" and self._forks_here:
            wanted = frozenset(imports_of([source]))
            if self._server is None or not wanted <= self._loaded or not self._is_alive():
                self._start(wanted | self._loaded | frozenset(source.plan.modules if source.plan else ()))
        if self._server is not None:
            others = BUBBLEWRAP if find_bubblewrap() else "" if self._required else NO_SANDBOX
            return Ready(f"fork of one kernel: {_layers(self._server)}", self._server, self._examiner, others)
        if self._is_sealed:
            raise SandboxMissingError(
                f"sealed grading needs kernels that are forked and locked in, and there are none here: {self._obstacle}",
                remedy="`patunay doctor` says what is missing. `--compat` grades as nbgrader does, which protects the machine but not the verdicts.",
            )
        return Ready(_bubblewrap(required=self._required), None)

    def _is_alive(self) -> bool:
        return all(server.is_alive for server in (self._server, self._examiner) if server is not None)

    def _start(self, modules: frozenset[str]) -> None:
        """Start a fork server and fork a kernel once; remember if this machine does not allow it."""
        self.close()
        self._installed = installed_digest()
        with contextlib.ExitStack() as on_failure:
            try:
                server = on_failure.enter_context(ForkServer(sorted(modules), extension=CANDIDATE if self._is_sealed else None))
                server.probe()
            except (SandboxMissingError, OSError) as refusal:
                self._forks_here, self._obstacle = False, str(refusal)
                return
            on_failure.pop_all()
        self._server, self._loaded = server, modules
        if self._is_sealed:
            self._examiner = ForkServer(sorted(modules), extension=EXAMINER, first_uid=EXAMINER_UID)


def try_layers() -> dict[str, str]:
    """Return what becomes of each layer of the sandbox on this machine, by locking in a kernel and ending it.

    Raises:
        SandboxMissingError: no kernel can be forked here.
    """
    with ForkServer([]) as server:
        return server.probe()


def _layers(server: ForkServer) -> str:
    missing = [name for name, state in server.layers.items() if state.startswith("missing")]
    return f"{len(server.layers) - len(missing)} layers" + (f", without {', '.join(missing)}" if missing else "")


def _bubblewrap(*, required: bool) -> str:
    if find_bubblewrap():
        return BUBBLEWRAP
    if required:
        raise SandboxMissingError(
            "this site demands a sandbox, and this machine allows none",
            remedy='Allow user name spaces and install bubblewrap (`apt-get install bubblewrap`), or set grading.sandbox = "best-effort".',
        )
    return NO_SANDBOX
