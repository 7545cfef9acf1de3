#!/usr/bin/env bats
# rt-tail: several runs at once, named or selected, and those that come and go.

load helper
load tail

# Two runs that go on and one that is over, their lines in turn.
make_three() {
	export RT_STALE=36500d # the times here are long ago
	make_run one '"status":"running","name":"build"'
	make_run two '"status":"running","name":"test"'
	make_run three '"name":"build"'
	event one 00.000 'one a'
	event two 01.000 'two a'
	record one run 02.000000000 stdout F 'one b'
	event three 03.000 'three a'
	record two step_001 04.000000000 stdout F 'two b'
	event one 05.000 'one c'
}

@test "several runs: in the order of time, named, selected or all" {
	local n
	make_three
	[ "$(rt-tail two one -o cat)" = "$(printf '%s\n' 'one a' 'two a' 'one b' 'two b' 'one c')" ]
	[ "$(rt-tail -a -o cat)" = "$(printf '%s\n' 'one a' 'two a' 'one b' 'three a' 'two b' 'one c')" ]
	[ "$(rt-tail --name build -o cat)" = "$(printf '%s\n' 'one a' 'one b' 'three a' 'one c')" ]
	[ "$(rt-tail --status running --name 't*' -o cat)" = $'two a\ntwo b' ]
	[ "$(rt-tail one one -o cat)" = $'one a\none b\none c' ]
	for n in 0 1 2 3 4 5 6 7; do
		rt-tail -a -n $n -o cat | cmp - <(rt-tail -a -n all -o cat | tail -n $n)
	done
	run -0 --separate-stderr rt-tail --name nope
	[ "$stderr" = "rt-tail: no runs of that selection in \"$RT_RUNS_DIR\"" ]
	run -3 rt-tail one nope
}

@test "lines of several runs say which one they are of, in columns" {
	make_three
	run -0 rt-tail -a -n all
	[ "${lines[0]}" = '2026-07-01 12:00:00 +00:00 one info     one a' ]
	[ "${lines[2]}" = '2026-07-01 12:00:02 +00:00 one     out| one b' ]
	[ "${lines[3]}" = '2026-07-01 12:00:03 +00:00 three info     three a' ]
	[ "${lines[5]}" = '2026-07-01 12:00:05 +00:00 one   info     one c' ]
	# each has a colour of its own
	rt-tail one two --color=always >coloured
	grep -qF $'\033[1;36mone\033[0m' coloured
	grep -qF $'\033[1;35mtwo\033[0m' coloured
	[ "$(rt-tail one two -o jsonl | jq -r .run_id | paste -sd ' ')" = 'one two one two one' ]
	[ "$(rt-tail one two -n 1 -o json | jq -c 'map(keys_unsorted[0])')" = '["run_id"]' ]
	[ "$(rt-tail one two -n 2 --format '{run_id}: {message}')" = $'two: two b\none: one c' ]
	[ "$(rt-tail one -n 1 --format '{run_id}: {message}')" = 'one: one c' ]
	rt-tail one -n 1 -o jsonl | cmp - <(tail -n 1 "$RT_RUNS_DIR/one/events.jsonl")
}

@test "an archived run among others" {
	make_three
	rt-archive three -q
	rm "$RT_RUNS_DIR/three/events.jsonl"
	[ "$(rt-tail one two three -n all -o cat)" = "$(printf '%s\n' 'one a' 'two a' 'one b' \
		'three a' 'two b' 'one c')" ]
	[ "$(rt-tail one two three -n 3 -o cat)" = "$(printf '%s\n' 'three a' 'two b' 'one c')" ]
	start rt-tail -f one three -o cat
	event one 06.000 'one d'
	wait_for 30 printed 'one d'
	finish one
	ends
	grep -qxF 'rt-tail: run "three" is over: completed' err
}

@test "following several runs: until all of them are over" {
	running one
	running two
	follow one two -n all -o cat --exit-status
	record one run 01.000000000 stdout F 'from one'
	wait_for 30 printed 'from one'
	finish one
	wait_for 30 grep -qxF 'rt-tail: run "one" is over: completed' err
	event two 02.000 'from two'
	wait_for 30 printed 'from two'
	jq -c '.status = "failed"' "$RT_RUNS_DIR/two/status.json" >new.json
	mv new.json "$RT_RUNS_DIR/two/status.json"
	ends 1
	[ "$(cat out)" = $'ready\nready\nfrom one\nfrom two' ]
	[ "$(tail -n 1 err)" = 'rt-tail: run "two" is over: failed' ]
}

@test "one of several that is removed is said, the others go on: 3 at the end" {
	running one
	running two
	follow one two -o cat
	rm -r "$RT_RUNS_DIR/one"
	wait_for 30 grep -qxF 'rt-tail: run "one" was removed' err
	event two 02.000 'from two'
	wait_for 30 printed 'from two'
	finish two
	ends 3
}

