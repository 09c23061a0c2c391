"""The pages that anyone sees."""
