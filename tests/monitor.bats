#!/usr/bin/env bats
# rt-monitor in tmux, as a person sees it: what is on the screen, keys, commands,
# sizes, and the terminal afterwards.

load helper

setup() {
	rt_setup
	command -v rt-monitor >/dev/null || skip "rt-monitor was not built"
	command -v tmux >/dev/null || skip "no tmux"
	needs_terminal
	naps 50000
	socket=''
	export TERM=screen-256color
}

teardown() {
	end_screen
	end_naps
}

screen() {
	tmux -S "$socket" -f /dev/null "$@"
}

end_screen() {
	[ "$socket" ] || return 0
	screen kill-server 2>/dev/null || true
	rm -f "$socket"
}

# A shell on a screen of its own, of so many columns and rows, in which this is typed.
begin() {
	end_screen
	# the path of a socket may not be long, and a server that ends may still have its own
	socket=$(mktemp -u "${TMPDIR:-/tmp}/tmux.XXXXXX")
	screen new-session -d -s it -x "$1" -y "$2" "exec bash --norc --noprofile"
	shift 2
	screen send-keys -t it -l "PS1='ready% '; clear; $*"
	screen send-keys -t it Enter
}

# The process that waits, and the one that draws; of this screen, whatever else runs.
keeper() {
	pgrep -P "$(screen display-message -p -t it '#{pane_pid}')" -x rt-monitor
}

drawer() {
	pgrep -P "$(keeper)" -x rt-monitor
}

# Keys by the names that tmux has for them; or text as it is.
press() {
	screen send-keys -t it "$@"
}

type_text() {
	screen send-keys -t it -l "$1"
}

shown() {
	screen capture-pane -p -t it
}

shows() {
	[[ $(shown) == *"$1"* ]]
}

hides() {
	! shows "$1"
}

# Wait until this is on the screen, or is not any more.
see() {
	wait_for 20 shows "$1" || { echo "not shown: $1"; shown; false; }
}

see_no() {
	wait_for 20 hides "$1" || { echo "still shown: $1"; shown; false; }
}

# Wait until the screen is what a file of expected text says. WRITE_SCREENS=1 makes the files anew:
# look at the difference then.
see_screen() {
	local want=$SOURCE/tests/fixtures/monitor/$1.txt

	[ -z "${WRITE_SCREENS-}" ] || { sleep 1; shown >"$want"; }
	same() { shown | cmp -s - "$want"; }
	wait_for 20 same || { shown | diff "$want" - || false; }
}

# A run with three steps that is over, always the same to the last millisecond.
make_story() {
	local dir=$RT_RUNS_DIR/story

	make_run story '"name":"nightly","status":"failed","started_at":"2026-07-01T12:00:00.000+00:00",
		"finished_at":"2026-07-01T12:01:40.000+00:00","duration_ms":100000,"error":"exit code 1",
		"percent":60,"counts":{"events":1234,"warnings":1,"errors":2},
		"tokens":{"prompt":1000,"completion":234,"total":1234},"cost_usd":0.5'
	mkdir -p "$dir"/logs/step_001 "$dir"/logs/step_002 "$dir"/logs/step_003
	cat >"$dir/events.jsonl" <<'END'
{"ts":"2026-07-01T12:00:00.000+00:00","type":"run_started","message":"Run started"}
{"ts":"2026-07-01T12:00:00.000+00:00","type":"step_started","stage":"fetch","message":"Step fetch started","step":1,"step_id":"step_001"}
{"ts":"2026-07-01T12:00:20.000+00:00","type":"step_retrying","stage":"fetch","message":"Step fetch: try 2","step":1,"step_id":"step_001"}
{"ts":"2026-07-01T12:00:20.000+00:00","type":"step_started","stage":"fetch","message":"Step fetch started","step":1,"step_id":"step_001"}
{"ts":"2026-07-01T12:00:30.000+00:00","type":"step_completed","stage":"fetch","message":"Step fetch completed","step":1,"step_id":"step_001","duration_ms":30000}
{"ts":"2026-07-01T12:00:30.000+00:00","type":"step_started","stage":"bau 建物","message":"Step bau started","step":2,"step_id":"step_002"}
{"ts":"2026-07-01T12:00:40.000+00:00","type":"warning","stage":"bau 建物","message":"disk is nearly full \u001b[31m","percent":60}
{"ts":"2026-07-01T12:01:10.000+00:00","type":"step_completed","stage":"bau 建物","message":"Step bau completed","step":2,"step_id":"step_002","duration_ms":40000}
{"ts":"2026-07-01T12:01:10.000+00:00","type":"step_started","stage":"test","message":"Step test started","step":3,"step_id":"step_003","component":"adapter"}
{"ts":"2026-07-01T12:01:40.000+00:00","type":"step_failed","stage":"test","message":"Step test failed: exit code 1","step":3,"step_id":"step_003","component":"adapter","error":"exit code 1","duration_ms":30000,"metadata":{"exit_code":1}}
{"ts":"2026-07-01T12:01:40.000+00:00","type":"run_failed","message":"Run failed: exit code 1","error":"exit code 1"}
END
	jq --argjson n "$(wc -c <"$dir/events.jsonl")" '.events_size = $n' "$dir/status.json" >status
	mv status "$dir/status.json"
	printf '2026-07-01T12:00:0%d.000000000Z stdout F fetched %d\n' 1 1 2 2 3 3 >"$dir/logs/step_001/output.log"
	printf '2026-07-01T12:00:31.000000000Z stdout F %s\n' $'建物 is\twide' $'raw \x1b]0;x\x07 escape' \
		>"$dir/logs/step_002/output.log"
	{
		for i in $(seq 40); do echo "2026-07-01T12:01:11.000000000Z stdout F test $i"; done
		echo "2026-07-01T12:01:39.000000000Z stderr F it broke"
	} >"$dir/logs/step_003/output.log"
	echo '2026-07-01T12:00:00.000000000Z stdout F begun' >"$dir/logs/run.log"
}

