#!/bin/sh
# Measure: `run.sh BUILD`, as `make bench` does. Prints a table of what rt takes,
# what a peer takes that is installed, and the ratio; medians of both, measured in
# turn. The ratio of the processor times stands beside it: where the two differ on
# a busy machine, waiting for it has been measured. BENCH_DIR (default: TMPDIR) is
# where it works: the file system counts.
# It takes about three minutes on an idle machine and 3.5 GB of disk (BENCH_EVENTS=N,
# BENCH_LINES=N: less), and tests nothing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PATH=$(cd "$1" && pwd)/bin:$PATH
work=$(mktemp -d "${BENCH_DIR:-${TMPDIR:-/tmp}}/rt-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"

for name in $(env | sed -n 's/^\(RT_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
export HOME="$work" RT_RUNS_DIR="$work/runs" TZ=UTC LC_ALL=C.UTF-8
for program in pair gen lag crowd; do
	"${CC:-cc}" -std=c11 -O2 -D_GNU_SOURCE -pthread -o "$program" "$here/$program.c"
done

have() {
	command -v "$1" >/dev/null
}

header() {
	printf '\n%-46s | %12s | %12s | %6s | %6s\n' "$1" rt peer ratio CPU
	printf '%s\n' "-----------------------------------------------|--------------|--------------|--------|-------"
}

# us TITLE PAIR-ARGUMENT...: microseconds of both, and how often the peer's it is.
us() {
	title=$1
	shift
	./pair "$@" >figures 2>failed || {
		printf '%-46s | %s\n' "$title" "$(cat failed)"
		return
	}
	awk -v title="$title" -F '\t' '
		function time(us) { return us < 10000 ? sprintf("%.0f us", us) : sprintf("%.1f ms", us / 1000) }
		{ printf "%-46s | %12s | %12s | %6.2f | %6.2f\n", title, time($1), time($5), $9, $4 / $8 }' figures
}

# throughput TITLE BYTES PAIR-ARGUMENT...: GB a second, and how many times the peer's.
throughput() {
	title=$1 bytes=$2
	shift 2
	./pair "$@" >figures 2>failed || {
		printf '%-46s | %s\n' "$title" "$(cat failed)"
		return
	}
	awk -v title="$title" -v bytes="$bytes" -F '\t' '
		function rate(us) { return sprintf("%.3f GB/s", bytes / us / 1000) }
		{ printf "%-46s | %12s | %12s | %6.2f | %6.2f\n", title, rate($1), rate($5), 1 / $9, $8 / $4 }' figures
}

start() {
	echo "$RT_RUNS_DIR/$(rt-run start --name bench)"
}

# So many stages and steps with long names, and events after them.
fill_tables() {
	awk -v n=100 'BEGIN {
		long = "with_a_name_that_is_rather_long_as_those_of_a_matrix_build_tend_to_be"
		for (i = 0; i < n; i++) {
			printf "{\"type\":\"step_started\",\"step_id\":\"step_%03d\",\"stage\":\"step_%d_%s\",\"message\":\"begins\"}\n", i, i, long
			printf "{\"type\":\"step_completed\",\"step_id\":\"step_%03d\",\"stage\":\"step_%d_%s\",\"message\":\"ends\"}\n", i, i, long
		}
	}' | rt-emit --run "$1" -
}

printf '%s, %s CPUs, %s; %s on %s; rt %s\n' \
	"$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" "$(getconf _NPROCESSORS_ONLN)" \
	"$(uname -sr)" "$(df -T . | awk 'NR == 2 { print $2 }')" "$(uname -n)" \
	"$(rtbox --version | cut -d ' ' -f 2)" | sed "s/ on $(uname -n)//"

header "one event (1,000 times each)"
run=$(start)
us "rt-emit; busybox true" -n 1000 rt-emit --run "$run" "an event" --- busybox true
us "rt-emit; /bin/true" -n 1000 rt-emit --run "$run" "an event" --- /bin/true
us "rt-emit -s STAGE --percent 50; busybox true" -n 1000 rt-emit --run "$run" -s a --percent 50 b --- busybox true
if have logger; then us "rt-emit; logger" -n 300 rt-emit --run "$run" "an event" --- logger "an event"; fi
if have jq; then us "rt-emit; jq -n" -n 100 rt-emit --run "$run" "an event" --- jq -n 1; fi

header "the 100,000th event; the 10th (200 times each)"
./gen 100000 >events.jsonl
few=$(start)
seq 8 | rt-emit --run "$few" -
many=$(start)
rt-emit --run "$many" - <events.jsonl
us "no tables to speak of" -n 200 rt-emit --run "$many" "an event" --- rt-emit --run "$few" "an event"
few_full=$(start)
fill_tables "$few_full"
many_full=$(start)
rt-emit --run "$many_full" - <events.jsonl
fill_tables "$many_full"
us "100 stages and 100 steps in both" -n 200 rt-emit --run "$many_full" "an event" --- rt-emit --run "$few_full" "an event"
few=$(start)
seq 8 | rt-emit --run "$few" -
us "100 stages and 100 steps in the 100,000th" -n 200 rt-emit --run "$many_full" "an event" --- rt-emit --run "$few" "an event"
printf 'status.json: %s bytes, with full tables %s (limit 65536)\n' "$(stat -c %s "$many/status.json")" \
	"$(stat -c %s "$many_full/status.json")"

header "rt-emit - (100,000 events of $(stat -c %s events.jsonl) bytes)"
run=$(start)
size=$(stat -c %s events.jsonl)
if have jq; then throughput "rt-emit -; jq -c ." "$size" -n 5 -i events.jsonl rt-emit --run "$run" - --- jq -c .; fi
throughput "rt-emit -; cat" "$size" -n 5 -i events.jsonl rt-emit --run "$run" - --- cat
if have strace; then
	run=$(start)
	begin=$(date +%s%N)
	i=0
	while [ "$i" -lt 100 ]; do
		head -n 10000 events.jsonl
		sleep 0.02
		i=$((i + 1))
	done | strace -f -o writes -e trace=rename,renameat,renameat2 rt-emit --run "$run" -
	end=$(date +%s%N)
	awk -v ns="$((end - begin))" '/status.json/ { n++ } END {
		printf "status.json written %d times in %.1f s of a stream: %.1f a second (at most 10) and at its end\n",
			n, ns / 1e9, (n - 1) * 1e9 / ns
	}' writes
	if have jq; then
		printf 'its last state counts %s of %s events\n' "$(jq .counts.events "$run/status.json")" \
			"$(wc -l <"$run/events.jsonl")"
	fi
