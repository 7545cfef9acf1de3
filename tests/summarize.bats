#!/usr/bin/env bats
# rt-summarize: what a run was, truly, in bounds, and in the same bytes every time.

load helper

# The run of tests/fixtures/runs as a run of the runs folder.
fixture() {
	mkdir -p "$RT_RUNS_DIR"
	cp -R "$SOURCE/tests/fixtures/runs/$1" "$RT_RUNS_DIR/"
}

# A file of events, one a line as "TYPE MEMBERS", a second apart:
# events FILE <<<'step_started "step":1'
events() {
	local second=0 type members comma

	mkdir -p "$(dirname "$1")"
	while read -r type members; do
		comma=${members:+,}
		printf '{"ts":"2026-07-01T12:00:%02d.000+00:00","type":"%s","message":"m"%s%s}\n' \
			$((second++)) "$type" "$comma" "$members"
	done >"$1"
}

has() {
	grep -qxF -- "$1" <<<"$output" || {
		printf 'no line "%s" in:\n%s\n' "$1" "$output"
		return 1
	}
}

# C0 without the newline, DEL, C1 and the right-to-left override, as bytes.
controls='[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae'

# No line is longer than 80 columns, there are at most 10,000 bytes, and all is inert.
check_bounds() {
	[ "$(wc -L <"$1")" -le 80 ]
	[ "$(wc -c <"$1")" -le 10000 ]
	run ! env LC_ALL=C grep -P "$controls" "$1"
}

@test "the text, the Markdown and the JSON of a run with everything in it" {
	local form

	fixture pipeline
	for form in text md html json junit; do
		rt-summarize -o $form pipeline >out.$form
		diff -u "$SOURCE/tests/fixtures/runs/pipeline.$form" out.$form
	done
	rt-summarize --json pipeline | cmp - out.json
	jq -e '.counts.errors == 7 and .steps[2].retries == 1' out.json
	check_bounds out.text
}

