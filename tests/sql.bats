#!/usr/bin/env bats
# rt-query --sql and --schema: the tables, what a statement may be, and that
# conditions which are settled early change no answer.

load helper

setup() {
	rt_setup
	command -v rt-sql >/dev/null || skip "rt-sql was not built"
}

sql() {
	rt-query --sql "$@"
}

# One value, or one line for each row, without JSON around it. What fails is not the
# same as what has no rows, nor as anything else that fails.
values() (
	set -o pipefail
	rt-query -o csv --sql "$@" | tail -n +2 | tr -d '\r' || { echo "failed: $1" && false; }
)

run_with_events() {
	make_run "$@"
	cat >"$RT_RUNS_DIR/$1/events.jsonl"
}

# What other systems may write, and what looks like something that it is not.
make_odd_events() {
	cat >odd.jsonl <<'END'
{"ts":"2026-07-01T12:00:00.000+00:00","type":"task_failed","stage":"build","message":"a"}
{"ts":"2026-07-01T14:00:00.500+02:00","event_type":"\u0074ask_failed","phase":"b\u0075ild","msg":"b"}
{"timestamp":1782907200.25,"eventType":"step_start","stage":5,"message":"c"}
{"time":"2026-07-01T12:00:00.123456Z","event":"Step-Started","stage":"5","level":"WARN"}
{"ts":"2026-07-01","type":"x.y","stage":"a,b","severity":"fatal"}
{"action":"deploy","stage":"","level":50}
{"stage":"build"}
{"message":"type task_failed stage build"}
{"type":"task_failed","type":"info","stage":"x","stage":"build","ts":"nonsense"}
{"type":"info","type":"task_failed","stage":null}
{"ts":null,"type":null,"level":null,"stage":null,"message":null}
{"type":"custom","stage":"caf\u00e9","metadata":{"model":"gpt-4","type":"task_failed"}}
{"type":"custom","stage":"café","model":"gpt-4"}
{"type":"custom","stage":"a\u0000b","model":"gpt\/4"}
{"type":"CUSTOM","stage":" build ","model":4}
{"type":5,"stage":true,"percent":"50","duration_sec":1.5,"task_id":7}
{"type":"error","percent":50,"step":9007199254740993,"duration_ms":9007199254740993,"task_id":"7"}
{"ts":"2026-07-01T12:00:00.9999Z","type":"warning","success":true,"result":{"a":[1]},"error":"no"}
{"ts":"1969-12-31T23:59:59.9999Z","type":"task_failed","success":false,"result":2.50}
no event
{"ts":"2026-07-01T12:00:01Z","type":"task_failed","stage":"build"}
END
}

# The lines that meet a condition.
lines_where() {
	values "SELECT line FROM events WHERE $1" odd.jsonl 2>/dev/null
}

# Whether two conditions are met by the same lines.
same() {
	local one two

	one=$(lines_where "$1") || { echo "$one" && return 1; }
	two=$(lines_where "$2") || { echo "$two" && return 1; }
	[ "$one" = "$two" ] || { echo "$1: $one" && echo "$2: $two" && false; }
}

@test "statements that fail are not taken for the same" {
	make_odd_events
	run ! same "stge = 1" "stge = 1"
	run ! same "type = 'custom'" "type = 'info'"
	[ -n "$(values 'SELECT stge FROM events' 2>/dev/null)" ]
}

@test "each column has the value that rt-query shows" {
	run_with_events a '"name":"n"' <<'END'
{"ts":"2026-07-01T14:00:00.5+02:00","type":"step_start","phase":"build","percent":12.50,"step":3,"success":true,"result":{"k":1},"duration_sec":1.5,"error":"no","metadata":{"model":"m","n":1}}
{"msg":"x","duration_ms":9007199254740993,"success":false,"result":2,"percent":7}
END
	run -0 sql 'SELECT * FROM events'
	[ "$(jq -c 'with_entries(select(.value != null))' <<<"${lines[0]}")" = '{"run_id":"a","ts":"2026-07-01T12:00:00.500+00:00","type":"step_started","level":"info","stage":"build","message":"step_started","percent":12.5,"step":3,"model":"m","success":1,"result":"{\"k\":1}","duration_ms":1500,"error":"no","metadata":"{\"model\":\"m\",\"n\":1}"}' ]
	[[ ${lines[1]} == *'"ts":null,'*'"type":"progress",'*'"message":"x","percent":7.0,'*'"success":0,"result":2,"duration_ms":9007199254740992.0,'* ]]
	[ "$(jq -r 'keys_unsorted | join(" ")' <<<"${lines[0]}")" = "run_id ts type level stage message percent step total_steps iteration max_iterations task_id step_id component action agent_role model correlation_id span_id event_id parent_id state_before state_after success result duration_ms error metadata" ]
	[ "$(values "SELECT metadata ->> '\$.n' FROM events WHERE metadata IS NOT NULL")" = 1 ]
	[ "$(values "SELECT line ->> 'msg' FROM events")" = $'\nx' ]
	[ "$(values "SELECT key, value FROM events, json_each(metadata)")" = $'model,m\nn,1' ]
}

