"""The code cells of a Python notebook as syntax trees, for rules that must not judge what they cannot read.

A cell that begins with `%%`, or whose text is no Python, has no tree. Lines of IPython (`%matplotlib inline`, `!ls`) are taken out; a line that may run anything
(`%run tests.py`, `!pytest`) leaves the cell's tree, marked as not whole.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from courses.notebook import Cell, CellKind, Notebook
from courses.python_syntax import parse
from courses.static_checks.names_in_code import Names, names_in

_HARMLESS = re.compile(r"%(matplotlib|config|load_ext|autoreload|precision|pylab|time|timeit|xmode|pip|conda|reload_ext)\b")
_HIDDEN_BEGIN, _HIDDEN_END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
_AUTOTEST = re.compile(r"^\s*#+.*AUTOTEST(.*)$", re.MULTILINE)
_FILE_NAME = re.compile(r"[^\n]*\.\w{1,8}")
_MAXIMUM_MODULE = 2**20


@dataclass(frozen=True)
class PythonCell:
    """One code cell."""

    cell: Cell
    tree: ast.Module | None
    """None: it is not Python, and no rule of Python holds for it."""
    is_whole: bool
    """False: it also runs something that the tree does not have."""

    @cached_property
    def names(self) -> Names:
        """What the cell reads and binds; for nbgrader's AUTOTEST lines, all their words count as read."""
        names = names_in(self.tree) if self.tree else Names()
        for line in _AUTOTEST.findall(self.cell.source):
            names.reads |= set(re.findall(r"[A-Za-z_]\w*", line)) - names.binds
        return names

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the tree, none if there is no tree."""
        return tuple(ast.walk(self.tree)) if self.tree else ()

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """All calls, in no certain order."""
        return tuple(node for node in self.nodes if isinstance(node, ast.Call))

    @cached_property
    def file_names(self) -> frozenset[str]:
        """The texts in the code that look like names of files."""
        texts = (node.value for node in self.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
        return frozenset(text for text in texts if _FILE_NAME.fullmatch(text))

    @property
    def is_autotest(self) -> bool:
        """Whether nbgrader writes assertions into it when the learners' version is made."""
        return _AUTOTEST.search(self.cell.source) is not None

    @cached_property
    def hidden_lines(self) -> frozenset[int]:
        """The numbers (from 1) of the lines that learners do not see."""
        hidden, found = False, set[int]()
        for number, line in enumerate(self.cell.source.splitlines(), start=1):
            hidden = (hidden or _HIDDEN_BEGIN in line) and _HIDDEN_END not in line
            if hidden:
                found.add(number)
        return frozenset(found)


@dataclass(frozen=True)
class PythonNotebook:
    """The code of one notebook, and of the modules that lie beside it."""

    notebook: Notebook
    cells: tuple[PythonCell, ...]
    modules: dict[str, ast.Module]
    """The modules beside the notebook, by name."""

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What the imported names stand for: `np` for `numpy`, `randint` for `random.randint`."""
        found = dict[str, str]()
        for cell in self.cells:
            for node in cell.nodes:
                found |= _imported(node)
        return found

    def of_kind(self, *kinds: CellKind) -> tuple[PythonCell, ...]:
        """Return the cells of those kinds, in order."""
        return tuple(each for each in self.cells if each.cell.kind in kinds)

    def dotted(self, node: ast.AST) -> str:
        """Return the dotted name that an expression stands for, such as `numpy.random.rand`; what it cannot follow begins with `?`."""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.dotted(node.value)}.{node.attr}"
        return "?"


def _imported(node: ast.AST) -> dict[str, str]:
    if isinstance(node, ast.Import):
        return {
            each.asname or each.name.partition(".")[0]: each.name if each.asname else each.name.partition(".")[0] for each in node.names
        }
    if isinstance(node, ast.ImportFrom) and node.module:
        return {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return {}


def read_python(notebook: Notebook) -> PythonNotebook | None:
    """Return the code of `notebook`, None if it is in another language."""
    if notebook.language.lower() not in {"python", "python3", "ipython", ""}:
        return None
    cells = tuple(read_cell(cell) for cell in notebook.cells if cell.type == "code")
    return PythonNotebook(notebook, cells, _modules_beside(notebook.path.parent))


def read_cell(cell: Cell) -> PythonCell:
    """Return a code cell with its tree, if it has one."""
    source = cell.source
    if source.lstrip().startswith("%%"):
        return PythonCell(cell, None, is_whole=False)
    tree = _tree(source)
    if tree is not None:
        return PythonCell(cell, tree, is_whole=True)
    lines, is_whole = [], True
    for line in source.splitlines():
        text = line.lstrip()
        if text.startswith(("%", "!")):
            is_whole = is_whole and _HARMLESS.match(text) is not None
            line = f"{line[: len(line) - len(text)]}pass"
        lines.append(line)
    tree = _tree("\n".join(lines))
    return PythonCell(cell, tree, is_whole=is_whole and tree is not None)


def _tree(source: str) -> ast.Module | None:
    try:
        return parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _modules_beside(folder: Path) -> dict[str, ast.Module]:
    found = dict[str, ast.Module]()
    for path in sorted(folder.glob("*.py")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAXIMUM_MODULE:
            continue
        try:
            tree = _tree(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if tree is not None:
            found[path.stem] = tree
    return found
