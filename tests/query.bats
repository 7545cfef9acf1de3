#!/usr/bin/env bats
# rt-query: which events it finds, and how it prints them.

load helper

# A file of events as rt writes them.
make_events() {
	cat >"${1-events.jsonl}" <<'END'
{"ts":"2026-07-01T12:00:00.000+00:00","type":"step_started","stage":"build","message":"Step 1 started","step":1,"step_id":"step_001","metadata":{"name":"compile"}}
{"ts":"2026-07-01T12:00:01.000+00:00","type":"progress","stage":"build","message":"compiling a.c","percent":40,"step_id":"step_001","component":"cc"}
{"ts":"2026-07-01T12:00:02.000+00:00","type":"llm_request_sent","level":"debug","stage":"review","message":"ask","task_id":"t1","agent_role":"coder","model":"gpt-4","correlation_id":"c1"}
{"ts":"2026-07-01T12:00:03.000+00:00","type":"llm_response_received","stage":"review","message":"answer","task_id":"t1","agent_role":"coder","model":"gpt-4","correlation_id":"c1","duration_ms":2530.7,"metadata":{"prompt_tokens":100,"completion_tokens":20}}
{"ts":"2026-07-01T12:00:04.000+00:00","type":"warning","level":"warning","stage":"test","message":"3 tests are slow","action":"report"}
{"ts":"2026-07-01T12:00:05.000+00:00","type":"task_failed","level":"error","stage":"test","message":"caf\u00e9 (a+b)","task_id":"t2","error":"exit 1"}
END
}

# The seconds of the events that come out, in one line.
seconds() {
	rt-query --format '{ts}' "$@" | cut -c18-19 | tr '\n' ' '
}

# An event with a message of so many characters.
long_line() {
	printf '{"message":"%s"}\n' "$(head -c "$1" /dev/zero | tr '\0' x)"
}

# A run with the events on standard input.
run_with_events() {
	make_run "$@"
	cat >"$RT_RUNS_DIR/$1/events.jsonl"
}

@test "a file, a pipe and standard input print the lines as they stand" {
	make_events
	run -0 rt-query events.jsonl
	[ "$output" = "$(cat events.jsonl)" ]
	# A run that only says it is called so comes after the file.
	mkdir -p "$RT_RUNS_DIR/moved"
	echo '{"run_id":"events.jsonl","status":"completed"}' >"$RT_RUNS_DIR/moved/status.json"
	run -0 rt-query events.jsonl
	[ "$output" = "$(cat events.jsonl)" ]
	rm -r "$RT_RUNS_DIR/moved"
	run -0 rt-query "$PWD/events.jsonl"
	[ "$output" = "$(cat events.jsonl)" ]
	run -0 rt-query - <events.jsonl
	[ "$output" = "$(cat events.jsonl)" ]
	mkfifo pipe
	cat events.jsonl >pipe 3>&- &
	run -0 rt-query ./pipe
	[ "$output" = "$(cat events.jsonl)" ]
}

@test "standard input that was read in part is read on from there" {
	make_events
	run -0 bash -c '{ read -r first; rt-query -c -; } <events.jsonl'
	[ "$output" = 5 ]
}

@test "a byte order mark is left out, CRLF and unknown keys stay" {
	printf '\xef\xbb\xbf{"msg":"a","x":1}\r\n{"msg":"b"}\r\n' >dos.jsonl
	rt-query dos.jsonl | cmp - <(printf '{"msg":"a","x":1}\r\n{"msg":"b"}\r\n')
}

@test "each filter" {
	make_events
	[ "$(seconds events.jsonl)" = "00 01 02 03 04 05 " ]
	[ "$(seconds events.jsonl --type progress,warning)" = "01 04 " ]
	[ "$(seconds events.jsonl --type progress --type warning)" = "01 04 " ]
	[ "$(seconds events.jsonl --type step_start)" = "00 " ]
	[ "$(seconds events.jsonl --stage build)" = "00 01 " ]
	[ "$(seconds events.jsonl --phase build,test)" = "00 01 04 05 " ]
	[ "$(seconds events.jsonl --task t1)" = "02 03 " ]
	[ "$(seconds events.jsonl --step 1)" = "00 01 " ]
	[ "$(seconds events.jsonl --step step_001)" = "00 01 " ]
	[ "$(seconds events.jsonl --step compile)" = "00 " ]
	[ "$(seconds events.jsonl --role coder)" = "02 03 " ]
	[ "$(seconds events.jsonl --model gpt-4)" = "02 03 " ]
	[ "$(seconds events.jsonl --level warning)" = "04 05 " ]
	[ "$(seconds events.jsonl --level info)" = "00 01 03 04 05 " ]
	[ "$(seconds events.jsonl --component cc)" = "01 " ]
	[ "$(seconds events.jsonl --action report)" = "04 " ]
	[ "$(seconds events.jsonl --correlation c1)" = "02 03 " ]
	[ "$(seconds events.jsonl -g '^a(sk|nswer)$')" = "02 03 " ]
	[ "$(seconds events.jsonl -g 'café')" = "05 " ]
	[ "$(seconds events.jsonl -F -g '(a+b)')" = "05 " ]
	[ "$(seconds events.jsonl -g '(a+b)')" = "" ]
	[ "$(seconds events.jsonl -S 2026-07-01T12:00:03Z)" = "03 04 05 " ]
	[ "$(seconds events.jsonl -U 2026-07-01T14:00:02+02:00)" = "00 01 " ]
	[ "$(seconds events.jsonl --since '2026-07-01 12:00:04' --until @1782907205)" = "04 " ]
	[ "$(seconds events.jsonl --match 'duration_ms > 2530')" = "03 " ]
	[ "$(seconds events.jsonl --match 'metadata.prompt_tokens = 1e2')" = "03 " ]
	[ "$(seconds events.jsonl --match 'prompt_tokens>=100')" = "03 " ]
	[ "$(seconds events.jsonl --match 'stage ~ ^(build|test)$')" = "00 01 04 05 " ]
	[ "$(seconds events.jsonl --match 'stage != build')" = "02 03 04 05 " ]
	[ "$(seconds events.jsonl --match 'level >= warning' --match 'type != warning')" = "05 " ]
	[ "$(seconds events.jsonl --stage test --level error)" = "05 " ]
	[ "$(seconds events.jsonl --stage test --type progress)" = "" ]
}

