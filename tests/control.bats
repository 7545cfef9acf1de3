#!/usr/bin/env bats
# rt-run pause, resume and cancel: what they do to a run, and what they say.

load helper

setup() {
	rt_setup
	naps 500000
}

teardown() {
	end_naps
	[ ! -d "${CGROUP-}" ] || wait_for 10 rmdir "$CGROUP"
}

# Whether any process that sleeps is not stopped.
all_stopped() {
	local pid

	for pid in $(pgrep -xf "sleep $NAP"); do
		grep -q '^State:.T' "/proc/$pid/status" || return 1
	done
}

types_of() {
	jq -r .type "$RT_RUNS_DIR/${1:-@latest}/events.jsonl" | tr '\n' ' '
}

# A run called r of a shell script, in the background, that has said "up".
start_run() {
	rm -f out # of one before
	setsid rt-run --id r "${@:2}" -- sh -c "$1" >out 2>&1 3>&- &
	wait_for 10 grep -q up out
}

@test "pause stops all that runs, resume lets it go on, and both are events" {
	start_run '(sleep '"$NAP"' &); sleep '"$NAP"' & echo up; while [ ! -e stop ]; do :; done'
	run -0 rt-run pause r
	[ "$output" = paused ]
	all_stopped
	[ "$(status_of r .status)" = paused ]
	run -0 rt-run resume r
	[ "$output" = resumed ]
	run ! all_stopped
	[ "$(status_of r .status)" = running ]
	touch stop
	wait_for 10 rt-status -r r --exit-status
	[ "$(types_of r)" = "run_started pause_requested run_paused resume_requested run_resumed info run_completed " ]
}

@test "who asked is in the event, and the state before and after" {
	start_run 'echo up; sleep '"$NAP"
	USER=jane rt-run pause r
	run -0 jq -c 'select(.type == "pause_requested") |
		[.state_before, .state_after, .metadata.user, .metadata.uid]' "$RT_RUNS_DIR/r/events.jsonl"
	[ "$output" = "[\"running\",\"paused\",\"jane\",$(id -u)]" ]
	run -0 jq -c 'select(.type == "run_paused") | [.state_before, .state_after]' "$RT_RUNS_DIR/r/events.jsonl"
	[ "$output" = '["running","paused"]' ]
}

@test "a long name of who asked is cut between two letters" {
	local name=ääääääääääääääääääääääääääääääääääääääää

	start_run 'echo up; exec sleep '"$NAP"
	USER=$name rt-run cancel r
	[ "$(status_of r .error)" = "cancelled by ${name:0:31}" ]
	run -0 jq -r 'select(.type == "cancel_requested") | .metadata.user' "$RT_RUNS_DIR/r/events.jsonl"
	[ "$output" = "${name:0:31}" ]
	rt-run start --id s
	USER=$name rt-run cancel s
	[ "$(status_of s .error)" = "cancelled by ${name:0:31}" ]
}

@test "pausing twice is fine, and so is resuming what runs" {
	start_run 'echo up; sleep '"$NAP"
	run -0 rt-run resume r
	[ "$output" = "running already" ]
	rt-run pause r
	run -0 rt-run pause r
	[ "$output" = "paused already" ]
	[ "$(types_of r)" = "run_started pause_requested run_paused " ]
}

@test "cancel ends a run, says so, and rt-run ends as the command" {
	start_run 'echo up; exec sleep '"$NAP"
	run -0 env USER=jane rt-run cancel r
	[ "$output" = cancelled ]
	nobody_sleeps
	code_of $!
	[ "$(cat code)" = 143 ]
	[ "$(status_of r '.status + ": " + .error')" = "cancelled: cancelled by jane" ]
	[ "$(types_of r)" = "run_started cancel_requested run_cancelled " ]
	run -0 rt-run cancel r
	[ "$output" = "cancelled already" ]
}

@test "cancel ends what has forked twice, left the session and ignores TERM" {
	start_run 'trap "" TERM
		(setsid sh -c "trap \"\" TERM; (sleep '"$NAP"'; :) & sleep '"$NAP"'; :" &)
		(sleep '"$NAP"' &) & echo up; sleep '"$NAP"'; :'
	run -0 rt-run cancel --kill-after 100ms r
	[ "$output" = cancelled ]
	nobody_sleeps
	code_of $!
	[ "$(cat code)" = 137 ]
	[ "$(status_of r .status)" = cancelled ]
}

