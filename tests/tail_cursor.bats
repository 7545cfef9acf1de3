#!/usr/bin/env bats
# rt-tail: cursors. What is shown after one is what was written since, once.

load helper
load tail

# What is new since the last time, with the cursor in a file.
more() {
	rt-tail "$@" -o cat --cursor-file cursor
}

# End a follower as a service manager does, and wait for it.
stop() {
	kill "$(pgrep -P "$follower")"
	ends 143
}

@test "--show-cursor, --after-cursor: from one to the next" {
	local cursor
	running on
	record on run 01.000000000 stdout F output
	run -0 rt-tail on -o cat --show-cursor
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[2]} == '-- cursor: v1:'* ]]
	cursor=${lines[2]#-- cursor: }
	event on 02.000 two
	record on step_001 03.000000000 stdout F 'of a step'
	run -0 rt-tail on -o cat --after-cursor "$cursor" --show-cursor
	[ "${#lines[@]}" -eq 3 ]
	[ "${lines[0]}" = two ]
	[ "${lines[1]}" = 'of a step' ]
	[ "$(rt-tail on -o cat --after-cursor "${lines[2]#-- cursor: }")" = '' ]
	# the same place, read in another way
	[ "$(rt-tail on -o cat --logs --after-cursor "$cursor")" = 'of a step' ]
	[ "$(rt-tail on -o cat --until-type info --after-cursor "$cursor")" = two ]
}

@test "--cursor-file: begins as ever, then with what is new" {
	running on
	event on 01.000 two
	[ "$(more on -n 1)" = two ]
	[ "$(more on -n 1)" = '' ]
	event on 02.000 three
	event on 03.000 four
	[ "$(more on -n 1)" = $'three\nfour' ]
	# what the filter leaves out was dealt with all the same
	event on 04.000 five
	[ "$(more on --level warning)" = '' ]
	event on 05.000 six
	[ "$(more on)" = six ]
	# what cannot be written is shown again
	event on 06.000 seven
	run -3 bash -c 'rt-tail on -o cat --cursor-file cursor >/dev/full'
	[ "$(more on)" = seven ]
}

@test "cursors find their place: renamed, copied, archived, cut" {
	local log=$RT_RUNS_DIR/on/logs/run.log
	running on
	record on run 01.000000000 stdout F 'line 1'
	record on run 02.000000000 stdout F 'line 2'
	[ "$(more on -n all)" = $'ready\nline 1\nline 2' ]
	record on run 03.000000000 stdout F 'line 3'
	mv "$log" "$log.1"
	record on run 04.000000000 stdout F 'line 4'
	mv "$log.1" "$log.2"
	mv "$log" "$log.1"
	record on run 05.000000000 stdout F 'line 5'
	[ "$(more on)" = $'line 3\nline 4\nline 5' ]
	# other files of the same bytes
	record on run 06.000000000 stdout F 'line 6'
	event on 07.000 'event 7'
	cp -r "$RT_RUNS_DIR/on" copy
	rm -r "$RT_RUNS_DIR/on"
	mv copy "$RT_RUNS_DIR/on"
	[ "$(more on)" = $'line 6\nevent 7' ]
	[ "$(more on)" = '' ]
	# what was written before the run was archived
	event on 08.000 'event 8'
	finish on
	rt-archive on -q
	rm -r "$log"* "$RT_RUNS_DIR/on/events.jsonl"
	[ "$(more on)" = 'event 8' ]
	[ "$(more on)" = '' ]
	# not what it was
	running cut
	record cut run 01.000000000 stdout F 'line 1'
	rm cursor
	[ "$(more cut -n all)" = $'ready\nline 1' ]
	echo '{"ts":"2026-07-01T12:00:09Z","message":"anew"}' >"$RT_RUNS_DIR/cut/events.jsonl"
	run -0 --separate-stderr more cut
	[ "$output" = anew ]
	[[ $stderr == 'rt-tail: run "cut": "events.jsonl" is not what it was at the cursor;'* ]]
}

@test "a line that comes in pieces is shown whole, after the cursor" {
	local log=$RT_RUNS_DIR/on/logs/run.log
	running on
	record on run 01.000000000 stdout F 'before'
	record on run 01.100000000 stdout P 'one '
	record on run 01.200000000 stderr F 'an error'
	follow on -n all -o cat --cursor-file cursor
	wait_for 30 printed 'an error'
	stop
	[ "$(cat out)" = $'ready\nbefore\nan error' ]
	record on run 01.300000000 stdout P 'two '
	record on run 01.400000000 stderr P 'half '
	start rt-tail -f on -o cat --cursor-file cursor
	event on 02.000 there
	wait_for 30 printed there
	stop
	[ "$(cat out)" = there ]
	# its end is in another file
	mv "$log" "$log.1"
	record on run 03.000000000 stdout F 'three'
	record on run 03.100000000 stderr P 'and '
	start rt-tail -f on -o cat --cursor-file cursor
	wait_for 30 printed three
	stop
	[ "$(cat out)" = 'one two three' ]
	record on run 03.200000000 stdout F 'four'
	record on run 04.000000000 stderr F 'half'
	[ "$(more on)" = $'four\nhalf and half' ]
}

@test "stopped and started again while it is written and rotated: everything once" {
	local n=0 run
	export RT_LOG_MAX_SIZE=1K RT_LOG_BACKUPS=900
	# shellcheck disable=SC2016 # that is what the inner shell expands
	rt-run --id on -- bash -c 'for i in {1..400}; do
		echo "line $i"
		((i % 20)) || rt-emit "event $i"
		((i % 50)) || sleep 0.1
	done' >/dev/null 3>&- &
	run=$!
	until [ "$n" -ge 100 ] || grep -qs 'Run completed' all; do
		start rt-tail -f --wait on -n all -o cat --cursor-file cursor
		sleep "0.0$((RANDOM % 9))"
		wait_for 30 pgrep -P "$follower" >/dev/null || true
		kill "$(pgrep -P "$follower")" 2>/dev/null || true
		wait_for 30 test -s code
		wait "$follower"
		cat out >>all
		[ ! -s err ]
		n=$((n + 1))
	done
	wait "$run"
	more -f on >>all
	[ -e "$RT_RUNS_DIR/on/logs/run.log.5" ]
	cmp <(rt-tail on -n all -o cat | sort) <(sort all)
	[ "$(grep -c line all)" -eq 400 ]
	cmp <(grep line all) <(seq -f 'line %.0f' 400)
}

@test "a selection after a cursor: what ended meanwhile, what began, and no more" {
	make_run past '"updated_at":"2026-07-01T12:00:00.000+00:00"'
	event past 00.000 'long ago'
	rt-run start --id one --owner $$
	start rt-tail -f -a -n all -o cat --cursor-file cursor
	wait_for 30 printed 'Run started'
	rt-run --id short -- echo 'of short'
	wait_for 30 grep -q '"short" is over' err
	stop
	[ "$(grep -v '^Run' out)" = 'of short' ]
	rt-emit -r one 'in between'
	rt-run finish -r one
	rt-run --id two -- echo 'of two'
	rt-run start --id three --owner $$
	start rt-tail -f -a -o cat --cursor-file cursor
	wait_for 30 printed 'Run' 4
	rt-emit -r three 'the last'
	wait_for 30 printed 'the last'
	stop
	[ "$(sort out)" = "$(printf '%s\n' 'in between' 'of two' 'Run completed' 'Run completed' \
		'Run started' 'Run started' 'the last' | sort)" ]
}

@test "cursors: wrong ones, and where they do not go" {
	local bad
	running on
	for bad in '' x v1: v1:x 'v1:1;on,e' 'v1:1;on,e:1:2' 'v1:1;on,e:1:2:65:0:0' 'v1:1;on,e:1:-2:0:0:0' \
		'v1:1;on,e:1:2:3:4:0:5' 'v1:1;,e:1:2:0:0:0'; do
		run -2 rt-tail on --after-cursor "$bad"
		[[ ${lines[0]} == 'rt-tail: --after-cursor is no cursor'* ]]
	done
	echo x >cursor
	run -2 rt-tail on --cursor-file cursor
	[[ ${lines[0]} == 'rt-tail: what "cursor" holds is no cursor'* ]]
	[ "$(cat cursor)" = x ]
	run -3 rt-tail on --cursor-file nowhere/cursor
	run -3 rt-tail on --cursor-file /dev/null
	run -2 rt-tail on --after-cursor v1:1 -n 3
	run -2 rt-tail on --after-cursor v1:1 --cursor-file cursor
	run -2 rt-tail on --show-cursor -o json
}

@test "a stopped reader does not keep it from ending" {
	local pid
	running on
	record on run 00.000000000 stdout F "$(printf 'x%.0s' {1..1000})"
	for _ in 1 2 3 4 5 6 7 8; do
		cat "$RT_RUNS_DIR/on/logs/run.log" "$RT_RUNS_DIR/on/logs/run.log" >new
		mv new "$RT_RUNS_DIR/on/logs/run.log"
	done
	mkfifo pipe
	# shellcheck disable=SC2217 # it is to read nothing
	sleep 60 <pipe 3>&- &
	pid=$!
	start bash -c 'exec rt-tail -f on -n all -o cat --cursor-file cursor >pipe'
	sleep 0.5
	[ ! -s code ]
	stop
	kill "$pid"
	[ ! -e cursor ]
}
