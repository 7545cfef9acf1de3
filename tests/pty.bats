#!/usr/bin/env bats
# rt-run on a terminal: one of the command's own, job control, and --detach.

load helper

setup() {
	rt_setup
	command -v python3 >/dev/null || skip "python3 is not installed"
	needs_terminal
	naps 200000
	export PS1='# '
}

teardown() {
	end_naps
}

# A command as a person runs it: see terminal.py for the steps.
terminal() {
	timeout 120 python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&-
}

shell() {
	terminal "$@" $'send:exit 0\n' -- bash --norc --noprofile -i
}

log_of() {
	rt-tail --logs -o raw -n all "${1:-@latest}"
}

@test "on a terminal the command has one of its own: the same size and modes" {
	cat >look <<-'END'
		tty -s && echo yes
		test -t 1 && test -t 2 && echo yes
		stty size
		stty -g
		ls --color=auto -d /
	END
	terminal -- sh look >want
	terminal -- rt-run -- sh look >got
	cmp want got
	terminal -- rt-run --pty=never -- sh -c 'test -t 1 || echo no' | grep no
	[ "$(terminal -- sh -c 'tty; rt-run -- tty' | sort -u | grep -c /dev/)" = 2 ]
}

@test "the log has what was written, without the terminal's carriage returns" {
	terminal -- rt-run -- printf 'one\ntwo\r\n10%%\r20%%\rlast\r' >out
	[ "$(od -c <out)" = "$(printf 'one\r\ntwo\r\r\n10%%\r20%%\rlast\r' | od -c)" ]
	[ "$(log_of | od -c)" = "$(printf 'one\ntwo\r\n10%%\r20%%\rlast\r' | od -c)" ]
}

@test "a lot of output is whole" {
	seq 100000 >want
	terminal -- rt-run -- cat want | tr -d '\r' | cmp want -
	log_of | cmp want -
}

@test "exit codes and signals" {
	for code in 0 1 77 255; do
		run -$code terminal -- rt-run -- sh -c "exit $code"
	done
	for signal in INT TERM KILL SEGV; do
		want=0 got=0
		terminal -- sh -c "kill -$signal \$\$" || want=$?
		terminal -- rt-run -- sh -c "kill -$signal \$\$" || got=$?
		[ "$want" = "$got" ]
	done
	run -127 terminal -- rt-run -- no-such-command
	[[ $output == *'cannot execute "no-such-command": No such file'* ]]
	run -126 terminal -- rt-run -- /
}

