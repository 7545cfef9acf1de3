#!/usr/bin/env bash
# No space: a disk that is full before or becomes full meanwhile, one that is
# read-only, a standard output that takes nothing, a limit on the size of files.
# The record may suffer, and says so; the command never does.
# shellcheck disable=SC2317 # some functions are called by name

# A small disk of our own, as root or in a user namespace; without it only what
# needs none is tested.
if [ -z "${FULL_INSIDE-}" ]; then
	export FULL_INSIDE=1
	for how in -m -rm; do
		if unshare "$how" true 2>/dev/null; then exec unshare "$how" bash "$0"; fi
	done
fi
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"
helper look -ljansson

disk=$tmp/disk
mkdir "$disk"

# A new disk of so many KiB; what cannot be mounted is said in $no_disk.
no_disk=''
new_disk() {
	umount "$disk" 2>/dev/null
	mount -t tmpfs -o "size=$1k" none "$disk" 2>/dev/null || no_disk="no file system can be mounted here"
	export RT_RUNS_DIR=$disk/runs
}

# Fill it but for so many pages of 4 KiB.
fill() {
	local size
	head -c 64M /dev/zero >"$disk/filler" 2>/dev/null
	size=$(stat -c %s "$disk/filler")
	truncate -s $((size - 4096 * ${1:-0})) "$disk/filler"
}

# expect STATUS COMMAND...: what it prints is in $printed, what it says in $said.
expect() {
	local want=$1 status
	shift
	"$@" >printed 2>said
	status=$?
	[ "$status" = "$want" ] || complain "$*: exit $status, not $want: $(cat said)"
	printed=$(cat printed)
	said=$(cat said)
}

# says TEXT [LINES]: what the last command said, in so many lines.
says() {
	case $said in
	*"$1"*) ;;
	*) complain "it says: $said" ;;
	esac
	[ "$(grep -c . said)" = "${2:-1}" ] || complain "$(grep -c . said) lines: $said"
}

count_of() {
	grep -c -- "$2" "$1/events.jsonl"
}

cat >script <<'END'
set -euo pipefail
echo "output one"
rt-emit -s one --percent 10 "an event of it"
rt-run step build -- sh -c 'echo "output two"; echo "to stderr" >&2'
printf '%s\n' a '{"message":"b"}' c | rt-emit -
rt-emit --type no_such_type_but_fine --set "k=v" "another"
rt-run step fails -- sh -c 'exit 9' || echo "it failed with $?"
seq 5 | rt-emit --tee - | tail -n 1
exit 7
END

# The script's own result, under whatever stands before it.
result_of() {
	"$@" bash script 2>said | grep -v '^rt-'
	echo "exit ${PIPESTATUS[0]}"
}

new_disk 512
if [ "$no_disk" ]; then
	skip "a full disk" "$no_disk"
