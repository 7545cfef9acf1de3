#!/usr/bin/env bats
# Steps: their events and folders, the logs of components, steps that are begun
# and ended by different programs, what people say to a run, checkpoints, shells
# that are steps, and traces.

load helper

teardown() {
	local pid

	for pid in ${mine-}; do kill -KILL "$pid" 2>/dev/null || true; done
}

# What status.json of a run says at a jq path: status RUN PATH
status() {
	jq -c "$2" "$RT_RUNS_DIR/$1/status.json"
}

# The types of a run's events.
types() {
	jq -r .type "$RT_RUNS_DIR/$1/events.jsonl" | paste -sd' '
}

# Events of a type, through jq: events RUN TYPE FILTER
events() {
	jq -c "select(.type == \"$2\") | $3" "$RT_RUNS_DIR/$1/events.jsonl"
}

# The text of a captured log: captured RUN FILE
captured() {
	sed -nE 's/^[^ ]+ (stdout|stderr) [FP] //p' "$RT_RUNS_DIR/$1/logs/$2"
}

# A log without its times.
untimed() {
	sed 's/^[^ ]* //' "$RT_RUNS_DIR/$1"
}

@test "components: a log for each, in the step or outside of any" {
	rt-run --id a -- sh -c '
		rt-emit --component adapter outside
		rt-run step one -- sh -c "rt-emit --component adapter inside; rt-emit --component db -l error broken; rt-emit none"
		rt-emit --component adapter --step-id step_001 -p 50 "afterwards
said in two lines"'
	[ "$(untimed a/logs/adapter.log)" = '[INFO] outside' ]
	[ "$(untimed a/logs/step_001/adapter.log)" = $'[INFO] [one] inside\n[INFO] (50%) afterwards\\nsaid in two lines' ]
	[ "$(untimed a/logs/step_001/db.log)" = '[ERROR] [one] broken' ]
	# word for word what is in logs.txt
	for log in adapter.log step_001/adapter.log step_001/db.log; do
		[ -z "$(comm -23 <(sort "$RT_RUNS_DIR/a/logs/$log") <(sort "$RT_RUNS_DIR/a/logs.txt"))" ]
	done
	[ "$(find "$RT_RUNS_DIR/a/logs" -name '*.log' | wc -l)" -eq 5 ]
}

@test "components: streams, other systems' events, and names that are none" {
	rt-run --id a -- sh -c 'rt-emit --component feed - <<-END
		plain
		{"message":"own","component":"other"}
		{"message":"theirs","module":"theirs"}
		{"message":"up","component":"../up"}
		{"message":"text","component":"any text"}
		{"message":"number","component":7}
	END'
	[ "$(untimed a/logs/feed.log)" = '[INFO] plain' ]
	[ "$(untimed a/logs/other.log)" = '[INFO] own' ]
	[ "$(untimed a/logs/theirs.log)" = '[INFO] theirs' ]
	[ "$(cd "$RT_RUNS_DIR/a" && find . -name '*.log' | sort | paste -sd' ')" = \
		'./logs/7.log ./logs/feed.log ./logs/other.log ./logs/run.log ./logs/theirs.log' ]
	[ ! -e "$RT_RUNS_DIR/a/up.log" ]
	# a step that has no folder, and what is no step at all
	rt-emit -r a --component feed --step-id step_009 nine
	rt-emit -r a --component feed --step-id run.log file
	rt-emit -r a --component feed --step-id .. above
	[ "$(untimed a/logs/feed.log | tail -n 3 | paste -sd,)" = '[INFO] nine,[INFO] file,[INFO] above' ]
	# many lines, of which none is lost or torn
	seq 20000 | sed 's/.*/{"message":"&","component":"c&"}/; s/"c[0-9]*\([0-9]\)"/"c\1"/' | rt-emit -r a -
	for i in 0 1 2 3 4 5 6 7 8 9; do untimed "a/logs/c$i.log"; done | sed 's/.* //' | sort -n | diff - <(seq 20000)
}

@test "components: captured output keeps its names" {
	rt-run --id a -- sh -c '
		rt-emit --component run r
		rt-emit --component Output o
		rt-run step s -- sh -c "echo captured; rt-emit --component output inside; rt-emit --component RUN r"'
	[ "$(captured a run.log)" = '' ]
	[ "$(captured a step_001/output.log)" = captured ]
	[ "$(grep -c . "$RT_RUNS_DIR/a/logs/step_001/output.log")" -eq 1 ]
	[ "$(untimed a/logs/run-component.log)" = '[INFO] r' ]
	[ "$(untimed a/logs/Output-component.log)" = '[INFO] o' ]
	[ "$(untimed a/logs/step_001/output-component.log)" = '[INFO] [s] inside' ]
	[ "$(untimed a/logs/step_001/RUN-component.log)" = '[INFO] [s] r' ]
	[ "$(rt-tail a --logs -o raw -n all)" = captured ]
}

