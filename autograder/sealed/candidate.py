"""The learner's side of an examination: answers what the examiner asks about the names and objects of the learner's notebook.

It runs in the learner's own process, so nothing that it says is believed and nothing that it does protects anybody: what protects is the examiner, which
reads plain values only. It answers only while the grader lets it, between the learner's cells.
"""

from __future__ import annotations

import asyncio
import builtins
import copy
import importlib
import signal
import socket
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from autograder.sealed import codec, values
from autograder.sealed.codec import Decoder, Encoder
from autograder.sealed.exceptions import exception_tree
from autograder.sealed.failing import brief_errors, failing_line
from autograder.sealed.files import Signature, changed_files, put_files, scan
from autograder.sealed.handing import library_tree, local_class, local_place, member_of, twin_tree
from autograder.sealed.patched import Replacements
from autograder.sealed.printing import Printed, printed_trees
from autograder.sealed.references import Reference, is_reference, operate
from autograder.sealed.remembered_calls import RememberedCalls
from autograder.sealed.reports import collected
from autograder.sealed.running_ahead import RunningAhead
from autograder.sealed.telling import Telling
from autograder.sealed.wire import Channel, Tree, WireError

_RUNNING = frozenset({"call", "operation", "attribute", "set attribute", "construct", "run text", "await", "repr", "str"})
"""What runs the learner's code."""


