#!/usr/bin/env bats
# rt-archive makes archives, prunes runs and brings them back: nothing is lost,
# nothing of the run reads otherwise, and what is hostile is refused.

load helper

setup() {
	rt_setup
	needs_archive
}

# A run with steps, rotated logs, artifacts, odd names, modes and an empty folder.
record_run() {
	local run=$RT_RUNS_DIR/$1

	rt-run --id "$1" --name demo -l team=red -- bash -c '
		echo hello
		rt-run step build -- bash -c "echo building; echo oops >&2"
		rt-emit --level warning --component db "slow: 12 ms"' >/dev/null 2>&1
	echo '2026-07-01T12:00:00.500000000Z stdout F rotated' >"$run/logs/run.log.1"
	mkdir -p "$run/artifacts/sub" "$run/context" "$run/empty" "$run/AAA/$(printf 'd%.0s' {1..120})"
	echo text >"$run/artifacts/report.txt"
	echo more >"$run/artifacts/sub/more.txt"
	: >"$run/artifacts/none"
	echo '{"type":"info","message":"decoy"}' >"$run/AAA/events.jsonl"
	seq 20000 >"$run/AAA/$(printf 'd%.0s' {1..120})/$(printf 'f%.0s' {1..120})"
	printf 'a\0b' >"$run/artifacts/"$'\xff\xfe \n'
	echo umlaut >"$run/artifacts/ü"
	chmod 640 "$run/artifacts/report.txt"
	chmod 711 "$run/artifacts/none"
	chmod 750 "$run/artifacts/sub"
	rt-summarize -w "$1" >/dev/null
}

# Every file and folder of a run that is archived: mode, size, whole seconds, hash, name.
facts_of() {
	(cd "$1" && find . -mindepth 1 \( -name run.tar.gz -o -name run.tar.zst -o -name archive.json \) -prune \
		-o -type d -printf '%m %p\n' -o -printf '%m %s %Ts %p ' -exec sha256sum {} \; | sort)
}

# What is printed of a run; the archive and what is beside it is not of it.
print_all() {
	local run=$1

	print_each <<-END
		rt-status $run
		rt-status $run --json
		rt-status -l --json
		rt-status -l --label team=red --json
		rt-query $run
		rt-query -a --since 2020-01-01 --json
		rt-query --sql 'select type, count(*) from events group by 1 order by 1' $run
		rt-tail $run -n all
		rt-tail $run --logs
		rt-tail $run --logs -n 2
		rt-tail $run --logs --step 1
		rt-summarize $run --json
	END
	# the archive is told of last, between two lines
	rt-summarize "$run" | grep -v '^=*$' | sed '/^ARCHIVE INTEGRITY/,$d'
}

