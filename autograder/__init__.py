"""What was earned: runs untrusted notebooks, decides verdicts, writes nbgrader's gradebook, reads it as pandas frames."""
