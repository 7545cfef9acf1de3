#!/usr/bin/env bats
# rt-tail: the backlog, its order and forms, and following until the end.

load helper
load tail

# A run with all there is: three steps, two streams, lines in pieces.
make_full() {
	make_run full '"steps":[{"step_id":"step_001","name":"build","status":"success"},
		{"step_id":"step_002","name":"test","status":"success"}]'
	event full 00.000 'begin' '"type":"run_started"'
	record full run 00.100000000 stdout F 'hello'
	event full 01.000 'build starts' '"type":"step_started","step_id":"step_001"'
	record full step_001 01.000500000 stdout F 'compiling'
	record full step_001 01.100000000 stdout P 'half a '
	record full step_001 01.200000000 stderr F 'a warning'
	record full step_001 01.300000000 stdout P 'li'
	record full step_001 01.400000000 stdout F 'ne'
	record full step_001 01.500900000 stdout F 'done'
	event full 01.500 'build ends' '"type":"step_completed","step_id":"step_001"'
	record full run 01.600000000 stderr F 'between'
	event full 02.000 'test starts' '"type":"step_started","step_id":"step_002"'
	record full step_002 02.100000000 stdout F 'ok 1'
	event full 02.150 'half way' '"type":"progress","percent":50'
	record full step_002 02.200000000 stdout F ''
	event full 02.300 'a problem' '"level":"warning"'
	record full step_003 02.400000000 stdout F 'nameless'
	record full run 02.500000000 stdout F 'bye'
	record full run 02.500999000 stdout P 'no newline'
	event full 02.500 'end' '"type":"run_completed"'
}

all_of_full() {
	printf '%s\n' begin hello 'build starts' compiling 'a warning' 'half a line' 'done' \
		'build ends' between 'test starts' 'ok 1' 'half way' '' 'a problem' nameless bye \
		'no newline' end
}

@test "events and output, merged by time" {
	make_full
	[ "$(rt-tail full -n all -o cat)" = "$(all_of_full)" ]
	[ "$(rt-tail full -o cat)" = "$(all_of_full | tail -n 10)" ]
	[ "$(rt-tail full --events -n all -o cat)" = "$(printf '%s\n' begin 'build starts' \
		'build ends' 'test starts' 'half way' 'a problem' end)" ]
	[ "$(rt-tail full --logs -n all -o cat)" = "$(all_of_full |
		grep -vE 'begin|starts|ends|way|problem|^end')" ]
	[ "$(rt-tail full --logs --events -n all -o cat)" = "$(all_of_full)" ]
}

@test "-n N is the last N lines of -n all, for each N, form and choice" {
	local n args
	make_full
	for args in '' --events --logs '--logs -g e' '--events --logs -g e' '--step build' \
		'--logs --step 1' '--since 2026-07-01T12:00:01Z' '--level warning'; do
		# shellcheck disable=SC2086
		rt-tail full $args -n all -o cat >whole
		for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 100; do
			# shellcheck disable=SC2086
			rt-tail full $args -n $n -o cat >some
			tail -n $n whole | cmp - some || { echo "$args -n $n" && false; }
		done
	done
	rt-tail full -n all -o jsonl >whole
	[ "$(wc -l <whole)" -eq 18 ]
	for n in 0 1 5 7 12; do
		rt-tail full -n $n -o jsonl | cmp - <(tail -n $n whole)
	done
	[ "$(rt-tail full -o jsonl | wc -l)" -eq 10 ]
}

@test "pretty: columns, streams and names of steps" {
	make_full
	run -0 rt-tail full -n all
	[ "${lines[0]}" = '2026-07-01 12:00:00 +00:00 info     begin  run_started' ]
	[ "${lines[1]}" = '2026-07-01 12:00:00 +00:00     out| hello' ]
	[ "${lines[3]}" = '2026-07-01 12:00:01 +00:00     out| [build] compiling' ]
	[ "${lines[4]}" = '2026-07-01 12:00:01 +00:00     err| [build] a warning' ]
	[ "${lines[5]}" = '2026-07-01 12:00:01 +00:00     out| [build] half a line' ]
	[ "${lines[12]}" = '2026-07-01 12:00:02 +00:00     out| [test]' ]
	[ "${lines[14]}" = '2026-07-01 12:00:02 +00:00     out| [step_003] nameless' ]
	[ "${lines[16]}" = '2026-07-01 12:00:02 +00:00     out| no newline' ]
	run -0 env TZ=Asia/Kolkata rt-tail full -n 1
	[[ $output == '2026-07-01 17:30:02 +05:30'* ]]
	run -0 env TZ=Asia/Kolkata rt-tail full -n 1 --utc
	[[ $output == '2026-07-01 12:00:02 +00:00'* ]]
	run -0 rt-tail full -n 1 --color=always
	[[ $output == *$'\033['* ]]
}

