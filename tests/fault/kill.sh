#!/usr/bin/env bash
# SIGKILL at any moment, of events, streams, runs and changes of state: what was
# acknowledged is there once, no line is spliced, and the next writer sets the
# counts right.
# shellcheck disable=SC2317 # checks are called by name
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"

rounds=${RT_FAULT_ROUNDS:-40}
stream_lines=4000
# A writer that is killed in the middle of a write leaves the beginning of a line.
export LOOK_TORN=1
helper look -ljansson
begin_killing

# How long a command takes, in microseconds.
time_of() {
	local i
	for i in 1 2 3 4 5; do
		"$tmp/killer" 0 0 "$@" <"${input:-/dev/null}" 2>/dev/null | tail -n 1
	done | sort -n | sed -n 3p
}

# The state that status.json tells.
state_of() {
	sed -n 's/^{"run_id":[^,]*,"status":"\([a-z]*\)".*/\1/p' "$1/status.json"
}

count_type() {
	grep -c "\"type\":\"$2\"" "$1/events.jsonl"
}

# --- Events, one at a time.

dir=$(new_run single)
export RT_RUN=$dir
n=$((rounds * 2 / 5))
span=$(time_of rt-emit -s warm "up")
: >acknowledged
for ((i = 0; i < n; i++)); do
	kill_at_random rt-emit -s "stage $((i % 7))" "event $i of many" &&
		echo "event $i of many" >>acknowledged
	[ $((i % 3)) != 0 ] || check_run "$dir" "round $i"
	rt-emit "next $i of many" || complain "round $i: the next emit fails"
	echo "next $i of many" >>acknowledged
	check_settled "$dir" "round $i"
done
jq -R -r 'fromjson? | .message | select(endswith("of many"))' "$dir/events.jsonl" | sort >there
sort acknowledged | comm -23 - there >missing
uniq -d there >twice
[ ! -s missing ] || complain "missing: $(cat missing)"
[ ! -s twice ] || complain "twice: $(cat twice)"
report_killed
ok "rt-emit killed $n times: what was acknowledged is there once, and counted"

# --- Streams. What is there of one is its beginning, without a gap.

check_stream_run() {
	jq -R -r 'fromjson? | .message | select(startswith("round "))' "$dir/events.jsonl" >there
	awk -v all="$stream_lines" '
		FILENAME == "acknowledged" { whole[$1] = 1; next }
		NF != 4 || $3 != "line" { print "spliced: " $0; next }
		$4 != n[$2]++ { print "not in order: " $0 }
		END { for (r in whole) if (n[r] != all) print n[r] " lines of round " r " which was acknowledged" }
	' acknowledged there >wrong
	[ ! -s wrong ] || complain "$(head wrong)"
	check_settled "$dir" "stream"
}

n=$((rounds / 5))
span=0
for ((i = 0; i < n; i++)); do
	if ((i % 20 == 0)); then
		[ "$i" = 0 ] || check_stream_run
		dir=$(new_run stream)
		export RT_RUN=$dir
		: >acknowledged
	fi
	awk -v r="$i" -v n="$stream_lines" 'BEGIN {
		for (i = 0; i < n; i++)
			if (i % 3) print "round " r " line " i
			else print "{\"message\":\"round " r " line " i "\",\"stage\":\"s" i % 5 "\",\"level\":\"warning\"}"
	}' >input
	[ "$span" != 0 ] || span=$(input=input time_of rt-emit --run "$(new_run warm)" -)
	if kill_at_random rt-emit - <input; then echo "$i" >>acknowledged; fi
	rt-emit "next" || complain "round $i: the next emit fails"
	# What is torn does not end as an event does.
	[ "$(jq .counts.events "$dir/status.json")" = "$(grep -c '"}$' "$dir/events.jsonl")" ] ||
		complain "round $i: $(jq -c .counts "$dir/status.json")"
done
check_stream_run
report_killed
ok "rt-emit - killed $n times: whole lines from the beginning, counted"
unset RT_RUN

# --- Runs: whoever made them is gone, the command goes on.

cat >script <<'END'
for word in one two three; do
	rt-emit -s "$word" "$1 $word" && echo "$1 $word" >>acknowledged
	echo "output $word"
