"""Rehearses an assignment before anybody hands it in: with its reference solution, with nothing, and with answers that try to earn marks without working."""

from autograder.rehearsal.sealing_plan import rehearse
from autograder.rehearsal.versions import write_answers, write_blank, write_reference

__all__ = ["rehearse", "write_answers", "write_blank", "write_reference"]
