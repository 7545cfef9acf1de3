#!/usr/bin/env bash
# A supervised command, and what may befall it: its child, rt-run itself or both
# are killed, the child is stopped for a while, the run's directory goes away, its
# disk is full or nothing in it can be written. The command's own result is untouched,
# the record stays valid, and says the truth afterwards. Nothing is left over.
# shellcheck disable=SC2317 # checks are called by name
if [ -z "${SUPERVISE_INSIDE-}" ]; then
	export SUPERVISE_INSIDE=1
	for how in -m -rm; do
		if unshare "$how" true 2>/dev/null; then exec unshare "$how" bash "$0"; fi
	done
fi
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"

rounds=${RT_FAULT_ROUNDS:-15}
seed=${RT_FAULT_SEED:-$RANDOM}
RANDOM=$seed
echo "# RT_FAULT_SEED=$seed"
export LOOK_TORN=1
helper look -ljansson

no_disk=''
mkdir "$tmp/disk"
mount -t tmpfs -o size=1M none "$tmp/disk" 2>/dev/null || no_disk=1

# The command: output on both streams, events and a step, a code of its own.
cat >work <<'END'
echo $$ >pid
for i in 1 2 3 4 5 6 7 8; do
	echo "out $i"
	echo "err $i" >&2
	rt-emit "event $i" 2>/dev/null
	sleep 0.02
done
rt-run step -- sh -c 'echo "in a step"' 2>/dev/null
exit 7
END
RT_RUN='' sh work >want.out 2>want.err

# What rt-run says itself is on standard error, too.
untouched() {
	wait "$pid"
	code=$?
	[ "$code" = 7 ] || complain "round $round $fault: exit code $code"
	cmp -s want.out out || complain "round $round $fault: output: $(diff want.out out)"
	grep -v '^rt-run: ' err | cmp -s want.err - || complain "round $round $fault: errors: $(cat err)"
}

# Killed by KILL, as the command was.
killed() {
	wait "$pid" 2>/dev/null
	code=$?
	[ "$code" = 137 ] || [ "$code" = 7 ] || complain "round $round $fault: exit code $code"
}

# The state that the run has come to, after rt-run reap where it is lost.
settles() {
	local state id

	state=$(rt-status --json "$1" | jq -r .status)
	if [ "$state" = lost ]; then
		id=$(rt-run reap "$1") || complain "round $round $fault: reap fails"
		[ "$id" = "${1##*/}" ] || complain "round $round $fault: reap says $id"
		state=$(rt-status --json "$1" | jq -r .status)
	fi
	[[ " $2 " == *" $state "* ]] || complain "round $round $fault: $state, not $2"
	check_run "$1" "round $round $fault"
	check_settled "$1" "round $round $fault"
}

writable() {
	find "$RT_RUNS_DIR" \( -type f -o -type d \) -exec chattr -i {} + 2>/dev/null
	chmod -R u+w "$RT_RUNS_DIR"
}
trap 'writable; umount "$tmp/disk" 2>/dev/null; rm -rf --one-file-system "$tmp"' EXIT

nap() {
	sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
}

faults=(child supervisor both stop removed full readonly)
for ((round = 0; round < rounds; round++)); do
	fault=${faults[round % ${#faults[@]}]}
	[ "$fault" != full ] || [ -z "$no_disk" ] || continue
	export RT_RUNS_DIR=$tmp/runs
	[ "$fault" != full ] || RT_RUNS_DIR=$tmp/disk/runs
	rm -f pid
	rt-run --id "r$round" -- sh work >out 2>err &
	pid=$!
	dir=$RT_RUNS_DIR/r$round
	until [ -s pid ]; do sleep 0.005; done
	nap
	child=$(cat pid)
	case $fault in
	child)
		kill -KILL "$child" 2>/dev/null
		killed
		settles "$dir" "failed"
		;;
	supervisor | both)
		kill -KILL "$pid" 2>/dev/null
		[ "$fault" = supervisor ] || kill -KILL "$child" 2>/dev/null
		killed
		while kill -0 "$child" 2>/dev/null; do sleep 0.01; done
		settles "$dir" "failed"
		;;
	stop)
		setsid -w sh -c 'kill -STOP "$1"; sleep 0.1; kill -CONT "$1"' sh "$child" 2>/dev/null
		untouched
		settles "$dir" "failed"
		;;
	removed)
		rm -rf "$dir"
		untouched
		[ ! -e "$dir/status.json" ] || complain "round $round: the run is there again"
		;;
	full)
		head -c 2M /dev/zero >"$tmp/disk/filler" 2>/dev/null
		untouched
		rm "$tmp/disk/filler"
		settles "$dir" "failed"
		;;
	readonly)
		# The mode of a file is nothing to root.
		find "$dir" \( -type f -o -type d \) -exec chattr +i {} + 2>/dev/null || chmod -R a-w "$dir"
		untouched
		writable
		settles "$dir" "failed"
		;;
	esac
	rm -rf "$dir"
	[ -z "${why-}" ] || break
done
ok "$rounds rounds of what may befall a command: its result is its own, the record is true"

# --- One after the other: nothing adds up.

export RT_RUNS_DIR=$tmp/many
many=$((rounds < 200 ? rounds * 2 : 1000))
MARK=$tmp/many bash -c '
	ls /proc/self/fd >before
	for ((i = 0; i < $1; i++)); do rt-run -- true || exit; done
	ls /proc/self/fd >after' bash "$many" 3>&- || complain "a run fails"
[ "$(wc -l <before)" = "$(wc -l <after)" ] || complain "descriptors: $(cat before), then $(cat after)"
[ "$(rt-status -l --status completed -n all --json | jq length)" = "$many" ] || complain "not $many runs"
! grep -qs "MARK=$tmp/many" /proc/[0-9]*/environ || complain "processes are left"
inodes=$(find "$RT_RUNS_DIR" -printf ':%i \n')
! grep -qF "$inodes" /proc/locks || complain "locks are left: $(grep -F "$inodes" /proc/locks)"
[ -z "$(find "$RT_RUNS_DIR" -name .alive -o -name .sock -o -name '*.tmp')" ] || complain "files are left"
ok "$many runs in a row leave no process, no descriptor, no lock"

finish