@test "times typed without an offset are local" {
	make_events
	[ "$(TZ=XXX-2 seconds events.jsonl --since '2026-07-01 14:00:04')" = "04 05 " ]
	echo '{"message":"no time"}' >none.jsonl
	[ "$(rt-query -c --since 1970-01-01 none.jsonl)" = 0 ]
}

@test "-n takes the last ones, in order" {
	make_events
	[ "$(seconds events.jsonl -n 2)" = "04 05 " ]
	[ "$(seconds events.jsonl -n2 --stage build)" = "00 01 " ]
	[ "$(seconds events.jsonl -n 1 --stage build)" = "01 " ]
	[ "$(seconds events.jsonl -n 100)" = "00 01 02 03 04 05 " ]
	[ "$(seconds events.jsonl -n all)" = "00 01 02 03 04 05 " ]
	[ "$(seconds events.jsonl -n 0)" = "" ]
	[ "$(seconds - -n 2 <events.jsonl)" = "04 05 " ]
	[ "$(cat events.jsonl events.jsonl | seconds - -n 3)" = "03 04 05 " ]
	# shellcheck disable=SC2002 # a pipe is meant
	[ "$(cat events.jsonl | seconds - -n 7)" = "00 01 02 03 04 05 " ]
	# shellcheck disable=SC2002
	[ "$(cat events.jsonl | seconds - -n 0)" = "" ]
	[ "$(rt-query events.jsonl -c -n 2)" = 2 ]
	[ "$(rt-query events.jsonl -c -n 9 --stage build)" = 2 ]
}

@test "-n looks back over files and streams, and blocks of a file" {
	make_events one.jsonl
	make_events two.jsonl
	[ "$(seconds one.jsonl two.jsonl -n 7)" = "05 00 01 02 03 04 05 " ]
	[ "$(seconds - two.jsonl -n 7 <one.jsonl)" = "05 00 01 02 03 04 05 " ]
	# shellcheck disable=SC2002
	[ "$(cat one.jsonl | seconds - two.jsonl -n 8 --stage build,review)" = "00 01 02 03 00 01 02 03 " ]
	seq 30000 | sed 's/.*/{"message":"number &","type":"info"}/' >many.jsonl
	[ "$(rt-query many.jsonl -n 20000 --format '{message}' | sed -n '1p;$p')" = $'number 10001\nnumber 30000' ]
	[ "$(rt-query many.jsonl -n 3 -g '00$' --format '{message}' | tr '\n' ' ')" = \
		"number 29800 number 29900 number 30000 " ]
}

@test "-c counts, and none is no failure" {
	make_events
	run -0 rt-query -c events.jsonl --stage build
	[ "$output" = 2 ]
	run -0 rt-query --count events.jsonl --stage nowhere
	[ "$output" = 0 ]
	run -0 rt-query events.jsonl --stage nowhere
	[ "$output" = "" ]
	cp events.jsonl more.jsonl
	run -0 rt-query -c events.jsonl more.jsonl
	[ "$output" = 12 ]
}

@test "-q prints nothing: 0 at the first match, 1 without any" {
	make_events
	run -0 rt-query -q events.jsonl --level error
	[ "$output" = "" ]
	run -1 rt-query -q events.jsonl --level critical
	[ "$output" = "" ]
	run -1 rt-query -q events.jsonl -n 3 --stage nowhere
	run -0 timeout 10 bash -c 'yes "{\"message\":\"m\"}" | rt-query -q -'
	run -1 --separate-stderr rt-query -q - <<<"no event"
	# shellcheck disable=SC2154
	[ "$stderr" = "" ]
}

@test "what is not there exits with 3, and the rest is answered" {
	make_events some.jsonl
	run -3 --separate-stderr rt-query ./nothing.jsonl some.jsonl no-such-run
	[ "$output" = "$(cat some.jsonl)" ]
	[[ $stderr = *'no run "./nothing.jsonl"'* && $stderr = *"no-such-run"*"$RT_RUNS_DIR"* ]]
	run -0 rt-query -q ./nothing.jsonl some.jsonl
	run -3 rt-query -q ./nothing.jsonl some.jsonl --stage nowhere
	run -3 rt-query -c ./nothing.jsonl some.jsonl
	[ "${lines[1]}" = 6 ]
	run -3 rt-query -n 1 ./nothing.jsonl some.jsonl
	[[ ${lines[1]} = *café* || ${lines[1]} = *caf\\u00e9* ]]
	mkdir empty
	run -3 rt-query ./empty
	[[ $output = *'"./empty" holds no run'* ]]
}

@test "no argument: all runs, the oldest first, each event with its run" {
	echo '{"message":"one"}' | run_with_events b-old '"created_at":"2026-06-01T00:00:00Z"'
	echo '{"message":"two"}' | run_with_events g/a-new '"created_at":"2026-06-02T00:00:00Z"'
	run -0 rt-query
	[ "$output" = $'{"run_id":"b-old","message":"one"}\n{"run_id":"a-new","message":"two"}' ]
	run -0 rt-query -n 1 --normalize
	[ "$output" = '{"run_id":"a-new","type":"info","message":"two"}' ]
	run -0 rt-query --format '{run_id}:{message}'
	[ "$output" = $'b-old:one\na-new:two' ]
	run -0 rt-query -o csv --columns run_id,message
	[ "$output" = $'run_id,message\r\nb-old,one\r\na-new,two\r' ]
	run -0 rt-query -o csv
	[ "${lines[0]}" = $'run_id,ts,type,level,stage,message\r' ]
	run -0 rt-query -o pretty
	[[ ${lines[0]} = *" b-old "*"one" && ${lines[1]} = *" a-new "*"two" ]]
}

