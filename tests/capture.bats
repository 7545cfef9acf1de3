#!/usr/bin/env bats
# What becomes of a command's output under rt-run: passed on as it is written,
# captured, rotated, masked, held back, made events of.

load helper

teardown() {
	local pid

	for pid in ${mine-}; do kill -KILL "$pid" 2>/dev/null || true; done
}

# The text of a captured log: captured RUN FILE [stdout|stderr]
captured() {
	sed -nE "s/^[^ ]+ (${3-stdout|stderr}) [FP] //p" "$RT_RUNS_DIR/$1/logs/$2"
}

# How a command ended, as wait(2) has it: "exit 3" or "signal 15".
ended() {
	perl -e 'my $s = system { $ARGV[0] } @ARGV;
		print $s & 127 ? "signal " . ($s & 127) : "exit " . ($s >> 8), "\n"' "$@" 2>/dev/null
}

# Fields of a run's events: events RUN JQ-FILTER
events() {
	jq -c "$2" "$RT_RUNS_DIR/$1/events.jsonl"
}

@test "a byte is passed on when it is written, whatever follows" {
	mkfifo pipe
	rt-run --id a -- sh -c 'printf x; until [ -e go ]; do sleep 0.05; done; echo y' >pipe 3>&- &
	mine=$!
	exec 8<pipe
	[ "$(head -c 1 <&8)" = x ]
	touch go
	[ "$(cat <&8)" = y ]
	exec 8<&-
	wait "$mine"
	[ "$(rt-tail a --logs -o raw)" = xy ]
}

@test "much output that has no line ends: whole, in little memory" {
	head -c 30000000 /dev/urandom | tr -d '\n@' >big # @: nor a URL with a user
	cat >script <<-'END'
		cat big
		grep VmHWM "/proc/$PPID/status" >memory
	END
	rt-run --id a -- bash script >out
	cmp out big
	rt-tail a --logs -n all -o raw | cmp - big
	[ "$(awk '/F$|P / { next } length($0) > 20000' "$RT_RUNS_DIR/a/logs/run.log" | wc -l)" -eq 0 ]
	[ -n "${RT_SANITIZE-}" ] || [ "$(awk '{ print $2 }' memory)" -lt 16000 ]
}

@test "a slow reader holds the command up, one who goes away ends it" {
	mkfifo pipe
	# more than our pipes and a reader's hold together
	rt-run --id a -- sh -c 'head -c 3000000 /dev/zero; touch done' >pipe 3>&- &
	mine=$!
	exec 8<pipe
	[ "$(head -c 10 <&8 | wc -c)" -eq 10 ]
	run -1 wait_for 1 test -e done
	[ "$(cat <&8 | wc -c)" -gt 2900000 ]
	wait "$mine"
	[ -e done ]
	exec 8<&-
	rt-run -- sh -c 'yes; echo $? >code' | head -n 1
	[ "$(cat code)" -eq 141 ]
}

@test "a timeout does not wait for a slow reader, who gets all of it" {
	mkfifo out
	(until [ -e over ]; do sleep 0.05; done; cat) <out >got 3>&- &
	code=0
	timeout -s KILL 20 rt-run --id a --timeout 300ms -- yes >out 2>err || code=$?
	touch over
	[ "$code" = 124 ]
	wait
	[ -s got ]
	wait_for 10 sh -c 'rt-tail --logs a -n all -o raw | cmp -s - got'
}

@test "logs are rotated, and read as one" {
	seq -f 'line %g' 20000 >lines
	RT_LOG_MAX_SIZE=100k RT_LOG_BACKUPS=20 rt-run --id a -- cat lines >out
	cmp out lines
	for file in "$RT_RUNS_DIR"/a/logs/run.log*; do
		[ "$(stat -c %s "$file")" -le 102400 ]
		[ "$(grep -cvE '^[^ ]{30} stdout F line [0-9]+$' "$file")" -eq 0 ]
	done
	[ "$(find "$RT_RUNS_DIR/a/logs" -name 'run.log*' | wc -l)" -ge 10 ]
	[ "$(captured a run.log.1 | tail -n 1)" != 'line 20000' ]
	[ "$(captured a run.log | tail -n 1)" = 'line 20000' ]
	rt-tail a --logs -n all -o raw | cmp - lines
	rt-tail a --logs -n 15000 -o raw | cmp - <(tail -n 15000 lines)
	# the oldest go, also those of a step
	RT_LOG_MAX_SIZE=100K rt-run --id b -- rt-run step -- cat lines >out
	cmp out lines
	[ "$(find "$RT_RUNS_DIR/b/logs/step_001" -type f | wc -l)" -eq 6 ]
	rt-tail b --logs -n all -o raw | cmp - <(tail -n "$(rt-tail b --logs -n all -o raw | wc -l)" lines)
	RT_LOG_MAX_SIZE=100K RT_LOG_BACKUPS=0 rt-run --id c -- cat lines >out
	[ "$(find "$RT_RUNS_DIR/c/logs" -type f | wc -l)" -eq 1 ]
	[ "$(captured c run.log | tail -n 1)" = 'line 20000' ]
}

