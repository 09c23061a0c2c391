"""The pages: a tornado application that a JupyterHub runs as its service, or that `patunay serve` runs alone.

A handler asks who it is, calls one function that builds one frozen page object, and renders one template with it. Pages work without JavaScript; nothing is
asked of a third party.
"""