@test "an event that names its run keeps it" {
	run_with_events r1 <<'END'
{"message":"a","run_id":"other"}
{"sessionId":"s-7","message":"b"}
 { }
 {"message" : "c"}
END
	make_run r2
	run -0 rt-query r1 r2
	[ "${lines[0]}" = '{"message":"a","run_id":"other"}' ]
	[ "${lines[1]}" = '{"run_id":"s-7","sessionId":"s-7","message":"b"}' ]
	[ "${lines[2]}" = '{"run_id":"r1" }' ]
	[ "${lines[3]}" = '{"run_id":"r1","message" : "c"}' ]
	run -0 rt-query r1 -n 1
	[ "$output" = ' {"message" : "c"}' ]
}

@test "which runs: an operand, -r, RT_RUN, a selection" {
	echo '{"message":"one"}' | run_with_events r1 '"name":"nightly","status":"failed"'
	echo '{"message":"two"}' | run_with_events r2 '"name":"docs","status":"completed"'
	run -0 rt-query r1
	[ "$output" = '{"message":"one"}' ]
	run -0 rt-query "$RT_RUNS_DIR/r2/"
	[ "$output" = '{"message":"two"}' ]
	run -0 rt-query -r r2
	[ "$output" = '{"message":"two"}' ]
	RT_RUN=$RT_RUNS_DIR/r1 run -0 rt-query
	[ "$output" = '{"message":"one"}' ]
	RT_RUN=r2 run -0 rt-query
	[ "$output" = '{"message":"two"}' ]
	RT_RUN=r2 run -0 rt-query --all -c
	[ "$output" = 2 ]
	run -0 rt-query --name 'night*'
	[ "$output" = '{"run_id":"r1","message":"one"}' ]
	run -0 rt-query --status success
	[ "$output" = '{"run_id":"r2","message":"two"}' ]
	run -0 --separate-stderr rt-query --status running
	[ "$output" = "" ]
	[[ $stderr == 'rt-query: no runs of that selection in "'* ]]
	run -2 rt-query r1 --status failed
	[[ $output = *"not both"* ]]
	run -2 rt-query r
	[[ $output = *'"r" is ambiguous: r1, r2'* ]]
	RT_RUN=$RT_RUNS_DIR/gone run -3 rt-query
	[[ $output = *"gone"* ]]
}

