#!/usr/bin/env bats
# rt-prune: which runs go, that nothing else does, and what is said of it.

load helper

# A run that ended so many days ago: ended DAYS [GROUP/]ID [MEMBERS].
ended() {
	local at

	at=$(date -u -d "$1 days ago" +%FT%T.000+00:00)
	make_run "$2" "\"created_at\":\"$at\",\"finished_at\":\"$at\",\"updated_at\":\"$at\"${3:+,$3}"
	echo '{"ts":"'"$at"'","type":"info","message":"'"${2##*/}"'"}' >"$RT_RUNS_DIR/$2/events.jsonl"
	sed -i "s/\"events_size\": 0/\"events_size\": $(stat -c %s "$RT_RUNS_DIR/$2/events.jsonl")/" \
		"$RT_RUNS_DIR/$2/status.json"
	echo '{"labels":{}}' >"$RT_RUNS_DIR/$2/metadata.json"
	mkdir -p "$RT_RUNS_DIR/$2/logs" "$RT_RUNS_DIR/$2/artifacts/sub"
	head -c 20000 /dev/zero >"$RT_RUNS_DIR/$2/artifacts/sub/zeros"
}

# The runs that are there.
left() {
	find "$RT_RUNS_DIR" -name .rt -prune -o -name status.json -printf '%P\n' |
		sed 's,/status.json,,' | sort | paste -sd' '
}

@test "--older-than: what ended longer ago, and nothing that is not over" {
	ended 20 old
	ended 20 old-failed '"status":"failed"'
	ended 20 old-cancelled '"status":"cancelled"'
	ended 20 running '"status":"running"'
	ended 20 paused '"status":"paused"'
	ended 20 pending '"status":"pending"'
	ended 20 lost '"status":"running","owner":{"pid":999999999,"start_ticks":1,"boot_id":"'"$(cat /proc/sys/kernel/random/boot_id)"'","pid_ns":'"$(stat -Lc %i /proc/self/ns/pid)"'}'
	ended 5 new
	mkdir "$RT_RUNS_DIR/no-run" "$RT_RUNS_DIR/group"
	echo x >"$RT_RUNS_DIR/no-run/file"
	ended 20 group/old
	ended 5 group/new
	[ "$(rt-status lost --format '{status}')" = lost ]
	run -0 --separate-stderr rt-prune --older-than 14d --delete
	[[ $output =~ ^4\ runs\ deleted,\ [0-9.]+\ KB\ freed$ ]]
	[ -z "$stderr" ]
	[ "$(left)" = "group/new lost new paused pending running" ]
	[ -e "$RT_RUNS_DIR/no-run/file" ]
	[ -z "$(ls "$RT_RUNS_DIR/.rt/trash")" ]
	run -0 rt-prune --older-than 14d --delete
	[ -z "$output" ]
	run -0 rt-prune --older-than 14d --delete -v
	[[ $output == *'1 lost runs are left alone: rt-run reap --all ends them'* ]]
	# a group without runs is removed, one with anything else is not
	run -0 rt-prune --group group --older-than 1d --delete
	[ ! -e "$RT_RUNS_DIR/group" ]
}

@test "--keep-last, by name; --keep-failed" {
	for i in 1 2 3 4; do
		ended $((10 + i)) "a$i" '"name":"a"'
		ended $((20 + i)) "b$i" '"name":"b"'
	done
	ended 30 b0 '"name":"b","status":"failed"'
	ended 1 c
	# the newest counts whatever it is
	ended 0 a0 '"name":"a","status":"running"'
	run -0 rt-prune --older-than 300h --keep-last 2 --keep-failed --delete --dry-run --format '{run_id}'
	[ "$(paste -sd' ' <<<"$output")" = "b4 b3 a4 a3" ]
	run -0 rt-prune --keep-last 2 --delete
	[[ $output == '6 runs deleted, '* ]]
	[ "$(left)" = "a0 a1 b1 b2 c" ]
	run -0 rt-prune --keep-last 0 --name 'b,x' --delete
	[ "$(left)" = "a0 a1 c" ]
}

@test "selection: other runs neither go nor count" {
	ended 20 a '"name":"x"'
	ended 20 b '"name":"y"'
	ended 20 c '"status":"failed"'
	run -0 rt-prune --older-than 14d --delete --name nope
	[ "$(left)" = "a b c" ]
	rt-prune --older-than 14d --delete --name 'y*'
	[ "$(left)" = "a c" ]
	rt-prune --older-than 14d --delete --status failed -q
	[ "$(left)" = a ]
}

