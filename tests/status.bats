#!/usr/bin/env bats
# rt-status: the view of one run, waiting, the list, and what a RUN argument means.

load helper

# What an owner looks like from here: owner PID [START_TICKS]
owner() {
	printf '"host":"here","owner":{"pid":%d,"start_ticks":%d,"boot_id":"%s","pid_ns":%d}' "$1" \
		"${2:-1}" "$(cat /proc/sys/kernel/random/boot_id)" "$(stat -L -c %i /proc/self/ns/pid)"
}

start_ticks() {
	sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20
}

ids() {
	jq -r .run_id | paste -sd' '
}

@test "one run: everything that status.json says" {
	make_run exp/full '"name":"nightly","group":"exp","status":"failed",
		"started_at":"2026-07-01T12:00:00.000+00:00",
		"finished_at":"2026-07-01T12:21:27.000+00:00",
		"stage":"test","percent":45,"exit_code":2,"error":"3 tests failed","host":"box",
		"counts":{"events":1234,"warnings":1,"errors":2},
		"tokens":{"prompt":1234,"completion":567,"total":1801},"cost_usd":0.25,
		"steps":[{"step_id":"step_001","name":"build","status":"success","duration_ms":154000,
			"retries":0},
			{"step_id":"step_002","name":"test","status":"failed","duration_ms":12000,"retries":2}],
		"events":[{"ts":"2026-07-01T12:20:00.000+00:00","type":"info","level":"warning",
			"stage":"test","message":"hello"}]'
	run -0 rt-status exp/full
	[ "${lines[0]}" = full ]
	[[ $output == *"Name: nightly"* ]]
	[[ $output == *"Group: exp"* ]]
	[[ $output == *"State: failed, exit code 2"* ]]
	[[ $output == *"Started: 2026-07-01 12:00:00 +00:00"* ]]
	[[ $output == *"Duration: 21m 27s"* ]]
	[[ $output == *"Stage: test  ended at 45%"* ]]
	[[ $output == *"Error: 3 tests failed"* ]]
	[[ $output == *"Events: 1,234 events, 1 warning, 2 errors"* ]]
	[[ $output == *"Tokens: 1,234 prompt + 567 completion = 1,801"* ]]
	[[ $output == *"Cost: \$0.2500"* ]]
	[[ $output == *"Host: box"* ]]
	[[ $output == *"Path: $RT_RUNS_DIR/exp/full"* ]]
	[[ $output =~ step_001\ \ build\ +success\ +2m\ 34s$'\n' ]]
	[[ $output =~ step_002\ \ test\ +failed\ +12s\ \ 2\ retries ]]
	[[ $output =~ (2026-07-01|07-01\ 12:20)\ \ warning\ \[test\]\ hello ]]
}

@test "one run: its labels and its command, as one would type it" {
	rt-run --id cmd -l env=ci -l "team=a b" -- sh -c 'true # it'"'"'s' x "" >/dev/null
	run -0 rt-status cmd
	[[ $output == *$'\n'"    Labels: env=ci, team=a b"$'\n'* ]]
	[[ $output == *$'\n'"   Command: sh -c 'true # it'\\''s' x ''"$'\n'* ]]
	rt-run --id long -- sh -c "true
		: $(printf '%0500d' 0)" >/dev/null
	run -0 rt-status long
	[[ $output == *$'\n'"   Command: sh -c 'true..."$'\n'* ]]
	rt-run start --id none >/dev/null
	run -0 rt-status none
	[[ $output != *Command* && $output != *Labels* ]]
	echo '{"argv":["a"' >"$RT_RUNS_DIR/cmd/metadata.json"
	run -0 rt-status cmd
	[[ $output == *"State: completed"* && $output != *Command* ]]
}

@test "a failed run: the last output of what failed" {
	run -2 rt-run --id steps -- sh -c '
		rt-run step good -- echo fine
		rt-run step bad -- sh -c "seq 20; printf \"\033[31mFAIL: x\033[0m\n\n\" >&2; exit 2"'
	run -0 rt-status steps
	[[ $output == *$'\n\nLast output of bad\n  '*$'\n  20\n'* ]]
	[[ $output == *$'\n  FAIL: x\n'* && $output != *$'\n  12\n'* && $output != *fine* ]]
	run -3 rt-run --id after -- sh -c '
		rt-run step bad -- sh -c "echo in the step; exit 2"
		sleep 0.01
		echo after the step
		exit 3'
	run -0 rt-status after
	[[ $output == *$'\n\nLast output\n  after the step\n\n'* && $output != *"in the step"* ]]
	run -0 rt-run --id well -- sh -c 'rt-run step bad -- sh -c "echo text; exit 2"; true'
	run -0 rt-status well
	[[ $output != *"Last output"* ]]
	run -1 rt-run --id silent -- false
	run -0 rt-status silent
	[[ $output == *"State: failed"* && $output != *"Last output"* ]]
}

@test "a status.json with the five keys of the older tracker shows well" {
	mkdir -p "$RT_RUNS_DIR/old"
	cat >"$RT_RUNS_DIR/old/status.json" <<-'END'
		{"run_id": "old", "status": "running", "created_at": "2026-07-01T12:00:00+00:00",
		 "updated_at": "2026-07-01T12:01:00+00:00", "events": [
		{"ts": "2026-07-01T12:00:00+00:00", "stage": "spec", "message": "Spec", "percent": 20},
		{"ts": "2026-07-01T12:01:00+00:00", "stage": "zip", "message": "Zipped", "percent": 90}]}
	END
	run -0 rt-status old
	[[ $output == *"Started: 2026-07-01 12:00:00 +00:00"* ]]
	[[ $output == *"Stage: zip  [##################..] 90%"* ]]
	[[ $output == *"[zip] Zipped"* ]]
	[[ $output != *"0 events"* ]]
}