@test "pretty: what tells events apart is what rt-query says" {
	local meta='"prompt_tokens":100,"completion_tokens":20'
	printf '{"type":"%s","message":"m"%s}\n' \
		agent_response ',"metadata":{"model":"gpt-4","agent_role":"coder"}' \
		agent_response ',"model":"a","metadata":{"model":"b","total_tokens":7}' \
		agent_response ",\"metadata\":{$meta,\"x\":{\"model\":\"c\"}}" \
		agent_response ",\"metadata\":{$meta,\"m\\u006fdel\":\"d\"}" \
		llm_request_sent ',"duration_ms":61500,"step":1,"total_steps":3' \
		task_failed ',"duration_ms":0.25,"error":"not m"' >events.jsonl
	run -0 rt-tail -n all events.jsonl
	[[ ${lines[0]} = *"  agent_response role=coder model=gpt-4" ]]
	[[ ${lines[1]} = *"  agent_response model=a tokens=7" ]]
	[[ ${lines[2]} = *"  agent_response tokens=120" ]]
	[[ ${lines[3]} = *"  agent_response model=d tokens=120" ]]
	[[ ${lines[4]} = *"  llm_request_sent step=1/3 took=1m 1s" ]]
	[[ ${lines[5]} = *"  task_failed took=0.25ms error=not m" ]]
	rt-query -o pretty events.jsonl | diff - <(printf '%s\n' "${lines[@]}")
}

@test "--time: how long ago, or since the run began" {
	make_full
	make_run full "$(jq -r '"\"started_at\":\"2026-07-01T12:00:00.100Z\""' <<<0)"
	run -0 rt-tail full -n all --time elapsed
	[ "${lines[0]}" = '     0ms info     begin  run_started' ]
	[ "${lines[3]}" = '   900ms     out| [step_001] compiling' ]
	[ "${lines[13]}" = '    2.2s warning  a problem' ]
	[ "${lines[17]}" = '    2.4s info     end  run_completed' ]
	printf '{"timestamp":"%s","message":"x"}\n' 2026-07-01T12:00:00Z 2026-07-01T13:05:00Z >log.jsonl
	[ "$(rt-tail log.jsonl --time elapsed)" = $'     0ms info     x\n   1h 5m info     x' ]
	# more time than fits into 64 bits
	printf '{"ts":"%s","type":"info","message":"x"}\n' 1700-01-01T00:00:00Z 2250-01-01T00:00:00Z >log.jsonl
	run -0 rt-tail log.jsonl --time elapsed
	[[ ${lines[1]} =~ ^106751d\ 23h\ info ]]
	printf '{"timestamp":"%s","message":"x"}\n' "$(date -u -d '100 days ago' +%FT%TZ)" >log.jsonl
	echo '{"message":"y"}' >>log.jsonl
	run -0 rt-tail log.jsonl --time relative
	[[ ${lines[0]} == ' 100d 0h ago info     x' ]]
	[[ ${lines[1]} == '             info     y' ]]
	run -2 rt-tail full --time elapsed -o jsonl
}

