"""Which files and addresses a notebook's code names where it opens them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from courses.static_checks.python_cells import PythonCell, PythonNotebook

ADDRESS = re.compile(r"(https?|ftp|s3|gs)://", re.IGNORECASE)
ABSOLUTE = re.compile(r"/(home|Users|root|content|mnt|media|Volumes|opt|srv|kaggle|workspace|drive)(/|$)|[A-Za-z]:[\\/]|\\\\\w|~[/\\]")
_READS = re.compile(
    r"(^|\.)(open|read_\w+|loadtxt|genfromtxt|load|imread|read_text|read_bytes|urlopen|urlretrieve|Path|listdir|chdir|glob|connect|getline|fromfile|scandir|walk)$"
)
_READS_A_PATH = frozenset({"read_text", "read_bytes", "open", "iterdir", "stat"})
_MAKES_ANY_FILE = re.compile(
    r"(^|\.)(extract|extractall|unpack_archive|urlretrieve|urlopen|download|system|run|Popen|check_call|check_output|run_cell_magic|copytree|move|writer|ExcelWriter)$"
)
_WRITES = re.compile(
    r"(^|\.)(to_(csv|excel|json|parquet|pickle|html|feather|stata|hdf|string|markdown|latex)|savefig|save|savez|savetxt|write_text|write_bytes|dump|mkdir|makedirs"
    r"|copy|copyfile|rename|replace|NamedTemporaryFile|connect|touch|imsave|unlink|remove)$"
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A file or an address that code opens by a name that is written there."""

    name: str
    is_certain: bool
    """The code runs whenever the cell does: it stands in no function, and no `try` or `with raises` expects it to fail."""


def openings(cell: PythonCell, code: PythonNotebook) -> Iterator[Opening]:
    """Yield what the cell's code opens to read, in order."""
    if cell.tree is None:
        return
    expected = _expected_to_fail(cell.tree)
    read_paths = {id(node.func.value) for node in cell.calls if isinstance(node.func, ast.Attribute) and node.func.attr in _READS_A_PATH}
    for node in cell.calls:
        if _READS.search(code.dotted(node.func)) and not _opens_to_write(node, code):
            for name in _names_in(node):
                is_only_named = code.dotted(node.func).rpartition(".")[2] == "Path" and id(node) not in read_paths
                yield Opening(name, id(node) not in expected and not is_only_named)


def written_files(code: PythonNotebook) -> set[str]:
    """Return the names of all files that the notebook's code writes, magics included."""
    found = set[str]()
    for cell in code.cells:
        found |= set(re.findall(r"^%%(?:writefile|file)\s+(?:-a\s+)?(\S+)", cell.cell.source, re.MULTILINE))
        for node in cell.calls:
            if _WRITES.search(code.dotted(node.func)) or _opens_to_write(node, code):
                found |= {inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)}
    return found


def may_make_any_file(code: PythonNotebook) -> bool:
    """Whether the notebook unpacks, fetches or runs something, so that no one can tell which files there will be."""
    return any(not cell.is_whole for cell in code.cells) or any(
        _MAKES_ANY_FILE.search(code.dotted(node.func)) for cell in code.cells for node in cell.calls
    )


def _opens_to_write(call: ast.Call, code: PythonNotebook) -> bool:
    if code.dotted(call.func).rpartition(".")[2] != "open":
        return False
    modes = [*call.args, *(each.value for each in call.keywords if each.arg == "mode")]
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, str) and re.fullmatch(r"[wax]b?t?\+?|r\+b?", each.value) for each in modes
    )


def _names_in(call: ast.Call) -> Iterator[str]:
    """Yield the text given as the first argument, or as a keyword that names a file."""
    named = [
        each.value for each in call.keywords if each.arg in {"file", "filename", "path", "io", "filepath_or_buffer", "path_or_buf", "fname"}
    ]
    for value in (*call.args[:1], *named):
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def _expected_to_fail(tree: ast.Module) -> set[int]:
    """Return the identities of the nodes that do not run for certain, or whose failure is foreseen."""
    found = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Try | ast.TryStar | ast.If) or (
            isinstance(node, ast.With) and any("raises" in ast.unparse(item.context_expr).lower() for item in node.items)
        ):
            found |= {id(inner) for inner in ast.walk(node)}
    return found
