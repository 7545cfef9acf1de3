#!/usr/bin/env bash
# Each system call after main() begins failing in turn: an event, a change of
# state, a new run, a run around a command. Exit 3 means that it is not there,
# exit 0 that it is, once; the files are valid after each, and the next writer
# goes on. Then short writes, of which the kernel tells and which are real.
# shellcheck disable=SC2317 # checks are called by name
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"

can_inject || skip_all "strace cannot trace here"
helper look -ljansson
errors=(ENOSPC EIO EROFS)
# What a disk has no part in, and what cannot fail with arguments that are right.
not_files='brk|clone[0-9]*|v?fork|execve|wait4|pipe2|poll|ppoll|dup[0-9]*|kill|rt_sig[a-z]*|signalfd4|getpid|umask|[gs]et[a-z]*id'
# The short form gives each call one of the errors, the long form all of them.
thorough=''
[ "${RT_FAULT_ROUNDS:-0}" -lt 100 ] || thorough=1

count_of() {
	grep -c -- "$2" "$1/events.jsonl"
}

# inject_each TITLE PREPARE CHECK COMMAND...: CHECK gets the exit status, what was
# injected, and what was said in $tmp/said.
inject_each() {
	local title=$1 prepare=$2 check=$3 name k error turn=0 tried=0 status
	shift 3
	"$prepare"
	calls_of "$@" | grep -vE "^($not_files${also_not-}) " >calls
	[ "$(wc -l <calls)" -gt 20 ] || complain "only $(wc -l <calls) calls seen"
	while read -r name k; do
		turn=$((turn + 1))
		for error in "${errors[@]}"; do
			[ "$thorough" ] || [ "$error" = "${errors[turn % 3]}" ] || continue
			"$prepare"
			tried=$((tried + 1))
			under_strace -o trace -e "inject=$name:error=$error:when=$k" "$@" >printed 2>said
			status=$?
			# Another order of things may have left out the call, or made it another one.
			grep INJECTED trace | grep -qvE "${not_these:-^$}" || continue
			"$check" "$status" "$name $k $error"
		done
	done <calls
	echo "# $(wc -l <calls) calls, $tried failures"
	ok "$title: each system call failing"
}

# --- rt-emit.

dir=$(new_run emit)
# Whatever it was, the run goes on from there.
go_on() {
	check_run "$1" "$2"
	rt-emit --run "$1" "next" 2>said.next || complain "$2: the next emit: $(cat said.next)"
	[ ! -s said.next ] || complain "$2: the next emit says: $(cat said.next)"
	check_settled "$1" "$2"
}

# Of each event it is known that it is not there yet, and the exit tells the rest.
emit_check() {
	local times
	times=$(($(count_of "$dir" "of emit") - before))
	case $1:$times in
	3:0 | 0:1) ;;
	*) complain "$2: exit $1, there $times times: $(cat said)" ;;
	esac
	[ "$1" != 3 ] || [ -s said ] || complain "$2: exit 3 without a word"
	[ "$(wc -l <said)" -le 1 ] || complain "$2: $(cat said)"
	go_on "$dir" "$2"
	before=$(count_of "$dir" "of emit")
}
count_before() {
	before=$(count_of "$dir" "of emit")
}
inject_each "rt-emit" count_before emit_check rt-emit --run "$dir" -s stage "an event of emit"

# Inside a run a failure is a warning, and without one it is there.
lenient_check() {
	local times
	times=$(($(count_of "$dir" "of emit") - before))
	[ "$1" = 0 ] || complain "$2: exit $1"
	[ -s said ] || [ "$times" = 1 ] || complain "$2: no warning, there $times times"
	[ "$times" -le 1 ] || complain "$2: there $times times"
	go_on "$dir" "$2"
}
dir=$(new_run lenient)
export RT_ON_ERROR=warn
inject_each "rt-emit inside a run" count_before lenient_check rt-emit --run "$dir" "an event of emit"
unset RT_ON_ERROR