@test "jsonl: events as they stand on disk, output as objects" {
	make_full
	printf '{ "ts": 1782907500,"a" :1.0, "message":"odd"\t}\r\n' | events full
	rt-tail full -n all -o jsonl --events | cmp - "$RT_RUNS_DIR/full/events.jsonl"
	rt-tail full -n all -o jsonl --logs >out
	[ "$(jq -c . <out | sed -n '1p;3p;4p;12p')" = \
		'{"ts":"2026-07-01T12:00:00.100000000Z","stream":"stdout","text":"hello"}
{"ts":"2026-07-01T12:00:01.200000000Z","stream":"stderr","step_id":"step_001","text":"a warning"}
{"ts":"2026-07-01T12:00:01.100000000Z","stream":"stdout","step_id":"step_001","text":"half a line"}' ]
	[ "$(rt-tail full -n all -o json | jq length)" -eq 19 ]
	[ "$(rt-tail full -n 2 --json | jq -r '.[0].message')" = end ]
	[ "$(rt-tail full --type nope -o json)" = '[]' ]
}

@test "--format: fields of events and of output" {
	make_full
	[ "$(rt-tail full -n 3 --format '{stage}|{stream}|{level}|{message}|{text}')" = \
		'|stdout||bye|bye
|stdout||no newline|no newline
||info|end|' ]
	[ "$(rt-tail full --step build --logs -n 1 --format '{ts} {stage} {step_id} {message}')" = \
		'2026-07-01T12:00:01.500900000Z build step_001 done' ]
	run -2 rt-tail full --format '{'
	run -2 rt-tail full --columns ts
}

@test "filters: output is left out unless it is asked for, time and step are of both" {
	make_full
	[ "$(rt-tail full --type step_started -o cat)" = $'build starts\ntest starts' ]
	[ "$(rt-tail full --level warning -o cat)" = 'a problem' ]
	[ "$(rt-tail full -g e -n all -o cat)" = "$(printf '%s\n' begin 'build ends' 'test starts' \
		'a problem' end)" ]
	[ "$(rt-tail full --logs -g e -n all -o cat)" = "$(printf '%s\n' hello 'half a line' 'done' \
		between nameless bye 'no newline')" ]
	[ "$(rt-tail full --logs -F -g . -n all -o cat)" = '' ]
	[ "$(rt-tail full --step 1 -n all -o cat)" = "$(printf '%s\n' 'build starts' compiling \
		'a warning' 'half a line' 'done' 'build ends')" ]
	[ "$(rt-tail full --logs --step build -n 2 -o cat)" = $'half a line\ndone' ]
	[ "$(rt-tail full -S 2026-07-01T12:00:02.1Z -U 2026-07-01T12:00:02.3Z -o cat)" = \
		$'ok 1\nhalf way' ]
	# with --since there is no other limit
	[ "$(rt-tail full --since 2026-07-01 -o cat)" = "$(all_of_full)" ]
	[ "$(rt-tail full --since 2026-07-01 -n 1 -o cat)" = end ]
	[ "$(rt-tail full --logs --match 'type=output' -n 1 -o cat)" = 'no newline' ]
}

@test "raw: byte for byte what the command wrote" {
	# every byte, long lines, a line that is slow, no newline at the end
	head -c 200000 /dev/urandom >bytes
	printf 'x%.0s' {1..50000} >>bytes
	printf '\0\n\r\n\n a \r\033[31m\n\nlast' >>bytes
	rt-run --name raw -- sh -c 'head -c 150000 bytes; sleep 0.3; tail -c +150001 bytes' >passed
	cmp bytes passed
	rt-tail @latest:raw --logs -o raw -n all | cmp - bytes
	rt-tail @latest:raw --logs -o raw -n all -f | cmp - bytes
	rt-run --name both -- sh -c 'cat bytes; echo hello; cat bytes >&2' >passed 2>/dev/null
	rt-tail @latest:both --logs -o raw -n all >out
	[ "$(wc -c <out)" -eq $(($(wc -c <bytes) * 2 + 6)) ]
	rt-run --name steps -- rt-run step one -- cat bytes >passed
	rt-tail @latest:steps --logs -o raw -n all | cmp - bytes
	make_full
	[ "$(rt-tail full -o raw -n 2)" = "no newline$(tail -n 1 "$RT_RUNS_DIR/full/events.jsonl")" ]
	rt-tail full --events -n all -o raw | cmp - "$RT_RUNS_DIR/full/events.jsonl"
}

@test "nothing in a message, a name or output steers a terminal" {
	needs_terminal
	local evil=$'\033]0;x\a\033[31m\xc2\x9b2J\xe2\x80\xae\xff\r' form
	make_run evil "$(printf '"steps":[{"step_id":"step_001","name":"a\\u001b[2Jb"}]')"
	printf '{"ts":"2026-07-01T12:00:00Z","message":"a\\u001b[31mb\\nc\xc2\x9b","stage":"\\u0007"}\n' |
		events evil
	record evil step_001 01.000000000 stdout F "a${evil}b"
	record evil run 01.000000000 stderr P "c${evil}d"
	for form in pretty cat; do
		rt-tail evil -o $form >out
		[ "$(wc -l <out)" -eq 3 ]
		run ! grep -P '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80\xae|\xff' out
		grep -qF 'a^[[31mb\nc\x9b' out
		grep -qF 'a^[]0;x^G^[[31m\x9b2J\u202e\xff^Mb' out
	done
	rt-tail evil -o pretty | grep -qF '[a^[[2Jb]'
	rt-tail evil -o jsonl | jq -e . >/dev/null
	# a terminal gets raw bytes inert, too
	command -v script >/dev/null || skip "no script(1)"
	script -qec 'rt-tail evil --logs -o raw; rt-tail evil -o jsonl; rt-tail evil -o raw' \
		/dev/null </dev/null >typed
	run ! grep -P '\x1b|\x07|\xc2\x9b|\xe2\x80\xae' typed
}

@test "files of other systems: no run, odd lines, no newline at the end" {
	printf '%s\n' '{"timestamp":"2026-07-01T12:00:00","event":"a.b","msg":"first"}' 'not json' \
		'' '[1]' '{"ts":1782907201.5,"severity":"WARN","event_summary":"second"}' >log.jsonl
	printf '{"ts":1782907202,"detail":"third"}' >>log.jsonl
	run -0 --separate-stderr rt-tail ./log.jsonl
	[ "${lines[0]}" = '2026-07-01 12:00:00 +00:00 info     first  a.b' ]
	[ "${lines[1]}" = '2026-07-01 12:00:01 +00:00 warning  second' ]
	[ "${lines[2]}" = '2026-07-01 12:00:02 +00:00 info     third' ]
	[ "$stderr" = 'rt-tail: 2 lines skipped in "log.jsonl": no events' ]
	[ "$(rt-tail log.jsonl -n 1 -o cat 2>/dev/null)" = third ]
	[ "$(rt-tail log.jsonl -n 2 -o cat -q)" = $'second\nthird' ]
	run -0 --separate-stderr rt-tail log.jsonl -n 2 -q
	[ -z "$stderr" ]
	# a run that has only events, a run that has only a status
	mkdir -p dir runs/none
	cp log.jsonl dir/events.jsonl
	[ "$(rt-tail ./dir -n 1 -o cat -q)" = third ]
	make_run none
	run -0 --separate-stderr rt-tail none
	[ -z "$output$stderr" ]
	# output that another program wrote as it is
	mkdir -p "$RT_RUNS_DIR/none/logs/step_001"
	printf 'plain\n{"a":1}\n' >"$RT_RUNS_DIR/none/logs/step_001/output.log"
	run -0 rt-tail none
	[ "${lines[0]}" = "$(printf '%26s     out| [step_001] plain' '')" ]
	[ "$(rt-tail none -n 1 -o cat)" = '{"a":1}' ]
	[ "$(rt-tail none -n 1 -o raw)" = '{"a":1}' ]
}

@test "a torn last line is shown when the run is over, and not before" {
	make_run over
	event over 00.000 whole
	printf '{"ts":"2026-07-01T12:00:01Z","message":"torn"}' | events over
	[ "$(rt-tail over -o cat)" = $'whole\ntorn' ]
	[ "$(rt-tail over -n 1 -o cat)" = torn ]
	[ "$(rt-tail over -f -o cat)" = $'whole\ntorn' ]
	running on
	printf '{"ts":"2026-07-01T12:00:01Z","message":"torn"}' | events on
	record on run 00.500000000 stdout F line
	printf '2026-07-01T12:00:01Z stdout F to' >>"$RT_RUNS_DIR/on/logs/run.log"
	[ "$(rt-tail on -o cat)" = $'ready\nline' ]
	[ "$(rt-tail on -n 1 -o cat)" = line ]
	[ "$(rt-tail on -n 0 -o cat)" = '' ]
}

@test "the end of a large file is read, not the whole of it" {
	make_run big
	# 40 MB of events, 40 MB of output
	event big 00.000 "$(printf 'x%.0s' {1..400})"
	record big run 00.000000000 stdout F "$(printf 'y%.0s' {1..400})"
	for log in events.jsonl logs/run.log; do
		log=$RT_RUNS_DIR/big/$log
		for _ in 1 2 3 4 5 6 7; do
			cat "$log" "$log" "$log" "$log" "$log" >new && mv new "$log"
		done
		[ "$(wc -c <"$log")" -gt 30000000 ]
	done
	event big 01.000 last
	make_run big "\"events_size\":$(wc -c <"$RT_RUNS_DIR/big/events.jsonl")"
	# what a shell's children have read is counted with it when they have ended
	bash -c 'rt-tail big >out; cat /proc/$$/io' >io
	[ "$(wc -l <out)" -eq 10 ]
	[ "$(sed -n 's/^rchar: //p' io)" -lt 4000000 ]
	# all of it: memory does not grow with it
	[ -n "${RT_SANITIZE-}" ] || ulimit -v 60000
	[ "$(rt-tail big -n all -o cat | wc -l)" -eq 156251 ]
}

@test "rotated output: oldest first, also backwards" {
	local log n
	make_run rotated
	log=$RT_RUNS_DIR/rotated/logs/run.log
	for n in 1 2 3 4 5 6 7 8; do
		record rotated run 0$n.000000000 stdout F "line $n"
		record rotated run 0$n.500000000 stdout P "piece $n "
		case $n in
		2 | 4) mv "$log" "$log.$((4 - n / 2))" ;; # .3, .2
		7) mv "$log" "$log.1" ;;
		esac
	done
	record rotated run 09.000000000 stdout F end
	printf '%s\n' 'line 1' 'piece 1 line 2' 'piece 2 line 3' 'piece 3 line 4' 'piece 4 line 5' \
		'piece 5 line 6' 'piece 6 line 7' 'piece 7 line 8' 'piece 8 end' >whole
	rt-tail rotated -n all -o raw | cmp - whole
	rt-tail rotated -n all -o cat | cmp - whole
	rt-tail rotated -n 1 -o cat | cmp - <(tail -n 1 whole)
	# a line in pieces over two files may be cut in two, but nothing else is
	for n in 0 2 3 4 5 6 7 8 9 10; do
		rt-tail rotated -n $n -o cat >some
		[ "$(wc -l <some)" -eq $((n > 9 ? 9 : n)) ]
		tail -n +2 some | cmp - <(tail -n $n whole | tail -n +2)
	done
}

@test "--exit-status says how the run ended" {
	local state
	for state in completed:0 failed:1 cancelled:1 running:4 pending:4 paused:4; do
		make_run ${state%:*} "\"status\":\"${state%:*}\""
		run "-${state#*:}" rt-tail --exit-status ${state%:*}
		run -0 rt-tail ${state%:*}
	done
	make_run lost "$(printf '"status":"running","owner":{%s,"boot_id":"%s","pid_ns":%d}' \
		'"pid":1,"start_ticks":1' "$(cat /proc/sys/kernel/random/boot_id)" "$(stat -L -c %i /proc/self/ns/pid)")"
	run -1 rt-tail --exit-status lost
	run -1 rt-tail -f --exit-status failed
	run -0 rt-tail -f --exit-status completed
	echo '{"event_type":"session_failed","message":"boom"}' >failed.jsonl
	run -1 rt-tail --exit-status ./failed.jsonl
	printf '{"event_type":"session_%s"}\n' started completed >good.jsonl
	run -0 rt-tail --exit-status ./good.jsonl
}

@test "wrong usage and what is not there" {
	make_run a
	run -3 rt-tail a b
	[[ ${lines[0]} == 'rt-tail: no run "b"'* ]]
	run -2 rt-tail a --name x
	[[ ${lines[0]} == 'rt-tail: name runs or select them, not both' ]]
	run -2 rt-tail -n x
	run -2 rt-tail a -o table
	[[ ${lines[0]} == 'rt-tail: bad -o "table": one of pretty, jsonl, json, cat, raw' ]]
	run -2 rt-tail a -g '['
	run -3 rt-tail nope
	[[ $output == *'no run "nope"'* ]]
	run -3 rt-tail ./nope.jsonl
	echo '{}' >log.jsonl
	run -2 rt-tail ./log.jsonl --logs
	[[ ${lines[0]} == *'log.jsonl" is a file of events, there is no output' ]]
	mkfifo fifo
	run -3 rt-tail ./fifo
	[[ $output == *'it is no regular file'* ]]
	make_run linked
	ln -s /etc/hostname "$RT_RUNS_DIR/linked/events.jsonl"
	run -3 rt-tail linked
	make_run fifo
	mkdir "$RT_RUNS_DIR/fifo/logs"
	mkfifo "$RT_RUNS_DIR/fifo/logs/run.log"
	run -0 rt-tail fifo
	[ "$output" = 'rt-tail: cannot read "logs/run.log": it is no regular file' ]
}

@test "a full disk behind standard output is said, a closed one is silent" {
	make_full
	run -3 --separate-stderr bash -c 'rt-tail full >/dev/full'
	[ "$stderr" = 'rt-tail: cannot write standard output: No space left on device' ]
	running on
	run -3 timeout 20 bash -c 'rt-tail -f on >/dev/full'
	seq -f '{"message":"%0100.0f"}' 2000 | events full
	run -0 --separate-stderr bash -c 'rt-tail full -n all | head -n 1'
	[ "${#lines[@]}" -eq 1 ]
	[ -z "$stderr" ]
	run -0 --separate-stderr bash -c "trap '' PIPE; rt-tail full -n all | head -n 1"
	[ -z "$stderr" ]
}

@test "a follower ends when its reader has gone, though nothing happens" {
	running idle
	start bash -c "trap '' PIPE; rt-tail -f idle -o cat | head -n 1"
	ends
	[ "$(cat out)" = ready ]
	[ ! -s err ]
}

@test "a reader that is slow gets everything, in bounded memory" {
	local pad pid
	running on
	pad=$(printf 'x%.0s' {1..300})
	mkfifo pipe
	start bash -c 'exec rt-tail -f on -n all -o cat >pipe'
	exec 7<pipe
	wait_for 30 pgrep -P "$follower" >/dev/null
	pid=$(pgrep -P "$follower")
	mkdir -p "$RT_RUNS_DIR/on/logs"
	# more changes than the kernel keeps for somebody who does not ask
	for n in {1..10000}; do
		echo "{\"message\":\"event $n $pad\"}" >>"$RT_RUNS_DIR/on/events.jsonl"
		echo "2026-07-01T12:00:00Z stdout F line $n $pad" >>"$RT_RUNS_DIR/on/logs/run.log"
	done
	[ -n "${RT_SANITIZE-}" ] || [ "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")" -lt 20000 ]
	finish on
	cut -d ' ' -f 1,2 <&7 >got
	exec 7<&-
	ends
	[ "$(wc -l <got)" -eq 20001 ]
	cmp <(grep event got) <(seq -f 'event %.0f' 10000)
	cmp <(grep line got) <(seq -f 'line %.0f' 10000)
}

@test "a component of a step: its events, as they come" {
	running on
	event on 01.000 a '"step_id":"step_003","component":"adapter"'
	event on 02.000 b '"step_id":"step_003"'
	event on 03.000 c '"step_id":"step_001","component":"adapter"'
	record on step_003 04.000000000 stdout F 'output of the step'
	[ "$(rt-tail on --step 3 --component adapter -o cat)" = a ]
	start rt-tail -f on --step 3 --component adapter -n all -o cat
	wait_for 30 printed a
	event on 05.000 d '"step_id":"step_003","component":"adapter"'
	event on 06.000 e '"component":"adapter"'
	finish on
	ends
	[ "$(cat out)" = $'a\nd' ]
}

@test "following a run that is over prints and ends" {
	make_full
	[ "$(rt-tail full -f -n all -o cat)" = "$(all_of_full)" ]
	[ "$(rt-tail full -f -n 0 -o cat)" = '' ]
	[ "$(rt-tail full -f --logs -n 1 -o cat)" = 'no newline' ]
}

@test "following: what is appended, whole lines only, until the end" {
	running on
	follow on -n all -o cat
	event on 01.000 two
	wait_for 30 printed two
	printf '{"ts":"2026-07-01T12:00:02Z",' | events on
	record on run 02.000000000 stdout F output
	wait_for 30 printed output
	printf '"message":"three"}\n{"message":"four"}\n{"message":' | events on
	wait_for 30 printed four
	printf '"five"}\n' | events on
	wait_for 30 printed five
	printf '{"message":"torn"}' | events on
	finish on
	ends
	[ "$(cat out)" = "$(printf '%s\n' ready two output three four five torn)" ]
	[ ! -s err ]
}

@test "following from before the first event, the first step and the first output" {
	local id
	id=$(rt-run start --owner $$)
	follow "$id" -n all -o cat
	[ "$(cat out)" = 'Run started' ]
	RT_RUN=$RT_RUNS_DIR/$id rt-run step one -- sh -c 'echo a; echo b >&2; printf c'
	RT_RUN=$RT_RUNS_DIR/$id rt-run step two -- seq -f "two %.0f" 3
	rt-emit -r "$id" hello
	rt-run finish -r "$id"
	ends
	[ "$(sort out)" = "$(printf '%s\n' 'Run completed' 'Run started' 'Step one completed' \
		'Step one started' 'Step two completed' 'Step two started' a b c hello 'two 1' 'two 2' \
		'two 3' | sort)" ]
	# a run of another system that has not written a line yet
	make_run early '"status":"running"'
	start rt-tail -f early -o cat
	event early 00.000 first
	wait_for 30 printed first
	record early run 01.000000000 stdout F output
	wait_for 30 printed output
	finish early
	ends
}

@test "following 32 writers of 200 events each: everything once" {
	local id pids=() w
	id=$(rt-run start --owner $$)
	follow "$id" -n all -o cat
	for w in {1..32}; do
		{ for i in {1..200}; do echo "$w.$i"; done | rt-emit -r "$id" -; } 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	rt-run finish -r "$id"
	ends
	[ "$(wc -l <out)" -eq 6402 ]
	[ "$(tail -n 1 out)" = 'Run completed' ]
	cmp <(sort out) <({
		for w in {1..32}; do for i in {1..200}; do echo "$w.$i"; done; done
		printf 'Run %s\n' started completed
	} | sort)
	[ ! -s err ]
	# in the order in which they stand
	rt-tail "$id" -n all -o cat | cmp - out
}

@test "following many single emits and steps at once: everything once" {
	local id
	id=$(rt-run start --owner $$)
	follow "$id" -n all -o jsonl
	cat >writer <<-'END'
		for i in 1 2 3 4 5 6 7 8 9 10; do rt-emit "event $1.$i"; done
		rt-run step "s$1" -- sh -c 'for i in $(seq 100); do
			echo "out $0.$i"; echo "err $0.$i" >&2; done' "$1"
	END
	RT_RUN=$RT_RUNS_DIR/$id xargs -P 16 -I{} sh writer {} < <(seq 40) >/dev/null 2>&1 3>&-
	rt-run finish -r "$id"
	ends
	rt-tail "$id" -n all -o jsonl >whole
	cmp <(sort whole) <(sort out)
	[ "$(grep -c '"event ' out)" -eq 400 ]
	[ "$(grep -o '"out [0-9.]*"' out | sort -u | wc -l)" -eq 4000 ]
	[ "$(grep -o '"err [0-9.]*"' out | sort -u | wc -l)" -eq 4000 ]
	[ "$(grep -c '"stream"' out)" -eq 8000 ]
}

@test "more steps than files may be open" {
	local n
	make_run many '"status":"running"'
	for n in {001..150}; do
		record many "step_$n" "$(printf '%02d' $((10#$n % 60))).000000000" stdout F "first $n"
		record many "step_$n" "$(printf '%02d' $((10#$n % 60))).500000000" stdout F "second $n"
	done
	ulimit -n 100
	rt-tail many -n all -o jsonl >whole
	[ "$(wc -l <whole)" -eq 300 ]
	jq -r .ts <whole | sort -c
	for n in 1 2 149 150 151 299; do
		rt-tail many -n $n -o jsonl | cmp - <(tail -n $n whole)
	done
	follow many -n all -o cat
	for n in {150..001}; do
		record many "step_$n" 59.900000000 stdout F "third $n"
	done
	record many step_151 59.900000000 stdout F "new"
	finish many
	ends
	[ "$(grep -c third out)" -eq 150 ]
	[ "$(wc -l <out)" -eq 451 ]
}

@test "a dead owner ends the follow: lost" {
	local owner id
	sleep 600 3>&- &
	owner=$!
	disown # so that the shell does not say that it was killed
	id=$(rt-run start --owner $owner)
	follow "$id" -o cat --exit-status
	rt-emit -r "$id" hello
	wait_for 30 printed hello
	sleep 0.5 # so that nothing else makes it look
	kill -9 $owner
	ends 1
	[ "$(cat out)" = $'Run started\nhello' ]
	[ "$(cat err)" = "rt-tail: run \"$id\" is lost: its owner, process $owner, has died" ]
	run -0 --separate-stderr rt-tail -f "$id" -o cat
	[ "$output" = $'Run started\nhello' ]
	[[ $stderr == *'is lost'* ]]
}

@test "truncated, overwritten and replaced files are said, and followed" {
	local log
	running on
	log=$RT_RUNS_DIR/on/events.jsonl
	follow on -n all -o cat
	event on 01.000 two
	wait_for 30 printed two
	: >"$log"
	wait_for 30 grep -q 'was truncated' err
	event on 02.000 three
	wait_for 30 printed three
	# another file of that name
	echo '{"ts":"2026-07-01T12:00:03Z","message":"four"}' >new
	mv new "$log"
	wait_for 30 printed four
	grep -q '"events.jsonl" was replaced' err
	# in place, longer than what was read
	printf '{"ts":"2026-07-01T12:00:04Z","message":"%s"}\n' five six seven >new
	cp new "$log"
	wait_for 30 printed seven
	# a writer takes back what did not fit
	printf '{"message":"eight"}\n{"message":"ni' | events on
	wait_for 30 printed eight
	truncate -s "$(stat -c %s new)" "$log"
	wait_for 30 grep -q 'was cut' err
	event on 09.000 nine
	wait_for 30 printed nine
	finish on
	ends
	[ "$(cat out)" = "$(printf '%s\n' ready two three four five six seven eight nine)" ]
	[ "$(wc -l <err)" -eq 4 ]
}

@test "following rotation by renaming: silently, everything once" {
	local log n
	running on
	record on step_001 00.000000000 stdout F first
	follow on -n all -o cat
	log=$RT_RUNS_DIR/on/logs/step_001/output.log
	for n in {1..60}; do
		record on step_001 01.000000000 stdout F "line $n"
		event on 01.000 "event $n"
		case $((n % 7)) in
		0 | 3)
			for i in 9 8 7 6 5 4 3 2 1; do
				[ ! -e "$log.$i" ] || mv "$log.$i" "$log.$((i + 1))"
			done
			mv "$log" "$log.1"
			;;
		5) wait_for 30 printed "line $n\$" ;;
		6)
			mv "$RT_RUNS_DIR/on/events.jsonl" "$RT_RUNS_DIR/on/events.jsonl.1"
			event on 01.000 "moved $n"
			wait_for 30 printed "moved $n\$"
			;;
		esac
	done
	finish on
	ends
	cat err
	[ ! -s err ]
	[ "$(grep -c line out)" -eq 60 ]
	[ "$(grep line out | sort -u | wc -l)" -eq 60 ]
	grep line out | sort -c -V
	[ "$(grep -c event out)" -eq 60 ]
	[ "$(grep event out | sort -u | wc -l)" -eq 60 ]
}

