#!/usr/bin/env bash
# SIGKILL at any moment of archiving, pruning, bringing back and deleting: nothing is
# lost, readers read all of it, and the next time the job is finished. What an archive
# holds is compared by tar(1) and sha256sum(1), which know nothing of rt.
# shellcheck disable=SC2317 # checks are called by name
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"

command -v rt-archive >/dev/null || skip_all "rt-archive was not built"
export RT_LIBEXEC_DIR=${RT_BUILD:+$RT_BUILD/libexec/rtbox}
[ -n "$RT_LIBEXEC_DIR" ] || unset RT_LIBEXEC_DIR

rounds=${RT_FAULT_ROUNDS:-12}
begin_killing

# A run to copy: enough of it that an archive takes a while.
make_template() {
	rt-run --id template --name template -- sh -c '
		rt-run step one -- seq 20000
		rt-emit "an event"' >/dev/null 2>&1
	mkdir -p "$template/artifacts/sub" "$template/empty"
	head -c 400000 /dev/urandom >"$template/artifacts/noise"
	for i in $(seq 40); do seq "$((i * 50))" >"$template/artifacts/sub/$i.txt"; done
	chmod 640 "$template/artifacts/sub/7.txt"
	rm -f "$template/.alive"
}

# Size, mode and hash of the files of a folder, without what belongs to the archive.
facts_of() {
	(cd "$1" && find . -type f ! -path './.*' ! -name run.tar.gz ! -name archive.json ! -name logs_summary.txt \
		! -name summary.md -printf '%m %s %p ' -exec sha256sum {} \; | sort)
}

# Of every file of the template there is one, in the directory or in a whole archive: what
# tar makes of the archive, with the directory over it, is the template.
check_nothing_lost() {
	rm -rf union
	mkdir union
	if [ -e "$1/run.tar.gz" ]; then
		tar -xpzf "$1/run.tar.gz" -C union 2>>said || complain "$2: the archive is not whole"
		facts_of union | diff facts - >differs || complain "$2: archived is another: $(head -n 3 differs)"
	fi
	cp -a "$1/." union/
	facts_of union | diff facts - >differs || complain "$2: lost: $(head -n 3 differs)"
	rt-query -c "$1" | diff count - >differs || complain "$2: rt-query: $(cat differs)"
}

no_drafts() {
	local left
	left=$(find "$1" -name '.*.tmp')
	[ -z "$left" ] || complain "$2: left over: $left"
}

template=$RT_RUNS_DIR/template
make_template
facts_of "$template" >facts
rt-query -c template >count
cp -a "$template" original
dir=$RT_RUNS_DIR/run

# Make the run anew, so that each round begins with it whole.
renew() {
	rm -rf "$dir"
	cp -a original "$dir"
}

# --- Archiving and pruning.

renew
span=$("$tmp/killer" 0 0 rt-archive --prune run 2>>said | tail -n 1)
rt-archive --check -q run || complain "the archive of an undisturbed run"
sum=$(sha256sum <"$dir/run.tar.gz")
for ((i = 0; i < rounds; i++)); do
	# by turns: no archive, one already, one that lacks something
	renew
	((i % 3 == 0)) || rt-archive -q run || complain "round $i: it cannot be archived first"
	if ((i % 3 == 2)); then
		rm -rf "$dir/run.tar.gz"
		(cd "$dir" && tar -czf run.tar.gz events.jsonl logs artifacts/sub status.json && rm -r logs artifacts/sub archive.json)
	fi
	kill_at_random rt-archive --prune run >/dev/null
	if ((i % 3 == 2)); then
		# the directory lacks something, the archive as well: together they are whole
		rt-query -c run | diff count - >differs || complain "round $i: rt-query: $(cat differs)"
	else
		check_nothing_lost "$dir" "round $i"
	fi
	rt-archive --prune -q run 2>>said || complain "round $i: the next one fails: $(tail -n 1 said)"
	check_nothing_lost "$dir" "round $i, after the next"
	no_drafts "$dir" "round $i"
	rt-archive --check -q run || complain "round $i: archive.json does not fit"
	[[ ! -e $dir/artifacts && ! -e $dir/events.jsonl ]] || complain "round $i: it is not pruned"
	((i % 3 == 2)) || [ "$(sha256sum <"$dir/run.tar.gz")" = "$sum" ] || complain "round $i: another archive"
done
report_killed
ok "rt-archive --prune killed $rounds times: nothing lost, finished by the next"

# --- Bringing back.

