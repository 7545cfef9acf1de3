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
