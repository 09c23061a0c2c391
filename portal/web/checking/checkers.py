"""The portal's side of the processes that read strangers' and learners' files: so many at once, each ended with its check or at its time limit, all with the portal.

Each step of a check has a process of its own (`orders.Task`): what took a picture or a PDF apart says which credential it holds, not whether it is valid. The
process that forks them, the zygote, is started with the first check, again if it was killed, and has none of the portal's environment.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.errors import SubmissionError
from issuer.documents import parse_document
from issuer.errors import DocumentUnreadableError, ResolutionError
from portal.uploads import Upload, Wanted, require_within
from portal.verifying import Examined
from portal.web.checking.errors import CheckBrokenOffError, CheckTooMuchError
from portal.web.checking.orders import Answer, Order, Refusal, RefusalKind, Task, order_frame, read_answer
from portal.web.checking.packed_files import pack_files, unpack_files
from portal.web.checking.turns import Turns

_log = logging.getLogger("patunay.portal")
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
_LONGEST_FAULT = 1_000
_IS_TEXT = (b"{", b"eyJ")


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What strangers' files may take of the machine."""

    at_once: int = 4
    waiting: int = 32
    """Checks that are done or wait."""
    time_s: float = 25.0
    """For one check with all of its steps, from when it is asked for. Checks of strangers' credentials and what learners hand in have as many places each."""
    cpu_s: int = 5
    """Of processor time, for a step."""
    memory_bytes: int = 512 * 2**20
    """For a step, beside what its process has when it is forked."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What the QR codes in a picture say that carries no credential."""

    texts: tuple[str, ...]


class Checkers:
    """Checks what strangers send. Closing it, or forgetting it, ends every process."""

    def __init__(self, site: Path, limits: CheckLimits | None = None) -> None:
        self._site, self._limits = str(site), limits or CheckLimits()
        self._strangers, self._learners = (
            Turns(at_once=self._limits.at_once, waiting=self._limits.waiting, time_s=self._limits.time_s) for _ in range(2)
        )
        self._documents: tuple[str, ...] = ()
        self._zygote: _Zygote | None = None

    async def check_file(self, data: bytes, now: datetime, *, asker: str) -> Examined | Codes:
        """Return what is found of the credential that a file is or carries, or what the QR codes in a picture say.

        Args:
            asker: the visitor's address; one visitor does not get all places.

        Raises:
            DocumentUnreadableError: there is no credential in it.
            CheckFailedError: the check came to no result.
        """
        async with self._strangers.take(asker):
            return await self._file(data, now)

    async def check_link(self, link: str, now: datetime, *, asker: str) -> Examined | Codes:
        """Return the same of what is published at an https address.

        Raises:
            ResolutionError: it cannot be had.
            DocumentUnreadableError, CheckFailedError: as above.
        """
        async with self._strangers.take(asker):
            return await self._file((await self._carry_out(self._order(Task.FETCH, link.encode("utf-8", "replace"), now))).data, now)

    async def check_credential(self, data: bytes, now: datetime, *, asker: str) -> Examined:
        """Return what is found of a credential, given as JSON or as a JWT.

        Raises:
            DocumentUnreadableError, CheckFailedError: as above.
        """
        async with self._strangers.take(asker):
            return await self._examine(data, now)

    async def sort_out(self, uploads: Sequence[Upload], wanted: Wanted, now: datetime, *, learner: str) -> dict[str, bytes]:
        """Return the files of an assignment that are among what a learner sent, by their names there.

        Raises:
            SubmissionError: nothing fits, something does not belong to it, is no notebook, or is too much.
            CheckFailedError: it came to no result.
        """
        packed = pack_files((each.name, each.content) for each in uploads)
        order = Order(Task.SORT_OUT, self._site, now, packed, wanted.names, wanted.most_bytes)
        async with self._learners.take(learner):
            try:
                files = dict(unpack_files((await self._carry_out(order)).data))
            except DocumentUnreadableError as refused:
                raise SubmissionError(refused.problem, remedy=refused.remedy) from refused
            except ValueError as strange:
                raise CheckBrokenOffError from strange
        require_within(files, wanted)  # they come from a process that a learner may have taken over
        return files

    @property
    def process_id(self) -> int:
        """The zygote's; 0 if none was started."""
        return self._zygote.process_id if self._zygote is not None else 0

    def learn(self, documents: Sequence[str]) -> None:
        """Start the zygote now, so that the first who comes does not wait until it has loaded.

        Args:
            documents: credentials of this site, whose shapes it learns: a file of that shape is checked at a fifth of the cost.
        """
        self._documents = tuple(documents)
        self.start()

    def start(self) -> None:
        """Start the zygote if none runs."""
        if self._zygote is None or not self._zygote.is_alive():
            self.close()
            self._zygote = _Zygote(self._site, self._limits, self._documents)

    def close(self) -> None:
        """End the zygote, and with it every check."""
        if self._zygote is not None:
            self._zygote.end()
            self._zygote = None

    async def _file(self, data: bytes, now: datetime) -> Examined | Codes:
        if not data.startswith(_IS_TEXT):
            found = await self._carry_out(self._order(Task.TAKE_OUT, data, now))
            if found.codes:
                return Codes(found.codes)
            data = found.data
        return await self._examine(data, now)

    async def _examine(self, data: bytes, now: datetime) -> Examined:
        found = await self._carry_out(self._order(Task.EXAMINE, data, now))
        if found.report is None:
            raise CheckBrokenOffError
        return Examined(found.report, parse_document(found.data) if found.data and found.report.facts is not None else None)

    def _order(self, task: Task, data: bytes, now: datetime) -> Order:
        return Order(task, self._site, now, data)

    async def _carry_out(self, order: Order) -> Answer:
        """Return what a process answers."""
        try:
            answer = await self._ask(order_frame(order))
        except (asyncio.IncompleteReadError, ConnectionError) as gone:
            _log.error("a check (%s) broke off: its process ended", order.task)
            raise CheckBrokenOffError from gone
        except ValueError as strange:  # its words may be a stranger's
            _log.error("a check (%s) broke off: its process answered what is no answer", order.task)
            raise CheckBrokenOffError from strange
        if answer.refusal is not None:
            _raise(order.task, answer.refusal)
        return answer

    async def _ask(self, order: bytes) -> Answer:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._hand_over(theirs)
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException:
            ours.close()
            raise
        try:
            writer.write(order)
            await writer.drain()
            return await read_answer(reader)
        finally:
            writer.transport.abort()  # at once: a process to which nobody listens is ended

    def _hand_over(self, channel: socket.socket) -> None:
        """Have a process forked that listens to `channel`.

        Raises:
            CheckBrokenOffError: none can be had.
        """
        for _ in range(2):
            try:
                self.start()
                if self._zygote is not None:
                    socket.send_fds(self._zygote.control, [b"c"], [channel.fileno()])
                    return
            except OSError as refusal:  # the zygote was ended a moment ago, or the machine has no room for one
                _log.error("no process for checks can be had: %s", refusal.strerror)
                self.close()
        raise CheckBrokenOffError