done
END
n=$((rounds / 5))
span=$(time_of rt-run -- sh script warm)
: >acknowledged
for ((i = 0; i < n; i++)); do
	id=run-$i
	complete=''
	kill_at_random rt-run --id "$id" -- sh script "$id" >/dev/null && complete=1
	dir=$RT_RUNS_DIR/$id
	[ -d "$dir" ] || {
		[ -z "$complete" ] || complain "$id: it is not there"
		continue
	}
	check_run "$dir" "$id"
	jq -e .argv "$dir/metadata.json" >/dev/null || complain "$id: metadata.json"
	case $(rt-status --json "$id" | jq -r .status) in
	lost) rt-run reap "$id" >/dev/null 2>said || complain "$id: cannot be reaped: $(cat said)" ;;
	completed) rt-emit --run "$id" "after" || complain "$id: the next emit fails" ;;
	*) complain "$id: rt-status does not say that it is lost" ;;
	esac
	check_settled "$dir" "$id"
	case $(state_of "$dir"):$complete:$(count_type "$dir" run_completed):$(count_type "$dir" run_failed) in
	completed:*:1:0 | failed::0:1) ;;
	*) complain "$id: $(state_of "$dir")" "$(tail -n 2 "$dir/events.jsonl")" ;;
	esac
	jq -R -r 'fromjson? | select(.stage) | .message' "$dir/events.jsonl" | sort >there
	grep "^$id " acknowledged | sort | comm -23 - there >missing
	[ ! -s missing ] || complain "$id: missing: $(cat missing)"
	uniq -d there >twice
	[ ! -s twice ] || complain "$id: twice: $(cat twice)"
done
report_killed
ok "rt-run killed $n times: the run is whole, lost, and can be reaped"

# --- Changes of state.

n=$((rounds - rounds * 2 / 5 - 2 * (rounds / 5)))
span_start=$(time_of rt-run start)
span_finish=$(time_of rt-run finish @latest)
for ((i = 0; i < n; i++)); do
	id=state-$i
	dir=$RT_RUNS_DIR/$id
	span=$span_start
	if kill_at_random rt-run start --id "$id"; then
		[ -d "$dir" ] || complain "$id: it is not there"
	fi
	if [ -d "$dir" ]; then
		check_run "$dir" "$id after start"
	else
		rt-run start --id "$id" >/dev/null || complain "$id: cannot be made again"
	fi
	span_start=$span span=$span_finish complete=''
	kill_at_random rt-run finish "$id" && complete=1
	span_finish=$span
	check_run "$dir" "$id after finish"
	case $(rt-status --json "$id" | jq -r .status):$complete:$(count_type "$dir" run_completed) in
	completed:*:1 | running::0) ;;
	*) complain "$id: $(tail -n 2 "$dir/events.jsonl")" ;;
	esac
	rt-run finish "$id" || complain "$id: cannot be finished again"
	[ "$(count_type "$dir" run_completed)" = 1 ] || complain "$id: not completed once"
	rt-emit --run "$id" "after" || complain "$id: the next emit fails"
	check_settled "$dir" "$id"
	[ "$(state_of "$dir")" = completed ] || complain "$id: $(state_of "$dir")"
done
report_killed
ok "rt-run start and finish killed $n times: done once or not at all"

# --- Killed before each system call in turn: the moments that chance misses.

# kill_at_each TITLE CHECK COMMAND...: CHECK is told whether it was acknowledged.
kill_at_each() {
	local title=$1 check=$2 name k status
	shift 2
	prepare
	while read -r name k; do
		prepare
		{ under_strace -o trace -e "inject=$name:signal=KILL:when=$k" "$@"; } >/dev/null 2>&1
		status=$?
		[ "$status" = 137 ] || [ "$status" = 0 ] || complain "$name $k: exit $status"
		"$check" "$status" "$name $k"
	done < <(calls_of "$@")
	ok "$title killed before each system call"
}

emit_prepare() {
	:
}

# Whatever became of it: once or not at all, and the next one goes well.
emit_check() {
	local times
	times=$(grep -c "$marker" "$dir/events.jsonl")
	case $1:$times in
	0:1 | 137:0 | 137:1) ;;
	*) complain "$2: exit $1, and it is there $times times" ;;
	esac
	check_run "$dir" "$2"
	rt-emit --run "$dir" "next" || complain "$2: the next emit fails"
	check_settled "$dir" "$2"
	sed -i "s/$marker/${marker//e/E}/" "$dir/events.jsonl"
}

