"""A forked kernel against a stock one: a notebook of every kind of cell gives the same outputs and counts in both.

A stock kernel takes what was written to file descriptor 1 over in a thread of its own, whenever that comes to run: it may land in the next cell. Cells that do
so are compared together with a pause after them, as one text. A forked kernel waits for it, so that there it is the cell's own.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.preprocessors import Execute

from autograder.execution.fork_server import ForkServer
from autograder.execution.forked import run_forked
from autograder.jobs import AssignmentSource, GradingJob, Limits

pytestmark = pytest.mark.xdist_group("fork-server")

PLOT = "import matplotlib.pyplot as plt\n"
SHOW = "from IPython.display import *\n"

CELLS = [
    # values
    "x = 2\nx * 21",
    "x; ",
    "None",
    "3; 4",
    "'unicode: ñ ₱ 日本 🧮'",
    "b'bytes', 1e-300, float('nan'), {3, 1}, range(3)",
    "'long ' * 400",
    "list(range(1500))",
    "_ = 3; _",
    "In[1], len(In), sorted(Out)[:3], _i",
    "del _\n40 + 2",
    "_ + 1",
    "(__, ___)",
    "get_ipython().displayhook(7)",
    "get_ipython().execution_count",
    "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.ast_node_interactivity = 'all'",
    "1\n2\n[3]",
    "InteractiveShell.ast_node_interactivity = 'last_expr'",
    # printing
    "print('one'); print('two')",
    "import sys; print('warned', file=sys.stderr)",
    "print('a', flush=True); print('b', file=sys.stderr, flush=True); print('c')",
    "print('y' * 5000)",
    "print('carriage\\rreturn\\b and \\x1b[31mred\\x1b[0m \\x07')",
    "sys.stdout.write('no newline')",
    "print('half a character: \\udc80'.encode('utf-8', 'replace').decode())",
    "import pprint; pprint.pprint({'key': list(range(40))})",
    "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as caught:\n    print('hidden')\ncaught.getvalue()",
    "import warnings; warnings.warn('careful')",
    "import logging; logging.warning('logged'); logging.info('not logged')",
    "logging.getLogger('own').error('also logged')",
    "import threading\nt = threading.Thread(target=lambda: print('from a thread')); t.start(); t.join()",
    "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool: print(sum(pool.map(abs, range(-5, 5))))",
    "from tqdm import tqdm\nfor _i_ in tqdm(range(3), disable=False, ncols=40, bar_format='{desc}{n_fmt}/{total_fmt}'): pass",
    "help(abs)",
    # errors
    "1 / 0",
    "def f(n):\n    return f(n - 1) if n else missing\nf(3)",
    "raise SystemExit",
    "sys.exit(3)",
    "raise KeyboardInterrupt",
    "syntax error here",
    "  unexpected_indent = 1\n bad = 2",
    "try:\n    {}['key']\nexcept KeyError as error:\n    raise ValueError('chained') from error",
    "try:\n    int('x')\nexcept ValueError:\n    raise TypeError('during the handling')",
    "assert x == 3, 'x should be 3'",
    "class Own(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Own('hidden')",
    "raise ExceptionGroup('group', [ValueError(1), TypeError(2)])",
    "def recurse(): recurse()\ntry:\n    recurse()\nexcept RecursionError as error:\n    print(error)",
    "print('before'); raise ValueError('ñ')",
    "print(undefined_name)",
    "import no_such_module_anywhere",
    "%xmode Minimal\n1 / 0",
    "1 / 0",
    "%xmode Context",
    "get_ipython().showtraceback = lambda *a, **k: None\n1 / 0",
    "del get_ipython().showtraceback",
    "input('name? ')",
    "import getpass; getpass.getpass()",
    "%no_such_magic",
    "%%no_such_cell_magic\ntext",
    # displays
    SHOW + "display(HTML('<b>x</b>')); display({'a': 1}); 5",
    SHOW + "display(Markdown('# title'), Latex('$x$'), Math('y'), JSON({'a': [1]}), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))",
    SHOW + "display(Javascript('1'), Pretty('p'), Code('x = 1'), IFrame('https://a.example', 3, 4), GeoJSON({'type': 'Point'}))",
    SHOW + "display('meta', metadata={'text/plain': {'isolated': True}}); display({'text/plain': 'raw', 'application/x-own': 'o'}, raw=True)",
    SHOW + "Image(data=bytes.fromhex('89504e470d0a1a0a'), format='png')",
    SHOW + "display()",
    SHOW + "print('gone'); clear_output(); print('stays')",
    SHOW + "print('gone at the next output'); clear_output(wait=True); print('stays')",
    SHOW + "print('stays, as nothing follows'); clear_output(wait=True)",
    SHOW + "for n in range(5):\n    clear_output(wait=True); display(n)",
    SHOW + "clear_output(wait=True); 1 / 0",
    "h = display('first', display_id='d'); h.update('second')",
    "h = display('one', display_id='e'); display('two', display_id='e'); display('three', display_id='f'); h.update(HTML('both'))",
    SHOW + "update_display('nothing there', display_id='nobody')",
    SHOW + "display('before', display_id='g'); clear_output(); update_display('after', display_id='g')",
    "class Rich:\n    def _repr_html_(self): return '<i>rich</i>'\n    def _repr_latex_(self): return '$r$'\n    def __repr__(self): return 'Rich()'\nRich()",
    "class Bundle:\n    def _repr_mimebundle_(self, include=None, exclude=None): return {'text/plain': 'b', 'application/json': {'a': None}}\nBundle()",
    "class Own:\n    def _ipython_display_(self): print('own display')\nOwn()",
    "class Broken:\n    def _repr_html_(self): raise ValueError('no html')\n    def __repr__(self): return 'Broken()'\nBroken()",
    "class Worse:\n    def __repr__(self): raise ValueError('no repr')\nWorse()",
    "import numpy as np; np.float64(0.5), np.arange(2000), np.eye(2)",
    "import pandas as pd; table = pd.DataFrame({'a': [1, 2]}, index=['ñ', 'b']); table.describe()",
    "table['a']",
    "table.style.set_uuid('u').highlight_max()",
    "pd.DataFrame({'n': range(200)})",
    # figures
    "%matplotlib inline\n" + PLOT + "_ = plt.plot([1, 2])",
    PLOT + "fig, ax = plt.subplots(); ax.set_title('t'); ax",
    PLOT + "plt.plot([3]); plt.show(); print('after')",
    PLOT + "plt.figure(); plt.plot([1]); plt.figure(); plt.plot([2]); print('two figures')",
    PLOT + "kept = plt.figure(); plt.plot([1]); plt.close(kept); print('closed')",
    "kept",
    "%config InlineBackend.figure_format = 'svg'\n" + PLOT + "_ = plt.plot([1])",
    "%config InlineBackend.figure_formats = {'png', 'retina'}\n" + PLOT + "_ = plt.plot([1])",
    "%config InlineBackend.close_figures = False\n" + PLOT + "_ = plt.plot([1])",
    "%config InlineBackend.close_figures = True\nplt.close('all')",
    "table.plot()",
    "%pylab inline --no-import-all\nnp.linspace(0, 1, 3)",
    # magics
    "%%time\nsum(range(10))",
    "%time 3 + 4",
    "%timeit -n1 -r1 pass",
    "%%capture caught\nprint('held'); print('too', file=sys.stderr); 3",
    "caught.stdout, caught.stderr, len(caught.outputs)",
    "caught.show()",
    "%%html\n<b>bold</b>",
    "%%markdown\n*emphasis*",
    "%%latex\n$x$",
    "%%javascript\n1",
    "%%svg\n<svg xmlns='http://www.w3.org/2000/svg'/>",
    "%%writefile made.py\nprint('running', __name__)\nmade = 3",
    "%run made.py\nmade",
    "%%writefile -a made.py\nprint('appended')",
    "import made; made.made",
    "%cat made.py",
    "%pycat made.py",
    "%load made.py",
    "%ls *.py",
    "%load_ext autoreload\n%autoreload 2",
    "%load_ext no_such_extension",
    "%config InteractiveShell.ast_node_interactivity",
    "%precision 3\n3.14159",
    "%precision",
    "%env NEW=1\nimport os; os.environ['NEW']",
    "%who_ls Rich",
    "%history -n 1-2",
    "%alias_magic t timeit",
    "%lsmagic\n1",
    "?len",
    "len??",
    "%pdoc len",
    "%psearch ma*",
    "%reset_selective -f ^made$\n'made' in dir()",
    "%macro two 1\ntwo",
    "%prun -q pass",
    # programs
    "!echo from the shell; exit 3",
    "_exit_code",
    "found = !printf 'a\\nb\\n'\nfound, type(found).__name__",
    "x = 5\n!echo $x {x + 1}",
    "!!echo listed",
    "%%bash\necho in bash; echo wrong >&2",
    "%%bash --out printed\necho caught",
    "printed",
    "%%bash\nexit 4",
    "%%python3\nprint('in another python')",
    "import subprocess; subprocess.run(['echo', 'caught'], capture_output=True, text=True).stdout",
    # waiting
    "import asyncio; await asyncio.sleep(0.001); 'awaited'",
    "async def later(n):\n    await asyncio.sleep(0.001)\n    print('task', n)\n    return n\nawait asyncio.gather(later(1), later(2))",
    "task = asyncio.create_task(later(3)); await task",
    "unrun = later(4)\ntry:\n    asyncio.run(unrun)\nfinally:\n    unrun.close()",
    "async for each in nothing: pass",
    "async with missing: pass",
    "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(1) as pool: print(pool.map(abs, [-1]))",
    "import ipywidgets; ipywidgets.IntSlider(value=3).value",
    "get_ipython().run_cell('print(1); 2').result",
    "exec('3'); eval('4')",
    "__name__, '__file__' in dir(), sys.argv[1]",
    "sys.flags.interactive, sys.ps1, sys.stdin.isatty(), sys.stdout.isatty(), sys.stdout.encoding",
]  # fmt: skip

RACING = [
    "import os; os.system('echo from the shell') and None",
    "os.write(1, b'to the descriptor\\n'); os.write(2, b'and the other\\n') and None",
    "import subprocess; subprocess.run(['echo', 'inherited']).returncode",
    "sys.__stdout__.write('the very first\\n'); sys.__stdout__.flush()",
    "p = multiprocessing.get_context('fork').Process(target=print, args=('from a child',)); p.start(); p.join()",
]
PAUSE = "import time; time.sleep(1)"


def shape(cell: Any) -> list[tuple[str, str, str]]:
    """Return what a reader sees of a cell's outputs: type, name and text, without what no two runs have in common."""
    found: list[tuple[str, str, str]] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            text = output.text
        elif output.output_type == "error":
            text = f"{output.ename}: {output.evalue}\n" + "\n".join(output.traceback)
        else:
            text = str([(kind, "" if kind.startswith("image/") else output.data[kind], output.metadata) for kind in sorted(output.data)])
        text = re.sub(r"/tmp/ipykernel_\d+/\d+", "/tmp/ipykernel", text)
        text = re.sub(r"0x[0-9a-f]{6,}", "0x", text)
        text = re.sub(r"[\d.e+]+ (ns|[µμ]s|us|ms|s)\b", "TIME", text)
        text = re.sub(r"[^\s\x1b]*/site-packages/", "site-packages/", text)  # `~` is another folder in a forked kernel
        text = text.replace("~/", f"{Path.home()}/")
        text = re.sub(r"CPU times: .*", "CPU times", text)
        text = re.sub(r"\(\d+ times\)", "(many times)", text)
        if found and found[-1][:2] == (output.output_type, output.get("name", "")) == ("stream", output.get("name", "")):
            text = found.pop()[2] + text
        found.append((output.output_type, output.get("name", ""), text))
    return sorted(found)  # which of two streams comes first is chance in a stock kernel


