"""A good small course, and for each rule that needs no kernel a course that breaks this rule alone, by one small edit."""
