"""A run: many papers, one engine, one folder.

plan              a call of `dsx extract` before its model is loaded: names resolved, everything checked
parameter_source  what `--schema` names
papers            which files: folders become PDFs, a shard takes its part
folders           which run folder
code              which code decides answers; a run that another code began does not go on
job               the engine is made, and the loop runs
loop              papers come into flight, and each is stored as soon as it ends
batch             the questions of the papers in flight, answered together
update            a run goes on with a changed parameter set
session           a run inside another program, with results as they come
processes         one command, several processes at one run folder
preview           what would be asked
preflight         what can be known of a run before its GPU time is spent
signals           stopping when Slurm says so
threads           how many threads this process computes with
progress          a bar or lines, as the run goes
summary           the last lines and the exit code
history           a run from outside: show, retry, merge
export            a run exported as a person asked
slurm             the batch script, with its settings filled in
"""
