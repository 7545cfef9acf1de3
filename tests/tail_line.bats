#!/usr/bin/env bats
# rt-tail -f on a terminal: the live last line.

load helper
load tail

setup() {
	rt_setup
	needs_terminal
	command -v python3 >/dev/null || skip "no python3"
	export TERM=xterm
}

# As a person runs it: see terminal.py for the steps. The end is Ctrl-C: exit code 130.
interrupted() {
	run -130 timeout 120 python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&-
}

# A run that began 100 s ago, with members of its status.
progress() {
	make_run on '"status":"running","started_at":"'"$(date -u -d '-100 seconds' +%FT%TZ)"'",
		"updated_at":"'"$(date -u +%FT%TZ)"'",'"$1"
}

# What stands on the screen after all that was shown, on a terminal that knows no
# more than CR, LF, erasing what is behind the cursor, and colours.
screen() {
	python3 -c '
import re, sys
rows, x = [""], 0
for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.|\n", sys.argv[1], re.S):
    if part == "\r":
        x = 0
    elif part == "\n":
        rows.append("")
    elif part == "\x1b[J":
        rows[-1] = rows[-1][:x]
    elif part[0] != "\x1b":
        rows[-1] = rows[-1][:x] + part + rows[-1][x + 1:]
        x += 1
print("\n".join(rows))' "$1"
}

@test "the live line: stage, bar, elapsed, ETA; an interrupt erases it" {
	progress '"stage":"build","percent":25'
	event on 00.000 ready
	interrupted expect:ready expect:build expect:'[#####...............] 25%  elapsed 1m 4' \
		expect:'ETA 5m ' send:$'\003' -- rt-tail -f on
	[ "$(screen "$output")" = '2026-07-01 12:00:00 +00:00 info     ready' ]
}

@test "what is shown and what is said erases the live line; it is gone at the end" {
	progress '"percent":50'
	event on 00.000 ready
	{
		wait_for 30 grep -q ETA shown
		event on 01.000 two
		wait_for 30 grep -q two shown
		: >"$RT_RUNS_DIR/on/events.jsonl"
		wait_for 30 grep -q truncated shown
		finish on
	} 3>&- &
	timeout 60 python3 "$BATS_TEST_DIRNAME/terminal.py" -- rt-tail -f on >shown 3>&-
	wait
	[ "$(screen "$(cat shown)")" = '2026-07-01 12:00:00 +00:00 info     ready
2026-07-01 12:00:01 +00:00 info     two
rt-tail: "events.jsonl" was truncated; going on at its beginning' ]
}

@test "the live line keeps to the width, also of wide characters and after a resize" {
	progress '"stage":"建設建設建設建設建設建設建設建設","percent":25'
	interrupted size:24x60 expect:'建設' expect:ETA size:24x40 expect:'[####' sleep:1.5 \
		send:$'\003' -- rt-tail -f on
	printf '%s' "$output" | tr '\r' '\n' | sed $'s/\033''\[[0-9;]*[mJ]//g' | grep 25% >drawn
	# the stage is cut, and what does not fit at all is left out
	grep -qxE '建設建?  \[#{5}\.{15}\] 25%  elapsed 1m 4.s  ETA 5m .*' drawn
	tail -n 1 drawn | grep -qxE '\[#{5}\.{15}\] 25%  ETA 5m .*'
	# two columns a character
	python3 -c '
import sys, unicodedata
for line in open("drawn", encoding="utf-8"):
    columns = sum(2 if unicodedata.east_asian_width(c) == "W" else 1 for c in line.rstrip("\n"))
    sys.exit(line) if columns >= 60 else None'
	[ "$(tail -n 1 drawn | wc -L)" -lt 40 ]
}

@test "the live line is drawn again only when it changed" {
	progress '"status":"paused","percent":25'
	event on 00.000 ready
	touch other
	interrupted expect:'paused' sleep:2.5 send:$'\003' -- rt-tail -f on
	[ "$(grep -o 'paused' <<<"$output" | wc -l)" -eq 1 ]
}

@test "no live line off a terminal, nor where it is not wanted" {
	local set
	progress '"percent":25'
	event on 00.000 ready
	for set in NO_COLOR=1 TERM=dumb TERM= RT_COLOR=never; do
		interrupted expect:ready sleep:0.5 send:$'\003' -- env "$set" rt-tail -f on
		[[ $output != *'####'* && $output != *elapsed* ]] || { echo "$set" && false; }
	done
	interrupted expect:ready sleep:0.5 send:$'\003' -- rt-tail -f on -o cat
	[[ $output != *elapsed* ]]
	run -124 rt-tail -f on --timeout 300ms --color=always
	[[ $output != *elapsed* ]]
	[[ $output != *$'\033[J'* ]]
}

@test "the live line of several runs counts them" {
	progress '"percent":25'
	cp -r "$RT_RUNS_DIR/on" "$RT_RUNS_DIR/two"
	interrupted expect:'2 runs' send:$'\003' -- rt-tail -f -a
}