@test "a rotated log is followed" {
	cat >script <<-'END'
		for i in $(seq 3000); do echo "line $i"; done
		until [ -e go ]; do sleep 0.05; done
		for i in $(seq 3001 6000); do echo "line $i"; done
	END
	RT_LOG_MAX_SIZE=20K RT_LOG_BACKUPS=50 rt-run --id a -- bash script >out 3>&- &
	mine=$!
	wait_for 10 grep -q 'line 3000' out
	rt-tail a --logs -f -n all -o raw >followed 3>&- &
	mine="$mine $!"
	wait_for 10 grep -q 'line 3000' followed
	touch go
	wait_for 20 grep -q 'line 6000' followed
	cmp followed <(seq -f 'line %g' 6000)
}

@test "sizes that are none are said, and a name that is taken is" {
	run -0 --separate-stderr env RT_LOG_MAX_SIZE=10X RT_LOG_BACKUPS=many rt-run --id a -- echo hello
	[ "$output" = hello ]
	[ "$stderr" = 'rt-run: RT_LOG_MAX_SIZE=10X is no size (10M, 1G): logs are not rotated
rt-run: RT_LOG_BACKUPS=many is no number from 0 to 999: 5 it is' ]
	cat >script <<-'END'
		mkdir "$RT_RUN/logs/run.log.1"
		seq 1000
	END
	RT_LOG_MAX_SIZE=10K RT_LOG_BACKUPS=1 rt-run --id b -- sh script >out 2>err
	cmp out <(seq 1000)
	[ "$(cat err)" = 'rt-run: "run.log" is no longer rotated: Is a directory' ]
	[ "$(captured b run.log | wc -l)" -eq 1000 ]
}

@test "--output: passed on, kept, both, neither" {
	cat >script <<-'END'
		echo out
		echo err >&2
		rt-run step -- sh -c 'echo step; echo steperr >&2'
		exit "$1"
	END
	for code in 0 3; do
		for mode in both log failed none; do
			id=$mode-$code
			run "-$code" --separate-stderr rt-run --id "$id" --output="$mode" -- bash script "$code"
			case $id in
			both-* | failed-3)
				[ "$output" = $'out\nstep' ]
				[ "$stderr" = $'err\nsteperr' ]
				;;
			*) [ -z "$output$stderr" ] ;;
			esac
			case $mode in
			none) [ ! -e "$RT_RUNS_DIR/$id/logs/run.log" ] ;;
			*) [ "$(captured "$id" run.log | sort | paste -sd' ')" = 'err out' ] ;;
			esac
			[ "$(captured "$id" step_001/output.log | sort | paste -sd' ')" = 'step steperr' ]
		done
	done
	run -125 rt-run --output=some -- true
}

@test "--output=failed: in order where both streams go to one place, unmasked, and as it ended" {
	cat >script <<-'END'
		echo "1 $MY_TOKEN"
		echo 2 >&2
		rt-run step -- sh -c 'echo 3; echo 4 >&2'
		echo 5
		kill -TERM $$
	END
	MY_TOKEN=sesame-open ended rt-run --id a --output=failed -- bash script >code
	[ "$(tail -n 1 code)" = 'signal 15' ]
	MY_TOKEN=sesame-open run -143 bash -c 'rt-run --id b --output=failed -- bash script 2>&1; exit $?'
	[ "$(head -n 5 <<<"$output" | paste -sd' ')" = '1 sesame-open 2 3 4 5' ]
	[ "$(captured b run.log stdout | head -n 1)" = '1 ***' ]
	# a step of its own, what was tried in vain, and files that cannot be made
	run -0 rt-run --id c -- rt-run step --output=failed -- echo quiet
	[ -z "$output" ]
	run -4 rt-run --id d -- rt-run step --output=failed -- sh -c 'echo loud; exit 4'
	[ "$output" = loud ]
	[ "$(captured d step_001/output.log)" = loud ]
	run -0 rt-run --output=failed --retries 1 --retry-delay 0 -- sh -c 'echo try; [ -e tried ] || { touch tried; exit 1; }'
	[ -z "$output" ]
	run -1 rt-run --output=failed -- sh -c 'head -c 300000 /dev/zero | tr "\0" x; exit 1'
	[ "${#output}" -eq 300000 ]
	rt-run --output=failed -- sh -c 'yes | head -n 100000; exit 1' | head -n 1 >first
	[ "$(cat first)" = y ]
}

