"""Answers → values with evidence: quotes found on the page, values checked against them, units converted."""
