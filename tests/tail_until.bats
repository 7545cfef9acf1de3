#!/usr/bin/env bats
# rt-tail: runs that are not there yet, and following until something comes or time is up.

load helper
load tail

@test "--until-type and --until-stage end the follow at the event" {
	running on
	follow on --until-type deployed -o cat
	event on 01.000 two
	printf '{"type":"deployed","message":"there"}\n{"message":"behind it"}\n' | events on
	ends
	[ "$(cat out)" = $'ready\ntwo\nthere' ]
	follow on --until-stage test,deploy -n 1 --logs --events -o cat
	record on run 02.000000000 stdout F output
	event on 03.000 'not this' '"stage":"build"'
	event on 04.000 'but this' '"stage":"deploy"'
	ends
	[ "$(cat out)" = $'behind it\noutput\nnot this\nbut this' ]
	# whether it is shown or not
	event on 05.000 shown '"level":"warning"'
	follow on --until-type seen --level warning -n all -o cat
	event on 06.000 hidden '"type":"seen"'
	ends
	[ "$(cat out)" = shown ]
}

@test "--until-type: an event that is there already, or that never comes" {
	running on
	event on 01.000 there '"type":"deployed"'
	event on 02.000 later
	run -0 rt-tail on --until-type deployed -o cat
	[ "$output" = $'ready\nthere\nlater' ]
	run -0 rt-tail on --until-type deployed -n 0
	[ -z "$output" ]
	finish on
	run -0 rt-tail on --until-type deployed -n 0
	run -1 rt-tail on --until-type nope -n 0
	[ "$output" = 'rt-tail: nothing more comes, and no event met --until-type' ]
	run -1 rt-tail on --until-stage nope -n 0
	[ "$output" = 'rt-tail: nothing more comes, and no event met --until-stage' ]
	run -1 rt-tail on --until-type nope --until-stage nope -n 0
	[ "$output" = 'rt-tail: nothing more comes, and no event met --until-type or --until-stage' ]
	# not before the time that is asked about
	run -1 rt-tail on --until-type deployed -n 0 --since 2026-07-01T12:00:02Z
	run -0 rt-tail on --until-type deployed -n 0 --since 2026-07-01T12:00:01Z
	run -2 rt-tail on --until-type deployed --exit-status
}

@test "--until-type of several runs: the first of them" {
	running one
	running two
	follow one two --until-type done -o cat
	event two 01.000 'two is done' '"type":"done"'
	ends
	[ "$(tail -n 1 out)" = 'two is done' ]
}

@test "--timeout ends the follow with 124" {
	running on
	run -124 --separate-stderr rt-tail -f on --timeout 200ms -o cat
	[ "$output" = ready ]
	[ "$stderr" = 'rt-tail: time is up: run "on" is still running' ]
	run -124 --separate-stderr rt-tail -f -a --timeout 0 -o cat
	[ "$output" = ready ]
	run -124 rt-tail -f on --exit-status --timeout 100ms
	run -124 rt-tail on --until-type never --timeout 100ms
	finish on
	run -0 rt-tail -f on --timeout 1h --exit-status -o cat
	[ "$output" = ready ]
	run -2 rt-tail on --timeout 1s
}

@test "--wait: a run, in a folder, a group or at a path that is not there yet" {
	start rt-tail -f --wait soon -o cat
	sleep 0.3
	rt-run --id soon -- echo 'of soon'
	ends
	[ "$(cat out)" = $'Run started\nof soon\nRun completed' ]
	start rt-tail --wait -f later/gr -o cat
	sleep 0.3
	rt-run --id other -- true
	rt-run --group later --id gr -- echo 'in a group'
	ends
	grep -qx 'in a group' out
	start rt-tail --wait @latest:named -n 1 -o cat
	sleep 0.3
	[ ! -s code ]
	rt-run --name named -- echo x >/dev/null
	ends
	start rt-tail --wait --until-type x ./dir/log.jsonl -o cat
	sleep 0.3
	mkdir dir
	echo '{"message":"in a file","type":"x"}' >dir/log.jsonl
	ends
	[ "$(cat out)" = 'in a file' ]
	[ ! -s err ]
}

@test "--wait for what never comes, and what is there" {
	make_run there
	event there 00.000 hello
	[ "$(rt-tail --wait there -o cat)" = hello ]
	run -124 --separate-stderr rt-tail --wait nope --timeout 100ms
	[[ ${stderr_lines[0]} == 'rt-tail: no run "nope"'* ]]
	[ "${stderr_lines[1]}" = 'rt-tail: time is up' ]
	make_run therefore
	run -2 rt-tail --wait th
	run -2 rt-tail --wait -a
}
