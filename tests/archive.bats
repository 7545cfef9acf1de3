#!/usr/bin/env bats
# Runs whose files are in an archive: rt-archive itself, and that everything that
# reads runs reads these as it read them before.

load helper

setup() {
	rt_setup
	needs_archive
}

# A run with all there is: steps, output in pieces, rotated logs, artifacts, labels.
record_run() {
	rt-run --id "$1" --name demo -l team=red -l "note=a b" -- bash -c '
		echo hello; printf "no newline"
		rt-run step build -- bash -c "echo building; sleep 0.3; echo oops >&2"
		rt-emit --percent 50 "Half of it"
		for i in 1 2 3; do rt-run step "part $i" -- echo "line $i"; done
		rt-run step broken -- bash -c "seq 30; echo why >&2; exit 3"
		rt-emit --level warning --component db "slow: 12 ms"
		echo bye' >/dev/null 2>&1
	local run=$RT_RUNS_DIR/$1
	echo '2026-07-01T12:00:00.500000000Z stdout F rotated' >"$run/logs/run.log.1"
	echo '2026-07-01T12:00:00.400000000Z stdout F rotated before' >"$run/logs/run.log.2"
	echo '2026-07-01T12:00:00.400000000Z stderr F drifted' >"$run/logs/reconciliation.log"
	mkdir -p "$run/artifacts/sub"
	echo text >"$run/artifacts/report.txt"
	echo more >"$run/artifacts/sub/more.txt"
	echo '{"decoy":true}' >"$run/artifacts/events.jsonl"
	rt-summarize -w "$1" >/dev/null
	echo '{"name":"run.tar.gz","size_bytes":1,"sha256":"00","contents":"all"}' >"$run/archive.json"
}

