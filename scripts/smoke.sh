#!/bin/sh
# Try installed programs: `smoke.sh BINDIR RUNS`. Each tells its version, and a
# run in RUNS is recorded, found and summed up.
set -eu

PATH=$1:$PATH RT_RUNS_DIR=$2
export PATH RT_RUNS_DIR
unset RT_RUN RT_RUN_ID RT_STEP_ID RT_STAGE

for program in rtbox rt-run rt-emit rt-tail rt-status rt-query rt-summarize rt-prune; do
	"$1/$program" --version
done

rt-run --name smoke -- rt-emit --type gate_checked --set answer=42 "hello"
found=$(rt-query --count --type gate_checked -F -g hello)
[ "$found" = 1 ] || {
	echo "smoke: 1 event was recorded, rt-query finds $found" >&2
	exit 1
}
rt-status --exit-status @latest
rt-summarize @latest >/dev/null