@test "rotation that is faster than the follower is said" {
	local log
	running on
	log=$RT_RUNS_DIR/on/logs/run.log
	record on run 00.000000000 stdout F first
	follow on -n all -o cat
	wait_for 30 printed first
	pkill -STOP -P "$follower"
	record on run 01.000000000 stdout F second
	rm "$log"
	record on run 02.000000000 stdout F 'never seen'
	rm "$log"
	sleep 0.1
	record on run 03.000000000 stdout F third
	mv "$log" "$log.1"
	record on run 04.000000000 stdout F fourth
	pkill -CONT -P "$follower"
	finish on
	ends
	[ "$(grep -v ready out)" = $'first\nsecond\nthird\nfourth' ]
	[ "$(cat err)" = 'rt-tail: "logs/run.log" was rotated faster than it is read; some of it may not be shown' ]
}

@test "a run that is removed ends the follow with 3" {
	running gone
	follow gone
	rm -r "$RT_RUNS_DIR/gone"
	ends 3
	[ "$(cat err)" = 'rt-tail: run "gone" was removed' ]
}

@test "a run that is renamed is followed" {
	running old
	follow old -o cat
	mv "$RT_RUNS_DIR/old" "$RT_RUNS_DIR/new"
	event new 01.000 moved
	record new step_001 01.500000000 stdout F output
	wait_for 30 printed output
	finish new
	ends
	[ "$(cat out)" = $'ready\nmoved\noutput' ]
}

