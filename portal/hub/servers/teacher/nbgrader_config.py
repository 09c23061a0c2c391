# nbgrader for a course's teacher on the hub; the course itself is in the site's jupyter_config.py.
import os

c = get_config()  # noqa: F821 - Jupyter gives it
# Where teachers are Unix users of their own, a course's files belong to its Unix group.
c.CourseDirectory.groupshared = os.environ.get("PATUNAY_COURSE_GROUP", "") != ""
