#!/bin/sh
# `make quickstart`: record a real pipeline with the programs just built in
# BUILD, then show what rt knows about it.
set -eu

cd "$(dirname "$0")/.."
bin=$(cd "$1/bin" && pwd)
PATH=$bin:$PATH RT_RUNS_DIR=$PWD/runs
export PATH RT_RUNS_DIR
unset RT_RUN RT_RUN_ID RT_STEP_ID RT_STAGE

show() {
	printf '\n$ %s\n' "$*"
	"$@"
}

status=0
show rt-run --name quickstart -- sh scripts/pipeline.sh || status=$?
show rt-status
show rt-query --type step_started,step_completed,step_failed @latest
show rt-query --count --level warning @latest
show rt-summarize

if [ "$status" != 0 ]; then
	printf '\nThe pipeline failed (exit status %s). Its output again: rt-tail --logs -n all\n' "$status"
fi
cat <<EOF

The run is a folder of files in runs/. To go on:
  export PATH=$bin:\$PATH
  rt-status -l                               every run
  rt-tail --logs -n 20                       what the pipeline printed last
  rt-query --type step_completed -o jsonl    its events, for jq and friends
  rt-run --name hello -- sh -c 'rt-emit --percent 50 halfway; ls'
  rt-run --help                              more
EOF
exit "$status"
