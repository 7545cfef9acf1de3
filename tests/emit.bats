#!/usr/bin/env bats
# rt-emit: one event from options, streams of them, and what happens when it
# cannot be recorded.

load helper

setup() {
	rt_setup
	rt-run start --id r >/dev/null
	export RT_RUN=r
	run=$RT_RUNS_DIR/r
}

teardown() {
	[ -z "${holder-}" ] || kill -KILL "$holder" 2>/dev/null || true
}

# The last event of the run, without its time: event [RUN]
event() {
	tail -n 1 "$RT_RUNS_DIR/${1:-r}/events.jsonl" | sed 's/"ts":"[^"]*",//'
}

# The events after the run_started, without times.
events() {
	tail -n +2 "$run/events.jsonl" | sed 's/"ts":"[^"]*",//'
}

# What status.json says at a jq path.
status() {
	jq -c "$1" "$run/status.json"
}

# Refused as a wrong command line: wrong MESSAGE OPTION...
wrong() {
	local message=$1

	shift
	run -2 --separate-stderr rt-emit "$@"
	[ -z "$output" ]
	[ "$stderr" = "rt-emit: $message"$'\ntry "rt-emit --help"' ] || {
		echo "$stderr"
		return 1
	}
}

# A process that holds the run's lock and is stopped; its id is in $holder.
freeze() {
	(
		exec 9<"$1/events.jsonl"
		flock 9
		kill -STOP "$BASHPID"
	) >/dev/null 2>&1 3>&- &
	holder=$!
	wait_for 10 grep -q '^State:.T' "/proc/$holder/status"
}

thaw() {
	kill -KILL "$holder"
	wait "$holder" || true
	holder=
}

# Run a command while a directory is read-only, for root too: read_only DIR COMMAND...
read_only() {
	local dir=$1 code=0

	shift
	if [ "$(id -u)" != 0 ]; then
		chmod -R a-w "$dir"
		"$@" || code=$?
		chmod -R u+w "$dir"
		return $code
	fi
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99
		shift; exec "$@"' - "$dir" "$@"
}

can_read_only() {
	mkdir -p probe
	[ "$(id -u)" != 0 ] || unshare -m sh -c 'mount --bind probe probe &&
		mount -o remount,bind,ro probe' 2>/dev/null
}

@test "every option ends in its field" {
	rt-emit --type own.type --level error -s build -p 12.50 --step 1 --total-steps 2 \
		--iteration 3 --max-iterations 4 --task t --step-id s --component c --action a --role r \
		--model m --correlation i --span sp --event-id e --parent p --state-before b \
		--state-after f --success true --result res --duration-ms 5.25 --error err \
		--ts 2026-07-01T14:00:00+02:00 --set k=v --set-json 'j={"a":[1,null]}' --tokens 12,34 \
		--cost 0.0120 the message
	[ "$(tail -n 1 "$run/events.jsonl")" = '{"ts":"2026-07-01T12:00:00.000+00:00","type":"own.type","level":"error","stage":"build","message":"the message","percent":12.50,"step":1,"total_steps":2,"iteration":3,"max_iterations":4,"task_id":"t","step_id":"s","component":"c","action":"a","agent_role":"r","model":"m","correlation_id":"i","span_id":"sp","event_id":"e","parent_id":"p","state_before":"b","state_after":"f","success":true,"result":"res","duration_ms":5.25,"error":"err","metadata":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46,"cost_usd":0.0120,"k":"v","j":{"a":[1,null]}}}' ]
	rt-emit --phase p -t own -l warn -m m
	[ "$(event)" = '{"type":"own","level":"warning","stage":"p","message":"m"}' ]
	rt-emit --success false x
	[ "$(event)" = '{"type":"info","message":"x","success":false}' ]
}

@test "an event has a time, a type and a message, and nothing else of its own" {
	rt-emit hello
	tail -n 1 "$run/events.jsonl" | jq -e '(keys | sort) == ["message", "ts", "type"] and
		(.ts | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}\\+00:00$"))'
	[ "$(event)" = '{"type":"info","message":"hello"}' ]
	rt-emit -s build hello
	[ "$(event)" = '{"type":"progress","stage":"build","message":"hello"}' ]
	rt-emit -p 0 hello
	[ "$(event)" = '{"type":"progress","message":"hello","percent":0}' ]
	rt-emit -t step_failed hello
	[ "$(event)" = '{"type":"step_failed","level":"error","message":"hello"}' ]
	rt-emit -t step_failed -l info hello
	[ "$(event)" = '{"type":"step_failed","level":"info","message":"hello"}' ]
	rt-emit -l info hello
	[ "$(event)" = '{"type":"info","message":"hello"}' ]
}