@test "no line of the view is wider than 80 columns" {
	local long
	long=$(printf 'x%.0s' {1..300})
	make_run wide "\"stage\":\"s\",\"events\":[{\"ts\":\"2026-07-01T12:00:00Z\",\"message\":\"$long\"},
		{\"ts\":\"2026-07-01T12:00:00Z\",\"message\":\"進捗$long\"}],
		\"steps\":[{\"step_id\":\"step_001\",\"name\":\"$long\",\"status\":\"success\",\"duration_ms\":5000}]"
	rt-status wide | grep -v Path: >view
	run ! grep -E '.{81}' view
	grep -q 'x\.\.\.$' view
	grep -qE '^  step_001  xxx\.\.\.x{26}  success ' view
	COLUMNS=120 rt-status wide | grep -qE '^  step_001  x+\.\.\.x{53}  success '
	# a wide character takes two columns
	[ "$(grep 進捗 view | wc -m)" -eq 79 ]
}

@test "states that only a reader can tell: lost, stale" {
	make_run dead "\"status\":\"running\",$(owner 999999999)"
	make_run reused "\"status\":\"running\",$(owner $$ 1)"
	make_run alive "\"status\":\"running\",$(owner $$ "$(start_ticks $$)")"
	make_run far '"status":"running","owner":{"pid":1,"start_ticks":1,"boot_id":"else","pid_ns":1}'
	make_run quiet '"status":"running"'
	make_run fresh "\"status\":\"running\",\"updated_at\":\"$(date -u +%FT%T.000+00:00)\""
	run -0 --separate-stderr bash -c 'rt-status -l -o jsonl --sort id | jq -r "\"\(.run_id) \(.status)\""'
	[ "$output" = "$(printf '%s\n' 'alive running' 'dead lost' 'far stale' 'fresh running' \
		'quiet stale' 'reused lost')" ]
	run -0 rt-status dead
	[[ $output == *"State: lost, process 999999999 is gone; \"rt-run reap\""* ]]
	run -0 rt-status quiet
	[[ $output == *"State: stale, nothing heard for"* ]]
	RT_STALE=100000d run -0 rt-status quiet --format '{status}'
	[ "$output" = running ]
}

@test "--json is status.json's document with the derived state and the path" {
	make_run a "\"status\":\"canceled\",\"name\":\"x \\\"y\\\"\",\"own\":[1,{\"a\":null}]"
	make_run dead "\"status\":\"running\",$(owner 999999999)"
	rt-status a --json >a.json
	jq -e '.run_id == "a" and .status == "cancelled" and .name == "x \"y\"" and
		.created_at == "2026-07-01T12:00:00.000+00:00" and .own == [1, {a: null}]' a.json
	jq -e --arg p "$RT_RUNS_DIR/a" '.path == $p' a.json
	rt-status dead -o json | jq -e '.status == "lost"'
	run -0 rt-status a -o jsonl
	[ "${#lines[@]}" -eq 1 ]
	jq -e '.run_id == "a"' <<<"$output"
}

@test "--format fills in fields, also nested ones" {
	make_run a '"name":"n","counts":{"events":3,"warnings":0,"errors":0}'
	run -0 rt-status a --format '{run_id}\t{counts.events} {{{nope}}} {name}'
	[ "$output" = $'a\t3 {} n' ]
	run -2 rt-status a --format '{run_id'
	[[ $output == *'bad format "{run_id"'* ]]
}

@test "--exit-status: 0 completed, 1 failed, cancelled or lost, 4 not over" {
	make_run completed
	make_run failed '"status":"failed"'
	make_run cancelled '"status":"cancelled"'
	make_run lost "\"status\":\"running\",$(owner 999999999)"
	make_run running '"status":"running"'
	make_run pending '"status":"pending"'
	make_run paused '"status":"paused"'
	run -0 rt-status completed --exit-status
	[[ $output == *"State: completed"* ]]
	for r in failed cancelled lost; do run -1 rt-status $r --exit-status; done
	for r in running pending paused; do run -4 rt-status $r --exit-status; done
	run -1 rt-status failed --exit-status -q
	[ -z "$output" ]
	run -0 rt-status failed
}

@test "--wait ends when the run does" {
	make_run a '"status":"running"'
	make_run b '"status":"failed"'
	(
		sleep 0.5
		mv "$RT_RUNS_DIR/b/status.json" "$RT_RUNS_DIR/a/status.json"
	) 3>&- &
	SECONDS=0
	run -1 rt-status a --wait
	[[ $output == *"State: failed"* ]]
	((SECONDS < 5))
	wait
}

@test "--wait of a run that is over, that got lost, that does not end in time" {
	make_run over
	run -0 rt-status over --wait -q
	[ -z "$output" ]
	sleep 30 3>&- &
	make_run lost "\"status\":\"running\",$(owner $! "$(start_ticks $!)")"
	run -124 --separate-stderr rt-status lost --wait --timeout 200ms
	[[ $output == *"State: running"* ]]
	[ "$stderr" = 'rt-status: "lost" is still running' ]
	# nothing in the directory changes when its process dies
	(sleep 0.3 && kill $!) 3>&- &
	run -1 timeout 10 rt-status lost --wait
	[[ $output == *"State: lost"* ]]
}

@test "-n says how many events are shown; more than status.json keeps come from the log" {
	make_run a '"events":[{"ts":"2026-07-01T12:00:01Z","message":"m39"},
		{"ts":"2026-07-01T12:00:01Z","message":"m40"}],"counts":{"events":40,"warnings":0,"errors":0}'
	for i in {1..40}; do
		printf '{"ts":"2026-07-01T12:00:00.000+00:00","type":"info","message":"m%d"}\n' "$i"
	done >"$RT_RUNS_DIR/a/events.jsonl"
	shown() { rt-status a "$@" | sed -n 's/.* m\([0-9]*\)$/\1/p' | paste -sd' '; }
	[ "$(shown -n 2)" = "39 40" ]
	[ "$(shown)" = "36 37 38 39 40" ]
	[ "$(shown -n 30)" = "$(seq -s' ' 11 40)" ]
	[ "$(shown -n all)" = "$(seq -s' ' 1 40)" ]
	[ -z "$(shown -n 0)" ]
	run ! grep 'Last events' <(rt-status a -n 0)
}

