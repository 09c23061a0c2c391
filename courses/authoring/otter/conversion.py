"""Converts an otter-assign source into a notebook of nbgrader cells. Pure: nothing is run, and every cell that changes is told in the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from courses.authoring.import_report import Converted, Notes
from courses.authoring.nbgrader_cells import (
    BEGIN_HIDDEN,
    BEGIN_SOLUTION,
    END_HIDDEN,
    END_SOLUTION,
    CellNames,
    answer_cell,
    code_cell,
    manual_cell,
    notebook_of,
    test_cell,
    text_cell,
)
from courses.authoring.otter.expectations import OtterTest, read_test
from courses.authoring.otter.points import question_points, test_points
from courses.authoring.otter.questions import SOLUTION_MARK, Master, Part, Question, take_apart
from courses.authoring.otter.settings import files_named, note_assignment, note_question
from courses.authoring.otter.solutions import converted_solution, without_ignored
from courses.authoring.yaml_settings import load_settings
from courses.errors import NotebookError


def convert_otter(node: Any, *, name: str, taken: Iterable[str] = (), beside: Callable[[str], str | None] = lambda _: None) -> Converted:
    """Return an otter-assign source as a notebook of nbgrader cells.

    Args:
        name: the file's name, for the report.
        taken: nbgrader ids that are used already.
        beside: gives the text of a file beside the source, None if there is none: for `config_file`.

    Raises:
        NotebookError: it is no source that `otter assign` would take, or its language is not Python.
    """
    return _Conversion(node, name, taken).run(beside)


class _Conversion:
    def __init__(self, node: Any, name: str, taken: Iterable[str]) -> None:
        self.node = node
        self.where = name
        self.notes = Notes(name)
        self.names = CellNames(taken)
        self.cells: list[Any] = []
        self.settings: dict[str, Any] = {}

    def run(self, beside: Callable[[str], str | None]) -> Converted:
        kernelspec = self.node.metadata.get("kernelspec") or {}
        language = str(kernelspec.get("language") or (self.node.metadata.get("language_info") or {}).get("name") or "python").lower()
        if language != "python":
            raise NotebookError(
                f"an otter source in {language} is not converted",
                where=self.where,
                remedy="Only Python's tests become asserts; write this one by hand.",
            )
        master = take_apart(self.node, where=self.where)
        self.settings = self._with_config_file(master, beside)
        note_assignment(self.settings, self.notes)
        for number, what in master.dropped:
            self.notes.add(number, what, "left out", "" if "IGNORE" in what else "nbgrader has no plugins: write what it did by hand.")
        for each in master.sequence:
            if isinstance(each, Question):
                self._question(each)
            else:
                self._loose(each)
        return Converted(
            notebook_of(self.cells, kernelspec if kernelspec.get("name") else None), tuple(self.notes.entries), files_named(self.settings)
        )

    def _with_config_file(self, master: Master, beside: Callable[[str], str | None]) -> dict[str, Any]:
        named = master.settings.get("config_file")
        if not isinstance(named, str):
            return master.settings
        text = beside(named)
        if text is None:
            self.notes.add(
                "config_file", named, "not read", "The file is not beside the notebook: look whether it says anything that matters."
            )
            return master.settings
        return {**load_settings(text, where=named), **master.settings}

    def _loose(self, part: Part) -> None:
        """A cell outside of a question, or the text of one."""
        source = without_ignored(part.cell.source)
        if part.cell.cell_type == "code":
            self._loose_code(part.number, source)
        elif part.cell.cell_type == "raw":
            self.notes.add(part.number, "a raw cell", "left out", "Look whether it said anything that learners need.")
        elif source.strip():
            self.cells.append(text_cell(source, attachments=part.cell.get("attachments")))

    def _loose_code(self, number: int, source: str) -> None:
        kept = "\n".join(line for line in source.splitlines() if not _is_otters_own(line))
        if kept != source:
            self.notes.add(number, "calls of otter", "left out: nbgrader's Validate takes their place")
        if not kept.strip():
            return
        if SOLUTION_MARK.search(kept) and self.settings.get("strip_solutions_from_all_cells"):
            self.cells.append(answer_cell(converted_solution(kept).source, self.names.name(f"answer_{number}")))
            return
        if SOLUTION_MARK.search(kept):
            self.notes.add(
                number,
                "a SOLUTION mark outside of a question",
                "left as it was: learners see it",
                "Take it out, or make the cell an answer.",
            )
        self.cells.append(code_cell(kept))

    def _question(self, question: Question) -> None:
        is_manual = bool(question.settings.get("manual", False))
        note_question(question, self.notes)
        before = len(self.cells)
        for part in question.of("text"):
            self._loose(part)
        if is_manual:
            self._manual(question)
        else:
            self._answers(question)
            self._tests(question)
        if len(self.cells) == before:
            self.notes.add(question.number, f"question {question.name}", "nothing: it is empty", "Take it out of the source.")

    def _answers(self, question: Question) -> None:
        """The prompt and the solution of a question that is graded by tests."""
        prompts = "".join(_comments(part.cell.source) + "\n" for part in question.of("prompt") if part.cell.cell_type == "code")
        for part in question.of("prompt"):
            if part.cell.cell_type == "markdown":
                self._loose(part)
        answered = 0
        for part in question.of("solution"):
            if part.cell.cell_type == "markdown":
                self._solution_text(question, part)
                continue
            answered += self._solution_code(question, part, prompts if not answered else "", answered)
        if not answered and prompts:
            source = f"{prompts}{BEGIN_SOLUTION}\n{END_SOLUTION}"
            self.cells.append(answer_cell(source, self.names.name(question.name)))
            self.notes.add(question.number, f"question {question.name} without a solution", "an empty answer cell", "Write the solution.")
        elif not answered:
            self.notes.add(
                question.number, f"question {question.name}", "no answer cell: nothing in it is marked as a solution", _LOOK_AT_IT
            )

    def _solution_code(self, question: Question, part: Part, prompt: str, answered: int) -> int:
        """Add a solution cell; return 1 if something in it is the learners' to write."""
        solution = converted_solution(part.cell.source)
        if solution.unclosed:
            raise NotebookError(
                f"{solution.unclosed} is not closed", where=f"{self.where}, cell {part.number}", remedy="Close it in the source."
            )
        if not solution.has_region:
            if solution.source.strip():
                self.cells.append(code_cell(solution.source))
                self.notes.add(
                    part.number, "a solution cell without a SOLUTION mark", "a plain cell: learners see it, as with otter", _LOOK_AT_IT
                )
            return 0
        name = self.names.name(question.name if not answered else f"{question.name}_{answered + 1}")
        self.cells.append(answer_cell(prompt + solution.source, name))
        self.notes.add(part.number, f"solution of {question.name}", f"answer cell {name}")
        return 1

    def _solution_text(self, question: Question, part: Part) -> None:
        """A text among the solutions: kept if it is for learners, else put as comments where only the author sees it."""
        if "otter_include" in (part.cell.metadata.get("tags") or []):
            self.cells.append(text_cell(part.cell.source))
            return
        last = self.cells[-1] if self.cells else None
        if last is not None and last.cell_type == "code" and END_SOLUTION in last.source:
            head, end, rest = last.source.rpartition(END_SOLUTION)
            margin = head[head.rfind("\n") + 1 :]
            comments = _comments(part.cell.source).replace("\n", f"\n{margin}")
            last.source = f"{head}{comments}\n{margin}{end}{rest}"
            self.notes.add(part.number, f"a text in the solution of {question.name}", "comments in its solution: learners do not see them")
        else:
            self.notes.add(
                part.number, f"a text in the solution of {question.name}", "left out", f"Keep it elsewhere: {part.cell.source[:200]}"
            )

    def _tests(self, question: Question) -> None:
        parts = [part for part in question.of("tests") if part.cell.cell_type == "code"]
        tests = [read_test(part.cell, where=f"{self.where}, cell {part.number}") for part in parts]
        if not tests:
            self.notes.add(question.number, f"question {question.name}", "no points: it has no tests", _LOOK_AT_IT)
            return
        points = test_points(
            question.settings.get("points"), [test.points for test in tests], where=f"{self.where}, question {question.name}"
        )
        if question.settings.get("all_or_nothing"):
            name = self.names.name(f"test_{question.name}")
            self.cells.append(test_cell("\n".join(_visible_or_hidden(test) for test in tests), name, _plain(sum(points))))
            self.notes.add(question.number, f"{len(tests)} tests, all or nothing", f"one test cell {name}, {sum(points):g} points")
        for number, (part, test, worth) in enumerate(zip(parts, tests, points, strict=True), start=1):
            if not question.settings.get("all_or_nothing"):
                self._test(question, part, test, worth, number)
            for doubt in test.doubts:
                self.notes.add(part.number, f"a test of {question.name}", doubt, _LOOK_AT_IT)
            if test.lost:
                self.notes.add(part.number, f"{', '.join(test.lost)} of a test", "left out: nbgrader has no place for it")

    def _test(self, question: Question, part: Part, test: OtterTest, points: float, number: int) -> None:
        name = self.names.name(f"test_{test.name or f'{question.name}_{number}'}")
        kind = "hidden test" if test.is_hidden else "test"
        source = f"# A hidden test of {question.name}.\n{_visible_or_hidden(test)}" if test.is_hidden else test.source
        self.cells.append(test_cell(source, name, _plain(points)))
        remedy = "Give it points, or take it out." if points == 0 else ""
        self.notes.add(part.number, f"{kind} {number} of {question.name}", f"test cell {name}, {points:g} points", remedy)

    def _manual(self, question: Question) -> None:
        """An answer that a person marks: prompt and solution in one cell."""
        where = f"{self.where}, question {question.name}"
        points = question_points(question.settings.get("points"), where=where)
        if points is None:
            points = 1.0
            self.notes.add(question.number, f"question {question.name}", "1 point: it says none", "Correct the points.")
        prompt, solutions = question.of("prompt"), question.of("solution")
        is_code = any(part.cell.cell_type == "code" for part in solutions or prompt)
        if is_code:
            source = "\n".join([*(_in_code(part.cell) for part in prompt), *(_solved(part.cell) for part in solutions)])
        else:
            model = "\n\n".join(part.cell.source for part in solutions)
            source = "\n\n".join([*(part.cell.source for part in prompt), f"{BEGIN_SOLUTION}\n{model}\n{END_SOLUTION}"])
        if BEGIN_SOLUTION not in source:
            source = f"{source}\n{BEGIN_SOLUTION}\n{END_SOLUTION}".lstrip("\n")
        name = self.names.name(question.name)
        self.cells.append(manual_cell(source, name, _plain(points), kind="code" if is_code else "markdown"))
        lacking = "" if solutions else "Write a model answer and a marking guide."
        self.notes.add(question.number, f"question {question.name}, marked by a person", f"manual cell {name}, {points:g} points", lacking)
        if question.of("tests"):
            self.notes.add(
                question.number, f"tests of {question.name}, which is marked by a person", "left out", "Make a question of its own of them."
            )


_LOOK_AT_IT = "Look at it."


def _visible_or_hidden(test: OtterTest) -> str:
    return f"{BEGIN_HIDDEN}\n{test.source}\n{END_HIDDEN}" if test.is_hidden else test.source


def _plain(points: float) -> float | int:
    """Whole points are written as whole numbers, as nbgrader's sidebar does."""
    rounded = round(points, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _comments(source: str) -> str:
    return "\n".join(line if line.lstrip().startswith("#") or not line.strip() else f"# {line}" for line in source.splitlines())


def _in_code(cell: Any) -> str:
    return _comments(cell.source)


def _solved(cell: Any) -> str:
    """Return a part of a model answer as code: text as comments within the region."""
    if cell.cell_type == "code":
        return converted_solution(cell.source).source
    return f"{BEGIN_SOLUTION}\n{_comments(cell.source)}\n{END_SOLUTION}"


def _is_otters_own(line: str) -> bool:
    words = line.strip()
    return words in {"import otter", "# Initialize Otter"} or words.startswith(("grader = otter.Notebook", "grader.check", "grader.export"))
