"""What the model is shown and asked.

select            which passages of a paper that does not fit whole
bm25              how well they match words
query             by which words they are looked for
prompt            a prompt set, filled in: the rules, the worked examples, the questions
default_prompts   the built-in prompt set;  prompts/: its templates
singular          the singular of a list's name, for questions about it
plan              which parameters stand in one question, so that the longest answer fits the cap
"""
