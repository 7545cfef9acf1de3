#!/usr/bin/env bats
# The end of a run: who is told (RT_NOTIFY_CMD), --summarize, --github. Nothing
# of it changes how rt-run ends.

load helper

setup() {
	rt_setup
	# shellcheck disable=SC2016 # the notification expands it
	tell='echo "$RT_STATUS|$RT_EXIT_CODE|$RT_SIGNAL|$RT_ERROR|$RT_NAME|$RT_RUN_ID" >>"$HOME/told"'
}

told() {
	paste -sd' ' "$HOME/told" 2>/dev/null
}

@test "a run that failed is told of, with its status in the environment" {
	export RT_NOTIFY_CMD=$tell
	run -3 --separate-stderr rt-run --id a --name x -- sh -c 'echo out; exit 3'
	[ "$output" = out ]
	[ -z "$stderr" ]
	rt-run --id b -- true
	[ "$(told)" = 'failed|3||exit code 3|x|a' ]
	rm "$HOME/told"
	run -143 rt-run --id c -- sh -c 'kill -TERM $$'
	run -127 rt-run --id d -- no-such-command
	[ "$(told)" = 'failed||15|killed by SIGTERM|sh|c failed|127||cannot execute no-such-command|no-such-command|d' ]
}

@test "the rest of what it is told" {
	# shellcheck disable=SC2016 # the notification expands it
	export RT_NOTIFY_CMD='env | grep ^RT_ | sort >"$HOME/env"; pwd >"$HOME/pwd"; cat >"$HOME/in"'
	echo input | run -1 rt-run --id a --group g -- false
	[ ! -s "$HOME/in" ]
	[ "$(cat "$HOME/pwd")" = "$PWD" ]
	grep -qx "RT_RUN=$RT_RUNS_DIR/g/a" "$HOME/env"
	grep -qx "RT_RUNS_DIR=$RT_RUNS_DIR" "$HOME/env"
	grep -qx 'RT_GROUP=g' "$HOME/env"
	grep -qx 'RT_SIGNAL=' "$HOME/env"
	grep -qx "RT_HOST=$(uname -n)" "$HOME/env"
	grep -qE '^RT_DURATION_MS=[0-9]+$' "$HOME/env"
	[ "$(sed -n 's/^RT_FINISHED_AT=//p' "$HOME/env")" = "$(jq -r .finished_at "$RT_RUNS_DIR/g/a/status.json")" ]
	[ "$(sed -n 's/^RT_STARTED_AT=//p' "$HOME/env")" = "$(jq -r .started_at "$RT_RUNS_DIR/g/a/status.json")" ]
	# a run that it makes does not tell of itself
	grep -qx 'RT_NOTIFY_CMD=' "$HOME/env"
}

@test "RT_NOTIFY_ON: which ends" {
	export RT_NOTIFY_CMD=$tell RT_NOTIFY_ON='completed, canceled'
	rt-run --id a -- true
	run -1 rt-run --id b -- false
	rt-run start --id c
	rt-run finish --status cancelled c
	[ "$(told)" = 'completed|0|||true|a cancelled||||'"|c" ]
	RT_NOTIFY_ON=nope run -0 --separate-stderr rt-run -- true
	[ "$stderr" = 'rt-run: RT_NOTIFY_ON: "nope" is none of failed, lost, completed, cancelled' ]
	RT_NOTIFY_ON=completed RT_NOTIFY_CMD='' run -0 --separate-stderr rt-run -- true
	[ "$(wc -l <"$HOME/told")" = 2 ]
}

@test "rt-run finish tells once, rt-run reap of lost ones" {
	export RT_NOTIFY_CMD=$tell
	rt-run start --id a --name x
	rt-run finish --exit-code 2 a
	rt-run finish --exit-code 2 a
	run -3 rt-run finish a
	[ "$(told)" = 'failed|2||exit code 2|x|a' ]
	rm "$HOME/told"
	sleep 100 3>&- &
	rt-run start --id b --owner $!
	kill $!
	wait $! || true
	run -0 --separate-stderr rt-run reap b
	[ "$output" = b ]
	[ "$(told)" = "lost|||lost: process $! on $(uname -n) is gone||b" ]
	run -3 rt-run reap b
	[ "$(wc -l <"$HOME/told")" = 1 ]
}

@test "one that fails, prints or cannot be started changes nothing" {
	RT_NOTIFY_CMD='echo out; echo err >&2; exit 5' run -1 --separate-stderr rt-run -- false
	[ -z "$output" ]
	[ "$stderr" = 'rt-run: the notification failed: exit code 5 (-v shows what it says)' ]
	RT_NOTIFY_CMD='echo out; echo err >&2; exit 5' run -1 --separate-stderr rt-run -v -- false
	[ -z "$output" ]
	[ "$stderr" = $'out\nerr\nrt-run: the notification failed: exit code 5' ]
	RT_NOTIFY_CMD='echo oops' run -1 --separate-stderr rt-run -- false
	[ -z "$output$stderr" ]
	RT_NOTIFY_CMD='kill -9 $$' run -0 --separate-stderr env RT_NOTIFY_ON=completed rt-run -q -- true
	[ -z "$stderr" ]
	[ "$(rt-status --format '{status}')" = completed ]
}

