#!/usr/bin/env bash
# Many writers on one run, and readers meanwhile: no event is lost, torn or
# counted wrong, and nobody ever sees a bad status.json.
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"

writers=32
each=100
[ -z "${RT_FAULT_ROUNDS-}" ] || each=$((RT_FAULT_ROUNDS * 4))
# The sum of the waits is what matters here, not the longest of them.
export RT_LOCK_TIMEOUT=120

helper look -ljansson
helper poll -ljansson
dir=$(new_run writers)
export RT_RUN=$dir

# Writer W numbers its events; every eighth sends them as a stream, and some of
# them are warnings and errors, to be counted. Prints what was not acknowledged.
write_events() {
	local w=$1 i
	if ((w % 8 == 0)); then
		for ((i = 0; i < each; i++)); do
			echo "writer $w event $i"
			((i % 50)) || sleep 0.01
		done | rt-emit - || echo "stream of $w"
		return
	fi
	for ((i = 0; i < each; i++)); do
		case $((i % 10)) in
		3) set -- --level warning ;;
		7) set -- --level error ;;
		*) set -- -s "stage $w" ;;
		esac
		rt-emit "$@" "writer $w event $i" || echo "$w.$i"
	done
}

readers=()
for kind in fast fast slow slow slow; do
	./poll "$dir" "$tmp/stop" "$kind" >"read.${#readers[@]}" 2>"bad.${#readers[@]}" &
	readers+=($!)
done
while [ ! -e stop ]; do
	rt-status --json "$dir" >shown.json && jq -e '.counts.events > 0' shown.json >/dev/null ||
		echo "rt-status: $(head -c 300 shown.json)"
done >bad.status 2>&1 &
readers+=($!)

pids=()
for ((w = 0; w < writers; w++)); do
	write_events "$w" >"lost.$w" 2>"said.$w" &
	pids+=($!)
done
wait "${pids[@]}"
touch stop
wait "${readers[@]}"

[ "$(cat lost.*)" = '' ] || complain "not acknowledged: $(cat lost.* | head)"
[ "$(cat said.*)" = '' ] || complain "$(cat said.* | head)"
ok "$writers writers, $each events each: every one is acknowledged, without a word"

jq -r 'select(.message | startswith("writer ")) | .message' "$dir/events.jsonl" >messages ||
	complain "events.jsonl has a line that is no JSON"
[ "$(tail -c 1 "$dir/events.jsonl")" = '' ] || complain "the last line is not whole"
awk -v each="$each" -v writers="$writers" '
	NF != 4 || $1 != "writer" || $3 != "event" { print "spliced: " $0; next }
	{ n++; if (seen[$2, $4]++) print "twice: " $0 }
	$4 != next_of[$2]++ { print "out of order: " $0 }
	END { if (n != each * writers) print n " events of " each * writers }' messages >wrong
[ ! -s wrong ] || complain "$(cat wrong)"
ok "every event is there once, whole, in its writer's order"

jq -r .ts "$dir/events.jsonl" | LC_ALL=C sort -c 2>wrong || complain "$(cat wrong)"
[ "$(jq .ordered "$dir/status.json")" = true ] || complain "status.json does not say \"ordered\""
ok "the times never go back"

single=$((writers - (writers + 7) / 8))
jq -e --argjson n $((each * writers + 1)) --argjson w $((single * ((each + 6) / 10))) \
	--argjson e $((single * ((each + 2) / 10))) \
	'.counts == {events: $n, warnings: $w, errors: $e} and .status == "running"' \
	"$dir/status.json" >/dev/null || complain "$(jq -c .counts "$dir/status.json")"
check_settled "$dir"
ok "status.json counts them right, warnings and errors too"

[ "$(wc -l <"$dir/logs.txt")" = $((each * writers + 1)) ] ||
	complain "$(wc -l <"$dir/logs.txt") lines"
ok "logs.txt has a line for each"

[ "$(cat bad.*)" = '' ] || complain "$(cat bad.*)"
for n in 0 1 2 3 4; do
	[ "$(cat "read.$n")" -gt 0 ] 2>/dev/null || complain "reader $n has read nothing"
