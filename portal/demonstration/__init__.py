"""The demonstration: a whole cohort, from the sample courses to verified credentials, through the same functions that the commands call."""
