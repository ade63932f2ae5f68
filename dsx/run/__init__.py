"""A run: many papers, one engine, one folder."""