@test "the same bytes whatever the time zone, locale, umask, place and time" {
	fixture pipeline
	for form in text md html json junit; do
		rt-summarize -o $form pipeline >first
		TZ=Asia/Tokyo LC_ALL=C rt-summarize -o $form pipeline | cmp - first
		(umask 077; TZ=America/Lima LC_ALL=de_DE.UTF-8 rt-summarize -o $form pipeline) | cmp - first
		mkdir -p elsewhere
		cp -R "$RT_RUNS_DIR/pipeline" elsewhere/
		touch -d 2001-01-01 elsewhere/pipeline/*
		rt-summarize -o $form elsewhere/pipeline | cmp - first
	done
}

@test "-w writes what -o prints, says where, and does so again in the same bytes" {
	local dir=$RT_RUNS_DIR/pipeline

	fixture pipeline
	for form in text md json; do
		rt-summarize -o "$form" pipeline >"out.$form"
	done
	run -0 rt-summarize -w pipeline
	[ "$output" = "$dir/logs_summary.txt"$'\n'"$dir/summary.md"$'\n'"$dir/metrics.json" ]
	for i in 1 2; do
		cmp out.text "$dir/logs_summary.txt"
		cmp out.md "$dir/summary.md"
		cmp out.json "$dir/metrics.json"
		run -0 rt-summarize -w pipeline
	done
	run -0 find "$dir" -name '.*'
	[ "$output" = "" ]
}

@test "without a run it is the latest one" {
	make_run old
	fixture pipeline
	run -0 rt-summarize
	has "Run ID: pipeline"
	RT_RUN=old run -0 rt-summarize
	has "Run ID: old"
	run -0 rt-summarize -r old
	has "Run ID: old"
}

@test "a log of another system: steps, retries, what never ended, like errors as one" {
	fixture component.jsonl
	run -0 rt-summarize "$RT_RUNS_DIR/component.jsonl"
	has "Run ID: c0ffee00-1111-4222-8333-444455556666"
	has "File: ./component.jsonl"
	has "Model: small-7b"
	has "Status: unknown, no event says how it ended"
	has "Step 001: INCOMPLETE (duration: 44s, retries: 1, errors: 2)"
	has "Step 002: SUCCESS (duration: 44s, retries: 0)"
	has "Steps Completed: 1 / 2"
	has "2 x ERROR: API call failed"
	has "    <Connection at 0x71eaac6ef290>: 'api.example.org' not known"
	has "    2026-03-04 09:00:20 to 09:00:45 UTC, client, step 1"
	[[ $output != *"Step 003"* ]]
	run ! grep -q ARCHIVE <<<"$output"
}

@test "how a step ended, out of the many ways to say it" {
	local n=0 want members

	: >ends
	while read -r want type members; do
		n=$((n + 1))
		printf 'step_started "step":%d\n%s "step":%d%s\n' $n "$type" $n "${members:+,$members}"
		printf 'Step %03d: %s (\n' $n "$want" >>ends
	done >in <<-'END'
		SUCCESS step_completed
		SUCCESS step_complete
		SUCCESS step_completed "success":true,"metadata":{"timeout":30,"exit_code":0}
		FAILED step_failed
		FAILED step_completed "success":false
		FAILED step_completed "metadata":{"exit_code":3}
		FAILED step_completed "result":"failure"
		TIMEOUT step_failed "metadata":{"exit_code":124}
		TIMEOUT step_completed "metadata":{"exit_code":124}
		TIMEOUT step_failed "result":"timeout"
		TIMEOUT step_failed "error":"it Timed Out after 30 s"
		TIMEOUT step_failed "metadata":{"timeout":true}
		TIMEOUT step_failed "metadata":{"reason":"timeout"}
		TIMEOUT step_timeout
		SKIPPED step_skipped
		SKIPPED step_skip
		CANCELLED step_failed "result":"cancelled"
		CANCELLED step_canceled
		INCOMPLETE info
	END
	events f.jsonl <in
	run -0 rt-summarize f.jsonl
	while read -r want; do
		[[ $output == *"$want"* ]] || { echo "no $want in $output"; false; }
	done <ends
}

@test "a step with errors in it is never silently a success" {
	events f.jsonl <<-'END'
		step_started "step_id":"step_001","stage":"build"
		error "step_id":"step_001"
		error "step":1
		warning "stage":"build"
		step_completed "step_id":"step_001"
	END
	run -0 rt-summarize f.jsonl
	has "Step 001: SUCCESS (duration: 4.0s, retries: 0, errors: 2)"
	has "  - Name: build"
	has "  - Errors: 2, warnings: 1"
	run -0 rt-summarize -o json f.jsonl
	jq -e '.steps[0] | .status == "success" and .counts.errors == 2 and .counts.warnings == 1' <<<"$output"
}

@test "what went wrong before a step was said to have started is the step's" {
	mkdir -p in/run/logs/step_002
	echo '{"level":"ERROR","message":"early"}' >in/run/logs/step_002/a.log
	events in/run/logs/step_002/b.log <<<$'step_started\nstep_completed'
	run -0 rt-summarize --import in
	has "Step 002: SUCCESS (duration: 1.0s, retries: 0, errors: 1)"
	has "    step 2"
	events f.jsonl <<-'END'
		progress "step":9,"total_steps":10
		llm_response_received "step":2,"metadata":{"total_tokens":7}
		error "step":1
		step_started "step":1
		step_completed "step":1
		warning "step":2
		step_started "step":2,"step_id":"check"
		step_completed "step_id":"check"
	END
	run -0 rt-summarize --json f.jsonl
	jq -e '[.steps[] | [.step, .counts.errors, .counts.warnings, .tokens.total]] ==
		[[1, 1, 0, null], [2, 0, 1, 7]]' <<<"$output"
}

@test "retries: said by step_retrying, or seen by another start, never both" {
	events f.jsonl <<-'END'
		step_started "step":1
		step_failed "step":1
		step_retrying "step":1
		step_started "step":1
		step_completed "step":1
		step_started "step":2
		step_started "step":2
		step_started "step":2
		step_completed "step":2
		step_started "step":3
		step_completed "step":3,"metadata":{"retries":4}
	END
	run -0 rt-summarize -o json f.jsonl
	[ "$(jq -c '[.steps[].retries]' <<<"$output")" = "[1,2,4]" ]
	run -0 rt-summarize f.jsonl
	has "Step 001: SUCCESS (duration: 4.0s, retries: 1, errors: 1)"
}

@test "every retry and timeout is shown, whatever it is of and however it went on" {
	events f.jsonl <<-'END'
		step_started "step":1
		step_completed "step":1,"metadata":{"exit_code":124}
		step_retrying "step":1
		step_started "step":1
		step_completed "step":1
		workstream_retrying "step":1
		llm_timeout
		Request.Timed_Out
		task_retrying "task_id":"a"
		task_failed "task_id":"a","error":"timed out"
		timeout_set
	END
	for form in text md; do
		run -0 rt-summarize -o $form f.jsonl
		[[ $output == *"1 earlier attempt timed out"* ]]
	done
	run -0 rt-summarize f.jsonl
	has "Step 001: SUCCESS (duration: 4.0s, retries: 1)"
	has "Retries: 3"
	has "Timeouts: 4"
	run -0 rt-summarize --json f.jsonl
	jq -e '[.retries, .timeouts, .steps[0].retries, .steps[0].timeouts] == [3, 4, 1, 1]' <<<"$output"
}

@test "a step that two events end in different ways" {
	events f.jsonl <<-'END'
		step_started "step":1
		step_failed "step":1,"result":"timeout"
		step_completed "step":1
	END
	run -0 rt-summarize f.jsonl
	has "  - Note: events ended it twice: TIMEOUT, then SUCCESS"
}

@test "steps that are known by their stage only, and those without any name" {
	events f.jsonl <<-'END'
		step_started "stage":"build"
		step_completed "stage":"build"
		step_started
		step_completed
		step_started
		step_failed
	END
	run -0 rt-summarize f.jsonl
	has "Step build: SUCCESS (duration: 1.0s, retries: 0)"
	has "Step (without a name): SUCCESS (duration: 1.0s, retries: 0)"
	has "Step (without a name): FAILED (duration: 1.0s, retries: 0, errors: 1)"
	has "Steps Completed: 2 / 3"
}

@test "a long name does not hide what is said of its step or stage" {
	local long

	long=$(printf 'x%.0s' {1..500})
	events f.jsonl <<<$'step_started "step_id":"'"$long"$'"\nstep_failed "step_id":"'"$long"'"'
	run -0 rt-summarize f.jsonl
	[[ $output =~ "Step xxx"x*"...: FAILED (duration: 1.0s," ]]
	events f.jsonl <<<"progress \"stage\":\"$long\""
	run -0 rt-summarize f.jsonl
	[[ $output =~ "Stage xxx"x*"...: 1 event (not ended)" ]]
}

@test "progress of files is no step; its stage is what is shown" {
	events f.jsonl <<-'END'
		progress "stage":"spec"
		progress "stage":"scaffold","step":3,"total_steps":10
		progress "stage":"zip"
		run_completed
	END
	run -0 rt-summarize f.jsonl
	has "Stage spec: 1 event (duration: 1.0s)"
	has "Stage zip: 1 event (duration: 1.0s)"
	[[ $output != *"Step 003"* && $output != *"Steps Completed"* ]]
}

@test "how long a stage took is not told where times go back" {
	events f.jsonl <<-'END'
		progress "stage":"spec"
		progress "stage":"zip"
		run_completed
	END
	sed -i '2s/:01/:00/; 3s/:02/:01/; 1s/:00.000/:05.000/' f.jsonl
	run -0 rt-summarize f.jsonl
	has "Stage spec: 1 event (2026-07-01 12:00:05 UTC)"
	run -0 rt-summarize --json f.jsonl
	[ "$(jq -c '[.stages[].duration_ms]' <<<"$output")" = '[null,null]' ]
}

@test "centuries, and numbers that are no duration" {
	events f.jsonl <<-'END'
		step_started "step":1
		step_completed "step":2,"duration_ms":9e13
		step_completed "step":3,"duration_ms":-1e300
		run_completed
	END
	sed -i '1s/2026/1700/; 4s/2026/2250/' f.jsonl
	run -0 rt-summarize f.jsonl
	has "Step 002: SUCCESS (duration: 106751d 23h, retries: 0)"
	has "Step 003: SUCCESS (duration: unknown, retries: 0)"
	has "Duration: 106751d 23h"
	run -0 rt-summarize --json f.jsonl
	[ "$(jq '.duration_ms / 86400000 | floor' <<<"$output")" = 200883 ]
	run -0 rt-summarize --compare f.jsonl f.jsonl
	grep -qE '^step 002 +106751d 23h +106751d 23h$' <<<"$output"
}

@test "tokens: a request and its response once, by step; running totals never add" {
	events f.jsonl <<-'END'
		step_started "step_id":"step_001"
		llm_request_sent "step_id":"step_001","correlation_id":"a","metadata":{"prompt_tokens":100}
		llm_response_received "step_id":"step_001","correlation_id":"a","metadata":{"prompt_tokens":110,"completion_tokens":40,"cost_usd":0.1}
		step_completed "step_id":"step_001"
		step_started "step":2,"stage":"review"
		llm_response_received "step":2,"metadata":{"prompt_tokens":7,"completion_tokens":5,"cost_usd":0.2}
		llm_request_sent "stage":"review","correlation_id":"b","metadata":{"prompt_tokens":3}
		cost_tracking "metadata":{"total_tokens":9999,"cost_usd":9}
		step_completed "step":2
	END
	run -0 rt-summarize f.jsonl
	has "API Calls: 3"
	has "Tokens (prompt/completion/total): 120 / 45 / 165"
	has "Cost: 0.3 USD"
	has "  - Tokens (prompt/completion/total): 110 / 40 / 150"
	has "  - Tokens (prompt/completion/total): 10 / 5 / 15"
	run -0 rt-summarize -o json f.jsonl
	jq -e '.tokens == {prompt:120,completion:45,total:165} and .cost_usd == 0.3 and .llm_calls == 3
		and ([.steps[].tokens.total] | add) == .tokens.total' <<<"$output"
}

@test "'no LLM calls' is said only where events show it" {
	local note="  - Note: Template-based generation (no LLM calls)"

	printf '%s\n' 'step_started "step":1' 'step_completed "step":1' >in
	events f.jsonl <in
	run -0 rt-summarize f.jsonl # a run without any call
	[[ $output != *Template* ]]
	echo 'llm_response_received "metadata":{"total_tokens":5}' >>in
	events f.jsonl <in
	run -0 rt-summarize f.jsonl # a call of nobody knows which step
	[[ $output != *Template* ]]
	printf '%s\n' 'step_started "step":1' 'step_completed "step":1' 'step_started "step":2' \
		'llm_response_received "step":2,"metadata":{"total_tokens":5}' 'step_completed "step":2' >in
	events f.jsonl <in
	run -0 rt-summarize f.jsonl
	[ "$(grep -cxF -- "$note" <<<"$output")" = 1 ]
	[[ $output == *"Step 001"*Template*"Step 002"* ]]
}

@test "errors and warnings: like ones as one, the worst and most frequent first" {
	events f.jsonl <<-'END'
		warning "message":"disk 3 is slow"
		error "message":"host 'a' is down","component":"net"
		error "message":"cannot read 5 files"
		error "message":"host 'b' is down","component":"net"
		info "level":"fatal","message":"out of memory"
		warning "message":"disk 17 is slow"
		error "message":"cannot write 5 files"
		error "message":"host 'c' is down","component":"dns"
	END
	run -0 rt-summarize f.jsonl
	has "Errors: 6, warnings: 2, different ones: 5"
	grep -o '[0-9]* x .*' <<<"$output" >groups
	diff -u - groups <<-'END'
		1 x CRITICAL: out of memory
		3 x ERROR: host 'a' is down
		1 x ERROR: cannot read 5 files
		1 x ERROR: cannot write 5 files
		2 x WARNING: disk 3 is slow
	END
	has "    2026-07-01 12:00:01 to 12:00:07 UTC, net and elsewhere"
}

@test "10,000 steps: what went wrong is shown, the rest counted, with a command that shows it" {
	mkdir -p "$RT_RUNS_DIR/big"
	awk 'BEGIN { for (i = 1; i <= 10000; i++) {
		at = sprintf("\"ts\":\"2026-07-01T%02d:%02d:%02d+00:00\"", i / 3600, i / 60 % 60, i % 60)
		printf "{%s,\"type\":\"step_started\",\"step\":%d,\"stage\":\"%s\"}\n", at, i, "name of the step"
		printf "{%s,\"type\":\"step_%s\",\"step\":%d}\n", at, i == 7777 ? "failed" : "completed", i
	} }' >"$RT_RUNS_DIR/big/events.jsonl"
	for form in text md; do
		rt-summarize -o "$form" big >"out.$form"
	done
	check_bounds out.text
	[ "$(wc -c <out.md)" -le 10000 ]
	run -0 cat out.text
	grep -q '^Step 7777: FAILED' out.text
	grep -q '^| 7777 |.*FAILED' out.md
	has "Steps Completed: 9999 / 10000"
	[[ $output =~ \(([0-9]+)\ more,\ ([0-9]+)\ SUCCESS:\ (rt-query\ big[^\)]*)\) ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	[ "$(grep -c '^Step ' out.text)" = $((10000 - BASH_REMATCH[1])) ]
	run -0 bash -c "${BASH_REMATCH[3]} -c"
	[ "$output" = 20000 ]
	rt-summarize -o json big | jq -e '(.steps | length) == 10000 and .steps_completed == 9999'
	# the archive that it gets takes no room from the rest
	jq -n '{name: "run.tar.gz", contents: [range(99) | "file \(.)"]}' >"$RT_RUNS_DIR/big/archive.json"
	for form in text md; do
		rt-summarize -o "$form" big >archived
		cmp -n "$(wc -c <"out.$form")" "out.$form" archived
		[ "$(wc -c <archived)" -gt "$(wc -c <"out.$form")" ]
		[ "$(wc -c <archived)" -le 10000 ]
	done
}

@test "thousands of different errors and messages of a megabyte stay in bounds" {
	mkdir -p "$RT_RUNS_DIR/big"
	awk 'BEGIN {
		for (i = 0; i < 5000; i++) {
			word = sprintf("%c%c%c", 97 + i % 26, 97 + i / 26 % 26, 97 + i / 676)
			printf "{\"type\":\"error\",\"message\":\"%s went wrong\"}\n", word
		}
		for (i = 0; i < 300; i++) print "{\"type\":\"error\",\"message\":\"all the time\"}"
		long = "x"; while (length(long) < 1000000) long = long long
		printf "{\"type\":\"error\",\"level\":\"critical\",\"message\":\"%s\",\"error\":\"%s\"}\n", long, long
		printf "{\"type\":\"pause_requested\",\"message\":\"%s\",\"stage\":\"%s\"}\n", long, long
	}' >"$RT_RUNS_DIR/big/events.jsonl"
	for form in text md; do
		rt-summarize -o "$form" big >"out.$form"
	done
	check_bounds out.text
	[ "$(wc -c <out.md)" -le 10000 ]
	run -0 cat out.text
	has "Errors: 5301, warnings: 0, different ones: 1000 and more"
	grep -q '^1+\? x CRITICAL: xxx' out.text # the worst, though it came last
	grep -q '^300+\? x ERROR: all the time' out.text
	[[ $output =~ \(([0-9]+)\ more:\ (rt-query\ big\ --level\ warning)\) ]]
	shown=$(awk -F'[+ ]' '/ x (ERROR|CRITICAL): / { n += $1 } END { print n }' out.text)
	[ $((shown + BASH_REMATCH[1])) = 5301 ]
	run -0 bash -c "${BASH_REMATCH[2]} -c"
	[ "$output" = 5301 ]
}

@test "every list is bounded and says how to see the rest" {
	local i long

	mkdir -p "$RT_RUNS_DIR/big"
	for ((i = 0; i < 300; i++)); do
		printf '{"type":"context_added","message":"look at %d"}\n' $i
		printf '{"type":"artifact_created","message":"m","metadata":{"key":"out/%d"}}\n' $i
		printf '{"type":"info","component":"reconciliation","message":"line %d"}\n' $i
		printf '{"type":"info","stage":"stage %d","message":"m"}\n' $i
	done >"$RT_RUNS_DIR/big/events.jsonl"
	jq -n '[range(100) | {"key\(.)": "v"}] | add' >"$RT_RUNS_DIR/big/metadata.json"
	rt-summarize big >text
	check_bounds text
	perl -0pe 's/ \\\n */ /g; s/\s+/ /g' text >flat
	run -0 bash -c "$(grep -oE "rt-query big --match 'type~\^\(cl[^']*'" flat) -c"
	[ "$output" = 300 ]
	run -0 bash -c "$(grep -oE "rt-query big --match 'type~\^artifact_'" flat) -c"
	[ "$output" = 300 ]
	run -0 bash -c "$(grep -oE "rt-query big --component reconciliation" flat) -c"
	[ "$output" = 300 ]
	grep -q ' more: metadata.json)' text
	grep -q 'line 299$' text # the last ones, they have the result
	[ "$(wc -c < <(rt-summarize -o md big))" -le 10000 ]
	run -0 rt-summarize -o html big
	has '<p>52 more: <code>metadata.json</code></p>'
	has '<p>292 more: <code>rt-query big --component reconciliation</code></p>'
	# as it stands, however long the name is
	long=$(printf 'x%.0s' {1..40})
	mv "$RT_RUNS_DIR/big" "$RT_RUNS_DIR/$long"
	rt-summarize "$long" >text
	check_bounds text
	run -0 bash -c "$(perl -0ne "print /more:\\s+(rt-query[^)]*?'type~\^\(cl[^']*')/" text) -c"
	[ "$output" = 300 ]
	make_run files
	mkdir -p "$RT_RUNS_DIR/files/artifacts" "$RT_RUNS_DIR/files/logs"
	touch "$RT_RUNS_DIR"/files/artifacts/{1..300}
	seq 30 >"$RT_RUNS_DIR/files/logs/reconciliation.log"
	run -0 rt-summarize -o html files
	has '<p>44 more: <code>artifacts/</code></p>'
	has '<p>22 more: <code>logs/reconciliation.log</code></p>'
}

