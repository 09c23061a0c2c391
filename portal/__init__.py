"""The door people come in by: the `patunay` command and the web pages."""