@test "control characters are made visible, C1 and bidirectional ones too" {
	needs_terminal
	make_run a '"name":"\u001b[31mred","error":"a\u009bb\u202ec\u007f","stage":"s\nt",
		"events":[{"ts":"2026-07-01T12:00:00Z","message":"x\u001b]0;t\u0007y"}]'
	run -0 rt-status a
	[[ $output == *'Name: ^[[31mred'* ]]
	[[ $output == *'Error: a\x9bb\u202ec^?'* ]]
	[[ $output == *'Stage: s\nt'* ]]
	[[ $output == *'x^[]0;t^Gy'* ]]
	LC_ALL=C run ! grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80\xae' <(rt-status a)
	run -0 rt-status -l --columns name,error
	[[ ${lines[1]} == '^[[31mred'* ]]
	# JSON stays JSON: escaped for a terminal, as it is for a program
	run -0 script -qec 'rt-status a -o jsonl; rt-status a --format "{error}"' /dev/null
	[ "$(jq -r .error <<<"${lines[0]}")" = $'a\xc2\x9bb\xe2\x80\xaec\x7f' ]
	[[ ${lines[1]} == 'a\x9bb\u202ec^?'* ]]
	LC_ALL=C run ! grep -aP '\xc2\x9b|\xe2\x80\xae|\x7f' <<<"$output"
	[ "$(rt-status a --format '{error}')" = $'a\xc2\x9bb\xe2\x80\xaec\x7f' ]
}

@test "colour when it is asked for, and only then" {
	make_run a '"status":"failed"'
	run -0 rt-status a --color=always
	[[ $output == *$'\033[1;31mfailed\033[0m'* ]]
	RT_COLOR=always run -0 rt-status a
	[[ $output == *$'\033['* ]]
	RT_COLOR=always run -0 rt-status a --color=never
	[[ $output != *$'\033['* ]]
	run -0 rt-status a
	[[ $output != *$'\033['* ]]
}

@test "times are local with their offset, --utc shows UTC" {
	make_run a '"started_at":"2026-07-01T12:00:00.000+00:00"'
	TZ=XXX-2:30 run -0 rt-status a
	[[ $output == *"Started: 2026-07-01 14:30:00 +02:30"* ]]
	TZ=XXX-2:30 run -0 rt-status a --utc
	[[ $output == *"Started: 2026-07-01 12:00:00 +00:00"* ]]
	TZ=XXX+3:30 run -0 rt-status a
	[[ $output == *"Started: 2026-07-01 08:30:00 -03:30"* ]]
}

@test "-l lists runs, the newest first, groups included" {
	make_run b '"created_at":"2026-07-02T00:00:00.000+00:00"'
	make_run g/c '"created_at":"2026-07-03T00:00:00.000+00:00"'
	make_run a '"created_at":"2026-07-01T00:00:00.000+00:00"'
	mkdir -p "$RT_RUNS_DIR/.hidden" "$RT_RUNS_DIR/empty" "$RT_RUNS_DIR/x/y/deep"
	cp "$RT_RUNS_DIR/a/status.json" "$RT_RUNS_DIR/.hidden"
	cp "$RT_RUNS_DIR/a/status.json" "$RT_RUNS_DIR/x/y/deep"
	ln -s a "$RT_RUNS_DIR/link"
	ln -s "$RT_RUNS_DIR" "$RT_RUNS_DIR/empty/loop"
	run -0 bash -c 'rt-status -l -o jsonl | jq -r "\"\(.group // \"\")/\(.run_id)\""'
	[ "$output" = "$(printf '%s\n' g/c /b /a)" ]
	run -0 rt-status -l
	[[ ${lines[0]} =~ ^RUN\ +NAME\ +STATUS\ +STARTED\ +DURATION\ +STAGE$ ]]
	[ "${#lines[@]}" -eq 4 ]
}

@test "-l: as many as -n says, 50 without it" {
	for i in {100..160}; do make_run "r$i"; done
	run -0 --separate-stderr rt-status -l
	[ "${#lines[@]}" -eq 51 ]
	[ "$stderr" = "rt-status: 50 of 61 runs; -n all shows all" ]
	run -0 --separate-stderr rt-status -l -n 3 -o jsonl
	[ "$(ids <<<"$output")" = "r160 r159 r158" ]
	[ -z "$stderr" ]
	run -0 --separate-stderr rt-status -a
	[ "${#lines[@]}" -eq 62 ]
	run -0 rt-status -l -n0 -o json
	[ "$output" = "[]" ]
}

