# What every bats file loads: a place of its own for each test, with nothing of
# a run, of a CI job or of the person who runs it. The programs are in PATH.
#
# A file with a setup of its own calls rt_setup in it.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

setup() {
	rt_setup
}

rt_setup() {
	local name

	for name in $(compgen -e); do
		case $name in
		RT_BUILD | RT_SOURCE | RT_SANITIZE | RT_FAULT_ROUNDS) ;;
		RT_* | CI | CI_* | GITHUB_* | GITLAB_* | JENKINS_* | BUILDKITE* | BUILD_* | \
			GAMEGEN_* | XDG_* | NO_COLOR | COLUMNS | TRACEPARENT) unset "$name" ;;
		esac
	done
	# shellcheck disable=SC2034 # for the tests
	SOURCE=${BATS_TEST_DIRNAME%/tests}
	export HOME=$BATS_TEST_TMPDIR/home RT_RUNS_DIR=$BATS_TEST_TMPDIR/runs TZ=UTC LC_ALL=C.UTF-8
	mkdir -p "$HOME"
	cd "$BATS_TEST_TMPDIR" || return
}

# A run that says what a test wants it to say: make_run [GROUP/]ID [MEMBERS], with
# members of status.json as JSON ('"name":"x","status":"failed"').
make_run() {
	local dir=$RT_RUNS_DIR/$1

	mkdir -p "$dir"
	jq -n --arg id "${1##*/}" '{
		run_id: $id, status: "completed",
		created_at: "2026-07-01T12:00:00.000+00:00", updated_at: "2026-07-01T12:05:00.000+00:00",
		events_size: 0, ordered: true, events: []
	} + {'"${2-}"'}' >"$dir/status.json"
}

# Try a command until it succeeds: wait_for SECONDS COMMAND...
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# A test that shows something to a terminal begins with it: there may be none to be had.
needs_terminal() {
	script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be made here"
}

# A test of archives begins with it. The helper is the one that was built, none that the system may have.
needs_archive() {
	command -v rt-archive >/dev/null || skip "rt-archive was not built"
	[ -z "${RT_BUILD-}" ] || export RT_LIBEXEC_DIR=$RT_BUILD/libexec/rtbox
}

# What each command on standard input prints, and how it ends; not how long ago something was.
print_each() {
	local line

	while read -r line; do
		echo "\$ $line"
		eval "$line" 2>&1 | sed -E 's/, [0-9.]+(ms|s) ago$//'
		echo "exit ${PIPESTATUS[0]}"
	done
}

# Processes that a test tells from all others: `sleep "$NAP"`, a number of seconds
# that no other test has. Files that may run at the same time give other bases.
naps() {
	NAP=$(($1 + BATS_SUITE_TEST_NUMBER * 1000 + $$ % 1000))
}

sleeping() {
	pgrep -xf "sleep $NAP" >/dev/null
}

nobody_sleeps() {
	! sleeping
}

# What a failed test leaves must not outlive it: its runs, and who sleeps.
end_naps() {
	jq -r 'select(.status == "running" or .status == "paused").owner.pid' \
		"$RT_RUNS_DIR"/*/status.json 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
	pkill -KILL -xf "sleep $NAP" || true
}

# The exit code of a background job of ours, into the file "code".
code_of() {
	local code=0

	wait "$1" || code=$?
	echo "$code" >code
}

# A jq path of what rt-status says of a run: status_of RUN PATH
status_of() {
	rt-status --json "${1:-@latest}" | jq -r "$2"
}
