"""Results and documents for people and other programs."""
