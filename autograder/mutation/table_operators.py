"""The mistakes that people make with pandas and numpy: the wrong column, axis, order, join, duplicate, aggregate; a cleaning step left out of a chain. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.mutation.edits import CodeText, Edit
from autograder.mutation.operators import Operator

_OTHER_FUNCTION = {
    "mean": "median", "median": "mean", "sum": "count", "count": "sum", "min": "max", "max": "min", "first": "last", "last": "first", "any": "all",
    "all": "any", "head": "tail", "tail": "head", "idxmin": "idxmax", "idxmax": "idxmin", "nlargest": "nsmallest", "nsmallest": "nlargest",
    "isna": "notna", "notna": "isna", "isnull": "notnull", "notnull": "isnull", "upper": "lower", "lower": "upper", "ceil": "floor", "floor": "ceil",
    "argmin": "argmax", "argmax": "argmin", "cumsum": "cumprod", "std": "var", "var": "std", "ffill": "bfill", "bfill": "ffill", "loc": "iloc",
    "startswith": "endswith", "endswith": "startswith", "nunique": "count", "size": "count", "append": "remove", "maximum": "minimum",
    "minimum": "maximum", "ppf": "cdf", "cdf": "sf", "sf": "cdf",
}  # fmt: skip
_OF_NUMPY = {"sum": "mean", "count_nonzero": "size"}
"""numpy has no `count`."""
_AGGREGATES = frozenset({"mean", "median", "sum", "count", "min", "max", "first", "last", "std", "var", "nunique", "size"})
_BUILTIN = {"min": "max", "max": "min", "any": "all", "all": "any", "sum": "len", "len": "sum"}
_REMOVABLE = frozenset(
    {
        "dropna", "fillna", "drop_duplicates", "drop", "strip", "lstrip", "rstrip", "lower", "upper", "title", "sort_values", "sort_index", "reset_index",
        "set_index", "copy", "round", "abs", "astype", "unique", "rename", "replace", "reindex", "ffill", "bfill", "tolist", "clip", "cumsum", "sorted",
    }
)  # fmt: skip
_REMOVABLE_FUNCTIONS = frozenset({"abs", "round", "sorted", "set", "reversed"})
_KEYWORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "how": {"inner": ("left", "outer"), "left": ("inner", "right"), "right": ("inner", "left"), "outer": ("inner", "left"), "any": ("all",), "all": ("any",)},
    "keep": {"first": ("last", "False"), "last": ("first", "False")},
    "axis": {"index": ("columns",), "columns": ("index",)},
    "errors": {"coerce": ("raise",), "raise": ("coerce",), "ignore": ("raise",)},
    "on": {},
}  # fmt: skip
_COSMETIC = frozenset(
    {
        "figsize", "color", "c", "colors", "s", "alpha", "linewidth", "lw", "linewidths", "linestyle", "ls", "marker", "markersize", "edgecolor", "edgecolors",
        "facecolor", "facecolors", "fontsize", "dpi", "zorder", "cmap", "rotation", "ha", "va", "encoding", "constrained_layout", "layout", "rwidth", "capsize",
    }
)  # fmt: skip
"""What only concerns a plot's looks: no assessment should ask for it, so nothing is changed there."""


def is_cosmetic(keyword: ast.keyword) -> bool:
    """Whether a keyword argument only concerns looks."""
    return keyword.arg in _COSMETIC


