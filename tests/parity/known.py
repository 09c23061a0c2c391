"""The test cells that sealed grading does not yet decide as nbgrader does, or not sealed, each with the reason. Never a false pass.

A cell that is mended is taken out: the report says which are not seen any more.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "partial_credit/credit_4": "a last line that gives False: nbgrader gives full marks for it, strict scoring none until a person decides",
    "variables_and_expressions/q5": "a last line that gives False: nbgrader gives full marks for it, strict scoring none until a person decides",
    "sympy_expressions/derive_1": "the learner binds a symbol of the set-up anew: the test's own is another one, and a person decides where nbgrader passes the cell",
    "cells_moved_about/c_2": "the learner binds a name of the set-up anew: a person decides where nbgrader fails the cell",
}
"""By assignment and cell."""
