#!/usr/bin/env bats
# rt-run --no-overlap: one run of a name at a time, by a lock that dies with its
# owner.

load helper

# Each test may leave runs that wait for a file; they go when it is there.
teardown() {
	touch go go2
	wait
}

# A run that goes on until there is a file "go": holder ID [OPTION...]
holder() {
	local id=$1

	shift
	rt-run --id "$id" --no-overlap=fail "$@" -- sh -c 'until [ -e go ]; do sleep 0.02; done' 3>&- &
	wait_for 10 is_holder "$id"
}

is_holder() {
	grep -qsx "$1" "$RT_RUNS_DIR"/.rt/overlap.*
}

waits() {
	grep -qs '^[0-9]*: -> POSIX .* '"$1"' ' /proc/locks
}

# Until a process waits for a lock; a while where the system does not tell of it.
wait_until_waiting() {
	wait_for 10 waits "$1" || sleep 0.5
}

runs() {
	rt-status -l --format '{run_id}' 2>/dev/null | sort | paste -sd' '
}

@test "skip exits 0 and makes no run, fail exits 75 and names the other one" {
	holder one --name nightly
	run -0 --separate-stderr rt-run --name nightly --no-overlap=skip -- touch ran
	[ -z "$output$stderr" ]
	run -0 --separate-stderr rt-run -v --name nightly --no-overlap skip -- touch ran
	[ "$stderr" = 'rt-run: another run "nightly" goes on: one' ]
	run -75 --separate-stderr rt-run --name nightly --no-overlap=fail -- touch ran
	[ "$stderr" = 'rt-run: another run "nightly" goes on: one' ]
	[ ! -e ran ]
	[ "$(runs)" = one ]
	# others are not in its way
	rt-run --name other --no-overlap=fail -- true
	rt-run --name nightly --group g --no-overlap=fail -- true
	rt-run --name nightly -- true
	RT_RUNS_DIR=$PWD/elsewhere rt-run --name nightly --no-overlap=fail -- true
	touch go
	wait
	rt-run --name nightly --no-overlap=fail -- true
	# nothing stays behind
	[ -z "$(find "$RT_RUNS_DIR/.rt" -name 'overlap.*')" ]
}

@test "wait begins when the other one has ended, each after the other" {
	holder one --name n
	for i in 1 2 3; do
		rt-run --id "w$i" --name n --no-overlap=wait -- sh -c \
			'echo in >>trace; sleep 0.05; echo out >>trace' 3>&- &
	done
	sleep 0.2
	[ "$(runs)" = one ]
	[ ! -e trace ]
	touch go
	wait
	[ "$(paste -sd' ' trace)" = 'in out in out in out' ]
	[ "$(runs)" = 'one w1 w2 w3' ]
	[ -z "$(find "$RT_RUNS_DIR/.rt" -name 'overlap.*')" ]
}

@test "who has waited has it then, as anybody sees" {
	holder one --name n
	rt-run --id two --name n --no-overlap=wait -- sh -c 'until [ -e go2 ]; do sleep 0.02; done' 3>&- &
	wait_until_waiting $!
	touch go
	wait_for 10 is_holder two
	run -75 rt-run --name n --no-overlap=fail -- true
	[[ $output == *': two' ]]
	touch go2
	wait
	run -0 rt-run --name n --no-overlap=fail -- true
}

@test "a signal ends the waiting, and no run is made" {
	holder one --name n
	for signal in TERM INT; do
		# a job in the background would have INT ignored
		bash -c 'trap - INT; exec "$@"' - env --default-signal=INT \
			rt-run --name n --no-overlap=wait -- touch ran 3>&- &
		wait_until_waiting $!
		kill "-$signal" $!
		status=0
		wait $! || status=$?
		[ "$status" = $((128 + $(kill -l "$signal"))) ]
	done
	[ ! -e ran ]
	[ "$(runs)" = one ]
}

@test "a supervisor that is killed frees it at once, whatever it leaves behind" {
	rt-run --id one --name n --no-overlap=fail -- sh -c 'echo $$ >child; until [ -e go ]; do sleep 0.02; done' 3>&- &
	wait_for 10 test -s child
	kill -9 $!
	wait $! || true
	kill -0 "$(cat child)"
	run -0 rt-run --id two --name n --no-overlap=fail -- true
	[ "$(rt-status two --format '{status}')" = completed ]
}

@test "what the command leaves in the background does not hold it" {
	rt-run --name n --no-overlap=fail -- sh -c '(until [ -e go ]; do sleep 0.02; done; echo late) &' 3>&- >out
	run -0 rt-run --name n --no-overlap=fail -- true
	touch go
	wait_for 10 grep -q late out
}

@test "the command has no descriptor of it" {
	[ "$(rt-run --name n --no-overlap=fail -- sh -c 'ls -l /proc/self/fd' 2>&1 | grep -c overlap)" = 0 ]
}

@test "a lock file that was deleted meanwhile, and names of any kind" {
	holder one --name n
	rt-run --id w --name n --no-overlap=wait -- touch ran 3>&- &
	wait_until_waiting $!
	rm "$RT_RUNS_DIR"/.rt/overlap.*
	sleep 0.1
	[ ! -e ran ]
	touch go
	wait
	[ -e ran ]
	for name in '../../x' 'a/b' "$(printf '%01000d' 1)" $'line\nend' 'ä ß'; do
		run -0 --separate-stderr rt-run --name "$name" --no-overlap=fail -- true
		[ -z "$stderr" ]
	done
	[ "$(find . -name 'x*' | wc -l)" = 0 ]
}

@test "where there can be no lock the command runs, unless the record is required" {
	mkdir -p "$RT_RUNS_DIR"
	: >"$RT_RUNS_DIR/.rt"
	run -7 --separate-stderr rt-run --no-overlap=skip -- sh -c 'exit 7'
	[[ $stderr == 'rt-run: overlap cannot be ruled out: cannot open folder ".rt"'* ]]
	run -125 --separate-stderr rt-run --require-record --no-overlap=skip -- touch ran
	[[ $stderr == 'rt-run: overlap cannot be ruled out, so not run: '* ]]
	[ ! -e ran ]
}

@test "a limit on the size of files does not end it before it began" {
	run -7 bash -c 'ulimit -f 0; exec rt-run --no-overlap=skip -- sh -c "exit 7"'
	[[ ${lines[0]} == 'rt-run: overlap cannot be ruled out: '*'File too large' ]]
}

@test "wrong usage" {
	run -125 rt-run --no-overlap=maybe -- true
	run -125 rt-run --no-overlap -- true
	run -125 --separate-stderr rt-run --no-overlap=skip --id x --join -- true
	[[ $stderr == *'give one'* ]]
	run -125 rt-run --no-overlap=skip --group ../x -- true
	[ ! -e "$RT_RUNS_DIR" ]
}
