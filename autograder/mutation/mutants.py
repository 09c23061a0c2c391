"""Makes the mutants of an answer cell: each the reference solution with one small mistake. Pure, and the same every time.

Mistakes are made only between `### BEGIN SOLUTION` and `### END SOLUTION` where there are such lines, else in the whole cell. Left alone is what no test
should ask for: the looks of a plot, the words of an exception, docstrings, annotations. A mutant that does not compile, or compiles to the same program as
the reference or as another mutant, is dropped. Of too many mutants some are taken, from every kind of mistake alike.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.mutation.compiled import program_of
from autograder.mutation.edits import CodeText, Edit, diff_of
from autograder.mutation.flow_operators import STATEMENTS
from autograder.mutation.operators import EXPRESSIONS
from autograder.mutation.table_operators import FIXED_TABLE_OPERATORS, column_names, is_cosmetic, wrong_column

MOST_PER_CELL = 20
_BEGIN, _END = re.compile(r"#+\s*BEGIN SOLUTION"), re.compile(r"#+\s*END SOLUTION")
_ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Mutant:
    """The reference solution of one answer cell with one mistake."""

    id: str
    """The same as long as the cell's id, the kind of mistake, and the line before and after it are."""
    cell: str
    """nbgrader's id of the answer cell."""
    operator: str
    line: int
    """Where the mistake is, from 1, in the cell."""
    source: str
    """The whole cell with the mistake."""
    diff: str


def make_mutants(text: str, cell: str, *, most: int = MOST_PER_CELL, seed: int = 0, columns: Sequence[str] = ()) -> list[Mutant]:
    """Return mutants of an answer cell's reference solution, in the order of their lines; none for what is no Python.

    Args:
        cell: nbgrader's id of the cell.
        columns: column names that the notebook uses, for the wrong ones.
    """
    try:
        code = CodeText(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    seen = {program_of(text)}
    found: list[Mutant] = []
    for mutant in _with_ids(code, cell, _edits(code, columns)):
        program = program_of(mutant.source)
        if program is not None and program not in seen:
            seen.add(program)
            found.append(mutant)
    return sorted(_sampled(found, most, seed), key=lambda each: (each.line, each.id))


def columns_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the column names that cells use, in order; what is no Python is passed over."""
    found: dict[str, None] = {}
    for text in texts:
        try:
            found |= dict.fromkeys(column_names(CodeText(text).tree))
        except (SyntaxError, ValueError, RecursionError):
            continue
    return tuple(found)


def _edits(code: CodeText, columns: Sequence[str]) -> Iterator[Edit]:
    own = column_names(code.tree)
    operators = (*EXPRESSIONS, *STATEMENTS, *FIXED_TABLE_OPERATORS, wrong_column(own if len(own) > 1 else [*own, *_not_in(own, columns)]))
    regions = _regions(code.text)
    for node in _mutable(code.tree):
        for operator in operators:
            for edit in operator(code, node):
                if any(first <= edit.start and edit.end <= last for first, last in regions) and edit.applied(code.text) != code.text:
                    yield edit


def _not_in(own: Sequence[str], columns: Sequence[str]) -> list[str]:
    return [each for each in columns if each not in own]


def _regions(text: str) -> list[tuple[int, int]]:
    """Return where the solution stands, in characters."""
    begins = [found.end() for found in _BEGIN.finditer(text)]
    if not begins:
        return [(0, len(text))]
    ends = [found.start() for found in _END.finditer(text)]
    return [(begin, next((end for end in ends if end > begin), len(text))) for begin in begins]


def _mutable(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a tree that may be changed."""
    yield node
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_left_alone(node, name, child):
                yield from _mutable(child)


def _is_left_alone(parent: ast.AST, name: str, child: ast.AST) -> bool:
    if name in {"annotation", "returns", "decorator_list"} or isinstance(child, ast.Import | ast.ImportFrom):
        return True
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True  # a docstring
    if isinstance(child, ast.keyword) and is_cosmetic(child):
        return True
    # Places of what stands in an f-string are not to be relied on before Python 3.12; an exception's words are nobody's business.
    return isinstance(parent, ast.JoinedStr | ast.Raise) or (isinstance(parent, ast.Assert) and name == "msg")


def _with_ids(code: CodeText, cell: str, edits: Iterator[Edit]) -> Iterator[Mutant]:
    before = code.text.split("\n")
    times: dict[str, int] = defaultdict(int)
    for edit in edits:
        source = edit.applied(code.text)
        line = code.line_of(edit.start)
        after = source.split("\n")[line - 1]
        told = "\0".join((cell, edit.operator, before[line - 1].strip(), edit.replacement, after.strip()))
        times[told] += 1
        digest = hashlib.sha256(f"{told}\0{times[told]}".encode("utf-8", "surrogatepass")).hexdigest()
        yield Mutant(digest[:_ID_LENGTH], cell, edit.operator, line, source, diff_of(code.text, source, cell))


def _sampled(found: list[Mutant], most: int, seed: int) -> list[Mutant]:
    """Return at most so many: one of each kind in turn, which of them is drawn by the seed."""
    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(found, key=lambda each: hashlib.sha256(f"{seed}\0{each.id}".encode()).digest()):
        kinds[mutant.operator].append(mutant)
    chosen: list[Mutant] = []
    while len(chosen) < min(most, len(found)):
        for name in sorted(kinds):
            if kinds[name] and len(chosen) < most:
                chosen.append(kinds[name].pop(0))
    return chosen