@test "a run that is over, on 80x24 and on 200x60" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	see_screen story-80x24
	screen resize-window -t it -x 200 -y 60
	see_screen story-200x60
	screen resize-window -t it -x 80 -y 24
	see_screen story-80x24
	press q
	see 'ready%'
	see_no nightly
}

@test "steps that ended long after their run are drawn to the edge" {
	make_story
	sed -i '/step_started.*step_002/s/2026/2260/; /step_completed\|step_failed/s/2026/2261/' \
		"$RT_RUNS_DIR/story/events.jsonl"
	begin 200 60 rt-monitor story
	see 'it broke'
	see 365d # step_002
	press q
	see 'ready%'
}

@test "on a screen that is very small there is the pane with the focus" {
	make_story
	begin 30 10 rt-monitor story
	see step_003
	see_no 'it broke'
	press Tab
	see 'it broke'
	screen resize-window -t it -x 5 -y 2
	screen resize-window -t it -x 80 -y 24
	see 'Run failed'
	press q
	see 'ready%'
}

@test "help, details, and the way back" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	press '?'
	see 'let it go on'
	see_screen help
	press Escape
	see 'it broke'
	press Enter
	see_screen details
	press q
	type_text ':details fetch'
	press Enter
	see 'Retries: 1'
	press q
	see 'fetched 3'
	type_text ':details nope'
	press Enter
	see 'there is no step "nope"'
}

@test "the plan is moved in, and the log is that of the selected step" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	press k
	see 'raw ^[]0;x^G escape'
	see '建物 is wide'
	press g
	see begun
	press G
	see 'it broke'
	press Up Up
	see 'fetched 3'
	press F
	see 'it broke'
}

@test "log and events are moved in, folded, and shown alone" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	press 2 g
	see 'test 1'
	see_no 'it broke'
	see '%'
	press j j
	see_no 'test 2 '
	press G
	see 'it broke'
	press z
	see 'test 30'
	see_no 'Run failed'
	press t
	see '12:01:39 it broke'
	press t z 3
	see 'Run failed'
	echo "2026-07-01T12:01:39.000000000Z stdout F $(printf 'x%.0s' {1..100})END" \
		>>"$RT_RUNS_DIR/story/logs/step_003/output.log"
	press 2
	see xxxx
	see_no END
	press w
	see END
	press w
	see_no END
	press l l l l
	see END
	# as wide as the time of an event is
	screen resize-window -t it -x 9 -y 40
	press 3 z w
	see $'\nwarning'
}

@test "how long a step took is not shown where no event says when" {
	make_run timeless '"status":"running"'
	echo '{"type":"step_completed","step_id":"step_001","stage":"build","duration_ms":5000}' \
		>"$RT_RUNS_DIR/timeless/events.jsonl"
	begin 80 24 rt-monitor timeless
	see success
	[[ $(shown) =~ success\ *$'\n' ]]
}