@test "components: secrets are masked, links are not followed, trouble is a warning" {
	export A_TOKEN=opensesame99
	echo precious >outside
	rt-run start --id a >/dev/null
	rt-emit -r a --component c 'say opensesame99 now'
	[ "$(untimed a/logs/c.log)" = '[INFO] say *** now' ]
	rt-emit -r a --component opensesame99 x
	run ! ls "$RT_RUNS_DIR/a/logs/opensesame99.log"
	rm "$RT_RUNS_DIR/a/logs/c.log"
	ln -s "$PWD/outside" "$RT_RUNS_DIR/a/logs/c.log"
	run -0 --separate-stderr rt-emit -r a --component c hello
	[[ $stderr == "rt-emit: event recorded, but cannot write the log of \"c\" in \"$RT_RUNS_DIR/a\": "* ]]
	[ "$(cat outside)" = precious ]
	[ "$(tail -n 1 "$RT_RUNS_DIR/a/logs.txt" | cut -d' ' -f2-)" = '[INFO] hello' ]
	# in the folder of a step, too
	rt-run step -r a s -- true
	rm -r "$RT_RUNS_DIR/a/logs/step_001"
	ln -s "$PWD" "$RT_RUNS_DIR/a/logs/step_001"
	rt-emit -r a --component d --step-id step_001 hello || true
	[ ! -e d.log ]
	mkfifo "$RT_RUNS_DIR/a/logs/e.log"
	run -0 --separate-stderr timeout 5 rt-emit -r a --component e hello
	[[ $stderr == *'cannot write the log of "e"'* ]]
}

# Pausing a run that has no supervisor: an event changes its state.
say_state() {
	(
		flock 9
		printf '{"ts":"%s","type":"%s","message":"said"}\n' "$(date -u +%FT%T.000+00:00)" "$2" >&9
	) 9>>"$RT_RUNS_DIR/$1/events.jsonl"
}

is_waiting() {
	grep -q 'is paused: waiting until it is resumed' "$1"
}

@test "checkpoint: runs on in a running run, waits in a paused one, stops in a cancelled one" {
	run -0 rt-run checkpoint
	[ -z "$output" ]
	rt-run start --id a >/dev/null
	run -0 rt-run checkpoint a
	[ -z "$output" ]
	say_state a run_paused
	rt-run checkpoint a 2>err 3>&- &
	mine=$!
	wait_for 10 is_waiting err
	[ "$(cat err)" = 'rt-run checkpoint: run "a" is paused: waiting until it is resumed' ]
	# it sleeps, and is no step of the run
	kill -0 "$mine"
	[ "$(types a)" = 'run_started run_paused' ]
	say_state a run_resumed
	wait "$mine"
	say_state a run_paused
	RT_RUN=$RT_RUNS_DIR/a rt-run checkpoint 2>err 3>&- &
	mine=$!
	wait_for 10 is_waiting err
	rt-run finish --status cancelled a
	code=0
	wait "$mine" || code=$?
	[ "$code" -eq 143 ]
	[ "$(tail -n 1 err)" = 'rt-run checkpoint: run "a" is cancelled' ]
	run -143 rt-run checkpoint a
	# what scripts do with it
	RT_RUN=$RT_RUNS_DIR/a run -143 sh -ec 'rt-run checkpoint; echo on'
	[ "$output" = 'rt-run checkpoint: run "a" is cancelled' ]
	RT_RUN=$RT_RUNS_DIR/a run -143 sh -c 'rt-run checkpoint -q || exit; echo on'
}

@test "checkpoint: time runs out; other ends hold up nothing; what cannot be told" {
	rt-run start --id a >/dev/null
	say_state a run_paused
	run -124 rt-run checkpoint --timeout 50ms a
	[ "${lines[1]}" = 'rt-run checkpoint: run "a" is still paused' ]
	run -124 rt-run checkpoint --timeout 0 -q a
	[ "$output" = 'rt-run checkpoint: run "a" is still paused' ]
	rt-run finish --status failed a
	run -0 rt-run checkpoint a
	rt-run start --id b >/dev/null
	rt-run finish b
	run -0 rt-run checkpoint b
	run -3 rt-run checkpoint "$PWD/nowhere"
	RT_RUN=$PWD/nowhere run -3 rt-run checkpoint
	RT_RUN=$PWD/nowhere RT_ON_ERROR=warn run -0 rt-run checkpoint
	[[ $output == *'cannot open run'* ]]
	run -2 rt-run checkpoint a b
	# whose owner is gone, nobody resumes
	sleep 60 3>&- &
	mine=$!
	rt-run start --id c --owner "$mine" >/dev/null
	say_state c run_paused
	rt-run checkpoint c 2>err 3>&- &
	waiting=$!
	mine="$mine $waiting"
	wait_for 10 is_waiting err
	kill "${mine%% *}"
	wait "$waiting"
}

@test "checkpoint: a step waits and is refused as well, but not below a supervisor" {
	rt-run start --id a >/dev/null
	say_state a run_paused
	rt-run step -r a s -- touch ran 2>err 3>&- &
	mine=$!
	wait_for 10 is_waiting err
	[ ! -e ran ]
	[ "$(types a)" = 'run_started run_paused' ]
	say_state a run_resumed
	wait "$mine"
	[ -e ran ]
	[ "$(types a)" = 'run_started run_paused run_resumed step_started step_completed' ]
	# a signal ends it while it waits
	say_state a run_paused
	rt-run step -r a s -- touch ran2 2>err 3>&- &
	mine=$!
	wait_for 10 is_waiting err
	kill -TERM "$mine"
	code=0
	wait "$mine" || code=$?
	[ "$code" -eq 143 ]
	rt-run finish --status cancelled a
	run -143 rt-run step -r a s -- touch ran2
	[ "$output" = 'rt-run step: run "a" is cancelled, so not run: touch' ]
	[ ! -e ran2 ]
	[ "$(status a '.steps | length')" -eq 1 ]
	# it is the supervisor's to say what becomes of its command's children
	run -0 --separate-stderr rt-run --id b -- sh -c '
		echo "{\"ts\":\"2026-07-01T12:00:00.000+00:00\",\"type\":\"run_cancelled\",\"message\":\"x\"}" >>"$RT_RUN/events.jsonl"
		rt-run step clean-up -- echo cleaned'
	[ "$output" = cleaned ]
}