@test "cancel does not wait for who does not read what a step has left" {
	mkfifo slow
	sleep "$NAP" <>slow 3>&- &
	start_run 'rt-run step --timeout 100ms -- yes >slow; echo up; sleep '"$NAP" --kill-after 1h
	run -0 timeout -s KILL 20 rt-run cancel r
	[ "$output" = cancelled ]
	code_of $!
	[ "$(cat code)" = 143 ]
	[ "$(status_of r .status)" = cancelled ]
}

@test "cancel takes another signal, by name or number" {
	for signal in USR1 SIGUSR1 "$(kill -l USR1)"; do
		rm -rf "$RT_RUNS_DIR" out
		start_run 'trap "echo usr1; exit 9" USR1; echo up; sleep '"$NAP"' & while :; do wait; done'
		run -0 rt-run cancel --signal "$signal" r
		code_of $!
		[ "$(cat code)" = 9 ]
		grep -q usr1 out
		nobody_sleeps
	done
	run -2 rt-run cancel --signal NONE r
	[[ $output == *"bad --signal \"NONE\""* ]]
}

@test "cancel of a paused run ends it" {
	start_run 'echo up; exec sleep '"$NAP"
	rt-run pause r
	run -0 rt-run cancel r
	[ "$output" = cancelled ]
	nobody_sleeps
	[ "$(status_of r .status)" = cancelled ]
}

@test "steps end as cancelled" {
	start_run 'rt-run step one -- sleep '"$NAP"' & rt-run step two -- sh -c "trap \"\" TERM; echo up; sleep '"$NAP"'; :"'
	wait_for 10 sleeping
	run -0 rt-run cancel --kill-after 200ms r
	nobody_sleeps
	[ "$(status_of r '[.steps[].status] | join(" ")')" = "cancelled cancelled" ]
}

@test "a paused run does not start again what has failed, and its time stands still" {
	start_run 'echo up; sleep 0.3; exit 3' --retries 1 --retry-delay 2s --timeout 1h
	wait_for 10 rt-query -q --type task_retrying -r r
	run -0 rt-run pause r
	sleep 2.5
	[ "$(grep -c up out)" = 1 ]
	rt-run resume r
	code_of $!
	[ "$(cat code)" = 3 ]
	[ "$(grep -c up out)" = 2 ]
}

@test "limits of time do not count while a run is paused, those of steps neither" {
	local limit

	# on a busy machine what comes before and after the pause may be too much by itself
	for limit in 1 5 25; do
		rm -rf "$RT_RUNS_DIR/r" stop
		start_run "rt-run step --timeout $limit -- sh -c 'echo up; while [ ! -e stop ]; do sleep 0.05; done'" \
			--timeout $limit --idle-timeout $limit
		rt-run pause r || continue
		sleep $limit.5
		[ "$(status_of r .status)" = paused ]
		touch stop
		rt-run resume r
		code_of $!
		[ "$(cat code)" != 0 ] || break
	done
	[ "$(cat code)" = 0 ]
	[ "$(status_of r '.status + " " + .steps[0].status')" = "completed success" ]
}

@test "TERM ends a paused run" {
	start_run 'echo up; exec sleep '"$NAP"
	rt-run pause r
	kill -TERM "$(status_of r .owner.pid)"
	code_of $!
	[ "$(cat code)" = 143 ]
	[ "$(status_of r .status)" = cancelled ]
}

@test "what is killed while it is paused has failed, and what it left goes on" {
	start_run 'sleep '"$NAP"' & echo $$ >pid; echo up; wait'
	rt-run pause r
	kill -KILL "$(cat pid)"
	code_of $!
	[ "$(cat code)" = 137 ]
	[ "$(status_of r .status)" = failed ]
	sleeping
	run ! all_stopped
}

@test "a run inside that is paused by itself stays so" {
	start_run 'rt-run --id inner -- sh -c "echo up; exec sleep '"$NAP"'"'
	rt-run pause inner
	rt-run pause r
	rt-run resume r
	wait_for 10 all_stopped
	sleep 0.2
	all_stopped
	rt-run resume inner
	run ! all_stopped
	rt-run cancel r
	nobody_sleeps
}