@test "the file of a run is that run" {
	echo '{"message":"one"}' | run_with_events r1
	echo '{"message":"two"}' | run_with_events r2
	run -0 rt-query "$RT_RUNS_DIR"/*/events.jsonl
	[ "$output" = $'{"run_id":"r1","message":"one"}\n{"run_id":"r2","message":"two"}' ]
}

@test "a run without events has none, and a runs folder that is missing no runs" {
	run -0 --separate-stderr rt-query
	[ "$output" = "" ]
	[[ $stderr == 'rt-query: no runs in "'* ]]
	make_run r1
	run -0 rt-query r1
	[ "$output" = "" ]
	run -0 rt-query -c
	[ "$output" = 0 ]
}

@test "events.jsonl that is no regular file is refused" {
	make_events outside.jsonl
	make_run r1
	ln -s "$PWD/outside.jsonl" "$RT_RUNS_DIR/r1/events.jsonl"
	run -3 rt-query r1
	[[ $output = *'r1/events.jsonl": it is a symbolic link'* ]]
	rm "$RT_RUNS_DIR/r1/events.jsonl"
	mkfifo "$RT_RUNS_DIR/r1/events.jsonl"
	run -3 timeout 10 rt-query r1
	[[ $output = *'it is no regular file'* ]]
	rm "$RT_RUNS_DIR/r1/events.jsonl"
	mkdir "$RT_RUNS_DIR/r1/events.jsonl"
	run -3 rt-query r1
	[[ $output = *'it is no regular file'* ]]
}

@test "-o json is one document, empty or not" {
	make_events
	run -0 rt-query -o json events.jsonl --stage nowhere
	[ "$output" = "[]" ]
	rt-query --json events.jsonl | jq -e 'length == 6 and .[5].message == "café (a+b)"'
	rt-query -o json --normalize events.jsonl -n 1 | jq -e '.[0].error == "exit 1"'
}

@test "tables, CSV and --format show what is derived, too" {
	make_events
	cat >one.jsonl <<'END'
{"event":"step_start","time":1782907200.25,"msg":"a, \"b\"\nc","phase":"x","extra":[1,2]}
END
	run -0 rt-query -o csv one.jsonl
	[ "$output" = $'ts,type,level,stage,message\r\n2026-07-01T12:00:00.250+00:00,step_started,info,x,"a, ""b""\nc"\r' ]
	run -0 rt-query -o csv --columns 'extra,nothing,metadata.x' one.jsonl
	[ "${lines[1]}" = $'"[1,2]",,\r' ]
	run -0 rt-query --format '{type}|{extra}|{{}}|{stage}|{nothing}' one.jsonl
	[ "$output" = 'step_started|[1,2]|{}|x|' ]
	run -0 rt-query -o table --columns 'stage=WHERE,percent' events.jsonl --stage build
	[ "${lines[0]}" = "WHERE  PERCENT" ]
	[ "${lines[2]}" = "build       40" ]
	run -0 rt-query -o table --utc one.jsonl
	[ "${lines[0]}" = "TS                          TYPE          LEVEL  STAGE  MESSAGE" ]
	[ "${lines[1]}" = '2026-07-01 12:00:00 +00:00  step_started  info   x      a, "b"\nc' ]
	run -2 rt-query --format '{type' one.jsonl
	[[ $output = *'bad format "{type"'* ]]
	run -2 rt-query -o yaml one.jsonl
	[[ $output = *'bad -o "yaml"'* ]]
}

@test "pretty: time, level, stage, percent, message, and what tells events apart" {
	make_events
	run -0 rt-query -o pretty events.jsonl
	[ "${lines[0]}" = "2026-07-01 12:00:00 +00:00 info     [build] Step 1 started  step_started step=1" ]
	[ "${lines[1]}" = "2026-07-01 12:00:01 +00:00 info     [build] (40%) compiling a.c  component=cc step=step_001" ]
	[ "${lines[3]}" = "2026-07-01 12:00:03 +00:00 info     [review] answer  llm_response_received role=coder model=gpt-4 task=t1 took=2.5s tokens=120" ]
	[ "${lines[4]}" = "2026-07-01 12:00:04 +00:00 warning  [test] 3 tests are slow" ]
	[ "${lines[5]}" = "2026-07-01 12:00:05 +00:00 error    [test] café (a+b)  task_failed task=t2 error=exit 1" ]
	echo '{"event":"deploy_failed","msg":"boom","error":"m","duration_sec":75.5}' >one.jsonl
	run -0 rt-query -o pretty one.jsonl
	[ "$output" = "                           error    boom  deploy_failed took=1m 15s" ]
	TZ=XXX-2 run -0 rt-query -o pretty events.jsonl -n 1
	[[ $output = "2026-07-01 14:00:05 +02:00 error "* ]]
	TZ=XXX-2 run -0 rt-query -o pretty --utc events.jsonl -n 1
	[[ $output = "2026-07-01 12:00:05 +00:00 error "* ]]
	run -0 rt-query -o pretty --color=always events.jsonl -n 1
	[[ $output = *$'\033[1;31m'* && $output = *$'\033[0m' ]]
}

@test "pretty is what a terminal gets, and nothing in it steers the terminal" {
	needs_terminal
	printf '{"message":"a\\u001b[31mred\\u0007\\nb\\u009b1m\\u202e\xc2\x9b","stage":"s\\u001b","time":0}\n' >bad.jsonl
	run -0 rt-query -o pretty bad.jsonl
	[ "$output" = '1970-01-01 00:00:00 +00:00 info     [s^[] a^[[31mred^G\nb\x9b1m\u202e\x9b' ]
	run -0 script -qec 'rt-query --color=never bad.jsonl' /dev/null
	[[ $output = '1970-01-01 00:00:00 +00:00 info     [s^[] a^[[31mred^G\nb\x9b1m\u202e\x9b'* ]]
	run -0 script -qec 'rt-query --color=never -o jsonl bad.jsonl' /dev/null
	[[ $output = *'\u202e\u009b","stage"'* ]]
}

@test "lines that are no events are skipped, and said at the end" {
	printf '{"message":"a"}\nTraceback\n[1]\n{"message":"b"}\n\n' >log.jsonl
	run -0 --separate-stderr rt-query log.jsonl
	[ "$output" = $'{"message":"a"}\n{"message":"b"}' ]
	[[ $stderr = 'rt-query: 3 lines skipped in "log.jsonl"'* ]]
	run -0 --separate-stderr rt-query -c log.jsonl
	[ "$output" = 2 ]
	[[ $stderr = *"3 lines skipped"* ]]
	printf 'x\n' >>log.jsonl
	run -0 --separate-stderr rt-query -n 1 log.jsonl
	[ "$output" = '{"message":"b"}' ]
	[[ $stderr = *"2 lines skipped"* ]]
	cat log.jsonl >two.jsonl
	run -0 --separate-stderr rt-query -c log.jsonl two.jsonl
	[ "$(grep -c '4 lines skipped in' <<<"$stderr")" = 2 ]
}

@test "-g: what fails at each place of a long text is no trap" {
	{
		printf '{"ts":"2026-07-01T12:00:00Z","type":"info","message":"'
		head -c 1000000 /dev/zero | tr '\0' b
		echo '"}'
	} >long.jsonl
	[ "$(timeout -s KILL 20 rt-query -c -g 'b.*c' long.jsonl)" = 0 ]
	[ "$(timeout -s KILL 20 rt-query -c --match 'message ~ (b|x).*c|^c' long.jsonl)" = 0 ]
	[ "$(timeout -s KILL 20 rt-query -c -g 'b.*b$' long.jsonl)" = 1 ]
}

@test "a form that there is not is refused before anything is read" {
	mkfifo pipe
	run -2 timeout 10 rt-query -o nonsense pipe
	[[ $output == *'bad -o "nonsense"'* ]]
	run -2 timeout 10 rt-query --agg count -o pretty pipe
	[[ $output == *'bad -o "pretty"'* ]]
}

@test "--check says where and why" {
	printf '{"message":"a"}\nTraceback\n{"a":1,}\n' >log.jsonl
	run -1 --separate-stderr rt-query --check log.jsonl
	[ "${lines[0]}" = 'log.jsonl:2: not a JSON object' ]
	[ "${lines[1]}" = 'log.jsonl:3: no JSON from the member on that begins at byte 7' ]
	[ "${#lines[@]}" = 2 ]
	[ "$stderr" = "" ]
	run -1 rt-query --check -q log.jsonl
	[ "$output" = "" ]
	run -1 rt-query --check - <log.jsonl
	[ "${lines[0]}" = 'standard input:2: not a JSON object' ]
	make_events good.jsonl
	run -0 rt-query --check good.jsonl
	[ "$output" = "" ]
	run -3 rt-query --check ./none.jsonl good.jsonl
	run -2 rt-query --check good.jsonl --stage build
	[[ $output = *"--check looks at every line"* ]]
}

@test "a last line without a newline counts when it is whole and nobody writes the run" {
	local running='"status":"running","updated_at":(now | todate),"host":"h",
		"owner":{"pid":1,"start_ticks":1,"boot_id":"elsewhere","pid_ns":1}'

	printf '{"message":"a"}\n{"message":"b"}' | run_with_events over '"status":"completed"'
	printf '{"message":"a"}\n{"message":"b"}' | run_with_events live "$running"
	printf '{"message":"a"}\n{"mess' | run_with_events half "$running"
	touch "$RT_RUNS_DIR"/{live,half}/.alive
	printf '{"message":"a"}\n{"message":"b"}' | run_with_events stale '"status":"running"'
	mkdir "$RT_RUNS_DIR/foreign"
	printf '{"event":"session_started","ts":%s}\n{"message":"b"}' "$(date +%s)" \
		>"$RT_RUNS_DIR/foreign/events.jsonl"
	printf '{"message":"a"}\n{"mess' | run_with_events torn '"status":"failed"'
	[ "$(rt-query -c over)" = 2 ]
	[ "$(rt-query -n 1 over)" = '{"message":"b"}' ]
	run -0 --separate-stderr rt-query -c live
	[ "$output" = 1 ]
	[ "$stderr" = "" ]
	[ "$(rt-query -n 1 live)" = '{"message":"a"}' ]
	run -0 rt-query --check live
	run -0 --separate-stderr rt-query -c half
	[ "$output" = 1 ]
	[ "$stderr" = "" ]
	run -0 rt-query --check half
	[ "$(rt-query -c stale)" = 2 ]
	[ "$(rt-query -c foreign)" = 2 ]
	run -0 --separate-stderr rt-query -c torn
	[ "$output" = 1 ]
	[[ $stderr = *"1 line skipped"* ]]
	run -1 rt-query --check torn
	[ "$output" = "$RT_RUNS_DIR/torn/events.jsonl:2: cut off: neither a newline at its end nor a whole JSON object" ]
	printf '{"message":"b"}' >file.jsonl
	[ "$(rt-query file.jsonl)" = '{"message":"b"}' ]
}

@test "long lines are read; one past 16 MiB is skipped and counted" {
	long_line 1000000 >long.jsonl
	echo '{"message":"end"}' >>long.jsonl
	run -0 rt-query -c long.jsonl
	[ "$output" = 2 ]
	long_line 34000000 >huge.jsonl
	echo '{"message":"end"}' >>huge.jsonl
	run -0 --separate-stderr rt-query huge.jsonl
	[ "$output" = '{"message":"end"}' ]
	[[ $stderr = *"1 line skipped"* ]]
	run -0 --separate-stderr rt-query -n 5 huge.jsonl
	[ "$output" = '{"message":"end"}' ]
	run -1 rt-query --check huge.jsonl
	[ "$output" = 'huge.jsonl: 1 line longer than 16 MiB' ]
}

@test "bad values are refused with what is meant" {
	make_events
	run -2 rt-query events.jsonl -g '('
	[[ $output = *'bad --grep: bad regular expression "(": '* ]]
	run -2 rt-query -g '[\d]+\d' small.jsonl
	[[ $output = *'extended ones have no \d; [0-9] is a digit'* ]]
	run -2 rt-query events.jsonl --match 'percent 40'
	[[ $output = *'bad condition "percent 40": use KEY OP VALUE'* ]]
	run -2 rt-query events.jsonl --match 'duration_ms > 5s'
	[[ $output = *'bad condition on duration_ms: "5s" is no number of milliseconds'* ]]
	run -2 rt-query events.jsonl --match 'percent >> 5'
	run -2 rt-query events.jsonl --match 'stage ~ ['
	run -2 rt-query events.jsonl --level loud
	[[ $output = *'bad level "loud": use debug'* ]]
	run -2 rt-query events.jsonl --since soon
	[[ $output = *'bad time "soon": use '* ]]
	run -2 rt-query events.jsonl -n many
	run -2 rt-query events.jsonl --stage ,
	run -2 rt-query events.jsonl --nonsense
	[[ $output = *'unknown option "--nonsense"'* ]]
}

@test "a full disk is an error, a closed pipe is none" {
	make_events
	run -3 bash -c 'rt-query events.jsonl >/dev/full'
	[[ $output = *"No space left"* ]]
	seq 100000 | sed 's/.*/{"message":"number &"}/' >many.jsonl
	run -0 bash -c 'rt-query many.jsonl | head -n 1'
	[ "$output" = '{"message":"number 1"}' ]
}