@test "-l selects by name, group, status, label, host and time" {
	make_run one '"name":"nightly","host":"h1","status":"failed","created_at":"2026-07-01T00:00:00Z"'
	make_run g/two '"name":"nightly-2","host":"h2","created_at":"2026-07-02T00:00:00Z"'
	make_run three '"name":"other","host":"h3","status":"cancelled","created_at":"2026-07-03T00:00:00Z"'
	printf '{"run_id":"three","labels":{"os":"linux","arch":"arm64"}}\n' >"$RT_RUNS_DIR/three/metadata.json"
	sel() { rt-status -o jsonl "$@" | ids; }
	[ "$(sel --name 'nightly*')" = "two one" ]
	[ "$(sel --name nightly,other)" = "three one" ]
	[ "$(sel --name nightly --name other)" = "three one" ]
	[ "$(sel --group g)" = "two" ]
	[ "$(sel --status failed,canceled)" = "three one" ]
	[ "$(sel --status 'c*')" = "three two" ]
	[ "$(sel --host 'h[12]')" = "two one" ]
	[ "$(sel --label os=linux)" = "three" ]
	[ "$(sel --label 'arch=arm*')" = "three" ]
	[ "$(sel --label arch)" = "three" ]
	[ -z "$(sel --label os=windows)" ]
	[ "$(sel --since 2026-07-02T00:00:00Z)" = "three two" ]
	[ "$(sel --until 2026-07-02T00:00:00Z)" = "one" ]
	[ "$(sel -S 2026-07-02 -U 2026-07-03)" = "two" ]
	run -2 rt-status --status nope
	[[ $output == *'bad --status "nope": one of pending, running'* ]]
	run -2 rt-status -l --since nope
	[[ $output == *'bad --since'* ]]
	run -0 --separate-stderr rt-status --name nope
	[ -z "$output" ]
	[ "$stderr" = "rt-status: no such runs in \"$RT_RUNS_DIR\"" ]
	run -0 --separate-stderr rt-status --name nope -o json
	[ "$output" = "[]" ]
}

@test "-l --sort: by any key, - for the largest first" {
	make_run a '"name":"z","started_at":"2026-07-01T12:00:00Z","finished_at":"2026-07-01T12:00:09Z",
		"counts":{"events":3,"warnings":0,"errors":5},"cost_usd":0.5'
	make_run b '"name":"y","started_at":"2026-07-01T13:00:00Z","finished_at":"2026-07-01T13:00:05Z",
		"counts":{"events":9,"warnings":1,"errors":0},"cost_usd":0.1'
	make_run c '"name":"x","started_at":"2026-07-01T11:00:00Z","finished_at":"2026-07-01T11:00:07Z",
		"counts":{"events":1,"warnings":2,"errors":1},"cost_usd":0.9'
	sel() { rt-status -o jsonl --sort "$@" | ids; }
	[ "$(sel id)" = "a b c" ]
	[ "$(sel -id)" = "c b a" ]
	[ "$(sel name)" = "c b a" ]
	[ "$(sel started)" = "c a b" ]
	[ "$(sel duration)" = "b c a" ]
	[ "$(sel -events)" = "b a c" ]
	[ "$(sel -errors)" = "a c b" ]
	[ "$(sel warnings)" = "a b c" ]
	[ "$(sel -cost -n 1)" = "c" ]
	[ "$(sel status)" = "c b a" ] # equal: the newest (here: last by name) first
	run -2 rt-status --sort nope
	[[ $output == *'bad --sort "nope": one of id, name'* ]]
}

@test "-l -o csv follows RFC 4180, a table and --columns show what they are asked for" {
	make_run a '"name":"x, \"y\"\nz","status":"failed"'
	rt-status -l -o csv --columns run_id,name,status >out.csv
	printf 'run_id,name,status\r\na,"x, ""y""\nz",failed\r\n' | cmp - out.csv
	run -0 rt-status -l --columns run_id=ID,status,created_at=WHEN
	[ "${lines[0]}" = "ID  STATUS  WHEN" ]
	[ "${lines[1]}" = "a   failed  2026-07-01 12:00:00 +00:00" ]
	run -0 --separate-stderr rt-status -l -o csv --name nope
	[ "${#lines[@]}" -eq 1 ]
	[[ ${lines[0]} == run_id,name,group,status,created_at* ]]
}

@test "-l shortens UUIDs to what is unique, other ids not at all" {
	make_run 7f3c0d1e-9c1b-4f0e-a1b2-3c4d5e6f7081
	make_run 7f3c0d1e-9c2b-4f0e-a1b2-3c4d5e6f7081
	make_run 11111111-9c1b-4f0e-a1b2-3c4d5e6f7081
	make_run something-that-a-person-called-so
	run -0 rt-status -l --sort id
	[ "$(cut -d' ' -f1 <<<"$output" | paste -sd' ')" = \
		"RUN 11111111 7f3c0d1e-9c1 7f3c0d1e-9c2 something-that-a-person-called-so" ]
	run -0 rt-status 7f3c0d1e-9c1
}

@test "a directory that cannot be read is counted" {
	((EUID)) || skip "root reads everything"
	make_run a
	mkdir "$RT_RUNS_DIR/g"
	chmod 0 "$RT_RUNS_DIR/g"
	run -0 --separate-stderr rt-status -l
	[[ $stderr == *"1 directory in \"$RT_RUNS_DIR\" could not be read" ]]
}

@test "a directory that breaks off is counted" {
	command -v strace >/dev/null || skip "no strace"
	[ -z "${RT_SANITIZE-}" ] || skip "strace and sanitizers do not go together"
	make_run a
	make_run g/b
	# the second part of the runs folder, then of g
	for part in 2 4; do
		strace -f -o trace -e trace=getdents64 -e inject=getdents64:error=EIO:when=$part \
			rt-status -l >out 2>err || skip "strace does not work here"
		grep -q "1 directory in \"$RT_RUNS_DIR\" could not be read" err
		grep -q '^a ' out
	done
}