def keywords(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """Another `how`, `keep`, `axis` or `errors`."""
    if not isinstance(node, ast.keyword) or not isinstance(node.value, ast.Constant):
        return
    start, end = code.span(node.value)
    value = node.value.value
    if node.arg == "keep" and value is False:
        yield Edit("keep", start, end, '"first"')
    elif node.arg in _KEYWORDS and isinstance(value, str):
        for other in _KEYWORDS[node.arg].get(value, ()):
            yield Edit(node.arg, start, end, other if other == "False" else f'"{other}"')


def added_keywords(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """The other order, the other duplicate, the other degrees of freedom, where nothing is said of them."""
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    said = {each.arg for each in node.keywords}
    added = {
        "sort_values": ("order", "ascending", "False"),
        "sort_index": ("order", "ascending", "False"),
        "sorted": ("order", "reverse", "True"),
        "sort": ("order", "reverse", "True"),
        "drop_duplicates": ("keep", "keep", '"last"'),
        "duplicated": ("keep", "keep", "False"),
        "merge": ("how", "how", '"outer"'),
        "std": ("ddof", "ddof", "1" if _is_numpy(node.func) else "0"),
        "var": ("ddof", "ddof", "1" if _is_numpy(node.func) else "0"),
    }.get(name)
    if added is None or added[1] in said or None in said:
        return
    end = code.span(node)[1] - 1
    inside = code.text[code.span(node.func)[1] : end].rstrip()
    comma = "" if inside.endswith(("(", ",")) else ", "
    yield Edit(added[0], end, end, f"{comma}{added[1]}={added[2]}")


def left_out_argument(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """An argument that is given by name, left out."""
    if not isinstance(node, ast.Call):
        return
    arguments = [code.span(each) for each in (*node.args, *node.keywords)]
    for keyword in node.keywords:
        if keyword.arg is None or is_cosmetic(keyword):
            continue
        start, end = code.span(keyword)
        before = [last for _, last in arguments if last <= start]
        start = max(before) if before else start
        if "#" not in code.text[start : code.span(keyword)[0]] and not _is_lonely_generator(node):
            following = min((first for first, _ in arguments if first >= end), default=end)
            yield Edit("argument left out", start, end if before else following, "")


def _is_lonely_generator(node: ast.Call) -> bool:
    return any(isinstance(each, ast.GeneratorExp) for each in node.args)


def functions(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """Another function of the same kind: the median for the mean, the smallest for the largest."""
    if isinstance(node, ast.Attribute) and node.attr in _OTHER_FUNCTION:
        other = _OF_NUMPY.get(node.attr, _OTHER_FUNCTION[node.attr]) if _is_numpy(node) else _OTHER_FUNCTION[node.attr]
        end = code.span(node)[1]
        yield Edit("function", end - len(node.attr), end, other)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BUILTIN:
        start, end = code.span(node.func)
        yield Edit("function", start, end, _BUILTIN[node.func.id])
    elif isinstance(node, ast.Call):
        names = [*node.args, *(each.value for each in node.keywords)]
        for value in [inner for each in names for inner in _texts_in(each)]:
            if value.value in _AGGREGATES:
                start, end = code.span(value)
                yield Edit("function", start, end, f'"{_OTHER_FUNCTION[str(value.value)]}"')


def _texts_in(node: ast.expr) -> Iterator[ast.Constant]:
    """Yield the texts that stand in an argument, in a list, in a dict, in a pair."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _texts_in(each)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts_in(value)


def left_out_of_chain(code: CodeText, node: ast.AST) -> Iterator[Edit]:
    """A step left out of a chain of methods, or a function round a value."""
    if not isinstance(node, ast.Call):
        return
    start, end = code.span(node)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _REMOVABLE and not _is_module(node.func.value):
        inner = node.func.value
        if isinstance(inner, ast.Attribute) and inner.attr in {"str", "dt", "cat"}:
            inner = inner.value
        yield Edit("step left out", code.span(inner)[1], end, "")
    elif (
        isinstance(node.func, ast.Name) and node.func.id in _REMOVABLE_FUNCTIONS and node.args and not isinstance(node.args[0], ast.Starred)
    ):
        text = code.source(node.args[0])
        is_bare = isinstance(node.args[0], ast.GeneratorExp) and not text.startswith("(")
        yield Edit("step left out", start, end, f"({text})" if is_bare or not isinstance(node.args[0], ast.Name) else text)
    elif isinstance(node.func, ast.Attribute) and _is_numpy(node.func) and node.func.attr in {"abs", "sqrt", "round"} and node.args:
        yield Edit("step left out", start, end, f"({code.source(node.args[0])})")


def wrong_column(columns: Sequence[str]) -> Operator:
    """Return the operator that puts another of the `columns` in a column's place."""

    def change(code: CodeText, node: ast.AST) -> Iterator[Edit]:
        for value in _columns_in(node):
            if value.value in columns and len(columns) > 1:
                other = columns[(columns.index(str(value.value)) + 1) % len(columns)]
                start, end = code.span(value)
                yield Edit(
                    "wrong column", start, end, repr(other).replace("'", '"') if '"' not in other and "'" not in other else repr(other)
                )

    return change


def column_names(tree: ast.AST) -> list[str]:
    """Return the texts that columns are asked for by, in order, each once."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        found |= dict.fromkeys(str(value.value) for value in _columns_in(node))
    return list(found)


_OF_COLUMNS = frozenset({"by", "on", "left_on", "right_on", "subset", "columns", "index", "values", "id_vars", "value_vars"})
_BY_COLUMNS = frozenset({"groupby", "sort_values", "set_index", "dropna", "drop_duplicates", "duplicated"})


def _columns_in(node: ast.AST) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for part in parts:
            yield from _texts_in(part)
    elif isinstance(node, ast.keyword) and node.arg in _OF_COLUMNS:
        yield from _texts_in(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _BY_COLUMNS and node.args:
        yield from _texts_in(node.args[0])


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"np", "numpy"}


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"np", "numpy", "pd", "pandas", "plt", "math", "stats"}


FIXED_TABLE_OPERATORS: tuple[Operator, ...] = (keywords, added_keywords, left_out_argument, functions, left_out_of_chain)
