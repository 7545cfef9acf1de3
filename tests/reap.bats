#!/usr/bin/env bats
# Whether a run still lives, without false alarms, and what rt-run reap says of
# one that does not.

load helper

teardown() {
	local pid
	while read -r pid; do
		kill -9 "$pid" 2>/dev/null || true
	done < <(cat "$BATS_TEST_TMPDIR"/pid.* 2>/dev/null)
}

state() {
	rt-status "$1" --format '{status}'
}

# A zombie is one that nobody has waited for yet.
alive() {
	[[ -e /proc/$1/stat && $(sed 's/.*) //' "/proc/$1/stat") != [ZX]* ]]
}

gone() {
	! alive "$1"
}

# The monotonic clock, so many seconds ago.
monotonic() {
	perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC \
		-e "printf '%020d', (clock_gettime(CLOCK_MONOTONIC) - $1) * 1e9"
}

# A run of another pid namespace of this machine: container ID.
container() {
	make_run "$1" '"status":"running","host":"box","owner":{"pid":7,"start_ticks":1,"boot_id":"'"$(cat /proc/sys/kernel/random/boot_id)"'","pid_ns":1}'
}

# A run whose supervisor is killed while its command goes on: killed ID SCRIPT
killed() {
	rt-run --id "$1" -- sh -c "echo \$\$ >$PWD/pid.1; $2" 3>&- &
	wait_for 10 test -s "pid.${3-1}"
	kill -9 $!
	wait $! || true
}

@test "a container's run on this machine: sleep and jumps of the clock are no silence" {
	container a
	# nothing heard for an hour by the clock, but the machine slept
	monotonic 20 >"$RT_RUNS_DIR/a/.alive"
	touch -d '1 hour ago' "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = running ]
	# nothing heard while it was awake
	monotonic 400 >"$RT_RUNS_DIR/a/.alive"
	touch -d '1 hour ago' "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = stale ]
	# the clocks of a container may be other ones
	touch "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = running ]
	printf '%020d' 99999999999999999 >"$RT_RUNS_DIR/a/.alive"
	touch -d '1 hour ago' "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = stale ]
	# an event is a sign of life, too
	jq --arg now "$(date -u +%FT%T.000+00:00)" '.updated_at = $now' "$RT_RUNS_DIR/a/status.json" >new
	cat new >"$RT_RUNS_DIR/a/status.json"
	[ "$(state a)" = running ]
}

@test "another machine's run: the time of .alive alone, also one in the future" {
	make_run a '"status":"running","host":"far","owner":{"pid":'$$',"start_ticks":1,"boot_id":"else","pid_ns":1}'
	monotonic 0 >"$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = running ]
	touch -d '299 seconds ago' "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = running ]
	touch -d '1 hour ago' "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = stale ]
	touch -d '1 hour' "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = running ]
	run -3 rt-run reap a
	# no heartbeat at all: as one without a supervisor
	rm "$RT_RUNS_DIR/a/.alive"
	[ "$(state a)" = stale ]
	RT_STALE=100000d run -0 state a
	[ "$output" = running ]
}

@test "a supervisor says that it lives, and no more when it has ended" {
	rt-run --id a -- sh -c 'cat "$RT_RUN/.alive"' >said
	grep -qxE '[0-9]{20}' said
	[ "$(cat said)" -le "$(monotonic 0)" ]
	[ ! -e "$RT_RUNS_DIR/a/.alive" ]
}

@test "one that is stopped, or whose pid is another's, is what it is" {
	sleep 100 3>&- &
	echo $! >pid.1
	rt-run start --id a --owner $! >/dev/null
	kill -STOP $!
	[ "$(state a)" = running ]
	jq '.owner.start_ticks += 1' "$RT_RUNS_DIR/a/status.json" >new
	cat new >"$RT_RUNS_DIR/a/status.json"
	[ "$(state a)" = lost ]
}

@test "reap names what a killed supervisor left behind, and leaves it alone" {
	killed a 'sleep 100 & echo $! >'"$PWD"'/pid.2; env -u RT_RUN sleep 101 & echo $! >'"$PWD"'/pid.3; wait' 3
	run -0 --separate-stderr rt-run reap a
	[ "$output" = a ]
	[[ $stderr == 'rt-run reap: run "a": its processes live on: '* ]]
	[[ $stderr == *"sh ($(cat pid.1))"* ]]
	[[ $stderr == *"sleep ($(cat pid.2))"* ]]
	# one below another, whatever its own environment is
	[[ $stderr == *"sleep ($(cat pid.3))"* ]]
	for i in 1 2 3; do alive "$(cat pid.$i)"; done
	error=$(jq -r .error "$RT_RUNS_DIR/a/status.json")
	[[ $error == "lost: process "*" is gone, but not "*"sleep ($(cat pid.2))"* ]]
	[ "$(jq -r 'select(.type == "run_failed") | .error' "$RT_RUNS_DIR/a/events.jsonl")" = "$error" ]
}