def difference(one: Any, other: Any) -> list[str]:
    """Return the lines in which the outputs of a cell differ, after its source; none if they do not."""
    ours, stock = ([line for output in shape(cell) for line in repr(output).split("\\n")] for cell in (one, other))
    return [one.source, *difflib.unified_diff(ours, stock, "forked", "stock", lineterm="", n=0)] if ours != stock else []


def texts(cells: list[Any]) -> list[str]:
    """Return all that the cells printed, by line."""
    return sorted("".join(output.get("text", "") for cell in cells for output in cell.outputs).splitlines())


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[Any], list[Any]]]:
    """The cells after they ran in a forked kernel, and in a stock one."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # under it ipykernel leaves the output of other programs alone
    codes = [*CELLS, *(code for racing in RACING for code in (racing, PAUSE))]
    ours, stock = (nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes]) for _ in range(2))
    for node in (ours, stock):
        node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for name in ("ours", "stock"):
        (tmp_path / name).mkdir()
    Execute(timeout=60, kernel_name="python3").preprocess(stock, {"metadata": {"path": str(tmp_path / "stock")}})
    source = AssignmentSource(course="c", assignment="a", folder=str(tmp_path), notebooks=(), digest="")
    job = GradingJob(source=source, learner="l", submission=str(tmp_path), limits=Limits(cell_timeout_s=60), sandbox=False)
    with ForkServer(["numpy", "pandas", "matplotlib.pyplot"]) as server:
        assert run_forked(server, ours, tmp_path / "ours", job) == ""
    yield ours.cells, stock.cells
    shutil.rmtree(tmp_path)


@pytest.mark.thorough
def test_every_kind_of_cell_gives_what_a_stock_kernel_gives(both: tuple[list[Any], list[Any]]) -> None:
    ours, stock = both
    pairs = list(zip(ours, stock, strict=True))
    differing = [line for one, other in pairs[: len(CELLS)] for line in difference(one, other)]
    assert not differing, "\n".join(differing)
    for place in range(len(CELLS), len(ours), 2):
        assert texts(ours[place : place + 2]) == texts(stock[place : place + 2]) != [], ours[place].source
        assert texts([ours[place + 1]]) == [], "a forked kernel's text is the cell's own"
    assert [one.execution_count for one in ours] == [other.execution_count for other in stock]
