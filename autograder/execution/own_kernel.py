"""Runs a notebook in a kernel of its own that nbclient starts, through nbgrader's Execute: any language, and Python where nothing can be forked.

The kernel is the source notebook's, never the submission's. The limits are those of a forked kernel, looked at once a second: nbclient asks then whether the
kernel lives. A flood of output cannot fill the grader's memory, because few messages are queued and what comes after the limit is dropped.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import nbformat
import zmq
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.preprocessors import Execute

from autograder.errors import KernelMissingError
from autograder.execution.kernel import CellRun, KernelDiedError, KernelStuckError
from autograder.execution.limiting import Budget, CellWatch, Exceeded
from autograder.execution.surviving import OVER_LIMIT, limit_error, run_through
from autograder.jobs import GradingJob
from autograder.sandbox.bubblewrap import PROVISIONER

_AFTER_INTERRUPT_S = 5.0
_MOST_QUEUED_MESSAGES = 50
_FLOOD_S = 30
"""The same of a cell that printed too much: ipykernel gathers what a flood prints, hundreds of megabytes, and sends it before it says that it was interrupted."""
_LAUNCHER = (
    "import sys; sys.path[:] = [each for each in sys.path if each]; import ipykernel_launcher; sys.argv[0] = ipykernel_launcher.__file__; "
    "from ipykernel import kernelapp; kernelapp.launch_new_instance()"
)
"""Starts ipykernel as its launcher does, but without the working folder on the path before: a helper file `re.py` would keep it from starting."""


class LimitedExecute(Execute):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's Execute with a watch over the cell that runs."""

    watch: CellWatch | None = None
    exceeded: Exceeded | None = None
    provisioner: str = ""
    """Who starts the kernel, whatever its kernelspec and the environment say; empty: what they say."""
    received: int = 0
    """How much the cell has printed and displayed, in characters, also what was not taken."""
    is_ended: bool = False
    """Whether the kernel was killed, because it did not stop when it was interrupted."""
    _stop_by: float = math.inf

    def begin(self, watch: CellWatch) -> None:
        """Watch the next cell."""
        self.watch, self.exceeded, self.received, self._stop_by = watch, None, 0, math.inf
        self.timeout = max(1, math.ceil(watch.deadline - time.monotonic()))

    def create_kernel_manager(self) -> Any:
        """Return what starts the kernel, with a launcher that helper files cannot mislead and a short queue."""
        manager: Any = super().create_kernel_manager()
        if self.provisioner:
            manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": self.provisioner}
        argv = manager.kernel_spec.argv
        if "ipykernel_launcher" in argv[1:] and argv[(place := argv.index("ipykernel_launcher")) - 1] == "-m":
            argv[place - 1 : place + 1] = ["-c", _LAUNCHER]
        manager.context.setsockopt(zmq.RCVHWM, _MOST_QUEUED_MESSAGES)
        return manager

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Take one output; after a limit the cell is interrupted and only its errors are taken."""
        content = msg["content"]
        self.received += len(content["text"]) if msg["msg_type"] == "stream" else len(str(content))
        if self.exceeded is None and self.watch is not None and self.received > self.watch.allowed_bytes:
            self._stop(self.watch.over_output())
        if self.exceeded is not None and (msg["msg_type"] != "error" or len(outs) > _MOST_QUEUED_MESSAGES):
            return None
        return super().output(outs, msg, display_id, cell_index)

    def _stop(self, exceeded: Exceeded) -> None:
        patience_s = _FLOOD_S if exceeded.limit == "output_bytes" else _AFTER_INTERRUPT_S
        self.exceeded, self._stop_by = exceeded, time.monotonic() + patience_s
        self._interrupting = asyncio.ensure_future(ensure_async(self.km.interrupt_kernel()))

    async def _async_check_alive(self) -> None:
        """Look at the limits, whenever nbclient looks whether the kernel lives."""
        if self.watch is not None and self.exceeded is None and time.monotonic() >= self.watch.next_look:
            exceeded = self.watch.look()
            if exceeded is not None:
                self._stop(exceeded)
        elif time.monotonic() > self._stop_by:
            self.is_ended = True
            await ensure_async(self.km.shutdown_kernel(now=True))
        await super()._async_check_alive()

    async def _async_handle_timeout(self, timeout: int, cell: Any = None) -> Any:
        """Interrupt the cell at its deadline."""
        if self.watch is not None and self.exceeded is None:
            self.exceeded = self.watch.at_deadline()
        return await super()._async_handle_timeout(timeout, cell)


class _OwnKernel:
    """A kernel of nbclient's that runs every cell of a notebook."""

    def __init__(self, execute: LimitedExecute, budget: Budget) -> None:
        self._execute, self._budget, self._printed = execute, budget, 0

    def run(self, cell: Any) -> None:
        """Run one code cell."""
        execute = self._execute
        watch = CellWatch(self._budget, [_process_id(execute)], self._printed, spared=_spared(execute))
        execute.begin(watch)
        index = next((place for place, each in enumerate(execute.nb.cells) if each is cell), None)
        if index is None:  # a read-only cell that is run once more
            execute.nb.cells.append(cell)
            index = len(execute.nb.cells) - 1
        try:
            execute.execute_cell(cell, index, store_history=True)
        except (DeadKernelError, CellTimeoutError, nbformat.ValidationError, RuntimeError, TimeoutError) as failure:
            self._fail(failure, cell)
        else:
            if execute.is_ended:  # its last word came as it was killed: the next cell is not to blame
                self._fail(DeadKernelError(), cell)
        finally:
            self._printed += min(execute.received, watch.allowed_bytes)
        if execute.exceeded is not None:
            others = [output for output in cell.outputs if output.get("ename") != "CellTimeoutError"]
            cell.outputs = [nbformat.from_dict(limit_error(execute.exceeded)), *others]
            cell.metadata[OVER_LIMIT] = execute.exceeded.limit

    def _fail(self, failure: Exception, cell: Any) -> None:
        """Raise what `failure` means.

        Raises:
            KernelDiedError, KernelStuckError: always one of them.
        """
        exceeded = self._execute.exceeded
        if exceeded is not None:
            raise KernelStuckError(
                f"{exceeded.told} It did not stop when it was interrupted.", CellRun(list(cell.outputs), exceeded=exceeded)
            )
        if isinstance(failure, DeadKernelError):
            raise KernelDiedError("the kernel ended") from failure
        told = Exceeded("output_bytes", f"the cell's output cannot be taken: {type(failure).__name__}")
        raise KernelStuckError(told.told, CellRun(exceeded=told)) from failure


