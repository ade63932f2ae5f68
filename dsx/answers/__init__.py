"""What an answer may be: its limits, its grammar, and how its text is read."""
