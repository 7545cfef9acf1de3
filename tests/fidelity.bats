#!/usr/bin/env bats
# What runs under rt-run behaves as if rt-run were not there: commands bare and
# under it, with the same output, the same errors and the same end.

load helper

setup() {
	rt_setup
	naps 300000
	cat >lib <<-'END'
		# How a command ends, as wait(2) has it.
		how() {
			perl -e 'my $s = system { $ARGV[0] } @ARGV; print STDERR
				$s == -1 ? "none" : $s & 127 ? "signal " . ($s & 127) : "exit " . ($s >> 8), "\n"' "$@"
		}
		blocked() {
			perl -MPOSIX -e 'sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1, SIGTERM)); exec @ARGV' "$@"
		}
		ulimit -c 0
	END
}

teardown() {
	pkill -KILL -xf "sleep $NAP" || true
}

# Run a script bare and under rt-run, "@" being where that stands, in a folder that
# is called the same; out, err and code are what came of it, for each.
both() {
	local way under

	for way in bare under; do
		under=
		[ $way = bare ] || under='rt-run -- '
		mkdir work
		(cd work && run_it "${1//@/$under}") || return
		mv work $way
	done
	[ -n "$(ls "$RT_RUNS_DIR")" ]
	# it was recorded, and is over
	[ -z "$(jq -r 'select(.status == "running") | .run_id' "$RT_RUNS_DIR"/*/status.json)" ]
}

run_it() {
	bash -c ". ../lib; $1" <"${INPUT-/dev/null}" >out 2>err 3>&- && echo 0 >code || echo $? >code
}

# The same of it, byte for byte.
same() {
	both "$1"
	cmp bare/out under/out
	cmp bare/err under/err
	cmp bare/code under/code
}

# On a terminal: STEPS (see terminal.py) and a script. What is typed and shown to
# say "rt-run -- " is left out before it is compared.
same_typed() {
	local script=${*: -1} way under

	command -v python3 >/dev/null || skip "python3 is not installed"
	needs_terminal
	for way in bare under; do
		under=
		[ $way = bare ] || under='rt-run -- '
		cat >rc <<-END
			PS1='# '
			bind 'set enable-bracketed-paste off' 2>/dev/null
			alias x='$under'
		END
		mkdir work
		(cd work && timeout 100 python3 "$BATS_TEST_DIRNAME/terminal.py" "${@:1:$#-1}" -- \
			bash -c "${script//@/$under}" >out 2>err 3>&- && echo 0 >code || echo $? >code)
		sed 's/rt-run -- //g' work/out >"$way.out"
		cat work/code >>"$way.out"
		[ ! -s work/err ]
		rm -r work
	done
	cmp bare.out under.out
	run ! grep -qx 99 bare.out
	[ -n "$(ls "$RT_RUNS_DIR")" ]
}

@test "plain output" {
	same '@echo hello world; @printf "a\tb\n"'
}

@test "output without a newline, and none" {
	same '@printf "no end"; @true; @printf ""; @printf "\n"'
}

@test "binary output on both streams" {
	head -c 200000 /dev/urandom >bin
	same '@cat ../bin; @sh -c "cat ../bin >&2"'
}

@test "NUL bytes, control characters and invalid UTF-8" {
	same '@printf "\0\1\033[31m\377\376\r\n\b\0"'
}

@test "a lot of output" {
	same '@seq 1000000 | cksum; @head -c 20000000 /dev/zero | cksum'
}

@test "a very long line" {
	same "@sh -c \"head -c 3000000 /dev/zero | tr '\\\\0' x; echo; echo y\" | cksum"
}

@test "a reader that goes away: | head" {
	same 'how @yes | head -n 3; how @seq 1000000 | head -c 5'
}

@test "a slow reader" {
	same '@seq 200000 | { sleep 0.5; cksum; }'
}

@test "standard input read to its end" {
	seq 100000 >numbers
	INPUT=../numbers
	same '@cksum; seq 5000 | @wc -l'
}

@test "standard input that is not read, or only in part, is there for the next" {
	seq 10 >numbers
	INPUT=../numbers
	same '@true; @sh -c "read x; echo got \$x"; cat; seq 3 | { @true; cat; }'
}

@test "standard input closed" {
	same '@sh -c "cat || ls -l /proc/self/fd/0 2>/dev/null || echo none" <&-'
}

@test "standard output closed, standard error closed" {
	same '@sh -c "echo lost; echo \$? >&2" >&-; @sh -c "echo lost >&2; echo \$?" 2>&-
		@sh -c "echo kept" 2>&-; @sh -c "echo kept >&2" >&- ; @true <&- >&- 2>&-; echo $?'
}

@test "a full disk behind standard output" {
	same '@sh -c "echo a 2>/dev/null; exit 3" >/dev/full 2>/dev/null; echo $?'
}

