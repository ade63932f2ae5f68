"""How values are found: which questions a parameter takes, and what their answers make of it.

paper       what all questions of a paper know: its text, numbers and sentences, the recipe, the model's habits
parameter   by kind of parameter: number, choice, text, lists of them
written     values that are written as JSON, with a quote, and checked afterwards
records     which records there are, and where each is described
"""
