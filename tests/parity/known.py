"""The test cells that sealed grading does not yet decide as nbgrader does, or not sealed, each with the reason. Never a false pass.

A cell that is mended is taken out: the report says which are not seen any more.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "exceptions/retry_2": "a test's own exception does not come back as itself through the learner's code",
    "classes_abstract/rectangle_2": "`issubclass` of the learner's class and an abstract class of the set-up",
    "dataclasses_typing/mean_3": "the annotations of the learner's function",
    "nose_like_helpers/roots_2": "refused: a comparison with an empty array",
    "scipy_tools/fit_2": "objects of scipy that the learner's code made",
    "warnings_and_stderr/old_1": "a test records the warnings of the learner's function",
    "partial_credit/credit_4": "a last line that gives False: nbgrader gives full marks for it, strict scoring none until a person decides",
    "variables_and_expressions/q5": "a last line that gives False: nbgrader gives full marks for it, strict scoring none until a person decides",
    "sympy_expressions/derive_1": "a person decides; not traced (submission own_symbol)",
    "random_monte_carlo/walk_2": "a person decides; not traced (submission unseeded)",
    "exceptions/own_3": "`TestCase.assertRaises` and `assertRaisesRegex` with the learner's class: not traced",
    "printing_and_input/triangle_1": "`%%capture` in a test, then `captured.stdout`: not traced",
    "printing_and_input/triangle_2": "`%%capture` in a test, then `captured.stdout`: not traced",
    "chained_answers/all_1": "`set(globals())`",
    "helper_modules/circle_1": "a class of an instructor's module that set-up and answer both import",
    "helper_modules/temperature_2": "the state of an instructor's module that the answer imports",
    "printing_and_input/ask_3": "a test replaces `print`",
    "accidental_redefinitions/third_1": "the learner hides `sum` or `list`, which the test uses: a person decides where nbgrader fails the cell",
    "accidental_redefinitions/third_2": "the learner hides `str`, which the test uses: a person decides where nbgrader fails the cell",
    "cells_moved_about/c_2": "the learner binds a name of the set-up anew: a person decides where nbgrader fails the cell",
}
"""By assignment and cell."""
