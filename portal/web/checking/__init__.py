"""Checks what strangers send, each file in a process of its own that is held to limits and ended with its check."""
