"""Layers between learners' code and the machine."""