@test "--output=failed with no room for all of it: what there is, and why it is no more" {
	export TMPDIR=$PWD
	run -3 --separate-stderr bash -c 'ulimit -f 4; exec rt-run step --output=failed -- sh -c "seq 100000; exit 3"'
	[ "$output" = "$(seq 100000 | head -c 4096)" ]
	[ "$stderr" = "rt-run step: standard output is no longer held back: cannot write a file in \"$PWD\": File too large" ]
}

@test "--output without a log: nothing is lost, and what is not wanted is not shown" {
	for how in "-d /proc/nowhere" step; do
		for code in 0 3; do
			for mode in both log failed none; do
				# shellcheck disable=SC2086 # words
				run "-$code" --separate-stderr rt-run $how -q --output="$mode" -- \
					sh -c 'echo out; echo err >&2; exit "$1"' sh "$code"
				case $mode-$code in
				both-* | log-* | failed-3) [ "$output $stderr" = "out err" ] ;;
				*) [ -z "$output$stderr" ] ;;
				esac
			done
		done
	done
	run -0 rt-run step --output=failed --skip-if 'echo asked' -- false
	[ -z "$output" ]
	run -0 --separate-stderr rt-run --id a -- sh -c 'rm -rf "$RT_RUN/logs"; : >"$RT_RUN/logs"
		rt-run step --output=log -- echo hello'
	[ "$output" = hello ]
	# a log that cannot be opened, in a run that is recorded
	run -0 --separate-stderr rt-run --id b -- rt-run step --output=log --skip-if 'cd "$RT_RUN/logs/step_001" &&
		rm output.log && mkdir output.log && false' -- echo hello
	[ "$output" = hello ]
	[[ $stderr == *'output is not captured: cannot write'* ]]
}

@test "--annotations: lines of output become events" {
	cat >script <<-'END'
		echo '::rt stage=spec percent=10::begun'
		printf '::err'; sleep 0.3; printf 'or file=a.c,line=3,title=No::100%%25 wrong\r\n'
		echo '  ::warning::careful' >&2
		echo '::notice::for you'
		echo '::debug::details'
		echo '::group::Build'
		echo "text ::error::is none of it"
		echo '::endgroup::'
		echo '::set-output name=x::y'
		echo '::stop-commands::again'
		echo '::error::not meant'
		echo '::again::'
		echo '::rt type=run_failed::by whom'
		rt-run step --annotations inner -- printf '::error::in a step'
		rt-run step other -- echo '::error::not asked for'
	END
	RT_LEVEL=info rt-run --id a --annotations -- bash script >out 2>err
	[ "$(grep -c '^::' out)" -eq 12 ]
	[ "$(cat err)" = '  ::warning::careful' ]
	[ "$(captured a run.log stdout | grep -c '^::')" -eq 11 ]
	events a 'select(.type | test("^(run|step)_") | not) | [.type, .level, .stage, .percent, .message, .step_id, .metadata]' >got
	# the two streams have no order between them
	diff - <(grep -v careful got; grep careful got) <<-'END'
		["progress",null,"spec",10,"begun",null,null]
		["error","error",null,null,"100% wrong",null,{"file":"a.c","line":3,"title":"No"}]
		["info",null,null,null,"for you",null,null]
		["phase_started",null,"Build",null,"Phase Build started",null,null]
		["phase_completed",null,"Build",null,"Phase Build completed",null,null]
		["info",null,null,null,"by whom",null,{"type":"run_failed"}]
		["error","error","inner",null,"in a step","step_001",null]
		["warning","warning",null,null,"careful",null,null]
	END
	# what it is of is said as rt-emit says it
	rt-run --id c -- rt-run step --annotations --component adapter -- sh -c 'echo ::error::x; rt-emit -t error x'
	[ "$(events c 'select(.type == "error") | del(.ts)' | uniq | wc -l)" -eq 1 ]
	[ "$(wc -l <"$RT_RUNS_DIR/c/logs/step_001/adapter.log")" -ge 2 ]
	[ "$(jq .counts.errors "$RT_RUNS_DIR/a/status.json")" -eq 2 ]
	# nothing is asked for: nothing is done
	rt-run --id b -- echo ::error::x
	[ "$(events b 'select(.type == "error")')" = '' ]
}