fi

header "a run of a command (200 times each)"
us "rt-run -- true; /bin/true" -n 200 rt-run -- true --- /bin/true
(export RT_SYNC=never && us "rt-run -- true, RT_SYNC=never; /bin/true" -n 200 rt-run -- true --- /bin/true)
us "rt-run -- true; sh -c true" -n 200 rt-run -- true --- sh -c true

# As many bytes are written to the log as the peers write: a record has 40 more than its line.
lines=${BENCH_LINES:-4000000}
yes "$(printf '%0249d' 0)" | head -n "$lines" >lines
head -c $((lines * 40)) lines >more
size=$(stat -c %s lines)
header "capture of $size bytes in lines of 250"
kept='rt-run --id kept -- cat lines; rm -r "$RT_RUNS_DIR/kept"'
throughput "rt-run -- cat; cat >file" "$size" -n 7 sh -c "$kept" --- sh -c 'cat lines more >copy; rm copy'
throughput "rt-run -- cat; cat | cat >file" "$size" -n 7 sh -c "$kept" --- \
	sh -c 'cat lines more | cat >copy; rm copy'
throughput "the same with ten secrets; cat | cat >file" "$size" -n 7 \
	sh -c "for i in 0 1 2 3 4 5 6 7 8 9; do export SOME_\${i}_TOKEN=\${i}abcdefghijklmnop; done; $kept" --- \
	sh -c 'cat lines more | cat >copy; rm copy'