@test "reap --kill-orphans ends them, the stopped and the stubborn too, and nobody else" {
	killed a 'trap "" TERM; sleep 100 & echo $! >'"$PWD"'/pid.2; (setsid sleep 102 & echo $! >'"$PWD"'/pid.3); sleep 103' 3
	sleep 100 3>&- &
	echo $! >pid.4
	RT_RUN=$RT_RUNS_DIR/b sleep 100 3>&- &
	echo $! >pid.5
	kill -STOP "$(cat pid.3)"
	# what reap itself is below of is none of them
	run -0 --separate-stderr env RT_RUN="$RT_RUNS_DIR/a" sh -c 'rt-run reap --kill-orphans a; echo $?'
	[ "$output" = $'a\n0' ]
	[ -z "$stderr" ]
	[[ $(jq -r .error "$RT_RUNS_DIR/a/status.json") == "lost: process "*" is gone; ending "*"sleep ($(cat pid.3))"* ]]
	for i in 1 2 3; do gone "$(cat pid.$i)"; done
	for i in 4 5; do alive "$(cat pid.$i)"; done
}

@test "reap --kill-orphans ends them when the run was reaped before, where it ran" {
	killed a 'sleep 100 & echo $! >'"$PWD"'/pid.2; wait' 2
	rt-run reap a 2>warnings
	cp "$RT_RUNS_DIR/a/status.json" reaped
	# another machine's processes are not these
	jq '.owner.boot_id = "else"' reaped >"$RT_RUNS_DIR/a/status.json"
	run -3 rt-run reap --kill-orphans a
	# nor are those of a run that failed by itself
	jq '.error = "exit code 2"' reaped >"$RT_RUNS_DIR/a/status.json"
	run -3 rt-run reap --kill-orphans a
	for i in 1 2; do alive "$(cat pid.$i)"; done
	cp reaped "$RT_RUNS_DIR/a/status.json"
	run -0 --separate-stderr rt-run reap --kill-orphans a
	[ "$output" = a ]
	[ -z "$stderr" ]
	for i in 1 2; do gone "$(cat pid.$i)"; done
	[ "$(state a)" = failed ]
	run -0 rt-query --type info --format '{message}' -r a
	[[ $output == "ending what is left in the background: "*"sleep ($(cat pid.2))"* ]]
	# once more there is nothing to do
	run -0 --separate-stderr rt-run reap --kill-orphans a
	[ -z "$output$stderr" ]
	run -3 rt-run reap a
}

@test "reap --kill-orphans --all visits the runs that were reaped before" {
	killed a 'sleep 100'
	make_run b '"status":"failed","error":"exit code 2"'
	rt-run reap --all 2>warnings
	[ -z "$(rt-run reap --all)" ]
	alive "$(cat pid.1)"
	run -0 --separate-stderr rt-run reap --kill-orphans --all
	[ "$output" = a ]
	gone "$(cat pid.1)"
	run -0 --separate-stderr rt-run reap --kill-orphans --all
	[ -z "$output$stderr" ]
}

@test "a run that left nothing" {
	killed a 'exec sleep 100'
	kill -9 "$(cat pid.1)"
	wait_for 5 gone "$(cat pid.1)"
	run -0 --separate-stderr rt-run reap --kill-orphans -a
	[ "$output" = a ]
	[ -z "$stderr" ]
	[[ $(jq -r .error "$RT_RUNS_DIR/a/status.json") =~ ^lost:\ process\ [0-9]+\ on\ .*\ is\ gone$ ]]
}

@test "reap leaves nothing of the supervisor that would speak of one" {
	killed a 'exec sleep 100'
	kill -9 "$(cat pid.1)"
	wait_for 5 gone "$(cat pid.1)"
	[[ -S $RT_RUNS_DIR/a/.sock && -e $RT_RUNS_DIR/a/.alive ]]
	rt-run reap a
	[[ ! -e $RT_RUNS_DIR/a/.sock && ! -e $RT_RUNS_DIR/a/.alive ]]
}

@test "reap removes what a killed artifact put left behind, and no other's" {
	killed a 'exec sleep 100'
	kill -9 "$(cat pid.1)"
	wait_for 5 gone "$(cat pid.1)"
	mkdir -p "$RT_RUNS_DIR/a/artifacts/sub"
	cd "$RT_RUNS_DIR/a/artifacts"
	touch .3c3b0d5e-1c1e-4a4e-9d57-0e3a8f2f6c0{1,2}.tmp .mine.tmp 3c3b0d5e-1c1e-4a4e-9d57-0e3a8f2f6c03.tmp
	touch sub/.3c3b0d5e-1c1e-4a4e-9d57-0e3a8f2f6c04.tmp
	# one of them is being written
	flock .3c3b0d5e-1c1e-4a4e-9d57-0e3a8f2f6c02.tmp rt-run reap a
	[ "$(find . -type f | LC_ALL=C sort | paste -sd' ')" = \
		"./.3c3b0d5e-1c1e-4a4e-9d57-0e3a8f2f6c02.tmp ./.mine.tmp ./3c3b0d5e-1c1e-4a4e-9d57-0e3a8f2f6c03.tmp" ]
}