@test "a RUN is an id, a unique prefix, GROUP/ID, or a stored id after mv" {
	make_run abc
	make_run abcd
	make_run g/other
	make_run stored
	mv "$RT_RUNS_DIR/stored" "$RT_RUNS_DIR/moved"
	is() { [ "$(rt-status "$1" --format '{run_id}')" = "$2" ]; }
	is abc abc # exact beats prefix
	is abcd abcd
	is g/other other
	is oth other
	is g/ot other
	is moved moved
	is stored moved
	run -2 --separate-stderr rt-status ab
	[ "$stderr" = 'rt-status: "ab" is ambiguous: abc, abcd' ]
	run -3 --separate-stderr rt-status nope
	[ "$stderr" = "rt-status: no run \"nope\" in \"$RT_RUNS_DIR\"" ]
	run -2 rt-status ''
	for bad in .. ../runs/.. "$(printf 'x%.0s' {1..300})"; do
		run -3 rt-status "$bad"
	done
}

@test "an ambiguous prefix names ten and counts the others" {
	for i in {10..25}; do make_run "run$i"; done
	run -2 --separate-stderr rt-status run
	[[ $stderr == 'rt-status: "run" is ambiguous: run10, run11'*'run19 and 6 more' ]]
}

@test "the same id in two groups is ambiguous, the one outside of groups is meant first" {
	make_run g/same
	make_run h/same
	run -2 rt-status same
	[[ $output == *'g/same, h/same'* ]]
	make_run same '"name":"outer"'
	run -0 rt-status same --format '{name}'
	[ "$output" = outer ]
}

@test "@latest, @latest~N, @latest:NAME, @latest:NAME~N" {
	make_run a '"created_at":"2026-07-03T00:00:00Z","name":"x"'
	make_run b '"created_at":"2026-07-02T00:00:00Z","name":"y"'
	make_run c '"created_at":"2026-07-01T00:00:00Z","name":"y"'
	is() { [ "$(rt-status "$1" --format '{run_id}')" = "$2" ]; }
	is @latest a
	is @latest~0 a
	is @latest~2 c
	is @latest:y b
	is @latest:y~0 b
	is @latest:y~1 c
	[ "$(rt-status --format '{run_id}')" = a ]
	run -3 rt-status @latest~3
	[[ $output == *'holds only 3'* ]]
	run -3 rt-status @latest:z
	[[ $output == *'no run named "z"'* ]]
	run -3 rt-status @latest:z~1
	[[ $output == *'no run named "z"'* ]]
	run -3 rt-status @latest:y~2
	[[ $output == *'holds only 2 of that name'* ]]
	# a name with a "~" in it is a name first
	make_run d '"created_at":"2026-06-01T00:00:00Z","name":"y~1"'
	is @latest:y~1 d
	for bad in @ @late @latest~ @latest~x @latest: @latestx; do
		run -2 rt-status "$bad"
	done
}

@test "a path to a run directory or to a file" {
	make_run a
	mkdir else
	mv "$RT_RUNS_DIR/a" else/
	run -0 rt-status else/a --format '{path}'
	[ "$output" = "$PWD/else/a" ]
	run -0 rt-status "$PWD/else/a/" --format '{run_id}'
	[ "$output" = a ]
	ln -s else/a link
	run -0 rt-status ./link --format '{run_id}'
	[ "$output" = a ]
	run -3 rt-status ./else
	[[ $output == *'"./else" holds no run: neither status.json nor events.jsonl'* ]]
	run -3 rt-status ./nope
	[[ $output == *'no run "./nope"'* ]]
}

@test "a file of events of another system, with lines that are none" {
	printf '%s\n' '{"timestamp":"2026-07-01T12:00:00Z","event_type":"session_started","sessionId":"s-1"}' \
		'no event' '{"time":"2026-07-01T12:00:30Z","severity":"ERROR","msg":"oops"}' \
		'{"timestamp":"2026-07-01T12:01:00Z","event_type":"session_failed","msg":"boom"}' >log.jsonl
	run -1 --separate-stderr rt-status log.jsonl --exit-status
	[ "${lines[0]}" = s-1 ]
	[[ $output == *"State: failed"* ]]
	[[ $output == *"Duration: 1m 0s"* ]]
	[[ $output == *"3 events, 0 warnings, 2 errors"* ]]
	[[ $output == *"oops"* ]]
	[ "$stderr" = "rt-status: 1 line skipped in \"$PWD/log.jsonl\"" ]
	rt-status ./log.jsonl --json 2>/dev/null | jq -e '.run_id == "s-1" and .status == "failed"'
}

@test "a run directory without status.json, or with an empty one" {
	mkdir -p "$RT_RUNS_DIR/a"
	printf '{"ts":"2026-07-01T12:00:0%d.000+00:00","type":"%s","message":"m"}\n' \
		0 run_started 1 info 2 run_completed >"$RT_RUNS_DIR/a/events.jsonl"
	run -0 rt-status a --exit-status --format '{status} {counts.events}'
	[ "$output" = "completed 3" ]
	: >"$RT_RUNS_DIR/a/status.json"
	run -0 rt-status a --exit-status --format '{status} {counts.events}'
	[ "$output" = "completed 3" ]
	[ ! -s "$RT_RUNS_DIR/a/status.json" ]
}

