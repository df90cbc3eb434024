#!/bin/sh
# full_disk.sh - every command that writes, onto a disk without room: exit 2, nothing on stdout, at most four lines on stderr,
# nothing left behind. The disk is a full tmpfs where one may be mounted, else a limit on the size of files.
set -u
full=$PWD/full
mkdir "$full"
if mount -t tmpfs -o size=64k tmpfs "$full" 2>/dev/null; then
    trap 'umount "$full"' EXIT
    dd if=/dev/zero of="$full/filler" bs=4096 count=64 2>/dev/null
    limit=unlimited
else
    trap '' XFSZ
    limit=0
fi
before=$(ls -A "$full" | sort)
n=0
bad=0
try() {
    n=$((n + 1))
    said=$( (ulimit -f $limit && exec gable "$@") 2>&1 >/dev/null)
    rc=$?
    lines=$(printf '%s\n' "$said" | wc -l)
    left=$(ls -A "$full" | sort)
    for f in $left; do case $before in *"$f"*) ;; *) rm -rf "${full:?}/$f" ;; esac; done
    [ $rc -eq 2 ] && [ "$lines" -le 4 ] && [ "$left" = "$before" ] && return
    bad=$((bad + 1))
    printf 'gable %s\n  exit %s, %s lines, left: %s\n  %s\n' "$*" "$rc" "$lines" "$(echo $left)" "$said"
}
try run --db "$full/r.db" --set trace.limit=20
try run --db "$full/r.db" --set trace.limit=20 --replications 2
try sweep sweep.json --db "$full/r.db"
try sweep sweep.json --shard 1/2 --db "$full/r.db"
try merge "$full/m.db" s1.db s2.db
try slurm sweep.json -o "$full/job"
try report --db r.db -o "$full/r.html"
try export --db r.db -o "$full/x.csv"
try baseline small.json --replications 10 -o "$full/b.json"
try gate base.json --junit "$full/j.xml"
try gate base.json --markdown "$full/j.md"
try trace generate --requests 1000 -o "$full/t.jsonl"
try trace convert t.jsonl -o "$full/c.jsonl"
try claims challenges --db "$full/c.db"
try sens small.json --db "$full/s.db"
echo "$n commands, $bad of them wrong"
