"""The rules that make a notebook run the same everywhere: no path of one machine, no network, its files beside it, its randomness seeded.

Grading runs without a network, in a folder of its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from courses.findings import Finding
from courses.notebook import CellKind
from courses.static_checks.file_use import ABSOLUTE, ADDRESS, Opening, may_make_any_file, openings, written_files
from courses.static_checks.places import Spot, cell_spot
from courses.static_checks.python_cells import PythonCell, PythonNotebook

_FILE = re.compile(r"[^\s*?\[\]{}<>|:\"\n]+\.[A-Za-z]\w{0,7}")
_SHELL_NETWORK = re.compile(
    r"^\s*(?:[!%]{1,2}\s*)(?:sudo\s+)?((?:pip3?|conda|mamba|uv|apt|apt-get|npm)\s+(?:-\S+\s+)*(?:install|pip|add|update)\b|curl\b|wget\b|git\s+(?:clone|pull)\b|gdown\b)"
)
_NETWORK_CALL = re.compile(
    r"(requests|httpx|aiohttp|urllib3)\.(get|post|put|delete|head|patch|request|Session|AsyncClient|Client|ClientSession|PoolManager)"
    r"|urllib\.request\.(urlopen|urlretrieve)|http\.client\.HTTPS?Connection|socket\.(create_connection|socket)|ftplib\.FTP|wget\.download|gdown\.download"
    r"|seaborn\.load_dataset|sklearn\.datasets\.fetch_\w+|yfinance\.(download|Ticker)"
)
_RANDOM_CALL = re.compile(
    r"random\.(random|randint|randrange|choice|choices|sample|shuffle|uniform|gauss|normalvariate|betavariate|triangular|getrandbits|expovariate)"
)
_NUMPY_RANDOM_CALL = re.compile(
    r"numpy\.random\.(rand|randn|randint|random|random_sample|choice|shuffle|permutation|uniform|normal|standard_normal|binomial|poisson|exponential|beta|gamma)"
)
_UNSEEDED_MAKER = re.compile(r"numpy\.random\.(default_rng|RandomState)|random\.(Random)")
_NEVER_SEEDED = re.compile(r"secrets\.\w+|uuid\.uuid[14]|os\.urandom|random\.SystemRandom")


def check_portability(code: PythonNotebook, assignment: str) -> Iterator[Finding]:
    """Yield what makes the notebook depend on a machine, a network or chance."""
    written = written_files(code) | {name for cell in code.of_kind(CellKind.ANSWER, CellKind.MANUAL) for name in cell.file_names}
    is_open_ended = may_make_any_file(code)
    for cell in code.cells:
        spot = cell_spot(assignment, code.notebook, cell.cell)
        opened = tuple(openings(cell, code))
        yield from _paths(opened, spot)
        yield from _network(cell, opened, code, spot)
        if not is_open_ended:
            yield from _missing_files(opened, code.notebook.path.parent, spot, written)
    yield from _randomness(code, assignment)


def _paths(opened: tuple[Opening, ...], spot: Spot) -> Iterator[Finding]:
    """N26: a path of the author's machine."""
    for opening in opened:
        if ABSOLUTE.match(opening.name):
            yield spot.warning(
                "N26", f"{opening.name!r} is a path on one machine", "Put the file beside the notebook, and open it by its name alone."
            )


def _network(cell: PythonCell, opened: tuple[Opening, ...], code: PythonNotebook, spot: Spot) -> Iterator[Finding]:
    """N27: what needs a network, which grading does not have."""
    found = [match[1] for line in cell.cell.source.splitlines() if (match := _SHELL_NETWORK.match(line))]
    found += [opening.name for opening in opened if ADDRESS.match(opening.name)]
    for node in cell.calls:
        if _NETWORK_CALL.fullmatch(code.dotted(node.func)):
            found.append(code.dotted(node.func))
    if found:
        problem = f"the cell needs a network, and grading has none: {found[0][:80]}"
        yield spot.warning("N27", problem, "Put the data beside the notebook; install libraries where courses are graded.")


def _missing_files(opened: tuple[Opening, ...], folder: Path, spot: Spot, written: set[str]) -> Iterator[Finding]:
    """N32: a file that is opened and not there."""
    for opening in opened:
        name = opening.name
        is_plain = _FILE.fullmatch(name) and not ABSOLUTE.match(name) and not ADDRESS.match(name) and not name.startswith("/")
        if opening.is_certain and is_plain and name not in written and not (folder / name).exists():
            yield spot.blocking("N32", f"{name} is opened, and lies not beside the notebook", "Put the file into the assignment's folder.")


def _randomness(code: PythonNotebook, assignment: str) -> Iterator[Finding]:
    """N28: chance without a seed, in tests and in the solutions that tests call.

    A seed in the test itself, or in a cell before it, holds for what the answers draw too.
    """
    seeded = set[str]()
    waiting: list[tuple[PythonCell, str, str]] = []
    for cell in code.cells:
        for node in cell.calls:
            dotted = code.dotted(node.func)
            if dotted in {"random.seed", "numpy.random.seed"}:
                seeded.add(dotted)
        if cell.cell.kind in {CellKind.TEST, CellKind.ANSWER} and (drawn := _drawn(cell, code)):
            waiting.append((cell, *drawn))
        if cell.cell.kind is CellKind.TEST:
            waiting = [each for each in waiting if each[2] not in seeded]
    for cell, told, _ in waiting:
        spot = cell_spot(assignment, code.notebook, cell.cell)
        yield spot.warning("N28", f"{told} draws anew each time, so a verdict may differ from run to run", "Give it a seed.")


def _drawn(cell: PythonCell, code: PythonNotebook) -> tuple[str, str] | None:
    """Return how the cell draws, and which call would have seeded it (empty if none can); None if it does not draw."""
    for node in cell.calls:
        dotted = code.dotted(node.func)
        if (_UNSEEDED_MAKER.fullmatch(dotted) and not _is_given_a_seed(node)) or _NEVER_SEEDED.fullmatch(dotted):
            return f"{dotted}()", ""
        if _RANDOM_CALL.fullmatch(dotted):
            return f"{dotted}()", "random.seed"
        if _NUMPY_RANDOM_CALL.fullmatch(dotted):
            return f"{dotted}()", "numpy.random.seed"
    return None


def _is_given_a_seed(call: ast.Call) -> bool:
    given = [*call.args, *(each.value for each in call.keywords)]
    return any(not (isinstance(each, ast.Constant) and each.value is None) for each in given)