@test "the fixtures of other systems can all be shown" {
	local dir=$SOURCE/tests/fixtures/foreign f n=0
	[ -d "$dir" ] || skip "no fixtures"
	for f in "$dir"/*.jsonl "$dir"/*/*/events.jsonl "$dir"/gamegen-ok; do
		run -0 --separate-stderr rt-status "$f"
		[[ $output == *"State: "* ]]
		rt-status "$f" --json | jq -e '.counts.events > 0'
		n=$((n + 1))
	done
	((n > 5))
}

@test "RT_RUN is the run that is meant when none is named" {
	make_run a '"created_at":"2026-07-01T00:00:00Z"'
	make_run b '"created_at":"2026-07-02T00:00:00Z"'
	RT_RUN=a run -0 rt-status --format '{run_id}'
	[ "$output" = a ]
	RT_RUN=$RT_RUNS_DIR/a run -0 rt-status --format '{run_id}'
	[ "$output" = a ]
	RT_RUN=a run -0 rt-status b --format '{run_id}'
	[ "$output" = b ]
	RT_RUN=a run -0 rt-status -r b --format '{run_id}'
	[ "$output" = b ]
	RT_RUN='' run -0 rt-status --format '{run_id}'
	[ "$output" = b ]
}

@test "the runs folder: -d, RT_RUNS_DIR, GAMEGEN_RUNS_DIR, a parent's runs with .rt, ./runs" {
	local top=$PWD
	make_run a
	mkdir -p deep/er p/runs/.rt p/q/r
	mv "$RT_RUNS_DIR" "$top/mine"
	unset RT_RUNS_DIR
	where() { (cd "$1" && shift && "$@" 2>&1) | sed -n 's/.*no runs in "\(.*\)";.*/\1/p'; }
	[ "$(where deep rt-status -d none)" = "$top/deep/none" ]
	[ "$(RT_RUNS_DIR=/n1 GAMEGEN_RUNS_DIR=/n2 where deep rt-status)" = /n1 ]
	[ "$(GAMEGEN_RUNS_DIR=/n2 where deep rt-status)" = /n2 ]
	[ "$(where p/q/r rt-status)" = "$top/p/runs" ]
	[ "$(where deep rt-status)" = "$top/deep/runs" ]
	run -0 rt-status -d mine --format '{run_id}'
	[ "$output" = a ]
	: >file
	run -3 rt-status -d file
	[[ $output == *"the runs folder \"$top/file\" is not a directory"* ]]
}

@test "without any run it says where it looked" {
	run -3 --separate-stderr rt-status
	[ "$stderr" = "rt-status: no runs in \"$RT_RUNS_DIR\"; rt-run -- CMD records one" ]
	run -0 --separate-stderr rt-status -l
	[ -z "$output" ]
	[ "$stderr" = "rt-status: no runs in \"$RT_RUNS_DIR\"; rt-run -- CMD records one" ]
	HOME='' run -3 rt-status
	unset HOME
	run -3 rt-status
}

@test "wrong command lines" {
	make_run a
	run -2 rt-status a a
	[[ $output == *'one run at a time: "a" is too much'* ]]
	run -2 rt-status -l a
	run -2 rt-status a --timeout 5s
	[[ $output == *'--timeout goes with --wait'* ]]
	run -2 rt-status a --wait --timeout 5x
	[[ $output == *'bad --timeout'* ]]
	run -2 rt-status -l --exit-status
	run -2 rt-status a -n x
	[[ ${lines[0]} == 'rt-status: bad count "x": a number or "all"' ]]
	run -2 rt-status a -o table
	[[ $output == *'bad -o "table": one of pretty, jsonl, json'* ]]
	run -2 rt-status -l -o pretty
	run -2 rt-status a --lines
	[[ ${lines[0]} == 'rt-status: "--lines" needs an argument: N|all' ]]
	run -2 rt-status a --list=x
	[[ ${lines[0]} == 'rt-status: "--list" takes no argument' ]]
}

@test "completion knows options, choices, runs and states" {
	make_run abc '"name":"nightly"'
	make_run g/def
	run -0 rt-status --complete ''
	[ "$output" = "$(printf '%s\t%s\n' @latest 'the run that began last' def completed \
		abc 'nightly, completed')" ]
	run -0 rt-status --complete --exit
	[[ $output == --exit-status$'\t'* ]]
	run -0 rt-status --complete --status fai
	[ "$output" = $'failed\t' ]
	run -0 rt-status --complete --status=failed,com
	[ "$output" = $'--status=failed,completed\t' ]
	run -0 rt-status --complete --color ''
	[ "$(cut -f1 <<<"$output" | paste -sd' ')" = "auto always never" ]
	run -0 rt-status --complete --name ''
	[ "$output" = $'nightly\t' ]
	run -0 rt-status --complete --group ''
	[ "$output" = $'g\t' ]
	run -0 rt-status --complete g/
	[ "$output" = $'g/def\tcompleted' ]
	run -0 rt-status --complete -d ''
	[ "$output" = :dir ]
	run -0 rt-status --complete ./
	[ "$output" = :file ]
	run -0 rt-status --complete -d nope ''
	[ "$output" = "$(printf '@latest\tthe run that began last')" ]
}

# Three runs that were over an hour ago and one that goes on, in a folder with .rt.
make_catalog() {
	mkdir -p "$RT_RUNS_DIR/.rt"
	make_run a '"name":"one","tokens":{"prompt":5},"cost_usd":0.123456789012345,"started_at":"2026-07-01T12:00:00.000500+00:00","finished_at":"2026-07-01T12:00:01.001500+00:00"'
	make_run night/b '"name":"two","status":"failed","error":"it \"broke\"","exit_code":3,"tokens":{"prompt":1,"completion":2,"total":3},"cost_usd":0.5'
	make_run c '"name":"three","status":"cancelled","stage":"s","percent":12.5'
	rt-run start --id d --name four --owner $$ >/dev/null
	touch -d '1 hour ago' "$RT_RUNS_DIR"/{a,night/b,c,d}
	cache=$RT_RUNS_DIR/.rt/catalog.jsonl
}