@test "its time is limited, and then its whole group goes" {
	# shellcheck disable=SC2016 # the notification expands it
	export RT_NOTIFY_CMD='trap "" TERM; sleep 100 & echo $! >"$HOME/pid"; wait' RT_NOTIFY_TIMEOUT=2
	run -1 --separate-stderr timeout 20 rt-run --id a -- false
	[ "$stderr" = 'rt-run: the notification was killed after 2.0s' ]
	gone() { [[ ! -e /proc/$1/stat || $(sed 's/.*) //' "/proc/$1/stat") == [ZX]* ]]; }
	wait_for 5 gone "$(cat "$HOME/pid")"
	[ "$(rt-status a --format '{status}')" = failed ]
	RT_NOTIFY_TIMEOUT=x RT_NOTIFY_CMD=true run -1 --separate-stderr rt-run -- false
	[[ $stderr == 'rt-run: RT_NOTIFY_TIMEOUT: '*'; 10s it is' ]]
	# a signal ends it at once
	rm "$HOME/pid"
	RT_NOTIFY_TIMEOUT=100s rt-run --id b -- false 3>&- 2>err &
	wait_for 10 test -s "$HOME/pid"
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ "$status" = 1 ]
	[ "$(cat err)" = 'rt-run: the notification was killed' ]
}

@test "the run is over when it is told of, and the next one may begin" {
	# shellcheck disable=SC2016 # the notification expands it
	export RT_NOTIFY_ON=completed RT_NOTIFY_CMD='rt-status "$RT_RUN" --format "{status}" >"$HOME/status"
		ls "$RT_RUN" >"$HOME/files"
		rt-run --name one --no-overlap=fail -- true; echo $? >"$HOME/code"'
	rt-run --name one --no-overlap=fail --summarize -- true
	[ "$(cat "$HOME/status")" = completed ]
	grep -qx summary.md "$HOME/files"
	[ "$(cat "$HOME/code")" = 0 ]
}

@test "the end is told of, too, where it cannot be recorded" {
	export RT_NOTIFY_CMD=$tell
	# shellcheck disable=SC2016 # the command expands it
	run -4 --separate-stderr rt-run --id a --name x -- sh -c 'rm -r "$RT_RUN"; exit 4'
	[ "$(told)" = 'failed|4||exit code 4|x|a' ]
}

@test "--summarize writes what rt-summarize -w does" {
	rt-run --id a --summarize -- echo hello
	for file in logs_summary.txt summary.md metrics.json; do
		cp "$RT_RUNS_DIR/a/$file" "$file"
		[ -s "$file" ]
	done
	rt-summarize -w a >paths
	while read -r path; do cmp "$path" "${path##*/}"; done <paths
	rt-run --id b -- true
	[ ! -e "$RT_RUNS_DIR/b/summary.md" ]
	[ -e "$RT_RUNS_DIR/b/metrics.json" ]
	rt-run start --id c
	rt-run finish --summarize c
	grep -q 'RUN SUMMARY' "$RT_RUNS_DIR/c/logs_summary.txt"
	# trouble is said, and that is all
	# shellcheck disable=SC2016 # the command expands it
	run -7 --separate-stderr rt-run --id d --summarize -- sh -c 'mkdir "$RT_RUN/summary.md"; exit 7'
	[[ $stderr == *'rt-run: no summary: '* ]]
	[ "$(rt-status d --format '{status} {exit_code}')" = 'failed 7' ]
}

@test "--github adds the summary to the page of the job" {
	export GITHUB_STEP_SUMMARY=$PWD/page
	rt-run --id a --github -- true
	rt-summarize -o md a | cmp - page
	[ ! -e "$RT_RUNS_DIR/a/summary.md" ]
	rt-run start --id b
	rt-run finish --github b
	{
		rt-summarize -o md a
		echo
		rt-summarize -o md b
	} | cmp - page
	printf 'no line end' >page
	rt-run --id c --github -- true
	{
		printf 'no line end\n\n'
		rt-summarize -o md c
	} | cmp - page
}

@test "--github: the page is kept under 1,000 KiB, whole summaries only" {
	export GITHUB_STEP_SUMMARY=$PWD/page
	rt-run --id probe --github -- true
	# summaries differ by the length of what they measured
	size=$(wc -c <page)
	head -c $((1024000 - size / 2)) /dev/zero | tr '\0' '\n' >page
	cp page before
	run -0 --separate-stderr rt-run --id again --github -- true
	[[ $stderr == "rt-run: --github: \"$PWD/page\" has no room for the summary: it is kept under 1000 KiB" ]]
	cmp page before
	# 64 at once: none is mixed with another, and there is an end
	rm page
	for i in {1..16}; do rt-run --id "p$i" --github -- true 3>&- & done
	wait
	[ "$(grep -c '^## Run summary$' page)" = 16 ]
}

@test "--github without a page, or one that cannot be written" {
	run -3 --separate-stderr rt-run --github -- sh -c 'exit 3'
	[ "$stderr" = 'rt-run: --github: GITHUB_STEP_SUMMARY is not set' ]
	mkfifo fifo
	for page in "$PWD" "$PWD/no/page" "$PWD/fifo"; do
		GITHUB_STEP_SUMMARY=$page run -3 --separate-stderr timeout 20 rt-run --github -- sh -c 'exit 3'
		[[ $stderr == 'rt-run: --github: '* ]]
	done
	GITHUB_STEP_SUMMARY=/dev/full run -0 --separate-stderr rt-run --github -- true
	[[ $stderr == *'"/dev/full" is no regular file' ]]
}
