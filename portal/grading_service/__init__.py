"""Grading as a service: what learners hand in is collected and graded at once, for every released course of a site.

`watching` is the one process that looks and decides whose turn it is; each course is graded by a process of its own (`course_process`), kept warm for a while, so
that nothing that goes wrong in one course stops another. All that has to outlive a crash is in the exchange and in each course's records: the queue is only what
follows from them.
"""