class _Zygote:
    """The process that forks the others."""

    def __init__(self, site: str, limits: CheckLimits, documents: Sequence[str]) -> None:
        self.control, theirs = socket.socketpair()
        self.control.setblocking(False)  # the portal waits for nobody
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        given = json.dumps({"site": site, "memory_bytes": limits.memory_bytes, "cpu_s": limits.cpu_s, "portal": os.getpid()})
        with theirs, tempfile.TemporaryFile() as known:
            known.write(json.dumps(documents).encode("utf-8"))
            known.seek(0)
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "portal.web.checking.zygote", str(theirs.fileno()), given],
                    pass_fds=[theirs.fileno()], env=environment, cwd="/", stdin=known, stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )  # fmt: skip
            except OSError:
                self.control.close()
                raise
        self.end = weakref.finalize(self, _end, self.control, self._process)
        self.process_id = self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None


def _end(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    control.close()
    process.kill()  # what it forked dies with it
    process.wait()


def _raise(task: Task, refusal: Refusal) -> None:
    if refusal.kind is RefusalKind.TOO_MUCH:
        raise CheckTooMuchError
    if refusal.kind is RefusalKind.UNREACHABLE:
        raise ResolutionError(refusal.problem, remedy=refusal.remedy)
    if refusal.kind is RefusalKind.UNREADABLE:
        raise DocumentUnreadableError(refusal.problem, remedy=refusal.remedy)
    told = "".join(each if each.isprintable() else " " for each in refusal.problem[:_LONGEST_FAULT])  # by whoever had that process
    _log.error("a check (%s) broke off: %s", task, told)
    raise CheckBrokenOffError
