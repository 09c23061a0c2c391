"""The pages, on a real server and in a real browser."""