# A list, but for what the time it is taken at changes.
list_runs() {
	rt-status -l -n all -o jsonl "$@" | jq -c 'if .status == "running" then del(.duration_ms) else . end'
}

@test "runs that are over are cached, and the list is the same" {
	make_catalog
	list_runs >first
	[ "$(jq -r .dir "$cache" | sort | paste -sd' ')" = 'a c night/b' ]
	[ "$(stat -c %a "$cache")" = 600 ]
	list_runs >second
	cmp first second
	[ "$(wc -l <first)" = 4 ]
	[ "$(wc -l <"$cache")" = 3 ]
	list_runs --status failed >failed
	[ "$(cat failed)" = "$(grep '"failed"' first)" ]
	# It is really read from there.
	sed -i 's/"three"/"cached"/' "$cache"
	[ "$(list_runs --name cached | jq -r .run_id)" = c ]
	[ "$(rt-status @latest:cached -o json | jq -r .run_id)" = c ]
}

@test "a cached run that was changed, replaced or removed is noticed" {
	make_catalog
	list_runs >/dev/null
	make_run a '"name":"changed"'
	touch "$RT_RUNS_DIR/a"
	[ "$(list_runs --name changed | jq -r .run_id)" = a ]
	rm -r "$RT_RUNS_DIR/c"
	[ -z "$(list_runs --name three)" ]
	rm -r "$RT_RUNS_DIR/night/b"
	make_run night/b '"name":"again"'
	[ "$(list_runs --group night | jq -r .name)" = again ]
	: >"$RT_RUNS_DIR/a/events.jsonl"
	rt-run start --resume -r a >/dev/null
	[ "$(list_runs --name changed | jq -r .status)" = running ]
	make_run e '"name":"new"'
	[ "$(list_runs --name new | jq -r .run_id)" = e ]
}

@test "a cache that is damaged, no file, or cannot be written does not matter" {
	make_catalog
	list_runs >first
	head -c 300 "$cache" >torn
	for content in '' 'no JSON' '{}' '{"dir":"a"}' "$(cat torn)" "$(tr '{' '[' <"$cache")"; do
		printf '%s' "$content" >"$cache"
		list_runs >second
		cmp first second
		list_runs >second
		cmp first second
	done
	# It was mended by then.
	[ "$(jq -r .dir "$cache" | sort | uniq | paste -sd' ')" = 'a c night/b' ]
	# One that no runs have made is not even read.
	truncate -s 2G "$cache"
	list_runs >second
	cmp first second
	[ "$(stat -c %s "$cache")" -lt 2000 ]
	rm "$cache"
	mkdir "$cache"
	list_runs >second
	cmp first second
	rmdir "$cache"
	echo precious >precious
	ln -s "$PWD/precious" "$cache"
	list_runs >second
	cmp first second
	[ "$(cat precious)" = precious ]
	rm -r "$RT_RUNS_DIR/.rt"
	list_runs >second
	cmp first second
	[ ! -e "$RT_RUNS_DIR/.rt" ]
}

@test "a row of the cache that is damaged is read again, once" {
	make_catalog
	list_runs >first
	# What comes before the row says where it belongs; the row itself is none.
	sed -i '/"night\/b"/s/"error":/"error"/' "$cache"
	list_runs >second
	cmp first second
	[ "$(wc -l <"$cache")" = 3 ]
	jq -e . "$cache" >/dev/null
	inode=$(stat -c %i "$cache")
	list_runs >second
	cmp first second
	[ "$(stat -c %i "$cache")" = "$inode" ]
	# Of two lines for a run the one counts that fits.
	{ sed 's/"mtime_ns":[0-9]*/"mtime_ns":5/; s/"one"/"old"/' "$cache"; cat "$cache"; } >both
	for order in cat tac; do
		$order both >"$cache"
		list_runs >second
		cmp first second
	done
}

# Runs that were over an hour ago, so many, half of them in groups.
make_many() {
	mkdir -p "$RT_RUNS_DIR/.rt"
	seq -f "$RT_RUNS_DIR/top-%g" "$1" | xargs mkdir
	seq -f "$RT_RUNS_DIR/g%g" 20 | xargs mkdir
	for i in {1..20}; do seq -f "$RT_RUNS_DIR/g$i/in-%g" "$((i * $1 / 20 - $1 / 20 + 1))" "$((i * $1 / 20))"; done | xargs mkdir
	find "$RT_RUNS_DIR" -mindepth 1 -type d -name '*-*' | awk '{
		printf "{\"run_id\":\"%d\",\"status\":\"%s\",\"created_at\":\"2026-01-%02dT00:00:00.000+00:00\",\"events_size\":0,\"events\":[]}\n", \
			NR, NR % 7 ? "completed" : "failed", NR % 28 + 1 >($0 "/status.json")
		close($0 "/status.json")
	}'
	find "$RT_RUNS_DIR" -mindepth 1 -type d -exec touch -d '1 hour ago' {} +
}

