"""The test cells that sealed grading does not yet decide as nbgrader does, or not sealed, each with the reason. Never a false pass.

A cell that is mended is taken out: the report says which are not seen any more.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "exceptions/own_2": "attributes of an exception class of the learner's do not cross",
    "exceptions/own_4": "an exception class of the learner's is not caught by its base class of the learner's",
    "exceptions/retry_2": "a test's own exception does not come back as itself through the learner's code",
    "classes_dunder/vector_ops": "the test uses `+` and `*` of the learner's class",
    "classes_dunder/vector_abs": "the test uses `abs` of the learner's class",
    "plots_gca/q2_1": "`plt.gca()` after the learner's function has drawn",
    "plots_gca/q2_2": "`plt.gcf()` after the learner's function has drawn",
    "closures_decorators/logged_1": "a list of the test's that the learner's closure keeps does not follow later calls",
    "closures_decorators/logged_2": "a list of the test's that the learner's closure keeps does not follow later calls",
    "pandas_basics/months_2": "a frame of the set-up that a test has the learner's function change stays as it was for the learner's later cells",
    "pandas_basics/months_3": "a frame of the set-up that a test has the learner's function change stays as it was for the learner's later cells",
}
"""By assignment and cell."""