@test "an archive holds what git does not track, and archive.json says what it is" {
	record_run one
	facts_of "$RT_RUNS_DIR/one" >before
	run -0 --separate-stderr rt-archive one
	[ "$output" = "$RT_RUNS_DIR/one/run.tar.gz" ]
	[ -z "$stderr" ]
	facts_of "$RT_RUNS_DIR/one" | diff before -
	# as another program reads it
	mkdir out
	tar -xzpf "$RT_RUNS_DIR/one/run.tar.gz" -C out
	facts_of out >after
	diff <(grep -avE ' \./(logs_summary.txt|summary.md) ' before) after
	[ "$(tar -tzf "$RT_RUNS_DIR/one/run.tar.gz" --quoting-style=escape | head -n 1)" = ./ ]
	tar -tzf "$RT_RUNS_DIR/one/run.tar.gz" --quoting-style=escape | grep -v '[\]' | sed 's,/$,,' >names
	LC_ALL=C sort -c names
	# of whom and when, nothing
	[ "$(tar --numeric-owner -tvzf "$RT_RUNS_DIR/one/run.tar.gz" | awk '{ print $2 }' | sort -u)" = 0/0 ]
	[ "$(head -c 8 "$RT_RUNS_DIR/one/run.tar.gz" | od -An -tx1 -j4 | tr -d ' ')" = 00000000 ]
	cd "$RT_RUNS_DIR/one"
	[ "$(jq -r '.name, .size_bytes, .sha256, .files' archive.json)" = "run.tar.gz
$(stat -c %s run.tar.gz)
$(sha256sum <run.tar.gz | cut -d' ' -f1)
$(tar -tzf run.tar.gz --quoting-style=escape | grep -vc '/$')" ]
	[ "$(jq -c .contents archive.json)" = \
		'["AAA/","artifacts/","context/","empty/","events.jsonl","logs.txt","logs/","metadata.json","metrics.json","status.json"]' ]
	rt-summarize | grep -q "^SHA-256: $(jq -r .sha256 archive.json)$"
}

@test "the same files make the same bytes: again, elsewhere, in another zone and locale, after --restore" {
	record_run one
	rt-archive one
	sum=$(sha256sum <"$RT_RUNS_DIR/one/run.tar.gz") json=$(cat "$RT_RUNS_DIR/one/archive.json")
	rm "$RT_RUNS_DIR/one/run.tar.gz" "$RT_RUNS_DIR/one/archive.json"
	(
		umask 077
		TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 rt-archive one
	)
	[ "$(sha256sum <"$RT_RUNS_DIR/one/run.tar.gz")" = "$sum" ]
	[ "$(cat "$RT_RUNS_DIR/one/archive.json")" = "$json" ]
	cp -a "$RT_RUNS_DIR/one" "$RT_RUNS_DIR/two"
	rm "$RT_RUNS_DIR"/two/run.tar.gz
	rt-archive two
	[ "$(sha256sum <"$RT_RUNS_DIR/two/run.tar.gz")" = "$sum" ]
	rt-archive --prune one
	rt-archive --restore one
	rm "$RT_RUNS_DIR/one/run.tar.gz"
	rt-archive one
	[ "$(sha256sum <"$RT_RUNS_DIR/one/run.tar.gz")" = "$sum" ]
}

@test "archived, pruned, brought back: everything reads as before, then every byte, mode and time is back" {
	local options=(--prune) form

	for form in gz zst; do
		record_run "$form"
		[ "$form" = gz ] || options+=(--zstd)
		print_all "$form" >before
		facts_of "$RT_RUNS_DIR/$form" >facts
		rt-archive "${options[@]}" "$form"
		print_all "$form" | diff before -
		[ "$(find "$RT_RUNS_DIR/$form" -mindepth 1 -printf '%P\n' | LC_ALL=C sort | paste -sd' ')" = \
			"archive.json logs_summary.txt metadata.json run.tar.$form status.json summary.md" ]
		run -0 rt-archive --check "$form"
		[ "$output" = "$form: ok" ]
		run -0 rt-archive --restore "$form"
		[ "$output" = "$RT_RUNS_DIR/$form" ]
		facts_of "$RT_RUNS_DIR/$form" | diff facts -
		print_all "$form" | diff before -
		rt-emit -r "$form" "an event that comes after"
		rm -r "${RT_RUNS_DIR:?}"
	done
}

@test "of a run that was pruned the state is known without its archive" {
	local run=$RT_RUNS_DIR/one

	record_run one
	rt-status one --json >before
	rt-archive --prune one
	mkdir none
	RT_LIBEXEC_DIR=$PWD/none rt-status one --json | diff before -
	[ "$(RT_LIBEXEC_DIR=$PWD/none rt-status -l --label team=red --format '{run_id} {counts.events}')" = \
		"one $(jq .counts.events before)" ]
	# unless status.json lags behind: then it is not left there to be believed
	rt-archive --restore one
	echo '{"ts":"2026-07-01T12:00:00.000+00:00","type":"info","message":"of one that died"}' >>"$run/events.jsonl"
	rt-status one --json >before
	rt-archive --prune one
	[ ! -e "$run/status.json" ]
	rt-status one --json | diff before -
	rt-archive --restore one
	rt-status one --json | diff before -
}

@test "what is archived is left alone; -v says so" {
	record_run one
	rt-archive one
	mark=$(stat -c '%i %y' "$RT_RUNS_DIR"/one/{run.tar.gz,archive.json})
	run -0 --separate-stderr rt-archive -v one
	[ -z "$output" ]
	[[ $stderr == *'nothing is new in "one"'* ]]
	run -0 rt-archive --prune one
	[ -z "$output" ]
	[ ! -e "$RT_RUNS_DIR/one/events.jsonl" ]
	run -0 rt-archive --prune one
	[ -z "$output" ]
	[ "$(stat -c '%i %y' "$RT_RUNS_DIR"/one/{run.tar.gz,archive.json})" = "$mark" ]
	rm "$RT_RUNS_DIR/one/archive.json"
	run -0 rt-archive one
	[ -z "$output" ]
	run -0 rt-archive --check one
}

@test "an archive that lacks something is made anew, and holds what it held" {
	record_run one
	facts_of "$RT_RUNS_DIR/one" >before
	rt-archive --prune one
	mkdir -p "$RT_RUNS_DIR/one/artifacts"
	echo late >"$RT_RUNS_DIR/one/artifacts/late.txt"
	echo new >"$RT_RUNS_DIR/one/metrics.json"
	rt-tail one -n all >tail
	rt-archive one
	# what was pruned stays so, what was not stays
	[ ! -e "$RT_RUNS_DIR/one/events.jsonl" ]
	[ ! -e "$RT_RUNS_DIR/one/artifacts/report.txt" ]
	[ "$(cat "$RT_RUNS_DIR/one/artifacts/late.txt")" = late ]
	rt-tail one -n all | cmp tail -
	rt-archive --prune one
	[ ! -e "$RT_RUNS_DIR/one/artifacts" ]
	rt-archive --check one
	rt-archive --restore one
	[ "$(cat "$RT_RUNS_DIR/one/artifacts/late.txt" "$RT_RUNS_DIR/one/metrics.json")" = $'late\nnew' ]
	facts_of "$RT_RUNS_DIR/one" | grep -av 'late.txt\|metrics.json' | diff <(grep -av metrics.json before) -
	# an archive by hand, packed as a folder
	record_run two
	facts_of "$RT_RUNS_DIR/two" >before
	tar -C "$RT_RUNS_DIR" -czf two.tgz two
	find "$RT_RUNS_DIR/two" -mindepth 1 -delete
	mv two.tgz "$RT_RUNS_DIR/two/run.tar.gz"
	echo more >"$RT_RUNS_DIR/two/more"
	rt-archive --prune two
	rt-archive --restore two
	facts_of "$RT_RUNS_DIR/two" | grep -av more$ | diff before -
}

@test "only a run that is over" {
	for state in running paused pending; do make_run "$state" "\"status\":\"$state\",\"updated_at\":\"$(date -u +%FT%T.000+00:00)\""; done
	rt-run --id lost -- bash -c 'kill -9 $PPID' || true
	for run in running paused pending lost; do
		cp -a "$RT_RUNS_DIR/$run" saved
		for how in '' --prune --restore; do
			# shellcheck disable=SC2086 # none, or one
			run -3 --separate-stderr rt-archive $how "$run"
			[[ $stderr == "rt-archive: run \"$run\" is $run: "* ]]
		done
		diff -r -x .sock saved "$RT_RUNS_DIR/$run"
		rm -r saved
	done
	[[ $stderr == *'rt-run reap'* ]]
	rt-run reap lost
	rt-archive --prune lost
	# one that writers hold
	record_run one
	exec {lock}<>"$RT_RUNS_DIR/one/events.jsonl"
	flock "$lock"
	RT_LOCK_TIMEOUT=50ms run -3 rt-archive --prune one
	[[ $output == *'is locked by another process'* ]]
	exec {lock}>&-
	[ -e "$RT_RUNS_DIR/one/events.jsonl" ]
}

@test "a log that a process which was left behind still writes to is not removed" {
	record_run one
	exec {log}>>"$RT_RUNS_DIR/one/logs/run.log"
	run -3 --separate-stderr rt-archive --prune one
	[ "$stderr" = 'rt-archive: "one" is not pruned: a process still writes to "logs/run.log"' ]
	[ -e "$RT_RUNS_DIR/one/events.jsonl" ]
	echo '2026-07-01T12:00:00.500000000Z stdout F late' >&"$log"
	exec {log}>&-
	rt-archive --prune one
	rt-tail --logs one | grep -q late
}

@test "several runs: one that cannot be archived keeps no other from it" {
	record_run one
	make_run two '"status":"running","updated_at":"'"$(date -u +%FT%T.000+00:00)"'"'
	record_run three
	run -3 --separate-stderr rt-archive one two three
	[ "$output" = "$RT_RUNS_DIR/one/run.tar.gz
$RT_RUNS_DIR/three/run.tar.gz" ]
	run -2 rt-archive
	[[ $output == *'which run?'* ]]
	run -2 rt-archive --prune --list one
	run -2 rt-archive --zstd --restore one
	run -2 rt-archive --check --restore one
	run -3 rt-archive "$RT_RUNS_DIR/one/run.tar.gz"
	RT_RUN=one run -0 rt-archive -v
	[[ $output == *'nothing is new'* ]]
}

@test "links are not followed, devices not read: they stay, and that is said" {
	record_run one
	echo secret >secret
	ln -s "$PWD/secret" "$RT_RUNS_DIR/one/artifacts/link"
	ln -s / "$RT_RUNS_DIR/one/root"
	mkfifo "$RT_RUNS_DIR/one/fifo"
	run -0 --separate-stderr timeout 20 rt-archive --prune one
	[ "$stderr" = "rt-archive: 3 links and other things that are no regular files stay in \"$RT_RUNS_DIR/one\"" ]
	run ! grep -E 'link|root|fifo' <(tar -tzf "$RT_RUNS_DIR/one/run.tar.gz")
	[ -L "$RT_RUNS_DIR/one/artifacts/link" ]
	[ -p "$RT_RUNS_DIR/one/fifo" ]
	[ "$(cat secret)" = secret ]
	# the archive itself may be none
	record_run two
	ln -s "$PWD/nowhere" "$RT_RUNS_DIR/two/run.tar.gz"
	run -3 rt-archive --prune two
	[ -e "$RT_RUNS_DIR/two/events.jsonl" ]
	[ ! -e nowhere ]
	# a folder of drafts that leads elsewhere
	mkdir elsewhere
	record_run three
	rt-archive --prune three
	ln -s "$PWD/elsewhere" "$RT_RUNS_DIR/three/.restore.tmp"
	rt-archive --restore three
	[ -z "$(ls elsewhere)" ]
	[ -e "$RT_RUNS_DIR/three/events.jsonl" ]
}

@test "an archive is no more open than the files in it" {
	record_run one
	chmod 600 "$RT_RUNS_DIR/one/artifacts/report.txt"
	rt-archive one
	[ "$(stat -c %a "$RT_RUNS_DIR/one/run.tar.gz")" = 600 ]
	record_run two
	chmod -R go=rX "$RT_RUNS_DIR/two"
	rt-archive two
	[ "$(stat -c %a "$RT_RUNS_DIR/two/run.tar.gz")" = 644 ]
	record_run three
	chmod -R go=rX "$RT_RUNS_DIR/three"
	chmod 750 "$RT_RUNS_DIR/three/artifacts"
	rt-archive three
	[ "$(stat -c %a "$RT_RUNS_DIR/three/run.tar.gz")" = 640 ]
}

@test "--restore overwrites nothing" {
	record_run one
	rt-archive --prune one
	echo mine >"$RT_RUNS_DIR/one/metrics.json"
	run -0 --separate-stderr rt-archive --restore one
	[[ $stderr == *'/one/metrics.json" stays as it is: the archive has another one' ]]
	[ "$(cat "$RT_RUNS_DIR/one/metrics.json")" = mine ]
	[ -e "$RT_RUNS_DIR/one/events.jsonl" ]
	# something that is no file in the place of one, a link in the place of a folder
	record_run two
	rt-archive --prune two
	mkdir "$RT_RUNS_DIR/two/logs.txt" away
	cp -a "$RT_RUNS_DIR/two" saved
	run -3 rt-archive --restore two
	[[ $output == *'is refused: in the run there is something else that is called "logs.txt"' ]]
	diff -r saved "$RT_RUNS_DIR/two"
	rmdir "$RT_RUNS_DIR/two/logs.txt"
	ln -s "$PWD/away" "$RT_RUNS_DIR/two/logs"
	run -3 rt-archive --restore two
	[ -z "$(ls away)" ]
	[ ! -e "$RT_RUNS_DIR/two/events.jsonl" ]
}

# A run that has nothing but this archive and a status, and what --restore says of it.
refuses() {
	rm -rf "$RT_RUNS_DIR/evil"
	make_run evil
	cp "$1" "$RT_RUNS_DIR/evil/run.tar.gz"
	cp -a "$RT_RUNS_DIR/evil" saved
	run -3 --separate-stderr rt-archive --restore evil
	[ -z "$output" ]
	[[ $stderr == *"$2"* ]] || { echo "$stderr" && false; }
	diff -r saved "$RT_RUNS_DIR/evil"
	[ "$(find . -newer "$1" -path ./saved -prune -o -path ./runs/evil -prune -o -type f -print | grep -c hostile)" = 0 ]
	# nor is it taken into another archive
	echo new >"$RT_RUNS_DIR/evil/new"
	run -3 rt-archive --prune evil
	rm "$RT_RUNS_DIR/evil/new"
	diff -r saved "$RT_RUNS_DIR/evil"
	rm -r saved
}

@test "a hostile archive is refused and leaves nothing behind" {
	mkdir in
	echo '{"type":"info"}' >in/events.jsonl
	echo hostile >in/x
	pack() { tar -C in -czf a.tgz -P "$@"; }
	for name in /tmp/rt-hostile ../hostile logs/../../hostile a//b ./a/./b; do
		pack --transform "s,^x$,$name," events.jsonl x
		refuses a.tgz 'leads elsewhere'
	done
	ln -s /tmp in/link
	pack events.jsonl link
	refuses a.tgz 'a link or a device'
	ln in/x in/y
	pack events.jsonl x y
	refuses a.tgz 'a link or a device'
	mkfifo in/fifo
	pack events.jsonl fifo
	refuses a.tgz 'a link or a device'
	pack events.jsonl x x events.jsonl --hard-dereference
	refuses a.tgz 'a name is in it twice'
	# a file that is the folder of another one
	tar -C in -cf a.tar x
	tar -C in -rf a.tar --transform 's,^events.jsonl$,x/events.jsonl,' events.jsonl
	gzip -c a.tar >a.tgz
	refuses a.tgz 'there is something below a file'
	tar -C in -cf a.tar --transform "s,^x$,$(printf 'n%.0s' {1..256})," events.jsonl x
	gzip -c a.tar >a.tgz
	refuses a.tgz 'too long'
	# cut off, and no archive at all
	head -c 90 a.tgz >cut.tgz
	refuses cut.tgz 'cannot read'
	seq 1000 | gzip >no.tgz
	refuses no.tgz 'cannot read'
	[ ! -e /tmp/rt-hostile ]
}

@test "a bomb is refused: by size, by number, and by the names in it" {
	[ -z "${RT_SANITIZE-}" ] || skip "sanitizers have memory of their own"
	mkdir in
	echo '{"type":"info"}' >in/events.jsonl
	truncate -s 600M in/zeros
	tar -C in -czf a.tgz --sparse events.jsonl zeros
	refuses a.tgz 'it unpacks to more than it should'
	tar -C in -cf - events.jsonl zeros | gzip -1 >a.tgz
	refuses a.tgz 'it unpacks to more than it should'
	: >x
	tar -cf one.tar x
	head -c 512 one.tar >entries
	for _ in 1 2 3 4 5; do cat entries entries entries entries >more && mv more entries; done
	for _ in $(seq 260); do cat entries; done | gzip -1 >many.tgz
	refuses many.tgz 'too many files'
	# rt's own comes back, whatever it unpacks to
	make_run mine
	echo '{"type":"info"}' >"$RT_RUNS_DIR/mine/events.jsonl"
	truncate -s 600M "$RT_RUNS_DIR/mine/zeros"
	rt-archive --prune mine
	rt-archive --restore mine
	[ "$(stat -c %s "$RT_RUNS_DIR/mine/zeros")" = 629145600 ]
}

@test "--check tells what is damaged, and nothing is done with that" {
	record_run one
	rt-archive --prune one
	cp "$RT_RUNS_DIR/one/run.tar.gz" good
	printf x | dd of="$RT_RUNS_DIR/one/run.tar.gz" bs=1 seek=3000 conv=notrunc status=none
	run -1 rt-archive --check one
	[ "$output" = 'one: it is not what archive.json says' ]
	run -1 rt-archive --check -q one
	[ -z "$output" ]
	echo new >"$RT_RUNS_DIR/one/new"
	cp -a "$RT_RUNS_DIR/one" saved
	run -3 rt-archive --prune one
	diff -r saved "$RT_RUNS_DIR/one"
	cp good "$RT_RUNS_DIR/one/run.tar.gz"
	run -0 rt-archive --check one
	rm "$RT_RUNS_DIR/one/archive.json"
	run -3 rt-archive --check one
	[[ $output == 'one: there is no sha256'* ]]
	# while the files are there, the archive can be made again
	record_run two
	rt-archive two
	echo '{"name":"run.tar.gz","size_bytes":1,"sha256":"'"$(printf '0%.0s' {1..64})"'"}' >"$RT_RUNS_DIR/two/archive.json"
	run -1 rt-archive --check two
	rt-archive two
	rt-archive --check two
	run -3 rt-archive --check nope
	record_run three
	run -3 rt-archive --check three
	[[ $output == *'has no archive'* ]]
}

@test "a full disk: said, and nothing is lost" {
	record_run one
	head -c 300000 /dev/urandom >"$RT_RUNS_DIR/one/artifacts/noise"
	cp -a "$RT_RUNS_DIR/one" saved
	(
		ulimit -f 100
		run -3 rt-archive --prune one
		[[ $output == *'cannot write'* ]]
	)
	diff -r saved "$RT_RUNS_DIR/one"
	rt-archive --prune one
	mark=$(find "$RT_RUNS_DIR/one" -printf '%p %s\n' | sort)
	(
		ulimit -f 100
		run -3 rt-archive --restore one
		[[ $output == *'cannot write'* ]]
	)
	[ "$(find "$RT_RUNS_DIR/one" -printf '%p %s\n' | sort)" = "$mark" ]
}
