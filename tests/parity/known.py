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
    "abstract_subclassed_by_tests/base_1": "a test derives a class from the learner's class",
    "abstract_subclassed_by_tests/base_2": "a test derives a class from the learner's class",
    "classes_abstract/rectangle_2": "`issubclass` of the learner's class and an abstract class of the set-up",
    "dataclasses_typing/inventory_2": "a list given to the learner's object and changed through it",
    "dataclasses_typing/mean_3": "the annotations of the learner's function",
    "introspection/looped_4": "the code object of the learner's function",
    "nose_like_helpers/roots_2": "one submission replaces the instructor's own `assert_equal`",
    "test_cell_functions/test-linear": "an array of the learner's object is changed by the test",
    "json_handling/ages_1": "data of the set-up that a test has the learner's function change stay as they were for the learner's later cells",
    "scipy_tools/fit_2": "objects of scipy that the learner's code made",
    "async_functions/fetch_1": "a coroutine function of the learner's",
    "async_functions/fetch_2": "a coroutine function of the learner's",
    "async_functions/gather_1": "a coroutine function of the learner's",
    "warnings_and_stderr/old_1": "a test records the warnings of the learner's function",
    "chained_answers/all_1": "`set(globals())`",
    "helper_modules/circle_1": "a class of an instructor's module that set-up and answer both import",
    "helper_modules/scale_1": "a test derives a class from one that the answer imports",
    "helper_modules/temperature_2": "the state of an instructor's module that the answer imports",
    "printing_and_input/ask_3": "a test replaces `print`",
    "sympy_expressions/derive_1": "objects of sympy are references: their `==` is the learner's word",
    "sympy_expressions/derive_2": "objects of sympy are references: their `==` is the learner's word",
    "sympy_expressions/matrix_1": "objects of sympy are references: their `==` is the learner's word",
    "sympy_expressions/numeric_2": "objects of sympy are references: their `==` is the learner's word",
    "accidental_redefinitions/third_1": "the learner hides `sum` or `list`, which the test uses: a person decides where nbgrader fails the cell",
    "accidental_redefinitions/third_2": "the learner hides `str`, which the test uses: a person decides where nbgrader fails the cell",
    "cells_moved_about/c_2": "the learner binds a name of the set-up anew: a person decides where nbgrader fails the cell",
    "mocked_surroundings/game_1": "a test replaces a function of a library or of Python's own",
    "mocked_surroundings/game_2": "a test replaces a function of a library or of Python's own",
    "mocked_surroundings/game_3": "a test replaces a function of a library or of Python's own",
    "mocked_surroundings/pause_1": "a test replaces a function of a library or of Python's own",
    "mocked_surroundings/notify_1": "the preceding tests replace functions: not traced",
    "mocked_surroundings/notify_2": "the preceding tests replace functions: not traced",
}
"""By assignment and cell."""