@test "standard error that is no terminal stays a stream of its own" {
	terminal -- sh -c 'rt-run -- sh -c "echo out; echo err >&2; test -t 2 || echo pipe" 2>err' >out
	[ "$(tr -d '\r' <out)" = $'out\npipe' ]
	[ "$(cat err)" = err ]
	grep -q 'stderr F err' "$RT_RUNS_DIR"/*/logs/run.log
}

@test "what is typed reaches the command; a password is not shown" {
	terminal expect:name: $'send:bob\n' expect:password: noecho $'send:geheim\n' expect:done -- \
		rt-run -- bash -c 'read -rp name: n; read -rsp password: p </dev/tty; echo; echo "<$n><$p>" >read; echo done' >out
	[ "$(cat read)" = "<bob><geheim>" ]
	[ "$(grep -c bob out)" = 1 ]
	[ "$(grep -c geheim out)" = 0 ]
}

@test "end of input is typed, too" {
	terminal expect:up $'send:one\n\x04' -- rt-run -- sh -c 'echo up; cat >read; echo end' >out
	[ "$(cat read)" = one ]
	grep -q end out
}

@test "Ctrl-C ends the command, and the loop around it" {
	run -130 terminal expect:up $'send:\x03' -- \
		bash -c 'while :; do rt-run -- sh -c "echo up; exec sleep '"$NAP"'"; done; echo not here'
	[[ $output != *"not here"* ]]
	nobody_sleeps
	[ "$(status_of @latest '.status + ": " + .error')" = "cancelled: killed by SIGINT" ]
}

@test "Ctrl-C in a step inside ends the loop as well" {
	run -130 terminal expect:up raw sleep:0.3 $'send:\x03' -- \
		bash -c 'while :; do rt-run -- sh -c "rt-run step s -- sh -c \"echo up; exec sleep '"$NAP"'\"; echo not here"; done'
	[[ $output != *"not here"* ]]
	[ "$(status_of @latest '.status + " " + .steps[0].status')" = "cancelled cancelled" ]
}

@test "Ctrl-C that the command handles is its own business, and the shell goes on" {
	run -0 terminal expect:up $'send:\x03' -- \
		bash -c 'rt-run -- bash -c "trap \"echo int; exit 3\" INT; echo up; while :; do sleep 0.05; done"; echo "code $?"'
	[[ $output == *int* ]]
	[[ $output == *"code 3"* ]]
}

@test "a command that reads Ctrl-C as a character gets it as one" {
	cat >keys <<-'END'
		old=$(stty -g)
		stty raw -echo
		echo up
		key=$(dd bs=1 count=1 2>/dev/null | od -An -tx1)
		stty "$old"
		echo "key:$key"
	END
	terminal expect:up $'send:\x03' 'expect:key: 03' -- bash -c 'rt-run -- sh keys; echo after' >out
	grep -q after out
}

@test "the other key, and another key for it" {
	run -131 terminal expect:up $'send:\x1c' -- rt-run -- sh -c "ulimit -c 0; echo up; exec sleep $NAP"
	run -130 terminal expect:up $'send:\x02' -- rt-run -- sh -c "stty intr ^B; echo up; exec sleep $NAP"
	nobody_sleeps
}

@test "Ctrl-Z stops it as a job, and fg lets it go on" {
	shell 'expect:# ' $'send:rt-run -- sh -c "echo up; read x; echo got:\$x; exit 4"\n' expect:up raw \
		sleep:0.2 $'send:\x1a' expect:Stopped 'expect:# ' \
		$'send:jobs\n' expect:Stopped 'expect:# ' \
		$'send:fg\n' expect:rt-run raw sleep:0.3 $'send:hello\n' expect:got:hello 'expect:# ' \
		$'send:echo code $?\n' 'expect:code 4'
	[ "$(status_of @latest '.status + ": " + .error')" = "failed: exit code 4" ]
}

@test "bg lets it go on and leaves the terminal to the shell, fg gives it back" {
	mkfifo go
	shell 'expect:# ' \
		$'send:rt-run -- sh -c "echo up; read y; read z <go; echo gone; read x; echo got:\$x"\n' \
		expect:up raw sleep:0.2 $'send:\n' sleep:0.2 $'send:\x1a' expect:Stopped 'expect:# ' \
		$'send:bg\n' 'expect:# ' $'send:echo he""re; echo >go\n' expect:here expect:gone \
		$'send:fg\n' expect:rt-run raw sleep:0.3 $'send:hello\n' expect:got:hello 'expect:# '
}

@test "Ctrl-Z stops a step and the script around it" {
	shell 'expect:# ' \
		$'send:rt-run -- sh -c "rt-run step s -- sh -c \\"echo up; read x; echo got\\"; echo after"\n' \
		expect:up raw sleep:0.3 $'send:\x1a' expect:Stopped 'expect:# ' \
		$'send:fg\n' expect:rt-run raw sleep:0.5 $'send:\n' expect:got expect:after 'expect:# '
	[ "$(status_of @latest '.status + " " + .steps[0].status')" = "completed success" ]
}

@test "where nobody could let it go on, Ctrl-Z does nothing" {
	run -0 terminal expect:up sleep:0.2 $'send:\x1a' sleep:0.2 $'send:\n' expect:got -- \
		rt-run -- sh -c 'echo up; read x; echo got'
}

@test "jobs of a shell inside are its own" {
	run -7 terminal 'expect:# ' $'send:sleep '"$NAP"$'\n' sleep:0.3 $'send:\x1a' expect:Stopped \
		$'send:fg\n' 'expect:sleep' sleep:0.3 $'send:\x03' 'expect:# ' \
		$'send:echo code $?\n' 'expect:code 130' $'send:exit 7\n' -- \
		rt-run -- bash --norc --noprofile -i
	[ "$(status_of @latest .error)" = "exit code 7" ]
	nobody_sleeps
}

@test "another size is followed" {
	terminal expect:up raw size:33x99 'expect:33 99' -- \
		rt-run -- bash -c 'trap "stty size; exit" WINCH; echo up; while :; do sleep 0.05; done'
}

@test "the terminal is left as the command leaves it, or as it was" {
	terminal -- bash -c '
		want=$(stty -g)
		rt-run -- bash -c "stty raw -echo; stty $want; exit 3"
		rt-run -- bash -c "stty raw -echo; kill -KILL \$\$" 2>/dev/null
		rt-run --timeout 200ms -- bash -c "stty raw -echo; sleep '"$NAP"'"
		rt-run -- no-such-command
		[ "$(stty -g)" = "$want" ] || exit 1
		rt-run -- stty -echo
		stty -a | grep -q -- "-echo " || exit 1'
}

@test "TERM to rt-run leaves the terminal as it was" {
	terminal expect:up raw expect:143 -- bash -c '
		want=$(stty -g)
		(while ! pid=$(jq -e .owner.pid "$RT_RUNS_DIR"/a/status.json) || [ ! -e up ]; do sleep 0.05; done
			kill -TERM "$pid") 2>/dev/null &
		rt-run --id a -- sh -c "touch up; echo up; exec sleep '"$NAP"'"
		echo $?
		[ "$(stty -g)" = "$want" ]'
	nobody_sleeps
}

@test "what is left in the background keeps its terminal" {
	terminal -- bash -c '
		rt-run --id a -- sh -c "{ until [ -e over ]; do sleep 0.05; done
			tty <&1; echo late; touch done; sleep 0.2; } & echo front"
		touch over
		until [ -e done ]; do sleep 0.05; done
		sleep 0.5' >out
	grep -q late out
	grep -q /dev/ out
	[[ $(log_of a) == front*late ]]
	run ! grep -q $'\r\r' out
	wait_for 10 sh -c '! pgrep -f "^rt-run --id a"'
}

@test "who is left in the background is named, the terminal's keeper is not" {
	terminal -- bash -c 'rt-run --id a -- sh -c "sleep '"$NAP"' </dev/null >/dev/null 2>&1 & echo \$! >pid
		until [ \"\$(ps -o comm= -p \$!)\" = sleep ]; do :; done"'
	run -0 rt-query --type info --format '{message}' -r a
	[ "$output" = "left in the background: sleep ($(cat pid))" ]
}

@test "limits of time, retries and --kill-orphans" {
	run -124 terminal -- rt-run --timeout 300ms --kill-after 200ms -- \
		sh -c 'trap "" TERM; (trap "" TERM; sleep '"$NAP"'; :) & sleep '"$NAP"'; :'
	nobody_sleeps
	run -3 terminal -- rt-run --retries 2 --retry-delay 1ms -- sh -c 'test -t 0 && echo try; exit 3'
	[ "$(grep -c try <<<"$output")" = 3 ]
	run -0 terminal -- rt-run --kill-orphans -- sh -c "sleep $NAP & :"
	nobody_sleeps
}

@test "a step writes to its own log, and to the terminal once" {
	terminal -- rt-run --id a -- sh -c 'echo one
		rt-run step s -- sh -c "test -t 1 && echo two"
		rt-run step t -- sh -c "echo three; echo four >&2" </dev/null
		rt-run step --pty=never u -- echo five
		echo six' >out
	[ "$(od -c <out)" = "$(printf '%s\r\n' one two three four five six | od -c)" ]
	sed -E 's/^[^ ]+ //' "$RT_RUNS_DIR"/a/logs/run.log >got
	[ "$(cat got)" = $'stdout F one\nstdout F six' ]
	[ "$(sed -E 's/^[^ ]+ //' "$RT_RUNS_DIR"/a/logs/step_001/output.log)" = 'stdout F two' ]
	[ "$(sed -E 's/^[^ ]+ //' "$RT_RUNS_DIR"/a/logs/step_002/output.log)" = $'stdout F three\nstderr F four' ]
	[ "$(sed -E 's/^[^ ]+ //' "$RT_RUNS_DIR"/a/logs/step_003/output.log)" = 'stdout F five' ]
}

@test "a command whose terminal goes away is hung up" {
	terminal expect:up hangup -- rt-run --id a -- sh -c 'echo up; sleep '"$NAP" || [ $? = 129 ]
	wait_for 10 nobody_sleeps
	wait_for 10 sh -c 'rt-status a --json | jq -e ".error == \"killed by SIGHUP\""'
}

@test "a command whose rt-run is killed loses its terminal and is hung up, stopped or not" {
	for stop in 0 STOP; do
		rt-run --pty=always -- sh -c 'trap "touch hung; exit" HUP; sleep '"$NAP"' & wait' </dev/null >/dev/null 2>&1 3>&- &
		wait_for 10 sleeping
		pkill -"$stop" -f "^sh -c trap .*sleep $NAP"
		kill -KILL $!
		wait_for 10 test -e hung
		rm hung
		end_naps
	done
}

@test "whoever stops the terminal's keeper does not hold rt-run up" {
	# it may have told how the start went by then, or not
	for _ in {1..20}; do
		code=0
		timeout -s KILL 20 rt-run --pty=always -- \
			sh -c 'echo "$PPID" >keeper; kill -STOP "$PPID"; exit 3' \
			</dev/null >out 2>err 3>&- || code=$?
		[ "$code" != 137 ] || kill -KILL "$(cat keeper)"
		[ "$code" = 3 ]
	done
}

@test "--pty=always without a terminal: input is typed, output is as it was written" {
	printf 'a\nb' | rt-run --pty=always -- sh -c 'test -t 0 && test -t 1 && cat; echo; stty size; echo err >&2' >out 2>err
	[ "$(cat out)" = $'a\nb\n24 80' ]
	[ "$(cat err)" = err ]
	run -0 timeout 20 rt-run --pty=always -- cat </dev/null
	[ -z "$output" ]
	run -0 timeout 20 sh -c 'rt-run --pty=always -- cat <&-'
	seq 20000 >want
	timeout 60 rt-run --pty=always -- cat <want | cmp want -
	timeout 60 rt-run --pty=always -- sh -c 'sleep 0.2; cat' <want | cmp want -
	log_of | cmp want -
	run -3 timeout 20 rt-run --pty=always --retries 1 --retry-delay 1ms -- sh -c 'cat; exit 3' </dev/null
}

@test "without a terminal there is none by itself" {
	rt-run -- sh -c 'test -t 1 || echo no' >out </dev/null
	[ "$(cat out)" = no ]
	terminal -- sh -c 'rt-run -- sh -c "test -t 1 || echo no" | cat' | grep no
	terminal -- sh -c 'echo | rt-run -- sh -c "test -t 1 || echo no"' | grep no
	run -125 rt-run --pty=sometimes -- true
	[[ $output == *'bad --pty "sometimes": one of auto, always, never'* ]]
}

@test "without one of its own: Ctrl-C, and Ctrl-Z, fg" {
	run -130 terminal expect:up $'send:\x03' -- \
		bash -c 'while :; do rt-run --pty=never -- sh -c "echo up; exec sleep '"$NAP"'"; done'
	nobody_sleeps
	shell 'expect:# ' $'send:rt-run -- sh -c "echo up; read x; echo got:\$x" | cat\n' expect:up \
		sleep:0.2 $'send:\x1a' expect:Stopped 'expect:# ' \
		$'send:fg\n' expect:rt-run sleep:0.3 $'send:hello\n' expect:got:hello 'expect:# '
}

@test "without one of its own: a job in the background that reads is stopped" {
	shell 'expect:# ' $'send:rt-run -- sh -c "read x; echo got:\$x" &\n' 'expect:# ' sleep:0.5 $'send:\n' \
		expect:Stopped 'expect:# ' $'send:fg\n' expect:rt-run sleep:0.3 $'send:hello\n' \
		expect:got:hello 'expect:# '
}

@test "--detach prints the run's id and goes on without the terminal" {
	terminal -- bash -c 'id=$(rt-run --detach -- sh -c "ps -o tty= -p \$\$; cat
		until [ -e go ]; do sleep 0.05; done; echo done; exit 3"); echo "$? $id" >said'
	id=$(cut -d' ' -f2 said)
	[ "$(cut -d' ' -f1 said)" = 0 ]
	[ "$(status_of "$id" .status)" = running ]
	touch go
	rt-tail -f "$id" --logs -o raw >out
	[ "$(cat out)" = $'?\ndone' ]
	[ "$(status_of "$id" .error)" = "exit code 3" ]
}

@test "--detach: who waits for its output does not wait for the command" {
	run -0 timeout 20 rt-run --detach --id a -- sh -c "echo out; echo err >&2; sleep $NAP"
	[ "$output" = a ]
	wait_for 10 sh -c 'rt-tail --logs a -o raw | grep -q err'
	kill -TERM "$(status_of a .owner.pid)"
	wait_for 10 nobody_sleeps
	wait_for 10 sh -c 'rt-status a --json | jq -e ".status == \"cancelled\""'
}

@test "--detach: signals are what they would be" {
	want=$(bash -c 'trap "" USR1; grep SigIgn /proc/self/status')
	bash -c 'trap "" USR1; rt-run --detach --id a -- grep SigIgn /proc/self/status'
	wait_for 10 sh -c 'rt-status a --json | jq -e ".status == \"completed\""'
	[ "$(log_of a)" = "$want" ]
}

@test "--detach: what cannot be recorded or started says so, and nothing is left" {
	run -127 rt-run --detach --id a -- no-such-command
	[ "$output" = 'rt-run: cannot execute "no-such-command": No such file or directory' ]
	[ "$(status_of a .status)" = failed ]
	run -126 rt-run --detach -- /
	run -125 rt-run --detach --id a -- touch ran
	[[ $output == *exists* ]]
	run -125 rt-run --detach -d /proc/nowhere -- touch ran
	[[ $output == *"not recorded, so not run"* ]]
	run -125 rt-run --detach --join --id a -- touch ran
	[ ! -e ran ]
}

@test "--detach: where the id cannot be printed, a message says which run goes on" {
	run -3 sh -c 'rt-run --detach --id a -- sleep '"$NAP"' >/dev/full'
	[[ $output == *'No space left on device'* && $output == *'run "a" goes on all the same' ]]
	[ "$(status_of a .status)" = running ]
	rt-run cancel a
	nobody_sleeps
}

@test "a run on a terminal is paused and goes on, its steps too" {
	terminal expect:up raw sleep:0.3 expect:resumed $'send:hello\n' expect:got:hello expect:after -- bash -c '
		(until [ -e up ]; do sleep 0.05; done
			for i in 1 2 3; do rt-run pause a && rt-run resume a || exit; done >said
			echo resumed) &
		rt-run --id a -- sh -c "rt-run step s -- sh -c \"echo up; touch up; read x; echo got:\\\$x\"; echo after"
		wait'
	[ "$(status_of a '.status + " " + .steps[0].status')" = "completed success" ]
}