@test "every exit code" {
	same 'for code in {0..255}; do @sh -c "exit $code"; echo $?; done'
}

@test "deaths by signals" {
	same 'for sig in HUP INT QUIT ILL ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM XCPU RTMIN+3; do
		how @bash -c "kill -$sig \$\$"; done'
}

@test "signals that are ignored, and handlers that are not" {
	same 'trap "" HUP INT USR1; @grep SigIgn /proc/self/status; trap - INT; trap : TERM
		@grep -E "Sig(Ign|Cgt)" /proc/self/status; @sh -c "kill -HUP \$\$; echo alive"'
}

@test "nohup" {
	same 'nohup @sh -c "grep SigIgn /proc/self/status; kill -HUP \$\$; echo alive"'
}

@test "a mask of signals" {
	same 'blocked @grep SigBlk /proc/self/status'
}

@test "a signal that is sent to it" {
	same '@bash -c "trap \"echo got it; exit 5\" TERM; echo up; while :; do :; done" &
		until grep -q up out; do sleep 0.05; done; kill -TERM $!; wait $!; echo code $?'
}

@test "umask, priority and working directory" {
	same 'umask 027; @sh -c "umask; touch made; stat -c %A made"; nice -n 3 @nice; cd /; @pwd'
}

@test "limits of resources" {
	same 'ulimit -n 100; ulimit -f 1000; @bash -c "ulimit -a | grep -v pending"'
}

@test "a file that gets too large" {
	same 'ulimit -f 8; how @sh -c "head -c 100000 /dev/zero >large 2>/dev/null; echo \$?"; wc -c <large'
}

@test "a working directory that is gone" {
	same 'mkdir gone; cd gone; rmdir ../gone; @sh -c "echo here; cat ./x"'
}

@test "the environment: only what is documented is added" {
	same 'A="b
c" EMPTY= X=$(printf "\377") @env -0 | grep -zvE "^(RT_[A-Z_]+|TRACEPARENT|_)=" | sort -z'
	env -i PATH="$PATH" RT_RUNS_DIR="$RT_RUNS_DIR" rt-run -- env | grep -E '^(RT_|TRACEPARENT)' | cut -d= -f1 | sort | paste -sd' ' >added
	[ "$(cat added)" = "RT_CORRELATION_ID RT_ON_ERROR RT_RUN RT_RUNS_DIR RT_RUN_ID TRACEPARENT" ]
}

@test "other descriptors" {
	same 'exec 9<<<hello 8>eight; @sh -c "cat <&9; echo to eight >&8"; cat eight
		@sh -c "cd /proc/\$\$/fd && echo *"'
}

@test "arguments: odd bytes, empty ones, none at all" {
	same "@printf '<%s>' '' ' ' \$'\\n' \$'\\377\\t' '*' -- -x --help; @sh -c 'echo \$#' x '' ''; @sh -c 'echo \"\$0\"' \$'a\\eb'"
}

@test "a great many arguments" {
	same '@printf "%s\n" $(seq 50000) | cksum; @sh -c "echo \${#1}" x "$(head -c 120000 /dev/zero | tr "\0" x)"'
}

@test "a child in the background that outlives it" {
	same '@sh -c "{ until [ -e go ]; do sleep 0.02; done; echo late; echo late too >&2; } & echo front"
		touch go; until grep -q late out && grep -q late err; do sleep 0.02; done'
}

@test "a pipe that waits for a child in the background" {
	same '@sh -c "{ sleep 0.3; echo late; } & echo front" | cat; @sh -c "sleep 0.3 & echo" | cat'
}

@test "a command that closes its own output" {
	same '@sh -c "echo one; exec >&- 2>&-; exit 4"; echo $?'
}

@test "a session and a daemon of its own" {
	same '@setsid -w sh -c "echo in it; exit 3"; echo $?
		@sh -c "setsid sh -c \"until [ -e go ]; do sleep 0.02; done; echo done >daemon\" >/dev/null 2>&1 </dev/null &"
		touch go; until [ -s daemon ]; do sleep 0.02; done; cat daemon'
}

@test "stopped, and let go on from outside" {
	same '@sh -c "echo \$\$ >pid; kill -STOP \$\$; echo went on; exit 6" &
		until [ -s pid ] && grep -q "State:.T" /proc/$(cat pid)/status; do sleep 0.02; done
		kill -CONT $(cat pid); wait $!; echo $?'
}

@test "both streams into one file, in turn" {
	same 'exec 2>&1; @bash -c "echo a; until grep -q a out; do :; done; echo b >&2; until grep -q b out; do :; done; echo c"'
}

@test "timeout around it and inside it" {
	same "timeout 0.3 @sleep $NAP; echo \$?; @timeout 0.3 sleep $NAP; echo \$?
		! pgrep -xf 'sleep $NAP'"
}

