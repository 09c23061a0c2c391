"""Teachers' pages."""
