#!/bin/sh
# `make bench`: what rt costs beside what else one would use. Each row is paired
# in one run and a median; RT_BENCH_ROUNDS sets how many. Peers that are not
# installed are left out. Nothing here passes or fails.
set -eu

build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
rounds=${RT_BENCH_ROUNDS:-200}
work=$(mktemp -d "${RT_BENCH_DIR:-${TMPDIR:-/tmp}}/rt-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cc=${CC:-cc}
for tool in pair gen; do
	"$cc" -O2 -std=c11 -D_GNU_SOURCE -o "$work/$tool" "$here/$tool.c"
done
PATH=$build/bin:$work:$PATH RT_RUNS_DIR=$work/runs
export PATH RT_RUNS_DIR
unset RT_RUN RT_RUN_ID RT_STEP_ID RT_STAGE

has() {
	command -v "$1" >/dev/null 2>&1
}

# row WHAT PEER "OURS THEIRS RATIO": a line of the table, times in milliseconds.
row() {
	echo "$3" | {
		read -r ours theirs ratio
		printf '%-44s %9s ms  %9s ms  %6sx  %s\n' "$1" "$ours" "$theirs" "$ratio" "$2"
	}
}

new_run() {
	rt-run start --name bench
}

printf '%s, %s processors, %s\n' "$(uname -srm)" "$(nproc)" "$(date -u +%F)"
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1
printf '\n%-44s %12s  %12s  %7s  %s\n' what rt peer ratio peer

run=$RT_RUNS_DIR/$(new_run)
emit="rt-emit -r $run -s spec --percent 10 hello"
has busybox && row "rt-emit, an event" "busybox true" "$(pair "$rounds" "$emit" "busybox true")"
row "rt-emit, an event" "/bin/true" "$(pair "$rounds" "$emit" "/bin/true")"
has logger && logger --no-act x 2>/dev/null && row "rt-emit, an event" "logger --no-act" \
	"$(pair "$rounds" "$emit" "logger --no-act hello")"
has jq && row "rt-emit, an event" "jq -n {}" "$(pair 50 "$emit" "jq -n {}")"

# The 100,000th event against the 10th, with and without full tables.
young=$RT_RUNS_DIR/$(new_run)
old=$RT_RUNS_DIR/$(new_run)
full=$RT_RUNS_DIR/$(new_run)
gen 100000 >"$work/100k.jsonl"
rt-emit -r "$old" - <"$work/100k.jsonl"
{
	cat "$work/100k.jsonl"
	i=0
	while [ $i -lt 100 ]; do
		i=$((i + 1))
		printf '{"type":"step_started","step_id":"step_%03d","stage":"stage number %d"}\n' $i $i
		printf '{"type":"step_completed","step_id":"step_%03d","stage":"stage number %d"}\n' $i $i
	done
	head -n 20 "$work/100k.jsonl" | sed 's/"stage":"[a-z_]*",//'
} | rt-emit -r "$full" -
row "rt-emit, the 100,000th event" "the 10th" \
	"$(pair "$rounds" "rt-emit -r $old hello" "rt-emit -r $young hello")"
row "rt-emit, the 100,000th, full tables" "the 10th" \
	"$(pair "$rounds" "rt-emit -r $full hello" "rt-emit -r $young hello")"
printf '%-44s %9s B\n' "status.json, full tables" "$(wc -c <"$full/status.json")"

# A stream of events.
gen 400000 >"$work/400k.jsonl"
stream=$RT_RUNS_DIR/$(new_run)
if has jq; then
	row "rt-emit -, 400,000 events" "jq -c ." \
		"$(pair -i "$work/400k.jsonl" 7 "rt-emit -r $stream -" "jq -c .")"
fi
rm -rf "$stream"

row "rt-run -- true" "/bin/true" "$(pair $((rounds / 2)) "rt-run -- true" "/bin/true")"

# Questions.
file=$work/400k.jsonl
has rg && row "rt-query --type task_failed -c" "rg -c" \
	"$(pair 11 "rt-query --type task_failed -c $file" "rg -c -F \"type\":\"task_failed\" $file")"
has jq && row "rt-query --match 'duration_ms>8900'" "jq select" \
	"$(pair 3 "rt-query --match duration_ms>8900 -o jsonl $file" "jq -c select(.duration_ms>8900) $file")"
