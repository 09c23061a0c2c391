"""The real ipykernel without sockets: built once before the fork, adopted by each child, its messages leaving as JSON lines over one descriptor.

Everything a notebook sees is ipykernel's own (shell, display hook, output streams, matplotlib's inline backend); only the transport is ours. It reaches into
ipykernel's internals, so its version is pinned below 8 and `tests/autograder/test_direct_kernel.py` compares it with the stock kernel.
Nothing here starts a thread or opens a descriptor before `serve`, because the zygote forks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import json
import logging
import os
import select
import signal
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from ipykernel.displayhook import ZMQDisplayHook
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session, json_packer
from traitlets.config import Config

from autograder.execution.shortcuts import take_shortcuts

_SESSION: Any = Session
_PUBLISHER: Any = IOPubThread
_STREAM: Any = OutStream
_KERNEL: Any = IPythonKernel
"""Typed as Any on purpose: what is overridden below is theirs, and only partly typed."""
_FLUSH_S = 0.2
_PIPE_BYTES = 1 << 16
_WARM_UP_CELLS = ("import sys\nsys.path", "def f(n):\n    return 1 / n\nf(0)", "[each for each in range(3)]")


class _Outlet:
    """Where messages go. Programs that the notebook forks print here too, so a file lock keeps their lines whole."""

    descriptor: ClassVar[int] = -1
    lock_descriptor: ClassVar[int] = -1
    lock: ClassVar[Any] = threading.RLock()

    @classmethod
    def open(cls, descriptor: int) -> None:
        cls.descriptor, cls.lock_descriptor = descriptor, os.memfd_create("outlet")

    @classmethod
    def close(cls) -> None:
        os.close(cls.descriptor)
        os.close(cls.lock_descriptor)

    @classmethod
    def write(cls, message: dict[str, Any]) -> None:
        parent = message.get("parent_header") or {}
        line = {
            "type": message["header"]["msg_type"],
            "parent": parent.get("msg_id"),
            "content": message["content"],
            "metadata": message.get("metadata") or {},
        }
        data = memoryview(_packed(line) + b"\n")
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # half a line would take the next one with it
        try:
            with cls.lock:
                fcntl.lockf(cls.lock_descriptor, fcntl.LOCK_EX)
                try:
                    while data:
                        data = data[os.write(cls.descriptor, data) :]
                finally:
                    fcntl.lockf(cls.lock_descriptor, fcntl.LOCK_UN)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _packed(line: dict[str, Any]) -> bytes:
    """Return the line as JSON, also where a program printed half a character."""
    try:
        return bytes(json_packer(line))
    except UnicodeEncodeError:
        return json.dumps(line, default=str).encode()


class _LineSession(_SESSION):  # type: ignore[misc]
    """A session whose messages are JSON lines."""

    check_pid = False

    def send(self, _stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, **more: Any) -> Any:
        """Write a message to the outlet."""
        if isinstance(msg_or_type, dict):
            message = msg_or_type
        else:
            message = self.msg(msg_or_type, content=content, parent=parent, header=more.get("header"), metadata=more.get("metadata"))
        _Outlet.write(message)
        return message


class _Timer(threading.Thread):
    """Calls functions a moment later, as ipykernel's event loop would. Starts when it is first asked to: many notebooks print nothing."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._wanted = threading.Event()
        self._calls: list[Callable[[], object]] = []
        self._beginning = threading.Lock()
        self._has_begun = False

    def call_later(self, _delay: float, call: Callable[[], object]) -> None:
        self._calls.append(call)
        with self._beginning:
            if not self._has_begun:
                with contextlib.suppress(RuntimeError):  # no thread is to be had: then what is printed leaves at the cell's end
                    self.start()
                    self._has_begun = True
        self._wanted.set()

    def run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            time.sleep(_FLUSH_S)
            calls, self._calls = self._calls, []
            for call in calls:
                call()