span=$("$tmp/killer" 0 0 rt-archive --restore run 2>>said | tail -n 1)
for ((i = 0; i < rounds; i++)); do
	rt-archive --prune -q run 2>>said || complain "round $i: it cannot be pruned: $(tail -n 1 said)"
	kill_at_random rt-archive --restore run >/dev/null
	check_nothing_lost "$dir" "round $i"
	rt-archive --restore -q run 2>>said || complain "round $i: the next one fails: $(tail -n 1 said)"
	facts_of "$dir" | diff facts - >differs || complain "round $i: brought back is: $(head -n 3 differs)"
	no_drafts "$dir" "round $i"
done
report_killed
ok "rt-archive --restore killed $rounds times: nothing lost, finished by the next"

# --- rt-prune, of several runs.

prune=(rt-prune --keep-last 0 --name template)
renew_all() {
	rm -rf "$RT_RUNS_DIR"/[!.]*
	for n in 1 2 3; do cp -a original "$RT_RUNS_DIR/run$n"; done
}

renew_all
span=$("$tmp/killer" 0 0 "${prune[@]}" --archive -q 2>>said | tail -n 1)
for ((i = 0; i < rounds; i++)); do
	renew_all
	kill_at_random "${prune[@]}" --archive -q
	for n in 1 2 3; do check_nothing_lost "$RT_RUNS_DIR/run$n" "round $i"; done
	"${prune[@]}" --archive -q 2>>said || complain "round $i: the next one fails: $(tail -n 1 said)"
	for n in 1 2 3; do
		[ "$(sha256sum <"$RT_RUNS_DIR/run$n/run.tar.gz")" = "$sum" ] || complain "round $i: run$n is not archived"
		[ ! -e "$RT_RUNS_DIR/run$n/artifacts" ] || complain "round $i: run$n is not pruned"
		no_drafts "$RT_RUNS_DIR/run$n" "round $i"
	done
done
report_killed
ok "rt-prune --archive killed $rounds times: nothing lost, finished by the next"

renew_all
span=$("$tmp/killer" 0 0 "${prune[@]}" --delete -q 2>>said | tail -n 1)
for ((i = 0; i < rounds; i++)); do
	renew_all
	kill_at_random "${prune[@]}" --delete -q
	# whole, or not there at all
	for n in 1 2 3; do
		[ ! -e "$RT_RUNS_DIR/run$n" ] || check_nothing_lost "$RT_RUNS_DIR/run$n" "round $i"
	done
	rt-status -l --format '{run_id}' -q | sort >listed
	find "$RT_RUNS_DIR" -mindepth 1 -maxdepth 1 -name 'run*' -printf '%f\n' | sort | diff - listed >differs ||
		complain "round $i: listed: $(cat differs)"
	"${prune[@]}" --delete -q 2>>said || complain "round $i: the next one fails: $(tail -n 1 said)"
	left=$(find "$RT_RUNS_DIR" -mindepth 1 ! -path '*/.rt' ! -name '.gitignore' ! -name prune.lock ! -name catalog.jsonl ! -path '*/.rt/trash')
	[ -z "$left" ] || complain "round $i: left over: $left"
done
report_killed
ok "rt-prune --delete killed $rounds times: runs are whole or gone, and so is the trash"

# --- Killed before each system call that changes something: the moments that chance misses.

if can_inject; then
	renew
	rm -rf "$dir"/artifacts/sub/{1,2,3}?.txt "$dir/artifacts/noise"
	rm -rf small && cp -a "$dir" small
	facts_of small >facts
	calls_of rt-archive --prune run |
		grep -E '^(openat|write|unlinkat|renameat|renameat2|fsync|fchmod|flock|pwrite64|ftruncate|mkdirat) ' >calls
	[ -s calls ] || complain "there are no calls"
	while read -r name k; do
		rm -rf "$dir"
		cp -a small "$dir"
		{ under_strace -o trace -e "inject=$name:signal=KILL:when=$k" rt-archive --prune run; } >/dev/null 2>&1
		check_nothing_lost "$dir" "$name $k"
		rt-archive --prune -q run 2>>said || complain "$name $k: the next one fails: $(tail -n 1 said)"
		check_nothing_lost "$dir" "$name $k, after the next"
		rt-archive --check -q run || complain "$name $k: archive.json does not fit"
		[ ! -e "$dir/artifacts" ] || complain "$name $k: it is not pruned"
		no_drafts "$dir" "$name $k"
	done < <(awk -v n="$(wc -l <calls)" -v most="$((rounds * 4))" 'n <= most || NR % int(n / most + 1) == 0' calls)
	ok "rt-archive --prune killed before each change"
else
	skip "killed before each change" "strace cannot trace here"
fi

finish