@test "words are joined, and a message may begin with a dash" {
	rt-emit two '  words ' x
	[ "$(event)" = '{"type":"info","message":"two   words  x"}' ]
	rt-emit -m '-not an option'
	[ "$(event)" = '{"type":"info","message":"-not an option"}' ]
	rt-emit -- -a -b -
	[ "$(event)" = '{"type":"info","message":"-a -b -"}' ]
	rt-emit -- -
	[ "$(event)" = '{"type":"info","message":"-"}' ]
	rt-emit a -s st b
	[ "$(event)" = '{"type":"progress","stage":"st","message":"a b"}' ]
	rt-emit -m ''
	[ "$(event)" = '{"type":"info","message":""}' ]
}

@test "known types have a message of their own" {
	said() { rt-emit "$@" && event | jq -r .message; }
	[ "$(said -t llm_request_sent --model gpt-4 --role coder)" = 'LLM request to gpt-4 for coder' ]
	[ "$(said -t llm_request_sent --model gpt-4)" = 'LLM request to gpt-4' ]
	[ "$(said -t step_started --step 2 --total-steps 5)" = 'Step 2 of 5 started' ]
	[ "$(said -t task_failed --task t1 --error 'no luck')" = 'Task t1 failed: no luck' ]
	[ "$(said -t phase_transition --state-before spec -s code)" = 'Phase spec to code' ]
	[ "$(said -t gate_checked --component lint --result passed)" = 'Gate lint checked: passed' ]
	[ "$(said -s build -p 40)" = 'Progress in build: 40%' ]
	[ "$(said -t error --error broken)" = broken ]
	[ "$(said -t my.own)" = my.own ]
	[ "$(said -t step_start --step 1)" = 'Step 1 started' ]
}

@test "metadata: the last of a key counts, and values stay as they were given" {
	rt-emit --set a=1 --set b= --set a=2 --set 'c=x=y "z"' --set-json $'n=[1.50,\n1e2]' x
	[ "$(event)" = '{"type":"info","message":"x","metadata":{"b":"","a":"2","c":"x=y \"z\"","n":[1.50, 1e2]}}' ]
	rt-emit --set 'a b/é=1' x
	[ "$(event)" = '{"type":"info","message":"x","metadata":{"a b/é":"1"}}' ]
	rt-emit --set-json a=1 --set a=text --set ab=2 x
	[ "$(event)" = '{"type":"info","message":"x","metadata":{"ab":"2","a":1}}' ]
}

@test "a wrong option is refused, and nothing is recorded" {
	wrong 'unknown option "--nope"; did you mean "--type"?' --nope x
	wrong 'bad --percent "101": a number from 0 to 100' --percent 101 x
	wrong 'bad --percent "abc": a number from 0 to 100' --percent abc x
	wrong 'bad --percent "-1": a number from 0 to 100' -p -1 x
	wrong 'bad --percent "": a number from 0 to 100' -p '' x
	wrong 'bad --percent "1e3": a number from 0 to 100' -p 1e3 x
	wrong 'bad --percent "nan": a number from 0 to 100' -p nan x
	wrong 'bad --percent "05": a number from 0 to 100' -p 05 x
	wrong 'bad --type "Not A Type": lower case letters, digits and "_.:-", at most 64, starting with a letter' \
		--type 'Not A Type' x
	wrong "bad --type \"$(printf 'x%.0s' {1..65})\": lower case letters, digits and \"_.:-\", at most 64, starting with a letter" \
		--type "$(printf 'x%.0s' {1..65})" x
	wrong '--type run_failed is for rt-run alone: it says what becomes of the run (rt-run finish)' \
		--type run_failed x
	wrong '--type run_own is for rt-run alone: it says what becomes of the run (rt-run finish)' \
		--type run_own x
	wrong 'bad --level "loud": debug, info, warning, error or critical' --level loud x
	wrong 'bad --step "1.5": an integer from 0' --step 1.5 x
	wrong 'bad --step "-1": an integer from 0' --step -1 x
	wrong 'bad --iteration "x": an integer from 0' --iteration x x
	wrong 'bad --duration-ms "-1": a number from 0' --duration-ms -1 x
	wrong 'bad --success "yes": true or false' --success yes x
	wrong 'bad --ts "noon": a time like 2026-07-01T12:00:00Z' --ts noon x
	wrong 'bad component "a/b": use letters, digits, ".", "_" and "-", with a letter or digit first' \
		--component a/b x
	wrong 'bad --set "x": KEY=TEXT' --set x x
	wrong 'bad --set "=x": KEY=TEXT' --set =x x
	wrong 'bad --set-json "k=x": the value is no JSON (text wants --set)' --set-json k=x x
	wrong 'bad --set-json "k=1,2": the value is no JSON (text wants --set)' --set-json k=1,2 x
	wrong 'bad --set-json "k=1}": the value is no JSON (text wants --set)' --set-json 'k=1}' x
	wrong 'bad --tokens "5": PROMPT,COMPLETION, like 1234,567' --tokens 5 x
	wrong 'bad --tokens "5,-1": PROMPT,COMPLETION, like 1234,567' --tokens 5,-1 x
	wrong 'bad --cost "-1": dollars, like 0.0125' --cost -1 x
	wrong 'bad --cost "free": dollars, like 0.0125' --cost free x
	wrong 'nothing to record: give a MESSAGE, or "-" to read lines'
	wrong 'the message is given twice, with -m and as "x"' -m y x
	wrong '--tee passes a stream on: it goes with "-"' --tee x
	wrong 'the messages come from standard input: no -m with "-"' -m x -
	[ "$(wc -l <"$run/events.jsonl")" -eq 1 ]
	# also where recording trouble is only warned of: a script is to be mended
	RT_ON_ERROR=warn run -2 rt-emit --percent 101 x
	# a setting is no argument: it is said, and the event is recorded
	RT_SYNC=maybe run -0 rt-emit x
	[ "$output" = 'rt-emit: RT_SYNC=maybe is none of end, always, never: end it is' ]
	RT_LOCK_TIMEOUT=soon run -0 rt-emit x
	[[ $output == 'rt-emit: RT_LOCK_TIMEOUT: '*'10s it is' ]]
	RT_STATUS_EVENTS=0 run -0 rt-emit x
	[ "$output" = 'rt-emit: RT_STATUS_EVENTS=0 is no number from 1 to 1000: 20 it is' ]
	[ "$(wc -l <"$run/events.jsonl")" -eq 4 ]
}