@test "a run that is over is refused" {
	rt-run --id r -- true
	for verb in pause resume cancel; do
		run -3 rt-run "$verb" r
		[ "$output" = "rt-run $verb: run \"r\" is completed" ]
	done
}

@test "a run whose supervisor is gone is refused as lost" {
	start_run 'echo up; exec sleep '"$NAP"
	kill -KILL "$(status_of r .owner.pid)"
	wait "$!" || true
	for verb in pause resume cancel; do
		run -3 rt-run "$verb" r
		[ "$output" = "rt-run $verb: run \"r\" is lost: rt-run reap ends it" ]
	done
}

@test "a run of another host is to be steered there" {
	make_run r '"status":"running","host":"elsewhere","owner":{"pid":7,"boot_id":"x"},"updated_at":"2999-01-01T00:00:00.000+00:00"'
	touch "$RT_RUNS_DIR/r/.alive" "$RT_RUNS_DIR/r/events.jsonl"
	run -3 rt-run pause r
	[ "$output" = 'rt-run pause: run "r" runs on host "elsewhere": that is where it can be steered' ]
}

@test "a supervisor that does not answer in time is 124" {
	start_run 'echo up; exec sleep '"$NAP"
	pid=$(status_of r .owner.pid)
	kill -STOP "$pid"
	run -124 rt-run pause --timeout 200ms r
	[[ $output == *"has not done so in time"* ]]
	run -124 rt-run cancel --timeout 200ms r
	kill -CONT "$pid"
	code_of $!
	[ "$(cat code)" = 143 ]
}

@test "a run without a supervisor has its state changed" {
	sleep "$NAP" 3>&- &
	RT_RUN=$(rt-run start --id r --owner $!)
	export RT_RUN
	run -0 rt-run pause
	[ "$output" = paused ]
	[ "$(status_of r .status)" = paused ]
	run -0 rt-run pause
	[ "$output" = "paused already" ]
	run -0 rt-run resume -r r
	[ "$output" = resumed ]
	run -0 env USER=jane rt-run cancel
	[ "$output" = cancelled ]
	[ "$(status_of r '.status + ": " + .error')" = "cancelled: cancelled by jane" ]
	[ "$(types_of r)" = "run_started pause_requested run_paused resume_requested run_resumed cancel_requested run_cancelled " ]
	run -3 rt-run resume
}

@test "a lost run that was taken up again is one without a supervisor" {
	start_run 'echo up; exec sleep '"$NAP"
	kill -KILL "$(status_of r .owner.pid)"
	wait "$!" || true
	rt-run reap r
	sleep "$NAP" 3>&- &
	rt-run start --resume --owner $! r
	run -0 rt-run pause r
	[ "$output" = paused ]
}

@test "garbage and silence on the socket harm nothing" {
	command -v python3 >/dev/null || skip "no python3"
	start_run 'echo up; while [ ! -e stop ]; do sleep 0.05; done; rt-run step -- echo done'
	python3 - "$RT_RUNS_DIR/r/.sock" <<-'END'
		import os, socket, sys
		def say(*messages):
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		    s.connect(sys.argv[1])
		    for m in messages:
		        try: s.send(m)
		        except OSError: pass
		    return s
		silent = [say() for i in range(40)]
		for m in (b"\xff\xff", b"x", b"pause", b"pause 0", b"cancel 9999 0 x", b"cancel 15 -2 x",
		          b"pause 0 0 " + b"x" * 300, b"y" * 5000, bytes(3), b"\2\2", b"\0cancel 15 0 x"):
		    say(m).close()
		say(b"\1\1").close()
		say(b"cancel").recv(100)
	END
	run -0 rt-run pause --timeout 20s r
	[ "$output" = paused ]
	run -0 rt-run resume --timeout 20s r
	touch stop
	code_of $!
	[ "$(cat code)" = 0 ]
	[ "$(types_of r)" = "run_started pause_requested run_paused resume_requested run_resumed step_started step_completed run_completed " ]
	grep -q 'done$' "$RT_RUNS_DIR/r/logs/step_001/output.log"
}