def _process_id(execute: LimitedExecute) -> int:
    process = getattr(execute.km.provisioner, "process", None)
    return int(process.pid) if process is not None else 0


def _spared(execute: LimitedExecute) -> int:
    """Return how many processes stand before the programs that the kernel starts: itself, and bubblewrap's two."""
    return int(getattr(execute.km.provisioner, "outer_processes", 0)) + 1


def run_in_own_kernel(node: Any, folder: Path, job: GradingJob, budget: Budget) -> str:
    """Run the notebook in place; return "" if every cell was run, else why not.

    Raises:
        KernelMissingError: its kernel is not installed, or does not start.
    """

    @contextmanager
    def open_side() -> Iterator[_OwnKernel]:
        execute = LimitedExecute(kernel_name=job.limits.kernel_name or "")
        execute.provisioner = PROVISIONER if job.sandbox else ""
        own = nbformat.from_dict({**node, "cells": []})
        own.cells = list(node.cells)  # the same cells: they are run in place
        NotebookClient.__init__(execute, own)  # as ExecutePreprocessor.preprocess does
        execute.iopub_timeout = _FLOOD_S
        execute._check_assign_resources(ResourcesDict(metadata={"path": str(folder)}))
        with ExitStack() as stack:
            try:
                stack.enter_context(execute.setup_kernel())
            except NoSuchKernel as missing:
                raise KernelMissingError(
                    f"the kernel {missing.name!r} is not installed on this machine", remedy="Install it and grade again."
                ) from missing
            except RuntimeError as failure:
                raise KernelMissingError(f"the kernel did not start: {failure}", remedy="Start it by hand to see why.") from failure
            info = execute.wait_for_reply(execute.kc.kernel_info())
            node.metadata["language_info"] = info["content"]["language_info"]
            yield _OwnKernel(execute, budget)

    return run_through(node.cells, open_side, budget)