done
echo "# documents read: $(cat read.* | paste -sd ' ')"
ok "readers of status.json, slow ones too, never see a bad one"

# --- A stream that passes on what it reads to somebody who does not take it.

dir=$(new_run tee)
export RT_RUN=$dir RT_LOCK_TIMEOUT=2
mkfifo passed
{ yes "a line of a stream that nobody reads" | head -n 50000 | rt-emit --tee - >passed; } 2>said &
exec 9<passed
for ((i = 0; i < 500; i++)); do
	grep -qs "nobody reads" "$dir/events.jsonl" && break
	sleep 0.02
done
sleep 0.2
for i in 1 2 3; do rt-emit "meanwhile $i" || complain "event $i is locked out"; done
[ "$(wc -l <&9)" = 50000 ] || complain "not all was passed on"
exec 9<&-
wait
[ ! -s said ] || complain "$(cat said)"
[ "$(wc -l <"$dir/events.jsonl")" = 50004 ] || complain "$(wc -l <"$dir/events.jsonl") events"
check_settled "$dir"
ok "a stream that cannot pass on what it reads keeps nobody out"

# --- The same thing done by many at once happens once.

unset RT_RUN
at_once=16
# all_at_once COMMAND...: how many of them ended with which status, "0:N 3:N".
all_at_once() {
	local i pids=() ended=()
	: >printed
	: >said
	for ((i = 0; i < at_once; i++)); do
		"$@" >>printed 2>>said &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
		ended+=("$?")
	done
	printf '%s\n' "${ended[@]}" | sort | uniq -c | awk '{ printf "%s%s:%s", sep, $2, $1; sep = " " }'
}

for n in 1 2 3 4 5; do
	got=$(all_at_once rt-run start --id "same-$n")
	[ "$got" = "0:1 3:$((at_once - 1))" ] || complain "start: $got"
	check_run "$RT_RUNS_DIR/same-$n"
done
ok "$at_once that make a run of the same name: one does"

for n in 1 2 3 4 5; do
	got=$(all_at_once rt-run finish "same-$n")
	[ "$got" = "0:$at_once" ] || complain "finish: $got"
	got=$(grep -c run_completed "$RT_RUNS_DIR/same-$n/events.jsonl")
	[ "$got" = 1 ] || complain "finish: $got times completed"
	check_settled "$RT_RUNS_DIR/same-$n"
done
ok "$at_once that finish a run: all do, and it says so once"

# shellcheck disable=SC2016 # for the other shell
step='echo $RT_STEP_ID; exit 5'
dir=$(new_run steps)
got=$(RT_RUN=$dir all_at_once rt-run step "a step" -- sh -c "$step")
[ "$got" = "5:$at_once" ] || complain "steps: $got"
got=$(find "$dir/logs" -name output.log -exec grep -ho 'step_.*' {} + | sort | uniq -c | awk '$1 == 1' | wc -l)
[ "$got" = "$at_once" ] || complain "$got steps of $at_once have a log of their own"
jq -e --argjson n "$at_once" '(.steps | length) == $n and all(.steps[]; .status == "failed")' \
	"$dir/status.json" >/dev/null || complain "steps: $(jq -c .steps "$dir/status.json")"
check_settled "$dir"
ok "$at_once steps at once: each has its own number and log"

# They wait for each other, so that none comes when it is over.
cat >joins <<'END'
rt-emit "from $$"
for i in $(seq 500); do
	[ "$(grep -c '"message":"from ' "$RT_RUN/events.jsonl")" -lt "$1" ] || break
	sleep 0.02
done
exit 5
END
got=$(all_at_once rt-run --id joined --join -- sh joins "$at_once")
[ "$got" = "5:$at_once" ] || complain "join: $got: $(cat said)"
got=$(grep -c '"message":"from ' "$RT_RUNS_DIR/joined/events.jsonl")
[ "$got" = "$at_once" ] || complain "$got of $at_once joined"
check_settled "$RT_RUNS_DIR/joined"
ok "$at_once that join one run: one makes it, the others are its steps"

finish