if can_inject; then
	marker='one event'
	dir=$(new_run each)
	prepare() { :; }
	kill_at_each "rt-emit" emit_check rt-emit --run "$dir" "$marker"

	prepare() {
		[ ! -e "$dir" ] || rm -r "$dir"
		cp -a "$RT_RUNS_DIR/template" "$dir"
	}
	finish_check() {
		local times
		times=$(count_type "$dir" run_completed)
		case $1:$times in
		0:1 | 137:0 | 137:1) ;;
		*) complain "$2: exit $1, $times times completed" ;;
		esac
		check_run "$dir" "$2"
		rt-run finish "$dir" || complain "$2: cannot be finished again"
		[ "$(count_type "$dir" run_completed)" = 1 ] || complain "$2: not completed once"
		rt-emit --run "$dir" "after" || complain "$2: the next emit fails"
		check_settled "$dir" "$2"
		[ "$(state_of "$dir")" = completed ] || complain "$2: $(state_of "$dir")"
	}
	rt-run start --id template >/dev/null
	dir=$RT_RUNS_DIR/each-finish
	kill_at_each "rt-run finish" finish_check rt-run finish "$dir"

	prepare() {
		[ ! -e "$dir" ] || rm -r "$dir"
	}
	start_check() {
		if [ -e "$dir" ]; then
			check_run "$dir" "$2"
		elif [ "$1" = 0 ]; then
			complain "$2: it is not there"
		else
			rt-run start --id "${dir##*/}" >/dev/null || complain "$2: cannot be made again"
		fi
		rt-run finish "$dir" || complain "$2: cannot be finished"
		check_settled "$dir" "$2"
	}
	dir=$RT_RUNS_DIR/each-start
	kill_at_each "rt-run start" start_check rt-run start --id each-start
else
	skip "killed before each system call" "strace cannot trace here"
fi

# --- Containers give every program the same process id: what a dead one left
# behind must not be in the way of the next.

cat >as_process <<'END'
# as_process N COMMAND...: the command as process N of a new namespace.
want=$1 next=2
shift
while [ "$next" -lt "$want" ]; do
	/bin/true
	next=$((next + 1))
done
"$@"
exit
END
# shellcheck disable=SC2016 # for the other shell
if can_inject && unshare -pf true 2>/dev/null; then
	unshare -pf strace -qq -o trace -e inject=renameat2:signal=KILL \
		sh -c 'echo $$ >pid; exec rt-run start --id first' >/dev/null 2>&1
	[ ! -e "$RT_RUNS_DIR/first" ] || complain "the test does not work"
	for id in first second; do
		unshare -pf sh as_process "$(cat pid)" rt-run start --id "$id" >/dev/null 2>said ||
			complain "$(cat said)"
	done
	ok "a run that was never finished being made is not in the way of the next"
else
	skip "what a dead process left is not in the way" "no process id namespaces here"
fi

# --- A torn tail, as a crash of the machine leaves one: healed, nothing swallowed.

dir=$(new_run torn)
rt-emit --run "$dir" "before" && cp "$dir/status.json" status.before
rt-emit --run "$dir" "the torn one"
cp "$dir/events.jsonl" whole
size=$(stat -c %s whole)
line=$(tail -n 1 whole | wc -c)
for cut in 1 2 $((line / 2)) $((line - 1)); do
	for status in status.before ''; do
		head -c $((size - cut)) whole >"$dir/events.jsonl"
		[ -z "$status" ] || cp "$status" "$dir/status.json"
		rt-emit --run "$dir" "after" || complain "cut by $cut: the next emit fails"
		# Without its newline it is still the event it was; else it is a line to skip.
		want=3
		[ "$cut" != 1 ] || want=4
		[ "$(jq .counts.events "$dir/status.json")" = "$want" ] ||
			complain "cut by $cut: $(jq -c .counts "$dir/status.json")"
		[ "$(rt-query "$dir" --count 2>/dev/null)" = "$want" ] || complain "cut by $cut: rt-query"
		[ "$(tail -n 1 "$dir/events.jsonl" | jq -r .message)" = after ] ||
			complain "cut by $cut: $(tail -n 1 "$dir/events.jsonl")"
	done
done
ok "a torn tail ends where it is torn, and the next event is whole"

finish