@test "following a file goes on until it is interrupted" {
	local pid
	echo '{"message":"first"}' >log.jsonl
	rt-tail -f ./log.jsonl -o cat >out 2>err 3>&- &
	pid=$!
	wait_for 30 printed first
	echo '{"message":"second","type":"session_completed"}' >>log.jsonl
	wait_for 30 printed second
	printf '{"message":"third"' >>log.jsonl
	printf '}\n' >>log.jsonl
	wait_for 30 printed third
	mv log.jsonl log.jsonl.1
	echo '{"message":"fourth"}' >log.jsonl
	wait_for 30 printed fourth
	kill "$pid"
	wait "$pid" || [ $? = 143 ]
	[ "$(cat out)" = "$(printf '%s\n' first second third fourth)" ]
	[ ! -s err ]
	# log.jsonl.1 was followed when it was renamed, but it was not asked for
	[ "$(rt-tail ./log.jsonl -n all -o cat)" = fourth ]
}

@test "following events.jsonl of a run ends with the run, and shows events only" {
	running on
	record on run 00.000000000 stdout F output
	follow "$RT_RUNS_DIR/on/events.jsonl" -o cat
	event on 01.000 two
	finish on
	ends
	[ "$(cat out)" = $'ready\ntwo' ]
	[ "$(rt-tail "$RT_RUNS_DIR/on/events.jsonl" --logs -o cat)" = output ]
}

