"""What a course's results say: of its items, of its outcomes, of who needs help. Values in, frames out; formulas with their sources."""
