"""Reads the sources of otter-assign (otter-grader 1 to 7, and the older form with code fences) into nbgrader cells. Written by otter's documentation."""
