#!/bin/bash
# Brings up a one-node Slurm with 32 advertised CPUs and 2 fake GPUs for the tests: munged, slurmctld and slurmd, without systemd,
# without a database, on ports of its own. Needs root and Debian; installs munge, slurmctld, slurmd and slurm-client
# where they are missing, makes /dev/dsxgpu0 and 1, and names this host in /etc/hosts where it has no address. All else
# stays in /run/dsx-slurm, so that /etc/slurm of a real cluster is never touched:
# use it with SLURM_CONF=/run/dsx-slurm/slurm.conf. Calling it again does nothing; down.sh ends it.
set -euo pipefail

place=/run/dsx-slurm
cpus=32 # advertised and not enforced, as the memory
gpus=2
memory=160000 # MiB, advertised and not enforced: slurm/extract.sbatch asks for 128 GB
export SLURM_CONF=$place/slurm.conf
host=$(uname -n)
node=${host%%.*}

fail() {
    echo "tests/slurm/up.sh: $*" >&2
    tail -n 20 "$place"/*.out >&2 2>/dev/null || true
    exit 1
}

# runs NAME: whether the process that NAME.pid names is there and still is that daemon
runs() {
    local pid
    pid=$(cat "$place/$1.pid" 2>/dev/null) && [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$1" ]]
}

# daemon NAME COMMAND...: in the background, holding none of our files open (a caller that reads our output would wait)
daemon() {
    local name=$1
    shift
    if runs "$name"; then return; fi
    (
        exec </dev/null >"$place/$name.out" 2>&1
        for file in /proc/self/fd/*; do
            file=${file##*/}
            if ((file > 2)); then eval "exec $file>&-"; fi
        done
        exec setsid "$@"
    ) &
    echo $! >"$place/$name.pid"
}

# await SECONDS COMMAND...: until the command succeeds
await() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= end)); then fail "waited in vain for: $*"; fi
        sleep 0.1
    done
}
munge_works() { munge --no-input | unmunge; }
node_ready() { sinfo --noheader --format=%T | grep -Eqx 'idle|mixed|allocated'; }

((EUID == 0)) || fail 'needs root'
if ! type -P munged slurmctld slurmd sbatch >/dev/null; then
    type -P apt-get >/dev/null || fail 'no Slurm here, and no apt-get to install it'
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends munge slurmctld slurmd slurm-client </dev/null
fi
install -d -m 0755 "$place"
exec 9>"$place/lock"
flock 9
if runs slurmctld && runs slurmd && node_ready; then exit 0; fi

if ! munge_works >/dev/null 2>&1; then
    install -d -o munge -g munge -m 0700 /etc/munge /var/lib/munge /var/log/munge
    install -d -o munge -g munge -m 0755 /run/munge
    as_munge=(setpriv --reuid=munge --regid=munge --clear-groups)
    [ -s /etc/munge/munge.key ] || "${as_munge[@]}" mungekey --create
    daemon munged "${as_munge[@]}" munged --foreground
    await 10 munge_works
fi

getent ahostsv4 "$host" >/dev/null || echo "127.0.0.1 $host $node" >>/etc/hosts
address=$(getent ahostsv4 "$host" | awk 'NR == 1 { print $1 }')
# a fake GPU is another /dev/null; Slurm takes its index from the digits at the name's end
for ((i = 0; i < gpus; i++)); do
    [ -e "/dev/dsxgpu$i" ] || mknod -m 666 "/dev/dsxgpu$i" c 1 3
done
printf 'AutoDetect=off\nNodeName=%s Name=gpu File=/dev/dsxgpu[0-%d]\n' "$node" $((gpus - 1)) >"$place/gres.conf"
cat >"$SLURM_CONF" <<END
ClusterName=dsxtest
SlurmctldHost=$node($address)
SlurmctldPort=26817
SlurmdPort=26818
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=slurm
StateSaveLocation=$place/slurmctld
SlurmdSpoolDir=$place/slurmd
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
PropagateResourceLimits=NONE
# a requeued job waits for this many seconds (120 where it is not set; less than 5 does nothing)
AuthInfo=cred_expire=5
KillWait=5
SchedulerParameters=bf_interval=1,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
EnforcePartLimits=ALL
NodeName=$node NodeAddr=$address CPUs=$cpus RealMemory=$memory Gres=gpu:$gpus
PartitionName=test Nodes=$node Default=YES
END

if ! runs slurmctld && ! runs slurmd; then rm -rf "$place/slurmctld" "$place/slurmd"; fi
install -d "$place/slurmd"
install -d -o slurm -g slurm "$place/slurmctld"
daemon slurmctld slurmctld -D
await 15 scontrol ping
daemon slurmd slurmd -D
await 30 node_ready
