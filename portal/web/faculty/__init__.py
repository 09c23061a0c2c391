"""Pages for who teaches: my teaching, runs, grading queue, item analysis, similarity, regrades, releases, reviews."""
