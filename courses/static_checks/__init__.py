"""The rules of the release gate that need no kernel: they read course.toml and the notebooks, and run nothing."""