@test "-f --logs knows the end, -f with a filter too" {
	running on
	record on run 00.000000000 stdout F output
	follow on --logs -o cat
	event on 01.000 hidden
	record on run 02.000000000 stdout F more
	event on 03.000 over '"type":"run_completed"'
	finish on
	ends
	[ "$(cat out)" = $'output\nmore' ]
	running two
	start rt-tail -f two --type nope
	event two 03.000 over
	finish two
	ends
	[ ! -s out ]
	[ ! -s err ]
}

@test "a follower that waits makes no system call" {
	local id before
	command -v strace >/dev/null || skip "no strace"
	[ -z "${RT_SANITIZE-}" ] || skip "sanitizers make their own"
	strace -o /dev/null true 2>/dev/null || skip "strace is not allowed here"
	# until it sleeps: nothing is added any more
	sleeps() {
		local before=-1
		while [ "$before" != "$(wc -l <trace)" ]; do
			before=$(wc -l <trace)
			sleep 0.3
		done
		sleep 1
		[ "$(wc -l <trace)" = "$before" ]
	}
	id=$(rt-run start --owner $$)
	start strace -o trace rt-tail -f "$id"
	wait_for 30 test -s out
	sleeps
	rt-emit -r "$id" hello
	wait_for 30 printed hello
	sleeps
	rt-run finish -r "$id"
	ends
	# a file, in which the end of a run means nothing
	mkdir dir
	echo '{"type":"session_completed","message":"over"}' >dir/log.jsonl
	start strace -o trace rt-tail -f dir/log.jsonl
	wait_for 30 printed over
	echo '{"type":"session_completed","message":"again"}' >>dir/log.jsonl
	echo '{}' >dir/status.json
	wait_for 30 printed again
	sleeps
	kill "$(pgrep -P "$(pgrep -P "$follower" strace)")"
	ends 143
}

@test "where inotify has nothing left to give, folders are polled" {
	local id limit
	try() {
		# shellcheck disable=SC2016 # that is what the inner shell expands
		unshare -Ur sh -c 'echo "$2" >"/proc/sys/user/max_inotify_$1" && shift 2 && exec "$@"' - "$@"
	}
	try instances 5 true 2>/dev/null || skip "no user namespaces here"
	for limit in 'instances 0' 'watches 1' 'watches 2'; do
		id=$(rt-run start --owner $$)
		rm -f out code
		# shellcheck disable=SC2086
		start try $limit rt-tail -v -f "$id" -o cat
		wait_for 30 test -s out
		grep -q "changes are not reported here" err || [ "$limit" = 'watches 2' ]
		rt-emit -r "$id" hello
		wait_for 30 printed hello
		RT_RUN=$RT_RUNS_DIR/$id rt-run step one -- echo output
		wait_for 30 printed output
		rt-run finish -r "$id"
		ends
		[ "$(cat out)" = "$(printf '%s\n' 'Run started' hello 'Step one started' output \
			'Step one completed' 'Run completed')" ]
		[ "$(wc -l <err)" -eq 1 ]
	done
}
