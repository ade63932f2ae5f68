"""How long a run takes on this machine: the pipeline, timed with a model's shape before its weights are there.

work      the parameter set and the papers
written   the other work: long free text
command   each engine at the same work
options   what was typed
measure   one engine at the work
floor     what the work must cost, by the machine's own speeds
machine   memory
report    the figures as text and as JSON
"""