else
	# --- Full before.
	dir=$(new_run before)
	rt-emit --run "$dir" -s one "an event"
	rt-summarize -w "$dir" >/dev/null
	cp -a "$dir" was
	fill

	expect 3 rt-emit --run "$dir" "lost"
	says "$dir"
	says "No space left on device"
	expect 3 rt-run finish "$dir"
	says "No space left on device"
	expect 0 env RT_ON_ERROR=warn rt-emit --run "$dir" "lost"
	says "No space left on device"
	[ "$(count_of "$dir" lost)" = 0 ] || complain "the event is there"
	diff -r was "$dir" >different || complain "$(cat different)"
	ok "rt-emit on a full disk: exit 3, in a run a warning, and nothing has changed"

	seq 2000 >lines
	expect 3 rt-emit --run "$dir" - <lines
	says "No space left on device"
	check_run "$dir"
	expect 0 env RT_ON_ERROR=warn rt-emit --run "$dir" - <lines
	says "No space left on device"
	check_run "$dir"
	ok "rt-emit - on a full disk: exit 3, whole lines"

	expect 3 rt-run start
	says "No space left on device"
	[ -z "$printed" ] || complain "it prints $printed"
	expect 125 rt-run --require-record -- touch ran
	[ ! -e ran ] || complain "the command ran"
	expect 7 rt-run -- sh -c 'echo output; rt-emit event; exit 7'
	[ "$printed" = output ] || complain "printed: $printed"
	says "not recorded"
	expect 7 env RT_RUN="$dir" rt-run step -- sh -c 'echo output; exit 7'
	[ "$printed" = output ] || complain "printed: $printed"
	says "not recorded"
	ok "rt-run on a full disk: one warning, and the command's own end"

	for command in rt-status rt-query rt-tail rt-summarize; do
		expect 0 "$command" "$dir"
		[ "$printed" ] || complain "$command prints nothing"
		[ -z "$said" ] || complain "$command says: $said"
	done
	expect 0 rt-status -l
	expect 3 rt-summarize -w "$dir"
	says "No space left on device"
	diff "$dir/logs_summary.txt" was/logs_summary.txt >/dev/null || complain "the summary has changed"
	ok "readers read on a full disk, and a summary that cannot be written stays"

	rm "$disk/filler"
	rt-emit --run "$dir" "next" || complain "the next emit fails"
	check_run "$dir"
	check_settled "$dir"
	rt-run finish "$dir" || complain "it cannot be finished"
	[ "$(count_of "$dir" run_completed)" = 1 ] || complain "not completed once"
	ok "with space again, all goes on"

	# --- Full after so many pages, at every place in a line.
	new_disk 256
	for pages in 0 1 2 3; do
		for left in 0 1 20 60 70 80 200; do
			rm -rf "$disk/runs" "$disk/filler"
			dir=$(new_run during)
			size=$(stat -c %s "$dir/events.jsonl")
			printf '{"ts":"2026-01-01T00:00:00.000+00:00","message":"%*s"}\n' \
				$((4096 - left - size - 54)) "" >>"$dir/events.jsonl"
			rt-status "$dir" >/dev/null
			fill "$pages"
			rt-emit --run "$dir" "of which the disk may be full" 2>said
			status=$?
			case $status:$(count_of "$dir" "of which") in
			3:0 | 0:1) ;;
			*) complain "$pages pages, $left bytes: exit $status, there" \
				"$(count_of "$dir" "of which") times: $(cat said)" ;;
			esac
			[ "$status" = 0 ] || grep -q "No space left" said || complain "it says: $(cat said)"
			check_run "$dir" "$pages pages, $left bytes"
			rm "$disk/filler"
			rt-emit --run "$dir" "next" || complain "$pages pages, $left bytes: the next emit fails"
			check_settled "$dir" "$pages pages, $left bytes"
		done
	done
	ok "a disk that is full at any place in an event"

	# --- A stream that is larger than the disk.
	new_disk 1024
	dir=$(new_run stream)
	seq -f 'line %.0f of a stream that is larger than the disk' 100000 >lines
	expect 3 rt-emit --run "$dir" - <lines
	grep -q "No space left on device" said || complain "it says: $said"
	[ "$(count_of "$dir" "of a stream")" -gt 0 ] || complain "nothing is there"
	[ "$(grep -o 'line [0-9]* of' "$dir/events.jsonl" | sort | uniq -d)" = '' ] || complain "lines twice"
	check_run "$dir"
	rm "$dir/logs.txt"
	rt-emit --run "$dir" "next" || complain "the next emit fails"
	check_settled "$dir"
	ok "a stream larger than the disk: exit 3, whole lines, once"

	# --- Full while a command runs.
	new_disk 512
	cat >fills <<'END'
echo before
rt-emit "before"
head -c 64M /dev/zero >"$1" 2>/dev/null
for i in 1 2 3; do
	seq -f 'output %.0f that is captured no longer' 500
	rt-emit "event $i while it is full"
