"""What a kernel and everything it started use, read from outside in /proc: processor time, memory, number of processes.

Processor time is the sum over the living of their own and of their ended children's (proc(5), `stat` fields 14 to 17), so sleeping is not counted and
threads are. Memory is the proportional share (`smaps_rollup`) where we may read it, else the pages that belong to no file: shared ones are then counted
once a process, which is too much rather than too little.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_PROCESSES = 4096


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tree of processes uses at a moment."""

    cpu_s: float
    memory_bytes: int
    processes: tuple[int, ...]
    """Their process ids, the root first."""


def usage_of(root: int, memory_allowed: int) -> Usage:
    """Return what the process `root` and its descendants use; what ends meanwhile is left out.

    Args:
        memory_allowed: below it the memory is not counted exactly, which takes milliseconds a process, but as if nothing were shared.
    """
    cpu, memory, living = 0.0, 0, []
    for pid in process_tree(root):
        with contextlib.suppress(OSError, ValueError, IndexError):
            cpu += _cpu_s(Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace"))
            memory += _unshared_bytes(pid)
            living.append(pid)
    if memory > memory_allowed:
        memory = sum(_proportional_bytes(pid) for pid in living)
    return Usage(cpu, memory, tuple(living))


def process_tree(root: int) -> list[int]:
    """Return `root` and its descendants, parents before children."""
    found = [root]
    for pid in found:
        if len(found) >= _MOST_PROCESSES:
            break
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text(encoding="ascii").split())
    return found


def _cpu_s(stat: str) -> float:
    """Return the processor time in a line of /proc/PID/stat; the program's name in it may hold anything, also parentheses."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _unshared_bytes(pid: int) -> int:
    resident, shared = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1:3]
    return (int(resident) - int(shared)) * _PAGE


def _proportional_bytes(pid: int) -> int:
    """Return the process's share of the memory that it holds, all of it where we may not read the share, 0 if it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            return _unshared_bytes(pid)
    return 0