@test "--max-size: the oldest, until the folder fits" {
	for i in 1 2 3 4 5; do ended "$i" "r$i"; done
	ended 9 kept '"status":"running"'
	run -0 rt-prune --max-size 1G --delete
	[ -z "$output" ]
	all=$(du -sB1 "$RT_RUNS_DIR" | cut -f1) one=$(du -sB1 "$RT_RUNS_DIR/r1" | cut -f1)
	run -0 rt-prune --max-size $((all - one - one / 2)) --delete --dry-run --format '{run_id}'
	[ "$output" = $'r5\nr4' ]
	run -0 rt-prune --max-size $((all - one - one / 2)) --delete
	[[ $output == '2 runs deleted, '* ]]
	[ "$(left)" = "kept r1 r2 r3" ]
	# what is old goes first, and counts
	run -0 rt-prune --older-than 60h --max-size $((all - 3 * one)) --delete
	[ "$(left)" = "kept r1 r2" ]
	run -0 --separate-stderr rt-prune --max-size 1K --keep-last 1 --delete
	[ "$(left)" = "kept r1 r2" ] || [ "$(left)" = "kept r1" ]
	[[ $stderr == *'still takes '*': no other run may go' ]]
	run -0 rt-prune --max-size 0 --delete
	[ "$(left)" = kept ]
}

@test "--archive: archived once, then left alone; readers read on" {
	needs_archive
	for i in 1 2 3; do
		ended $((20 + i)) "r$i"
		rt-query "r$i" >"r$i.before"
	done
	ended 1 new
	run -0 --separate-stderr rt-prune --older-than 14d --archive
	[[ $output =~ ^3\ runs\ archived,\ [0-9.]+\ KB\ freed$ ]]
	[ -z "$stderr" ]
	for i in 1 2 3; do
		rt-query "r$i" | cmp - "r$i.before"
		[ ! -e "$RT_RUNS_DIR/r$i/events.jsonl" ]
		rt-archive --check -q "r$i"
	done
	[ -e "$RT_RUNS_DIR/new/events.jsonl" ]
	run -0 --separate-stderr rt-prune --older-than 14d --archive
	[ -z "$output$stderr" ]
	# what came back, or was left by one that did not end, goes again
	rt-archive --restore r1 >/dev/null
	rm "$RT_RUNS_DIR/r1/events.jsonl"
	run -0 rt-prune --older-than 14d --archive --dry-run --format '{run_id} {action}'
	[ "$output" = "r1 archive" ]
	run -0 rt-prune --older-than 14d --archive
	[[ $output == '1 run archived, '* ]]
	[ ! -e "$RT_RUNS_DIR/r1/artifacts" ]
	# archived runs are deleted as others, without rt-archive
	mkdir empty
	RT_LIBEXEC_DIR=$PWD/empty run -0 rt-prune --older-than 14d --delete
	[[ $output == '3 runs deleted, '* ]]
	[ "$(left)" = new ]
	RT_LIBEXEC_DIR=$PWD/empty run -3 --separate-stderr rt-prune --older-than 0 --archive
	[[ $stderr == 'rt-prune: rt-archive is not installed: install the package rtbox-archive '* ]]
}

@test "--archive --max-size: the oldest, until the folder fits" {
	needs_archive
	for i in 1 2 3 4; do ended "$i" "r$i"; done
	all=$(du -sB1 "$RT_RUNS_DIR" | cut -f1)
	run -0 rt-prune --max-size $((all - 20000)) --archive
	[[ $output == *' archived, '* ]]
	[ -e "$RT_RUNS_DIR/r4/run.tar.gz" ]
	[ -e "$RT_RUNS_DIR/r1/events.jsonl" ]
	[ "$(du -sB1 "$RT_RUNS_DIR" | cut -f1)" -le $((all - 16000)) ]
}

@test "one that fails keeps no other from going, exit 3" {
	needs_archive
	ended 20 a
	ended 21 b
	ended 22 c
	mkdir "$RT_RUNS_DIR/b/run.tar.gz"
	run -3 --separate-stderr rt-prune --older-than 14d --archive
	[[ $output == '2 runs archived, '* ]]
	[[ $stderr == *'/b/run.tar.gz'* ]]
	# one that somebody writes to is tried again next time
	exec {lock}<>"$RT_RUNS_DIR/b/events.jsonl"
	flock "$lock"
	run -3 rt-prune --older-than 14d --delete
	exec {lock}>&-
	[ "$(left)" = b ]
	run -0 rt-prune --older-than 14d --delete
	[ -z "$(left)" ]
}

@test "what a deletion left in the trash is removed, whatever is in it" {
	ended 1 a
	mkdir -p "$RT_RUNS_DIR/.rt/trash/x/deep/er" outside
	echo stays >outside/file
	ln -s "$PWD/outside" "$RT_RUNS_DIR/.rt/trash/x/link"
	ln -s "$PWD/outside" "$RT_RUNS_DIR/.rt/trash/link"
	mkfifo "$RT_RUNS_DIR/.rt/trash/x/fifo"
	run -0 rt-prune --older-than 14d --delete
	[ -z "$output" ]
	[ ! -e "$RT_RUNS_DIR/.rt/trash" ]
	[ "$(cat outside/file)" = stays ]
	# the trash may be a link itself
	ln -s "$PWD/outside" "$RT_RUNS_DIR/.rt/trash"
	ended 20 b
	rt-prune --older-than 14d --delete
	[ "$(left)" = a ]
	[ "$(cat outside/file)" = stays ]
}