@test "xargs -P" {
	same 'seq 50 | @xargs -P 4 -n 1 sh -c "echo \$0; echo \$0 >&2" 2>errs | sort -n; sort -n errs
		seq 8 | xargs -P 4 -n 1 @echo | sort -n'
}

@test "process substitution and here-documents" {
	same '@cat <(echo a) <(seq 3) - <<-END
		here
		END
		@cat <<<"a string"; @tee >(cat >copy) <<<twice; until [ -s copy ]; do sleep 0.02; done; cat copy'
}

@test "what cannot be run" {
	both '@no-such-command 2>told; echo $?; @/etc/passwd 2>>told; echo $?; @/ 2>>told; echo $?; ((3 == $(wc -l <told)))
		: >empty; chmod +x empty; @./empty; echo $?; printf "#!/no/such/program\n" >bad; chmod +x bad; @./bad 2>/dev/null; echo $?
		printf "echo no first line\n" >plain; chmod +x plain; @./plain'
	sed -i 's/^126$/126/' bare/out
	cmp bare/out under/out
	cmp bare/code under/code
}

@test "a pipeline of three, each under it" {
	same 'set -o pipefail; @seq 1000 | @grep 7 | @wc -l; echo "${PIPESTATUS[*]}"; @false | @true; echo $?'
}

@test "one inside of another" {
	same 'how @@sh -c "echo in; kill -TERM \$\$"; @sh -c "@false; echo \$?"'
}

@test "a script that is fed to a shell" {
	same 'echo "echo one; cat; exit 3" | @sh; echo $?; @sh -s a b <<<"echo \$2"'
}

@test "terminal: it is one, and of this size" {
	same_typed size:31x77 'until [ "$(stty size)" = "31 77" ]; do sleep 0.05; done; @tty -s; echo $?; @stty size; @stty -g; @sh -c "[ -t 0 ] && [ -t 1 ] && [ -t 2 ]"; echo $?'
}

@test "terminal: colours" {
	mkdir -p folder/sub
	same_typed '@ls --color=auto ../folder; @grep --color=auto -n o ../lib'
}

@test "terminal: Ctrl-C in a loop of bash" {
	same_typed expect:up $'send:\x03' "while :; do @sh -c 'echo up; exec sleep $NAP'; done; echo not here"
}

@test "terminal: Ctrl-C in a loop of sh, and behind a handler" {
	same_typed expect:up $'send:\x03' expect:up $'send:\x03' \
		"@bash -c 'trap \"echo int; exit 0\" INT; echo up; while :; do read -t 0.05 x; done'; sh -c 'while :; do @sh -c \"echo up; exec sleep $NAP\"; done'"
}

@test "terminal: Ctrl-\\ and Ctrl-D" {
	same_typed expect:up $'send:\x1c' expect:again $'send:one\n' expect:one expect:one $'send:\x04' \
		"exec 2>/dev/null; ulimit -c 0; trap : QUIT; @sh -c 'echo up; exec sleep $NAP'; @sh -c 'echo again; cat'; echo end"
}

@test "terminal: a secret is asked for" {
	same_typed expect:secret: noecho $'send:abc\n' expect:len echo $'send:x\n' \
		'@bash -c "read -rsp secret: s; echo; echo len \${#s}"; read -r y; echo "$y"'
}

@test "terminal: a shell inside" {
	same_typed 'expect:# ' $'send:x bash --rcfile ../rc -i\n' 'expect:# ' $'send:sleep '$((NAP))$'\n' sleep:0.3 \
		$'send:\x03' 'expect:# ' $'send:echo $?\n' expect:130 'expect:# ' $'send:exit 5\n' expect:exit 'expect:# ' \
		$'send:echo $?\n' expect:5 'expect:# ' $'send:exit 3\n' 'exec bash --rcfile ../rc -i'
}

@test "terminal: Ctrl-Z, jobs, fg" {
	same_typed 'expect:# ' $'send:x sh -c "echo up; read y; echo got \$y; exit 4"\n' expect:up sleep:0.3 $'send:\x1a' \
		'expect:Stopped' 'expect:# ' $'send:jobs\n' expect:Stopped 'expect:# ' $'send:fg\n' expect:sh sleep:0.5 \
		$'send:abc\n' 'expect:got abc' 'expect:# ' $'send:echo $?\n' expect:4 'expect:# ' $'send:exit 3\n' \
		'exec bash --rcfile ../rc -i'
}

@test "terminal: a pager behind a pipe" {
	cat >pager <<-'END'
		cat
		read -rsn 1 key </dev/tty
		echo "key $key"
	END
	same_typed expect:last noecho send:q '@sh -c "seq 5; echo last" | bash ../pager; echo "${PIPESTATUS[*]}"'
}

@test "terminal: how it is left set" {
	same_typed '@stty -echo; stty -a | grep -o -- "-echo "; @stty echo; @stty intr ^B; stty -a | grep -o "intr = .."'
}
