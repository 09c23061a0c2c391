"""nbgrader's own tests, run against our grading."""