@test "a list of thousands of runs, which threads make, is the same with and without a cache" {
	make_many 2400
	mv "$RT_RUNS_DIR/.rt" .
	list_runs >none
	[ "$(wc -l <none)" = 4800 ]
	[ "$(jq -r .path none | sort -u | wc -l)" = 4800 ]
	mv .rt "$RT_RUNS_DIR"
	list_runs >first
	cmp none first
	[ "$(wc -l <"$RT_RUNS_DIR/.rt/catalog.jsonl")" = 4800 ]
	list_runs >second
	cmp none second
	list_runs --status failed >failed
	grep '"failed"' none | cmp - failed
	# Gone, new and changed ones between those that are known.
	rm -r "$RT_RUNS_DIR"/top-*7 "$RT_RUNS_DIR"/g3
	cp -r "$RT_RUNS_DIR/top-1" "$RT_RUNS_DIR/top-0"
	sed -i 's/"completed"/"cancelled"/' "$RT_RUNS_DIR"/top-*5/status.json
	touch "$RT_RUNS_DIR"/top-*5
	list_runs >second
	mv "$RT_RUNS_DIR/.rt" .
	list_runs >none
	cmp none second
	[ "$(wc -l <none)" = "$((4800 - 240 - 120 + 1))" ]
	[ "$(grep -c cancelled none)" -gt 150 ]
}

@test "lists that are made at the same time leave a whole cache" {
	mkdir -p "$RT_RUNS_DIR/.rt"
	for i in {1..60}; do
		make_run "r$i"
	done
	touch -d '1 hour ago' "$RT_RUNS_DIR"/r*
	for i in {1..8}; do
		list_runs >"list.$i" 3>&- &
	done
	wait
	for i in {2..8}; do
		cmp list.1 "list.$i"
	done
	[ "$(jq -r .dir "$RT_RUNS_DIR/.rt/catalog.jsonl" | sort -u | wc -l)" = 60 ]
}

# The value of a sample, its labels after name and group given as ',KEY="VALUE"'.
sample() {
	sed -n "s/^$1{name=\"build\",group=\"g\"$2} //p" metrics
}

@test "-o prometheus: runs as metrics by name and group" {
	rt-run start --id a --name build --group g >/dev/null
	rt-emit --run g/a - <<'EOF'
{"ts":"2099-07-01T10:00:00.000+00:00","type":"progress","stage":"s1","message":"m"}
{"ts":"2099-07-01T10:00:00.400+00:00","type":"progress","stage":"s2","message":"m"}
{"ts":"2099-07-01T10:00:07.400+00:00","type":"phase_completed","stage":"s2","message":"m"}
{"ts":"2099-07-01T10:00:08.000+00:00","type":"iteration_started","iteration":1,"message":"m"}
{"ts":"2099-07-01T10:00:20.000+00:00","type":"iteration_completed","iteration":1,"message":"m"}
{"ts":"2099-07-01T10:00:20.000+00:00","type":"iteration_completed","iteration":2,"duration_ms":700,"message":"m"}
{"ts":"2099-07-01T10:00:20.000+00:00","type":"llm_response_received","model":"x","message":"m","metadata":{"prompt_tokens":5,"completion_tokens":7,"cost_usd":0.25}}
{"ts":"2099-07-01T10:00:30.000+00:00","type":"iteration_started","iteration":3,"message":"m"}
{"ts":"2099-07-01T10:00:31.000+00:00","type":"iteration_started","iteration":4,"message":"m"}
{"ts":"2099-07-01T10:00:40.000+00:00","type":"iteration_completed","iteration":3,"message":"m"}
{"ts":"2099-07-01T10:00:51.000+00:00","type":"iteration_completed","iteration":4,"message":"m"}
{"ts":"2099-07-01T10:00:51.000+00:00","type":"error","message":"m"}
EOF
	rt-run finish -r g/a --exit-code 1
	rt-run --name build --group g -- true
	rt-run start --id b --name build --group g --owner $$ >/dev/null
	rt-run --name 'quote " and \ backslash' -- true
	rt-status -o prometheus >metrics
	[ "$(sample rt_runs_started_total)" = 3 ]
	[ "$(sample rt_runs_ended_total ',result="failed"')" = 1 ]
	[ "$(sample rt_runs_ended_total ',result="completed"')" = 1 ]
	[ "$(sample rt_runs_ended_total ',result="lost"')" = 0 ]
	[ "$(sample rt_runs_active)" = 1 ]
	[ "$(sample rt_errors_total)" = 2 ]
	[ "$(sample rt_tokens_total ',kind="prompt"')" = 5 ]
	[ "$(sample rt_tokens_total ',kind="completion"')" = 7 ]
	[ "$(sample rt_cost_dollars_total)" = 0.25 ]
	[ "$(sample rt_run_duration_seconds_count)" = 2 ]
	[ "$(sample rt_stage_duration_seconds_bucket ',le="0.1"')" = 0 ]
	[ "$(sample rt_stage_duration_seconds_bucket ',le="0.5"')" = 1 ]
	[ "$(sample rt_stage_duration_seconds_bucket ',le="10"')" = 2 ]
	[ "$(sample rt_stage_duration_seconds_sum)" = 7.4 ]
	[ "$(sample rt_iteration_duration_seconds_bucket ',le="1"')" = 1 ]
	[ "$(sample rt_iteration_duration_seconds_bucket ',le="+Inf"')" = 4 ]
	[ "$(sample rt_iteration_duration_seconds_sum)" = 42.7 ]
	grep -qF 'rt_runs_started_total{name="quote \" and \\ backslash",group=""} 1' metrics
	[ "$(grep -c run_id metrics)" = 0 ]
	[ "$(rt-status -o prometheus --status failed | grep -c '^rt_runs_started_total')" = 1 ]
	run -2 rt-status -o prometheus --sort name
	run -2 rt-status -o prometheus -n 1
	rt-status -d none -o prometheus >metrics
	run ! grep -v '^#' metrics
	! command -v promtool >/dev/null || rt-status -o prometheus | promtool check metrics
}
