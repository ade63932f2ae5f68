"""How values are found: what a parameter may be taken from, and what an answer makes of it.

paper       what all questions of a paper know: its text, numbers and sentences, the recipe, what each is shown
questions   the questions about a paper
placed      values that are taken from places in the text
written     values that are written as JSON, with a quote, and checked afterwards
front       title, authors and DOI by the first page's layout; nothing is asked
records     which records there are, and where each is described
targets     the right answer to a question whose value is known: what a model is trained on
alignment   how an answer would say a gold value, and where in the text it stands
earlier     what is kept of the answers to an earlier parameter set
rounds      tasks that ask questions, side by side
"""