@test "help and completion know every option" {
	run -0 rt-query --help
	[[ $output = *"usage: rt-query [OPTION...] [RUN|FILE|-]..."* && $output = *"--normalize"* && $output = *"--match"* ]]
	run -0 rt-query --complete --che
	[[ $output = --check* ]]
}

# Lines that end at, before and behind the borders of pieces of 4 MiB, and some
# that reach over one or two of them; the last has no newline.
bordering_lines() {
	awk -v piece=4194304 'BEGIN {
		for (x = "x"; length(x) < 3 * piece;)
			x = x x
		for (n = 0; at < 5 * piece; n++) {
			left = piece - at % piece
			size = 20000 + (n * 7919) % 9973
			if (left <= 30000)
				size = left + int(at / piece) % 3 - 1
			if (n == 400)
				size = 2 * piece + 5
			head = sprintf("{\"n\":%d,\"type\":\"%s\",\"message\":\"", n, n % 5 ? "task_started" : "task_failed")
			line = head substr(x, 1, size - length(head) - 3) "\"}"
			print line
			at += length(line) + 1
		}
		printf "{\"n\":%d,\"type\":\"task_failed\"}", n
	}'
}

@test "however many threads search, the answer is the same" {
	bordering_lines >large.jsonl
	printf '{"message":"x"}\nno event\n' >small.jsonl
	for filter in "--match n>=0" "--type task_failed" "--type task_failed --match n<500" \
		"--type task_failed -n 3" "-n 2"; do
		# shellcheck disable=SC2086
		for j in 1 2 3 16; do
			rt-query -j "$j" $filter large.jsonl >"found.$j"
			[ -s "found.$j" ]
			cmp found.1 "found.$j"
			[ "$(rt-query -j "$j" $filter large.jsonl -c)" = "$(($(wc -l <found.1)))" ]
		done
	done
	for j in 1 2 3 16; do
		rt-query -j "$j" large.jsonl small.jsonl large.jsonl --columns n -o csv >"csv.$j" 2>err
		cmp csv.1 "csv.$j"
		[ "$(cat err)" = 'rt-query: 1 line skipped in "small.jsonl" (rt-query --check says why)' ]
		rt-query -j "$j" -q --match 'n = 300' large.jsonl
		run -1 rt-query -j "$j" -q --type run_failed large.jsonl
	done
	[ "$(wc -l <csv.1)" = $((2 * $(wc -l <large.jsonl) + 2 + 1 + 1)) ]
}

