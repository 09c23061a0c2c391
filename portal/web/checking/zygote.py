"""The process that forks one for each check: it has loaded what they need, reads nothing of strangers, and holds nothing that is secret.

It is started by `checkers` with one end of a control socket. For each socket that comes over it a process is forked, which reads its order from that socket and
answers there. A process is killed when nobody listens to its answer any more; all are, when the portal is gone: then the control socket is closed.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from PIL import JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from autograder.sandbox.syscalls import tie_to
from courses.errors import DiagnosedError
from courses.notebook import read_notebook_json
from portal.verifying import examine
from portal.web.checking.confining import confine, limit, make_filter
from portal.web.checking.orders import Answer, Refusal, RefusalKind, answer_frame, read_order
from portal.web.checking.tasks import carry_out
from portal.web.public.own_site_resolver import site_resolver

_LOADED = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""What Pillow would load when it opens a picture."""
_NICE = 5
"""What strangers' files want of the processor goes after what pages want."""
_TOO_MUCH = answer_frame(Answer(refusal=Refusal(RefusalKind.TOO_MUCH)))
"""Made before, for who has no memory left, or was ended."""


def main() -> None:
    """Fork until the portal is gone.

    Arguments: the number of the control socket, and as JSON the limits, the site's folder and the portal's process id. Standard input: credentials of the site, whose
    shapes are learned, as a JSON list of texts.
    """
    given = json.loads(sys.argv[2])
    tie_to(int(given["portal"]))
    os.nice(_NICE)
    make_filter()  # before any fork
    _learn(json.load(sys.stdin), Path(given["site"]))
    with socket.socket(fileno=int(sys.argv[1])) as control:
        gc.collect()
        gc.freeze()  # what is loaded is not looked through in each process, and so stays shared
        _fork_on_request(control, int(given["memory_bytes"]), int(given["cpu_s"]))


def _learn(documents: list[str], site: Path) -> None:
    """Read a notebook of each form that nbformat checks, and examine credentials of the site once: libraries, contexts, keys, lists and the shapes of credentials are known to every process after that."""
    for minor in range(6):  # nbformat makes a program of each schema when it first meets it
        read_notebook_json(json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": []}), where="")
    for document in documents:
        with contextlib.suppress(DiagnosedError):
            examine(document.encode("utf-8"), resolver=site_resolver(site, ask_others=False), now=datetime.now(UTC))


def _fork_on_request(control: socket.socket, memory_bytes: int, cpu_s: int) -> None:
    running = _Running(control.fileno())
    while True:
        if not running.watch():
            continue
        data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            running.end_all()
            return
        for channel in descriptors:
            try:
                parent, pid = os.getpid(), os.fork()
                if not pid:
                    _check(channel, parent, partial(limit, memory_bytes=memory_bytes, cpu_s=cpu_s))
                running.add(channel, pid)
            except OSError:  # no process can be had: who asked sees the socket closed
                os.close(channel)


class _Running:
    """The processes that check now."""

    def __init__(self, control: int) -> None:
        self._control, self._poller = control, select.poll()
        self._poller.register(control, select.POLLIN)
        self._pids: dict[int, int] = {}
        """By the end of their channel that we keep to see whether anybody listens."""
        self._channels: dict[int, int] = {}
        """By their pidfd."""

    def add(self, channel: int, pid: int) -> None:
        handle = os.pidfd_open(pid)
        self._pids[channel], self._channels[handle] = pid, channel
        self._poller.register(channel, 0)  # tells of hang-ups only
        self._poller.register(handle, select.POLLIN)

    def watch(self) -> bool:
        """Wait until something happens, and return whether it is a request; see to processes that ended, or that nobody listens to."""
        is_asked = False
        for descriptor, _ in self._poller.poll():
            if descriptor == self._control:
                is_asked = True
            elif descriptor in self._pids:
                os.kill(self._pids[descriptor], signal.SIGKILL)
                self._poller.unregister(descriptor)  # what is left is to see it end
            elif descriptor in self._channels:
                self._forget(descriptor)
        return is_asked

    def end_all(self) -> None:
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)

    def _forget(self, handle: int) -> None:
        channel = self._channels.pop(handle)
        _, status = os.waitpid(self._pids.pop(channel), 0)
        with contextlib.suppress(KeyError):
            self._poller.unregister(channel)
        self._poller.unregister(handle)
        os.close(handle)
        with socket.socket(fileno=channel) as wire, contextlib.suppress(OSError):
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
                wire.send(_TOO_MUCH, socket.MSG_DONTWAIT)


def _check(channel: int, parent: int, hold: partial[None]) -> NoReturn:
    """Do one order in this process, which was forked for it, and end it."""
    try:
        tie_to(parent)
        kept = os.dup2(channel, 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))  # the channels of others
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        with socket.socket(fileno=kept) as wire:
            wire.sendall(_answered(wire, hold))
    finally:
        os._exit(0)


def _answered(wire: socket.socket, hold: partial[None]) -> bytes:
    try:
        order = read_order(partial(_receive, wire))
        hold()
        confine(order)
        return answer_frame(carry_out(order))
    except MemoryError:
        return _TOO_MUCH
    except Exception as fault:  # noqa: BLE001 - round one check: the portal writes it down
        return answer_frame(Answer(refusal=Refusal(RefusalKind.FAULT, _where(fault))))


def _where(fault: BaseException) -> str:
    """Return the kind of an error and the lines of code, without its words: they may be a stranger's."""
    lines = [f"{os.path.basename(each.filename)}:{each.lineno}" for each in traceback.extract_tb(fault.__traceback__)]
    return f"{type(fault).__name__} at {' '.join(lines)}"


def _receive(wire: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = wire.recv(min(count - len(parts), 1 << 20))
        if not part:
            os._exit(1)  # who asked is gone
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    main()