done
exit 7
END
	{ echo before; for _ in 1 2 3; do seq -f 'output %.0f that is captured no longer' 500; done; } >want
	expect 7 rt-run --id full -- sh fills "$disk/filler"
	cmp -s printed want || complain "the output has changed: $(diff printed want | head -n 5)"
	[ "$(grep -c '^rt-emit: ' said)" = 3 ] || complain "said: $said"
	[ "$(grep -c '^rt-run: ' said)" -le 3 ] || complain "said: $said"
	check_run "$disk/runs/full"
	rm "$disk/filler"
	# What rt-run removes at its end may have made room enough for it to be recorded.
	grep -q '"status":"failed"' "$disk/runs/full/status.json" || expect 0 rt-run reap full
	check_settled "$disk/runs/full"
	grep -q '"status":"failed"' "$disk/runs/full/status.json" || complain "it is not failed"
	ok "a disk that fills while a command runs: its output and its end are the same"

	# --- The same script, however the disk is.
	new_disk 512
	want=$(result_of env)
	got=$(result_of rt-run --)
	[ "$got" = "$want" ] || complain "recorded:" "$got"
	grep -v '^to stderr$' said >unwanted && complain "recorded, it says: $(cat unwanted)"
	fill
	got=$(result_of rt-run --)
	[ "$got" = "$want" ] || complain "on a full disk:" "$got"
	ok "a script's result is the same without rt, with it, and on a full disk"

	rm "$disk/filler"
	dir=$(find "$disk/runs" -name status.json -printf %h -quit)
	if mount -o remount,ro "$disk" 2>/dev/null; then
		got=$(result_of rt-run --)
		[ "$got" = "$want" ] || complain "$got"
		grep -q "Read-only file system" said || complain "it says: $(cat said)"
		ok "a script's result is the same on a read-only disk"

		expect 3 rt-emit --run "$dir" "lost"
		says "Read-only file system"
		expect 0 env RT_ON_ERROR=warn rt-emit --run "$dir" "lost"
		says "Read-only file system"
		for command in "rt-status" "rt-query" "rt-tail" "rt-summarize"; do
			expect 0 "$command" "$dir"
			[ -z "$said" ] || complain "$command says: $said"
		done
		expect 0 rt-status -l
		[ -z "$said" ] || complain "rt-status -l says: $said"
		ok "a read-only disk: rt-emit exits 3, in a run it warns; readers read"
	else
		skip "a read-only disk" "it cannot be mounted read-only here"
	fi
	umount "$disk"
fi

# --- Standard output takes nothing: exit 3, and it is said.

export RT_RUNS_DIR=$tmp/runs
dir=$(new_run output)
rt-emit --run "$dir" -s one "an event"
rt-run --id talked -- echo "output" >/dev/null
to_full() {
	"$@" >/dev/full
}
while read -r command; do
	# shellcheck disable=SC2086 # words
	expect 3 to_full $command
	says "cannot write standard output: No space left on device"
done <<END
rt-status $dir
rt-status --json $dir
rt-status -l
rt-query $dir
rt-query --count $dir
rt-query -o json $dir
rt-tail $dir
rt-tail --logs talked
rt-summarize $dir
rt-summarize -o json $dir
rt-summarize -w $dir
rt-run env $dir
rt-run start
rtbox --list
END
ok "a full standard output: exit 3, and it is said"

expect 0 to_full rt-emit --run "$dir" "silent"
seq 3 >lines
expect 3 to_full rt-emit --run "$dir" --tee - <lines
[ "$(count_of "$dir" '"message":"[123]"')" = 3 ] || complain "the events are not there"
ok "rt-emit --tee with a full standard output: the events are there, exit 3"

# The command has written it all; it is rt-run that cannot pass it on.
expect 7 to_full rt-run -- sh -c 'echo lost; exit 7'
says "No space left on device"
ok "rt-run with a full standard output says so, and ends as the command"

# --- A limit on the size of files is for what the command writes, and its pipes
# have none: the record must not let it die of it.

cat >talks <<'END'
head -c 20000 /dev/zero | tr '\0' x
rt-emit "an event"
exit 7
END
limited() (
	ulimit -f 8 -c 0
	"$@"
)
expect 7 limited rt-run --id limited -- sh talks
passed=$(limited rt-run -- sh talks 2>/dev/null | wc -c)
[ "$passed" = 20000 ] || complain "$passed bytes of output"
[ "$said" ] || complain "it says nothing of what is not captured"
check_run "$RT_RUNS_DIR/limited"
# The limit is still the command's.
expect 153 limited rt-run -- sh -c 'exec head -c 20000 /dev/zero >large'
ok "rt-run under a limit on the size of files: the command does not notice"

finish