@test "hostile text is inert in every form" {
	# shellcheck disable=SC2016 # what follows is JSON
	local evil='\u001b]0;x\u0007\u001b[31m\r\n<script>alert(1)</script> | `` ` @bob #1 [x](http://e) \u202e\u0000\u009b'

	mkdir -p "$RT_RUNS_DIR/evil"
	events "$RT_RUNS_DIR/evil/events.jsonl" <<-END
		run_started
		step_started "step":1,"stage":"$evil"
		error "step":1,"component":"$evil","message":"$evil","error":"e $evil","model":"$evil"
		step_failed "step":1
		step_started "stage":"two $evil"
		pause_requested "message":"$evil"
		artifact_created "metadata":{"key":"$evil"}
		info "component":"reconciliation","message":"$evil"
		run_failed "error":"$evil"
	END
	mkdir -p "$RT_RUNS_DIR/evil/logs/step_001"
	printf '%b\n' "$evil" '```' '</details>' '   ```\r' "\`\`\`\`$evil" >"$RT_RUNS_DIR/evil/logs/step_001/output.log"
	printf '{"name":"%s","argv":["%s"],"labels":{"%s":"%s"}}\n' "$evil" "$evil" "$evil" "$evil" \
		>"$RT_RUNS_DIR/evil/metadata.json"
	printf '{"name":"%s","sha256":"%s","contents":"%s"}\n' "$evil" "$evil" "$evil" \
		>"$RT_RUNS_DIR/evil/archive.json"
	run -0 rt-summarize -w evil
	cd "$RT_RUNS_DIR/evil"
	check_bounds logs_summary.txt
	run ! env LC_ALL=C grep -P "$controls" summary.md
	run ! env LC_ALL=C grep -P "$controls" metrics.json
	jq -e '.steps[0].name | contains("\u202e\\0\u009b")' metrics.json
	# outside of code (CommonMark 6.1, 4.5) nothing of it is left
	perl -0pe 's/^(`{3,})\n.*?\n\1\n//gms; s/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)//g; s/&#124;//g;
		s/^<\/?details>(<summary>Last output of step 001<\/summary>)?\n//gm' summary.md >rest
	run ! grep -E '<|@|#1|\]\(|alert|`' rest
	for form in html junit; do
		rt-summarize -o "$form" evil >"out.$form"
		run ! env LC_ALL=C grep -P "$controls" "out.$form"
		run ! grep -F '<script' "out.$form"
	done
	# a "|" of a text never makes a cell
	[ "$(grep -E '^\| 001' summary.md | sed 's/&#124;//g' | tr -cd '|' | wc -c)" = 12 ]
}

@test "what does not fit together is said" {
	local dir=$RT_RUNS_DIR/odd

	make_run odd '"status":"completed","events_size":5000,"counts":{"events":1,"warnings":0,"errors":0}'
	{
		printf '{"ts":"2026-07-01T12:00:09+00:00","type":"run_started","message":"m"}\n'
		printf '{"ts":"2026-07-01T12:00:01+00:00","type":"step_started","step":1,"message":"m"}\n'
		printf '{"ts":"2026-07-01T12:00:02+00:00","type":"step_failed","step":1,"run_id":"another"}\n'
		printf '{"ts":"2026-07-01T12:00:02+00:00","type":"info","run_id":"odd"}\n'
		printf '{"ts":"2026-07-01T12:00:03+00:00","type":"run_completed"}\n'
		printf 'torn {"ts":\n'
		printf '{"ts":"2026-07-01T12:00:04+00:00","type":"run_failed"}\n'
		printf '{"ts":"2026-07-01T12:0'
	} >"$dir/events.jsonl"
	run -0 --separate-stderr rt-summarize odd
	tr '\n' ' ' <<<"$output" | sed 's/  */ /g' >flat
	grep -F 'Note: 1 more than one event ends it: after run_completed came run_failed' flat
	grep -F 'Note: status.json says completed, but the last event that ends the run says failed' flat
	grep -F 'Note: 1 line is no JSON object (torn, or not an event) and left out' flat
	grep -F 'Note: the last line has no end: it is torn' flat
	grep -F "Note: 1 line has another run's id (another); the figures include it" flat
	grep -F 'Note: 1 event is older than the one before' flat
	grep -F 'Note: events.jsonl is shorter than status.json knows it' flat
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == "rt-summarize: 1 line skipped in "* ]]
	run -0 --separate-stderr rt-summarize -q odd
	[ "$stderr" = "" ]
	run -0 --separate-stderr rt-summarize -o json odd
	jq -e '(.notes | length) >= 7 and .skipped_lines == 1' <<<"$output"
}

