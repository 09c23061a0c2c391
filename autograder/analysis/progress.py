"""How learners came to a pass: how many submissions each made, and how long it took from the first to the first that passes.

An attempt passes where its automatic points reach the course's pass mark as a share of the points that a program decides.
"""

from __future__ import annotations

import pandas as pd

PROGRESS_COLUMNS = (
    "assignment", "learners", "submissions", "submissions_median", "submissions_most", "passed_first", "passed_later", "not_passed",
    "hours_to_pass_median", "hours_to_pass_nine_tenths",
)  # fmt: skip


def progress(attempts: pd.DataFrame, pass_mark: float) -> pd.DataFrame:
    """Return a row an assignment; `PROGRESS_COLUMNS`. Refused attempts are not counted; hours are of those who passed later than at their first attempt.

    Args:
        attempts: see `autograder.analysis.attempt_scores`.
        pass_mark: share 0 to 1.
    """
    taken = attempts[~attempts["is_refused"].astype(bool)]
    passes = taken["is_graded"].astype(bool) & (taken["possible"] > 0) & (taken["earned"] >= pass_mark * taken["possible"] - 1e-9)
    pairs = ["assignment", "learner"]
    first = taken.groupby(pairs)["submitted_at"].min()
    passed = taken[passes].groupby(pairs)[["number", "submitted_at"]].min()
    each = pd.DataFrame({"submissions": taken.groupby(pairs).size(), "first": first}).join(passed)
    each["hours"] = (each["submitted_at"] - each["first"]).dt.total_seconds() / 3600
    rows = [_row(str(name), some) for name, some in each.groupby(level="assignment", sort=True)] if len(each) else []
    return pd.DataFrame(rows, columns=list(PROGRESS_COLUMNS))


def _row(assignment: str, each: pd.DataFrame) -> dict[str, object]:
    number = each["number"].astype(float)
    later = each.loc[number > 1, "hours"]
    return {
        "assignment": assignment,
        "learners": len(each),
        "submissions": int(each["submissions"].sum()),
        "submissions_median": float(each["submissions"].median()),
        "submissions_most": int(each["submissions"].max()),
        "passed_first": int((number == 1).sum()),
        "passed_later": int((number > 1).sum()),
        "not_passed": int(number.isna().sum()),
        "hours_to_pass_median": float(later.median()) if len(later) else float("nan"),
        "hours_to_pass_nine_tenths": float(later.quantile(0.9)) if len(later) else float("nan"),
    }