@test "--component: the step's events have it, and those inside" {
	rt-run --id a -- rt-run step --component adapter s -- sh -c '
		rt-emit inside
		rt-emit --component db of another
		rt-run step inner -- rt-emit deep
		rt-run --id b -- sh -c "rt-emit of another run; env" >env'
	[ "$(jq -r '[.component, .message] | join(" ")' "$RT_RUNS_DIR/a/events.jsonl" | paste -sd,)" = \
		' Run started,adapter Step s started,adapter inside,db of another,adapter Step inner started,adapter deep,adapter Step inner completed,adapter Step s completed, Run completed' ]
	[ "$(untimed a/logs/step_001/adapter.log | paste -sd,)" = \
		'[INFO] [s] Step s started,[INFO] [s] inside,[INFO] [s] Step s completed' ]
	[ "$(untimed a/logs/step_002/adapter.log | sed -n 2p)" = '[INFO] [inner] deep' ]
	run ! grep -q RT_COMPONENT env
	[ "$(events b info .component)" = null ]
	run -125 rt-run step --component ../x -- true
	[[ $output == *'bad component "../x"'* ]]
	RT_COMPONENT=any/thing run -0 rt-run --id c -- sh -c 'RT_COMPONENT=any/thing rt-emit hello'
	[ "$(events c info .component)" = null ]
	# a level of that component
	RT_LEVEL_adapter=error rt-run --id d -- rt-run step --component adapter s -- rt-emit dropped
	[ "$(types d)" = 'run_started step_started step_completed run_completed' ]
}

@test "--skip-if: what succeeds skips the step" {
	run -0 --separate-stderr rt-run --id a -- sh -ec '
		rt-run step one --skip-if "echo asked; echo err >&2" -- touch ran
		rt-run step two --skip-if "echo no; exit 1" -- echo ran
		rt-run step three --skip-if no-such-command -- true
		echo on'
	[ "$output" = $'asked\nno\nran\non' ]
	[[ $stderr == err* ]]
	[ ! -e ran ]
	[ "$(types a)" = 'run_started step_skipped step_started step_completed step_started step_completed run_completed' ]
	[ "$(status a '[.steps[] | .step_id, .name, .status]')" = \
		'["step_001","one","skipped","step_002","two","success","step_003","three","success"]' ]
	[ "$(events a step_skipped '[.step, .step_id, .stage, .metadata.skip_if]')" = \
		'[1,"step_001","one","echo asked; echo err >&2"]' ]
	[ "$(captured a step_001/output.log | sort)" = $'asked\nerr' ]
	[ "$(captured a step_002/output.log | paste -sd' ')" = 'no ran' ]
	[[ $(rt-status a) == *'step_001  one    skipped'* ]]
	# its environment is the step's, and it has standard input before the command
	out=$(printf '1\n2\n' | rt-run --id b -- rt-run step s --skip-if 'read -r x; test "$x $RT_STEP_ID" != "1 step_001"' -- cat)
	[ "$out" = 2 ]
	# without a run, too
	run -0 rt-run step --skip-if 'echo asked' -- echo ran
	[ "$output" = asked ]
	run -7 rt-run step --skip-if 'exit 1' -- sh -c 'exit 7'
	RT_RUN=/proc/rt/x run -0 --separate-stderr rt-run step --skip-if true -- echo ran
	[ -z "$output" ]
}

@test "--skip-if that is ended by a signal ends the step, which is cancelled" {
	rt-run start --id a >/dev/null
	rt-run step -r a s --skip-if 'touch asked; exec sleep 60' -- touch ran 3>&- &
	mine=$!
	wait_for 10 test -e asked
	kill -TERM "$mine"
	code=0
	wait "$mine" || code=$?
	[ "$code" -eq 143 ]
	[ ! -e ran ]
	[ "$(status a '[.steps[0].status, .counts.errors]')" = '["cancelled",0]' ]
}

@test "a cancelled step is no error, a failed and a timed out one are" {
	rt-run start --id a >/dev/null
	rt-run step -r a s -- sh -c 'touch going; exec sleep 60' 3>&- &
	mine=$!
	wait_for 10 test -e going
	kill -TERM "$mine"
	wait "$mine" || true
	rt-run step -r a t -- sh -c 'exit 124' || true
	rt-run step -r a f -- false || true
	[ "$(status a '[[.steps[].status], .counts.errors]')" = '[["cancelled","timeout","failed"],2]' ]
	[ "$(status a '[.stages[] | .name, .status]')" = '["s","cancelled","t","failed","f","failed"]' ]
	[ "$(rt-query a --level error -c)" = 2 ]
	rt-status a >shown
	for state in cancelled timeout failed; do grep -q "step_00.  .  *$state" shown; done
	rt-summarize a | grep -q 'Step 001: CANCELLED'
}

@test "retries are counted, and a step that waits for the next try is running" {
	rt-run start --id a >/dev/null
	emit() { rt-emit -r a --step-id step_001 --step 1 -s s -t "$@"; }
	emit step_started
	emit step_failed
	[ "$(status a '.steps[0] | [.status, .retries]')" = '["failed",null]' ]
	emit step_retrying
	[ "$(status a '.steps[0] | [.status, .retries, .finished_at]')" = '["running",1,null]' ]
	emit step_started
	emit step_retrying
	[ "$(status a '.steps[0] | [.status, .retries]')" = '["running",2]' ]
	emit step_completed
	[ "$(status a '.steps[0] | [.status, .retries]')" = '["success",2]' ]
	rt-status a | grep -q 'success .* 2 retries'
	rt-summarize a | grep -q 'Step 001: SUCCESS .*retries: 2'
}

