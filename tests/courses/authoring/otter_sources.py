"""Sources for otter-assign, written for these tests by otter-grader's documentation, with every mark that the importer knows."""

from __future__ import annotations

from typing import Any

import nbformat

CONFIG = """\
# ASSIGNMENT CONFIG
name: rivers
init_cell: true
export_cell: false
generate:
    seed: 7
requirements: requirements.txt
files:
    - rivers.csv
    - data/notes.txt
    - measure.py
"""


def raw(text: str) -> Any:
    return nbformat.v4.new_raw_cell(text)


def text(source: str, *tags: str) -> Any:
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def code(source: str, shown: str | None = None, printed: str = "", *, run: bool = True) -> Any:
    """Return a code cell as it was left after a run."""
    cell = nbformat.v4.new_code_cell(source, execution_count=1 if run else None)
    if printed:
        cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=printed))
    if shown is not None:
        cell.outputs.append(nbformat.v4.new_output("execute_result", data={"text/plain": shown}, execution_count=1))
    return cell


def config(*lines: str) -> str:
    return "\n".join(['""" # BEGIN TEST CONFIG', *lines, '""" # END TEST CONFIG', ""])


def notebook(*cells: Any) -> Any:
    node = nbformat.v4.new_notebook(cells=list(cells))
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return node


def question(settings: str, *cells: Any) -> list[Any]:
    return [raw(f"# BEGIN QUESTION\n{settings}"), *cells, raw("# END QUESTION")]


def solution(*cells: Any) -> list[Any]:
    return [raw("# BEGIN SOLUTION"), *cells, raw("# END SOLUTION")]


def prompt(*cells: Any) -> list[Any]:
    return [raw("# BEGIN PROMPT"), *cells, raw("# END PROMPT")]


def checks(*cells: Any) -> list[Any]:
    return [raw("# BEGIN TESTS"), *cells, raw("# END TESTS")]


def rivers() -> Any:
    """Return a source with questions of every kind; 17 points by tests, 7 by a person."""
    return notebook(
        raw(CONFIG),
        text("# Rivers\n\nHow long are they?"),
        code("import csv\nfrom measure import to_miles"),
        code("# IGNORE\nprint('only for the author')", printed="only for the author\n"),
        *question(
            "name: q1\npoints: 4\nall_or_nothing: true\nexport: true",
            text("**1.** Read the lengths from `rivers.csv` into `lengths`, a list of whole numbers."),
            *solution(
                code(
                    "with open('rivers.csv') as stream: # SOLUTION\n"
                    "    rows = list(csv.DictReader(stream)) # SOLUTION\n"
                    "lengths = [int(row['km']) for row in rows] # SOLUTION\n"
                    "lengths",
                    "[4425, 350, 182]",
                )
            ),
            *checks(
                code("isinstance(lengths, list)", "True"),
                code(config("hidden: true", "failure_message: One of the lengths is wrong.") + "sorted(lengths)", "[182, 350, 4425]"),
                code("# HIDDEN\nlen(lengths)", "3"),
            ),
        ),
        *question(
            "name: q2",
            text("**2.** Define `longest` and `mean_of`."),
            *solution(
                code(
                    "def longest(values):\n"
                    '    """Return the largest one."""\n'
                    "    # BEGIN SOLUTION\n"
                    "    best = values[0]\n"
                    "    for value in values[1:]:\n"
                    "        if value > best:\n"
                    "            best = value\n"
                    "    return best\n"
                    "    # END SOLUTION\n"
                    "\n"
                    "def mean_of(values):\n"
                    "    total = 0\n"
                    "    for value in values:\n"
                    "        total = total + value # SOLUTION\n"
                    "    return total / len(values) # SOLUTION\n"
                    "    # not for learners # IGNORE\n"
                    '    """ # BEGIN PROMPT\n'
                    "    # Return the mean.\n"
                    "    pass\n"
                    '    """; # END PROMPT'
                ),
                text("The trick is to keep the best one so far."),
                text("Now try them on the list.", "otter_include"),
                code("answer = longest(lengths) # SOLUTION"),
            ),
            *checks(
                code(config("points: 2", "success_message: Good.", "failure_message: Look at the whole list.") + "longest([1, 5, 3])", "5"),
                code(config("points: 3", "hidden: true", "name: q2-negative") + "longest([-4, -2, -9]) == -2", "True"),
                code(config("points: 1.5") + "mean_of([1, 2])", "1.5"),
                code(config("points: 0.5") + "print(answer)", None, "4425\n"),
            ),
        ),
        *question(
            "name: q3\npoints:\n    - 1\n    - 2",
            text("**3.** Write `describe`, which prints and returns."),
            *solution(
                code(
                    "def describe(name, km):\n    print(name) # SOLUTION\n    return {'name': name, 'miles': to_miles(km)} # SOLUTION NO PROMPT"
                )
            ),
            *checks(
                code("describe('Mekong', 100)", "{'name': 'Mekong', 'miles': 62.1}", "Mekong\n"),
                code(
                    "def test_miles(describe):\n    assert describe('Pasig', 10)['miles'] == 6.2\n\ntest_miles(describe)  # IGNORE",
                    None,
                    "Pasig\n",
                ),
            ),
        ),
        *question(
            "name: q4\nmanual: true\npoints: 3",
            text("**4.** Why does a river meander?"),
            *solution(text("**SOLUTION**: Faster water outside the bend takes away more than inside.")),
        ),
        *question(
            "name: q5\nmanual: true\npoints: 4",
            text("**5.** Sketch the lengths in text."),
            *prompt(text("_Your sketch here._")),
            *solution(text("**SOLUTION**: a bar of # for each.")),
        ),
        *question(
            "name: 'q 6'\npoints: 3\ncheck_cell: false",
            text("**6.** A number from the generator, with a seed."),
            *solution(code("import random\nrandom.seed(7) # SEED\ndrawn = random.randint(1, 6) # SOLUTION")),
            *checks(code("1 <= drawn <= 6", "True"), code("# HIDDEN\ndrawn in range(1, 7)", "True")),
        ),
        text("That is all."),
    )


DATA = {
    "rivers.csv": "name,km\nMekong,4425\nCagayan,350\nPampanga,182\n",
    "data/notes.txt": "Sample lengths.\n",
    "measure.py": "def to_miles(km):\n    return round(km * 0.6214, 1)\n",
}


def old_form() -> Any:
    """Return a source of the form before otter-grader 1.0: fences in the text."""
    return notebook(
        text("# Primes\n\n```\nBEGIN ASSIGNMENT\ninit_cell: false\n```"),
        text("**1.** Assign `x` to the smallest prime.\n\n```\nBEGIN QUESTION\nname: q1\nmanual: false\npoints: 2\n```"),
        code("x = 2 # SOLUTION"),
        code("## Test ##\nisinstance(x, int)", "True"),
        code("## HIDDEN TEST ##\nx", "2"),
        text("**2.** What is a prime?\n\n```\nBEGIN QUESTION\nname: q2\nmanual: true\npoints: 1\n```"),
        text("**SOLUTION:** It has two divisors."),
        code("y = 3"),
        text("The end."),
    )
