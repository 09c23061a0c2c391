"""Pages that anyone sees: home, catalogue, courses, achievements, trust, verification, credentials."""
