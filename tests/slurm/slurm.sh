#!/bin/sh
# slurm.sh - the script that `gable slurm` writes, under a real Slurm: munge, slurmctld and slurmd on loopback, in a temporary
# folder, as root, on ports of their own. A task is killed in the middle and requeued, another one cancelled, the script is
# submitted again, and the merged store equals that of one machine. Leaves no process, key or folder behind, whatever happens.
# Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
gable=$build/gable
case $build in "$root"/build) ;; *) export GABLE_DATA="${GABLE_DATA:-$root}" ;; esac
PATH=$PATH:/usr/sbin:/sbin
export PATH LC_ALL=C
skip() {
    echo "ok 1 - the array job under Slurm # SKIP $1"
    exit 0
}
[ "$(id -u)" = 0 ] || skip "only root starts a Slurm"
mountpoint -q /sys/fs/cgroup || skip "slurmd wants the cgroup file system, and /sys/fs/cgroup is none"
for p in munged slurmctld slurmd sbatch python3; do command -v $p >/dev/null 2>&1 || skip "there is no $p"; done

tmp=$(mktemp -d)
daemons=
end() { # everything that still bears the folder's name goes with it
    trap - EXIT INT TERM
    for p in $daemons; do kill "$p" 2>/dev/null; done
    i=0
    while [ $i -lt 50 ]; do
        left=$(grep -lsF -- "$tmp" /proc/[0-9]*/cmdline | sed 's|/proc/||; s|/cmdline||' | grep -vx "$$")
        [ -n "$left" ] || break
        [ $i -lt 20 ] || for p in $left; do kill -9 "$p" 2>/dev/null; done
        i=$((i + 1))
        sleep 0.1
    done
    rm -rf "$tmp"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

n=0 failed=0
step() { # NAME COMMAND...
    n=$((n + 1)) name=$1
    shift
    if "$@" >"$tmp/said" 2>&1; then echo "ok $n - $name"; else
        echo "not ok $n - $name"
        { tail -n 15 "$tmp/said"; tail -n 3 "$tmp/job dir"/*.log "$tmp"/slurm*.log; } 2>/dev/null | sed 's/^/#   /'
        failed=1
    fi
}
finish() {
    echo "1..$n"
    exit $failed
}
until_true() { # COMMAND: within a minute or so
    tries=0
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || return 1
        sleep 0.15
    done
}

# ---------------------------------------------------------------- a cluster of one node

host=$(hostname -s)
mkdir -m 700 "$tmp/munge" "$tmp/state" "$tmp/spool"
chmod 755 "$tmp"
head -c 128 /dev/urandom >"$tmp/munge/key"
chmod 400 "$tmp/munge/key"
ports=$(python3 -c '
import socket
held = [socket.socket() for _ in range(2)]
for s in held: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))')
export SLURM_CONF="$tmp/slurm.conf"
cat >"$SLURM_CONF" <<X
ClusterName=gable
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports% *}
SlurmdPort=${ports#* }
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$tmp/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$tmp/state
SlurmdSpoolDir=$tmp/spool
SlurmctldPidFile=$tmp/slurmctld.pid
SlurmdPidFile=$tmp/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
X
munged -F --force --key-file="$tmp/munge/key" --socket="$tmp/munge/socket" --pid-file="$tmp/munge/pid" \
    --log-file="$tmp/munge/log" --seed-file="$tmp/munge/seed" >"$tmp/munged.log" 2>&1 &
daemons="$daemons $!"
until_true test -S "$tmp/munge/socket"
slurmctld -D -i -f "$SLURM_CONF" >"$tmp/slurmctld.log" 2>&1 &
daemons="$! $daemons"
until_true scontrol ping
slurmd -D -f "$SLURM_CONF" >"$tmp/slurmd.log" 2>&1 &
daemons="$! $daemons"
idle() { sinfo -h -o %T | grep -qx idle; }
step "a Slurm of one node is up" until_true idle
[ $failed = 0 ] || finish

# ---------------------------------------------------------------- the job

# A folder and a scenario with blanks and quotes in their names; points that last long enough to be caught in the middle.
mkdir "$tmp/study"
cd "$tmp/study" || exit 1
requests=12000
case $(cat "$build/flags" 2>/dev/null) in *fsanitize*) requests=1200 ;; esac
cat >"my sweep.json" <<X
{"gable": "sweep/1",
 "scenario": {"name": "it's \"the\" study", "trace": {"generate": {"requests": $requests, "arrival": {"use": "poisson", "rate_s": 3},
   "input": {"use": "uniform", "low": 100, "high": 2000}, "output": {"use": "uniform", "low": 50, "high": 300}}}},
 "grid": {"engine.max_num_seqs": [16, 32, 48, 64, 96, 128, 192, 256], "run.seed": [1, 2, 3, 4]}}
X
dir="$tmp/job dir"
"$gable" slurm "my sweep.json" --tasks 3 --set engine.block_size=32 -o "$dir" >"$tmp/printed" 2>&1
cat "$tmp/printed" >"$tmp/said"
submit=$(grep '^sbatch ' "$tmp/printed")
job() { printf '%s\n' "$1" | sed -n 's/^Submitted batch job //p'; }
state() { scontrol -o show job "$1" | tr ' ' '\n' | sed -n 's/^JobState=//p'; }
over() { [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]; }
kept() { "$gable" sql "SELECT count(*) AS n FROM run" --db "$dir/shard-$1.db" --csv 2>/dev/null | tail -n 1 | tr -d '\r' | grep -x '[0-9]*' || echo 0; }
# A reader would wait for the writer that owns the store: one run takes less than this, so a second one is being written.
has_some() { [ "$(stat -c %s "$dir/shard-$1.db" 2>/dev/null || echo 0)" -gt 300000 ]; }

first=$(job "$(eval "$submit")")
step "the printed line submits the array" test -n "$first"
[ -n "$first" ] || finish
until_true has_some 1
# Neither it nor Slurm is told beforehand: out of memory, say.
# shellcheck disable=SC2046
kill -9 $(grep -lsF -- "$dir/shard-1.db" /proc/[0-9]*/cmdline | sed 's|/proc/||; s|/cmdline||') 2>/dev/null
until_true has_some 2
scancel "${first}_2"
until_true over "$first"
killed=$(kept 1) cancelled=$(kept 2)
step "a task that was killed in the middle kept what was done ($killed of 11 points) and counts as failed" \
    test "$killed" -gt 0 -a "$killed" -lt 11 -a "$(state "${first}_1")" = FAILED
step "so did one that was cancelled ($cancelled of 10)" test "$cancelled" -gt 0 -a "$cancelled" -lt 10 -a "$(state "${first}_2")" = CANCELLED
step "the third one is done" test "$(kept 3)" = 11 -a "$(state "${first}_3")" = COMPLETED
# The comment that is printed names the merge; what is there can be merged at any time.
merge=$(sed -n 's/^#   //p' "$tmp/printed" | grep ' merge ')
step "what is there merges" eval "$merge | grep -q '^missing: '"

requeued() { [ "$(state "${first}_1")" = COMPLETED ]; }
step "the killed one is requeued" scontrol requeue "${first}_1"
# Slurm waits until the credential of its first run has gone; meanwhile, one machine does all of it.
"$gable" sweep "my sweep.json" --set engine.block_size=32 --db one.db >/dev/null 2>&1
step "and ends well" until_true requeued
step "it went on where it was" grep -q ": $((11 - killed)) simulated in .*, $killed were in the store" "$dir/shard-1.log"

second=$(job "$(eval "$submit")")
all_over() { over "$second"; }
until_true all_over
done_all() { for k in 1 2 3; do [ "$(state "${second}_$k")" = COMPLETED ] || return 1; done; }
step "submitted again, every task ends well" done_all
step "and simulated only what was missing" sh -c "
    grep -q ': $((10 - cancelled)) simulated in .*, $cancelled were in the store' '$dir/shard-2.log' &&
    tail -n 2 '$dir/shard-1.log' | grep -q ': 0 simulated in .*, 11 were in the store' &&
    tail -n 2 '$dir/shard-3.log' | grep -q ': 0 simulated in .*, 11 were in the store'"
step "a log has what was said before, too" grep -q "terminated: $cancelled of 10 points are in the store" "$dir/shard-2.log"
step "the shards have rollback journals" sh -c "'$gable' sql 'PRAGMA journal_mode' --db '$dir/shard-1.db' --csv | grep -q delete"

# ---------------------------------------------------------------- one store

content() { # everything but clock times, memory and host
    for q in "SELECT id, name, scenario, scenario_hash, cards, plugins, seed, version, runtime, calibration, json_remove(result, '\$.sim') FROM run ORDER BY 1" \
        "SELECT * FROM run_param ORDER BY 1, 2" "SELECT * FROM metric WHERE name || stat NOT IN ('simwall_s', 'simpeak_rss_mib') ORDER BY 1, 2, 3" \
        "SELECT * FROM request ORDER BY 1, 2" "SELECT * FROM timeline ORDER BY 1, 2, 3" "SELECT * FROM sweep" "SELECT * FROM sweep_point ORDER BY 1, 2"; do
        "$gable" sql "$q" --db "$1" --csv || return 1
    done
}
same() {
    content one.db >one.txt && content "$dir/merged.db" >merged.txt || return 1
    [ "$(wc -l <one.txt)" -gt 30000 ] && cmp one.txt merged.txt
}
step "all of it merges" eval "$merge | grep -q '32 of 32 points'"
step "the store is that of one machine" same

# More tasks than Slurm's MaxArraySize takes: said where the line is printed.
printf '{"gable": "sweep/1", "scenario": {"trace": {"limit": 1}}, "grid": {"run.seed": [%s]}}' "$(seq -s, 1 1001)" >wide.json
said_wide() {
    "$gable" slurm wide.json --tasks 1001 -o wide >wide.txt && grep -q 'MaxArraySize' wide.txt && ! eval "$(grep '^sbatch ' wide.txt)" 2>wide.err &&
        grep -q 'Invalid job array' wide.err && "$gable" slurm wide.json --tasks 1000 -o wide >wide.txt && ! grep -q 'MaxArraySize' wide.txt
}
step "an array that Slurm does not take by default is announced" said_wide
finish
