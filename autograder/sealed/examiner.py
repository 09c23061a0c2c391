"""The tests' side of an examination: runs test cells in a kernel of its own and asks the learner's side for what they do not define.

Rules:
1. From the learner's side it reads plain values; it never imports, builds or calls anything that the other side names, except what `values` lists.
2. Comparing, arithmetic and truth of a learner's object: asked only of classes that the reference solution defines, and then noted; refused for all others.
3. A learner's side that is gone or talks nonsense stays gone: every later question raises `CandidateGoneError`, and the cell's report says so, whatever
   the test made of the exception.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograder.sealed.calls_ahead import CallsAhead, DivergedError
from autograder.sealed.codec import Decoder, Encoder, expect
from autograder.sealed.examiner_values import ExaminerValues
from autograder.sealed.files import FollowedFiles
from autograder.sealed.handing import is_library_object, library_value
from autograder.sealed.heard_text import HeardText
from autograder.sealed.module_state import FollowedState
from autograder.sealed.namespace import ExaminerNames
from autograder.sealed.patched import PatchedLibraries
from autograder.sealed.policy import SealingPolicy, class_body_names, names_used, parsed
from autograder.sealed.references import Reference
from autograder.sealed.reports import RECORD, WARNING, is_looked_for, say_again
from autograder.sealed.set_up import HeldContents
from autograder.sealed.showing import shown
from autograder.sealed.submission_text import SubmissionText
from autograder.sealed.wire import Channel, Tree, UnsendableError, WireError

_MAXIMUM_QUESTIONS = 200_000
_UNMANAGED = object()
_WITH_TEXT = (5, 7, 8, 9)
"""The parts of a message that may hold text of the learner's."""


class CandidateGoneError(Exception):
    """The learner's side does not answer any more, or not by the rules. Never leaves the examiner's kernel."""