@test "annotations that nobody has read yet when the command is ended" {
	cat >script <<-'END'
		head -c 100000 /dev/zero
		printf '\n::warning::one\n::warning::two'
		kill $PPID
		sleep 60
	END
	(
		rt-run --id a --annotations -- sh script || true
		touch over
	) | {
		wait_for 20 test -e over
		tail -n 2
	} >out
	[ "$(events a 'select(.type == "warning") | .message' | paste -sd' ')" = '"one" "two"' ]
	[ "$(cat out)" = $'::warning::one\n::warning::two' ]
}

@test "annotations that cannot be recorded: told once, and the command goes on" {
	cat >script <<-'END'
		rm -r "$RT_RUN"
		for i in 1 2 3; do echo "::error::$i"; sleep 0.1; done
		exit 3
	END
	run -3 --separate-stderr rt-run --id a --annotations -- bash script
	[ "$output" = $'::error::1\n::error::2\n::error::3' ]
	[ "$(grep -c 'annotations are no longer recorded' <<<"$stderr")" -eq 1 ]
}

@test "secrets: split, in argv, URLs and JSON; short ones mangle nothing" {
	export MY_TOKEN=sesame-open/1 A_PASSWORD='q"uo\te' TLS_KEY=$'-----BEGIN KEY-----\nMIIabcdefgh\n-----END KEY-----' X_KEY=abc
	cat >script <<-'END'
		printf 'one sesame-'; sleep 0.5; echo open/1
		head -c 65530 /dev/zero | tr '\0' x; echo sesame-open/1
		head -c 131066 /dev/zero | tr '\0' x; echo sesame-open/1
		echo 'git clone https://user:pass@example.com/x'
		printf 'db://me:word'; sleep 0.3; echo '@host'
		echo '{"t":"sesame-open\/1","u":"\u0073esame-open/1","p":"q\"uo\\te"}'
		printf '{"t":"sesame\\u002'; sleep 0.3; echo 'dopen/1"}'
		echo 'the abc of words, MIIabcdefgh'
	END
	rt-run --id a -- bash script sesame-open/1 https://u:p@host >out
	[ "$(grep -c sesame out)" -eq 5 ]
	rt-tail a --logs -o raw -n all | tr -s x >log
	diff - log <<-'END'
		one ***
		x***
		x***
		git clone https://***@example.com/x
		db://***@host
		{"t":"***","u":"***","p":"***"}
		{"t":"***"}
		the abc of words, ***
	END
	[ "$(jq -c .argv "$RT_RUNS_DIR/a/metadata.json")" = '["bash","script","***","https://***@host"]' ]
	run -1 grep -rE 'sesame|MIIabc|u:p@|user:pass|q..uo' "$RT_RUNS_DIR/a"
}

@test "what a command calls secret is masked in its log and its events from then on" {
	printf 'echo ::add-mask::open sesame\necho ::error::say open sesame\n' >script
	rt-run --id a --annotations -- sh script >out
	[ "$(tail -n 1 out)" = '::error::say open sesame' ]
	[ "$(events a 'select(.type == "error") | .message')" = '"say ***"' ]
	run -1 grep -r 'open sesame' "$RT_RUNS_DIR/a"
}

@test "--still-running says it while nothing is passed on" {
	cat >script <<-'END'
		rt-emit -s build starting
		until [ -e said ]; do sleep 0.05; done
	END
	rt-run --still-running 300ms -- bash script x y sesame-open >out 2>err 3>&- &
	mine=$!
	wait_for 10 grep -q 'still running' err
	touch said
	wait "$mine"
	[ ! -s out ]
	[[ "$(head -n 1 err)" =~ ^'rt-run: still running: bash script x y sesame-open ('.*', stage build, no output for '.*')'$ ]]
	# one who writes is not interrupted, as long as that is passed on
	rt-run --still-running 2s -- bash -c 'for i in $(seq 25); do echo $i; sleep 0.1; done' >out 2>err
	[ ! -s err ]
	rt-run --still-running 300ms --output=log -- bash -c 'for i in $(seq 10); do echo $i; sleep 0.1; done' >out 2>err
	grep -q 'still running: bash -c' err
	[ ! -s out ]
}