@test "a line that is too long is said to be that" {
	{
		echo '{"type":"info","message":"m"}'
		head -c $((16 * 1024 * 1024 + 1)) /dev/zero | tr '\0' x
		printf '\nno JSON\n'
	} >f.jsonl
	run -0 --separate-stderr rt-summarize f.jsonl
	has "Note: 1 line is too long and left out"
	has "Note: 1 line is no JSON object (torn, or not an event) and left out"
	has "Skipped Lines: 2"
}

@test "status.json and the events count differently" {
	mkdir -p "$RT_RUNS_DIR/odd"
	events "$RT_RUNS_DIR/odd/events.jsonl" <<<$'run_started\nrun_completed'
	make_run odd "\"events_size\":$(stat -c %s "$RT_RUNS_DIR/odd/events.jsonl"),
		\"counts\":{\"events\":7,\"warnings\":0,\"errors\":0}"
	run -0 rt-summarize odd
	has "Note: status.json counts 7 events, 0 errors, 0 warnings; events.jsonl has 2, 0,"
}

@test "a run that says completed, with steps that failed or never ended" {
	mkdir -p "$RT_RUNS_DIR/odd"
	events "$RT_RUNS_DIR/odd/events.jsonl" <<-'END'
		run_started
		step_started "step":1
		step_failed "step":1
		step_started "step":2
		run_completed "metadata":{"exit_code":0}
	END
	run -0 rt-summarize odd
	has "Note: the run says completed, but 1 of its steps failed"
	has "Note: the run says completed, but 1 of its steps never ended"
	has "Step 002: INCOMPLETE (duration: unknown, retries: 0)"
}

@test "a run that another one's end follows a resume is no contradiction" {
	mkdir -p "$RT_RUNS_DIR/again"
	events "$RT_RUNS_DIR/again/events.jsonl" <<-'END'
		run_started
		run_failed "error":"no disk"
		run_resumed
		run_completed
	END
	run -0 rt-summarize again
	has "Status: completed"
	[[ $output != *"Note:"* && $output != *"Error: no disk"* ]]
}

@test "a run that goes on is shown up to its last event, whether its owner lives or not" {
	mkdir -p "$RT_RUNS_DIR/live"
	events "$RT_RUNS_DIR/live/events.jsonl" <<<$'run_started\ninfo'
	printf '{"ts":"2026-07-01T12:00:09' >>"$RT_RUNS_DIR/live/events.jsonl"
	make_run live '"status":"running","started_at":"2026-07-01T12:00:00.000+00:00",
		"owner":{"pid":999999,"start_ticks":1}'
	run -0 --separate-stderr rt-summarize live
	has "Status: running, no event ends it"
	has "Last Event: 2026-07-01 12:00:01 UTC"
	has "Duration: 1.0s (to its last event)"
	has "Note: the last line has no end: it is torn, or still being written"
	[ "$stderr" = "" ]
	run -0 rt-summarize -o json live
	jq -e '.status == "running" and (has("finished_at") | not)' <<<"$output"
}

@test "a last line without its newline is an event once the run is over" {
	mkdir -p "$RT_RUNS_DIR/live"
	make_run live '"status":"running"'
	printf '%s\n%s' '{"type":"run_started"}' '{"type":"error","message":"whole"}' \
		>"$RT_RUNS_DIR/live/events.jsonl"
	run -0 rt-summarize live
	has "Events: 1"
	printf '%s\n%s' '{"type":"run_started"}' '{"type":"run_completed"}' \
		>"$RT_RUNS_DIR/live/events.jsonl"
	make_run live '"status":"completed"'
	run -0 rt-summarize live
	has "Events: 2"
}

@test "a run of the older tracker: status.json says more than the events" {
	mkdir -p "$RT_RUNS_DIR/old"
	printf '{"run_id":"old","status":"completed","created_at":"%s","updated_at":"%s","events":[]}\n' \
		2026-07-01T12:00:00+00:00 2026-07-01T12:05:00+00:00 >"$RT_RUNS_DIR/old/status.json"
	printf '%s\n' '{"ts":"2026-07-01T12:00:00+00:00","stage":"spec","message":"a","percent":0}' \
		'{"ts":"2026-07-01T12:00:05+00:00","stage":"zip","message":"b","percent":100}' \
		>"$RT_RUNS_DIR/old/events.jsonl"
	run -0 rt-summarize old
	has "Status: completed"
	has "Completed: 2026-07-01 12:05:00 UTC"
	has "Note: status.json says completed, but no event says how the run ended"
	has "Stage spec: 1 event (duration: 5.0s)"
}

@test "a run without events or with an empty status.json" {
	make_run bare
	run -0 rt-summarize bare
	[ "$(grep -c '^====' <<<"$output")" = 4 ] # RUN SUMMARY and FINAL METRICS
	has "Events: 0"
	mkdir -p "$RT_RUNS_DIR/empty"
	: >"$RT_RUNS_DIR/empty/status.json"
	events "$RT_RUNS_DIR/empty/events.jsonl" <<<$'run_started\nrun_failed "error":"boom"'
	run -0 rt-summarize empty
	has "Status: failed"
	has "Error: boom"
}

@test "the reconciliation comes from its log where no event tells of it" {
	mkdir -p "$RT_RUNS_DIR/rec/logs"
	events "$RT_RUNS_DIR/rec/events.jsonl" <<<run_started
	printf '%s\n' '2026-07-01T12:00:00.123456789Z stdout F 1800 tokens found' 'plain line' \
		'{"timestamp":"2026-07-01T13:00:00Z","level":"INFO","message":"as JSON"}' \
		>"$RT_RUNS_DIR/rec/logs/reconciliation.log"
	run -0 rt-summarize rec
	has "RECONCILIATION"
	has "2026-07-01 12:00:00 UTC  1800 tokens found"
	has "plain line"
	has "2026-07-01 13:00:00 UTC  as JSON"
	for i in {1..20}; do echo "line $i"; done >"$RT_RUNS_DIR/rec/logs/reconciliation.log"
	run -0 rt-summarize rec
	has "(12 more: logs/reconciliation.log)"
	has "line 20"
}

@test "artifacts: the files, sorted, where no event tells of them; no link is followed" {
	mkdir -p "$RT_RUNS_DIR/art/artifacts/sub"
	events "$RT_RUNS_DIR/art/events.jsonl" <<<run_started
	head -c 2048 /dev/zero >"$RT_RUNS_DIR/art/artifacts/b"
	echo x >"$RT_RUNS_DIR/art/artifacts/a"
	echo x >"$RT_RUNS_DIR/art/artifacts/sub/c"
	ln -s /etc/passwd "$RT_RUNS_DIR/art/artifacts/link"
	run -0 rt-summarize art
	[[ $output == *$'\na (2 B)\nb (2.0 KB)\nsub/c (2 B)'* ]]
	[[ $output != *link* ]]
}

@test "archive.json is shown as it stands" {
	make_run arch
	printf '{"name":"run.tar.gz","size_bytes":80589,"sha256":"abc","contents":["a","b c"]}\n' \
		>"$RT_RUNS_DIR/arch/archive.json"
	run -0 rt-summarize arch
	has "Archive: run.tar.gz"
	has "SHA-256: abc"
	has "Size: 78.7 KB"
	has "Contents: a 'b c'"
	echo 'no JSON' >"$RT_RUNS_DIR/arch/archive.json"
	run -0 rt-summarize arch
	[[ $output != *ARCHIVE* ]]
}

@test "events.jsonl of a run means the run" {
	fixture pipeline
	rt-summarize pipeline >want
	rt-summarize "$RT_RUNS_DIR/pipeline/events.jsonl" | cmp - want
	run -0 rt-summarize -w "$RT_RUNS_DIR/pipeline/events.jsonl"
	cmp want "$RT_RUNS_DIR/pipeline/logs_summary.txt"
}

@test "the last output of what failed is shown, the run's own where it went on" {
	run -1 rt-run --id r -- sh -c '
		echo begun
		rt-run step build -- sh -c "echo compiling"
		rt-run step test -- sh -c "seq -f \"test %g ok\" 1 20; echo broken >&2; exit 2"
		exit 1'
	run -0 rt-summarize r
	[[ $output == *$'\nLast output of step 002 (all: rt-tail r --step step_002 --logs -n all):\n    test '* ]]
	has "    broken"
	[ "$(grep -c '^    test [0-9]* ok$' <<<"$output")" = 7 ]
	[[ $output != *"    begun"* && $output != *"    compiling"* ]]
	run -0 bash -c "$(grep -o 'rt-tail r .* all' <<<"$output") | wc -l"
	[ "$output" = 21 ]
	run -3 rt-run --id later -- sh -c 'rt-run step a -- false; echo "gave up" >&2; exit 3'
	run -0 rt-summarize later
	has "Last output of the run (all: rt-tail later --logs -n all):"
	has "    gave up"
	run -0 rt-summarize --json later
	jq -e '.last_output == [{lines: ["gave up"]}]' <<<"$output"
	run -3 rt-run --id early -- sh -c 'echo hm; rt-run step a -- true; exit 3'
	run -0 rt-summarize early
	has "    hm"
	run -0 rt-run --id well -- sh -c 'echo fine; rt-run step a -- echo fine'
	run -0 rt-summarize well
	[[ $output != *"    fine"* ]]
}