@test "a step that nobody ended is incomplete when the run is over, or lost" {
	sleep 60 3>&- &
	mine=$!
	rt-run start --id a --owner "$mine" >/dev/null
	rt-emit -r a --step-id step_001 -s s -t step_started
	[[ $(rt-status a) == *'step_001  s  running'* ]]
	kill "$mine"
	wait "$mine" || true
	[[ $(rt-status a) == *'step_001  s  incomplete'* ]]
	[ "$(rt-status a --json | jq -r '.steps[0].status')" = incomplete ]
	if command -v rt-sql >/dev/null; then
		[ "$(rt-query -a --sql 'SELECT status FROM steps' -o jsonl)" = '{"status":"incomplete"}' ]
	fi
	rt-run start --id b >/dev/null
	rt-emit -r b --step-id step_001 -s s -t step_started
	[ "$(rt-status b --json | jq -r '.steps[0].status')" = running ]
	rt-run finish b
	[ "$(status b '.steps[0].status')" = '"incomplete"' ]
	[[ $(rt-summarize b) == *'Step 001: INCOMPLETE'* ]]
}

# What a run's metadata says of its trace.
trace_of() {
	jq -r '[.trace_id, .span_id, .parent_span_id // "-", .trace_flags] | join(" ")' "$RT_RUNS_DIR/$1/metadata.json"
}