@test "runs, steps and artifacts" {
	make_run g/a '"name":"n","status":"failed","group":"g","started_at":"2026-07-01T12:00:00.000+00:00",
		"finished_at":"2026-07-01T12:00:02.500+00:00","percent":40,"exit_code":2,"error":"e",
		"counts":{"events":5,"warnings":2,"errors":1},"tokens":{"prompt":1,"completion":2,"total":3},
		"cost_usd":0.25,"steps":[
		{"step_id":"step_001","name":"one","status":"success","started_at":"2026-07-01T12:00:00.000+00:00","duration_ms":5,"retries":2},
		{"step_id":"step_002","name":"two","status":"running"}]'
	make_run h/b '"status":"completed"'
	mkdir -p "$RT_RUNS_DIR"/g/a/artifacts/{sub,deep/er}
	printf 12345 >"$RT_RUNS_DIR/g/a/artifacts/sub/key"
	: >"$RT_RUNS_DIR/g/a/artifacts/empty"
	ln -s /etc/passwd "$RT_RUNS_DIR/g/a/artifacts/link"
	ln -s /etc "$RT_RUNS_DIR/g/a/artifacts/dir"
	ln -s /etc "$RT_RUNS_DIR/h/b/artifacts"
	touch -d 2026-07-01T12:00:00.25Z "$RT_RUNS_DIR/g/a/artifacts/empty"

	[ "$(sql "SELECT name, group_name g, status, duration_ms, percent, exit_code, error, events, errors, total_tokens, cost_usd FROM runs WHERE run_id = 'a'")" = \
		'{"name":"n","g":"g","status":"failed","duration_ms":2500,"percent":40.0,"exit_code":2,"error":"e","events":5,"errors":1,"total_tokens":3,"cost_usd":0.25}' ]
	[ "$(sql "SELECT name, group_name g, exit_code, total_tokens t FROM runs WHERE run_id = 'b'")" = \
		'{"name":null,"g":"h","exit_code":null,"t":null}' ]
	[ "$(sql 'SELECT * FROM steps')" = '{"run_id":"a","step_id":"step_001","name":"one","status":"success","started_at":"2026-07-01T12:00:00.000+00:00","finished_at":null,"duration_ms":5,"retries":2}
{"run_id":"a","step_id":"step_002","name":"two","status":"running","started_at":null,"finished_at":null,"duration_ms":null,"retries":0}' ]
	[ "$(values 'SELECT key, size_bytes FROM artifacts')" = $'empty,0\nsub/key,5' ]
	[ "$(values "SELECT modified_at, path FROM artifacts WHERE key = 'empty'")" = \
		"2026-07-01T12:00:00.250+00:00,$RT_RUNS_DIR/g/a/artifacts/empty" ]
	[ "$(values 'SELECT r.name, s.step_id FROM runs r LEFT JOIN steps s USING (run_id) ORDER BY 1, 2')" = $',\nn,step_001\nn,step_002' ]
}

@test "artifacts of archived runs; what the directory has counts" {
	command -v rt-archive >/dev/null || skip "rt-archive was not built"
	run -0 rt-run --id a -- sh -c 'echo old | rt-run artifact put new -; seq 9 | rt-run artifact put sub/key -'
	rt-archive --prune a >/dev/null
	[ "$(values 'SELECT key, size_bytes, modified_at, path FROM artifacts')" = $'new,4,,\nsub/key,18,,' ]
	[ "$(values 'SELECT run_id, key FROM artifacts' "$RT_RUNS_DIR/a/run.tar.gz")" = $'a,new\na,sub/key' ]
	mkdir "$RT_RUNS_DIR/a/artifacts"
	echo newer >"$RT_RUNS_DIR/a/artifacts/new"
	[ "$(values 'SELECT key, size_bytes, path FROM artifacts')" = \
		"new,6,$RT_RUNS_DIR/a/artifacts/new"$'\nsub/key,18,' ]
	truncate -s 100 "$RT_RUNS_DIR/a/run.tar.gz"
	run -3 --separate-stderr sql 'SELECT key FROM artifacts'
	[ "$output" = '{"key":"new"}' ]
	[[ $stderr == *"cannot read \"$RT_RUNS_DIR/a/run.tar.gz\""* ]]
}

@test "numbers are of their column's type" {
	make_run a '"percent":50,"cost_usd":2,"steps":[
		{"step_id":"step_001","duration_ms":5.0,"retries":2.0},{"step_id":"step_002","duration_ms":5.5,"retries":"x"}]'
	cat >n.jsonl <<'END'
{"type":"info","duration_ms":2500,"percent":33,"step":1,"result":5,"success":true}
{"type":"info","duration_sec":1,"percent":67.0,"step":3.0,"result":2.0,"success":false,"stage":1.50}
{"type":"info","duration_ms":"slow","percent":"half","step":2.5,"result":"5","success":"yes"}
{"type":"info","duration_ms":true,"percent":[1],"step":"7","result":false}
END
	[ "$(values 'SELECT duration_ms/1000, percent/2, step/2, result/2, success FROM events' ./n.jsonl)" = \
		$'2.5,16.5,0,2,1\n1.0,33.5,1,1.0,0\n,,,2,\n,,,0,' ]
	[ "$(sql 'SELECT percent, step, result, stage FROM events LIMIT 3' ./n.jsonl)" = '{"percent":33.0,"step":1,"result":5,"stage":null}
{"percent":67.0,"step":3,"result":2.0,"stage":"1.50"}
{"percent":null,"step":null,"result":"5","stage":null}' ]
	[ "$(values 'SELECT avg(percent), max(duration_ms), count(step) FROM events' ./n.jsonl)" = 50.0,2500.0,2 ]
	[ "$(values 'SELECT percent/4, cost_usd/4 FROM runs')" = 12.5,0.5 ]
	[ "$(values 'SELECT duration_ms/2, retries/2 FROM steps')" = $'2,1\n2.75,' ]
}

@test "the group is the folder that a run is in, however the run is named" {
	make_run g/a '"group":"other"'
	make_run b '"group":"said"'
	ln -s "$RT_RUNS_DIR" link
	local q='SELECT group_name FROM runs'
	[ "$(values "$q ORDER BY 1")" = $'g\nsaid' ]
	[ "$(values "$q" a b)" = $'g\nsaid' ]
	[ "$(values "$q" "$RT_RUNS_DIR/g/a")" = g ]
	[ "$(RT_RUNS_DIR=$PWD/link values "$q" -a --name '*' --group g)" = g ]
	[ "$(RT_RUNS_DIR=$PWD/link values "$q" g/a)" = g ]
	[ "$(RT_RUNS_DIR=$PWD/link values "$q" "$PWD/link/g/a")" = g ]
	[ "$(values "$q" -d "$PWD" "$RT_RUNS_DIR/g/a")" = other ]
}

@test "of a run that does not say when it was created the start counts" {
	make_run a '"created_at":null,"started_at":"2026-07-01T12:01:00.000+00:00"'
	make_run b '"created_at":null'
	for r in '' 'a b'; do
		# shellcheck disable=SC2086 # words
		[ "$(values "SELECT run_id, substr(created_at, 12, 5) FROM runs ORDER BY 1" $r)" = $'a,12:01\nb,12:05' ]
	done
}

@test "a row of runs is what the list says: runs that are over are not opened" {
	local all='run_id, name, group_name, status, created_at, started_at, finished_at, duration_ms, stage, percent,
		exit_code, error, host, events, warnings, errors, prompt_tokens, completion_tokens, total_tokens, cost_usd, path'
	make_run g/a '"name":"n","status":"failed","started_at":"2026-07-01T12:00:00.000+00:00","stage":"s","percent":40,
		"finished_at":"2026-07-01T12:00:02.500+00:00","exit_code":137,"signal":9,"error":"e","host":"h",
		"counts":{"events":5,"warnings":2,"errors":1},"tokens":{"prompt":1,"completion":2,"total":3},"cost_usd":0.25'
	make_run b
	touch -d '1 hour ago' "$RT_RUNS_DIR"/{g/a,b}
	mkdir "$RT_RUNS_DIR/.rt" # for what lists keep
	[ "$(sql "SELECT $all FROM runs")" = "$(sql "SELECT $all FROM runs" b a)" ]
	[ "$(values 'SELECT name, exit_code, signal FROM runs')" = $',,\nn,137,9' ]
	local rows
	rows=$(sql "SELECT $all FROM runs")
	[[ $rows == *'"exit_code":137,"error":"e","host":"h","events":5,'* ]]
	# its status is spoiled in place, so that the list does not look at it again
	echo '{' >"$RT_RUNS_DIR/b/status.json"
	echo '{' >"$RT_RUNS_DIR/g/a/status.json"
	[ "$(sql "SELECT $all FROM runs")" = "$rows" ]
}

@test "states that readers derive" {
	make_run dead '"status":"running","owner":{"pid":1,"start_ticks":1,"boot_id":"'"$(cat /proc/sys/kernel/random/boot_id)"'","pid_ns":'"$(stat -Lc %i /proc/self/ns/pid)"'}'
	[ "$(values 'SELECT status FROM runs')" = lost ]
	[ "$(values "SELECT count(*) FROM runs WHERE status = 'lost'")" = 1 ]
}

@test "conditions that are settled early let through just what meets them" {
	make_odd_events
	for v in task_failed step_start step_started Step-Started custom CUSTOM x.y info progress deploy '' 5 warning; do
		same "type = '$v'" "type || '' = '$v'"
	done
	for v in build 5 a,b a b '' 'café' ' build ' true x null; do
		same "stage = '$v'" "stage || '' = '$v'"
	done
	for v in debug info warning error critical warn fatal ERROR 50 ''; do
		same "level = '$v'" "level || '' = '$v'"
	done
	for v in gpt-4 gpt/4 4; do same "model = '$v'" "model || '' = '$v'"; done
	for v in 7 07; do
		same "task_id = '$v'" "task_id || '' = '$v'"
		same "task_id = $v" "+task_id = '$((v))'"
	done
	same "stage = 'a' || char(0) || 'b'" "stage || '' = 'a' || char(0) || 'b'"
	same "stage = 'BUILD' COLLATE NOCASE" "lower(stage) = 'build'"
	same "type = 'TASK_FAILED' COLLATE NOCASE" "lower(type) = 'task_failed'"
	same "stage = NULL" 0
	same "stage IS NULL" "coalesce(stage, '-') = '-'"
	same "stage IS 'build'" "coalesce(stage || '', '') = 'build'"
	same "stage <> 'build'" "stage || '' <> 'build'"
	same "NOT (type = 'task_failed' AND stage = 'build')" "NOT (type || '' = 'task_failed' AND stage || '' = 'build')"
	same "type IN ('custom', 'x.y', NULL)" "type || '' IN ('custom', 'x.y')"
	same "type IN ('custom', 'a,b', '')" "type || '' = 'custom'"
	same "type IN (NULL)" 0
	same "type IN (SELECT 'custom' UNION VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), ('x.y'))" "type || '' IN ('custom', 'x.y')"
	same "stage IN (SELECT value FROM json_each('[\"build\",\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\"]'))" \
		"stage || '' IN ('build', 'a', 'b')"
	same "type NOT IN ('custom', 'task_failed')" "type || '' NOT IN ('custom', 'task_failed')"
	same "level IN ('critical', 'warning', 'nonsense')" "level || '' IN ('critical', 'warning')"
	same "level IN ('debug', 'error', 'info')" "level || '' IN ('debug', 'error', 'info')"
	same "level IN ('info', 'warning')" "level || '' IN ('info', 'warning')"
	same "stage IN (5, 'build')" "stage || '' IN ('5', 'build')"
	same "stage = 5" "stage || '' = '5'"
	same "task_id = step - 9007199254740986" "CAST(task_id AS NUMERIC) = step - 9007199254740986"
	same "type = 'task_failed' OR stage = 'build'" "type || '' = 'task_failed' OR stage || '' = 'build'"
	same "type = 'custom' AND stage = 'café'" "type || '' = 'custom' AND stage || '' = 'café'"
	# each of them finds something
	[ "$(lines_where "type = 'task_failed'" | wc -l)" = 5 ]
	[ "$(lines_where "stage = 'build'" | wc -l)" = 5 ]
	[ "$(lines_where "type = 'task_failed' OR stage = 'build'" | wc -l)" = 7 ]
	[ "$(lines_where "type = 'step_start'")" = "" ]
	[ "$(lines_where "type = 'step_started'" | wc -l)" = 2 ]
	[ "$(lines_where "stage = 'café'" | wc -l)" = 2 ]
	[ "$(lines_where "level IN ('critical', 'warning', 'nonsense')" | wc -l)" = 3 ]
}

@test "a list of values that SQLite cannot give whole is an error" {
	[ -z "${RT_SANITIZE-}" ] || skip "other libraries do not go with sanitizers"
	ldd "$(command -v rt-sql)" 2>/dev/null | grep -q libsqlite3 || skip "SQLite is a part of rt-sql"
	make_odd_events
	echo 'int sqlite3_vtab_in_next(void *list, void **v) { (void)list; *v = 0; return 7; }' >fail.c
	"${CC:-cc}" -shared -fPIC -o fail.so fail.c
	for c in "type IN ('custom', 'x.y')" "ts IN ('2026', '2025')" "run_id IN ('a', 'b')" "level IN ('error', 'info')"; do
		run -3 --separate-stderr env LD_PRELOAD="$PWD/fail.so" rt-sql --sql "SELECT line FROM events WHERE $c" odd.jsonl
		[ "$stderr" = "rt-sql: cannot read the values of IN: out of memory" ]
	done
}

@test "times compare as the text that they are shown as" {
	make_odd_events
	for v in 2026-07-01T12:00:00.500+00:00 2026-07-01 2026-07-01T12 2026-07-01T12:00:00.1 2026-07-01T12:00:00.123Z \
		2026-07-01T12:00:00.999+00:00 2026-07-01T12:00:00.999+00:01 '2026-07-01 12:00' 2026 1969-12-31 '' zzz 9999 0; do
		for op in = '<' '<=' '>' '>='; do same "ts $op '$v'" "ts || '' $op '$v'"; done
		same "ts BETWEEN '$v' AND '2026-07-01T12:00:00.5'" "ts || '' BETWEEN '$v' AND '2026-07-01T12:00:00.5'"
	done
	same "ts IN ('2026-07-01T12:00:00.500+00:00', 'x', '2026-07-01T12:00:00.250+00:00')" \
		"ts || '' IN ('2026-07-01T12:00:00.500+00:00', '2026-07-01T12:00:00.250+00:00')"
	same "ts > 5" "ts || '' > '5'"
	same "ts > NULL" 0
	[ "$(lines_where "ts >= '2026-07-01T12:00:00.2'" | wc -l)" = 4 ]
	[ "$(lines_where "ts = '2026-07-01T12:00:00.123+00:00'" | wc -l)" = 1 ]
	[ "$(lines_where "ts < '1970'" | wc -l)" = 1 ]
}

@test "run_id opens no other run" {
	[ -z "${RT_SANITIZE-}" ] || skip "strace and sanitizers do not go together"
	strace -o /dev/null true 2>/dev/null || skip "strace does not work here"
	for r in a b c; do run_with_events $r <<<'{"type":"info","message":"'$r'"}'; done
	for q in "run_id = 'b'" "run_id IN ('b')" "run_id IN (SELECT 'b')"; do
		strace -f -o trace rt-sql --sql "SELECT message FROM events WHERE $q" a b c
		[ "$(grep -cE 'open.*events.jsonl"' trace)" = 1 ]
	done
}

@test "run_id of runs and of files" {
	for r in a b c; do run_with_events $r <<<'{"type":"info","message":"'$r'"}'; done
	mkdir "$RT_RUNS_DIR/d"
	echo '{"session_id":"s","msg":"file"}' >f.jsonl
	[ "$(values "SELECT message FROM events WHERE run_id IN ('c', 'a', 'nope')")" = $'a\nc' ]
	[ -z "$(values "SELECT message FROM events WHERE run_id = 'nope'")" ]
	[ -z "$(values "SELECT message FROM events WHERE run_id = NULL")" ]
	[ "$(values "SELECT message FROM events WHERE run_id = 'B' COLLATE NOCASE")" = b ]
	[ "$(values "SELECT e.message FROM runs r JOIN events e USING (run_id) WHERE r.run_id > 'a'" | sort)" = $'b\nc' ]
	[ "$(values "SELECT message FROM events WHERE run_id IN ('c', 'a', 'c')" c a c a)" = $'c\na\nc\na' ]
	[ "$(values "SELECT message FROM events WHERE run_id IN ('b', 's', '')" ./f.jsonl a b)" = $'file\nb' ]
	# a file's lines say which run they are of
	[ "$(values "SELECT message FROM events WHERE run_id = 's'" ./f.jsonl)" = file ]
	[ -z "$(values "SELECT run_id FROM runs" ./f.jsonl)" ]
}

@test "which runs: operands, -r, RT_RUN and selections" {
	make_run a '"name":"x"'
	make_run b '"name":"y","status":"failed"'
	local q='SELECT run_id FROM runs ORDER BY 1'
	[ "$(values "$q")" = $'a\nb' ]
	[ "$(values "$q" a)" = a ]
	[ "$(values "$q" -r b)" = b ]
	[ "$(RT_RUN=b values "$q")" = b ]
	[ "$(RT_RUN=b values "$q" -a)" = $'a\nb' ]
	[ "$(values "$q" --status failed)" = b ]
	[ "$(values "$q" --name x)" = a ]
	run -3 --separate-stderr sql "$q" a nope
	[ "$output" = '{"run_id":"a"}' ]
	[[ $stderr == *'no run "nope"'* ]]
}

@test "every form of output; NULL, numbers and names that are alike" {
	run_with_events a <<<'{"type":"info","message":"a,\"b\""}'
	local q="SELECT message, stage, 1 AS n, 2.5 AS n, 'x' AS \"a.b,c\" FROM events"
	[ "$(sql "$q")" = '{"message":"a,\"b\"","stage":null,"n":1,"n_2":2.5,"a.b,c":"x"}' ]
	[ "$(sql "$q" -o json | jq -c .)" = '[{"message":"a,\"b\"","stage":null,"n":1,"n_2":2.5,"a.b,c":"x"}]' ]
	[ "$(sql "$q" -o csv)" = $'message,stage,n,n_2,"a.b,c"\r\n"a,""b""",,1,2.5,x\r' ]
	[ "$(sql "$q" -o table)" = $'message  stage  n  n_2  a.b,c\na,"b"           1  2.5  x' ]
	[ "$(sql "$q" --format '{n}|{stage}|{message}')" = '1||a,"b"' ]
	[ "$(sql "$q" -o csv --columns n,message)" = $'n,message\r\n1,"a,""b"""\r' ]
	[ "$(sql 'SELECT 1 WHERE 0' -o json)" = '[]' ]
	[ -z "$(sql 'SELECT 1 WHERE 0')" ]
	[ "$(sql 'SELECT 0.1, 1e300, 3.0, 9223372036854775807 i, 9e999 inf')" = '{"0.1":0.1,"1e300":1e+300,"3.0":3.0,"i":9223372036854775807,"inf":null}' ]
	run -2 sql 'SELECT 1' -o pretty
	run -0 sql 'SELECT 1' -q
	[ -z "$output" ]
	run -1 sql 'SELECT 1 WHERE 0' -q
}

@test "an error among the rows leaves no half of a document" {
	make_run a
	run -3 --separate-stderr sql 'SELECT 1 UNION ALL SELECT abs(-9223372036854775808)' -o json
	[ -z "$output" ]
	[ "$stderr" = "rt-query: integer overflow" ]
}

@test "a statement that is wrong is shown with the place, exit 2" {
	make_run a
	run -2 --separate-stderr sql $'SELECT type\n\tFORM events'
	[ "$stderr" = $'rt-query: near "events": syntax error\n   FORM events\n        ^' ]
	run -2 --separate-stderr sql "SELECT 'é', stge FROM events"
	[ "$stderr" = $'rt-query: no such column: stge; did you mean "stage"? (--schema tells what there is)\n  SELECT \'é\', stge FROM events\n              ^' ]
	run -2 --separate-stderr sql 'SELECT step'
	[ "$stderr" = $'rt-query: no such column: step: FROM is missing (--schema tells what there is)\n  SELECT step\n         ^' ]
	run -2 --separate-stderr sql 'SELECT task_id FROM runs'
	[ "${stderr_lines[0]}" = 'rt-query: no such column: task_id; the table events has it (--schema tells what there is)' ]
	run -2 --separate-stderr sql 'SELECT x.step FROM events'
	[ "${stderr_lines[0]}" = 'rt-query: no such column: x.step (--schema tells what there is)' ]
	run -2 --separate-stderr sql 'SELECT "stge" FROM events'
	[[ $stderr == *'no such column: stge'* ]]
	run -2 --separate-stderr sql 'SELECT 1 FROM event'
	[[ ${stderr_lines[0]} == *'no such table: event; did you mean "events"?'* ]]
	[ "${stderr_lines[2]}" = '                ^' ]
	run -2 --separate-stderr sql 'SELECT 1; SELECT 2'
	[ "$stderr" = $'rt-query: one statement at a time\n  SELECT 1; SELECT 2\n            ^' ]
	run -0 sql 'SELECT 1; -- a comment'
	run -2 sql ' -- nothing'
	run -2 sql 'SELECT ?1'
	run -2 --separate-stderr sql "SELECT $(printf '%0200d' 0), stge FROM events, x"
	[ "${#stderr_lines[1]}" -le 80 ]
	run -2 --separate-stderr sql $'SELECT \e[31m'
	run ! grep -q $'\e' <<<"$stderr"
}

@test "nothing but a SELECT is answered" {
	make_run a
	cp -r "$RT_RUNS_DIR" before
	for q in "INSERT INTO events VALUES (1)" "DELETE FROM runs" "UPDATE runs SET name = 1" "CREATE TABLE t (a)" \
		"CREATE TEMP TABLE t (a)" "DROP TABLE runs" "ATTACH 'x.db' AS x" "PRAGMA table_info(runs)" "PRAGMA writable_schema=1" \
		"SELECT * FROM pragma_database_list" "VACUUM INTO 'x.db'" "VACUUM" "BEGIN" "SAVEPOINT x" "REINDEX" "ANALYZE" \
		"WITH t AS (SELECT 1) INSERT INTO runs SELECT * FROM t" "DETACH main" \
		"EXPLAIN SELECT * FROM runs" "EXPLAIN QUERY PLAN SELECT * FROM runs"; do
		run -2 --separate-stderr sql "$q"
		[[ $stderr == "rt-query: only a SELECT is answered: nothing is ever changed or set" ||
			$stderr == "rt-query: table "*" may not be modified" ]] || { echo "$q: $stderr" && false; }
	done
	run -2 --separate-stderr sql "SELECT load_extension('x')"
	[[ $stderr == *"not authorized to use function: load_extension"* ]]
	# one that SQLite may have been built without
	run -2 --separate-stderr sql "SELECT hex(fts3_tokenizer('simple'))"
	[[ $stderr == *"fts3_tokenizer"* ]]
	[ ! -e x.db ]
	diff -r before "$RT_RUNS_DIR"
}

@test "options that mean nothing with --sql are refused" {
	make_run a
	for o in '--type x' '--since 1h' '-g x' '-n 5' '-c' '-j 2' '--agg count' '--by type' '--bucket 1h' '--sort x' \
		'--normalize' '--check' '--match a=1'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr sql 'SELECT 1' $o
		[[ $stderr == "rt-query: "*" has no meaning with --sql"* ]] || { echo "$o: $stderr" && false; }
	done
	run -2 --separate-stderr rt-query --schema -c
	[[ $stderr == *"-c has no meaning with --schema"* ]]
	run -2 --separate-stderr sql 'SELECT 1' -c
	[ "${stderr_lines[0]}" = "rt-query: -c has no meaning with --sql: use count(*)" ]
	run -2 rt-query --schema a
	run -2 rt-sql
}

@test "configuration reaches the helper, and what is wrong in it is said once" {
	make_run a
	mkdir -p "$HOME/.config/rt"
	printf 'RT_RUNS_DIR=%s\nnonsense\n' "$RT_RUNS_DIR" >"$HOME/.config/rt/rt.conf"
	unset RT_RUNS_DIR
	for p in rt-query 'rtbox query' rt-sql 'rtbox sql'; do
		# shellcheck disable=SC2086 # words
		run -0 --separate-stderr $p --sql 'SELECT run_id FROM runs'
		[ "$output" = '{"run_id":"a"}' ]
		[ "${#stderr_lines[@]}" = 1 ]
	done
	run -0 --separate-stderr rtbox --complete sql -r ''
	[[ $output == *a$'\t'* ]]
}

@test "--schema is SQL, and says what the tables have" {
	local schema
	schema=$(rt-query --schema)
	[ "$schema" = "$(rt-sql --schema)" ]
	run ! grep -nE '.{101}|[[:space:]]$' <<<"$schema"
	for t in runs events steps artifacts; do
		[[ $schema == *"CREATE TABLE $t ("* ]]
		make_run a
		[ "$(sql "SELECT * FROM (SELECT 1) LEFT JOIN $t" | jq -r 'keys_unsorted[1:] | join(" ")')" = \
			"$(sed -n "/^CREATE TABLE $t /,/^);/s/^  \([a-z_]*\).*/\1/p" <<<"$schema" | grep -vx line | paste -sd' ')" ]
	done
}

@test "standard input is read once" {
	make_odd_events
	[ "$(values 'SELECT count(*) FROM events' - <odd.jsonl 2>/dev/null)" = 20 ]
	[ "$(values 'SELECT count(*) FROM events' - < <(cat odd.jsonl) 2>/dev/null)" = 20 ]
	[ "$(values "SELECT count(*) FROM events WHERE type = 'custom' OR stage = 'build'" - < <(cat odd.jsonl) 2>/dev/null)" = 8 ]
	run -3 --separate-stderr bash -c 'cat odd.jsonl | rt-query --sql "SELECT count(*) FROM events a, events b" -'
	[ -z "$output" ]
	[[ $stderr == 'rt-query: "standard input" can be read only once'* ]]
	# a file can be read again
	[ "$(values 'SELECT count(*) FROM events a, events b' - <odd.jsonl 2>/dev/null)" = 400 ]
}

@test "lines that are no events are skipped and counted, however often they are read" {
	make_odd_events
	run -0 --separate-stderr sql 'SELECT count(*) FROM events a, events b' odd.jsonl
	[[ $stderr == 'rt-query: 1 line skipped in "odd.jsonl"'* ]]
	[ "${#stderr_lines[@]}" = 1 ]
}

@test "what cannot be read is said once, and the rest is answered" {
	run_with_events a <<<'{"type":"info","message":"a"}'
	run_with_events b <<<'{"type":"info","message":"b"}'
	rm "$RT_RUNS_DIR/b/events.jsonl"
	ln -s "$RT_RUNS_DIR/a/events.jsonl" "$RT_RUNS_DIR/b/events.jsonl"
	run -3 --separate-stderr sql 'SELECT x.message, y.message FROM events x, events y' a b
	[ "$output" = '{"message":"a","message_2":"a"}' ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *'/b/events.jsonl": it is a symbolic link' ]]
}

