"""Grading as attempts arrive: turns by themselves, and the real process on a real exchange."""
