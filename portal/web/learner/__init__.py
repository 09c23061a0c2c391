"""Pages for who learns: my courses, requirements, results, claiming and sharing credentials, my data."""