@test "an artifact store that cannot be read is an error, the rest is answered" {
	[ -z "${RT_SANITIZE-}" ] || skip "strace and sanitizers do not go together"
	strace -o /dev/null true 2>/dev/null || skip "strace does not work here"
	run_with_events a '"name":"n"' <<<'{"type":"info","message":"x"}'
	mkdir -p "$RT_RUNS_DIR"/a/artifacts/sub
	: >"$RT_RUNS_DIR/a/artifacts/one"
	: >"$RT_RUNS_DIR/a/artifacts/sub/two"
	make_run b
	local store=$RT_RUNS_DIR/a/artifacts
	failing() { # SYSCALL PATH STATEMENT 
		strace -f -o /dev/null -P "$2" -e "inject=$1:error=EIO" rt-sql --sql "$3"
	}
	run -3 --separate-stderr failing openat "$store" 'SELECT key FROM artifacts'
	[ -z "$output" ]
	[ "$stderr" = "rt-sql: cannot read \"$store\": Input/output error" ]
	run -3 --separate-stderr failing getdents64 "$store" 'SELECT key FROM artifacts'
	[ "$stderr" = "rt-sql: cannot read \"$store\": Input/output error" ]
	run -3 --separate-stderr failing getdents64 "$store/sub" 'SELECT key FROM artifacts'
	[ "$output" = '{"key":"one"}' ]
	[ "$stderr" = "rt-sql: cannot read \"$store/sub\": Input/output error" ]
	run -3 --separate-stderr failing openat "$store" 'SELECT name, message, key FROM runs
		LEFT JOIN artifacts USING (run_id) LEFT JOIN events USING (run_id) ORDER BY 1'
	[ "$output" = $'{"name":null,"message":null,"key":null}\n{"name":"n","message":"x","key":null}' ]
	[ "${#stderr_lines[@]}" = 1 ]
	# one that is not there, or that a link leads to, is none
	run -0 --separate-stderr rt-sql --sql 'SELECT key FROM artifacts' b
	[ -z "$output$stderr" ]
	ln -s "$store" "$RT_RUNS_DIR/b/artifacts"
	run -0 --separate-stderr rt-sql --sql 'SELECT key FROM artifacts' b
	[ -z "$output$stderr" ]
}