class Candidate(Telling, RunningAhead):
    """Answers the examiner."""

    def __init__(self, channel: Channel, names: dict[str, Any]) -> None:
        super().__init__(channel)
        self._names = names
        self._first_names = dict(names)
        self._kept: list[list[Any]] = []
        self._watched: dict[str, object] = {}
        self._twin_classes: dict[str, None] = {}
        self._local: frozenset[str] = frozenset()
        self._folder = Path.cwd()
        self._files: dict[str, Signature] = {}
        self._replacements = Replacements()
        self._remembered = RememberedCalls(self.request)
        self._listening = ExitStack()
        self._is_over = self._may_interrupt = self._was_interrupted = False

    def examine(self) -> None:
        """Answer until the examiner says that it has no more questions, or is gone."""
        self._is_over = False
        self._remembered.clear()
        values.load_types()
        with self._surroundings():
            while not self._is_over:
                try:
                    message = self.receive()
                    if message[2] == "ahead":
                        self.run_ahead(message)
                    else:
                        self.answer(message)
                except WireError:
                    return

    @contextmanager
    def _surroundings(self) -> Iterator[None]:
        """Collect what is printed, pass `input` on, and let an interrupt stop the learner's code but no message."""
        before = sys.stdout, sys.stderr, builtins.input
        with warnings.catch_warnings():  # what was shown once is shown again, as in every new cell
            pass
        sys.stdout, sys.stderr = Printed(self._kept, 1), Printed(self._kept, 2)
        builtins.input = lambda prompt="": self.request("input", str(prompt))
        handler = signal.signal(signal.SIGINT, self._interrupt)
        try:
            with ExitStack() as self._listening:
                yield
        finally:
            signal.signal(signal.SIGINT, handler)
            sys.stdout, sys.stderr, builtins.input = before
            self._watched.clear()

    def _interrupt(self, *_: object) -> None:
        if self._may_interrupt:
            raise KeyboardInterrupt
        self._was_interrupted = True

    def _try(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> tuple[bool, Any]:
        self._may_interrupt = True
        try:
            if self._was_interrupted:
                self._was_interrupted = False
                raise KeyboardInterrupt
            if not self._replacements or operation not in _RUNNING:
                return super()._try(operation, arguments, named)
            with self._replacements.in_force(now=True):
                return super()._try(operation, arguments, named)
        except KeyboardInterrupt as late:
            return False, late
        finally:
            self._may_interrupt = False

    def exchange(self, operation: str, *arguments: Any, **named: Any) -> tuple[bool, Any]:
        """Ask back; an interrupt waits until the message is whole."""
        may, self._may_interrupt = self._may_interrupt, False
        try:
            key = self._remembered.key_of(operation, arguments, named)
            if key is not None and (found := self._remembered.find(key)):
                return True, found[0]
            self.tell_so_far(has_more=True)
            with self._replacements.in_force(now=False):
                is_ok, answer = super().exchange(operation, *arguments, **named)
            if key is not None and is_ok:
                self._remembered.note(key, answer)
            return is_ok, answer
        finally:
            self._may_interrupt = may

    def exception_tree(self, encoder: Encoder, raised: BaseException) -> Tree:
        """Return the exception's tree with where the learner's cells raised it; an interrupt is the time limit."""
        if isinstance(raised, KeyboardInterrupt):
            raised = TimeoutError("the time limit was reached").with_traceback(raised.__traceback__)
        return exception_tree(encoder, raised, self, with_trace=True)

    # --- what may be asked

    def perform(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        """Do what is asked."""
        if operation == "call":
            return arguments[0](*arguments[1:], **named)
        if operation == "operation":
            return operate(*arguments)
        if operation == "attribute":
            return getattr(*arguments)
        if operation == "pyplot":
            return getattr(sys.modules["matplotlib.pyplot"], arguments[0])(*arguments[1:], **named)
        if operation == "construct":
            return self.exported(arguments[0])(*arguments[1:], **named)
        return getattr(self, f"_do_{operation.replace(' ', '_')}")(*arguments)

    def _do_names(self) -> list[str]:
        return [name for name in self._names if not name.startswith("_")]

    def _do_has(self, name: str) -> bool:
        return name in self._names

    def _do_fetch(self, *names: str) -> dict[str, Any]:
        """Return the globals of those names that exist; the examiner is told from now on when a name stands for something else."""
        found = {name: self._names[name] for name in names if name in self._names}
        self._watched.update(found)
        return found

    def _do_look(self, wanted: list[str], covered: list[str]) -> tuple[dict[str, Any], list[str]]:
        """Fetch names, and say which others are hidden."""
        return self._do_fetch(*wanted), self._do_hidden(*covered)

    def _do_hold(self, *names: str) -> None:
        """Note what the set-up has just bound."""
        self._first_names.update({name: self._names[name] for name in names if name in self._names})

    def _do_hidden(self, *names: str) -> list[str]:
        """Return which of Python's and the set-up's names the learner's notebook has bound to something else."""
        return [name for name in names if name in self._names and self._names[name] is not self._first_names.get(name, self)]

    def _do_delete(self, name: str) -> None:
        del self._names[name]

    def _do_has_figures(self, *number: Any) -> bool:
        pyplot = sys.modules.get("matplotlib.pyplot")
        return pyplot is not None and (pyplot.fignum_exists(*number) if number else bool(pyplot.get_fignums()))

    def _do_close_figures(self) -> None:
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")

    def _do_twin_classes(self, names: list[str], local: list[str]) -> None:
        self._twin_classes, self._local = dict.fromkeys(names), frozenset(local)

    def _do_state(self, module: str, name: str) -> list[Any]:
        """Return what a module beside the notebook has under a name, in a list; nothing if it has none."""
        held = vars(sys.modules[module]) if module in sys.modules else {}
        return [held[name]] if name in held else []

    def _do_put_state(self, module: str, name: str, value: Any) -> None:
        setattr(importlib.import_module(module), name, value)

    def _do_over(self) -> None:
        self._is_over = True
        self._do_close_figures()

    def _do_set_attribute(self, thing: Any, name: str, value: Any) -> None:
        setattr(thing, name, value)

    def _do_delete_attribute(self, thing: Any, name: str) -> None:
        delattr(thing, name)

    def _do_repr(self, thing: Any) -> str:
        return repr(thing)

    def _do_str(self, thing: Any) -> str:
        return str(thing)

    def _do_dir(self, thing: Any) -> list[str]:
        return dir(thing)

    def _do_is_instance(self, thing: Any, kind: Any) -> bool:
        return isinstance(thing, kind)

    def _do_files(self, without: list[str]) -> dict[str, bytes | None]:
        """Return the files that were written since they were last asked for."""
        found, self._files = changed_files(self._folder, self._files, without=without)
        return found

    def _do_put_files(self, files: dict[str, bytes | None]) -> None:
        """Write what a test has written."""
        put_files(self._folder, files)
        now = scan(self._folder)
        self._files.update({name: now[name] for name in files if name in now})

    def _do_replace(self, module: str, name: str, thing: Any) -> None:
        self._replacements.replace(module, name, thing)

    def _do_restore(self, module: str, name: str) -> None:
        self._replacements.restore(module, name)

    def _do_listen(self) -> None:
        """Tell of warnings and log records until the test is over."""
        self._listening.enter_context(collected(self._kept))

    def _do_is_subclass(self, kind: Any, other: Any) -> bool:
        return issubclass(kind, other)

    def _do_type(self, thing: Any) -> type:
        return type(thing)

    def _do_class(self, number: int) -> Any:
        return self.exported(number)

    def _do_copy(self, thing: Any) -> Any:
        return copy.copy(thing)

    def _do_deep_copy(self, thing: Any) -> Any:
        return copy.deepcopy(thing)

    def _do_derive(self, name: str, bases: list[Any], members: dict[str, Any]) -> Any:
        """Return a class with methods that are run by the examiner."""
        body = {key: _method(value) if is_reference(value) and callable(value) else value for key, value in members.items()}
        return types.new_class(name, tuple(bases), exec_body=lambda namespace: namespace.update(body | {"__module__": "__main__"}))

    def _do_run_text(self, mode: str, text: str, *where: dict[str, Any]) -> Any:
        """Run text that a test would run, where it belongs: here."""
        code = compile(text, "<text>", mode)
        names = where[0] if where else self._names
        had = "__builtins__" in names
        found = eval(code, names, *where[1:2])  # noqa: S307 - the learner's text, in the learner's process
        if not had and where:
            names.pop("__builtins__", None)
        return found

    def _do_sympify(self, text: str) -> Any:
        return importlib.import_module("sympy").sympify(text)

    def _do_await(self, coroutine: Any) -> Any:
        """Run a coroutine to its end, in a thread because the kernel's own loop runs in this one."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, coroutine).result()

    def _do_super(self, kind: Any, thing: Any) -> Any:
        return super(kind, thing)

    # --- globals that both sides have

    def take_names(self, decoder: Decoder, names: list[Tree]) -> None:
        """Take what the examiner's tests set."""
        for name, tree in names:
            self._names[name] = self._first_names[name] = decoder.decode(tree)
            self._watched.pop(name, None)

    def names_told(self, encoder: Encoder) -> tuple[list[Tree], Callable[[], None]]:
        """Return which of the globals that the examiner has are gone, or something else now."""
        told: list[Tree] = []
        for name, thing in list(self._watched.items()):
            if name not in self._names:
                told.append([name, "gone", None])
                del self._watched[name]
            elif self._names[name] is not thing:
                told.append([name, "new", encoder.encode(self._names[name])])
                self._watched[name] = self._names[name]
        return told, lambda: None

    def resolve(self, decoder: Decoder, node: list[Tree]) -> object:
        """Return what a tree of the examiner's stands for; modules and library objects are this process's own."""
        if node[0] == "module":
            return importlib.import_module(node[1])
        if node[0] == "trusted":
            return self._class_at(node[1])
        if node[0] == "choice":
            return member_of(self._class_at(node[1]), node[2])
        if node[0] == "library":
            found: Any = importlib.import_module(node[1])
            for part in node[2].split("."):
                found = getattr(found, part)
            return found
        if node[0] == "twin":
            kind = self._class_at(node[1])
            made = decoder.number(kind.__new__(kind))
            object.__setattr__(made, "__dict__", decoder.decode(node[2]))
            return made
        return super().resolve(decoder, node)

    def _class_at(self, place: str) -> Any:
        return local_class(place, self._local) if ":" in place else self._names[place]

    def _place_of(self, kind: type) -> str | None:
        """Return the name of one of the instructor's classes, with its module if it is of one beside the notebook; None for any other class."""
        if kind.__name__ in self._twin_classes and self._names.get(kind.__name__) is kind:
            return str(kind.__name__)
        return local_place(kind, self._local)

    def refer(self, encoder: Encoder, thing: object) -> Tree:
        """Return the tree of an object: a twin of one of the instructor's classes, a subclass of data as its base beside a reference, or a reference."""
        kind = type(thing)
        twin = twin_tree(encoder, thing, self._place_of(kind))
        if twin is not None:
            return twin
        if is_reference(thing):
            return super().refer(encoder, thing)
        if isinstance(thing, type) and (place := self._place_of(thing)) is not None:
            return ["trusted", place]
        own = library_tree(thing, self.reference_tree)
        if own is not None:
            return own
        if isinstance(thing, (types.ModuleType, type)):
            return super().refer(encoder, thing)
        base = codec.plain_base(thing)
        if base is None or type(base) is kind:
            return super().refer(encoder, thing)
        return ["derived", super().refer(encoder, thing), encoder.encode(base)]

    def class_of(self, reference: Reference) -> type | None:
        """Say of which library class an object of the test's is."""
        for each in reference._sealed_about.ancestors[:-1]:
            module, _, name = each.partition(":")
            if module == "__main__":
                found = self._names.get(name) if name in self._twin_classes else None
            else:
                found = vars(sys.modules[module]).get(name) if module in sys.modules else None
            if isinstance(found, type):
                return found
        return None

    def printed(self) -> Tree:
        """Return what was printed since the last message."""
        return printed_trees(self._kept, Encoder(self).encode)


def _method(callback: Any) -> Callable[..., Any]:
    def method(*arguments: Any, **named: Any) -> Any:
        return callback(*arguments, **named)

    return method


def prepare() -> None:
    """Load what a locked-in process cannot load any more."""
    importlib.import_module("numpy")
    values.load_types()


def attach(kernel: Any, descriptor: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what the kernel does when the grader lets the examiner ask, over `descriptor`; `briefly` and `line` are for `autograder.sealed.rechecking`."""
    candidate = Candidate(Channel(socket.socket(fileno=descriptor)), kernel.shell.user_ns)

    def examine(message: dict[str, Any]) -> dict[str, Any]:
        if "briefly" in message:
            brief_errors(kernel.shell)
            return {}
        if "line" in message:
            return {"line": failing_line(kernel.shell)}
        try:
            candidate.examine()
        except Exception:  # noqa: BLE001 - the notebook goes on; the examiner is told by the connection's end
            candidate.channel.close()
            return {"failed": traceback.format_exc()}
        return {}

    return examine