# RT_SYNC=always: what cannot be synced was not recorded.
dir=$(new_run sync)
export RT_SYNC=always
inject_each "rt-emit with RT_SYNC=always" count_before emit_check \
	rt-emit --run "$dir" "an event of emit"
unset RT_SYNC

# --- A stream: its clean end says that all of it is there.

for ((i = 0; i < 40; i++)); do echo "line $i of emit"; done >lines
stream_check() {
	local times
	times=$(($(count_of "$dir" "of emit") - before))
	case $1:$times in
	3:? | 3:?? | 0:40) ;;
	*) complain "$2: exit $1, $times of 40 there: $(cat said)" ;;
	esac
	go_on "$dir" "$2"
}
dir=$(new_run stream)
# shellcheck disable=SC2016 # for the other shell
inject_each "rt-emit -" count_before stream_check \
	sh -c 'exec rt-emit --run "$1" - <lines' sh "$dir"

# --- A change of state.

fresh() {
	rm -rf "$dir"
	cp -a "$RT_RUNS_DIR/template" "$dir"
}
finish_check() {
	local times shown=''
	times=$(count_of "$dir" '"type":"run_failed"')
	case $1:$times in
	3:0) shown=running ;;
	0:1) shown=failed ;;
	*) complain "$2: exit $1, there $times times: $(cat said)" ;;
	esac
	rt-status --json "$dir" | grep -q "\"status\": *\"$shown\"" ||
		complain "$2: rt-status does not say $shown"
	check_run "$dir" "$2"
	rt-run finish --exit-code 7 "$dir" 2>said.next || complain "$2: again: $(cat said.next)"
	[ "$(count_of "$dir" '"type":"run_failed"')" = 1 ] || complain "$2: not failed once"
	go_on "$dir" "$2"
	grep -q '"status":"failed",.*"exit_code":7,' "$dir/status.json" ||
		complain "$2: status.json: $(head -n 1 "$dir/status.json")"
}
rt-run start --id template >/dev/null
rt-emit --run template -s one "an event"
dir=$RT_RUNS_DIR/finish
inject_each "rt-run finish" fresh finish_check rt-run finish --exit-code 7 "$dir"

# --- A new run.

gone() {
	rm -rf "$dir"
}
start_check() {
	case $1 in
	0) [ -e "$dir" ] || complain "$2: exit 0, and it is not there" ;;
	# It may be there, when what failed came after: printing its id, say.
	3) [ -s said ] || complain "$2: exit 3 without a word" ;;
	*) complain "$2: exit $1: $(cat said)" ;;
	esac
	if [ -e "$dir" ]; then
		check_run "$dir" "$2"
	else
		rt-run start --id "${dir##*/}" >/dev/null 2>said.next || complain "$2: again: $(cat said.next)"
	fi
	go_on "$dir" "$2"
}
dir=$RT_RUNS_DIR/start
inject_each "rt-run start" gone start_check rt-run start --id start

# --- A run around a command: it runs once, and its end is ours, whatever the disk
# does. What starts processes is no recording: a failure there may be one.

cat >script <<'END'
echo "output of it"
echo once >>ran
exit 7
END
command_prepare() {
	rm -rf "$dir" ran
}
command_check() {
	[ "$1" = 7 ] || complain "$2: exit $1: $(cat said)"
	[ "$(cat ran 2>&1)" = once ] || complain "$2: ran: $(cat ran 2>&1)"
	[ "$(cat printed)" = "output of it" ] || complain "$2: printed: $(cat printed)"
	if [ -e "$dir" ]; then check_run "$dir" "$2"; fi
}
dir=$RT_RUNS_DIR/command
# A pipe that is not closed keeps its reader waiting; no real close fails so. What
# is no file of the run's is none of ours to save.
also_not='|close'
not_these='\([0-9]+<(pipe:|socket:|anon_inode:|/dev/|.*/printed>)'
inject_each "rt-run -- COMMAND" command_prepare command_check rt-run --id command -- sh script

# --- Short writes. The kernel tells of one, and no byte was written:

