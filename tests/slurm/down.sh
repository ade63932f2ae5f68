#!/bin/bash
# Ends the Slurm that up.sh brought up: its jobs, then its own daemons. The packages and munge's key stay.
set -euo pipefail

place=/run/dsx-slurm
export SLURM_CONF=$place/slurm.conf
[ -d "$place" ] || exit 0
exec 9>"$place/lock"
flock 9

runs() {
    local pid
    pid=$(cat "$place/$1.pid" 2>/dev/null) && [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$1" ]]
}

if runs slurmctld && runs slurmd; then
    squeue --noheader --format=%A | sort -u | xargs -r scancel || true
    for ((i = 0; i < 150; i++)); do
        [ -n "$(squeue --noheader --format=%A)" ] || break
        sleep 0.1
    done
fi
for name in slurmd slurmctld munged; do
    for signal in TERM KILL; do
        for ((i = 0; i < 100; i++)); do
            runs "$name" || break 2
            if ((i == 0)); then kill -s "$signal" "$(cat "$place/$name.pid")"; fi
            sleep 0.1
        done
    done
    rm -f "$place/$name.pid"
done
rm -f /dev/dsxgpu*