# Put its files into an archive, with further options of tar, and delete them.
pack() {
	local run=$RT_RUNS_DIR/$1 tar=${2:-run.tar.gz} how=-z

	shift $(($# < 2 ? $# : 2))
	[[ $tar != *.zst ]] || how=--zstd
	(cd "$run" && files=(*) && tar --sort=name --exclude=archive.json "$how" "$@" \
		-cf "../.$tar" "${files[@]}" && find . -mindepth 1 ! -name archive.json -delete && mv "../.$tar" "$tar")
}

# What is printed of a run, with the moment and the place left out.
print_all() {
	local run=$1

	print_each <<-END
		rt-status $run
		rt-status $run --json
		rt-status $run -n all
		rt-status $run -n 2
		rt-status $run --exit-status -q
		rt-status -l --json
		rt-status -l --label team=red --json
		rt-status -l -o prometheus
		rt-query $run
		rt-query $run -n 3
		rt-query $run --type step_started -c
		rt-query -a --json
		rt-query $run --agg count --by type
		rt-query $run --since 2026-07-02 -c
		rt-query --check $run
		rt-query -q $run
		rt-query --sql 'select type, count(*) from events group by 1 order by 1' $run
		rt-query --sql 'select r.name, status, step_id from runs r join steps using (run_id)' $run
		rt-tail $run
		rt-tail $run -n all
		rt-tail $run -n 0
		rt-tail $run -n 4 --json
		rt-tail $run --level warning
		rt-tail $run --logs
		rt-tail $run --logs -n 3
		rt-tail $run --logs -o raw -n all
		rt-tail $run --logs -o raw -n 2
		rt-tail $run --logs --step 1
		rt-tail -f $run
		rt-summarize $run
		rt-summarize $run -o md
		rt-summarize $run --json
		rt-summarize $run -o html
		rt-summarize $run -o junit
	END
}

same_as_before() {
	record_run one
	print_all one >before
	pack one "$@"
	[ ! -e "$RT_RUNS_DIR/one/events.jsonl" ]
	print_all one >after
	diff before after
}

@test "an archived run is read as it was before, by every program" {
	same_as_before
	grep -q 'rotated before' after
	grep -q 'report.txt' after
	grep -q '^Last output of step 005' after
	# nothing was unpacked
	[ "$(ls -A "$RT_RUNS_DIR/one")" = $'archive.json\nrun.tar.gz' ]
}

@test "the last output of a step is the same from an archive, however long its log is" {
	run -1 rt-run --id one -- bash -c 'rt-run step a -- bash -c "seq 100000; echo why; exit 3"; exit 1'
	rt-summarize one >before
	grep -q '^    why$' before
	pack one
	rt-summarize one | cmp - before
}

@test "compressed by zstd" {
	command -v zstd >/dev/null || skip "no zstd"
	same_as_before run.tar.zst
}

@test "packed with ./ before each name" {
	same_as_before run.tar.gz --transform 's,^,./,'
}

@test "packed as a folder" {
	same_as_before run.tar.gz --transform 's,^,one/,'
}

# Files that are more than the index tells come as streams of their own.
make_large() {
	local run=$RT_RUNS_DIR/$1

	make_run "$1" '"events_size":-1,"counts":{"events":3000}'
	mkdir -p "$run"/logs/step_00{1,2}
	seq 3000 | awk '{ printf "{\"ts\":\"2026-07-01T12:%02d:%02d.000+00:00\",\"type\":\"info\",\"message\":\"event %d with some more text\",\"n\":%d}\n", $1 / 60, $1 % 60, $1, $1 }' >"$run/events.jsonl"
	for log in run.log run.log.1 step_001/output.log step_002/output.log; do
		seq 3000 | awk -v name="$log" -v h="$([ $log = run.log.1 ] && echo 11 || echo 12)" '{ printf "2026-07-01T%d:%02d:%02d.5Z %s %s %s line %d\n", h, $1 / 60, $1 % 60, $1 % 3 ? "stdout" : "stderr", $1 % 7 ? "F" : "P", name, $1 }' >"$run/logs/$log"
	done
}

@test "large files are streamed: the same, forwards, from the end, with many at once" {
	make_large big
	print_all big >before
	pack big
	print_all big >after
	diff before after
	# more of them than are open at a time
	make_large many
	for i in $(seq 3 80); do
		mkdir -p "$RT_RUNS_DIR/many/logs/step_$i"
		head -n $((i * 30)) "$RT_RUNS_DIR/many/logs/step_001/output.log" |
			sed "s/output.log/step_$i/" >"$RT_RUNS_DIR/many/logs/step_$i/output.log"
	done
	rt-tail many --logs -n 50 --step 3,78,80 >before
	pack many
	rt-tail many --logs -n 50 --step 3,78,80 >after
	cmp before after
	[ "$(wc -l <after)" = 50 ]
}

@test "an archive is a RUN by its path, whatever it is called" {
	record_run one
	rt-query one >before
	rt-tail one --logs >logs
	pack one
	cp "$RT_RUNS_DIR/one/run.tar.gz" backup.tgz
	cp backup.tgz -- -x.tar.gz
	cp backup.tgz strange
	gzip -dc backup.tgz >plain.tar
	rm -r "$RT_RUNS_DIR"
	for a in ./backup.tgz backup.tgz strange "$PWD/plain.tar" ./-x.tar.gz; do
		cmp before <(rt-query "$a")
		cmp logs <(rt-tail "$a" --logs)
		rt-status "$a" --exit-status -q
	done
	cmp before <(rt-query -- -x.tar.gz)
	[ "$(rt-status ./backup.tgz --format '{run_id}')" = backup ]
	[ "$(rt-query backup.tgz strange ./-x.tar.gz --agg count --by run_id --format '{run_id}' | paste -sd' ')" = \
		'-x backup strange' ]
	rt-summarize backup.tgz | grep -q '^Run ID: backup$'
	RT_RUN=$PWD/backup.tgz run -0 rt-query -c
	[ "$output" = "$(wc -l <before)" ]
	run -2 rt-summarize -w ./backup.tgz
	[[ $output == *'is an archive: -w has no directory'* ]]
	# in its place it is that run
	mkdir -p "$RT_RUNS_DIR/two"
	cp backup.tgz "$RT_RUNS_DIR/two/run.tar.gz"
	[ "$(rt-status "$RT_RUNS_DIR/two/run.tar.gz" --format '{run_id}')" = two ]
	[ "$(rt-status two --format '{run_id}')" = two ]
}

@test "many archived runs: in the order of the runs, with any number of threads" {
	for i in $(seq 10 29); do
		make_run "r$i" "\"created_at\":\"2026-07-01T12:00:$i.000+00:00\""
		seq 50 | sed "s/.*/{\"ts\":\"2026-07-01T12:00:$i.000+00:00\",\"type\":\"info\",\"message\":\"r$i &\"}/" \
			>"$RT_RUNS_DIR/r$i/events.jsonl"
	done
	rt-query -a -j 1 >before
	[ "$(wc -l <before)" = 1000 ]
	for i in $(seq 10 2 29); do pack "r$i"; done
	for j in 1 2 7; do cmp before <(rt-query -a -j $j); done
	[ "$(rt-query -a -j 4 -c -g 'r12 50')" = 1 ]
	rt-query -a -q -j 4
}

@test "a list starts rt-archive once for a run, then knows it" {
	for i in 1 2 3; do
		record_run "run$i"
		pack "run$i"
		touch -d '1 hour ago' "$RT_RUNS_DIR/run$i"
	done
	mkdir counted
	cat >counted/rt-archive <<-END
		#!/bin/sh
		echo "\$@" >>"$PWD/calls"
		exec "$(command -v rt-archive)" "\$@"
	END
	chmod +x counted/rt-archive
	export RT_LIBEXEC_DIR=$PWD/counted
	rt-status -l --json >first
	[ "$(wc -l <calls)" = 3 ]
	rm calls
	rt-status -l --json >second
	cmp first second
	[ "$(jq length second)" = 3 ]
	[ "$(rt-status -l --label team=red --json | jq length)" = 3 ]
	[ "$(rt-status -l --label 'note=a *' --label nope --json | jq length)" = 3 ]
	[ "$(rt-status -l --label team=blue --json -q | jq length)" = 0 ]
	[ "$(rt-status -l --name demo --status completed --json | jq length)" = 3 ]
	[ ! -e calls ]
	# one pass tells all of a small run
	rt-summarize run1 >/dev/null
	[ "$(wc -l <calls)" = 1 ]
}

@test "very many archived runs, read by threads: none is lost, each is told of once" {
	make_run whole '"created_at":"2026-07-01T12:00:00.000+00:00"'
	echo '{"ts":"2026-07-01T12:00:00.000+00:00","type":"info"}' >"$RT_RUNS_DIR/whole/events.jsonl"
	pack whole
	mkdir "$RT_RUNS_DIR/big" "$RT_RUNS_DIR/.rt"
	seq 20000 | sed 's/.*/{"ts":"2026-07-01T12:00:00.000+00:00","type":"info","message":"& &&&"}/' \
		>"$RT_RUNS_DIR/big/events.jsonl"
	pack big
	head -c 40000 "$RT_RUNS_DIR/big/run.tar.gz" >cut
	rm -r "$RT_RUNS_DIR/big"
	for i in {1..520}; do
		mkdir "$RT_RUNS_DIR/r$i"
		if ((i % 20)); then
			ln "$RT_RUNS_DIR/whole/run.tar.gz" "$RT_RUNS_DIR/r$i/run.tar.gz"
		else
			cp cut "$RT_RUNS_DIR/r$i/run.tar.gz"
		fi
	done
	mkdir counted
	cat >counted/rt-archive <<-END
		#!/bin/sh
		while read -r key value; do
			[ "\$key" != SigBlk: ] || echo "\$value" >>"$PWD/masks"
		done </proc/self/status
		exec "$(command -v rt-archive)" "\$@"
	END
	chmod +x counted/rt-archive
	RT_LIBEXEC_DIR=$PWD/counted rt-status -l -n all --format '{run_id}' >listed 2>told
	cmp <(sort listed) <(find "$RT_RUNS_DIR" -mindepth 1 -maxdepth 1 -name '[!.]*' -printf '%f\n' | sort)
	# a thread that takes no signals starts what takes them
	[ "$(sort -u masks)" = "$(sed -n 's/^SigBlk:[[:space:]]*//p' /proc/self/status)" ]
	[ "$(grep -c 'is damaged or cut off' told)" = 26 ]
	[ "$(wc -l <told)" = 26 ]
	[ "$(sort -u told | wc -l)" = 26 ]
	run -3 --separate-stderr rt-query -a -c -g '^$'
	[ "$(grep -c 'is damaged or cut off' <<<"$stderr")" = 26 ]
}

@test "a large archive is a stream: no time is looked for in it by halving" {
	mkdir plain
	seq 60000 | awk '{ printf "{\"ts\":\"2026-07-01T%02d:%02d:%02d.000+00:00\",\"type\":\"info\",\"message\":\"event %d with some more text\"}\n", $1 / 3600, $1 / 60 % 60, $1 % 60, $1 }' \
		>plain/events.jsonl
	tar -cf big.tar -C plain events.jsonl
	[ "$(stat -c %s big.tar)" -gt $((4 << 20)) ]
	touch -d "1 hour ago" big.tar
	mkdir -p "$RT_RUNS_DIR/.rt"
	for c in '--since 2026-07-01T16:30:00Z' '--until 2026-07-01T00:10:00Z' \
		'--since 2026-07-01T16:30:00Z --until 2026-07-01T16:31:00Z'; do
		# shellcheck disable=SC2086 # options and their values
		cmp <(rt-query $c ./plain/events.jsonl) <(rt-query $c ./big.tar)
	done
	[ "$(rt-query -c --since 2026-07-01T16:30:00Z ./big.tar)" = 601 ]
}

@test "without rt-archive: one line names the package, other runs are read" {
	record_run one
	pack one
	make_run two
	echo '{"type":"info"}' >"$RT_RUNS_DIR/two/events.jsonl"
	mkdir empty
	export RT_LIBEXEC_DIR=$PWD/empty
	for c in 'rt-status one' 'rt-query one' 'rt-tail one' 'rt-summarize one'; do
		# shellcheck disable=SC2086 # a command and its arguments
		run -3 --separate-stderr $c
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" = 1 ]
		[[ $stderr == "${c% *}: rt-archive is not installed: install the package rtbox-archive"* ]]
	done
	run -0 --separate-stderr rt-status -l --format '{run_id}'
	[ "$output" = two ]
	[ "$(grep -c 'not installed' <<<"$stderr")" = 1 ]
	[[ $stderr == *'1 directory in'* ]]
	run -3 --separate-stderr rt-query -a -c
	[ "$output" = 1 ]
	[ "$(grep -c 'not installed' <<<"$stderr")" = 1 ]
	run -3 --separate-stderr rt-query one two one -c
	[ "$output" = 1 ]
	[ "$(grep -c 'not installed' <<<"$stderr")" = 1 ]
}

@test "writers refuse an archived run, and leave it as it is" {
	record_run one
	pack one
	cp -r "$RT_RUNS_DIR/one" saved
	for c in 'rt-emit -r one hi' 'rt-run finish one' 'rt-run start --resume one'; do
		# shellcheck disable=SC2086 # a command and its arguments
		run -3 --separate-stderr $c
		[[ $stderr == *': run "one" is archived (run.tar.gz)'* ]]
	done
	# where recording must not harm it is a warning
	RT_ON_ERROR=warn run -0 --separate-stderr rt-emit -r one hi
	[[ $stderr == *'run "one" is archived'* ]]
	run -3 rt-run reap one
	[[ $output == *'is archived'* ]]
	run -0 rt-run reap --all
	run -3 rt-emit -r ./runs/one/run.tar.gz hi
	[[ $output == *'is an archive: it cannot be written to'* ]]
	run -3 rt-emit -r "$RT_RUNS_DIR/one/run.tar.gz" hi
	[[ $output == *'is no run directory'* ]]
	# a command runs all the same
	run -0 rt-run step -r one x -- echo done
	[[ $output == *done* ]]
	diff -r saved "$RT_RUNS_DIR/one"
}

@test "what is in the directory goes before what is in the archive" {
	record_run one
	pack one
	make_run one '"status":"failed"'
	echo '{"type":"info","message":"new"}' >"$RT_RUNS_DIR/one/events.jsonl"
	[ "$(rt-query one -c)" = 1 ]
	[ "$(rt-status one --format '{status}')" = failed ]
	rt-tail one --events | grep -q new
}

@test "--list and --cat" {
	record_run one
	cp -r "$RT_RUNS_DIR/one" saved
	pack one
	rt-archive --list one >list
	grep -qE "^ +$(stat -c %s saved/events.jsonl)  20..-..-.. ..:..:.. \+00:00  events.jsonl$" list
	[ "$(rt-archive --list --json one | jq -r '.[].name' | grep -v '/$' | sort)" = \
		"$(cd saved && find . -type f ! -name archive.json -printf '%P\n' | sort)" ]
	rt-archive --list one -o csv | head -n 1 | grep -q '^size_bytes,modified_at,name'
	[ "$(rt-archive --list one --format '{name}' | head -n 1)" = "$(rt-archive --list one | head -n 1 | awk '{ print $NF }')" ]
	for f in events.jsonl status.json logs/step_001/output.log artifacts/sub/more.txt; do
		cmp "saved/$f" <(rt-archive --cat "$f" one)
		cmp "saved/$f" <(rt-archive --cat "./$f" "$RT_RUNS_DIR/one/run.tar.gz")
	done
	run -3 --separate-stderr rt-archive --cat nope one
	[[ $stderr == 'rt-archive: there is no "nope" in "'*'/one/run.tar.gz"' ]]
	run -0 rt-archive --optional --cat nope one
	[ -z "$output" ]
	[ "$(rtbox archive --cat status.json one | md5sum)" = "$(md5sum <saved/status.json)" ]
	run -2 rt-archive --list --cat x one
	run -2 rt-archive --cat x -o json one
	run -2 rt-archive --list one two
	make_run two
	run -3 rt-archive --list two
	[[ $output == *'run "two" has no archive'* ]]
	run -3 rt-archive --list ./nope.tar.gz
	mkfifo fifo
	run -3 timeout 5 rt-archive --list ./fifo
}

@test "--list: a time past all that can be told is the last one" {
	echo >file
	tar --mtime=@1099511627776 -cf far.tar file
	tar --mtime=@-1099511627776 -rf far.tar file
	[ "$(rt-archive --list far.tar --format '{modified_at}')" = \
		$'2262-04-11T23:47:16.854+00:00\n1677-09-21T00:12:43.145+00:00' ]
}

@test "names that lead elsewhere, links and devices are no files of the run" {
	mkdir -p in/logs evil
	echo '{"type":"info","message":"evil"}' >evil/events.jsonl
	echo secret >secret
	(
		cd in
		ln -s ../../secret metadata.json
		ln ../secret status.json
		mkfifo logs/run.log
		cp ../evil/events.jsonl x
		tar -cf ../a.tar -P --transform 's,^x$,/events.jsonl,' x
		tar -rf ../a.tar -P --transform 's,^x$,../events.jsonl,' x
		tar -rf ../a.tar -P --transform 's,^x$,logs/../events.jsonl,' x
		tar -rf ../a.tar -P --transform 's,^x$,a/./events.jsonl,' x
		tar -rf ../a.tar metadata.json logs
		cp status.json first
		tar -rf ../a.tar first status.json
	)
	run -0 rt-archive --optional --cat events.jsonl a.tar
	[ -z "$output" ]
	for f in /events.jsonl ../events.jsonl logs/../events.jsonl metadata.json logs/run.log logs; do
		run -3 rt-archive --cat "$f" a.tar
	done
	[ "$(rt-query ./a.tar -c)" = 0 ]
	run -0 rt-archive --list a.tar -v
	[[ $output == *'no regular files are left out'* ]]
	# an archive that a link leads to is not that of the run
	mkdir -p "$RT_RUNS_DIR/linked"
	gzip -c a.tar >real.tgz
	ln -s "$PWD/real.tgz" "$RT_RUNS_DIR/linked/run.tar.gz"
	for c in rt-status rt-query rt-tail rt-summarize; do
		run -3 --separate-stderr $c linked
		[[ $stderr == *'/linked/run.tar.gz" is a symbolic link, which rt does not follow' ]]
	done
	run -3 rt-archive --list linked
	[[ $output == *'is a symbolic link'* ]]
	run -0 rt-status -l -q
	# the decoy that an artifact is
	mkdir -p d/artifacts
	echo '{"type":"info"}' >d/artifacts/events.jsonl
	printf '{"type":"info"}\n{"type":"info"}\n' >d/events.jsonl
	tar -C d -cf d.tar artifacts events.jsonl
	[ "$(rt-query ./d.tar -c)" = 2 ]
}

@test "what tar makes of odd files and folders is read" {
	mkdir -p r/logs r/AAA
	echo '{"ts":"2026-01-01T00:00:00Z","type":"info","message":"ours"}' >r/events.jsonl
	echo '{"ts":"2026-01-01T00:00:00Z","type":"info","message":"theirs"}' >r/AAA/events.jsonl
	# a folder in the run, packed as "." before all else, is not the run
	tar -C r --sort=name -czf r.tar.gz .
	[ "$(rt-query ./r.tar.gz --format '{message}')" = ours ]
	[ "$(rt-status ./r.tar.gz --json | jq -r '.events[].message')" = ours ]
	# a small file that ends with a hole
	echo hello >r/logs/aaa.log && truncate -s 50000 r/logs/aaa.log
	tar -C r -cSzf s.tar.gz ./logs/aaa.log ./events.jsonl
	[ "$(rt-status ./s.tar.gz --json | jq -r '.events[].message')" = ours ]
	# what has an archive's name hides no run
	mkdir "$RT_RUNS_DIR"
	rt-run --id whole -- true
	ln -s nowhere "$RT_RUNS_DIR/whole/run.tar.gz"
	for c in rt-status rt-tail rt-summarize rt-query; do run -0 "$c" whole; done
	run -0 --separate-stderr rt-status -l --format '{run_id}'
	[ "$output" = whole ]
	[ -z "$stderr" ]
}

@test "a helper that was killed is told of" {
	mkdir killed r
	echo '{"type":"info","message":"one"}' >r/events.jsonl
	tar -C r -czf r.tar.gz events.jsonl
	cat >killed/rt-archive <<-'END'
		#!/bin/sh
		echo '{"type":"info","message":"one"}'
		kill -9 $$
	END
	chmod +x killed/rt-archive
	RT_LIBEXEC_DIR=$PWD/killed run -3 --separate-stderr rt-query -c ./r.tar.gz
	[[ $stderr == *"rt-archive failed: killed by SIGKILL"* ]]
}

@test "of two files with the same name the first one counts" {
	echo '{"type":"info","message":"first"}' >events.jsonl
	tar -cf a.tar events.jsonl
	echo '{"type":"info","message":"second"}' >events.jsonl
	tar -rf a.tar events.jsonl
	[ "$(rt-query ./a.tar --format '{message}')" = first ]
	[ "$(rt-status ./a.tar --json | jq -r '.events[].message')" = first ]
}

@test "names and contents are inert on a terminal" {
	needs_terminal
	: >$'a\033]0;x\a'
	tar -czf a.tgz a*x*
	script -qec "rt-archive --list a.tgz" /dev/null >out
	LC_ALL=C run ! grep -aP '\x1b\]' out
	grep -qF '^[]0;x^G' out
}

@test "no tar, no gzip, nothing: said, exit 3" {
	echo '{"type":"info"}' | gzip >notar.gz
	printf '\x1f\x8b\x08junk' >junk.gz
	head -c 100000 /dev/urandom >noise
	echo PK >zip
	for f in notar.gz junk.gz noise zip; do
		run -3 --separate-stderr rt-archive --list $f
		[ -z "$output" ]
		[[ $stderr == "rt-archive: cannot read \"$f\" as an archive: "* ]]
	done
	for c in rt-status rt-query rt-tail rt-summarize; do
		run -3 --separate-stderr $c ./junk.gz
		[[ $stderr == *'rt-archive: cannot read '* ]]
	done
}

@test "cut off or damaged: what stands whole, then an error, exit 3" {
	make_large big
	rm -r "$RT_RUNS_DIR/big/logs"
	rt-query big >before
	pack big
	size=$(stat -c %s "$RT_RUNS_DIR/big/run.tar.gz")
	head -c $((size / 2)) "$RT_RUNS_DIR/big/run.tar.gz" >cut.tgz
	run -3 --separate-stderr rt-query ./cut.tgz
	[ "${#lines[@]}" -gt 100 ]
	cmp <(head -n 100 before) <(head -n 100 <<<"$output")
	[[ $stderr == *'cut.tgz" is damaged or cut off: '* ]]
	run -3 --separate-stderr rt-query ./cut.tgz -n 1
	run -3 --separate-stderr rt-query ./cut.tgz -c --type nope
	for c in 'rt-status' 'rt-tail' 'rt-tail --logs' 'rt-summarize' 'rt-archive --list' \
		'rt-archive --cat events.jsonl'; do
		# shellcheck disable=SC2086 # a command and its arguments
		run -3 --separate-stderr $c ./cut.tgz
		[[ $stderr == *'rt-archive: '*'cut.tgz" is damaged or cut off: '* ]]
		[ "$(grep -c 'damaged or cut off' <<<"$stderr")" = 1 ]
	done
	# bytes that were changed: no crash, and every line that comes is one
	for at in 100 500 1000 3000; do
		cp "$RT_RUNS_DIR/big/run.tar.gz" bad.tgz
		printf '\xff\x00\xff\x55' | dd of=bad.tgz bs=1 seek=$((at * size / 4000 + 20)) conv=notrunc status=none
		run --separate-stderr rt-query ./bad.tgz
		[[ $status = 0 || $status = 3 ]]
		run --separate-stderr rt-summarize ./bad.tgz
		[[ $status = 0 || $status = 3 ]]
	done
	# in several at once, the others are answered
	make_run ok
	echo '{"type":"info","message":"fine"}' >"$RT_RUNS_DIR/ok/events.jsonl"
	run -3 --separate-stderr rt-query ./cut.tgz ok --match 'message=fine' -c
	[ "$output" = 1 ]
}

@test "a bomb costs time, no memory" {
	[ -z "${RT_SANITIZE-}" ] || skip "sanitizers have memory of their own"
	# 512 MiB of nothing, and many small files
	truncate -s 512M logs.txt
	echo '{"type":"info"}' >events.jsonl
	tar --sparse -czf sparse.tgz logs.txt events.jsonl
	mkdir -p runs/bomb
	tar -cf - logs.txt events.jsonl | gzip -1 >runs/bomb/run.tar.gz
	for a in ./sparse.tgz bomb; do
		(
			ulimit -v 200000
			[ "$(rt-query $a -c)" = 1 ]
			[ "$(rt-archive --list $a | wc -l)" = 2 ]
			rt-status $a >/dev/null
			rt-summarize $a >/dev/null
		)
	done
	[ "$(rt-archive --cat logs.txt ./sparse.tgz | head -c 600000000 | wc -c)" = 536870912 ]
}

@test "a reader that goes away ends all of it silently" {
	make_large big
	pack big
	rt-query big 2>err | head -n 1 >/dev/null
	[ ! -s err ]
	bash -c "trap '' PIPE; rt-query big 2>err; echo \$? >code" | true
	[ ! -s err ]
	bash -c "trap '' PIPE; sleep 0.02; rt-archive --cat events.jsonl big 2>err; echo \$? >code" | true
	[ ! -s err ]
	[ "$(cat code)" = 0 ]
	rt-query -q big
	run ! pgrep -f "rt-archive.*$RT_RUNS_DIR"
	run -3 --separate-stderr bash -c 'rt-archive --cat events.jsonl big >/dev/full'
	[[ $stderr == *'No space left on device'* ]]
	run -3 --separate-stderr bash -c 'rt-archive --list big >/dev/full'
}

@test "an archive of far too many files is said to be one" {
	: >x
	tar -cf one.tar x
	# the entry of an empty file, again and again
	head -c 512 one.tar >entries
	for _ in 1 2 3 4 5; do cat entries entries entries entries >more && mv more entries; done
	for _ in $(seq 260); do cat entries; done | gzip -1 >many.tgz
	run -3 --separate-stderr rt-status ./many.tgz
	[[ $stderr == *'there are too many files in "'*'/many.tgz"'* ]]
	[ "$(rt-query ./many.tgz -c)" = 0 ]
}