@test "an ordered run is read from the time on that is asked for" {
	make_run a
	for i in {1..9999}; do
		printf '{"ts":"2026-07-01T%02d:%02d:%02d.000+00:00","type":"info","message":"%05d %050d"}\n' \
			$((i / 3600)) $((i / 60 % 60)) $((i % 60)) "$i" 0
	done >"$RT_RUNS_DIR/a/events.jsonl"
	jq '.events_size = '"$(stat -c %s "$RT_RUNS_DIR/a/events.jsonl")" "$RT_RUNS_DIR/a/status.json" >s
	mv s "$RT_RUNS_DIR/a/status.json"
	run -0 --separate-stderr sql "SELECT count(*) n FROM events WHERE ts >= '2026-07-01T02:40'" -v
	[ "$output" = '{"n":400}' ]
	[[ $stderr =~ ([0-9]+)\ lines\ parsed ]]
	((BASH_REMATCH[1] < 5000))
}

@test "a reader that goes away ends it silently" {
	make_odd_events
	bash -c "rt-query --sql 'SELECT a.line FROM events a, events b, events c, events d' odd.jsonl 2>err; echo \$? >code" | head -n 1 >/dev/null
	run ! grep -v skipped err
	[ "$(cat code)" = 141 ]
}

@test "a signal ends it at once, in the middle of a long sort" {
	for signal in INT TERM; do
		# one that goes on is killed, which is 137
		run timeout --foreground -s $signal -k 2 1 rt-query --sql 'WITH RECURSIVE c(x) AS
			(SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100000000) SELECT x FROM c ORDER BY random()' /dev/null
		[ "$status" = 124 ]
		[ -z "$output" ]
	done
}