@test "there are no more threads than processors that it may use" {
	local cpu pid threads
	command -v taskset || skip "no taskset"
	cpu=$(taskset -cp $$ | grep -o '[0-9]*$')
	bordering_lines >large.jsonl
	mkfifo pipe
	exec 4<>pipe
	taskset -c "$cpu" rt-query large.jsonl >&4 3>&- 4>&- &
	pid=$!
	# it prints more than the pipe takes: what it has begun it cannot end
	read -r -u 4 _
	threads=$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)
	kill "$pid"
	wait "$pid" || true
	exec 4>&-
	[ "$threads" = 1 ]
}

make_calls() {
	cat >calls.jsonl <<'EOF'
{"ts":"2026-07-01T10:00:00.000+00:00","type":"llm_response_received","stage":"spec","model":"m1","task_id":"t1","duration_ms":100,"metadata":{"tokens":{"prompt":10},"cost_usd":0.1}}
{"ts":"2026-07-01T10:04:59.999+00:00","type":"llm_response_received","stage":"spec","model":"m1","task_id":"t2","duration_ms":300,"metadata":{"tokens":{"prompt":20},"cost_usd":0.2}}
{"ts":"2026-07-01T10:05:00.000+00:00","type":"llm_response_received","phase":"build","model":"m2","task_id":"t1","durationMs":50.5,"metadata":{"tokens":{"prompt":"5"}}}
{"ts":"2026-07-01T10:15:00.000+00:00","type":"info","stage":"build","message":"no call","step":2}
{"message":"neither time nor stage"}
EOF
}