class _Publisher(_PUBLISHER):  # type: ignore[misc]
    """Stands where ipykernel has its publishing thread; everything happens in the calling thread."""

    thread = None
    socket = None

    def __init__(self) -> None:
        self.io_loop: Any = None
        self._stopped = False

    def schedule(self, f: Callable[[], object]) -> None:
        f()

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def _is_master_process(self) -> bool:
        return True

    def send_multipart(self, *_arguments: Any, **_more: Any) -> None:
        pass


class _Stream(_STREAM):  # type: ignore[misc]
    """An output stream that can be told to take over at once what programs wrote to its file descriptor, instead of when its thread comes to run.

    It takes no more of one text than the grader takes of a cell: a gigabyte would have to be copied a few times before the grader refuses it.
    """

    most_at_once = sys.maxsize

    def __init__(self, *arguments: Any) -> None:
        self._taking = threading.Lock()
        super().__init__(*arguments)

    def write(self, string: str) -> Any:
        """Take the text."""
        return super().write(string[: self.most_at_once] if isinstance(string, str) and len(string) > self.most_at_once else string)

    def take_over(self) -> None:
        """Take what has been written to the descriptor so far; what the thread has read already is taken when this returns."""
        if getattr(self, "_should_watch", False):
            with self._taking:
                self._take()

    def _watch_pipe_fd(self) -> None:
        while self._should_watch:
            select.select([self._fid], [], [])
            with self._taking:
                if not self._take():
                    return

    def _take(self) -> bool:
        """Return whether there may be more to come."""
        while select.select([self._fid], [], [], 0)[0]:
            data = os.read(self._fid, _PIPE_BYTES)
            if not data:
                return False
            self.write(data.decode(errors="replace"))
        return True


class DirectKernel(_KERNEL):  # type: ignore[misc]
    """ipykernel's kernel with its sockets taken off."""

    def start(self) -> None:
        """Nothing: there is no socket to listen to."""

    def _publish_execute_input(self, *_arguments: Any, **_more: Any) -> None:
        """Nothing: the grader knows what it sent."""

    def _topic(self, topic: str) -> bytes:
        return topic.encode()


def build_kernel() -> Any:
    """Make the kernel with its shell; done once, in the zygote."""
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    config.HistoryManager.enabled = False
    publisher, session = _Publisher(), _LineSession()
    application = IPKernelApp.instance(config=config)  # the inline backend and others look for it
    kernel: Any = DirectKernel.instance(
        parent=application,
        session=session,
        iopub_thread=publisher,
        iopub_socket=publisher,
        config=config,
        user_ns={},
        log=logging.getLogger("kernel"),
    )
    application.kernel, application.shell = kernel, kernel.shell
    kernel.shell.configurables.append(application)
    kernel._execute_sleep = 0
    take_shortcuts(kernel.shell)
    kernel.shell_channel_thread = types.SimpleNamespace(parent_thread=threading.main_thread(), manager=None)
    return kernel


def warm_up(kernel: Any) -> None:
    """Run a few silent cells, so that what ipykernel makes or loads at the first one is there before the fork. No trace of them stays."""
    silence, before = os.open(os.devnull, os.O_RDWR), (sys.stdout, sys.stderr, sys.displayhook)
    _Outlet.open(silence)
    sys.stdout = sys.stderr = io.StringIO()
    loop = asyncio.new_event_loop()
    try:
        for code in _WARM_UP_CELLS:
            loop.run_until_complete(_run_cell(kernel, {"id": "", "code": code}, silent=True))
        if "matplotlib.pyplot" in sys.modules:
            _draw()
    finally:
        loop.close()
        asyncio.set_event_loop(None)
        sys.stdout, sys.stderr, sys.displayhook = before
        _Outlet.close()
    kernel.shell.reset(new_session=False)
    kernel.shell.last_execution_result, kernel.shell.last_execution_succeeded = None, True
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)