dir=$(new_run short)
tried=0
while read -r name k; do
	[ "$name" = write ] || continue
	tried=$((tried + 1))
	for n in 0 1 20; do
		count_before
		under_strace -o trace -e "inject=write:retval=$n:when=$k" rt-emit --run "$dir" "short of emit" 2>said
		status=$?
		# status.json and logs.txt are written on; the first bytes are missing then,
		# which no file system does: only what the log says is looked at here.
		times=$(($(count_of "$dir" "of emit") - before))
		case $status:$times in
		3:0 | 0:1) ;;
		*) complain "write $k of $n bytes: exit $status, there $times times: $(cat said)" ;;
		esac
		rt-emit --run "$dir" "next" || complain "write $k of $n bytes: the next emit fails"
		check_settled "$dir" "write $k of $n bytes"
	done
done < <(calls_of rt-emit --run "$dir" "short of emit")
[ "$tried" -ge 3 ] || complain "only $tried writes seen"
ok "rt-emit: a short write is none"

# ... and then the rest cannot be removed either: what is there stays a torn tail,
# which the next writer ends.
dir=$(new_run stuck)
(
	trap '' XFSZ
	size=$(stat -c %s "$dir/events.jsonl")
	# Up to 20 bytes below the limit.
	pad=$((2048 - 20 - size))
	rt-emit --run "$dir" --set "pad=$(head -c $((pad - 100)) /dev/zero | tr '\0' x)" "pad"
	size=$(stat -c %s "$dir/events.jsonl")
	pad=$((2048 - 20 - size))
	printf '{"message":"%*s"}' $((pad - 15)) "" >>"$dir/events.jsonl"
	echo >>"$dir/events.jsonl"
)
count_before
(
	trap '' XFSZ
	ulimit -f 2
	under_strace -o /dev/null -e inject=ftruncate:error=EIO rt-emit --run "$dir" "torn of emit"
) 2>said
[ $? = 3 ] || complain "exit is not 3: $(cat said)"
grep -q 'cannot be removed' said || complain "$(cat said)"
[ "$(tail -c 1 "$dir/events.jsonl")" ] || complain "the test does not work: nothing is torn"
[ "$(count_of "$dir" "torn of emit")" = 0 ] || complain "it is there"
rt-emit --run "$dir" "next" || complain "the next emit fails"
[ "$(tail -n 1 "$dir/events.jsonl" | jq -r .message)" = next ] || complain "the next one is spliced"
[ "$(jq .counts.events "$dir/status.json")" = "$(rt-query --count "$dir" 2>/dev/null)" ] ||
	complain "counts: $(jq -c .counts "$dir/status.json")"
ok "rt-emit: a torn write that stays is ended by the next writer"

# --- A limit on the size of files makes real short writes, at every length.

for mode in ignored deadly; do
	for left in 0 1 2 20 69 70 71 72 73 74 75 76 77 78 79 80; do
		dir=$RT_RUNS_DIR/limited
		rm -rf "$dir"
		cp -a "$RT_RUNS_DIR/template" "$dir"
		# An events.jsonl of `left` bytes less than the limit of 4 KiB.
		size=$(stat -c %s "$dir/events.jsonl")
		pad=$((4096 - left - size))
		printf '{"ts":"2026-01-01T00:00:00.000+00:00","message":"%*s"}\n' $((pad - 54)) "" >>"$dir/events.jsonl"
		count_before
		(
			[ "$mode" = deadly ] || trap '' XFSZ
			ulimit -f 4 -c 0
			exec rt-emit --run "$dir" "limited of emit"
		) 2>said
		status=$?
		times=$(($(count_of "$dir" "of emit") - before))
		case $mode:$status:$times in
		*:3:0 | *:0:1 | deadly:153:0) ;;
		*) complain "$mode, $left bytes left: exit $status, there $times times: $(cat said)" ;;
		esac
		go_on "$dir" "$mode, $left bytes left"
	done
done
ok "rt-emit: a limit on the size of files, reached anywhere in the line"

finish