@test "no link is followed, nothing outside is touched" {
	mkdir outside real
	RT_RUNS_DIR=$PWD/outside ended 20 victim
	ended 20 a
	ln -s "$PWD/outside/victim" "$RT_RUNS_DIR/linked"
	ln -s "$PWD/outside" "$RT_RUNS_DIR/group"
	ln -s "$PWD/outside" "$RT_RUNS_DIR/a/artifacts/link"
	run -0 rt-prune --older-than 14d --delete
	[[ $output == '1 run deleted, '* ]]
	[ -e outside/victim/artifacts/sub/zeros ]
	[ -L "$RT_RUNS_DIR/linked" ]
	[ -L "$RT_RUNS_DIR/group" ]
	[ ! -e "$RT_RUNS_DIR/a" ]
}

@test "--dry-run changes nothing" {
	ended 20 a
	ended 1 b
	find "$RT_RUNS_DIR" -printf '%p %i %T@\n' | sort >before
	run -0 --separate-stderr rt-prune --older-than 14d --delete --dry-run
	[[ ${lines[0]} == 'RUN'*'FINISHED'*'ACTION'*'BYTES' ]]
	[[ ${lines[1]} == 'a '*'delete'* ]]
	[[ ${lines[2]} == '1 run would be deleted, which takes '* ]]
	[ -z "$stderr" ]
	run -0 rt-prune --older-than 14d --archive --dry-run
	[[ ${lines[2]} == '1 run would be archived, which takes '* ]]
	run -0 rt-prune --older-than 90d --archive --dry-run
	[ "$output" = '0 runs would be archived, which take 0 B' ]
	find "$RT_RUNS_DIR" -printf '%p %i %T@\n' | sort | diff before -
}

@test "-o and --format tell what was done" {
	ended 20 a '"name":"n"'
	ended 21 g/b
	[ "$(rt-prune --older-than 90d --delete --json)" = '[]' ]
	rt-prune --older-than 14d --delete --json >out
	[ "$(jq -r '.[] | "\(.run_id) \(.action) \(.status) \(.group) \(.size_bytes == .freed_bytes) \(.path)"' out)" = \
		"b delete completed g true $RT_RUNS_DIR/g/b
a delete completed null true $RT_RUNS_DIR/a" ]
	ended 20 a
	run -0 rt-prune --older-than 14d --delete -o csv
	[[ ${lines[0]} == run_id,name,group,status,finished_at,action,size_bytes,freed_bytes,path* ]]
	ended 20 a
	[ "$(rt-prune --older-than 14d --delete --format '{run_id}: {action}')" = 'a: delete' ]
	ended 20 a
	[ -z "$(rt-prune --older-than 14d --delete -q 2>&1)" ]
	[ -z "$(left)" ]
}

@test "a second rt-prune leaves the work to the first" {
	ended 20 a
	mkdir -p "$RT_RUNS_DIR/.rt"
	exec {lock}<>"$RT_RUNS_DIR/.rt/prune.lock"
	flock "$lock"
	run -0 --separate-stderr rt-prune --older-than 14d --delete
	[ -z "$output" ]
	[ "$stderr" = "rt-prune: another rt-prune is at work in \"$RT_RUNS_DIR\"" ]
	[ -z "$(rt-prune --older-than 14d --delete -q 2>&1)" ]
	[ "$(left)" = a ]
	# looking is no work
	run -0 rt-prune --older-than 14d --delete --dry-run --format '{run_id}'
	[ "$output" = a ]
	exec {lock}>&-
	rt-prune --older-than 14d --delete
	[ -z "$(left)" ]
}

@test "a command line that does not say what it means is refused" {
	ended 20 a
	for args in '--delete' '--older-than 1d' '--older-than 1d --delete --archive' '--older-than 1d --delete a' \
		'--older-than 1d --delete -r a' '--max-size 10X --delete' '--max-size -1 --delete' '--older-than x --delete'; do
		# shellcheck disable=SC2086 # options and their values
		run -2 rt-prune $args
	done
	[ "$(left)" = a ]
	# a folder that is not there is not made
	run -0 --separate-stderr rt-prune -d nope --older-than 1d --delete
	[[ $stderr == *'no runs in "'*'/nope"' ]]
	[ ! -e nope ]
	: >file
	run -3 rt-prune -d file --older-than 1d --delete
}

@test "progress on a terminal, and nowhere else" {
	needs_terminal
	ended 20 a
	ended 21 b
	script -qec "rt-prune --older-than 14d --delete" /dev/null >out
	grep -q 'deleting 1 of 2: b' out
	grep -q 'deleting 2 of 2: a' out
	grep -q '2 runs deleted, ' out
	ended 20 a
	[ "$(rt-prune --older-than 14d --delete 2>&1 | wc -l)" = 1 ]
}

@test "a group that is removed is in nobody's way who begins a run in it" {
	for i in 1 2 3 4 5; do
		ended 20 "g/old$i"
		(for j in 1 2 3 4; do rt-run --group g --id "n$i-$j" -- true || exit; done) >/dev/null 2>said 3>&- &
		rt-prune --older-than 14d --delete -q
		wait $!
		[ ! -s said ]
		[ "$(find "$RT_RUNS_DIR/g" -name "n$i-*" | wc -l)" = 4 ]
		rt-prune --keep-last 0 --delete -q
	done
}
