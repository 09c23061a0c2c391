"""Sealed grading: the learner's code in one locked-in process, the tests in another, plain values between them."""