if have s6-log; then
	throughput "rt-run -- cat; s6-log T" "$size" -n 3 sh -c "$kept" --- \
		sh -c 'cat lines | s6-log -d3 T s268435455 n9 ./kept 3>/dev/null; rm -r kept'
fi
rm -f lines more
printf 'memory of rt-run at most: %s kB\n' "$(rt-run -- sh -c '
	head -c 100000000 /dev/zero
	sed -n "s/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$PPID/status" >memory'  >/dev/null; cat memory)"

rm -rf "$RT_RUNS_DIR"
./gen "${BENCH_EVENTS:-5240000}" >large.jsonl
size=$(stat -c %s large.jsonl)
by='count,avg(duration_ms),sum(metadata.prompt_tokens)'
header "rt-query over $size bytes of events"
if have rg; then
	throughput "-c --type task_failed; rg -c -F" "$size" -n 7 -o counted \
		rt-query -c --type task_failed large.jsonl --- rg -c -F '"type":"task_failed"' large.jsonl
	throughput "-c -g 'scene (level|plan)'; rg -c" "$size" -n 7 -o counted \
		rt-query -c -g 'scene (level|plan)' large.jsonl --- rg -c 'scene (level|plan)' large.jsonl
fi
throughput "-c --type task_failed; grep -c -F" "$size" -n 7 -o counted \
	rt-query -c --type task_failed large.jsonl --- grep -c -F '"type":"task_failed"' large.jsonl
if have node && node -e 'require("@duckdb/node-api")' 2>/dev/null; then
	duck="node $here/duck.cjs"
	cpus=$(nproc)
	# shellcheck disable=SC2086
	throughput "-c --type task_failed; DuckDB" "$size" -n 5 \
		rt-query -c --type task_failed large.jsonl --- $duck count large.jsonl "$cpus"
	# shellcheck disable=SC2086
	throughput "--match duration_ms > 8900; DuckDB" "$size" -n 5 \
		rt-query --match 'duration_ms > 8900' -o jsonl large.jsonl --- $duck over large.jsonl "$cpus"
	# shellcheck disable=SC2086
	throughput "--by stage --agg count,avg,sum; DuckDB" "$size" -n 5 \
		rt-query --by stage --agg "$by" large.jsonl --- $duck by large.jsonl "$cpus"
fi
throughput "-n 20; cat" "$size" -n 20 rt-query -n 20 large.jsonl --- cat large.jsonl
rm large.jsonl
if have jq; then
	size=$(stat -c %s events.jsonl)
	header "rt-query over $size bytes of events"
	throughput "--match duration_ms > 8900; jq" "$size" -n 5 \
		rt-query --match 'duration_ms > 8900' -o jsonl events.jsonl --- \
		jq -c 'select(.duration_ms > 8900)' events.jsonl
	throughput "--by stage --agg count,avg,sum; jq" "$size" -n 3 \
		rt-query --by stage --agg "$by" events.jsonl --- \
		jq -sc 'group_by(.stage)[] | [.[0].stage, length, (map(.duration_ms // empty) | add / length)]' \
		events.jsonl
fi

size=$(stat -c %s events.jsonl)
if have sqlite3 && have rt-sql; then
	header "SQL over $size bytes of events"
	# shellcheck disable=SC2016
	throughput "--sql ... GROUP BY stage; sqlite3 .import" "$size" -n 5 \
		rt-query --sql "SELECT stage, count(*), avg(duration_ms), sum(metadata ->> 'prompt_tokens')
			FROM events GROUP BY stage" events.jsonl --- \
		sqlite3 :memory: -cmd '.mode ascii' -cmd '.separator "\037" "\n"' -cmd 'CREATE TABLE t(j)' \
		-cmd '.import events.jsonl t' "SELECT j ->> 'stage', count(*), avg(j ->> 'duration_ms'),
			sum(j ->> '\$.metadata.prompt_tokens') FROM t GROUP BY 1"