@test "following a selection: new runs join, whole, those that are over leave" {
	local id
	running old
	make_run over
	event over 00.000 'long over'
	mkdir -p "$RT_RUNS_DIR/group"
	start rt-tail -f -a -o cat
	wait_for 30 printed ready
	# a run of a moment, one in a group that is there, one in a new group
	rt-run --id short -- echo 'of a moment'
	wait_for 30 printed 'of a moment'
	rt-run --group group --id second -- echo 'in a group'
	wait_for 30 printed 'in a group'
	rt-run --group new --id third -- echo 'in a new group'
	wait_for 30 printed 'in a new group'
	# of another system: the folder comes first
	mkdir "$RT_RUNS_DIR/foreign"
	sleep 0.2
	echo '{"message":"foreign"}' >"$RT_RUNS_DIR/foreign/events.jsonl"
	wait_for 30 printed foreign
	event old 01.000 'still there'
	wait_for 30 printed 'still there'
	# renamed, none of them joins again
	mv "$RT_RUNS_DIR/over" "$RT_RUNS_DIR/moved"
	mv "$RT_RUNS_DIR/short" "$RT_RUNS_DIR/moved-too"
	id=$(rt-run start --id last --owner $$)
	rt-emit -r "$id" 'the last one'
	wait_for 30 printed 'the last one'
	kill "$(pgrep -P "$follower")"
	ends 143
	[ "$(grep -vE '^Run (started|completed)' out)" = "$(printf '%s\n' ready 'of a moment' \
		'in a group' 'in a new group' foreign 'still there' 'the last one')" ]
	[ "$(grep -c '^Run completed' out)" -eq 3 ]
	[ "$(grep -c ' is over: completed' err)" -eq 3 ]
	[ "$(wc -l <err)" -eq 3 ]
}

@test "following a selection: what is there again after it was removed joins" {
	start rt-tail -f -a -o cat
	rt-run --group group --id same -- bash -c 'echo "the first"; until grep -q first out; do sleep 0.05; done'
	wait_for 30 printed 'Run completed'
	rm -r "$RT_RUNS_DIR/group"
	rt-run --group group --id same -- echo 'the second'
	wait_for 30 printed 'the second'
	rm -r "$RT_RUNS_DIR/group/same"
	rt-run --group group --id same -- echo 'the third'
	wait_for 30 printed 'the third'
	wait_for 30 printed 'Run completed' 3
	kill "$(pgrep -P "$follower")"
	ends 143
}

@test "a selection is followed by its condition, and before there is a runs folder" {
	start rt-tail -f --name yes --label a=b -o cat
	rt-run --name no --label a=b -- echo 'not this'
	rt-run --name yes -- echo 'nor this'
	# it goes on until it is seen
	rt-run --name yes --label a=b -- bash -c 'echo "but this"; until grep -q this out; do sleep 0.05; done'
	wait_for 30 printed 'Run completed'
	kill "$(pgrep -P "$follower")"
	ends 143
	[ "$(cat out)" = $'Run started\nbut this\nRun completed' ]
}

@test "dead owners of several runs: each is lost, and said" {
	local owners=() n
	for n in 1 2 3; do
		sleep 600 3>&- &
		owners+=($!)
		disown
		rt-run start --id "run$n" --owner $! >/dev/null
	done
	follow run1 run2 run3 -o cat
	kill -9 "${owners[1]}"
	wait_for 30 grep -q 'run "run2" is lost' err
	kill -9 "${owners[0]}" "${owners[2]}"
	ends
	[ "$(sort err)" = "$(for n in 0 1 2; do
		echo "rt-tail: run \"run$((n + 1))\" is lost: its owner, process ${owners[n]}, has died"
	done)" ]
}

@test "many runs: more than files may be open, every line once" {
	local n
	for n in {001..150}; do
		make_run "run$n" '"status":"running"'
		event "run$n" "$(printf '%02d' $((10#$n % 60))).000" "first $n"
	done
	export RT_STALE=36500d # the times here are long ago
	ulimit -n 200
	start rt-tail -f -a -n all -o cat
	wait_for 30 printed first 150
	for n in {150..001}; do
		event "run$n" 59.000 "second $n"
	done
	wait_for 30 printed second 150
	kill "$(pgrep -P "$follower")"
	ends 143
	[ "$(sort out | uniq | wc -l)" -eq 300 ]
	[ "$(wc -l <out)" -eq 300 ]
}

@test "runs that are not followed: more than directories may be open" {
	local n
	for n in {10..59}; do
		make_run "run$n"
		event "run$n" "$n.000" "event $n"
		record "run$n" run "$n.500000000" stdout F "output $n"
	done
	ulimit -n 40
	run -0 --separate-stderr rt-tail -a -n all -o cat
	[ -z "$stderr" ]
	[ "$output" = "$(for n in {10..59}; do printf 'event %s\noutput %s\n' "$n" "$n"; done)" ]
	[ "$(rt-tail -a -n 3 -o cat)" = $'output 58\nevent 59\noutput 59' ]
}
