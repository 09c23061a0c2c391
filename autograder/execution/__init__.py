"""Runs one submission: a pure function of its job."""
