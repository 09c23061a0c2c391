# Configures every Jupyter program for this site: nbgrader, JupyterLab, formgrader. Plain assignments only, because any of them may run it.
# nbgrader finds it through nbgrader_config.py beside it; for JupyterLab: `JUPYTER_CONFIG_PATH=$PWD jupyter lab`, which is what `make lab` does.
# The course is the one named by PATUNAY_COURSE.
import os
from pathlib import Path

SITE = Path(__file__).resolve().parent
COURSE = os.environ.get("PATUNAY_COURSE", "data-cleaning-with-pandas")

c = get_config()  # noqa: F821 - Jupyter gives it

c.CourseDirectory.course_id = COURSE
c.CourseDirectory.root = str(SITE / "work" / COURSE)
c.CourseDirectory.source_directory = str(SITE / "source_notebooks" / COURSE)
c.Exchange.root = str(SITE / "exchange")

# Feedback shows the scores, the comments and, for a failed check, its author's message: never the text of a hidden test.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "autograder.feedback.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
# `nbgrader autograde` and formgrader's Autograde button grade with Patunay: sandboxed, and in its record. Without this line they grade as nbgrader does,
# with the rights of who calls them, and what they grade counts as ungraded here.
c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"

c.Execute.timeout = 30
c.KernelManager.transport_encryption = "required"

c.ServerApp.root_dir = str(SITE)
c.ServerApp.open_browser = False
c.LabApp.news_url = None