@test "traces: a run begins one, steps are spans in it" {
	rt-run --id a -- sh -c '
		printenv TRACEPARENT >run
		rt-run step s -- sh -c "printenv TRACEPARENT >step; rt-emit inside; rt-emit --span 00f067aa0ba902b7 own; rt-run step t -- printenv TRACEPARENT >nested"
		rt-emit outside'
	read -r trace span parent flags <<<"$(trace_of a)"
	[[ $trace =~ ^[0-9a-f]{32}$ && $span =~ ^[0-9a-f]{16}$ && $parent = - && $flags = 01 ]]
	[ "$(cat run)" = "00-$trace-$span-01" ]
	step=$(cut -d- -f3 step) nested=$(cut -d- -f3 nested)
	[ "$(cat step nested)" = "00-$trace-$step-01"$'\n'"00-$trace-$nested-01" ]
	[ "$(printf '%s\n' "$span" "$step" "$nested" | sort -u | wc -l)" -eq 3 ]
	[ "$(jq -r '[.message, .span_id // "-", .parent_id // "-"] | join(" ")' "$RT_RUNS_DIR/a/events.jsonl")" = "Run started $span -
Step s started $step $span
inside $step -
own 00f067aa0ba902b7 -
Step t started $nested $step
Step t completed $nested $step
Step s completed $step $span
outside - -
Run completed $span -" ]
	[ "$(events a step_started '.metadata.parent_step' | paste -sd' ')" = 'null "step_001"' ]
	[[ $(rt-summarize a) == *"Trace: $trace"* ]]
}

@test "traces: one that there is goes on, with its flags; one that is not valid does not" {
	trace=0af7651916cd43dd8448eb211c80319c
	export TRACESTATE=vendor=1
	TRACEPARENT=00-$trace-b7ad6b7169203331-00 rt-run --id a -- sh -c 'rt-run step s -- env >env'
	read -r id span parent flags <<<"$(trace_of a)"
	[ "$id $parent $flags" = "$trace b7ad6b7169203331 00" ]
	[ "$(events a run_started '[.span_id, .parent_id]')" = "[\"$span\",\"b7ad6b7169203331\"]" ]
	[ "$(events a run_completed '[.span_id, .parent_id]')" = "[\"$span\",\"b7ad6b7169203331\"]" ]
	grep -qx "TRACEPARENT=00-$trace-$(events a step_started .span_id | tr -d '"')-00" env
	grep -qx TRACESTATE=vendor=1 env
	for bad in "00-$trace-0000000000000000-01" "00-${trace^^}-b7ad6b7169203331-01" "ff-$trace-b7ad6b7169203331-01" \
		"00-$trace-b7ad6b7169203331-01-x" "00-$trace-b7ad6b7169203331"; do
		TRACEPARENT=$bad rt-run --id "b$((++n))" -- true
		[[ $(trace_of "b$n") != "$trace"* ]]
		[ "$(events "b$n" run_started .parent_id)" = null ]
	done
	# a run inside of a step is a span below it
	rt-run --id outer -- rt-run step s -- rt-run --id inner -- true
	[ "$(trace_of inner | cut -d' ' -f1)" = "$(trace_of outer | cut -d' ' -f1)" ]
	[ "$(trace_of inner | cut -d' ' -f3)" = "$(events outer step_started .span_id | tr -d '"')" ]
}

@test "traces: runs without a command, and steps that come from elsewhere" {
	RT_RUN=$(rt-run start --id a)
	read -r trace span _ <<<"$(trace_of a)"
	export RT_RUN
	[ "$(rt-run env | grep TRACEPARENT)" = "TRACEPARENT=00-$trace-$span-01" ]
	rt-run step one -- true
	# of another trace: the run's span is what is around the step
	TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 rt-run step two -- printenv TRACEPARENT >two
	[ "$(events a step_started .parent_id | sort -u)" = "\"$span\"" ]
	[ "$(cut -d- -f2 two)" = "$trace" ]
	# of this trace: that span
	TRACEPARENT=00-$trace-b7ad6b7169203331-01 rt-run step three -- true
	[ "$(events a step_started .parent_id | tail -n 1)" = '"b7ad6b7169203331"' ]
	rt-run finish
	[ "$(events a run_completed .span_id)" = "\"$span\"" ]
	# without a run nothing is changed
	unset RT_RUN
	[ "$(TRACEPARENT=any rt-run step -- printenv TRACEPARENT)" = any ]
	# a run of another program has no trace: what there is goes on
	make_run b '"status":"running"'
	: >"$RT_RUNS_DIR/b/events.jsonl"
	TRACEPARENT=00-$trace-$span-01 rt-run step -r b s -- true
	[ "$(events b step_started .parent_id)" = "\"$span\"" ]
	[ "$(TRACEPARENT=00-$trace-$span-01 rt-run env b | grep TRACE)" = "TRACEPARENT=00-$trace-$span-01" ]
}

@test "begin and end: a step over several programs" {
	RT_RUN=$(rt-run start --id a)
	export RT_RUN
	[ "$(rt-run begin build)" = step_001 ]
	[ "$(status a '[.step_id, .stage, (.steps[] | .step_id, .name, .status)]')" = \
		'["step_001","build","step_001","build","running"]' ]
	rt-emit --step-id step_001 --component adapter inside
	run -0 rt-run end
	[ -z "$output" ]
	[ "$(status a '[.step_id, (.steps[] | .status)]')" = '[null,"success"]' ]
	[ "$(rt-run begin --component c test)" = step_002 ]
	rt-run end --exit-code 3
	[ "$(events a step_failed '[.step, .step_id, .stage, .component, .error, .metadata, .duration_ms >= 0]')" = \
		'[2,"step_002","test","c","exit code 3",{"exit_code":3},true]' ]
	[ "$(events a step_completed '[.step, .step_id, .stage, .metadata]')" = '[1,"step_001","build",{"exit_code":0}]' ]
	[ "$(untimed a/logs/step_001/adapter.log)" = '[INFO] inside' ]
	# each is a span, the same at its end
	[ "$(jq -r 'select(.step_id == "step_002") | .span_id' "$RT_RUNS_DIR/a/events.jsonl" | sort -u | wc -l)" -eq 1 ]
	rt-run step s -- true
	[ "$(status a '[.steps[].step_id]')" = '["step_001","step_002","step_003"]' ]
	[[ $(rt-summarize a) == *'Step 002: FAILED'* ]]
	[ "$(ls -A "$RT_RUNS_DIR/a/.begun")" = '' ]
}

@test "begin and end: in each other, by name and by id, and with steps in them" {
	export RT_RUN=a
	rt-run start --id a >/dev/null
	rt-run begin outer
	rt-run begin inner
	rt-run step s -- true
	rt-run begin other
	[ "$(events a step_started '[.step_id, .metadata.parent_step]' | paste -sd' ')" = \
		'["step_001",null] ["step_002","step_001"] ["step_003","step_002"] ["step_004","step_002"]' ]
	# spans are below those of the steps around them
	parent=$(jq -r 'select(.type == "step_started" and .stage == "inner") | .span_id' "$RT_RUNS_DIR/a/events.jsonl")
	[ "$(jq -r 'select(.type == "step_started" and .stage == "s") | .parent_id' "$RT_RUNS_DIR/a/events.jsonl")" = "$parent" ]
	rt-run end outer
	rt-run end step_002
	rt-run end
	[ "$(events a step_completed .step_id | paste -sd' ')" = '"step_003" "step_001" "step_002" "step_004"' ]
	# of two with one name the newer one
	rt-run begin twice && rt-run begin twice
	rt-run end twice && rt-run end twice
	[ "$(events a step_completed .step_id | tail -n 2 | paste -sd' ')" = '"step_006" "step_005"' ]
	# what is exported makes it the step around others
	RT_STEP_ID=$(rt-run begin explicit)
	RT_STEP_ID=$RT_STEP_ID rt-run step below -- true
	[ "$(events a step_started .metadata.parent_step | tail -n 1)" = '"step_007"' ]
}

@test "begin and end: twice, without the other, without a run, and where nothing can be recorded" {
	run -0 rt-run begin x
	[ -z "$output" ]
	run -0 rt-run end
	run -0 rt-run end ''
	RT_REQUIRE=1 run -3 rt-run begin x
	RT_REQUIRE=1 run -3 rt-run end x
	rt-run start --id a >/dev/null
	export RT_RUN=$RT_RUNS_DIR/a
	run -3 rt-run end
	[ "$output" = 'rt-run end: run "a" has no step that was begun and goes on' ]
	rt-run begin x
	rt-run end x
	run -3 rt-run end x
	[ "$output" = 'rt-run end: run "a" has no step "x" that was begun and goes on' ]
	rt-run begin x
	run -3 rt-run end y
	# a step that could not be begun does not end another one
	run -3 rt-run end ''
	rt-run end
	# a step that is a command is not theirs
	run -0 rt-run step s -- rt-run end
	[ "$output" = 'rt-run end: run "a" has no step that was begun and goes on' ]
	# in a script that is recorded it is a warning
	RT_ON_ERROR=warn run -0 rt-run end
	[ "$output" = 'rt-run end: run "a" has no step that was begun and goes on' ]
	rm -r "$RT_RUN"
	RT_ON_ERROR=warn run -0 --separate-stderr rt-run begin x
	[ -z "$output" ]
	run -3 rt-run begin x
	run -2 rt-run begin
	run -2 rt-run begin a b
	run -2 rt-run begin ''
	run -2 rt-run begin --component a/b x
	run -2 rt-run end a b
	run -2 rt-run end --exit-code 256
}

@test "begin and end: what is open is incomplete at the run's end; secrets; links; many at once" {
	export A_TOKEN=opensesame99
	rt-run start --id a >/dev/null
	export RT_RUN=a
	rt-run begin 'with opensesame99'
	grep -rq opensesame99 "$RT_RUNS_DIR/a" && false
	[ "$(status a .stage)" = '"with ***"' ]
	rt-run finish
	[ "$(status a '.steps[0].status')" = '"incomplete"' ]
	rt-run start --id b >/dev/null
	export RT_RUN=b
	mkdir outside
	ln -s "$PWD/outside" "$RT_RUNS_DIR/b/.begun"
	run -3 rt-run begin x
	[ "$(types b)" = run_started ]
	[ -z "$(ls -A outside)" ]
	rm "$RT_RUNS_DIR/b/.begun"
	seq 40 | xargs -P 8 -I{} rt-run begin 's{}' | sort >ids
	[ "$(uniq ids | wc -l)" -eq 40 ]
	seq 40 | xargs -P 8 -I{} rt-run end
	[ "$(events b step_completed .step_id | sort -u | wc -l)" -eq 40 ]
	run -3 rt-run end
	# paused, and cancelled
	say_state b run_paused
	rt-run begin later 2>err 3>&- &
	mine=$!
	wait_for 10 is_waiting err
	rt-run finish --status cancelled b
	code=0
	wait "$mine" || code=$?
	[ "$code" -eq 143 ]
	[ "$(events b step_started .step_id | wc -l)" -eq 40 ]
}

@test "context: the next step gets what was said, once" {
	RT_RUN=$(rt-run start --id a)
	export RT_RUN
	rt-run step none -- env >env
	run ! grep -q RT_CONTEXT_FILE env
	run -0 rt-run context a 'use the other key'
	[ -z "$output" ]
	printf 'first line\nsecond line\n' | rt-run context
	echo 'last words' | rt-run context -r a -
	[ "$(cat "$RT_RUNS_DIR"/a/context/*.txt)" = $'use the other key\nfirst line\nsecond line\nlast words' ]
	[[ $(rt-status a) == *"Context: "*", for the next step: last words"* ]]
	[ "$(events a context_added '[.message, .metadata]' | paste -sd' ')" = \
		'["use the other key",{"file":"context/001.txt","size_bytes":18}] ["first line...",{"file":"context/002.txt","size_bytes":23}] ["last words",{"file":"context/003.txt","size_bytes":11}]' ]
	# not for a step that is skipped, and not for one that only begins
	rt-run step skipped --skip-if true -- true
	rt-run begin open
	rt-run end
	rt-run step next -- sh -c 'echo "$RT_CONTEXT_FILE"; cat "$RT_CONTEXT_FILE"; rt-run step inner -- env >env' >got
	[ "$(cat got)" = "$RT_RUNS_DIR/a/logs/step_004/context.txt"$'\nuse the other key\nfirst line\nsecond line\nlast words' ]
	run ! grep -q RT_CONTEXT_FILE env
	[ "$(cat "$RT_RUNS_DIR/a/context/002.step")" = step_004 ]
	rt-run step after -- env >env
	run ! grep -q RT_CONTEXT_FILE env
	[[ $(rt-status a) == *"Context: "*"00: last words"* ]]
	rt-run context a again
	[ "$(rt-run step more -- sh -c 'cat "$RT_CONTEXT_FILE"')" = again ]
	[[ $(rt-summarize a) == *'use the other key'* ]]
}

@test "--skip-if that takes too long ends the step, recorded or not" {
	rt-run start --id a >/dev/null
	run -124 rt-run step -r a --timeout 0.2s s --skip-if 'sleep 60' -- touch ran
	run -124 rt-run step -r a --idle-timeout 0.2s s --skip-if 'sleep 60' -- touch ran
	[ "$(events a step_failed '[.result, .error]' | paste -sd' ')" = \
		'["timeout","timed out after 200ms"] ["timeout","no output for 200ms"]' ]
	run -124 rt-run step --timeout 0.2s --skip-if 'sleep 60' -- touch ran
	[ ! -e ran ]
	# one that is quick leaves the command its time
	[ "$(rt-run step --timeout 60s --skip-if 'false' -- echo ran)" = ran ]
	[ -z "$(rt-run step --timeout 60s --skip-if 'echo asked >&2' -- echo ran 2>err)" ]
	[ "$(cat err)" = asked ]
}

@test "context: only the newlines at the end of a text are left out" {
	rt-run start --id a >/dev/null
	printf 'x\0\0\r\n\n' | rt-run context a -
	printf 'x\0\0\n' | cmp - "$RT_RUNS_DIR/a/context/001.txt"
}

@test "context: of many at once, and for many steps at once, each is given to one step" {
	rt-run start --id a >/dev/null
	seq 30 | xargs -P 8 -I{} rt-run context a 'text {}'
	[ "$(cd "$RT_RUNS_DIR/a/context" && printf '%s ' *)" = "$(seq -f '%03g.txt' 30 | paste -sd' ') " ]
	cat "$RT_RUNS_DIR"/a/context/*.txt | sort >said
	seq 12 | xargs -P 12 -I{} rt-run step -r a s -- sh -c '[ -z "$RT_CONTEXT_FILE" ] || cat "$RT_CONTEXT_FILE"' >/dev/null
	cat "$RT_RUNS_DIR"/a/logs/step_*/context.txt | sort | diff - said
	[ "$(find "$RT_RUNS_DIR/a/context" -name '.*' -type f)" = '' ]
}

@test "context: a text that cannot be read keeps no other one back, and is named" {
	rt-run start --id a >/dev/null
	rt-run context a one
	rt-run context a two
	head -c 2000000 /dev/zero >"$RT_RUNS_DIR/a/context/001.txt"
	run -0 --separate-stderr rt-run step -r a s -- sh -c 'cat "$RT_CONTEXT_FILE"'
	[ "$output" = two ]
	[ "$stderr" = 'rt-run step: what was said to the run is not given: cannot read "context/001.txt": File too large' ]
	# one that a step has is not read again
	echo one >"$RT_RUNS_DIR/a/context/001.txt"
	head -c 2000000 /dev/zero >"$RT_RUNS_DIR/a/context/002.txt"
	run -0 --separate-stderr rt-run step -r a s -- sh -c 'cat "$RT_CONTEXT_FILE"'
	[ "$output $stderr" = 'one ' ]
}

@test "context: what is refused, secrets, links, and what cannot be given" {
	export A_TOKEN=opensesame99
	run -2 rt-run context
	[[ $output == *'which run?'* ]]
	rt-run start --id a >/dev/null
	run -2 rt-run context a ''
	run -2 rt-run context a b c
	run -3 rt-run context nope text
	head -c 2000000 /dev/zero >large
	run -3 rt-run context a - <large
	[ "$output" = 'rt-run context: the text is longer than 1 MiB: keep it in a file (rt-run artifact put), and say which' ]
	[ "$(types a)" = run_started ]
	rt-run context a 'say opensesame99'
	[ "$(cat "$RT_RUNS_DIR/a/context/001.txt")" = 'say ***' ]
	# the step's folder cannot be written to: it waits for the next one
	rt-run step -r a s --skip-if 'ln -s /nowhere "$RT_RUN/logs/step_001/context.txt"; exit 1' -- env >env 2>err
	run ! grep -q RT_CONTEXT_FILE env
	grep -q 'what was said to the run is left to the next step: ' err
	[ "$(rt-run step -r a s -- sh -c 'cat "$RT_CONTEXT_FILE"')" = 'say ***' ]
	# a folder that is none of the run's
	mkdir outside
	echo secret >outside/001.txt
	rm -r "$RT_RUNS_DIR/a/context"
	ln -s "$PWD/outside" "$RT_RUNS_DIR/a/context"
	run -3 rt-run context a text
	rt-run step -r a s -- env >env 2>err
	run ! grep -q RT_CONTEXT_FILE env
	[ "$(ls outside)" = 001.txt ]
	rt-status a >/dev/null
	rt-run finish a
	run -3 rt-run context a late
	[ "$output" = 'rt-run context: run "a" is completed: no step will read it' ]
}

# The names of a run's steps, in order.
names() {
	jq -r '.steps[].name' "$RT_RUNS_DIR/$1/status.json"
}

@test "--shell: a step is called after what the shell is to do" {
	export A_TOKEN=opensesame99
	rt-run start --id a >/dev/null
	export RT_RUN=a
	step() { rt-run step --shell "$@" </dev/null >/dev/null; }
	step sh -c 'true one; true'
	step sh -ec 'true two'
	step bash -euo pipefail -c 'true three' arg0 arg1
	step sh -c $'\n\n  set -e\n  # Build the thing\n  true'
	step sh -c $'true four \\\n and more'
	step sh -c 'true opensesame99 5'
	printf '#!/bin/sh\nset -eu\n\n\ttrue six\n' >script
	step sh script
	step bash --noprofile --norc -eo pipefail script
	long=$(printf 'true %0100d' 7)
	step sh -c "$long"
	compile='true -DHAVE_CONFIG_H -I. -I.. -I../include -g -O2 -Wall -MD -MP -MF .deps/main.Tpo -c -o main.o main.c'
	step sh -c "$compile"
	# of 38 columns for the end a wide character would take the 39th
	step sh -c "true $(printf '建%.0s' {1..60})z"
	step sh -c "true $(printf 'é%.0s' {1..60})"
	# a secret that would be cut in two
	step sh -c "true $(printf 'x%.0s' {1..45}) opensesame99 and more"
	step sh -c ''
	step true
	step true /nowhere
	mkfifo fifo
	timeout 5 rt-run step --shell true fifo
	rt-run step 'a name' --shell true script
	names a >got
	{
		printf '%s\n' 'true one; true' 'true two' 'true three' 'Build the thing' 'true four' 'true *** 5' 'true six' 'true six'
		echo "${long:0:19}...${long: -38}"
		echo "${compile:0:19}...${compile: -38}"
		echo "true $(printf '建%.0s' {1..7})...$(printf '建%.0s' {1..18})z"
		echo "true $(printf 'é%.0s' {1..14})...$(printf 'é%.0s' {1..38})"
		echo "true $(printf 'x%.0s' {1..14})...$(printf 'x%.0s' {1..25}) *** and more"
		printf '%s\n' sh true true true 'a name'
	} | diff - got
}

@test "--shell: input, output, arguments and exit code are the shell's" {
	rt-run start --id a >/dev/null
	for run in '' a; do
		export RT_RUN=$run
		[ "$(printf 'in\n' | rt-run step --shell sh -c 'cat; printf "%s|" "$0" "$@"; echo err >&2' -r --shell -- 2>err)" = $'in\n-r|--shell|--|' ]
		[ "$(cat err)" = err ]
		run -7 rt-run step --shell sh -c 'exit 7'
		run -127 rt-run step --shell no-such-shell -c true
		run -0 rt-run step -q --component c --shell sh -ec 'false; echo on' || [ "$status" -eq 1 ]
		run -125 rt-run step --shell
		run -125 rt-run step a b --shell sh
	done
	[ "$(status a '[.steps[].status]')" = '["success","failed","failed","failed"]' ]
	# without a run it becomes the shell, with nothing in between
	unset RT_RUN
	bash -c 'echo $$ >pid; exec rt-run step --shell sh -c "echo \$\$"' >got
	[ "$(cat got)" = "$(cat pid)" ]
}

@test "--shell: make's recipes are steps, and make goes on as without" {
	cat >Makefile <<-'END'
		.SHELLFLAGS = -ec
		.RECIPEPREFIX = >
		from := $(shell echo from the shell)
		all: a b
		a:
		>@echo 'building a' && echo "$$((1 + 1))"
		b: a
		>@# Link it
		>@test -n "$(from)" && echo $(from) \
		>and more
		>-@exit 3
		>+@echo last
	END
	make -j2 >want 2>/dev/null
	rt-run --id a -- make -j2 SHELL='rt-run step --shell /bin/sh' >got 2>err
	diff want got
	[ "$(names a)" = $'echo from the shell\necho \'building a\' && echo "$((1 + 1))"\nLink it\ntest -n "from the shell" && echo from the shell\nexit 3\necho last' ]
	[ "$(status a '[.status, (.steps[] | .status)]' )" = '["completed","success","success","success","success","failed","success"]' ]
	printf 'all:\n\texit 5\n' >Makefile
	run -2 rt-run --id b -- make SHELL='rt-run step --shell /bin/sh'
	[ "$(status b '[.status, .exit_code, .steps[0].status]')" = '["failed",2,"failed"]' ]
}

@test "--shell: a job of GitHub's, each step a shell of its own" {
	export GITHUB_ENV=$PWD/github_env
	: >"$GITHUB_ENV"
	# what the runner does: the script into a file, {0} replaced, the new environment read
	runner() {
		local shell=$1

		cat >script.sh
		(
			while read -r line; do export "${line?}"; done <"$GITHUB_ENV"
			# shellcheck disable=SC2086 # split as the runner splits it
			exec ${shell/\{0\}/script.sh}
		)
	}
	runner 'bash -e {0}' <<-'END'
		run=$(rt-run start --id job)
		rt-run env "$run" >>"$GITHUB_ENV"
	END
	runner 'rt-run step --shell bash -e {0}' <<<'echo "built in $RT_STEP_ID"' >out
	runner 'rt-run step --shell bash -e {0}' <<-'END' >>out
		# Unit tests
		rt-emit -p 50 half of them
		echo tested
	END
	code=0
	runner 'rt-run step --shell bash -e {0}' <<<'false' || code=$?
	[ "$code" -eq 1 ]
	runner 'bash -e {0}' <<<'rt-run finish --status failure'
	[ "$(cat out)" = $'built in step_001\ntested' ]
	[ "$(names job)" = $'echo "built in $RT_STEP_ID"\nUnit tests\nfalse' ]
	[ "$(status job '[.status, (.steps[] | .status)]')" = '["failed","success","success","failed"]' ]
	[ "$(events job progress '[.stage, .step_id]')" = '["Unit tests","step_002"]' ]
}

@test "50 steps at once: a number and a whole log for each, by xargs, by &, by make -j" {
	# $1: the run; every step writes 200 lines
	check() {
		[ "$(find "$RT_RUNS_DIR/$1/logs" -name 'step_*' | wc -l)" -eq 50 ]
		[ "$(status "$1" '[.steps[] | select(.status == "success") | .step_id] | unique | length')" -eq 50 ]
		[ "$(events "$1" step_started .step | sort -n | uniq | paste -sd' ')" = "$(seq 50 | paste -sd' ')" ]
		[ "$(events "$1" step_started .span_id | sort -u | wc -l)" -eq 50 ]
		jq -r '.steps[] | .step_id + " " + .name' "$RT_RUNS_DIR/$1/status.json" >steps
		while read -r id _; do captured "$1" "$id/output.log"; done <steps >got
		while read -r _ name; do seq "${name#s}000" "${name#s}199"; done <steps | diff got -
		[ "$(find "$RT_RUNS_DIR/$1/logs" -name c.log | wc -l)" -eq 50 ]
		[ "$(cat "$RT_RUNS_DIR/$1"/logs/*/c.log | wc -l)" -eq 50 ]
		run ! grep -vE '^\{.*\}$' "$RT_RUNS_DIR/$1/events.jsonl"
	}
	printf '#!/bin/sh\nseq ${1}000 ${1}199\nrt-emit --component c one\n' >work
	chmod +x work
	seq 50 | rt-run --id xargs -- xargs -P 50 -I{} rt-run step 's{}' -- ./work {} | sort >out
	for i in $(seq 50); do seq "${i}000" "${i}199"; done | sort | diff - out
	check xargs
	rt-run --id background -- sh -c 'for i in $(seq 50); do rt-run step "s$i" -- ./work "$i" & done; wait' | sort | diff - out
	check background
	{
		echo "all: $(seq -f 's%g' 50 | paste -sd' ')"
		echo 's%:; @rt-run step $@ -- ./work $*'
	} >Makefile
	rt-run --id make -- make -j50 | sort | diff - out
	check make
}

# Whether nothing that was started in this test goes on: all of that has its runs folder.
nothing_runs() {
	! env -u RT_RUNS_DIR grep -qsxzF "RT_RUNS_DIR=$RT_RUNS_DIR" /proc/[0-9]*/environ
}

@test "with too few descriptors the command runs all the same, once, and is skipped where it is to be" {
	[ -z "${RT_SANITIZE-}" ] || skip "sanitizers want descriptors of their own"
	rt-run start --id a >/dev/null
	for n in $(seq 4 24); do
		# where nothing can run, nothing has to
		(ulimit -n "$n" && env true) 2>/dev/null || continue
		[ "$( (ulimit -n "$n" && rt-run step -r a --skip-if 'exit 1' -- echo ran) 2>err)" = ran ] || { cat err; false; }
		[ -z "$( (ulimit -n "$n" && rt-run step -r a --skip-if true -- echo ran) 2>err)" ] || { cat err; false; }
		[ "$( (ulimit -n "$n" && rt-run -- echo ran) 2>err)" = ran ] || { cat err; false; }
	done
	wait_for 10 nothing_runs
}
