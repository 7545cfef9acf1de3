# What the fault tests share: a place of its own, TAP, the helper programs, and
# what must hold of a run's files after anything. A script sources it, calls
# `ok` and `skip`, and ends with `finish`.
# shellcheck shell=bash
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=${RT_BUILD:-$here/../../build}/bin:$PATH
tmp=$(mktemp -d)
# A full disk of a test's own is mounted below it, hence no other file system.
trap 'umount "$tmp/disk" 2>/dev/null; rm -rf --one-file-system "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for name in $(compgen -e); do
	case $name in
	RT_BUILD | RT_SOURCE | RT_SANITIZE | RT_FAULT_ROUNDS) ;;
	RT_* | CI | CI_* | GITHUB_* | GITLAB_* | BUILDKITE* | BUILD_* | GAMEGEN_*) unset "$name" ;;
	esac
done
export HOME=$tmp/home XDG_CONFIG_HOME=$tmp/home/.config RT_RUNS_DIR=$tmp/runs TZ=UTC LC_ALL=C.UTF-8
mkdir -p "$HOME"
cd "$tmp" || exit

results=0
failures=0

# ok TITLE: the result of the command before it; what stands in $why is shown.
ok() {
	local status=$?
	results=$((results + 1))
	if [ "$status" = 0 ] && [ -z "${why-}" ]; then
		echo "ok $results - $1"
	else
		failures=$((failures + 1))
		echo "not ok $results - $1"
		if [ "${why-}" ]; then head -n 30 <<<"$why" | sed 's/^/# /'; fi
	fi
	why=''
}

# More to say about what is being tested, which fails it.
complain() {
	why=${why-}${why:+$'\n'}$*
}

skip() {
	results=$((results + 1))
	echo "ok $results - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$results"
	[ "$failures" = 0 ]
	exit
}

# Compile one of the helper programs: helper NAME [LIBRARY...]; it is $tmp/NAME.
helper() {
	local name=$1
	shift
	"${CC:-cc}" -std=c11 -O1 -Wall -Wextra -D_GNU_SOURCE -o "$tmp/$name" "$here/$name.c" "$@" || {
		echo "Bail out! cannot compile $name.c"
		exit 1
	}
}

# Killing at random. The caller sets `span` to how long the command takes, in microseconds.
begin_killing() {
	seed=${RT_FAULT_SEED:-$RANDOM$RANDOM} span=0 killed=0 late=0
	echo "# RT_FAULT_SEED=$seed"
	helper killer
}

# Run a command to a random moment; 0 when it ended first, and well. One in four or so
# does, whatever else the machine does: the span follows that.
kill_at_random() {
	local how
	seed=$((seed + 1))
	how=$("$tmp/killer" "$span" "$seed" "$@" 2>>said | tail -n 1)
	case $how in
	killed)
		killed=$((killed + 1))
		span=$((span + span / 24 + 1))
		;;
	'exit 0')
		late=$((late + 1))
		span=$((span - span / 8))
		return 0
		;;
	*) complain "$*: $how: $(tail -n 1 said)" ;;
	esac
	return 1
}

# Say how many were, and count anew.
report_killed() {
	echo "# $killed killed, $late too late"
	killed=0 late=0
}

# A new run, started: its directory. Everything that is said goes into $tmp/said.
new_run() {
	local id
	id=$(rt-run start --name "${1:-fault}" "${@:2}") || return
	echo "$RT_RUNS_DIR/$id"
}

# What must hold of a run at any time: status.json and events.jsonl are whole and
# valid, status.json counts no more than there is, and rt-status counts all.
check_run() {
	local seen
	seen=$(rt-status --json "$1" 2>&1 | "$tmp/look" "$1" 2>&1)
	[ -z "$seen" ] || complain "${2-}${2:+: }$seen"
}

# What must hold after the next writer, too: nothing lags, nothing is left over.
check_settled() {
	local seen
	seen=$("$tmp/look" -s "$1" 2>&1)
	[ -z "$seen" ] || complain "${2-}${2:+: }$seen"
}

# Whether strace can look into and change what programs do here.
can_inject() {
	strace -qq -o trace -e inject=write:retval=6 echo wrong >untouched 2>&1 && [ ! -s untouched ]
}

# Under the sanitizers, leaks are looked for with ptrace, which strace has taken.
# What a failure leaves waiting for ever is ended.
under_strace() {
	timeout -k 5 30 strace -qq -y -E ASAN_OPTIONS="${ASAN_OPTIONS-}${ASAN_OPTIONS:+:}detect_leaks=0" "$@"
}

# The system calls that a command makes after main() has begun: "NAME K" for the
# Kth call of NAME, in order. rtbox begins by looking at descriptors 0 to 2.
calls_of() {
	under_strace -o trace "$@" >/dev/null 2>&1
	awk '
		!match($0, /^[a-z_0-9]+\(/) { next }
		{ name = substr($0, 1, RLENGTH - 1); n[name]++ }
		name == "poll" && /fd=0[,<].*fd=1[,<].*fd=2[,<]/ { main = 1 }
		name == "exit_group" { exit }
		# The memory of a sanitizer is its own; a failing one is no disk that is full.
		main && !(sanitize && name ~ /^(brk|mmap|munmap|mprotect|madvise|mremap|sigaltstack)$/) {
			print name, n[name]
		}' sanitize="${RT_SANITIZE-}" trace
}