fi
if have lnav; then
	header "Lines of $size bytes of events"
	throughput "--type task_failed; lnav -n :filter-in" "$size" -n 5 \
		rt-query --type task_failed -o jsonl events.jsonl --- \
		lnav -n -c ':filter-in "type":"task_failed"' events.jsonl
fi

header "rt-tail -n all of $size bytes of events"
throughput "-o jsonl; cat" "$size" -n 5 rt-tail events.jsonl -n all -o jsonl --- cat events.jsonl
throughput "-o pretty; cat" "$size" -n 5 rt-tail events.jsonl -n all -o pretty --- cat events.jsonl
if have jq; then throughput "-o pretty; jq" "$size" -n 3 rt-tail events.jsonl -n all -o pretty --- \
	jq -r '"\(.ts) \(.level // "info") [\(.stage)] \(.message)"' events.jsonl; fi

# Us of an append until it is printed: median, 99th percentile and the longest.
follow() {
	./lag -n "${BENCH_LAG:-2000}" "$run/events.jsonl" plain -- rt-tail -f "$run" -o "$1" --- tail -F plain |
		awk -F '\t' -v form="$1" '{
			printf "%-46s | %12s | %12s | %6.2f |\n", "-o " form "; tail -F (median)", $1 " us", $4 " us", $1 / $4
			printf "%-46s | %12s | %12s | %6.2f |\n", "-o " form "; tail -F (99 %)", $2 " us", $5 " us", $2 / $5
		}'
}

header "rt-tail -f: from append to print"
run=$(start)
: >plain
follow jsonl
follow pretty
mkdir crowd-runs
RT_RUNS_DIR=$work/crowd-runs RT_STALE=36500d ./crowd 1000 10 20 -- rt-tail -f -a -o jsonl |
	awk -F '\t' '{
		printf "\n1,000 runs, 10 events a second each: %d of %d printed, %s ms later (median; 99 %%: %s; at most %s), %s MB, %s %% of a CPU\n",
			$2, $1, $3, $4, $5, $6, $7
	}'
rm -r crowd-runs

# 10,000 runs that were over an hour ago, 100 events each, one in ten failed.
rm -rf "$RT_RUNS_DIR"
mkdir "$RT_RUNS_DIR"
seq -f "$RT_RUNS_DIR/run-%05g" 10000 | xargs mkdir
head -n 100 events.jsonl >some.jsonl
awk -v dir="$RT_RUNS_DIR" -v size="$(stat -c %s some.jsonl)" 'BEGIN {
	while ((getline line < "some.jsonl") > 0)
		events = events line "\n"
	for (i = 1; i <= 10000; i++) {
		run = sprintf("run-%05d", i)
		file = dir "/" run "/status.json"
		printf "{\"run_id\":\"%s\",\"status\":\"%s\",\"created_at\":\"2026-01-01T00:00:00.000+00:00\"," \
			"\"name\":\"bench\",\"counts\":{\"events\":100},\"events_size\":%d,\"ordered\":true}\n", \
			run, i % 10 ? "completed" : "failed", size >file
		close(file)
		file = dir "/" run "/events.jsonl"
		printf "%s", events >file
		close(file)
	}
}'
find "$RT_RUNS_DIR" -mindepth 1 -type d -exec touch -d '1 hour ago' {} +
header "10,000 runs of 100 events"
if have rg; then
	us "rt-status -l --status failed, no cache; rg -l" -n 5 rt-status -l --status failed -n all --json --- \
		rg -l '"status":"failed"' "$RT_RUNS_DIR"
	mkdir "$RT_RUNS_DIR/.rt"
	us "rt-status -l --status failed, cache; rg -l" -n 5 rt-status -l --status failed -n all --json --- \
		rg -l '"status":"failed"' "$RT_RUNS_DIR"
	us "rt-query -a -c --type task_failed; rg -c -F" -n 5 rt-query -a -c --type task_failed --- \
		rg -c -F '"type":"task_failed"' "$RT_RUNS_DIR"
fi