@test "--agg and --by: what is worked out, for each group" {
	make_calls
	run -0 rt-query calls.jsonl --by stage --agg 'count, sum(metadata.tokens.prompt), avg(duration_ms), min(duration_ms), max(duration_ms), distinct(task_id), sum(metadata.cost_usd)'
	[ "${lines[0]}" = '{"stage":"build","count":2,"sum(metadata.tokens.prompt)":5,"avg(duration_ms)":50.5,"min(duration_ms)":50.5,"max(duration_ms)":50.5,"distinct(task_id)":1,"sum(metadata.cost_usd)":null}' ]
	[ "${lines[1]}" = '{"stage":"spec","count":2,"sum(metadata.tokens.prompt)":30,"avg(duration_ms)":200,"min(duration_ms)":100,"max(duration_ms)":300,"distinct(task_id)":2,"sum(metadata.cost_usd)":0.3}' ]
	[ "${lines[2]}" = '{"stage":null,"count":1,"sum(metadata.tokens.prompt)":null,"avg(duration_ms)":null,"min(duration_ms)":null,"max(duration_ms)":null,"distinct(task_id)":0,"sum(metadata.cost_usd)":null}' ]
	[ "${#lines[@]}" = 3 ]
	run -0 rt-query calls.jsonl --agg 'count,count(model),p0(duration_ms),p100(duration_ms)'
	[[ $output = '{"count":5,"count(model)":3,"p0(duration_ms)":50.'*',"p100(duration_ms)":'* ]]
	run -0 rt-query calls.jsonl --by model,stage --type llm_response_received
	[ "$output" = '{"model":"m1","stage":"spec","count":2}
{"model":"m2","stage":"build","count":1}' ]
	run -0 rt-query calls.jsonl --by step --format '{step}: {count}'
	[ "$output" = ': 4
2: 1' ]
	run -0 rt-query calls.jsonl --by type --type nothing_like_it
	[ "$output" = '' ]
	[ "$(rt-query calls.jsonl --agg 'count,sum(step)' --type nothing_like_it)" = '{"count":0,"sum(step)":null}' ]
	run -0 rt-query calls.jsonl --by type --type nothing_like_it --json
	[ "$output" = '[]' ]
}

@test "numbers of groups are those of the lines" {
	printf '%s\n' '{"x":1234567890123456789}' '{"x":"9007199254740993"}' '{"x":-5}' >whole.jsonl
	[ "$(rt-query whole.jsonl --agg 'min(x),max(x),sum(x)')" = \
		'{"min(x)":-5,"max(x)":1234567890123456789,"sum(x)":1243575089378197777}' ]
	printf '%s\n' '{"x":0.1234567890123456}' '{"x":0.1}' '{"x":0.2}' >real.jsonl
	[ "$(rt-query real.jsonl --agg 'min(x),sum(x)')" = '{"min(x)":0.1,"sum(x)":0.423456789012346}' ]
	[ "$(rt-query real.jsonl --agg 'p100(x)' --match 'x < 0.15' --agg 'max(x)')" = '{"max(x)":0.1234567890123456}' ]
	# A sum fits that did not on the way.
	printf '%s\n' '{"x":9223372036854775807}' '{"x":1}' '{"x":-1}' >near.jsonl
	[ "$(rt-query --agg 'sum(x)' near.jsonl)" = '{"sum(x)":9223372036854775807}' ]
	printf '%s\n' '{"x":-9223372036854775808}' '{"x":-1}' '{"x":1}' >near.jsonl
	[ "$(rt-query --agg 'sum(x)' near.jsonl)" = '{"sum(x)":-9223372036854775808}' ]
	printf '%s\n' '{"x":1e308}' '{"x":1e308}' '{"x":-1e308}' >huge.jsonl
	[ "$(rt-query huge.jsonl --agg 'sum(x),avg(x),max(x)')" = '{"sum(x)":null,"avg(x)":null,"max(x)":1e+308}' ]
	printf '%s\n' '{"ts":-9223372036.8,"x":1}' '{"x":1.0}' '{"x":1}' >odd.jsonl
	[ "$(rt-query odd.jsonl --bucket 1s | jq -sc 'map(.count)')" = '[3]' ]
	[ "$(rt-query odd.jsonl --by x --format '{x}')" = $'1\n1.0' ]
}

@test "events that name no run are grouped under that which they are of" {
	rt-run start --id one >/dev/null
	rt-run start --id two >/dev/null
	rt-emit --run two x
	[ "$(rt-query -a --by run_id --format '{run_id} {count}')" = $'two 2\none 1' ]
}

@test "--bucket, --sort and -n put groups in time, in order, and at an end" {
	make_calls
	run -0 rt-query calls.jsonl --bucket 5m
	[ "$output" = '{"bucket":"2026-07-01T10:00:00.000+00:00","count":2}
{"bucket":"2026-07-01T10:05:00.000+00:00","count":1}
{"bucket":"2026-07-01T10:15:00.000+00:00","count":1}
{"bucket":null,"count":1}' ]
	run -0 rt-query calls.jsonl --bucket 5m --sort -bucket -n 1
	[ "$output" = '{"bucket":"2026-07-01T10:15:00.000+00:00","count":1}' ]
	run -0 rt-query calls.jsonl --by stage --sort -stage -o csv
	[ "${output//$'\r'/}" = 'stage,count
spec,2
build,2
,1' ]
	run -0 rt-query calls.jsonl --by task_id --agg 'sum(duration_ms)' --sort 'sum(duration_ms)' --format '{task_id}'
	[ "$output" = $'t1\nt2' ]
	run -0 rt-query calls.jsonl --by stage --agg 'sum(metadata.tokens.prompt)' -o table
	[ "${lines[0]}" = 'STAGE  SUM(PROMPT)' ]
}

@test "groups are the same however many threads count" {
	bordering_lines >large.jsonl
	for j in 1 2 7; do
		rt-query -j "$j" large.jsonl --by type --agg 'count,sum(n),avg(n),p50(n),distinct(n)' >"groups.$j"
		cmp groups.1 "groups.$j"
	done
	[ "$(wc -l <groups.1)" = 2 ]
}

@test "a bar beside the numbers, on a terminal only" {
	needs_terminal
	make_calls
	run -0 script -qec 'rt-query --color=never --by model calls.jsonl' /dev/null
	[[ ${lines[1]} = 'm1 '*' 2  ████████████████████'* ]]
	[[ ${lines[2]} = ' '*' 2  ████████████████████'* ]]
	[[ ${lines[3]} = 'm2 '*' 1  ██████████'* ]]
	run -0 rt-query --by model calls.jsonl -o table
	[[ $output != *█* ]]
}

@test "what is wrong with --agg, --by and --sort is said" {
	make_calls
	run -2 rt-query calls.jsonl --agg 'median(duration_ms)'
	[[ $output = *'unknown aggregate "median(duration_ms)": use count, sum, avg, min, max, distinct or p0 to p100'* ]]
	run -2 rt-query calls.jsonl --agg 'p101(duration_ms)'
	[[ $output = *'unknown aggregate "p101(duration_ms)"'* ]]
	run -2 rt-query calls.jsonl --agg sum
	[[ $output = *'"sum" of what? Name a field: sum(duration_ms)'* ]]
	run -2 rt-query calls.jsonl --agg 'sum(duration_ms'
	[[ $output = *'bad aggregate "sum(duration_ms": the ) is missing'* ]]
	run -2 rt-query calls.jsonl --by stage, --agg count
	[[ $output = *'an empty name in --by'* ]]
	run -2 rt-query calls.jsonl --by stage --sort model
	[[ $output = *'cannot sort by "model": it is no column of the answer'* ]]
	run -2 rt-query calls.jsonl --sort model
	run -2 rt-query calls.jsonl --by stage -c
	run -2 rt-query calls.jsonl --by 'a=b'
	[[ $output = *'bad name "a=b" in --by: it holds a ='* ]]
	run -2 rt-query calls.jsonl --by count
	[[ $output = *'"count" would be two columns'* ]]
	run -2 rt-query calls.jsonl --bucket 0
	run -2 rt-query calls.jsonl --check --by stage
	awk 'BEGIN { for (i = 0; i < 600000; i++) printf "{\"task_id\":\"t%d\"}\n", i }' >many.jsonl
	for j in 1 2 16; do
		run -3 rt-query -j "$j" many.jsonl --by task_id
		[ "$output" = 'rt-query: more groups and values than fit into 40 MiB: select fewer events, or group them less finely' ]
		[ "$(rt-query -j "$j" many.jsonl --by task_id --match 'task_id < "t3"' | wc -l)" = 222223 ]
	done
	[ "$(rt-query many.jsonl --agg 'distinct(task_id)' --format '{distinct(task_id)}')" = 600000 ]
}

# 20,000 events of a run, 10 a second, some of the same millisecond.
make_timed() {
	run=$RT_RUNS_DIR/timed
	rt-run start --id timed >/dev/null
	awk 'BEGIN {
		for (n = 0; n < 20000; n++) {
			ms = int(n / 3) * 300
			printf "{\"ts\":\"2099-07-01T%02d:%02d:%02d.%03d+00:00\",\"type\":\"info\",\"message\":\"%0*d\"}\n",
				10 + int(ms / 3600000), int(ms / 60000) % 60, int(ms / 1000) % 60, ms % 1000, 5, n
		}
	}' >timed.jsonl
	rt-emit --run timed - <timed.jsonl
}

@test "a span of time in a run is found without reading the rest" {
	make_timed
	[ "$(jq .ordered "$run/status.json")" = true ]
	tail -n +2 "$run/events.jsonl" >copy.jsonl
	# The time of the event in the middle, which is looked at first.
	half=$(head -c $(($(stat -c %s "$run/events.jsonl") / 2)) "$run/events.jsonl" | wc -l)
	middle=$(sed -n "$((half + 2))s/.*\"ts\":\"\([^\"]*\)\".*/\1/p" "$run/events.jsonl")
	for span in "-S 2099-07-01T10:20:00Z" "-S 2099-07-01T10:20:00.300Z" "-S 2099-07-01T10:20:00.2999Z" \
		"-U 2099-07-01T10:00:03Z" "-S 2099-07-01T10:33:19Z" "-S 2099-07-01T10:33:20Z" \
		"-S 2099-07-01T10:10:00Z -U 2099-07-01T10:10:01Z" "-S 2099-07-01T09:00:00Z -U 2099-07-01T09:10:00Z" \
		"-S 2099-07-01T10:10:00Z -n 2" "-U 2099-07-01T10:10:00Z -n 2" \
		"-U 2099-07-01T10:10:00.2991Z" "-S 2098-01-01 -U 2100-01-01" \
		"-S $middle" "-U $middle" "-S $middle -n 5" "-U $middle -n 5"; do
		# shellcheck disable=SC2086
		rt-query "$run" $span --type info >found
		# shellcheck disable=SC2086
		rt-query copy.jsonl $span >want
		cmp want found
	done
	run -0 --separate-stderr rt-query -v -j 1 timed -S 2099-07-01T10:33:19Z -c
	[ "$output" = 8 ]
	[[ $stderr =~ ': '([0-9]+)' lines parsed' ]]
	[ "${BASH_REMATCH[1]}" -lt 6000 ]
}

@test "the order of a large file is found out once" {
	mkdir -p "$RT_RUNS_DIR/.rt"
	cache=$RT_RUNS_DIR/.rt/files.jsonl
	awk 'BEGIN {
		for (n = 0; n < 60000; n++)
			printf "{\"ts\":\"2099-07-01T%02d:%02d:%02dZ\",\"message\":\"%060d\"}\n",
				n / 3600, int(n / 60) % 60, n % 60, 0
	}' >sorted
	cp sorted large.jsonl
	parsed() {
		run -0 --separate-stderr rt-query -v -j 1 large.jsonl -c "$@"
		[[ $stderr =~ ': '([0-9]+)' lines parsed' ]]
		parsed=${BASH_REMATCH[1]}
	}
	# Of a file that is being written nothing is kept.
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 60 ]
	[ ! -e "$cache" ]
	touch -d '1 minute ago' large.jsonl
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 60 ]
	[ "$(stat -c %a "$cache")" = 600 ]
	cp "$cache" before
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 60 ]
	((parsed < 6000))
	cmp before "$cache"
	parsed -S 2099-07-01T03:00:00Z -U 2099-07-01T03:00:10Z
	[ "$output" = 10 ]
	# What is appended counts, whether it is in order or not, a line that has no end as well.
	printf '{"ts":"2099-07-01T00:00:00Z"}\n{"ts":"2099-07-02T00:00:00Z"}' >>large.jsonl
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 61 ]
	touch -d '50 seconds ago' large.jsonl
	for _ in 1 2; do
		parsed -U 2099-07-01T00:00:01Z
		[ "$output" = 2 ]
	done
	# Written over in place: as large as before, and the same at its end.
	cp sorted large.jsonl
	touch -d '1 minute ago' large.jsonl
	parsed -S 2099-07-01T16:39:00Z
	parsed -S 2099-07-01T16:39:00Z
	((parsed < 6000))
	head -n 59999 sorted | tac >large.jsonl
	tail -n 1 sorted >>large.jsonl
	touch -d '40 seconds ago' large.jsonl
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 60 ]
	# A whole line that no newline ends is in no order that is known.
	head -c -1 sorted >large.jsonl
	touch -d '30 seconds ago' large.jsonl
	parsed -S 2099-07-01T16:39:00Z
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 60 ]
	# A damaged cache is none, and a link is not followed.
	echo '{"path":1' >"$cache"
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 60 ]
	rm "$cache" && ln -s elsewhere "$cache"
	parsed -S 2099-07-01T16:39:00Z
	[ "$output" = 60 ]
	[ ! -e "$RT_RUNS_DIR/.rt/elsewhere" ]
}

@test "in a run whose events are in no order, all of it is read for a span of time" {
	make_timed
	rt-emit --run timed - <<<'{"ts":"2099-07-01T10:00:00.500+00:00","message":"late"}'
	rt-emit --run timed - <timed.jsonl
	[ "$(jq .ordered "$run/status.json")" = false ]
	[ "$(rt-query timed -S 2099-07-01T10:33:19Z -c)" = 16 ]
	[ "$(rt-query timed -U 2099-07-01T10:00:00.6Z -g late -c)" = 1 ]
	# What another program adds is in no order that is known.
	rm -r "$run"
	make_timed
	echo '{"ts":"2020-01-01T00:00:00Z","message":"older"}' >>"$run/events.jsonl"
	[ "$(rt-query timed -U 2099-07-01T10:00:01Z -g older -c)" = 1 ]
	rm -r "$run"
	make_timed
	rt-emit --run timed - <timed.jsonl
	# A status.json that speaks of more than there is, or of another file, is not believed.
	jq -c '.ordered = true | .events_size = 99999999' "$run/status.json" >s && mv s "$run/status.json"
	[ "$(rt-query timed -S 2099-07-01T10:33:19Z -c)" = 16 ]
}
