#!/usr/bin/env bats
# rt-run and the processes of a command: signals, limits, retries, what is left behind.

load helper

setup() {
	rt_setup
	naps 100000
}

teardown() {
	end_naps
}

@test "a timeout ends the command, says so and exits with 124" {
	run -124 rt-run --timeout 200ms -- sleep "$NAP"
	[ "$(status_of @latest '.status + ": " + .error')" = "failed: timed out after 200ms" ]
	nobody_sleeps
}

@test "a timeout ends the command where /proc is that of another pid namespace" {
	unshare -rpf true 2>/dev/null || skip "no pid namespace can be made here"
	run -124 timeout -s KILL 20 unshare -rpf --kill-child rt-run --timeout 200ms -- sleep "$NAP"
	[ "$(status_of @latest .error)" = "timed out after 200ms" ]
	nobody_sleeps
}

@test "a command in time is none of the timeout's business" {
	run -3 rt-run --timeout 1h --idle-timeout 1h -- sh -c 'exit 3'
	[ "$(status_of @latest .error)" = "exit code 3" ]
}

@test "the longest span that can be given is never over" {
	longest=9223372036s
	run -3 rt-run --timeout $longest --idle-timeout $longest -- sh -c 'echo; sleep 0.3; exit 3'
	[ "$(status_of @latest .error)" = "exit code 3" ]
	rt-run --id r -- sh -c 'trap "exit 4" TERM; echo up; sleep '"$NAP"' & wait' >up 3>&- &
	wait_for 10 [ -s up ]
	run -0 rt-run cancel --kill-after $longest r
	[ "$(status_of r .exit_code)" = 4 ]
	rt-run start --id s >/dev/null
	(sleep 0.3; rt-run finish s) 3>&- &
	run -0 rt-status --wait --timeout $longest s
	wait
}

@test "what ignores TERM, and what has left its parent, is killed after the grace period" {
	run -124 rt-run --timeout 200ms --kill-after 200ms -- sh -c '
		trap "" TERM
		(trap "" TERM; sleep '"$NAP"') &
		(setsid sh -c "trap \"\" TERM; sleep '"$NAP"'; :" &)
		sleep '"$NAP"'; :'
	nobody_sleeps
}

@test "who ends well on TERM after a timeout has ended well" {
	run -0 rt-run --timeout 200ms -- sh -c 'trap "exit 0" TERM; sleep '"$NAP"' & wait'
	[ "$(status_of @latest .status)" = completed ]
	run -0 rt-query --type warning --format '{message}' -r @latest
	[ "$output" = "sh: timed out after 200ms; told to end, it ended with exit code 0" ]
	# a step
	run -0 rt-run -- rt-run step s --idle-timeout 200ms -- sh -c 'trap "exit 0" TERM; sleep '"$NAP"' & wait'
	[ "$(status_of @latest '.steps[0].status')" = success ]
	run -0 rt-query --type warning --format '{step_id} {message}' -r @latest
	[ "$output" = "step_001 sh: no output for 200ms; told to end, it ended with exit code 0" ]
}

@test "0 is no limit of time" {
	run -3 rt-run --timeout 0 --idle-timeout 0 -- sh -c 'sleep 0.2; exit 3'
}

@test "an idle timeout counts from the last output" {
	run -124 rt-run --idle-timeout 500ms -- sh -c 'for i in 1 2 3 4; do echo $i; sleep 0.2; done
		sleep '"$NAP"
	[ "$output" = $'1\n2\n3\n4' ]
	[ "$(status_of @latest .error)" = "no output for 500ms" ]
}

@test "a failed command is started again, and each try is an event" {
	run -0 rt-run --retries 3 --retry-delay 10ms -- sh -c 'echo x >>tries; [ $(wc -l <tries) = 3 ]'
	[ "$(wc -l <tries)" = 3 ]
	run -0 rt-query --type task_retrying --format '{level} {message}' -r @latest
	[ "${lines[0]}" = "warning sh failed: exit code 1; retry 1 of 3 in 10ms" ]
	[ "${#lines[@]}" = 2 ]
	[ "$(status_of @latest .status)" = completed ]
}

@test "retries come to an end, and the last one's code is ours" {
	run -7 rt-run --retries 2 --retry-delay 1ms --retry-backoff 2 -- sh -c 'echo out; exit 7'
	[ "$output" = $'out\nout\nout' ]
	run -0 rt-query --type task_retrying --format '{message}' -r @latest
	[[ ${lines[1]} == *"retry 2 of 2 in 2ms" ]]
}

@test "a step that is tried again counts its retries" {
	run -0 rt-run -- rt-run step --retries 2 --retry-delay 1ms try -- sh -c 'echo x >>tries; [ $(wc -l <tries) = 2 ]'
	[ "$(status_of @latest '.steps[0] | "\(.status) \(.retries)"')" = "success 1" ]
}

@test "a step that takes too long is a timeout, with 124" {
	run -124 rt-run -- rt-run step --timeout 200ms slow -- sleep "$NAP"
	[ "$(status_of @latest '.steps[0].status')" = timeout ]
	nobody_sleeps
}

@test "a bad backoff is refused before anything runs" {
	for bad in 0.5 x nan inf -1; do
		run -125 rt-run --retry-backoff "$bad" -- touch ran
		[[ $output == *"bad --retry-backoff \"$bad\""* ]]
	done
	[ ! -e ran ]
}