@test "without a run set nothing is done; RT_REQUIRE=1 wants one" {
	unset RT_RUN
	run -0 rt-emit hello
	[ -z "$output" ]
	RT_RUN='' run -0 rt-emit hello
	run -0 bash -c 'echo x | rt-emit -'
	[ -z "$output" ]
	RT_REQUIRE=0 run -0 rt-emit hello
	RT_REQUIRE=1 run -3 rt-emit hello
	[ "$output" = 'rt-emit: no run is set, and RT_REQUIRE wants one: set RT_RUN or give -r RUN' ]
	RT_REQUIRE=1 RT_ON_ERROR=warn run -3 rt-emit hello
	RT_REQUIRE=1 run -3 bash -c 'echo x | rt-emit -'
	[ "$(wc -l <"$run/events.jsonl")" -eq 1 ]
}

@test "which run: -r beats RT_RUN; every form of a RUN" {
	rt-run start --id other -g g >/dev/null
	rt-emit -r g/other one
	rt-emit -r oth two
	rt-emit -r @latest three
	rt-emit -r "$RT_RUNS_DIR/g/other" four
	(cd "$RT_RUNS_DIR/g" && rt-emit -r ./other five)
	RT_RUN=$RT_RUNS_DIR/g/other rt-emit six
	[ "$(tail -n +2 "$RT_RUNS_DIR/g/other/events.jsonl" | jq -r .message | paste -sd' ')" = \
		'one two three four five six' ]
	[ "$(wc -l <"$run/events.jsonl")" -eq 1 ]
}

@test "a run that does not exist, an ambiguous one" {
	rt-run start --id ab1 >/dev/null
	rt-run start --id ab2 >/dev/null
	run -3 rt-emit -r nope x
	[ "$output" = "rt-emit: no run \"nope\" in \"$RT_RUNS_DIR\"" ]
	run -3 rt-emit -r "$PWD/nope" x
	[ "$output" = "rt-emit: cannot open run \"$PWD/nope\": No such file or directory" ]
	run -3 rt-emit -r "$PWD" x
	[ "$output" = "rt-emit: cannot open \"$PWD/events.jsonl\": No such file or directory" ]
	run -2 rt-emit -r ab x
	[ "$output" = 'rt-emit: "ab" is ambiguous: ab1, ab2' ]
	run -3 rt-emit -d "$PWD/missing" -r r x
	[ "$output" = "rt-emit: no run \"r\" in \"$PWD/missing\"" ]
	touch file
	run -3 rt-emit -d "$PWD/file" -r r x
	[ "$output" = "rt-emit: the runs folder \"$PWD/file\" is not a directory" ]
}

@test "under rt-run trouble is one warning and exit 0" {
	export RT_ON_ERROR=warn
	run -0 rt-emit -r nope x
	[ "$output" = "rt-emit: no run \"nope\" in \"$RT_RUNS_DIR\"" ]
	touch file
	run -0 rt-emit -d "$PWD/file" -r r x
	[ "$output" = "rt-emit: the runs folder \"$PWD/file\" is not a directory" ]
	rm "$run/events.jsonl"
	run -0 rt-emit x
	[ "${#lines[@]}" -eq 1 ]
	run -0 bash -c 'seq 3 | rt-emit - --tee'
	[ "$output" = "rt-emit: cannot open \"$run/events.jsonl\": No such file or directory"$'\n1\n2\n3' ]
}

