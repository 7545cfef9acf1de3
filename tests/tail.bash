# What the tests of rt-tail share: runs as they stand on disk, and a follower in
# the background.
# shellcheck shell=bash

teardown() {
	# what a failed test left; bats has no other jobs
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
}

# Events of a run, from standard input: events RUN
events() {
	cat >>"$RT_RUNS_DIR/$1/events.jsonl"
}

# event RUN SECOND MESSAGE [MEMBERS]
event() {
	printf '{"ts":"2026-07-01T12:00:%s+00:00","type":"info","message":"%s"%s}\n' "$2" "$3" \
		"${4:+,$4}" | events "$1"
}

# A record of output: record RUN run|step_001 SECOND stdout|stderr F|P TEXT
record() {
	local log=$RT_RUNS_DIR/$1/logs/$2/output.log

	[ "$2" != run ] || log=$RT_RUNS_DIR/$1/logs/run.log
	mkdir -p "${log%/*}"
	printf '2026-07-01T12:00:%sZ %s %s %s\n' "$3" "$4" "$5" "$6" >>"$log"
}

# The process, in the background, with its exit code in `code`. What an earlier
# one left is gone before anybody waits for what this one says.
start() {
	rm -f code out err
	{
		local status=0
		"$@" >out 2>err || status=$?
		echo "$status" >code
	} 3>&- &
	follower=$!
}

printed() {
	[ "$(grep -c -- "$1" out)" -ge "${2-1}" ]
}

# Wait for the end of what was started, and look at its exit code.
ends() {
	wait_for 30 test -s code
	wait "$follower"
	[ "$(cat code)" = "${1-0}" ]
}

# Follow a run that goes on. When the first line is there, everything is watched.
follow() {
	start rt-tail -f "$@"
	wait_for 30 test -s out
}

running() {
	export RT_STALE=36500d # the times here are long ago
	make_run "$1" '"status":"running"'
	event "$1" 00.000 ready
}

finish() {
	jq -c '.status = "completed"' "$RT_RUNS_DIR/$1/status.json" >new.json
	mv new.json "$RT_RUNS_DIR/$1/status.json"
}
