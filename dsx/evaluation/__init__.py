"""Evaluation: results held against what people found.

gold        what people found: folders of JSON files, reviewers' decisions
compare     whether a value is right, by kind of parameter
assignment  each in one pair at the most, so that most is gained
match       which predicted record is which gold record
judge       a verdict for each value
score       precision, recall, F1 with intervals; two runs compared
calibrate   reliability, calibration, what may be accepted
agreement   two annotators
evaluate    all of it for one run
terminal, page, svg  the evaluation for people
"""
