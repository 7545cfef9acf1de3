#!/usr/bin/env bats
# rt-run: a command behaves under it as without it, and what is recorded of it;
# runs of a script's own (start, finish), steps, and what happens when recording
# does not work.

load helper

teardown() {
	local pid

	for pid in ${mine-}; do kill -KILL "$pid" 2>/dev/null || true; done
}

# What status.json of a run says at a jq path: status RUN PATH
status() {
	jq -c "$2" "$RT_RUNS_DIR/$1/status.json"
}

metadata() {
	jq -c "$2" "$RT_RUNS_DIR/$1/metadata.json"
}

# The types of a run's events.
types() {
	jq -r .type "$RT_RUNS_DIR/$1/events.jsonl" | paste -sd' '
}

# The text of a captured log: captured RUN FILE [stdout|stderr]
captured() {
	sed -nE "s/^[^ ]+ (${3-stdout|stderr}) [FP] //p" "$RT_RUNS_DIR/$1/logs/$2"
}

# The only run there is.
only() {
	local runs=("$RT_RUNS_DIR"/*/)

	[ "${#runs[@]}" -eq 1 ] && basename "${runs[0]}"
}

# How a command ended, as wait(2) has it: "exit 3" or "signal 15".
ended() {
	perl -e 'my $s = system { $ARGV[0] } @ARGV;
		print $s & 127 ? "signal " . ($s & 127) : "exit " . ($s >> 8), "\n"' "$@" 2>/dev/null
}

# As a user who may not write what is root's, a mount namespace of one's own.
new_mounts() {
	if [ "$(id -u)" = 0 ]; then unshare -m "$@"; else unshare -rm "$@"; fi
}

can_mount() {
	mkdir -p probe && new_mounts mount -t tmpfs none probe 2>/dev/null
}

@test "output passes through unchanged, and is captured" {
	head -c 300000 /dev/urandom >out.bin
	head -c 100000 /dev/urandom >err.bin
	rt-run --id a -- sh -c 'cat out.bin; cat err.bin >&2' >out 2>err
	cmp out out.bin
	cmp err err.bin
	rt-run --id b -- cat out.bin >out
	rt-tail b --logs -o raw -n all | cmp out.bin -
	rt-run --id c -- sh -c 'cat err.bin >&2' 2>err
	rt-tail c --logs -o raw -n all | cmp err.bin -
	rt-run --id d -- sh -c 'echo one; printf "\ntwo\r\nno end"' >out
	[ "$(cat out && echo .)" = $'one\n\ntwo\r\nno end.' ]
	[ "$(captured d run.log)" = $'one\n\ntwo\r\nno end' ]
	[ "$(rt-tail d --logs -o raw && echo .)" = $'one\n\ntwo\r\nno end.' ]
}

@test "a lot of output" {
	seq 2000000 >want
	rt-run --id a -- cat want >got
	cmp want got
	rt-tail a --logs -o raw -n all | cmp want -
	head -c 5000000 /dev/zero | tr '\0' x >want
	rt-run --id b -- cat want >got
	cmp want got
	rt-tail b --logs -o raw -n all | cmp want -
	awk 'length > 16450 { exit 1 }' "$RT_RUNS_DIR/b/logs/run.log"
}

@test "standard input, arguments, directory and environment are the command's" {
	[ "$(echo hello | rt-run -- cat)" = hello ]
	[ "$(rt-run -- printf '<%s>' a '' 'b c' --name -x '*')" = '<a><><b c><--name><-x><*>' ]
	[ "$(rt-run -- pwd)" = "$PWD" ]
	[ "$(X='a b' rt-run -- sh -c 'echo "$X"')" = 'a b' ]
	[ "$(rt-run -- sh -c 'echo "$#:$0:$1"' zero one)" = '1:zero:one' ]
}

@test "the command's descriptors, signals and umask are what they would be without" {
	cat >look <<-'END'
		ls /proc/self/fd | wc -l
		grep -E '^Sig(Blk|Ign)' /proc/self/status
		umask
	END
	for setup in : "trap '' HUP USR1" "trap '' PIPE" "exec 7</dev/null" "umask 077"; do
		bash -c "$setup; sh look" 3>&- 2>&1 | cat >want
		bash -c "$setup; rt-run -- sh look" 3>&- 2>&1 | cat >got
		diff want got
	done
}

@test "exit codes" {
	for code in 0 1 2 3 77 124 125 126 127 128 130 143 254 255; do
		run -$code rt-run --id "c$code" -- sh -c "exit $code"
		[ -z "$output" ]
		[ "$(status "c$code" .exit_code)" = "$code" ]
	done
	[ "$(status c0 '[.status, .error]')" = '["completed",null]' ]
	[ "$(status c3 '[.status, .error]')" = '["failed","exit code 3"]' ]
	[ "$(types c0)" = 'run_started run_completed' ]
	[ "$(types c3)" = 'run_started run_failed' ]
	[ "$(tail -n 1 "$RT_RUNS_DIR/c3/events.jsonl" | jq -c '[.level, .message, .error, .metadata.exit_code]')" = \
		'["error","Run failed: exit code 3","exit code 3",3]' ]
}

@test "death by a signal" {
	for signal in HUP INT QUIT ABRT KILL USR1 SEGV USR2 PIPE ALRM TERM; do
		[ "$(ended rt-run --id "s$signal" -- sh -c "kill -$signal \$\$")" = \
			"$(ended sh -c "kill -$signal \$\$")" ]
		[ "$(status "s$signal" '[.status, .error, .exit_code]')" = "[\"failed\",\"killed by SIG$signal\",null]" ]
	done
	[ "$(status sKILL .signal)" = 9 ]
	[ "$(ended rt-run --id s40 -- sh -c 'kill -40 $$')" = 'signal 40' ]
	[ "$(status s40 .error)" = '"killed by signal 40"' ]
}

@test "a signal to rt-run reaches the command; a run that ends of it is cancelled" {
	rt-run --id a -- sleep 60 3>&- &
	mine=$!
	wait_for 10 test -e "$RT_RUNS_DIR/a/logs/run.log"
	wait_for 10 pgrep -P $! -x sleep
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" -eq 143 ]
	[ "$(status a '[.status, .error, .signal]')" = '["cancelled","killed by SIGTERM",15]' ]
	[ "$(types a)" = 'run_started run_cancelled' ]
	# one that it handles is its own business
	rt-run --id b -- bash -c 'trap "echo got it; exit 5" TERM; echo up; while :; do sleep 0.05; done' >out 3>&- &
	mine="$mine $!"
	wait_for 10 grep -q up out
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" -eq 5 ]
	[ "$(cat out)" = $'up\ngot it' ]
	[ "$(status b '[.status, .exit_code]')" = '["failed",5]' ]
}

@test "a signal reaches a command whose output nobody takes" {
	mkfifo pipe
	exec 8<>pipe
	rt-run --id a -- yes >pipe 3>&- 8>&- &
	mine=$!
	wait_for 10 grep -q y "$RT_RUNS_DIR/a/logs/run.log"
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" -eq 143 ]
	[ "$(status a .status)" = '"cancelled"' ]
}

@test "a step that is ended by a signal is cancelled" {
	rt-run start --id a >/dev/null
	rt-run step -r a s -- sleep 60 3>&- &
	mine=$!
	wait_for 10 pgrep -P $! -x sleep
	kill -INT $! # ignored: it is in the background
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" -eq 143 ]
	[ "$(status a '[.status, .steps[0].status]')" = '["running","cancelled"]' ]
}

@test "children that are ignored, and standard output that cannot be written" {
	ignoring() { perl -e '$SIG{CHLD} = "IGNORE"; exec { $ARGV[0] } @ARGV' "$@"; }
	run -3 timeout 20 perl -e '$SIG{CHLD} = "IGNORE"; exec { $ARGV[0] } @ARGV' rt-run -- sh -c 'exit 3'
	[ "$(ignoring rt-run -- grep SigIgn /proc/self/status)" = "$(ignoring grep SigIgn /proc/self/status)" ]
	run -4 bash -c 'rt-run --id full -- sh -c "echo one; echo two; exit 4" >/dev/full'
	[ "$output" = 'rt-run: cannot write standard output: No space left on device; the output is still captured' ]
	[ "$(captured full run.log)" = $'one\ntwo' ]
}

@test "125, 126 and 127" {
	run -127 rt-run --id a -- no-such-command
	[ "$output" = 'rt-run: cannot execute "no-such-command": No such file or directory' ]
	[ "$(status a '[.status, .exit_code, .error]')" = '["failed",127,"cannot execute no-such-command"]' ]
	run -127 rt-run -- /no/such/command
	touch plain
	run -126 rt-run -- ./plain
	[ "$output" = 'rt-run: cannot execute "./plain": Permission denied' ]
	run -126 rt-run -- /
	printf 'echo a script without a first line\n' >script
	chmod +x script
	run -0 rt-run -- ./script
	[ "$output" = 'a script without a first line' ]
	run -125 rt-run
	[ "$output" = $'rt-run: no command: rt-run [options] -- COMMAND\ntry "rt-run --help"' ]
	run -125 rt-run --
	run -125 rt-run true
	[ "${lines[0]}" = 'rt-run: "true" is no command of rt-run (to run a program: rt-run -- true)' ]
	run -125 rt-run --nope -- true
	run -125 rt-run step x
	[ "${lines[0]}" = 'rt-run step: no command: rt-run step [NAME] -- COMMAND' ]
	run -125 rt-run step a b -- true
	[ "${lines[0]}" = 'rt-run step: "b": a step has one name; put the command behind "--"' ]
	run -125 rt-run --label x -- true
	[ "${lines[0]}" = 'rt-run: bad --label "x": KEY=VALUE' ]
	run -125 rt-run --join -- true
	[ "${lines[0]}" = 'rt-run: --join wants to know which run: give --id' ]
	run -125 rt-run -n x start
	[ "${lines[0]}" = 'rt-run: put the command first: rt-run start [options]' ]
	run -125 rt-run -r x -- true
	[ "${lines[0]}" = 'rt-run: -r is for a step of that run: rt-run step -r x -- true' ]
}

@test "ids that are none" {
	bad() {
		run -125 rt-run --id "$1" -- touch ran
		[ "${lines[0]}" = "rt-run: $2" ]
		run -2 rt-run start --id "$1"
		[ "${lines[0]}" = "rt-run start: $2" ]
		run -125 rt-run -g "$1" -- touch ran
		[ "${lines[0]}" = "rt-run: ${2/run id/group}" ]
	}
	rule='use letters, digits, ".", "_" and "-", with a letter or digit first'
	for id in a/b ../x .. . -x .hidden 'a b' $'a\nb' 'é' '*'; do
		shown=${id//$'\n'/\\n}
		bad "$id" "bad run id \"$shown\": $rule"
	done
	bad '' 'the run id is empty'
	bad INDEX.md 'bad run id "INDEX.md": rt uses that name itself'
	bad "$(printf 'x%.0s' {1..300})" \
		"bad run id \"$(printf 'x%.0s' {1..40})...\": 300 characters, at most 128 are allowed"
	run -0 rt-run --id "$(printf 'x%.0s' {1..128})" -- true
	[ ! -e ran ]
	[ "$(find "$RT_RUNS_DIR" -mindepth 1 -maxdepth 1 -type d ! -name .rt | wc -l)" -eq 1 ]
	[ "$(find . -maxdepth 1 -name x)" = '' ]
}

@test "a name that is taken" {
	rt-run --id a -- true
	run -125 rt-run --id a -- touch ran
	[ "$output" = 'rt-run: run "a" exists already (--join adds to a run that goes on)' ]
	run -3 rt-run start --id a
	[ "$output" = 'rt-run start: run "a" exists already (--join adds to a run that goes on)' ]
	run -125 rt-run -g a -- touch ran
	[ "$output" = 'rt-run: group "a" is a run already' ]
	[ ! -e ran ]
	[ "$(ls "$RT_RUNS_DIR/.rt")" = '' ]
}

@test "a run's files" {
	rt-run --id a -n 'a name' -g group -l team=core -l empty= -l team=tools -l 'k=a=b' --json-logs -- \
		sh -c 'rt-emit -s build hello; echo out'
	cd "$RT_RUNS_DIR/group/a"
	[ "$(find . -type f | sort | paste -sd' ')" = \
		'./events.jsonl ./logs.jsonl ./logs.txt ./logs/run.log ./metadata.json ./metrics.json ./status.json' ]
	jq -e --arg cwd "$BATS_TEST_TMPDIR" '.run_id == "a" and .name == "a name" and .group == "group" and
		.cwd == $cwd and .argv == ["sh", "-c", "rt-emit -s build hello; echo out"] and
		.labels == {team: "tools", empty: "", k: "a=b"} and (.host | length > 0) and
		(.uid | type == "number") and has("git") == false and has("ci") == false' metadata.json
	jq -e '.name == "a name" and .group == "group" and .status == "completed" and .exit_code == 0 and
		.counts == {events: 3, warnings: 0, errors: 0} and (.host | length > 0) and
		(.duration_ms | type == "number") and has("parent_run_id") == false' status.json
	[ "$(jq .created_at status.json)" = "$(jq .created_at metadata.json)" ]
	jq -e '.status == "completed"' metrics.json
	[ "$(jq -s -c 'map([.level, .msg])' logs.jsonl)" = \
		'[["INFO","Run started"],["INFO","[build] hello"],["INFO","Run completed"]]' ]
	[ "$(sed 's/^[^ ]* //' logs.txt)" = $'[INFO] Run started\n[INFO] [build] hello\n[INFO] Run completed' ]
	grep -qE '^[0-9T:.-]{29}Z stdout F out$' logs/run.log
	rt-run --id b -- true
	[ ! -e "$RT_RUNS_DIR/b/logs.jsonl" ]
}

@test "the name is that of the command, unless it has one; the id is a UUID" {
	rt-run -- true
	[[ $(only) =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	[ "$(status "$(only)" .name)" = '"true"' ]
	rt-run --id a -- /bin/sh -c true
	[ "$(status a .name)" = '"sh"' ]
	rt-run --id b -n '' -- true
	[ "$(status b .name)" = '"true"' ]
	rt-run start --id c >/dev/null
	[ "$(status c .name)" = null ]
	rt-run --id d -n "$(head -c 100000 /dev/zero | tr '\0' n)" -- true
	[ "$(wc -c <"$RT_RUNS_DIR/d/status.json")" -lt 65536 ]
}

@test "the runs folder: made where it is missing, with what keeps it out of git" {
	run -0 rt-run -d new/sub/runs --id a -- true
	[ -d new/sub/runs/.rt ]
	grep -qx '!summary.md' new/sub/runs/.gitignore
	echo mine >new/sub/runs/.gitignore
	rt-run -d new/sub/runs --id b -- true
	[ "$(cat new/sub/runs/.gitignore)" = mine ]
	# a parent's runs/ that rt made is found from below
	mkdir -p tree/deep
	(cd tree && env -u RT_RUNS_DIR rt-run --id up -- true)
	(cd tree/deep && env -u RT_RUNS_DIR rt-run --id down -- true)
	[ -d tree/runs/down ]
	(cd tree && env -u RT_RUNS_DIR GAMEGEN_RUNS_DIR=old rt-run --id old -- true)
	[ -d tree/old/old ]
}

@test "what rt-run exports" {
	rt-run --id a -g g -- env >env
	grep -qx "RT_RUN=$RT_RUNS_DIR/g/a" env
	grep -qx RT_RUN_ID=a env
	grep -qx "RT_RUNS_DIR=$RT_RUNS_DIR" env
	grep -qx RT_CORRELATION_ID=a env
	grep -qx RT_ON_ERROR=warn env
	grep -qE '^TRACEPARENT=00-[0-9a-f]{32}-[0-9a-f]{16}-01$' env
	run ! grep -qE '^RT_(STEP_ID|STAGE)=' env
	trace=0af7651916cd43dd8448eb211c80319c
	TRACEPARENT=00-$trace-b7ad6b7169203331-00 rt-run --id b -- env >env
	grep -qE "^TRACEPARENT=00-$trace-[0-9a-f]{16}-00$" env
	run ! grep -q b7ad6b7169203331 env
	TRACEPARENT=nonsense rt-run --id c -- env >env
	grep -qE '^TRACEPARENT=00-[0-9a-f]{32}-[0-9a-f]{16}-01$' env
	rt-run --id d -- rt-run step 'a name' -- env >env
	grep -qx RT_STEP_ID=step_001 env
	grep -qx 'RT_STAGE=a name' env
	# relative on the command line, absolute for the command, which may change its directory
	rt-run -d rel --id e -- sh -c 'cd / && rt-emit hello'
	[ "$(wc -l <rel/e/events.jsonl)" -eq 3 ]
}

@test "a run inside a run is a run of its own" {
	rt-run --id outer -- rt-run step s -- rt-run --id inner -- sh -c 'echo deep; rt-emit hello; env' >env
	[ "$(status inner .parent_run_id)" = '"outer"' ]
	[ "$(metadata inner .parent_run_id)" = '"outer"' ]
	[ "$(types inner)" = 'run_started info run_completed' ]
	[ "$(types outer)" = 'run_started step_started step_completed run_completed' ]
	grep -qx RT_CORRELATION_ID=outer env
	run ! grep -qE '^RT_(STEP_ID|STAGE)=' env
	[ "$(jq -r 'select(.type == "info") | .correlation_id' "$RT_RUNS_DIR/inner/events.jsonl")" = outer ]
	[ "$(captured inner run.log | head -n 1)" = deep ]
	[ "$(captured outer step_001/output.log | head -n 1)" = deep ]
	[ ! -s "$RT_RUNS_DIR/outer/logs/run.log" ]
	RT_RUN=outer rt-run --id by-id -- true
	[ "$(status by-id .parent_run_id)" = '"outer"' ]
}

@test "steps: numbered, each captured once in its own log" {
	run -7 --separate-stderr rt-run --id a -- bash -c '
		echo before
		rt-run step build -- sh -c "echo building; echo oops >&2; rt-emit inside"
		echo between
		rt-run step -- sh -c "echo testing; exit 3"
		rt-run step "with spaces/and é" -- true
		echo after >&2
		exit 7'
	[ "$output" = $'before\nbuilding\nbetween\ntesting' ]
	[ "$stderr" = $'oops\nafter' ]
	[ "$(captured a run.log)" = $'before\nbetween\nafter' ]
	[ "$(captured a step_001/output.log stdout)" = building ]
	[ "$(captured a step_001/output.log stderr)" = oops ]
	[ "$(captured a step_002/output.log)" = testing ]
	[ "$(status a '[.steps[] | .step_id, .name, .status]')" = \
		'["step_001","build","success","step_002","sh","failed","step_003","with spaces/and é","success"]' ]
	[ "$(types a)" = 'run_started step_started progress step_completed step_started step_failed step_started step_completed run_failed' ]
	jq -e -s '.[2] | .message == "inside" and .step_id == "step_001" and .stage == "build"' "$RT_RUNS_DIR/a/events.jsonl"
	jq -e -s '.[5] | .error == "exit code 3" and .metadata.exit_code == 3 and .step == 2 and .level == "error" and
		.message == "Step sh failed: exit code 3" and (.duration_ms | type == "number")' "$RT_RUNS_DIR/a/events.jsonl"
	[ "$(status a .step_id)" = null ]
}

@test "a step ends as its command does" {
	rt-run start --id a >/dev/null
	export RT_RUN=a
	run -5 rt-run step -- sh -c 'exit 5'
	[ "$(ended rt-run step -- sh -c 'kill -TERM $$')" = 'signal 15' ]
	run -127 rt-run step -- no-such-command
	[ "$output" = 'rt-run step: cannot execute "no-such-command": No such file or directory' ]
	[ "$(status a '[.steps[].status]')" = '["failed","failed","failed"]' ]
	[ "$(jq -c 'select(.type == "step_failed") | [.error, (.metadata | del(.resources))]' "$RT_RUNS_DIR/a/events.jsonl" | paste -sd' ')" = \
		'["exit code 5",{"exit_code":5}] ["killed by SIGTERM",{"signal":15}] ["exit code 127",{"exit_code":127}]' ]
	[ "$(status a .status)" = '"running"' ]
}

@test "the output of script and steps keeps its order" {
	# the same 200 times, on a pipe and into a file
	cat >script <<-'END'
		for i in $(seq 200); do
			echo "script $i"
			rt-run step -q s -- echo "step $i"
		done
	END
	for i in $(seq 200); do printf 'script %d\nstep %d\n' "$i" "$i"; done >want
	rt-run -- bash script | cat >got
	diff want got
	rt-run -- bash script >got
	diff want got
	rt-run --id both -- bash -c '{ echo a; rt-run step s -- sh -c "echo b; echo c >&2"; echo d >&2; } 2>&1' >got
	[ "$(paste -sd' ' got)" = 'a b c d' ]
	# and to a reader who takes his time: more than his pipe holds, less than all do together
	rt-run -- bash -c 'seq 28000; rt-run step -q s -- echo step; echo end' | (sleep 0.5 && cat) >got
	diff <(seq 28000 && echo step && echo end) got
	# whose output goes elsewhere is captured all the same
	rt-run --id redirected -- sh -c 'rt-run step s -- echo into a file >file; rt-run step s -- echo into a pipe | tr a-z A-Z'
	[ "$(cat file)" = 'into a file' ]
	[ "$(captured redirected step_001/output.log)" = 'into a file' ]
	[ "$(captured redirected step_002/output.log)" = 'into a pipe' ]
	[ "$(captured redirected run.log)" = 'INTO A PIPE' ]
}

@test "parallel steps have a number and a log each" {
	seq 30 | rt-run --id a -- xargs -P 8 -I{} rt-run step 's{}' -- sh -c 'echo {}' >out
	[ "$(sort -n out | paste -sd' ')" = "$(seq -s' ' 30)" ]
	[ "$(ls "$RT_RUNS_DIR/a/logs" | grep -c '^step_')" -eq 30 ]
	[ "$(status a '[.steps[] | select(.status == "success") | .step_id] | unique | length')" -eq 30 ]
	for i in $(seq -f %03g 30); do captured a "step_$i/output.log"; done | sort -n | diff - <(seq 30)
}

@test "without a run set a step is just its command" {
	[ "$(rt-run step name -- echo hello)" = hello ]
	run -5 rt-run step -- sh -c 'exit 5'
	[ -z "$output" ]
	run -127 rt-run step -- no-such-command
	[ "$(ended rt-run step -- sh -c 'kill -KILL $$')" = 'signal 9' ]
	[ ! -e "$RT_RUNS_DIR" ]
	RT_REQUIRE=1 run -3 rt-run step -- echo hello
	[ "$output" = 'rt-run step: no run is set, and RT_REQUIRE wants one: set RT_RUN or give -r RUN' ]
	RT_REQUIRE=1 RT_ON_ERROR=warn run -3 rt-run step -- echo hello
	RT_REQUIRE=1 run -3 rt-run finish
	run -0 rt-run finish
	[ -z "$output" ]
}

@test "a process left in the background does not hold rt-run up, and is captured" {
	mkfifo go
	exec 8<>go
	run -3 timeout 30 bash -c 'rt-run --id a -- sh -c "printf begun; (read -r _ <go; echo late; echo err >&2) & exit 3" >out 2>err' 3>&-
	[ "$(status a .status)" = '"failed"' ]
	[ "$(cat out)" = begun ]
	echo >&8
	wait_for 10 grep -q ' stderr F err' "$RT_RUNS_DIR/a/logs/run.log"
	wait_for 10 grep -q late "$RT_RUNS_DIR/a/logs/run.log"
	[ "$(cat out)" = begunlate ]
	[ "$(cat err)" = err ]
	[ "$(captured a run.log stdout | tr -d '\n')" = begunlate ]
	# one that never stops writing
	timeout 30 rt-run --id b -- sh -c 'yes & echo $! >pid; exit 4' >/dev/null 3>&- || code=$?
	kill "$(cat pid)"
	[ "$code" -eq 4 ]
}

@test "who does not read any more stops the command, as without rt-run" {
	timeout 30 bash -c 'rt-run --id a -- yes | head -n 2; echo "${PIPESTATUS[0]}" >code' >out
	[ "$(paste -sd' ' out)" = 'y y' ]
	[ "$(cat code)" -eq 141 ]
	[ "$(status a .error)" = '"killed by SIGPIPE"' ]
}

@test "--join: the first makes the run, the others add steps to it" {
	rt-run start --id job -g g --join >id
	run -0 rt-run --id job -g g --join -n two -- sh -c 'echo hello; rt-emit in it'
	[ "$output" = hello ]
	[ "$(rt-run start --id job -g g --join)" = job ]
	[ "$(cat id)" = job ]
	[ "$(types g/job)" = 'run_started step_started progress step_completed' ]
	[ "$(status g/job '[.status, .steps[0].name]')" = '["running","two"]' ]
	[ "$(captured g/job step_001/output.log)" = hello ]
	run -9 rt-run --id job -g g --join -- sh -c 'exit 9'
	[ "$(status g/job '[.status, .steps[1].status]')" = '["running","failed"]' ]
	rt-run finish g/job
	run -0 rt-run --id job -g g --join -- touch ran
	[ "$output" = 'rt-run: not recorded: run "job" exists already' ]
	[ -e ran ]
	run -125 rt-run --id job -g g --join --require-record -- touch not
	[ "$output" = 'rt-run: run "job" exists already, and is over' ]
	[ ! -e not ]
	run -3 rt-run start --id job -g g --join
	# who comes first makes it, whoever that is
	seq 20 | xargs -P 10 -I{} rt-run start --id race --join | uniq -c | grep -qx ' *20 race'
	seq 20 | xargs -P 10 -I{} rt-run --id race --join -- echo {} | sort -n | diff - <(seq 20)
	[ "$(types race | tr ' ' '\n' | grep -cx run_started)" -eq 1 ]
	[ "$(status race '.steps | length')" -eq 20 ]
}

@test "start and finish" {
	run -0 --separate-stderr rt-run start -n mine
	[ -z "$stderr" ]
	[ "$output" = "$(only)" ]
	id=$output
	[ "$(status "$id" '[.status, .name, .owner]')" = '["running","mine",null]' ]
	RT_RUN=$id rt-emit hello
	RT_RUN=$id run -0 rt-run finish
	[ -z "$output" ]
	[ "$(status "$id" '[.status, .exit_code]')" = '["completed",null]' ]
	[ "$(types "$id")" = 'run_started info run_completed' ]
	[ -s "$RT_RUNS_DIR/$id/metrics.json" ]

	finish() {
		rt-run start --id "$1" >/dev/null
		rt-run finish "${@:2}" "$1"
		status "$1" '[.status, .exit_code, .error]'
	}
	[ "$(finish a --exit-code 0)" = '["completed",0,null]' ]
	[ "$(finish b --exit-code 3)" = '["failed",3,"exit code 3"]' ]
	[ "$(finish c --exit-code 3 --error 'no luck')" = '["failed",3,"no luck"]' ]
	[ "$(finish d --status cancelled)" = '["cancelled",null,null]' ]
	[ "$(finish e --status success)" = '["completed",null,null]' ]
	[ "$(finish f --status failed --error e)" = '["failed",null,"e"]' ]
	# the same end twice is fine, another one is not
	run -0 rt-run finish --exit-code 3 b
	run -3 rt-run finish b
	[ "$output" = 'rt-run finish: run "b" is failed: it cannot become completed (rt-run start --resume takes it up again)' ]
	RT_ON_ERROR=warn run -3 rt-run finish b
	[ "$(types b)" = 'run_started run_failed' ]
	run -2 rt-run finish --exit-code 256 a
	[ "${lines[0]}" = 'rt-run finish: bad --exit-code "256": 0 to 255' ]
	run -2 rt-run finish --status running a
	[ "${lines[0]}" = 'rt-run finish: bad --status "running": completed (success), failed (failure) or cancelled' ]
	run -2 rt-run finish --status failed --exit-code 1 a
	[ "${lines[0]}" = 'rt-run finish: --status and --exit-code say the same thing: give one' ]
	run -2 rt-run finish a b
	run -3 rt-run finish nope
	[ "$output" = "rt-run finish: no run \"nope\" in \"$RT_RUNS_DIR\"" ]
	run -2 rt-run start extra
	[ "${lines[0]}" = 'rt-run start: "extra" is too much (a RUN goes with --resume)' ]
}

@test "start --resume takes up a run that is over" {
	rt-run start --id a >/dev/null
	run -3 rt-run start --resume a
	[ "$output" = 'rt-run start: run "a" is running already' ]
	rt-run finish --exit-code 3 a
	run -0 rt-run start --resume a
	[ "$output" = a ]
	[ "$(status a '[.status, .exit_code, .error, .finished_at]')" = '["running",null,null,null]' ]
	[ "$(types a)" = 'run_started run_failed run_resumed' ]
	rt-run finish a
	rt-run start --resume --owner $$ --id a >/dev/null
	[ "$(status a .owner.pid)" = $$ ]
	rt-run finish a
	rt-run start --resume -r a >/dev/null
	[ "$(status a '[.status, .owner]')" = '["running",null]' ]
	run -3 rt-run start --resume nope
	run -2 rt-run start --resume
	[ "${lines[0]}" = 'rt-run start: --resume wants to know which run: give it as an argument' ]
}

@test "a limit on the size of files keeps the record from being, not the command" {
	run -7 bash -c 'ulimit -f 0; exec rt-run -- sh -c "exit 7"'
	[[ $output == 'rt-run: not recorded: '*': File too large' ]]
}

@test "a FIFO in place of a file of the run holds up nothing" {
	for file in metadata.json status.json events.jsonl logs.txt metrics.json .alive .sock; do
		# shellcheck disable=SC2016 # for the command
		run -7 timeout -k 1 20 rt-run -- sh -c 'cd "$RT_RUN"; rm -f "$0"; mkfifo "$0"; sleep 0.2; exit 7' "$file"
	done
}

@test "a command that has enough memory runs where there is too little to record it" {
	[ -z "${RT_SANITIZE-}" ] || skip "sanitizers need all the memory there is"
	for kib in $(seq 1000 50 6000); do
		(ulimit -v "$kib" && rtbox --version && sh -c :) >/dev/null 2>&1 || continue
		run -7 bash -c 'ulimit -v "$1"; exec rt-run -- sh -c "exit 7"' - "$kib"
	done
}

@test "a run whose owner is gone is lost, and reaped" {
	sleep 100 3>&- &
	mine=$!
	rt-run start --id a --owner $! >/dev/null
	[ "$(status a .owner.pid)" = $! ]
	[ "$(rt-status a --format '{status}')" = running ]
	run -3 rt-run reap a
	[ "$output" = 'rt-run reap: "a" is not lost (--force takes what is stale, too)' ]
	kill $!
	wait $! || true
	[ "$(rt-status a --format '{status}')" = lost ]
	[ "$(status a .status)" = '"running"' ]
	run -0 rt-run reap a
	[ "$output" = a ]
	host=$(jq -r .host "$RT_RUNS_DIR/a/status.json")
	[ "$(status a '[.status, .error]')" = "[\"failed\",\"lost: process $! on $host is gone\"]" ]
	[ "$(types a)" = 'run_started run_failed' ]
	[ "$(jq -r .error <<<"$(tail -n 1 "$RT_RUNS_DIR/a/events.jsonl")")" = "lost: process $! on $host is gone" ]
	run -3 rt-run reap a
	[[ $output == *'"a" is not lost'* ]]
	run -2 rt-run start --id b --owner $!
	[ "${lines[0]}" = "rt-run start: bad --owner $!: there is no such process" ]
}

@test "reap --all, --force for stale ones" {
	rt-run start --id quiet >/dev/null
	rt-run start --id alive --owner $$ >/dev/null
	rt-run --id done -- true
	for i in one two; do
		bash -c 'rt-run start --id '$i' -g g --owner $$ >/dev/null'
	done
	run -0 rt-run reap --all
	[ "$(sort <<<"$output" | paste -sd' ')" = 'one two' ]
	run -0 rt-run reap --all
	[ -z "$output" ]
	RT_STALE=1ms run -3 rt-run reap quiet
	[ "$output" = 'rt-run reap: "quiet" is not lost (--force takes what is stale, too)' ]
	RT_STALE=1ms run -0 rt-run reap --force quiet
	[ "$output" = quiet ]
	[ "$(status quiet .error)" = '"lost: nothing was heard of it for too long"' ]
	[ "$(status alive .status)" = '"running"' ]
	run -2 rt-run reap
	[ "${lines[0]}" = 'rt-run reap: which run? give RUN, or --all' ]
	run -3 rt-run reap nope
}

@test "a supervisor that is killed leaves a run that is lost, and its command's end alone" {
	mkfifo go
	exec 8<>go
	rt-run --id a -- sh -c 'read -r _ <go; echo done >done' 3>&- &
	mine=$!
	wait_for 10 pgrep -P $! -x sh
	kill -KILL $!
	wait $! || true
	[ "$(rt-status a --format '{status}')" = lost ]
	echo >&8
	wait_for 10 test -e done
	[ "$(rt-run reap a)" = a ]
}

@test "env: lines that bring a run into another shell" {
	rt-run start --id a -g g >/dev/null
	rt-run env g/a >lines
	[ "$(cut -d= -f1 lines | paste -sd' ')" = 'RT_RUN RT_RUN_ID RT_RUNS_DIR RT_CORRELATION_ID RT_ON_ERROR TRACEPARENT' ]
	# as env and docker take them, as a dotenv file, as $GITHUB_ENV does
	mapfile -t list <lines
	env -i PATH="$PATH" "${list[@]}" rt-emit by env
	(
		set -a
		# shellcheck disable=SC1091 # it is made above
		. ./lines
		rt-emit by dotenv
		cd / && rt-run step s -- rt-emit in a step
	)
	[ "$(jq -r .message "$RT_RUNS_DIR/g/a/events.jsonl" | paste -sd,)" = \
		'Run started,by env,by dotenv,Step s started,in a step,Step s completed' ]
	[ "$(RT_RUN=g/a rt-run env | head -n 1)" = "RT_RUN=$RT_RUNS_DIR/g/a" ]
	run -3 rt-run env
	[ "$output" = 'rt-run env: no run is set: give RUN, -r or RT_RUN' ]
	run -3 rt-run env nope
	rt-run start -d $'line\nend' --id x >/dev/null
	run -3 rt-run env -d $'line\nend' x
	[ "$output" = 'rt-run env: the path of run "x" has a line end in it' ]
}

@test "metadata: commit, branch and changes of the work tree" {
	command -v git >/dev/null || skip "no git"
	git init -q -b trunk tree
	cd tree
	git config user.email a@b
	git config user.name a
	echo one >file
	git add file
	git commit -q -m one
	head=$(git rev-parse HEAD)
	rt-run start --id clean >/dev/null
	[ "$(metadata clean .git)" = "{\"commit\":\"$head\",\"branch\":\"trunk\",\"dirty\":false}" ]
	touch untracked
	mkdir sub
	(cd sub && rt-run start --id untracked >/dev/null)
	[ "$(metadata untracked .git.dirty)" = false ]
	echo two >file
	rt-run --id dirty -- sleep 1
	[ "$(metadata dirty .git)" = "{\"commit\":\"$head\",\"branch\":\"trunk\",\"dirty\":true}" ]
	git checkout -q --detach
	rt-run start --id detached >/dev/null
	[ "$(metadata detached .git.commit)" = "\"$head\"" ]
	# a git that fails or hangs is not worth the run
	mkdir bin
	printf '#!/bin/sh\nexec sleep 1000\n' >bin/git
	chmod +x bin/git
	PATH=$PWD/bin:$PATH run -0 timeout 60 rt-run --id hangs -- true
	[ "$(metadata hangs .git)" = null ]
	printf '#!/bin/sh\nexit 128\n' >bin/git
	PATH=$PWD/bin:$PATH run -0 rt-run --id fails -- true
	[ "$(status fails .status)" = '"completed"' ]
}

@test "metadata: the job of the CI system" {
	GITHUB_ACTIONS=true GITHUB_JOB=build GITHUB_REF_NAME=main GITHUB_RUN_NUMBER=42 GITHUB_RUN_ID=99 \
		GITHUB_SERVER_URL=https://github.com GITHUB_REPOSITORY=o/r GITHUB_SHA=abc rt-run --id github -- true
	[ "$(metadata github .ci)" = '{"system":"github","job":"build","branch":"main","number":"42","url":"https://github.com/o/r/actions/runs/99","commit":"abc"}' ]
	[ "$(status github .name)" = '"build"' ]
	GITLAB_CI=true CI_JOB_NAME='unit tests' CI_COMMIT_REF_NAME=main CI_PIPELINE_IID=7 \
		CI_JOB_URL=https://gitlab/j/1 CI_COMMIT_SHA=def rt-run start --id gitlab >/dev/null
	[ "$(metadata gitlab .ci)" = '{"system":"gitlab","job":"unit tests","branch":"main","number":"7","url":"https://gitlab/j/1","commit":"def"}' ]
	[ "$(status gitlab .name)" = '"unit tests"' ]
	JENKINS_URL=http://jenkins/ JOB_NAME=nightly GIT_BRANCH=origin/main BUILD_NUMBER=12 \
		BUILD_URL=http://jenkins/job/nightly/12/ GIT_COMMIT=0123 rt-run --id jenkins -n own -- true
	[ "$(metadata jenkins .ci)" = '{"system":"jenkins","job":"nightly","branch":"origin/main","number":"12","url":"http://jenkins/job/nightly/12/","commit":"0123"}' ]
	[ "$(status jenkins .name)" = '"own"' ]
	BUILDKITE=true BUILDKITE_LABEL=':pipeline: tests' BUILDKITE_BRANCH=main BUILDKITE_BUILD_NUMBER=5 \
		BUILDKITE_BUILD_URL=https://buildkite.com/o/p/builds/5 BUILDKITE_COMMIT=456 rt-run --id buildkite -- true
	[ "$(metadata buildkite .ci)" = '{"system":"buildkite","job":":pipeline: tests","branch":"main","number":"5","url":"https://buildkite.com/o/p/builds/5","commit":"456"}' ]
}

@test "secrets are masked in argv, metadata and captured output, not in what passes through" {
	export MY_TOKEN=opensesame99 OTHER=plainvalue
	mkfifo go
	exec 8<>go
	rt-run --id a -n 'name opensesame99' -l k=opensesame99 -- sh -c '
		printf "a open"; read -r _ <go; echo sesame99 b
		echo "https://joe:opensesame@host/ plainvalue"
		printf "\"opensesame\\u0039\\u0039\" {\"k\":\"opensesame99\"}\n" >&2
		echo "::add-mask::learned value"; echo "a learned value"' opensesame99 >out 2>err 3>&- &
	wait_for 10 grep -q 'a open' out
	echo >&8
	wait $!
	[ "$(cat out)" = "$(printf '%s\n' 'a opensesame99 b' 'https://joe:opensesame@host/ plainvalue' \
		'::add-mask::learned value' 'a learned value')" ]
	[ "$(captured a run.log stdout)" = "$(printf '%s\n' 'a *** b' 'https://***@host/ plainvalue' \
		'::add-mask::***' 'a ***')" ]
	[ "$(metadata a '[.name, .labels.k, .argv[-1]]')" = '["name ***","***","***"]' ]
	[ "$(status a .name)" = '"name ***"' ]
	run ! grep -rl opensesame99 "$RT_RUNS_DIR"
	RT_REDACT=OTHER,-MY_TOKEN rt-run --id b -- echo opensesame99 plainvalue >out
	[ "$(captured b run.log)" = 'opensesame99 ***' ]
	[ "$(metadata b .argv)" = '["echo","opensesame99","***"]' ]
	rt-run start --id c >/dev/null
	rt-run finish --status failed --error 'because of opensesame99' c
	[ "$(status c .error)" = '"because of ***"' ]
}

@test "a runs folder that cannot be used: one warning, and the command runs" {
	touch file
	for dir in /proc/rt "$PWD/file" "$PWD/file/below"; do
		run -5 --separate-stderr rt-run -d "$dir" -- sh -c 'echo ran; rt-emit hello; rt-run step s -- echo step; exit 5'
		[ "$output" = $'ran\nstep' ]
		[ "${#stderr_lines[@]}" -eq 1 ]
		[[ $stderr == 'rt-run: not recorded: '* ]]
		run -125 --separate-stderr rt-run --require-record -d "$dir" -- echo ran
		[ -z "$output" ]
		run -3 rt-run start -d "$dir"
	done
	run -0 --separate-stderr rt-run -d "$PWD/file" -- true
	[ "$stderr" = "rt-run: not recorded: the runs folder \"$PWD/file\" is not a directory" ]
	run -3 rt-run start -d /proc/rt
	[ "$output" = 'rt-run start: cannot make runs folder "/proc/rt": No such file or directory' ]
	# and its end is the command's
	[ "$(ended rt-run -d /proc/rt -- sh -c 'kill -TERM $$')" = 'signal 15' ]
	run -127 rt-run -d /proc/rt -- no-such-command
	# a run that is set and is not there
	RT_RUN=/proc/rt/x run -0 --separate-stderr rt-run step s -- echo step
	[ "$output" = step ]
	[ "$stderr" = 'rt-run step: cannot open run "/proc/rt/x": No such file or directory' ]
	RT_RUN=x RT_RUNS_DIR=$PWD/file run -0 --separate-stderr rt-run step s -- echo step
	[ "$output" = step ]
	RT_RUN=/proc/rt/x run -125 rt-run step --require-record s -- echo step
}

@test "a record that goes away while the command runs" {
	run -5 --separate-stderr rt-run --id a -- sh -c 'echo one; rm -rf "$RT_RUN"; echo two; rt-emit x; rt-run step s -- echo three; exit 5'
	[ "$output" = $'one\ntwo\nthree' ]
	[[ $stderr == *'rt-run: '* ]]
	[ ! -e "$RT_RUNS_DIR/a" ]
	run -5 --separate-stderr rt-run --id b -- sh -c 'rm "$RT_RUN/events.jsonl"; mkdir "$RT_RUN/events.jsonl"; rm -rf "$RT_RUN/logs"; ln -s /etc "$RT_RUN/logs"; rt-run step s -- echo three; exit 5'
	[ "$output" = three ]
	[ ! -e /etc/step_001 ]
}

@test "links planted in the run are not followed" {
	mkdir outside
	echo precious >outside/run.log
	rt-run start --id a >/dev/null
	rmdir "$RT_RUNS_DIR/a/logs"
	ln -s "$PWD/outside" "$RT_RUNS_DIR/a/logs"
	run -0 --separate-stderr rt-run step -r a s -- echo hello
	[ "$output" = hello ]
	[[ $stderr == *'not recorded: cannot open folder "logs"'* ]]
	[ "$(find outside | wc -l)" -eq 2 ]
	[ "$(cat outside/run.log)" = precious ]
	rm "$RT_RUNS_DIR/a/logs"
	mkdir "$RT_RUNS_DIR/a/logs"
	run -0 rt-run step -r a s -- sh -c 'rm "$RT_RUN/logs/step_001/output.log"; echo hello'
	# a run's directory that is a link leads nowhere
	ln -s a "$RT_RUNS_DIR/linked"
	run -3 rt-run finish linked
	[ "$(status a .status)" = '"running"' ]
}

@test "the log of the output cannot be written: told, and the command runs" {
	run -5 --separate-stderr rt-run --id a -- sh -c 'rm -rf "$RT_RUN/logs"; echo >"$RT_RUN/logs"; rt-run step s -- echo hello; exit 5'
	[ "$output" = hello ]
	[[ $stderr == *'rt-run step: not recorded: '* ]]
	[ "$(status a .exit_code)" = 5 ]
}

@test "one script, with rt, without a run, on a full disk, and where nothing can be written" {
	cat >script <<-'END'
		#!/usr/bin/env bash
		set -euo pipefail
		if [ -n "${FILL-}" ]; then cat /dev/zero >"$FILL" 2>/dev/null || true; fi
		rt-emit -s setup -p 10 "begins"
		rt-run step build -- sh -c 'echo built; echo noise >&2'
		printf '%s\n' b a c | rt-emit - --tee | sort
		rt-emit --tokens 10,20 -t llm_response_received --model m
		if rt-run step test -- sh -c 'echo tested; exit 3'; then echo no; else echo "test ended with $?"; fi
		words=$(rt-run step words -- echo some words)
		echo "<$words>"
		rt-run --name inner -- echo inner
		rt-emit -l error "about to fail"
		rt-run step last -- sh -c 'exit 7'
		echo "not reached"
	END
	chmod +x script
	result() {
		local code=0

		"$@" >out 2>err || code=$?
		grep -v '^rt-' err >noise || true
		echo "exit $code"
		cat out noise
	}
	want=$(result ./script)
	[ "${want%%$'\n'*}" = 'exit 7' ]
	[ "$(tail -n 1 <<<"$want")" = noise ]
	[ ! -s err ] || [ "$(cat err)" = noise ]
	[ "$(result rt-run --id a -- ./script)" = "$want" ]
	[ "$(cat err)" = noise ]
	[ "$(status a '[.exit_code, .counts.errors, .tokens.total]')" = '[7,4,30]' ]
	RT_RUNS_DIR=/proc/rt
	[ "$(result rt-run -- ./script)" = "$want" ]
	RT_RUNS_DIR=$PWD/out
	[ "$(result rt-run -- ./script)" = "$want" ]
	can_mount || skip "no file system of one's own can be mounted here"
	mkdir disk
	export RT_RUNS_DIR=$PWD/disk/runs
	cat >on_disk <<-'END'
		mount -t tmpfs -o size=256k none disk
		"$@"
	END
	# full from the beginning, full from the script's first line on
	[ "$(result new_mounts bash -c '. ./on_disk; cat /dev/zero >disk/fill 2>/dev/null; rt-run -- ./script' - true)" = "$want" ]
	grep -q '^rt-run: not recorded: ' err
	[ "$(FILL=$PWD/disk/fill result new_mounts bash -c '. ./on_disk; rt-run -- ./script' - true)" = "$want" ]
	grep -q 'No space left on device' err
	# read-only
	cat >on_disk <<-'END'
		mount -t tmpfs -o ro none disk
	END
	[ "$(result new_mounts bash -c '. ./on_disk; rt-run -- ./script' - true)" = "$want" ]
	grep -q '^rt-run: not recorded: .*Read-only file system' err
}

@test "a full disk in the middle of a run leaves valid files" {
	can_mount || skip "no file system of one's own can be mounted here"
	mkdir disk
	export RT_RUNS_DIR=$PWD/disk/runs
	cat >inside <<-'END'
		mount -t tmpfs -o size=256k none disk
		rt-run --id a -- sh -c '
			rt-emit -s one first
			cat /dev/zero >disk/fill 2>/dev/null
			rt-emit -s two lost
			seq 1000
			rt-run step s -- echo step
			rm disk/fill
			rt-emit -s three last
			exit 4' >out 2>err
		echo $? >code
		cp -r disk/runs/a kept
	END
	new_mounts bash inside
	[ "$(cat code)" -eq 4 ]
	[ "$(cat out)" = "$(seq 1000 && echo step)" ]
	grep -q 'No space left on device' err
	jq -e . kept/events.jsonl >/dev/null
	jq -e '.status == "failed" and .exit_code == 4 and .stage == "three"' kept/status.json
	[ "$(jq -r .stage kept/events.jsonl | paste -sd' ')" = 'null one three null' ]
	[ "$(jq .counts.events kept/status.json)" -eq "$(wc -l <kept/events.jsonl)" ]
}

@test "RT_SYNC: what is synced when" {
	command -v strace >/dev/null || skip "no strace"
	[ -z "${RT_SANITIZE-}" ] || skip "strace and sanitizers do not go together"
	strace -o trace -e trace=fsync,fdatasync rt-run start --id a >/dev/null || skip "strace does not work here"
	[ "$(grep -cE 'fsync|fdatasync' trace)" -ge 3 ]
	synced() { RT_SYNC=$1 strace -o trace -e trace=fsync,fdatasync "${@:2}" && grep -cE '^(fsync|fdatasync)' trace || true; }
	[ "$(synced end rt-emit -r a x)" -eq 0 ]
	[ "$(synced always rt-emit -r a x)" -eq 1 ]
	[ "$(synced never rt-emit -r a x)" -eq 0 ]
	[ "$(synced end rt-run finish a)" -ge 3 ]
	rt-run start --resume a >/dev/null
	[ "$(synced never rt-run finish a)" -eq 0 ]
	# a command does not wait for its run to be on the disk
	[ "$(synced never rt-run -- true)" -eq 0 ]
	[ "$(synced end rt-run -- true)" -ge 5 ]
	strace -ff -o trace -e trace=fsync,fdatasync,execve rt-run --id long -- sleep 0.5
	[ "$(grep -cE '^(fsync|fdatasync)' "$(grep -l rt-run trace.* | head -n 1)")" -ge 8 ]
	# nothing twice, and under the lock only what the change itself needs
	strace -y -o trace -e trace=fsync,fdatasync,flock rt-run --id once -- true
	[ "$(sed -n 's/^fsync(.*<\(.*\)>).*/\1/p' trace | sort | uniq -d)" = '' ]
	[ "$(sed '/events.jsonl>, LOCK_EX/,$d' trace | grep -c fsync)" -eq 2 ]
	run -0 sed -n '1,/events.jsonl>, LOCK_EX/d; s/^f.*sync(.*\/\(.*\)>).*/\1/p' trace
	[ "$output" = $'.status.json.tmp\nevents.jsonl\nonce' ]
}

@test "nothing is left behind: no process, no socket, no draft" {
	for i in $(seq 20); do rt-run --id "r$i" -- sh -c 'echo hello; rt-run step s -- true' >/dev/null; done
	[ "$(find "$RT_RUNS_DIR" -name '.sock' -o -name '*.tmp' -o -path '*/.rt/new*' | wc -l)" -eq 0 ]
	run ! pgrep -f "$RT_RUNS_DIR"
	for i in $(seq 20); do [ "$(status "r$i" .status)" = '"completed"' ]; done
}
