"""Runs many submissions: on this machine now, on a cluster later."""
