"""Whether a test can fail at all: what runs in it, and what of that can raise.

nbgrader gives full marks to a test cell that runs without an error. So a test has to assert, to raise, or to call what does: `numpy.testing`, `unittest`,
`pytest.raises`, a function of the notebook or of a module beside it that asserts. A call that cannot be looked into is believed if its name promises a check.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from courses.static_checks.python_cells import PythonCell, PythonNotebook

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_FAILS = re.compile(r"assert.*|fail|raises|warns|exit|quit|deprecated_call", re.IGNORECASE)
_PROMISES = re.compile(
    r"check|test|verif|grad|valid|expect|ensure|must|should|require|compar|approve|match|evaluat|assess|confirm|correct|equal|same",
    re.IGNORECASE,
)
_LIBRARIES = frozenset(
    {
        "numpy",
        "pandas",
        "math",
        "statistics",
        "re",
        "scipy",
        "sklearn",
        "matplotlib",
        "random",
        "itertools",
        "collections",
        "datetime",
        "json",
        "os",
        "sys",
    }
)
"""Of these it is known that nothing but their `testing` asserts."""
_RUNS_ANYTHING = frozenset({"exec", "eval", "run_cell", "run_line_magic", "run_cell_magic", "system", "runpy", "run_path", "ipytest"})
_RUNS_TESTS = re.compile(r"(^|\.)(unittest\.main|ipytest\.run|pytest\.main|TextTestRunner|TestLoader|TestSuite|defaultTestLoader.*)$")
_TRUE_IF_NOT_CALLED = frozenset(
    (
        "all",
        "any",
        "equals",
        "isna",
        "notna",
        "isnull",
        "notnull",
        "startswith",
        "endswith",
        "isdigit",
        "isalpha",
        "isalnum",
        "isupper",
        "islower",
        "isnumeric",
        "issubset",
        "issuperset",
        "isdisjoint",
        "is_integer",
        "exists",
        "is_file",
        "is_dir",
    )
)


class AssertionSearch:
    """Looks for what can fail, in the cells of one notebook."""

    def __init__(self, notebook: PythonNotebook, answers: set[str]) -> None:
        """Learn the notebook's functions.

        Args:
            answers: the names that answer cells bind: they are the learner's, so what they do is not a test.
        """
        self._notebook = notebook
        self._answers = answers
        self._functions: dict[str, ast.AST] = {}
        for name, module in notebook.modules.items():
            for node in module.body:
                if isinstance(node, _FUNCTION | ast.ClassDef):
                    self._functions[f"{name}.{node.name}"] = node
        for cell in notebook.cells:
            for node in cell.tree.body if cell.tree else ():
                if isinstance(node, _FUNCTION | ast.ClassDef) and node.name not in answers:
                    self._functions[node.name] = node

    def can_fail(self, cell: PythonCell) -> bool:
        """Whether something that runs in the test cell can fail because of an answer."""
        if cell.tree is None or not cell.is_whole or cell.is_autotest:
            return True
        return self._fails(cell.tree.body, set(), everything=self._runs_tests(cell.tree))

    def is_answer(self, value: ast.expr) -> bool:
        """Whether `value` is what a function of the learner returns, as it is."""
        return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in self._answers

    def _runs_tests(self, tree: ast.AST) -> bool:
        return any(isinstance(node, ast.Call) and _RUNS_TESTS.search(self._notebook.dotted(node.func)) for node in ast.walk(tree))

    def _fails(self, statements: Iterable[ast.AST], seen: set[str], *, everything: bool = False) -> bool:
        for node in _what_runs(statements, everything=everything):
            if isinstance(node, ast.Assert | ast.Raise) or (isinstance(node, ast.Call) and self._call_fails(node)):
                return True
            if isinstance(node, ast.Name | ast.Attribute) and self._function_fails(self._notebook.dotted(node), seen):
                return True
        return False

    def _function_fails(self, name: str, seen: set[str]) -> bool:
        """Whether the notebook's own function of that name fails, or one that it calls."""
        node = self._functions.get(name)
        if node is None or name in seen:
            return False
        seen.add(name)
        return self._fails([*ast.iter_child_nodes(node)], seen, everything=isinstance(node, ast.ClassDef))

    def _call_fails(self, call: ast.Call) -> bool:
        dotted = self._notebook.dotted(call.func)
        name = dotted.rpartition(".")[2]
        if _FAILS.fullmatch(name) or name in _RUNS_ANYTHING:
            return True
        root = dotted.partition(".")[0]
        is_known = root in _LIBRARIES or root in self._answers or name in self._answers or dotted in self._functions
        return not is_known and not dotted.startswith("?") and _PROMISES.search(name) is not None


def _what_runs(nodes: Iterable[ast.AST], *, everything: bool) -> Iterator[ast.AST]:
    """Yield what runs when `nodes` run: the bodies of functions and classes only if `everything` is said to be called, or they are decorated."""
    for node in nodes:
        yield node
        inner: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, _FUNCTION | ast.ClassDef) and not everything and not node.decorator_list:
            inner = [each for each in inner if not isinstance(each, ast.stmt)]
        yield from _what_runs(inner, everything=everything)


def hollow_assertions(tree: ast.Module) -> Iterator[ast.Assert]:
    """Yield the assertions that hold whatever the answer is; a plain `assert True` in a `try` statement only marks a branch."""
    tried = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try | ast.TryStar) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and _is_always_true(node.test) and not (id(node) in tried and isinstance(node.test, ast.Constant)):
            yield node


def _is_always_true(test: ast.expr) -> bool:
    match test:
        case ast.Constant():
            return bool(test.value)
        case ast.Tuple() | ast.List() | ast.Set():
            return any(not isinstance(each, ast.Starred) for each in test.elts)
        case ast.Dict():
            return any(key is not None for key in test.keys)
        case ast.JoinedStr():
            return any(isinstance(each, ast.Constant) and each.value for each in test.values)
        case ast.Lambda() | ast.GeneratorExp():
            return True
        case ast.Attribute():
            return test.attr in _TRUE_IF_NOT_CALLED
        case ast.BoolOp():
            return (any if isinstance(test.op, ast.Or) else all)(_is_always_true(each) for each in test.values)
        case _:
            return False


def swallowed_assertions(tree: ast.Module) -> Iterator[ast.Try | ast.TryStar]:
    """Yield the `try` statements round an assertion whose failure is caught and forgotten."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try | ast.TryStar) and any(
            isinstance(each, ast.Assert) for each in _what_runs(node.body, everything=False)
        ):
            catcher = next((each for each in node.handlers if _catches_assertions(each.type)), None)
            if catcher is not None and all(_forgets(each) for each in catcher.body):
                yield node


def _catches_assertions(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    if isinstance(kind, ast.Tuple):
        return any(_catches_assertions(each) for each in kind.elts)
    return isinstance(kind, ast.Name) and kind.id in {"AssertionError", "Exception", "BaseException"}


def _forgets(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    value = statement.value if isinstance(statement, ast.Expr) else None
    is_print = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in {"print", "display"}
    return is_print or isinstance(value, ast.Constant)
