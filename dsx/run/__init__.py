"""A run: many papers, one engine, one folder.

job        one call of `dsx extract`: what can be checked is checked, then the engine is made and the loop runs
session    the same inside another program, with results as they come
preflight  what can be known of a run before its GPU time is spent
papers     which files: folders become PDFs, a shard takes its part
loop       papers come into flight, and each is stored as soon as it ends
batch      the questions of the papers in flight, answered together
signals    stopping when Slurm says so
progress   a bar or lines, as the run goes
summary    the last lines and the exit code
history    a run from outside: show, retry, merge
slurm      the batch script, with its settings filled in
"""
