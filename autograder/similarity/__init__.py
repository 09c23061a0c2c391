"""Which answers of different learners look alike, for a person to read. Nothing here changes a score, and nothing leaves the machine."""