@test "where nothing is recorded the options of how it is run hold as well" {
	for how in "-d /proc/nowhere" step; do
		# shellcheck disable=SC2086 # words
		just() { timeout -s KILL 20 rt-run $how "$@" 2>err; }
		run -124 just --timeout 200ms -- sleep "$NAP"
		run -124 just --timeout 200ms --kill-after 200ms -- sh -c 'trap "" TERM; sleep '"$NAP"'; sleep '"$NAP"
		run -124 just --idle-timeout 500ms -- sh -c "echo out; sleep $NAP"
		[ "$output" = out ]
		run -7 just --retries 2 --retry-delay 1ms -- sh -c 'echo out; exit 7'
		[ "$output" = $'out\nout\nout' ]
		run -0 just --kill-orphans -- sh -c "sleep $NAP >/dev/null 2>&1 &"
		wait_for 10 nobody_sleeps
		run -0 just --pty=always -- test -t 1 </dev/null
		run -0 just --still-running 50ms -- sleep 0.3
		grep 'still running: sleep 0.3' err
	done
	# where they ask for nothing there is only the command
	[ "$(bash -c 'echo $$; exec rt-run step -- sh -c "echo \$\$"' | uniq | wc -l)" = 1 ]
}

@test "TERM while it waits to try again ends the waiting" {
	rt-run --retries 5 --retry-delay 1h -- sh -c 'echo up; exit 3' >out 3>&- &
	wait_for 10 grep -q up out
	wait_for 10 rt-query -q --type task_retrying -r @latest
	kill -TERM $!
	code_of $!
	[ "$(cat code)" = 3 ]
	[ "$(status_of @latest .status)" = failed ]
}

@test "without a terminal the command has a group of its own, and gets a signal once" {
	setsid -w rt-run -- sh -c 'ps -o pgid= -p $$; echo $$' >out
	[ "$(sed -n 1p out | tr -d ' ')" = "$(sed -n 2p out)" ]
	setsid -w sh -c 'trap : TERM; rt-run -- sh -c "
		trap \"echo got >>got\" TERM
		echo up
		for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; [ ! -e enough ] || exit 0; done" >out2 & 
		until grep -q up out2; do sleep 0.05; done
		kill -TERM 0
		sleep 0.5
		touch enough
		wait' 3>&-
	[ "$(cat got)" = got ]
}

@test "a second INT kills" {
	setsid env --default-signal=INT rt-run -- \
		sh -c 'trap "echo int" INT; echo up; while :; do sleep 0.1; done' >out 3>&- &
	wait_for 10 grep -q up out
	pid=$(status_of @latest .owner.pid)
	kill -INT "$pid"
	wait_for 10 grep -q int out
	kill -INT "$pid"
	code_of $!
	[ "$(cat code)" = 137 ]
	[ "$(status_of @latest '.status + ": " + .error')" = "failed: killed by SIGKILL" ]
}

@test "what is left in the background lives on, and an event says who it is" {
	# it is called so from its exec on
	rt-run -- sh -c 'sleep '"$NAP"' & echo $! >pid
		until grep -q sleep /proc/$!/comm; do :; done' >out 2>&1 3>&-
	kill -0 "$(cat pid)"
	run -0 rt-query --type info --format '{message}' -r @latest
	[ "$output" = "left in the background: sleep ($(cat pid))" ]
}

@test "in a step that event is the step's" {
	rt-run -- rt-run step --component adapter train -- sh -c 'sleep '"$NAP"' &' >out 2>&1 3>&-
	run -0 rt-query --type info --step step_001 --format '{stage} {component} {message}' -r @latest
	[[ $output =~ ^'train adapter left in the background: '[a-z]+' ('[0-9]+')'$ ]]
}

@test "--kill-orphans ends it" {
	run -0 rt-run --kill-orphans --kill-after 200ms -- sh -c '(trap "" TERM; sleep '"$NAP"'; :) & echo done'
	[ "$output" = done ]
	nobody_sleeps
	[ "$(status_of @latest .status)" = completed ]
	run -0 rt-query --type info --format '{message}' -r @latest
	[[ $output =~ ^'ending what is left in the background: sh ('[0-9]+')' ]]
	run -0 rt-run --kill-orphans -- true
	run -0 rt-query --type info -c -r @latest
	[ "$output" = 0 ]
}

@test "what a shell had started before it became rt-run is none of the command's" {
	sh -c 'sleep '"$NAP"' >/dev/null 2>&1 3>&- & exec rt-run --kill-orphans -- true'
	sleeping
	run -124 sh -c 'sleep '"$NAP"' >/dev/null 2>&1 3>&- & exec rt-run --timeout 100ms -- sh -c "sleep 1; sleep 50"'
	[ "$(pgrep -cxf "sleep $NAP")" = 2 ]
	run -0 rt-query --type info -c -a
	[ "$output" = 0 ]
}

@test "a command that leaves nothing behind has no such event" {
	rt-run -- true
	run -0 rt-query --type info -c -r @latest
	[ "$output" = 0 ]
}

@test "TERM reaches a step inside, and both are cancelled" {
	setsid rt-run -- sh -c 'rt-run step nap -- sleep '"$NAP" >out 2>&1 3>&- &
	wait_for 10 sleeping
	kill -TERM "$(status_of @latest .owner.pid)"
	code_of $!
	[ "$(cat code)" = 143 ]
	wait_for 10 nobody_sleeps
	[ "$(status_of @latest .status)" = cancelled ]
	wait_for 10 rt-query -q --type step_failed -r @latest
	[ "$(status_of @latest '.steps[0].status')" = cancelled ]
}
