"""Watches one cell's limits from outside the kernel: wall time, processor time, memory and number of all its processes, output.

What a cell exceeds is said in a sentence with the amount, and with what to do. Looking costs a few reads in /proc, so it begins half a second after the cell:
a cell that is over by then costs nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.execution.metering import Usage, usage_of
from autograder.jobs import Limits

LOOK_S = 0.5
_REST = 5
"""Looking at hundreds of processes takes time, theirs too: so many times longer nobody looks again."""
_LEAST_OUTPUT_BYTES = 1 << 16
"""What a cell may print even if the cells before it have used up the notebook's share: a test that prints a line is not to suffer for them."""


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Which limit a cell went over."""

    limit: str
    """The field of `Limits`."""
    told: str
    """What happened and what to do, for the learner and the author."""


class Budget:
    """What a submission has used so far, over all its notebooks and kernels."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.ends = limits, time.monotonic() + limits.submission_timeout_s
        self._cpu_s: dict[int, float] = {}

    @property
    def cpu_s(self) -> float:
        """Processor time of all kernels, as far as anybody looked."""
        return sum(self._cpu_s.values())

    def note(self, root: int, cpu_s: float) -> None:
        """Remember what the tree of the process `root` has used."""
        self._cpu_s[root] = max(cpu_s, self._cpu_s.get(root, 0.0))

    @property
    def is_spent(self) -> bool:
        """Whether no further cell may run."""
        return time.monotonic() >= self.ends or self.cpu_s >= self.limits.submission_cpu_s

    @property
    def told(self) -> str:
        """Return why no further cell may run."""
        if self.cpu_s >= self.limits.submission_cpu_s:
            return f"the submission used more than the {self.limits.submission_cpu_s:g} s of processor time allowed"
        return f"the submission took longer than the {self.limits.submission_timeout_s:g} s allowed"


class CellWatch:
    """The limits of one cell that runs now.

    Args:
        roots: the processes whose trees count.
        printed: bytes of output of the cells before.
        spared: how many processes at the head of a tree are the kernel itself, and not what it started.
    """

    def __init__(self, budget: Budget, roots: Iterable[int], printed: int = 0, *, spared: int = 1) -> None:
        self._spared = spared
        self._budget, self._roots, self._limits = budget, tuple(roots), budget.limits
        self._began = time.monotonic()
        self._cpu_before: float | None = None
        self.allowed_bytes = min(self._limits.cell_output_bytes, max(_LEAST_OUTPUT_BYTES, self._limits.output_bytes - printed))
        self.deadline = min(self._began + self._limits.cell_timeout_s, budget.ends)
        self.next_look = self._began + LOOK_S

    def at_deadline(self) -> Exceeded:
        """Return what the cell exceeded if it still runs at its deadline."""
        if self.deadline >= self._budget.ends:
            return Exceeded("submission_timeout_s", f"{self._budget.told} (submission_timeout_s); the cells after this one did not run")
        return _exceeded(self._limits, "cell_timeout_s", "ran longer than the {} s allowed", "Look for a loop that does not end")

    def over_output(self) -> Exceeded:
        """Return what a cell exceeds that printed more than `allowed_bytes`."""
        name = "cell_output_bytes" if self.allowed_bytes == self._limits.cell_output_bytes else "output_bytes"
        amount = f"{self.allowed_bytes / 2**20:.3g} MiB"
        return Exceeded(name, f"the cell printed more than the {amount} allowed ({name}); what followed was dropped. Print less.")

    def look(self) -> Exceeded | None:
        """Return what the cell exceeds by now, of processor time and memory; processes are ended if they hold too much memory."""
        began = time.monotonic()
        self.next_look = began + LOOK_S
        if not self._roots:
            return None
        usages = {root: usage_of(root, self._limits.total_memory_bytes) for root in self._roots}
        ended = time.monotonic()
        self.next_look = ended + max(LOOK_S, _REST * (ended - began))
        for root, usage in usages.items():
            self._budget.note(root, usage.cpu_s)
        total = sum(usage.cpu_s for usage in usages.values())
        if self._cpu_before is None:
            self._cpu_before = max(0.0, total - LOOK_S)  # the cells before used the rest
        spent = total - self._cpu_before
        if spent > self._limits.cell_cpu_s:
            return _exceeded(
                self._limits, "cell_cpu_s", "used more than the {} s of processor time allowed", "Look for a loop that does not end"
            )
        if self._budget.cpu_s > self._limits.submission_cpu_s:
            return Exceeded("submission_cpu_s", f"{self._budget.told} (submission_cpu_s); the cells after this one did not run")
        return self._look_at_programs(usages)

    def _look_at_programs(self, usages: dict[int, Usage]) -> Exceeded | None:
        """End programs that are too many or hold too much memory; return what they exceed."""
        for usage in usages.values():
            if len(usage.processes) > self._limits.processes + self._spared:
                _end(usage.processes)  # the first one takes those with it that are forked meanwhile
                told = f"the cell ran more than the {self._limits.processes} processes allowed (processes); its kernel was ended. Start fewer programs."
                return Exceeded("processes", told)
        held = max(usages.values(), key=lambda usage: usage.memory_bytes)
        if held.memory_bytes > self._limits.total_memory_bytes:
            _relieve(held, self._spared)
            amount = f"{self._limits.total_memory_bytes / 2**20:.5g} MiB"
            told = f"the cell's programs held more than the {amount} of memory allowed together (total_memory_bytes) and were ended. Work on less data at once."
            return Exceeded("total_memory_bytes", told)
        return None


def _exceeded(limits: Limits, name: str, what: str, advice: str) -> Exceeded:
    return Exceeded(name, f"the cell {what.format(format(getattr(limits, name), 'g'))} ({name}). {advice}.")


def _relieve(usage: Usage, spared: int) -> None:
    """End the programs that the kernel started; the kernel itself if it has none."""
    _end(usage.processes[spared:] or usage.processes)


def _end(processes: Iterable[int]) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