@test "many failed steps share the room for their output" {
	local i

	mkdir -p "$RT_RUNS_DIR/big"
	for i in {1..30}; do
		printf 'step_started "step":%d\nstep_failed "step":%d\n' "$i" "$i"
	done >in
	events "$RT_RUNS_DIR/big/events.jsonl" <in
	for i in {001..030}; do
		mkdir -p "$RT_RUNS_DIR/big/logs/step_$i"
		printf '2026-07-01T12:00:00.000000000Z stdout F %s\n' {1..9}"$(printf 'x%.0s' {1..300})" \
			>"$RT_RUNS_DIR/big/logs/step_$i/output.log"
	done
	for form in text md; do
		rt-summarize -o "$form" big >"out.$form"
		[ "$(wc -c <"out.$form")" -le 10000 ]
	done
	check_bounds out.text
	run -0 cat out.text
	[[ $output == *"Last output of step 001"*$'\n    9xxx'*...* ]]
	shown=$(grep -c "^Last output" out.text)
	has "(output of $((30 - shown)) more)"
	rt-summarize --json big | jq -e '.last_output | length == 8 and all(.lines | length == 8)'
}

@test "of output that is left out only what there is counts" {
	local i dir=$RT_RUNS_DIR/r

	make_run r '"status":"failed"'
	for i in {1..9}; do
		printf 'step_started "step":%d\nstep_failed "step":%d\n' "$i" "$i"
		mkdir -p "$dir/logs/step_00$i"
		[ "$i" = 9 ] || echo "2026-07-01T12:00:00.000000000Z stdout F $i" >"$dir/logs/step_00$i/output.log"
	done | events "$dir/events.jsonl"
	echo '2026-07-01T11:59:59.000000000Z stdout F before' >"$dir/logs/run.log"
	: >"$dir/logs/step_009/output.log"
	run -0 rt-summarize r
	[[ $output == *"Last output of step 008"* && $output != *"(output of "* ]]
	echo '2026-07-01T12:00:59.000000000Z stdout F after' >"$dir/logs/run.log"
	run -0 rt-summarize r
	has "(output of 1 more)"
	run -0 rt-summarize -o html r
	has "<p>Output of 1 more</p>"
}

@test "a run recorded from end to end; its end writes metrics.json" {
	run -0 rt-run --name demo --label env=test -- sh -c '
		rt-run step build -- rt-emit --type llm_response_received --tokens 100,20 --model m
		rt-run step check -- rt-emit --level error "it broke"
		rt-run step slow -- sh -c "exit 124" || true
		rt-emit --type artifact_created --set key=out.bin'
	cmp "$(echo "$RT_RUNS_DIR"/*/metrics.json)" <(rt-summarize -o json)
	run -0 rt-summarize
	has "Name: demo"
	has "Label env: test"
	has "Exit Code: 0"
	has "out.bin (created)"
	[[ $output =~ "Step 001: SUCCESS (duration: "[0-9.]+m?"s, retries: 0)"$'\n  - Name: build' ]]
	[[ $output =~ "Step 002: SUCCESS (duration: "[0-9.]+m?"s, retries: 0, errors: 1)" ]]
	[[ $output =~ "Step 003: TIMEOUT (duration: "[0-9.]+m?"s, retries: 0, errors: 1)" ]]
	has "Tokens (prompt/completion/total): 100 / 20 / 120"
	has "1 x ERROR: Step slow failed: exit code 124"
}

# The XML of standard input as lines: each element's name, attributes and text.
xml() {
	python3 -c '
import sys, xml.etree.ElementTree as tree
for e in tree.fromstring(sys.stdin.buffer.read()).iter():
    print(e.tag, *(f"{k}={v}" for k, v in e.attrib.items()), repr((e.text or "").strip()))'
}

@test "junit: steps as test cases, and the run where no step tells how it ended" {
	events f.jsonl <<-'END'
		step_started "step":1,"stage":"a"
		step_completed "step":1
		step_started "step":2,"stage":"b"
		step_failed "step":2,"error":"no \ufffe <disk> & \"space\"\u0007 ]]>"
		step_skipped "step":3
		step_started "step":4
		step_failed "step":4,"result":"cancelled"
		run_failed
	END
	command -v python3 >/dev/null || skip "python3 is not installed"
	rt-summarize -o junit f.jsonl | xml >out
	grep -qF 'tests=4 failures=1 errors=1 skipped=1 time=7.000' out
	grep -qF 'testcase name=a classname=f time=1.000' out
	grep -qF 'failure message=no � <disk> & "space"^G ]]> type=FAILED' out
	grep -qF 'error message=CANCELLED type=CANCELLED' out
	run ! grep -qF '(run)' out
	run -3 rt-run --id x -- sh -c 'rt-run step a -- true; echo "]]><" >&2; exit 3'
	rt-summarize -o junit x | xml >out
	grep -qF 'tests=2 failures=1 errors=0 skipped=0' out
	grep -qF 'testcase name=(run)' out
	grep -qF "failure message=exit code 3 type=failed ']]><'" out
	# a case that passes has no place for its errors
	events f.jsonl <<<$'step_started "stage":"<a>"\nerror "stage":"<a>"\nstep_completed "stage":"<a>"'
	rt-summarize -o junit f.jsonl | xml >out
	grep -qF 'tests=1 failures=0' out
	grep -qE "^system-out +'<a>: SUCCESS, errors: 1'" out
	make_run none
	rt-summarize -o junit none | xml >out
	grep -qF 'tests=1 failures=0' out
	run -2 rt-summarize -o junit none x
	[[ $output == *"-o junit is a document of one run, not of 2"* ]]
}

# The elements of a page with their attributes, each once; fails where they do not nest.
elements() {
	python3 -c '
import sys, html.parser
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()
    def handle_starttag(self, tag, attrs):
        self.seen.add(" ".join([tag] + sorted(k for k, v in attrs)))
        if tag not in ("meta", "br", "rect"): self.open.append(tag)
    def handle_endtag(self, tag):
        if self.open.pop() != tag: sys.exit(f"</{tag}> ends nothing")
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
page = Page()
page.feed(sys.stdin.read())
page.close()
if page.open: sys.exit(f"never ended: {page.open}")
print("\n".join(sorted(page.seen)))'
}

@test "html: a page that is whole, needs nothing else, and only has elements of ours" {
	command -v python3 >/dev/null || skip "python3 is not installed"
	fixture pipeline
	rt-summarize -o html pipeline | elements >out
	for line in 'svg aria-hidden preserveaspectratio viewbox' 'details open' 'rect class height width x'; do
		grep -qxF "$line" out
	done
	run ! grep -E 'href|src|script|style |on[a-z]+' <(sed 's/^meta .*//' out)
	run -0 rt-summarize -o html pipeline
	[[ $output == *"default-src 'none'"* && $output == *'<b class="bad">TIMEOUT</b>'* ]]
	[[ $output == *"&lt;b&gt;worker&lt;/b&gt; 4"* ]]
	run ! grep -F '<script' <<<"$output"
	# a run without steps shows its stages, and of thousands of steps the ones that matter
	events f.jsonl <<-'END'
		progress "stage":"<i>one"
		progress "stage":"two"
		run_completed
	END
	run -0 rt-summarize -o html f.jsonl
	[[ $output == *"<h2>Stages</h2>"*"&lt;i&gt;one"* ]]
	for i in {1..1100}; do
		printf '{"type":"step_started","step":%d}\n{"type":"step_%s","step":%d}\n' \
			"$i" "$([ "$i" = 1099 ] && echo failed || echo completed)" "$i"
	done >f.jsonl
	run -0 rt-summarize -o html f.jsonl
	[ "$(grep -c '<b class="ok">SUCCESS' <<<"$output")" = 999 ]
	[[ $output == *">1099</td>"*"100 more: "* ]]
}

