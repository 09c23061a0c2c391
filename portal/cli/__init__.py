"""The `patunay` command. A command parses, calls one function and prints; heavy libraries are imported inside the command that needs them."""
