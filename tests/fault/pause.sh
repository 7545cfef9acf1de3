#!/usr/bin/env bash
# A run that is paused while its processes write events as fast as they can: no
# processor time is used any more, the run can be written from outside, because
# nothing that was stopped has its lock, and resumed all goes on. Nothing is lost.
# shellcheck disable=SC2317 # checks are called by name
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"

rounds=${RT_FAULT_ROUNDS:-8}
helper look -ljansson
supervisor='' loose=''
trap '[ -z "$loose" ] || kill -KILL -- "-$supervisor" "$loose" 2>/dev/null; rm -rf "$tmp"' EXIT

# Clock ticks that the processes of the run have used: those of the supervisor's
# session, which is its own, but for the supervisor.
ticks() {
	local pid

	for pid in $(pgrep -s "$supervisor"); do
		[ "$pid" = "$supervisor" ] || cat "/proc/$pid/stat"
	done 2>/dev/null | sed 's/.*) //' | awk '{ n += $12 + $13 } END { print n + 0 }'
}

# Those that are not stopped; D: it waits for a child that is, before its exec (vfork).
running() {
	local pid

	for pid in $(pgrep -s "$supervisor"); do
		[ "$pid" = "$supervisor" ] || sed -n '/^State:.[^TtZD]/p' "/proc/$pid/status"
	done 2>/dev/null
}

size() {
	stat -c %s "$dir/events.jsonl"
}

cat >busy <<'END'
while :; do rt-emit "one by one"; done &
while :; do seq -f "line %g of a stream" 200; sleep 0.01; done | rt-emit - &
rt-run step -- sh -c 'while :; do rt-emit -s in_a_step "from a step"; done' &
rt-run --id inner -- sh -c 'while :; do echo output; rt-emit "from a run inside"; done' >inner.out &
(setsid sh -c 'echo $$ >loose; while :; do :; done' &)
while :; do (: &); done
END

setsid rt-run --id busy -- bash busy >out 2>said &
dir=$RT_RUNS_DIR/busy
until [ -s "$dir/status.json" ] && [ -d "$RT_RUNS_DIR/inner" ] && [ -s loose ] && [ "$(size)" -gt 5000 ]; do sleep 0.05; done
supervisor=$(jq -r .owner.pid "$dir/status.json")
loose=$(cat loose)

for ((i = 0; i < rounds; i++)); do
	# A limit that a busy machine keeps as well.
	said=$(rt-run pause --timeout 60s busy 2>&1) || complain "round $i: pause: $said"
	[ "$said" = paused ] || complain "round $i: pause says $said"
	before=$(ticks) n=$(size)
	sleep 0.1
	[ "$(ticks)" = "$before" ] || complain "round $i: $before, then $(ticks) ticks"
	[ "$(size)" = "$n" ] || complain "round $i: $n, then $(size) bytes of events"
	[ -z "$(running)" ] || complain "round $i: $(running)"
	grep -q '^State:.T' "/proc/$loose/status" || complain "round $i: what left the session runs"
	[ "$(tail -n 1 "$dir/events.jsonl" | jq -r .type)" = run_paused ] || complain "round $i: not paused last"
	for run in busy inner; do
		RT_LOCK_TIMEOUT=5s rt-emit --run "$run" "from outside $i" 2>said || complain "round $i: $run: $(cat said)"
	done
	[ "$(rt-status --json busy | jq -r .status)" = paused ] || complain "round $i: not paused"
	said=$(rt-run resume --timeout 60s busy 2>&1) || complain "round $i: resume: $said"
	n=$(size)
	for ((k = 0; k < 600; k++)); do
		[ "$(size)" = "$n" ] || break
		sleep 0.05
	done
	[ "$(size)" -gt "$n" ] || complain "round $i: it does not go on"
	[ -z "${why-}" ] || break
done
ok "paused $rounds times: no processor time, no lock held, and it goes on"

rt-run cancel --kill-after 500ms busy >cancelled 2>&1 || complain "$(cat cancelled)"
wait
[ -z "$(pgrep -s "$supervisor")" ] || complain "left: $(pgrep -as "$supervisor")"
[ ! -e "/proc/$loose" ] || complain "what left the session is left"
check_run "$dir"
check_settled "$dir"
[ "$(jq -r .status "$dir/status.json")" = cancelled ] || complain "$(jq -r .status "$dir/status.json")"
check_run "$RT_RUNS_DIR/inner"
ok "cancelled: nothing of it is left, and the record is whole"

finish