@test "levels that are not wanted are dropped" {
	RT_LEVEL=warning rt-emit low
	RT_LEVEL=warning rt-emit -l error high
	RT_LEVEL=warning rt-emit -t step_failed derived
	RT_LEVEL=error RT_LEVEL_adapter=debug rt-emit --component adapter -l debug told
	RT_LEVEL=debug RT_LEVEL_my_part=error rt-emit --component my-part dropped
	[ "$(events | jq -r .message | paste -sd' ')" = 'high derived told' ]
	run -0 env RT_LEVEL=loud rt-emit kept
	[ "$output" = 'rt-emit: RT_LEVEL: unknown level "loud"' ]
	[ "$(event | jq -r .message)" = kept ]
	printf '%s\n' one '{"level":"error","msg":"two"}' '{"level":"warn","module":"quiet"}' |
		RT_LEVEL=warning RT_LEVEL_quiet=critical rt-emit -
	[ "$(event | jq -r .message)" = two ]
	[ "$(status .counts.events)" -eq 6 ]
}

@test "--strict wants known types and their fields" {
	run -3 rt-emit --strict -t own x
	[ "$output" = 'rt-emit: unknown event type "own" (rt-event(5) lists them)' ]
	run -3 rt-emit --strict -t task_started x
	[ "$output" = 'rt-emit: an event of type "task_started" needs "task_id"' ]
	run -3 rt-emit --strict -t info
	[ "$output" = 'rt-emit: an event of type "info" needs "message"' ]
	[ "$(wc -l <"$run/events.jsonl")" -eq 1 ]
	rt-emit --strict -t task_started --task t
	rt-emit --strict x
	[ "$(wc -l <"$run/events.jsonl")" -eq 3 ]
}

@test "what surrounds it: stage, step and correlation of the step around it" {
	export RT_STAGE=around RT_STEP_ID=step_007 RT_RUN_ID=r RT_CORRELATION_ID=r
	rt-emit x
	[ "$(event)" = '{"type":"progress","stage":"around","message":"x","step_id":"step_007"}' ]
	rt-emit -s own --step-id other x
	[ "$(event)" = '{"type":"progress","stage":"own","message":"x","step_id":"other"}' ]
	export RT_CORRELATION_ID=outer
	rt-emit x
	[ "$(event | jq -r .correlation_id)" = outer ]
	# a request correlates with its own response only
	rt-emit -t llm_request_sent --model m
	[ "$(event | jq -r .correlation_id)" = null ]
	rt-emit -t llm_request_sent --model m --correlation mine
	[ "$(event | jq -r .correlation_id)" = mine ]
	printf '%s\n' x '{"type":"llm_response_received"}' | rt-emit -
	[ "$(events | tail -n 2 | jq -r '"\(.stage) \(.correlation_id)"' | paste -sd,)" = \
		'around outer,around null' ]
}

@test "an event of a megabyte is cut, marked and told" {
	long=$(head -c 100000 /dev/zero | tr '\0' x)
	run -0 --separate-stderr rt-emit -m "$long"
	[ "$stderr" = 'rt-emit: the event was longer than 65536 bytes and has been cut' ]
	(head -c 1000000 /dev/zero | tr '\0' y && echo && echo after) >long
	run -0 --separate-stderr rt-emit - <long
	[ "$stderr" = 'rt-emit: 1 event cut: longer than 65536 bytes' ]
	perl -e 'print "{\"message\":\"", "\xe9\x80\xb2" x 350000, "\"}\n"' >long
	run -0 --separate-stderr rt-emit - <long
	perl -e 'print "{\"message\":\"kept\",\"result\":[\"", "z" x 1000000, "\"]}\n"' >long
	run -0 --separate-stderr rt-emit - <long
	[ "$stderr" = 'rt-emit: 1 event cut: longer than 65536 bytes' ]
	[ "$(wc -l <"$run/events.jsonl")" -eq 6 ]
	LC_ALL=C awk 'length > 65535 { exit 1 }' "$run/events.jsonl"
	jq -e . "$run/events.jsonl" >/dev/null
	[ "$(jq -s -c '[.[] | .truncated // false]' "$run/events.jsonl")" = '[false,true,true,false,true,true]' ]
	tail -n 2 "$run/events.jsonl" | head -n 1 | jq -e '.message | test("^進+$") and length > 21000'
	[ "$(tail -n 1 "$run/events.jsonl" | jq -r .message)" = kept ]
	[ "$(wc -c <"$run/status.json")" -le 65536 ]
	[ "$(status .counts.events)" -eq 6 ]
}