@test "tabs, wide and combining characters keep to their columns" {
	make_story
	{
		printf '2026-07-01T12:01:39.000000000Z stdout F %s\n' $'a\tb\t建物\tc' $'\u0301at' "$(printf '建%.0s' {1..45})"
	} >>"$RT_RUNS_DIR/story/logs/step_003/output.log"
	begin 80 24 rt-monitor story
	see $'a       b       建物    c\nat\n'"$(printf '建%.0s' {1..40})"$'\n── Events'
	press 2 w
	see "$(printf '建%.0s' {1..40})"$'\n建建建建建\n── Events'
}

@test "a search goes down and up, and says when there is nothing" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	press 2 g
	see_no 'it broke'
	type_text '/BROKE'
	press Enter
	see 'not found below'
	type_text '/it b[ro]*ke'
	press Enter
	see 'it broke'
	press g
	see_no 'it broke'
	press n
	see 'it broke'
	type_text '\test 7'
	press Enter
	see 'test 7'
	type_text '/('
	press Enter
	see 'no regular expression'
	press 1
	type_text '/fetch'
	press Enter
	see 'fetched 3'
}

@test "events are filtered by conditions and by words" {
	make_story
	begin 80 24 rt-monitor story
	see 'Run failed'
	type_text ':filter level=warning'
	press Enter
	see_screen filter
	press f
	type_text 'step=test failed'
	press Enter
	see_no 'Run failed'
	see 'Step test failed'
	type_text ':filter percent>50'
	press Enter
	see_no 'Step test failed'
	see 'nearly full ^[[31m'
	type_text ':filter nothing has this'
	press Enter
	see nothing
	type_text ':filter  percent >  50 nearly level = warning'
	press Enter
	see 'nearly full ^[[31m'
	type_text ':filter level=loud'
	press Enter
	see loud
	press :
	type_text filter
	press Enter
	see 'Run failed'
}

@test "a command is completed, edited, and brought back" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	press : C-k
	type_text 'fil'
	press Tab
	type_text 'lev'
	press Tab Tab
	see 'level=debug  level=info'
	type_text e
	press Tab Enter
	see 'filter: level=error'
	type_text ':det'
	press Tab
	type_text fe
	press Tab
	see ':details fetch'
	press C-a C-k
	type_text 'xyz建'
	press BSpace BSpace Left BSpace
	see ':y'
	press Escape
	press : Up
	see ':filter level=error'
	press Down C-u
	type_text nope
	press Enter
	see 'no command "nope"'
	type_text ':quit now'
	press Enter
	see 'takes no argument'
	type_text ':q'
	press Enter
	see 'ready%'
}

@test "without a run there is a list to pick from, and back" {
	make_story
	make_run other '"status":"completed","started_at":"2026-06-01T12:00:00.000+00:00",
		"finished_at":"2026-06-01T12:00:01.000+00:00","duration_ms":1000'
	: >"$RT_RUNS_DIR/other/events.jsonl"
	mkdir "$RT_RUNS_DIR/timeless"
	echo '{"run_id":"timeless","status":"completed"}' >"$RT_RUNS_DIR/timeless/status.json"
	begin 80 24 rt-monitor
	see timeless
	see nightly
	type_text '/nightly'
	press Enter Enter
	see 'it broke'
	press L
	see 'Runs ── '
	see other
	type_text ':pause'
	press Enter
	see 'show one first'
	press q
	see 'ready%'
	type_text 'rt-monitor --status failed'
	press Enter
	see nightly
	see_no 2026-06-01
	press q
}

@test "a run that goes on: it grows, is paused, resumed, told something, cancelled" {
	rt-run --detach --id a --name live -- sh -c '
		echo outside
		rt-run step first -- sh -c "echo one"
		rt-emit -p 30 -s middle "on the way"
		rt-run step second -- sh -c "echo two; until [ -e go ]; do sleep 0.05; done; echo three; exec sleep '"$NAP"'"'
	begin 80 24 rt-monitor a
	see two
	see ETA
	see '30%'
	see running
	touch go
	see three
	press p
	see 'a  paused'
	press r
	see 'a  running'
	press c
	type_text 'mind the step'
	press Enter
	see 'mind the step'
	[ "$(cat "$RT_RUNS_DIR/a/context/001.txt")" = 'mind the step' ]
	press x
	see 'cancel the run? (y/n)'
	press n
	see_no 'cancel the run?'
	see 'a  running'
	press x y
	see 'a  cancelled'
	[ "$(status_of a .status)" = cancelled ]
	press p
	see 'is cancelled'
	press q
	see 'ready%'
	nobody_sleeps
}