def _draw() -> None:
    """Draw a figure that nobody sees: fonts and their sizes are looked up at the first one. pyplot does not come to know it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    lines, bars = figure.subplots(1, 2)
    lines.plot([1, 2, 3], label="a")
    lines.set_title("title")
    lines.set_xlabel("x")
    lines.legend()
    bars.bar(["a", "b"], [1, 2])
    FigureCanvasAgg(figure).print_figure(io.BytesIO(), format="png", bbox_inches="tight")


Extension = Callable[[dict[str, Any]], dict[str, Any]]


def serve(kernel: Any, descriptor: int, extension: Extension | None = None, *, most_text: int = sys.maxsize) -> None:
    """Run the cells that come as JSON lines `{"id", "code"}` on `descriptor` until it is closed. Called in the locked-in child.

    Args:
        extension: answers lines `{"id", "extension"}` between cells, and `before` and `after` a cell what stands there in its line.
        most_text: how many characters of one printed text are passed on.
    """
    _Outlet.open(descriptor)
    _Stream.most_at_once = most_text
    kernel.session.session = uuid.uuid4().hex
    publisher = kernel.iopub_thread
    publisher.io_loop = _Timer()  # made after the fork, like every thread
    sys.stdout, sys.stderr = _Stream(kernel.session, publisher, "stdout"), _Stream(kernel.session, publisher, "stderr")
    hook: Any = ZMQDisplayHook(kernel.session, publisher)
    hook.get_execution_count = lambda: kernel.execution_count
    sys.displayhook = hook
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the kernel lets it through while a cell runs
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    os.write(descriptor, b'{"type": "ready"}\n')
    loop.run_until_complete(_serve_cells(kernel, descriptor, extension))


async def _serve_cells(kernel: Any, descriptor: int, extension: Extension | None) -> None:
    from tornado.ioloop import IOLoop

    kernel.io_loop = IOLoop.current()
    requests: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    pending = bytearray()
    loop = asyncio.get_running_loop()

    def read() -> None:
        data = os.read(descriptor, 1 << 16)
        if not data:
            loop.remove_reader(descriptor)
            requests.put_nowait(None)
        pending.extend(data)
        while b"\n" in pending:
            line, _, rest = bytes(pending).partition(b"\n")
            pending[:] = rest
            requests.put_nowait(json.loads(line))

    loop.add_reader(descriptor, read)
    while (request := await requests.get()) is not None:
        if "code" in request:
            await _run_cell(kernel, request, extension)
        elif extension is not None:
            _answer(extension, request["extension"], request["id"], "extension_done")


def _answer(extension: Extension, message: dict[str, Any], request_id: str, kind: str) -> None:
    _Outlet.write({"header": {"msg_type": kind}, "parent_header": {"msg_id": request_id}, "content": extension(message)})


async def _run_cell(kernel: Any, request: dict[str, Any], extension: Extension | None = None, *, silent: bool = False) -> None:
    if extension is not None and "before" in request:
        extension(request["before"])
    header = {
        "msg_id": request["id"],
        "msg_type": "execute_request",
        "session": "grader",
        "username": "grader",
        "version": "5.3",
        "date": None,
    }
    content = {
        "code": request["code"],
        "silent": silent,
        "store_history": not silent,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": False,
    }
    parent = {
        "header": header,
        "msg_id": request["id"],
        "msg_type": "execute_request",
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }
    kernel.set_parent([], parent, channel="shell")
    try:
        kernel.pre_handler_hook()
        try:
            await kernel.execute_request(None, [], parent)
        finally:
            kernel.post_handler_hook()
    except KeyboardInterrupt:  # it came when the cell was just over, perhaps before the hook had shut it out again
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _drain()
    sys.stdout.flush()
    sys.stderr.flush()
    if extension is not None and "after" in request:
        _answer(extension, request["after"], request["id"], "extension_reply")
    kernel._publish_status("idle", "shell")


def _drain() -> None:
    """Take over what the cell wrote to file descriptors 1 and 2, so that it belongs to this cell."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Stream):
            stream.take_over()