class Examiner(ExaminerValues):
    """Asks the candidate, and answers for what the tests passed to it."""

    def __init__(self, channel: Channel, own_names: dict[str, Any], policy: SealingPolicy, *, goes_ahead: bool = False) -> None:
        super().__init__(channel, policy)
        self.calls_ahead = CallsAhead(self, is_wanted=goes_ahead)
        self.names_here = ExaminerNames(own_names, self)
        self.is_trusted = False
        """Whether the cell that runs is the instructor's set-up, which the candidate has run itself: nothing of it is handed over."""
        self.hidden: dict[str, None] = {}
        self._set_up: set[str] = set()
        self._before: dict[str, object] = {}
        self.gone = ""
        self._takes_random, self._questions = False, 0
        self._returned: tuple[object, ...] = ()
        """What the learner's code returned last in this cell, if anything."""
        self._served = frozenset(policy.served)
        self._imports = {each.name: each for each in policy.imports}
        self._replaceable = frozenset(policy.replaceable)
        self._handed_over: dict[str, object] = {}
        self._held_contents = HeldContents()
        self._is_ending = False
        self._found: dict[str, Any] = {}
        self._has: dict[str, bool] = {}
        self._deleted: set[str] = set()
        self._told_classes = False
        self._bodies: list[str] = []
        self.cell = ""
        """The source of the cell that runs."""
        self.heard = HeardText()
        self.submission = SubmissionText()
        self.files = FollowedFiles(self.request)
        self._patched = PatchedLibraries(self.request, policy.imports)
        self._state = FollowedState(self.request, policy.imports, policy.local_modules)
        self._reports: list[list[Tree]] = []

    # --- cells

    def begin_cell(self, source: str, *, trusted: bool, forget: list[str], ran: Sequence[str] = ()) -> None:
        """Get ready for a cell.

        Args:
            forget: names that an answer cell has bound since; from now on they are the learner's again.
            ran: the learner's cells that were run since.
        """
        self.cell = source
        self.heard.begin(source)
        self.submission.add(ran)
        for text in ran:
            self.heard.note(text)
        for name in forget:
            if dict.__contains__(self.names_here, name):
                dict.__delitem__(self.names_here, name)
        self._deleted -= set(forget)
        self.is_trusted, self._questions, self._returned, self._is_ending = trusted, 0, (), False
        self._takes_random = self._takes_random or any(word in source for word in ("seed", "setstate", "set_state"))
        self.random.mark()
        for kept in (self.hidden, self._found, self._has):
            kept.clear()
        self.semantics.begin(source)
        self._before = dict(dict.items(self.names_here)) if trusted else {}
        self._fetch_ahead(source)
        if not trusted:
            self._state.begin(source, self.names_here)
        self._patched.begin(source, self.names_here, without=self._state.places)
        if is_looked_for(source) and not trusted:
            self._listen()
        self.files.begin()
        self.calls_ahead.begin(source, is_fit=not (trusted or self.files.is_followed or self._state.places))

    def end_cell(self) -> dict[str, Any]:
        """Return what is to be said of the verdict."""
        for name in self._bodies:
            if dict.get(self.names_here, name) is self._found.get(name, _UNMANAGED):
                dict.pop(self.names_here, name, None)
        self._bodies.clear()
        if self.is_trusted:
            self._leave_library_objects()
            self._handed_over = self._replaceable_now()
            self._held_contents.note(self._handed_over)
        self._is_ending = True
        has_diverged = self.calls_ahead.end()
        if not (self.gone or has_diverged):
            try:
                if self.is_trusted:
                    self._hold_set_up()
                self.files.end(trusted=self.is_trusted)
                self._patched.end(trusted=self.is_trusted)
                self._state.end()
                self.request("over")
            except Exception:  # noqa: BLE001 - the cell is over whatever the learner's side does
                self._shut("the examination could not be ended")
        return {
            "unsealed": list(self.semantics.unsealed),
            "operators": list(self.semantics.operators),
            "unexpected": list(self.semantics.unexpected),
            "hidden": list(self.hidden),
            "gone": self.gone,
            "diverged": has_diverged,
            "questions": self._questions,
            "returned": [shown(each) for each in self._returned],
        }

    def _hold_set_up(self) -> None:
        bound = [
            name for name, thing in dict.items(self.names_here) if not name.startswith("_") and self._before.get(name, self) is not thing
        ]
        self._set_up.update(bound)
        self._before = {}
        self.request("hold", *bound)

    def _leave_library_objects(self) -> None:
        """Leave to the learner's side what set-up made there too and their code works on, and what came with it: figures, connections, models."""
        left = {name for name, thing in dict.items(self.names_here) if not name.startswith("_") and is_library_object(thing)}
        if left & self._replaceable - self._served:
            for name in left:
                dict.__delitem__(self.names_here, name)
            self._served |= left

    def _fetch_ahead(self, source: str) -> None:
        """Fetch the cell's names in one message, so that what is one object there is one here, and what bodies of classes read."""
        used = names_used(source)
        wanted = [name for name in used if not dict.__contains__(self.names_here, name) and self._is_served(name)]
        covered = [] if self.is_trusted else sorted(name for name in used if self._is_not_the_learners(name))
        if not self.gone and (wanted or covered):
            try:
                if not self._told_classes and (self.policy.trusted_classes or self.policy.local_modules):
                    self.request("twin classes", list(self.policy.trusted_classes), list(self.policy.local_modules))
                    self._told_classes = True
                self._look(sorted(wanted), covered)
                self._bodies = [name for name in class_body_names(parsed(source)) if name in self._found]
                for name in self._bodies:
                    dict.__setitem__(self.names_here, name, self._found[name])
            except Exception:  # noqa: BLE001 - the cell will meet it again, where it counts
                return

    def _is_not_the_learners(self, name: str) -> bool:
        if dict.__contains__(self.names_here, name):
            return name in self._set_up
        return hasattr(builtins, name) and not self._is_served(name) and not name.startswith("__")

    def _look(self, wanted: list[str], covered: list[str]) -> None:
        """Fetch names, and note which others, of Python's own or of the set-up, the learner's notebook hides: in one process the test might fail."""
        try:
            found, hidden = self.request("look", wanted, covered)
        except Exception:
            if wanted and covered:  # what of theirs cannot be sent is not to keep what they hide from being noted
                self._look([], covered)
            raise
        self._take_found(wanted, found)
        self.hidden.update(dict.fromkeys(name for name in covered if type(hidden) is list and name in hidden))

    # --- names: the Lookup of ExaminerNames

    def find(self, name: str) -> Any:
        """Return what a name stands for that the tests do not define."""
        if type(name) is not str or name.startswith("__") or name in self._deleted:
            raise KeyError(name)
        if name in self._found:
            return self._found[name]
        if self._is_served(name):
            self._fetch(name)
            return self._found[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        return self._own_library(name)

    def has(self, name: str) -> bool:
        """Whether the learner's side has a name that it may have."""
        if name in self._deleted or not (self._is_served(name) or name in self._imports):
            return False
        if name not in self._has:
            self._has[name] = bool(self.request("has", name))
        return self._has[name]

    def names(self) -> list[str]:
        """Return the names that the learner's side has and may have."""
        return [name for name in self.request("names") if type(name) is str and self._is_served(name)]

    def delete(self, name: str) -> None:
        """Forget a name; on the learner's side too where the reference solution uses it."""
        self._deleted.add(name)
        self._found.pop(name, None)
        if name in self._replaceable and not self.is_trusted and self.has_still(name):
            self.request("delete", name)
        elif not dict.__contains__(self.names_here, name):
            raise KeyError(name)

    def has_still(self, name: str) -> bool:
        """Whether the learner's side has the name now, deleted here or not."""
        return bool(self.request("has", name))

    def code_of(self, reference: Reference) -> Any:
        """Return what the code of a function says of itself, as it was handed in.

        Raises:
            AttributeError: it was not.
        """
        if reference._sealed_about.kind != "function":
            raise AttributeError("__code__")
        try:
            return self.submission.code(self.name_of(reference) or str(reference.__qualname__))
        except (OSError, SyntaxError, ValueError) as unknown:
            raise AttributeError("__code__") from unknown

    def name_of(self, thing: object) -> str | None:
        """Return the name under which a test has looked up something of the learner's."""
        return next((name for name, each in self._found.items() if each is thing), None)

    def _is_served(self, name: str) -> bool:
        return name in self._served or (not self.policy.is_known and not name.startswith("_") and not hasattr(builtins, name))

    def _own_library(self, name: str) -> Any:
        if name in self._imports and not self.has(name):
            raise KeyError(name)
        return library_value(name, self._imports.get(name), self.policy.star_modules)

    def _fetch(self, *names: str) -> None:
        self._take_found(names, self.request("fetch", *names))
        if len(names) == 1 and names[0] not in self._found:
            raise KeyError(names[0])

    def _take_found(self, names: Sequence[str], found: Any) -> None:
        if type(found) is not dict or not set(found) <= set(names):
            self._fail("names that were not asked for")
        for name, thing in found.items():
            self._keep_twin(name, thing)

    def _keep_twin(self, name: str, thing: object) -> None:
        self._found[name] = thing
        if hasattr(builtins, name):
            self.semantics.unsealed[f"the learner's `{name}`, which hides Python's own"] = None

    # --- messages

    def exchange(self, operation: str, *arguments: Any, **named: Any) -> tuple[bool, Any]:
        """Ask the candidate; any failure of the connection ends it for good."""
        if self.gone:
            raise CandidateGoneError(self.gone)
        self.files.hand_over()
        if not self.is_trusted:
            self._patched.hand_over()
            self._state.hand_over()
        self._questions += 1
        if self._questions > _MAXIMUM_QUESTIONS:
            self._fail("the test asks too many questions of the learner's objects")
        try:
            is_ok, found = self.calls_ahead.exchange(operation, arguments, named, is_nested=bool(self._depth))
            self.files.expect_news()
            self._state.take()
            if is_ok and operation == "call":
                self._returned = (found,)
        except UnsendableError as refusal:
            raise ValueError(f"this cannot be handed to the learner's side: {refusal}") from refusal
        except (WireError, DivergedError) as broken:
            self._fail(str(broken))
        except (KeyboardInterrupt, RecursionError):
            self._shut("the time limit was reached, or calls were nested too deeply")
            raise
        if not is_ok and isinstance(found, StopIteration) and operation != "operation":
            found = RuntimeError("the learner's code raised StopIteration")
        self._say_reports()
        return is_ok, found

    def _say_reports(self) -> None:
        while self._reports:
            say_again(self._reports.pop(0))

    def _listen(self) -> None:
        try:
            self.request("listen")
        except Exception:  # noqa: BLE001 - the cell will meet it again, where it counts
            return

    def receive(self) -> list[Tree]:
        """Return the next message; its text is remembered."""
        message = super().receive()
        for place in _WITH_TEXT if message[0] != "ran" else ():
            if type(message[place]) in {str, bytes, list} and message[place]:
                self.heard.note(message[place])
        return message

    def take_result(self, tree: Tree) -> Any:
        """Return the plain result of a call that was made ahead; its text is remembered."""
        if type(tree) in {str, list}:
            self.heard.note(tree)
        return super().take_result(tree)

    def run_text(self, mode: str, text: str, names: Any, local_names: Any) -> Any:
        """Have text of the learner's run on their side, in their global names or in a dictionary of the test's."""
        where = [each for each in (names, local_names) if each is not None and each is not self.names_here]
        if any(type(each) is not dict for each in where):
            raise UnsendableError("the learner's text is run in a plain dictionary or in the notebook's names")
        return self.request("run text", mode, text, *where)

    def _fail(self, why: str) -> NoReturn:
        self._shut(why)
        raise CandidateGoneError(why)

    def _shut(self, why: str) -> None:
        self.gone = self.gone or why
        self.channel.close()

    def consider(self, raised: BaseException) -> None:
        """Let through what is not the learner's to see."""
        if isinstance(raised, CandidateGoneError | KeyboardInterrupt):
            raise raised

    def names_told(self, encoder: Encoder) -> tuple[list[Tree], Callable[[], None]]:
        """Return what the tests set in place of what the learner's side uses, or changed of it."""
        if self.is_trusted:
            return [], lambda: None
        now = self._replaceable_now()
        changed = self._held_contents.changed(now, all_of_them=self._is_ending)
        new = [name for name, thing in now.items() if self._handed_over.get(name, _UNMANAGED) is not thing or name in changed]
        told: list[Tree] = [[name, encoder.encode(now[name])] for name in new]

        def noted() -> None:
            self._handed_over = now
            if new:
                self._held_contents.note(now)

        return told, noted

    def _replaceable_now(self) -> dict[str, object]:
        own = self.names_here
        bodies = set(self._bodies)
        return {name: dict.__getitem__(own, name) for name in self._replaceable if dict.__contains__(own, name) and name not in bodies}

    def take_random(self, state: Tree) -> None:
        """Follow the learner's side only where the test itself has seeded the generators, and only to where drawing leads."""
        if self._takes_random:
            self.random.take(state, only_drawn=True)

    def take_printed(self, printed: Tree) -> None:
        """Print what the learner's code printed."""
        decoder = Decoder(self)
        for number, *parts in printed or ():
            if number in {WARNING, RECORD}:  # a warning may be raised here: said when the message is taken
                self._reports.append([number, *map(decoder.decode, parts)])
            else:
                (sys.stderr if number == 2 else sys.stdout).write(expect(decoder.decode(parts[0]), str))

    def take_names(self, decoder: Decoder, names: list[Tree]) -> None:
        """Follow what became of the learner's globals."""
        for name, what, tree in names:
            thing = decoder.decode(tree)
            if name not in self._found:  # a test has deleted it since
                continue
            if what == "gone":
                del self._found[name]
            else:
                self._keep_twin(name, thing)

    def cherished(self) -> list[object]:
        """Return the learner's globals that the tests have."""
        return list(self._found.values())