@test "the socket is open to those who may write the run" {
	umask 002
	start_run 'echo up; sleep '"$NAP"
	[ "$(stat -c '%a %g' "$RT_RUNS_DIR/r/.sock")" = "$(stat -c '%a %g' "$RT_RUNS_DIR/r/events.jsonl")" ]
	[ "$(stat -c %a "$RT_RUNS_DIR/r/.sock")" = 664 ]
	rt-run cancel r
	rm -rf "$RT_RUNS_DIR"
	umask 077
	start_run 'echo up; sleep '"$NAP"
	[ "$(stat -c %a "$RT_RUNS_DIR/r/.sock")" = 600 ]
	rt-run cancel r
}

@test "a link that takes the place of the socket is not followed" {
	command -v strace >/dev/null || skip "no strace"
	[ -z "${RT_SANITIZE-}" ] || skip "strace and sanitizers do not go together"
	strace -o trace -e inject=listen:delay_exit=1 true || skip "strace does not work here"
	echo >target
	chmod 600 target
	strace -o trace -e trace=listen -e inject=listen:delay_exit=1000000 rt-run --id r -- true 3>&- &
	wait_for 10 [ -S "$RT_RUNS_DIR/r/.sock" ]
	ln -sf "$PWD/target" "$RT_RUNS_DIR/r/.sock"
	wait
	[ "$(status_of r .status)" = completed ]
	[ "$(stat -c %a target)" = 600 ]
}

