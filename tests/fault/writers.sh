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

finish