@test "the commands that steer, typed" {
	rt-run --detach --id a -- sleep "$NAP"
	begin 80 24 rt-monitor a
	see 'a  running'
	type_text ':pause'
	press Enter
	see 'a  paused'
	type_text ':resume'
	press Enter
	see 'a  running'
	type_text ':context'
	press Enter
	see 'what is the run to be told'
	type_text ':cancel'
	press Enter
	see 'a  cancelled'
	nobody_sleeps
}

@test "an owner that dies is seen" {
	rt-run --detach --id a -- sleep "$NAP"
	begin 80 24 rt-monitor a
	see 'a  running'
	kill -KILL "$(status_of a .owner.pid)"
	see 'a  lost'
}

@test "5,000 steps are all there" {
	make_run many '"status":"running"'
	awk 'BEGIN {
		for (i = 1; i <= 5000; i++) {
			s = sprintf("\"stage\":\"part %d\",\"step\":%d,\"step_id\":\"step_%03d\"", i, i, i)
			t = sprintf("2026-07-01T%02d:%02d:%02d.000+00:00", 12 + i / 3600, i / 60 % 60, i % 60)
			printf "{\"ts\":\"%s\",\"type\":\"step_started\",%s}\n", t, s
			if (i < 5000) printf "{\"ts\":\"%s\",\"type\":\"step_completed\",%s}\n", t, s
		}
	}' >"$RT_RUNS_DIR/many/events.jsonl"
	begin 80 24 rt-monitor many
	see '5000 steps, 1 running'
	see 'part 5000'
	press g
	see 'part 1 '
	type_text ':details 2500'
	press Enter
	see 'step_2500'
	press q
	see 'part 2500'
	type_text '/part 4711'
	press Enter
	see 'step_4711'
}

@test "of a large log only what is shown is read" {
	make_story
	local log=$RT_RUNS_DIR/story/logs/step_003/output.log
	# 700 MB
	yes '2026-07-01T12:01:11.000000000Z stdout F a line in the middle' | head -c 700000000 >>"$log"
	printf '\n2026-07-01T12:01:39.000000000Z stdout F %s\n' 'the last one' >>"$log"
	begin 80 24 rt-monitor story
	see 'the last one'
	press 2 PPage
	see_no 'the last one'
	press g
	see 'test 1'
	press G
	see 'the last one'
	pid=$(drawer)
	[ "$(awk '/^rchar/ { print $2 }' "/proc/$pid/io")" -lt 20000000 ]
	press q
	rm "$log"
}

@test "a log that is rotated is followed" {
	rt-run --detach --id a -- sh -c "echo one; exec sleep $NAP"
	begin 80 24 rt-monitor a
	see one
	mv "$RT_RUNS_DIR/a/logs/run.log" "$RT_RUNS_DIR/a/logs/run.log.1"
	echo '2026-07-01T12:00:00.000000000Z stdout F two' >"$RT_RUNS_DIR/a/logs/run.log"
	see two
}

@test "other logs of a step: a component's, and what was rotated" {
	make_story
	local logs=$RT_RUNS_DIR/story/logs/step_003
	echo '2026-07-01T12:01:11.000+00:00 [INFO] [test] adapter says hello' >"$logs/adapter.log"
	echo '2026-07-01T12:01:11.000000000Z stdout F long ago' >"$logs/output.log.1"
	ln -s /etc/passwd "$logs/link.log"
	begin 80 24 rt-monitor story
	see 'it broke'
	press o
	see 'long ago'
	see 'step_003 test ── output.log.1'
	press o
	see 'adapter says hello'
	press o
	see 'it broke'
	type_text ':log ada'
	press Tab Enter
	see 'adapter says hello'
	type_text ':log link.log'
	press Enter
	see 'there is no log link.log'
	press k
	see 'raw ^['
	press j
	see 'it broke'
}

@test "a run that is begun appears in the list, one that is deleted is said" {
	begin 80 24 rt-monitor
	see 'no runs yet'
	rt-run --id late --name newcomer -- true
	see newcomer
	press Enter
	see 'Run completed'
	rm -r "$RT_RUNS_DIR/late"
	see 'is no run'
	press L
	see 'no runs yet'
}