@test "another user who may write the run may steer it, another one not" {
	[ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups true || skip "needs root"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	as() { setpriv --reuid 65534 --regid "$1" --clear-groups env USER=joe "${@:2}"; }
	as 65534 rt-run --version >/dev/null 2>&1 || skip "rt-run is in a folder of root's"
	umask 002
	mkdir -p "$RT_RUNS_DIR"
	start_run 'echo up; sleep '"$NAP"
	run -3 as 65534 rt-run pause r
	[[ $output == *"is not yours to steer"* ]]
	run -0 as 0 rt-run pause r
	[ "$output" = paused ]
	run -0 as 0 rt-run cancel r
	[ "$(status_of r .error)" = "cancelled by joe" ]
	run -0 jq -c 'select(.type == "cancel_requested") | .metadata.uid' "$RT_RUNS_DIR/r/events.jsonl"
	[ "$output" = 65534 ]
}

@test "a step shows its output to no other user's supervisor" {
	[ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 0 --clear-groups true || skip "needs root"
	command -v python3 >/dev/null || skip "no python3"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	umask 002
	rt-run start --id r >/dev/null
	# Prints how many descriptors came from each that connected.
	python3 - "$RT_RUNS_DIR/r/.sock" >shown 3>&- <<-'END' &
		import array, os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.bind(sys.argv[1])
		os.chmod(sys.argv[1], 0o666)
		s.listen()
		s.settimeout(20)
		for _ in range(2):
		    c, _ = s.accept()
		    sent = c.recvmsg(10, socket.CMSG_SPACE(8))[1]
		    print(sum(len(data) // 4 for _, _, data in sent), flush=True)
		    c.close()
	END
	wait_for 10 [ -S "$RT_RUNS_DIR/r/.sock" ]
	wait_for 10 sh -c '[ "$(stat -c %a "$1")" = 666 ]' sh "$RT_RUNS_DIR/r/.sock"
	[ "$(setpriv --reuid 65534 --regid 0 --clear-groups rt-run step -r r s -- echo hi | cat)" = hi ]
	[ "$(rt-run step -r r s -- echo hi | cat)" = hi ]
	wait
	[ "$(paste -sd' ' shown)" = "0 2" ]
}

@test "what makes no sense is refused" {
	run -2 rt-run pause
	run -2 rt-run pause a b
	run -3 rt-run pause nothing
	run -2 rt-run pause --signal TERM r
}

@test "what a run and a step have used is recorded and shown" {
	rt-run --id r -- sh -c 'rt-run step -- sh -c "head -c 60000000 /dev/zero | tail -c 50000000 >big; sync big"'
	for where in status metrics; do
		run -0 jq -r '.resources | "\(keys | join(" ")) \(.source)"' "$RT_RUNS_DIR/r/$where.json"
		[ "$output" = "max_rss_bytes read_bytes source system_ms user_ms written_bytes rusage" ]
	done
	for type in step run; do
		run -0 jq -c 'select(.type == "'$type'_completed") | .metadata.resources |
			[.max_rss_bytes > 40000000, .max_rss_bytes < 400000000, .user_ms + .system_ms > 0]' \
			"$RT_RUNS_DIR/r/events.jsonl"
		[ "$output" = '[true,true,true]' ]
	done
	run -0 rt-status r
	[[ $output == *" Resources: "*"user, "*"system, "*" MB memory, "*" read, "*" written"* ]]
	run -0 rt-summarize r
	[[ $output == *$'\n'"Resources: "*" MB memory"* ]]
	# They are the events', so that a status.json that is lost can be made again.
	want=$(jq -c .resources "$RT_RUNS_DIR/r/status.json")
	rm "$RT_RUNS_DIR/r/status.json"
	[ "$(rt-status --json r | jq -c .resources)" = "$want" ]
}

# A cgroup for a test, where that disturbs nobody; its folder is $CGROUP.
make_cgroup() {
	local mount=/sys/fs/cgroup own

	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	[ -n "$own" ] || skip "no cgroups of version 2"
	[ ! -d /run/systemd/system ] || skip "the cgroups are systemd's"
	[ ! -d $mount/unified ] || mount=$mount/unified
	CGROUP=$mount$own/rt-test-$$
	mkdir "$CGROUP" 2>/dev/null || skip "no cgroup can be made here"
}

@test "a run that has a cgroup to itself counts what nobody waits for" {
	make_cgroup
	# It ends by its limit of a second, which only the one that sleeps has waited for.
	command='(sh -c "ulimit -t 1; while :; do :; done"; : >done; exec sleep '"$NAP"') &
		until [ -e done ]; do sleep 0.05; done'
	# shellcheck disable=SC2016 # it is for the shell
	sh -c 'echo 0 >"$0/cgroup.procs"; exec "$@"' "$CGROUP" \
		rt-run --id r -- sh -c "$command" >/dev/null 2>&1
	rt-run --id other -- true
	run -0 sleeping
	run -0 jq -c '.resources | [.source, .user_ms + .system_ms > 300]' "$RT_RUNS_DIR/r/status.json"
	[ "$output" = '["cgroup",true]' ]
	[ "$(jq -r .resources.source "$RT_RUNS_DIR/other/status.json")" = rusage ]
	rm "$RT_RUNS_DIR/r/status.json"
	[ "$(rt-status --json r | jq -r .resources.source)" = cgroup ]
}

@test "a run with a supervisor ends with its command, whatever a script says" {
	run -0 rt-run --id a -- sh -c 'rt-run finish --status failed 2>&1 || echo "refused with $?"'
	[[ $output == *'run "a" ends with its command'*'refused with 3' ]]
	[ "$(jq -r .status "$RT_RUNS_DIR/a/status.json")" = completed ]
}

@test "a run whose command has ended is not for others to end, as long as that is not recorded" {
	start_run 'echo up; sleep '"$NAP"'; :'
	exec 9>>"$RT_RUNS_DIR/r/events.jsonl"
	flock 9
	pkill -xf "sleep $NAP"
	wait_for 10 sh -c '! pgrep -P "$1"' - $! 9>&-
	RT_LOCK_TIMEOUT=1ms run -3 rt-run finish --status failed r 9>&-
	[[ $output == *'run "r" ends with its command'* ]]
	RT_LOCK_TIMEOUT=1ms run -124 rt-run cancel --timeout 100ms r 9>&-
	exec 9>&-
	code_of $!
	[ "$(cat code)" = 0 ]
	[ "$(status_of r .status)" = completed ]
	run -3 rt-run cancel r
	[[ $output == *'run "r" is completed'* ]]
}

@test "who is to be told of a cancelled run is told of one without a supervisor, too" {
	rt-run start --id a >/dev/null
	RT_NOTIFY_ON=cancelled RT_NOTIFY_CMD='echo "$RT_STATUS" >told' rt-run cancel a
	[ "$(cat told)" = cancelled ]
}