@test "tokens and cost by model and role: a request and its response once" {
	local i

	events f.jsonl <<-'END'
		llm_request_sent "model":"small","agent_role":"coder","correlation_id":"a","metadata":{"prompt_tokens":100}
		llm_response_received "model":"small","agent_role":"coder","correlation_id":"a","metadata":{"prompt_tokens":110,"completion_tokens":40,"cost_usd":0.1}
		llm_response_received "model":"large","agent_role":"re\u001bviewer","metadata":{"total_tokens":500,"cost_usd":0.5}
		llm_response_received "agent_role":"coder","metadata":{"total_tokens":7}
		info "model":"never asked"
	END
	run -0 rt-summarize f.jsonl
	grep '^By ' <<<"$output" >out
	diff -u - out <<-'END'
		By Model: large, 1 call, 500 tokens, 0.5 USD
		By Model: small, 1 call, 150 tokens, 0.1 USD
		By Role: re^[viewer, 1 call, 500 tokens, 0.5 USD
		By Role: coder, 2 calls, 157 tokens, 0.1 USD
	END
	rt-summarize --json f.jsonl >out
	jq -e '.tokens.total == 657 and ([.by_role[].tokens.total] | add) == 657
		and ([.by_model[].tokens.total] | add) == 650 and (.by_model | length) == 3' out
	for i in {1..20}; do
		printf 'llm_response_received "model":"m%02d","metadata":{"total_tokens":%d}\n' "$i" "$i"
	done >in
	events f.jsonl <in
	run -0 rt-summarize f.jsonl
	has "By Model: m16, 1 call, 16 tokens"
	has "By Model: and at least 12 more"
}

@test "gates and verifications are counted, the last refusal is told" {
	events f.jsonl <<-'END'
		gate_checked
		gate_evaluated
		gate_blocked "message":"size: 12 MB"
		gate_warned
		verification_passed
		verification_failed "message":"checksum"
	END
	run -0 rt-summarize f.jsonl
	has "Gates: 2 checked, 1 blocked, 1 warned"
	has "Verifications: 1 passed, 1 failed"
	has "Last Refusal: checksum"
	rt-summarize --json f.jsonl | jq -e '.gates == {checked: 2, blocked: 1, warned: 1}
		and .verifications == {passed: 1, failed: 1}'
	grep -v verif f.jsonl >g.jsonl
	run -0 rt-summarize g.jsonl
	has "Last Refusal: size: 12 MB"
	[[ $output != *Verifications* ]]
}

@test "the critical path of steps that ran at the same time, else the longest step" {
	events f.jsonl <<-'END'
		run_started
		step_started "step":1,"stage":"fetch"
		step_completed "step":1
		step_started "step":2,"stage":"lint"
		step_started "step":3,"stage":"build"
		step_completed "step":2
		info
		step_completed "step":3
		step_started "step":4
		step_completed "step":4
		run_completed
	END
	run -0 rt-summarize f.jsonl
	has "Critical Path: fetch, build, 004 (5.0s)"
	[[ $output != *"Longest Step"* ]]
	grep -v '"step":2' f.jsonl >g.jsonl
	run -0 rt-summarize g.jsonl
	has "Longest Step: build (3.0s, 30 % of the time)"
	[[ $output != *"Critical Path"* ]]
	run -0 rt-summarize -o md g.jsonl
	[[ $output == *"| 003 | build | SUCCESS | 3.0s | 30 % |"* ]]
}

@test "Markdown has a chart of the steps, in which no name means anything" {
	events f.jsonl <<-'END'
		step_started "step":1,"stage":"a: crit, 0 ; %%{init} ```\n# b"
		step_completed "step":1
		step_started "stage":"click"
		step_failed "stage":"click"
	END
	rt-summarize -o md f.jsonl | sed -n '/^```mermaid$/,/^```$/p' >out
	diff -u - out <<-'END'
		```mermaid
		gantt
		    dateFormat x
		    axisFormat %H:%M:%S
		    001 a_ crit_ 0 _ ___init_ _____ b : done, 1782907200000, 1782907201000
		    step click : crit, 1782907202000, 1782907203000
		```
	END
	for i in {1..21}; do
		printf 'step_started "step":%d\nstep_completed "step":%d\n' "$i" "$i"
	done >in
	events f.jsonl <in
	run -0 rt-summarize -o md f.jsonl
	[[ $output != *mermaid* && $output == *"| 021 |"* ]]
}

@test "several runs: named or selected, as text, lines, or one array" {
	make_run a '"name":"x"'
	make_run b '"name":"y"'
	run -0 rt-summarize b a
	[ "$(grep -A1 'Run ID' <<<"$output" | tr '\n' ' ')" = "Run ID: b Name: y -- Run ID: a Name: x " ]
	run -0 rt-summarize -a -o jsonl
	[ "$(jq -r .run_id <<<"$output" | sort | tr '\n' ' ')" = "a b " ]
	[ "${#lines[@]}" = 2 ]
	run -0 rt-summarize --name y --json
	jq -e 'length == 1 and .[0].run_id == "b"' <<<"$output"
	run -0 --separate-stderr rt-summarize --name none --json
	[ "$output" = "[]" ]
	[[ $stderr == *"no runs of that selection"* ]]
	run -3 --separate-stderr rt-summarize -o jsonl a nothing
}

@test "-a -w writes what is over and has changed, no more" {
	make_run old
	make_run live '"status":"running"'
	fixture pipeline
	touch -d 2026-07-02 "$RT_RUNS_DIR"/*/*
	run -0 rt-summarize -a -w
	[ "${#lines[@]}" = 6 ]
	[ ! -e "$RT_RUNS_DIR/live/summary.md" ]
	run -0 rt-summarize -a -w
	[ "$output" = "" ]
	for file in events.jsonl status.json metadata.json archive.json; do
		touch -d 2026-07-02 "$RT_RUNS_DIR"/pipeline/*
		touch -d 2026-07-03 "$RT_RUNS_DIR"/pipeline/{logs_summary.txt,summary.md,metrics.json}
		run -0 rt-summarize -a -w
		[ "$output" = "" ]
		touch -d 2026-07-03 "$RT_RUNS_DIR/pipeline/$file"
		run -0 rt-summarize -a -w
		[ "${#lines[@]}" = 3 ]
		[[ $output == *pipeline/summary.md* ]]
	done
	rm "$RT_RUNS_DIR/old/summary.md"
	run -0 rt-summarize -a -w
	[[ ${#lines[@]} = 3 && $output == *old/summary.md* ]]
	# for cron: nothing is said of what went well
	rm "$RT_RUNS_DIR/old/summary.md"
	run -0 rt-summarize -a -w --index -q
	[ "$output" = "" ]
	[[ -e $RT_RUNS_DIR/old/summary.md && -e $RT_RUNS_DIR/INDEX.md ]]
	# one that cannot be written does not keep the others from it
	rm "$RT_RUNS_DIR"/*/logs_summary.txt
	mkdir "$RT_RUNS_DIR/old/logs_summary.txt"
	touch -d 2026-07-01 "$RT_RUNS_DIR/old/logs_summary.txt"
	run -3 --separate-stderr rt-summarize -a -w
	[[ ${#lines[@]} = 3 && $output == *pipeline/summary.md* && $stderr == *logs_summary.txt* ]]
}

@test "--git-add stages the summaries of runs that are over" {
	git init -q .
	make_run done
	make_run live '"status":"running"'
	run -0 rt-summarize -a --git-add
	[ "$(git diff --cached --name-only | tr '\n' ' ')" = "runs/done/logs_summary.txt runs/done/summary.md " ]
	run -0 --separate-stderr rt-summarize --git-add live
	[[ $stderr == *'/live" is not over'* ]]
	[ "$(git diff --cached --name-only | wc -l)" = 2 ]
	git rm -q --cached -r runs
	run -0 rt-summarize -a --git-add # nothing has changed: they are staged all the same
	[ "$(git diff --cached --name-only | wc -l)" = 2 ]
	run -0 timeout 20 perl -e '$SIG{CHLD} = "IGNORE"; exec { $ARGV[0] } @ARGV' rt-summarize --git-add done
	echo '/runs/' >.git/info/exclude
	git rm -q --cached -r runs
	run -3 rt-summarize --git-add done
	[[ $output == *"git could not add them"* ]]
}

@test "--compare: two runs side by side, their steps by name" {
	events a.jsonl <<-'END'
		run_started
		step_started "step":1,"stage":"build"
		step_completed "step":1,"duration_ms":10000
		step_started "step":2,"stage":"check"
		step_completed "step":2,"duration_ms":2000
		step_started "step":3,"stage":"check"
		step_completed "step":3,"duration_ms":3000
		step_started "step":4,"stage":"old"
		step_completed "step":4,"duration_ms":1000
		run_completed
	END
	events b.jsonl <<-'END'
		run_started
		step_started "step":1,"stage":"new\u001b[2J\u202e"
		step_completed "step":1,"duration_ms":500
		step_started "step":2,"stage":"build"
		llm_response_received "step":2,"metadata":{"total_tokens":40,"cost_usd":0.5}
		step_completed "step":2,"duration_ms":12500
		step_started "step":3,"stage":"check"
		error "step":3
		step_completed "step":3,"duration_ms":2000
		step_started "step":4,"stage":"check"
		step_failed "step":4,"duration_ms":1500
		run_failed
	END
	run -0 rt-summarize --compare ./a.jsonl ./b.jsonl
	tr -s ' ' <<<"$output" >out
	diff -u - out <<-'END'
		Run ID a b
		Status completed failed
		Duration 9.0s 11s +2.0s (+22 %)
		API calls 0 1 +1
		Tokens 0 40 +40
		Cost (USD) 0 0.5 +0.5
		Errors 0 3 +3

		new^[[2J\u202e - 500ms new
		build 10s 12s +2.5s (+25 %)
		 tokens 0 40 +40
		check 2.0s 2.0s
		 errors 0 1 +1
		check 3.0s FAILED 1.5s -1.5s (-50 %)
		old 1.0s - gone
	END
	rt-summarize --compare --json ./a.jsonl ./b.jsonl >out
	jq -e '.a.status == "completed" and .b.cost_usd == 0.5 and (.steps | length) == 5
		and .steps[3].b.status == "failed" and .steps[3].a.duration_ms == 3000
		and (.steps[4] | has("b") | not)' out
	LC_ALL=C grep -aq '"name":"new.u001b\[2J.u202e"' out
	run -2 rt-summarize --compare ./a.jsonl
	[[ $output == *"--compare takes two runs, not 1"* ]]
	run -2 rt-summarize --compare -o md ./a.jsonl ./b.jsonl
	run -2 rt-summarize --compare -w ./a.jsonl ./b.jsonl
	run -3 rt-summarize --compare ./a.jsonl ./missing.jsonl
}

# A run called "n" of two steps, the I-th of them: timed I STATE BUILD_MS TEST_MS [USD]
timed() {
	local at=$((1780000000000 + $1 * 1000000)) id

	id=$(printf 'r%02d' "$1")
	make_run "$id" '"name":"n","status":"'"$2"'"'
	printf '{"ts":%d,"type":"%s","step":%d,"stage":"%s","duration_ms":%d,"metadata":{"cost_usd":%s}}\n' \
		"$at" run_started 0 - 0 0 "$at" step_started 1 build 0 0 \
		$((at + $3)) step_completed 1 build "$3" 0 \
		$((at + $3)) step_started 2 test 0 0 \
		$((at + $3)) llm_response_received 2 test 0 "${5:-0}" \
		$((at + $3 + $4)) step_"$2" 2 test "$4" 0 \
		$((at + $3 + $4)) run_"$2" 0 - 0 0 >"$RT_RUNS_DIR/$id/events.jsonl"
	jq -c --argjson from $at --argjson to $((at + $3 + $4)) 'def ts: . / 1000 | strftime("%Y-%m-%dT%H:%M:%S") + ".000+00:00";
		.created_at = ($from | ts) | .started_at = .created_at | .finished_at = ($to | ts)' \
		"$RT_RUNS_DIR/$id/status.json" >tmp
	mv tmp "$RT_RUNS_DIR/$id/status.json"
}

@test "--regression: slower, by which step; one slow run is none" {
	for i in {1..10}; do
		timed "$i" completed 10000 $((20000 + i % 3 * 1000))
	done
	run -0 rt-summarize --regression n
	[ "$output" = "n: as before, the last 3 against 7" ]
	timed 11 completed 10000 60000
	timed 12 completed 10000 21000
	timed 13 completed 10000 60000
	run -0 rt-summarize --regression n # the median is above, one run is not
	timed 12 failed 10000 61000 # says nothing of the time
	timed 14 completed 10000 60000
	run -1 rt-summarize --regression n
	[ "$output" = 'n: slower, 31s to 1m 10s (+126 %)
  step test: 21s to 1m 0s (+186 %)' ]
	make_run other '"name":"m"'
	run -0 rt-summarize --regression m
	[ "$output" = "m: not known, 1 completed, 6 are needed" ]
	run -3 rt-summarize --regression nobody
	[[ $output == *'no run is called "nobody"'* ]]
	run -2 rt-summarize --regression n -o json
}

@test "--regression: 25 % of little is noise" {
	for i in {1..10}; do
		timed "$i" completed 1000 $((i > 7 ? 2000 : 1000))
	done
	run -0 rt-summarize --regression n
	for i in {8..10}; do
		timed "$i" completed 1000 3000
	done
	run -1 rt-summarize --regression n
	[[ $output == "n: slower, 2.0s to 4.0s (+100 %)"* ]]
}

@test "--regression: costlier and redder" {
	for i in {1..10}; do
		timed "$i" completed 1000 1000 $((i > 7 ? 3 : 2))
	done
	run -1 rt-summarize --regression n
	[ "$output" = 'n: costlier, 2 to 3 USD (+50 %)
  step test: 2 to 3 USD (+50 %)' ]
	for i in {8..12}; do
		timed "$i" completed 1000 1000 2
	done
	for i in 13 14; do
		timed "$i" failed 1000 1000
	done
	run -0 rt-summarize --regression n
	timed 15 failed 1000 1000
	run -1 rt-summarize --regression n
	[ "$output" = 'n: redder, the last 3 failed, 12 of the 12 before passed
  step test: FAILED' ]
}

@test "--index: how each name does, and the latest runs with their summaries" {
	git init -q .
	for i in {1..4}; do
		timed "$i" completed 10000 $((i * 1000))
	done
	timed 5 failed 1000 1000
	make_run live '"name":"n","status":"running"'
	make_run exp/x '"name":"a|b <i>"'
	make_run exp/y '"name":"a|b <i>","status":"cancelled"'
	run -0 rt-summarize --index
	[ "$output" = "$RT_RUNS_DIR/INDEX.md" ]
	run -0 cat "$RT_RUNS_DIR/INDEX.md"
	has '| n | 5 | 4 / 5 | 13s | failed | 2026-05-28 21:50:00 UTC |'
	# shellcheck disable=SC2016 # these are no commands
	has '| `a`&#124;`b <i>` | 2 | 1 / 1 | 5m 0s | cancelled | 2026-07-01 12:00:00 UTC |'
	has '| 2026-05-28 21:50:00 UTC | n | `r05` | failed | 2.0s | 2 |'
	[[ $output != *live* ]]
	run -0 rt-summarize --index --git-add
	[ "${lines[-1]}" = "$RT_RUNS_DIR/INDEX.md" ]
	run -0 cat "$RT_RUNS_DIR/INDEX.md"
	[[ $output == *"[x](exp/x/summary.md)"*"[r05](r05/summary.md)"* ]]
	git diff --cached --name-only >staged
	grep -qx runs/INDEX.md staged
	grep -qx runs/exp/x/summary.md staged
	# the same bytes, and of a selection only that
	cp "$RT_RUNS_DIR/INDEX.md" first
	TZ=Asia/Tokyo run -0 rt-summarize --index
	cmp first "$RT_RUNS_DIR/INDEX.md"
	run -0 rt-summarize --index --name n
	run ! grep exp/ "$RT_RUNS_DIR/INDEX.md"
	run -2 rt-summarize --index r01
	run -2 rt-summarize --index -o json
	run -3 rt-summarize --index -d nowhere
	[[ $output == */nowhere* ]]
}

# A line of a log as other systems write it: foreign LEVEL MESSAGE [MEMBERS]
foreign() {
	printf '{"timestamp":"2025-10-30T10:44:%02d.5Z","level":"%s","message":"%s"%s}\n' \
		$((second = (second + 1) % 60)) "$1" "$2" "${3:+,$3}"
}

@test "--import: trees of logs, sessions and files of other systems, which stay as they are" {
	local run=in/alpha/u1 second=0

	mkdir -p $run/sprint_00{1,2}/logs/step_001 in/beta/session in/.hidden/logs
	{
		foreign INFO m '"step":1,"event":"step_start"'
		foreign ERROR 'boom 1' # only its path says which step it is of
		foreign INFO m '"step":1,"event":"step_complete"'
	} >$run/sprint_001/logs/step_001/adapter.log
	{
		foreign INFO m '"event":"step_start"'
		foreign INFO m '"event":"llm_response","metadata":{"total_tokens":7}'
		foreign INFO m '"event":"step_failed","error":"timed out"'
	} >$run/sprint_002/logs/step_001/adapter.log
	foreign ERROR 'boom 2' >$run/sprint_002/logs/other.jsonl
	echo 'plain ERROR text' >$run/sprint_002/logs/console.log
	ln -s /etc $run/sprint_002/link
	echo '{"TOKIN":5,"deep":{"a":1}}' >$run/sprint_001/metrics.json
	printf '%s\n' '{"event_type":"session_started"}' '{"event_type":"session_failed","message":"gone"}' \
		>in/beta/session/events.jsonl
	cp in/beta/session/events.jsonl in/beta/session/logs.jsonl # the same once more
	foreign WARNING m >in/alone.jsonl
	foreign ERROR hidden >in/.hidden/logs/x.log
	cp -R in before
	rt-summarize --import in -o jsonl >out
	diff -r --no-dereference in before
	[ "$(jq -c '[.run_id, .group, .status, .counts.events, .counts.errors]' out | tr '\n' ' ')" = \
		'["alone",null,null,1,0] ["u1","alpha",null,7,2] ["session","beta","failed",2,1] ' ]
	jq -e -s 'map(select(.run_id == "u1"))[0] | [.steps[] | [.sprint, .step, .status, .counts.errors]] ==
		[[1, 1, "success", 1], [2, 1, "timeout", 0]]' out
	run -0 rt-summarize --import $run
	[[ $output == *"Step 001/001: SUCCESS (duration: 2.0s, retries: 0, errors: 1)"$'\n  - Name: sprint_001'* ]]
	[[ $output == *"Step 002/001: TIMEOUT"* && $output != *"older than"* && $output != *plain* ]]
	has "sprint_001/metrics.TOKIN: 5"
	has "sprint_001/metrics.deep.a: 1"
	rt-summarize --import in/beta >first
	cp -R in/beta elsewhere
	TZ=Asia/Tokyo rt-summarize --import elsewhere | cmp - first
	[ "$(cd $run && rt-summarize --import . -o jsonl | jq -r .run_id)" = u1 ]
	[ "$(cd $run/sprint_001 && rt-summarize --import .. -o jsonl | jq -r .run_id)" = u1 ]
}

@test "--import: every error is counted, and a command shows those that are left out" {
	local i

	mkdir -p in/run/logs
	for i in {1..40}; do
		awk -v i="$i" 'BEGIN { for (k = 0; k < 50; k++) {
			w = sprintf("%c%c%c%c", 97 + i % 26, 97 + i / 26, 97 + k % 26, 97 + k / 26)
			printf "{\"level\":\"%s\",\"message\":\"%s went wrong\"}\n", k % 2 ? "ERROR" : "INFO", w
		} }' >"in/run/logs/of $i.log"
	done
	run -0 rt-summarize --import in
	has "Errors: 1000"
	cd in
	[[ $output =~ more:[[:space:]]+(find\ .*\ \{\}\ \+)\) ]]
	run -0 bash -c "${BASH_REMATCH[1]/rt-query/rt-query -c}"
	[ "$output" = 1000 ]
}

@test "--import: text around JSON lines, any sprint, and logs that are left out" {
	local dir='in/a run/sprint_003/logs'

	mkdir -p "$dir/step_001"
	{
		echo '=== adapter 2.1 ==='
		foreign INFO m '"event":"step_start"'
		echo 'Traceback (most recent call last):'
		foreign ERROR 'out of memory'
		foreign INFO m '"event":"step_complete"'
	} >"$dir/step_001/an adapter.log"
	echo 'plain text' >"$dir/console.log"
	printf '{\n  "pretty": "printed"\n}\n' >"$dir/b.log"
	: >"$dir/a.log"
	echo '{"status":"completed"}' >'in/a run/status.json' # says nothing of the logs
	run -0 --separate-stderr rt-summarize --import in
	has "Run ID: a run"
	[[ $output == *$'Step 003/001: SUCCESS (duration: 2.0s, retries: 0, errors: 1)\n'* ]]
	tr '\n' ' ' <<<"$output" | tr -s ' ' >flat
	grep -qF 'Note: 2 lines are no JSON object' flat
	grep -qF 'Note: 2 logs have no JSON lines that can be read and are left out: sprint_003/logs/b.log and others' flat
}

@test "--import: what cannot be" {
	mkdir empty
	run -3 rt-summarize --import empty
	[[ $output == *'no runs in "empty"'* ]]
	run -3 rt-summarize --import missing
	run -2 rt-summarize --import empty -w
	[[ $output == *"--import only reads"* ]]
	run -2 rt-summarize --import empty some-run
}

@test "what cannot be done is said, with its exit code" {
	run -3 rt-summarize nothing
	[[ $output == "rt-summarize: "*nothing* ]]
	make_run a
	make_run b
	run -2 rt-summarize -a a
	[[ $output == *"name runs or select them, not both"* ]]
	run -2 rt-summarize -o pdf a
	[[ $output == *pdf*text*md*html*json* ]]
	run -2 rt-summarize -w -o md a
	[[ $output == *"-w writes every form"* ]]
	echo '{"type":"info"}' >f.jsonl
	run -2 rt-summarize -w ./f.jsonl
	[[ $output == *"f.jsonl\" is a file, no run"* ]]
	mkdir "$RT_RUNS_DIR/a/summary.md"
	run -3 rt-summarize -w a
	[[ $output == *summary.md* ]]
	rm -r "$RT_RUNS_DIR/a/summary.md"
	ln -s /etc/passwd "$RT_RUNS_DIR/a/events.jsonl"
	run -3 rt-summarize a
	run -3 rt-summarize ./missing.jsonl
}

@test "a closed standard output ends it silently, a full one does not" {
	fixture pipeline
	run -0 bash -c 'rt-summarize pipeline 2>err | :'
	[ ! -s err ]
	run -3 bash -c 'rt-summarize pipeline >/dev/full'
	[[ $output == *"cannot write standard output"* ]]
}

@test "a large file is summed up by several threads as by one" {
	awk 'BEGIN {
		for (i = 0; i < 30000; i++) {
			step = int(i / 100) + 1
			type = i % 100 == 0 ? "step_started" : i % 100 == 99 ? "step_completed" : "llm_response_received"
			if (i % 1000 == 500) type = "task_failed"
			printf "{\"ts\":%d,\"type\":\"%s\",\"stage\":\"s%d\",\"step\":%d,\"message\":\"%s of part %d\",", \
				1750000000 + i, type, step % 7, step, i % 3 ? "word" : "w\\u006frd", i % 5
			printf "\"metadata\":{\"prompt_tokens\":%d,\"model\":\"m%d\"}}\n", i, i % 4
		}
		printf "{\"type\":\"run_failed\",\"message\":\"the end\"}"
	}' >f.jsonl
	run -0 rt-summarize -o json f.jsonl
	all=$output
	run -0 jq -c '[.counts.events, .counts.errors, (.steps | length), .steps[41].duration_ms,
		(.stages | length), .status, .tokens.prompt]' <<<"$all"
	[ "$output" = '[30001,31,300,99000,7,"failed",449985000]' ]
	command -v taskset || skip "no taskset"
	run -0 taskset -c "$(taskset -cp $$ | grep -o '[0-9]*$')" rt-summarize -o json f.jsonl
	[ "$output" = "$all" ]
}

@test "events of many kinds are each counted where they belong" {
	awk 'BEGIN {
		for (i = 0; i < 6000; i++) {
			type = i % 10 > 2 ? "llm_response_received" : i % 10 == 2 ? "warning" : \
				i % 10 == 1 ? "task_retrying" : "gate_checked"
			printf "{\"ts\":%d,\"type\":\"%s\",\"stage\":\"s%d\",\"step_id\":\"b%d\",\"message\":\"m\",", \
				1750000000 + i, type, i % 3, i % 40
			printf "\"run_id\":\"%s\",\"model\":\"m%d\",\"agent_role\":\"r%d\",\"metadata\":{\"prompt_tokens\":%d}}\n", \
				(i < 5990 ? "mine" : "other"), i % 4, i % 5, (i % 10 > 2)
		}
		for (i = 0; i < 40; i++)
			printf "{\"ts\":%d,\"type\":\"step_started\",\"step_id\":\"b%d\",\"message\":\"m\"}\n", 1750006000 + i, i
	}' >f.jsonl
	run -0 rt-summarize -o json f.jsonl
	json=$output
	run -0 jq -c '[.counts.events, .counts.warnings, .retries, .gates.checked, .tokens.prompt],
		[.by_model[].llm_calls], [.by_role[].llm_calls], [.stages[].counts.warnings],
		(.steps[2, 3] | [.step_id, .counts.warnings, .llm_calls])' <<<"$json"
	[ "$output" = "$(printf '%s\n' '[6040,600,600,600,4200]' '[900,1200,900,1200]' '[600,600,600,1200,1200]' \
		'[200,200,200]' '["b2",150,null]' '["b3",0,150]')" ]
	[[ $json == *"10 lines have another run's id (other)"* ]]
}

@test "what only names a stage is a step's from where the step is told on" {
	printf '%s\n' '{"ts":1750000000,"type":"info","stage":"a","message":"m"}' \
		'{"ts":1750000001,"type":"info","stage":"a","message":"m"}' \
		'{"ts":1750000002,"type":"step_started","step":1,"stage":"a","message":"m"}' \
		'{"ts":1750000003,"type":"info","stage":"a","message":"m"}' \
		'{"ts":1750000004,"type":"info","stage":"a","message":"m"}' >f.jsonl
	run -0 rt-summarize -o json f.jsonl
	run -0 jq -c '[.steps[0].counts.events, .stages[0].counts.events]' <<<"$output"
	[ "$output" = '[3,5]' ]
}

@test "without status.json the state is what the events say, a last line without its end too" {
	mkdir -p "$RT_RUNS_DIR/r"
	printf '%s\n' '{"ts":1750000000,"type":"info","message":"m"}' \
		'{"ts":1750000009,"type":"step_started","step":1,"message":"m"}' \
		'{"ts":1750000060,"type":"session_failed","message":"no room"}' >"$RT_RUNS_DIR/r/events.jsonl"
	printf '{"type":"info","message":"late"}' >>"$RT_RUNS_DIR/r/events.jsonl"
	run -0 rt-summarize -o json r
	run -0 jq -c '[.status, .error, .duration_ms, .counts.events]' <<<"$output"
	[ "$output" = '["failed","no room",60000,4]' ]

	echo '{"run_id":"r","name":"n","created_at":"2025-01-01T00:00:00.000+00:00"}' >"$RT_RUNS_DIR/r/metadata.json"
	run -0 rt-summarize -o json r
	run -0 jq -c '[.status, .counts.events]' <<<"$output"
	[ "$output" = '["pending",3]' ]
	sed -i 's/"info","message":"m"/"run_started","message":"m"/; s/session_failed/run_failed/' "$RT_RUNS_DIR/r/events.jsonl"
	run -0 rt-summarize -o json r
	run -0 jq -c '[.status, .duration_ms, .counts.events]' <<<"$output"
	[ "$output" = '["failed",60000,4]' ]
}