@test "NUL and invalid UTF-8 in a message" {
	printf 'a\0b\xffc\xc3\n{"message":"d\\u0000e"}\n{"message":"f\xff"}\n' | rt-emit -
	rt-emit $'g\xffh'
	[ "$(events)" = '{"type":"info","message":"a\u0000b'$'\xef\xbf\xbd''c'$'\xef\xbf\xbd''"}
{"type":"info","message":"d\u0000e"}
{"type":"info","message":"{\"message\":\"f'$'\xef\xbf\xbd''\"}"}
{"type":"info","message":"g'$'\xef\xbf\xbd''h"}' ]
	jq -e . "$run/events.jsonl" "$run/status.json" >/dev/null
	LC_ALL=C run ! grep -aP '\x00|\xff' "$run/logs.txt"
}

@test "a stream: objects are events, any other line is a message" {
	rt-emit - <<-'END'
		plain text
		{"type":"progress","stage":"s","message":"canonical","percent":1.50}
		{"timestamp":"2026-07-01T12:00:00.5Z","event":"step_start","msg":"aliased","severity":"WARN","phase":"p","durationMs":1e1,"other":{"k":[1]},"more":"x","data":{"z":2}}
		{"time":1783000000,"@timestamp":"2020-01-01","level":30,"topic":"Odd Topic!","Body":"b","percentage":99.0}
		[1,2]
		{"not":"whole"
		"text"

		  { "msg" : "spaces" }  
		{}
	END
	[ "$(events)" = '{"type":"info","message":"plain text"}
{"type":"progress","stage":"s","message":"canonical","percent":1.50}
{"type":"step_started","level":"warning","stage":"p","message":"aliased","duration_ms":1e1,"metadata":{"other":{"k":[1]},"more":"x","z":2}}
{"type":"odd_topic_","message":"b","percent":99,"metadata":{"@timestamp":"2020-01-01"}}
{"type":"info","message":"[1,2]"}
{"type":"info","message":"{\"not\":\"whole\""}
{"type":"info","message":"\"text\""}
{"type":"info","message":""}
{"type":"info","message":"spaces"}
{"type":"info","message":"info"}' ]
	[ "$(jq -r .ts "$run/events.jsonl" | sed -n '4p;5p' | paste -sd' ')" = \
		'2026-07-01T12:00:00.500+00:00 2026-07-02T13:46:40.000+00:00' ]
	[ "$(status .counts.events)" -eq 11 ]
	[ "$(wc -l <"$run/logs.txt")" -eq 11 ]
}

@test "a stream: a last line without its end, CRLF, and a byte order mark" {
	printf '\xef\xbb\xbf{"msg":"one"}\r\ntwo\r\nthree' | rt-emit -
	[ "$(events)" = '{"type":"info","message":"one"}
{"type":"info","message":"two"}
{"type":"info","message":"three"}' ]
	run -0 rt-emit - </dev/null
	[ -z "$output" ]
}

@test "a stream: the options say what a line leaves open" {
	rt-emit -s opt -t own --component c --set k=1 --set l=2 --task t - <<-'END'
		text
		{"phase":"line","module":"m","type":"task_started"}
		{"msg":"m","data":{"k":9,"z":1}}
		{"msg":"m","metadata":{}}
		{"msg":"m","extra":5}
	END
	[ "$(events)" = '{"type":"own","stage":"opt","message":"text","task_id":"t","component":"c","metadata":{"k":"1","l":"2"}}
{"type":"task_started","stage":"line","message":"Task t started","task_id":"t","component":"m","metadata":{"k":"1","l":"2"}}
{"type":"own","stage":"opt","message":"m","task_id":"t","component":"c","metadata":{"l":"2","k":9,"z":1}}
{"type":"own","stage":"opt","message":"m","task_id":"t","component":"c","metadata":{"k":"1","l":"2"}}
{"type":"own","stage":"opt","message":"m","task_id":"t","component":"c","metadata":{"extra":5,"k":"1","l":"2"}}' ]
}

@test "a stream: --strict refuses lines by number, records the others and exits 3" {
	run -3 --separate-stderr rt-emit --strict - <<-'END'
		{"type":"task_started","task_id":"t"}
		{"type":"task_started"}
		text
		{"type":"own","message":"m"}
	END
	[ "$stderr" = 'rt-emit: line 2: an event of type "task_started" needs "task_id"
rt-emit: line 4: unknown event type "own" (rt-event(5) lists them)
rt-emit: 2 of 4 lines refused' ]
	[ "$(events | jq -r .type | paste -sd' ')" = 'task_started info' ]
	# the same without a run
	run -3 env -u RT_RUN rt-emit --strict - <<<'{"type":"own"}'
}

@test "a stream: another run's own events do not change this one's state" {
	rt-emit - <<-'END'
		{"type":"run_failed","error":"theirs"}
		{"type":"run_canceled"}
		{"event":"Run.Completed","msg":"over"}
		{"type":"run failed"}
		{"type":"run_own"}
		{"type":"runner_ok"}
	END
	[ "$(events)" = '{"type":"info","level":"error","message":"Run failed: theirs","error":"theirs","metadata":{"type":"run_failed"}}
{"type":"info","message":"Run cancelled","metadata":{"type":"run_canceled"}}
{"type":"info","message":"over","metadata":{"event":"Run.Completed"}}
{"type":"info","message":"run failed","metadata":{"type":"run failed"}}
{"type":"info","message":"run_own","metadata":{"type":"run_own"}}
{"type":"runner_ok","message":"runner_ok"}' ]
	[ "$(status .status)" = '"running"' ]
	: >"$run/status.json"
	rt-emit x
	[ "$(status .status)" = '"running"' ]
}

@test "a stream: --tee passes on every byte" {
	(printf '\xef\xbb\xbffirst\r\n\n\0\xff\n{"type":"own"}\n' && head -c 300000 /dev/urandom &&
		printf 'no end') >in
	rt-emit --tee - <in >out
	cmp in out
	env -u RT_RUN rt-emit --tee - <in >out
	cmp in out
	RT_LEVEL=critical rt-emit --tee - <in >out
	cmp in out
	[ "$(status .counts.events)" -gt 4 ]
	# a line past the limit is left out of the events only
	(echo one && head -c 17000000 /dev/zero | tr '\0' x && printf '\ntwo\n') >in
	run -3 bash -c 'rt-emit --tee - <in >out'
	[ "$output" = 'rt-emit: 1 line left out: longer than 16777216 bytes' ]
	cmp in out
	[ "$(event | jq -r .message)" = two ]
}

@test "a stream: --tee to a full disk goes on recording, to nobody it ends" {
	run -3 bash -c 'seq 10 | rt-emit --tee - >/dev/full'
	[ "$output" = 'rt-emit: cannot write standard output: No space left on device' ]
	[ "$(status .counts.events)" -eq 11 ]
	rt-run start --id endless >/dev/null
	# an endless writer is stopped as by any program whose reader has gone
	timeout 60 bash -c 'yes | rt-emit -r endless --tee - 2>err | head -n 1' >out
	[ "$(cat out)" = y ]
	[ ! -s err ]
	[ "$(wc -l <"$RT_RUNS_DIR/endless/events.jsonl")" -eq \
		"$(jq .counts.events "$RT_RUNS_DIR/endless/status.json")" ]
	[ "$(jq .counts.events "$RT_RUNS_DIR/endless/status.json")" -gt 1 ]
}

@test "a stream: lines are recorded as they come, and hold up nobody meanwhile" {
	mkfifo in
	(exec rt-emit --tee - <in >out 2>err) 3>&- &
	exec 8>in
	echo one >&8
	wait_for 10 grep -q '"one"' "$run/events.jsonl"
	wait_for 10 grep -q '"one"' "$run/status.json"
	grep -qx one out
	# the lock is free while it waits
	RT_LOCK_TIMEOUT=1s run -0 rt-emit between
	printf 'two\nthr' >&8
	wait_for 10 grep -q '"two"' "$run/events.jsonl"
	run ! grep -q thr "$run/events.jsonl"
	echo ee >&8
	exec 8>&-
	wait $!
	[ "$(events | jq -r .message | paste -sd' ')" = 'one between two three' ]
	[ "$(status .counts.events)" -eq 5 ]
}

@test "a stream: a slow reader of --tee does not hold the lock" {
	mkfifo pipe
	exec 8<>pipe
	(seq 100000 | rt-emit --tee - >pipe 2>err) 3>&- 8>&- &
	wait_for 10 grep -q '"1000"' "$run/events.jsonl"
	RT_LOCK_TIMEOUT=5s run -0 rt-emit meanwhile
	cat <&8 >/dev/null 3>&- &
	reader=$!
	wait_for 30 grep -q '"100000"' "$run/events.jsonl"
	kill $reader
	exec 8>&-
}

@test "a stream is read from where a file stands" {
	printf '%s\n' one two three >in
	(read -r _ && rt-emit -) <in
	[ "$(events | jq -r .message | paste -sd' ')" = 'two three' ]
	run -3 rt-emit - <.
	[ "$output" = 'rt-emit: cannot read standard input: Is a directory' ]
	run -3 bash -c 'rt-emit - <&-'
}

@test "status.json follows: counts, stage, percent, steps, tokens, errors" {
	rt-emit -s build -p 10 x
	rt-emit -l warning x
	rt-emit -t step_started --step 1 -s one
	rt-emit -t llm_request_sent --model m --correlation a --tokens 10,0
	rt-emit -t llm_response_received --model m --correlation a --tokens 12,5 --cost 0.5
	rt-emit -t cost_tracking --tokens 1000,1000
	rt-emit -t step_completed --step 1
	rt-emit -s test -p 50.5 x
	[ "$(status '[.status, .stage, .percent, .counts, .tokens, .cost_usd]')" = \
		'["running","test",50.5,{"events":9,"warnings":1,"errors":0},{"prompt":12,"completion":5,"total":17},0.5]' ]
	[ "$(status '[.stages[] | .name, .status]')" = \
		'["build","completed","one","completed","test","running"]' ]
	[ "$(status '[.steps[] | .step_id, .name, .status]')" = '["step_001","one","success"]' ]
	[ "$(status '.events[-1].message')" = '"x"' ]
	[ "$(status .ordered)" = true ]
	rt-emit --ts 2020-01-01T00:00:00Z late
	[ "$(status .ordered)" = false ]
	RT_STATUS_EVENTS=3 rt-emit x
	[ "$(status '.events | length')" -eq 3 ]
	[ "$(tail -n 2 "$run/logs.txt" | head -n 1)" = '2020-01-01T00:00:00.000+00:00 [INFO] late' ]
}

@test "a step took what its end says, whatever the clock says" {
	rt-emit --ts 2026-07-01T12:00:00Z --type step_started --step 1
	rt-emit --ts 2026-07-01T11:00:00Z --type step_completed --step 1 --duration-ms 2500.5
	rt-emit --ts 2026-07-01T12:00:00Z --type step_started --step 2
	rt-emit --ts 2026-07-01T12:00:03Z --type step_completed --step 2
	[ "$(status '[.steps[].duration_ms]')" = '[2500,3000]' ]
}

@test "an empty or broken status.json is made again, a missing one too" {
	rt-emit -s build -p 10 x
	for how in ': >"$1"' 'echo "{\"half" >"$1"' 'rm "$1"' 'printf "\0\0\0\0" >"$1"'; do
		bash -c "$how" - "$run/status.json"
		rt-emit -l error again
		jq -e '.status == "running" and .stage == "build" and .percent == 10' "$run/status.json"
	done
	[ "$(status .counts)" = '{"events":6,"warnings":0,"errors":4}' ]
}

@test "what a dead writer appended without saying is counted by the next" {
	rt-emit one
	cp "$run/status.json" old
	rt-emit -s late two
	rt-emit -l error three
	cp old "$run/status.json"
	printf '%s\n' '{"msg":"by hand","severity":"error"}' 'no event' >>"$run/events.jsonl"
	printf '{"type":"info","message":"torn' >>"$run/events.jsonl"
	rt-emit four
	[ "$(status '[.stage, .counts]')" = '["late",{"events":6,"warnings":0,"errors":2}]' ]
	[ "$(event | jq -r .message)" = four ]
	[ "$(tail -n 2 "$run/events.jsonl" | head -n 1)" = '{"type":"info","message":"torn' ]
}

@test "an event after the end is kept, the state stays" {
	rt-run finish
	rt-emit -s more late
	[ "$(status '[.status, .counts.events]')" = '["completed",3]' ]
}

@test "events.jsonl that is a FIFO, a directory or a link is refused, and told" {
	echo '{"message":"elsewhere"}' >outside
	rm "$run/events.jsonl"
	mkfifo "$run/events.jsonl"
	run -3 timeout 10 rt-emit x
	[ "$output" = "rt-emit: \"$run/events.jsonl\" is no regular file" ]
	run -3 timeout 10 bash -c 'echo x | rt-emit -'
	[ "$output" = "rt-emit: \"$run/events.jsonl\" is no regular file" ]
	rm "$run/events.jsonl"
	mkdir "$run/events.jsonl"
	run -3 rt-emit x
	[ "$output" = "rt-emit: \"$run/events.jsonl\" is no regular file" ]
	rmdir "$run/events.jsonl"
	ln -s ../../outside "$run/events.jsonl"
	run -3 rt-emit x
	[ "$output" = "rt-emit: \"$run/events.jsonl\" is a symbolic link, which rt does not follow" ]
	[ "$(cat outside)" = '{"message":"elsewhere"}' ]
}

@test "links planted in a run are not followed" {
	echo precious >outside
	ln -sf ../../outside "$run/logs.txt"
	run -0 rt-emit x
	[[ $output == "rt-emit: event recorded, but cannot write \"$run/logs.txt\": "* ]]
	ln -s ../../outside "$run/.status.json.tmp"
	run -0 rt-emit x
	[ ! -e "$run/.status.json.tmp" ]
	mv "$run/status.json" outside.json
	ln -s ../../outside.json "$run/status.json"
	cp outside.json before.json
	run -3 rt-emit x
	[[ $output == *'"status.json" is no regular file' ]]
	cmp outside.json before.json
	[ "$(cat outside)" = precious ]
	[ "$(wc -l <"$run/events.jsonl")" -eq 3 ]
}

@test "a lock holder that is stopped: told after RT_LOCK_TIMEOUT, exit 3" {
	freeze "$run"
	RT_LOCK_TIMEOUT=200ms run -3 rt-emit x
	[ "$output" = 'rt-emit: run "r" is locked by another process for more than 200 ms (RT_LOCK_TIMEOUT)' ]
	RT_LOCK_TIMEOUT=200ms run -3 bash -c 'seq 5 | rt-emit - --tee'
	[ "$(grep -c 'is locked by another process' <<<"$output")" -eq 1 ]
	[ "$(grep -v locked <<<"$output" | paste -sd' ')" = '1 2 3 4 5' ]
	RT_ON_ERROR=warn RT_LOCK_TIMEOUT=200ms run -0 rt-emit x
	thaw
	rt-emit now
	[ "$(event | jq -r .message)" = now ]
	[ "$(wc -l <"$run/events.jsonl")" -eq 2 ]
}

@test "a read-only run" {
	can_read_only || skip "cannot make a folder read-only here"
	run -3 read_only "$RT_RUNS_DIR" rt-emit x
	[[ $output =~ ^rt-emit:\ cannot\ open\ \"$run/events.jsonl\":\ (Read-only\ file\ system|Permission\ denied)$ ]]
	RT_ON_ERROR=warn run -0 read_only "$RT_RUNS_DIR" rt-emit x
	rt-emit again
	[ "$(wc -l <"$run/events.jsonl")" -eq 2 ]
}

@test "without HOME, and with next to no environment" {
	run -0 env -u HOME rt-emit x
	[ -z "$output" ]
	run -0 env -i "$(command -v rtbox)" emit -r "$run" x
	[ -z "$output" ]
	[ "$(wc -l <"$run/events.jsonl")" -eq 3 ]
}

@test "secrets are masked wherever an event has text" {
	export MY_TOKEN='open"sesame/é' DB_PASSWORD=hunter22 OTHER=plainvalue SHORT_KEY=abc
	rt-emit -s "s hunter22" --error hunter22 --set "k=$MY_TOKEN" --set-json '"hunter22"={"a":["x hunter22"]}' \
		--result hunter22 "at https://joe:pass@host/x with $MY_TOKEN"
	[ "$(event)" = '{"type":"progress","stage":"s ***","message":"at https://***@host/x with ***","result":"***","error":"***","metadata":{"k":"***","\"***\"":{"a":["x ***"]}}}' ]
	rt-emit "abc plainvalue"
	[ "$(event | jq -r .message)" = 'abc plainvalue' ]
	RT_REDACT=OTHER,-DB_PASSWORD rt-emit "plainvalue hunter22"
	[ "$(event | jq -r .message)" = '*** hunter22' ]
	printf '%s\n' 'text hunter22' '{"message":"open\"sesame\/\u00e9 hunter\u0032\u0032","hunter22":1,"data":{"n":["hunter22"]}}' \
		'{"type":"hunter22"}' | rt-emit -
	[ "$(events | tail -n 3)" = '{"type":"info","message":"text ***"}
{"type":"info","message":"*** ***","metadata":{"***":1,"n":["***"]}}
{"type":"***","message":"***"}' ]
	for file in events.jsonl status.json logs.txt; do
		[ "$(grep -c hunter22 "$run/$file")" -eq 1 ] # the exempted one
	done
	run ! grep -q -e sesame -e joe "$run/events.jsonl" "$run/status.json" "$run/logs.txt"
}

@test "status.json keeps its mode, owner and group; the new one is never more open" {
	chmod 640 "$run/status.json"
	[ "$(id -u)" != 0 ] || chown 1234:2345 "$run/status.json"
	before=$(stat -c '%a %u %g' "$run/status.json")
	umask 0
	rt-emit x
	[ "$(stat -c '%a %u %g' "$run/status.json")" = "$before" ]
	rt-run finish
	[ "$(stat -c '%a %u %g' "$run/status.json")" = "$before" ]
	rm -rf "$run"
	(umask 027 && rt-run start --id r >/dev/null && rt-emit x)
	[ "$(stat -c %a "$run/status.json" "$run/events.jsonl" "$run" | paste -sd' ')" = '640 640 750' ]
	command -v strace >/dev/null || skip "no strace"
	[ -z "${RT_SANITIZE-}" ] || skip "strace and sanitizers do not go together"
	chmod 600 "$run/status.json"
	strace -o trace -e trace=openat,fchmod rt-emit x || skip "strace does not work here"
	grep -q '"\.status\.json\.tmp", .*O_CREAT.*, 0600)' trace
	run ! grep -q fchmod trace
}

@test "what root makes belongs to the owner of the folder it is in" {
	[ "$(id -u)" = 0 ] || skip "not root"
	mkdir theirs
	chown 1234:2345 theirs
	rt-run -d theirs --id x -- rt-emit hello
	[ "$(find theirs ! \( -user 1234 -group 2345 \))" = '' ]
}

@test "many at once lose nothing" {
	seq 200 | xargs -P 16 -I{} rt-emit -s "s{}" "m{}"
	[ "$(events | jq -r .message | sort -u | wc -l)" -eq 200 ]
	[ "$(status .counts.events)" -eq 201 ]
	[ "$(wc -l <"$run/logs.txt")" -eq 201 ]
}

@test "-q silences warnings, not errors" {
	long=$(head -c 100000 /dev/zero | tr '\0' x)
	run -0 rt-emit -q -m "$long"
	[ -z "$output" ]
	run -3 rt-emit -q -r nope x
	[ "$output" = "rt-emit: no run \"nope\" in \"$RT_RUNS_DIR\"" ]
}
