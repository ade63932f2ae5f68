"""How values are found: which questions a parameter takes, and what their answers make of it.

paper       what all questions of a paper know: its text, numbers and sentences, the recipe, the model's habits
parameter   which kind a parameter is, and what it is filled by: numbers, choices, words; front: a first page's layout
value       what several kinds do
written     values that are written as JSON, with a quote, and checked afterwards
records     which records there are, and where each is described
"""