@test "a run in an archive is shown, and cannot be steered" {
	needs_archive
	make_story
	rt-archive --prune story >/dev/null
	mv "$RT_RUNS_DIR/story/run.tar.gz" .
	begin 80 24 rt-monitor ./run.tar.gz
	see 'it broke'
	press p
	see 'cannot be steered'
	press 3 g
	see 'Run started'
	type_text ':log '
	press Tab
	see ':log output.log'
}

@test "Ctrl-Z stops it as a job, fg brings it back" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	press C-z
	see Stopped
	see_no 'it broke'
	type_text fg
	press Enter
	see 'it broke'
	press C-z
	see_no 'it broke'
	# as a job that is stopped it ends without touching the terminal, which is the shell's
	type_text 'kill %1'
	pid=$(keeper)
	press Enter
	wait_for 20 test ! -e "/proc/$pid"
	press Enter
	see Terminated
	see 'ready%'
	type_text 'echo he"r"e'
	press Enter
	see here
}

@test "the terminal is as it was, however it ends" {
	make_story
	local modes='stty -a | md5sum' signals=(TERM HUP KILL)
	# a sanitizer makes a report of a crash instead
	[ "${RT_SANITIZE-}" ] || signals+=(SEGV)
	for sig in "${signals[@]}"; do
		rm -f before after code
		begin 80 24 "$modes >before; rt-monitor story; echo \$? >code; $modes >after"
		see 'it broke'
		kill "-$sig" "$(drawer)"
		wait_for 20 test -s after
		cmp before after
		[ "$(cat code)" = $((128 + $(kill -l "$sig"))) ]
		[ "$(screen display-message -p -t it '#{alternate_on} #{cursor_flag} #{keypad_flag}')" = "0 1 0" ]
	done
	rm after code
	begin 80 24 "rt-monitor story; echo \$? >code; $modes >after"
	see 'it broke'
	# the process that waits passes it on
	kill -TERM "$(keeper)"
	wait_for 20 test -s after
	cmp before after
	[ "$(cat code)" = 143 ]
	# and where that is killed, the other one tidies up
	rm after code
	type_text "rt-monitor story; echo \$? >code; $modes >after"
	press Enter
	see 'it broke'
	pid=$(drawer)
	kill -KILL "$(keeper)"
	wait_for 20 test -s after
	[ "$(cat code)" = 137 ]
	see_no 'it broke'
	wait_for 20 test ! -e "/proc/$pid"
	rm after code
	type_text 'rt-monitor story'
	press Enter
	see 'it broke'
	press C-c
	see_no 'it broke'
	type_text "echo \"\$?\" >code; $modes >after"
	press Enter
	wait_for 20 test -s after
	cmp before after
	[ "$(cat code)" = 130 ]
}

@test "nothing is done while nothing happens" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	pid=$(drawer)
	sleep 0.5
	switches() { awk '/ctxt/ { n += $2 } END { print n }' "/proc/$pid/status"; }
	before=$(switches)
	sleep 2
	[ "$(switches)" = "$before" ]
}

@test "colours, and none" {
	make_story
	begin 80 24 rt-monitor story
	see 'it broke'
	screen capture-pane -e -p -t it | grep -q $'\x1b\\[[0-9;]*3[1-6]m'
	press q
	see_no 'it broke'
	type_text 'NO_COLOR=1 rt-monitor story'
	press Enter
	see 'it broke'
	run ! grep -q $'\x1b\\[[0-9;]*3[1-6]m' <(screen capture-pane -e -p -t it)
}

@test "what it cannot do is said" {
	make_story
	run -3 --separate-stderr rt-monitor story </dev/null
	[ "$stderr" = "rt-monitor: it draws on a terminal, and this is none: rt-status and rt-tail -f print" ]
	run -3 --separate-stderr rt-monitor nope
	[[ $stderr == *'no run "nope"'* ]]
	run -2 --separate-stderr rt-monitor story other
	[[ $stderr == *'"other" is too much'* ]]
	run -2 --separate-stderr rt-monitor --status failed story
	[[ $stderr == *'one of the two'* ]]
	run -2 --separate-stderr rt-monitor --status odd
	[[ $stderr == *'bad --status "odd"'* ]]
	begin 80 24 'TERM=dumb rt-monitor story'
	see 'the terminal cannot be drawn on: TERM is "dumb"'
}
