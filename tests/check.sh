#!/bin/sh
# Run tests and sum them up: `check.sh BUILD TEST...`, as `make check` does.
#
# A TEST is a .bats file, a script or a program, named from the source folder;
# each prints TAP. As many as there are processors run at a time (RT_JOBS).
# Prints a line for each, what failed of it, and at the end, alone, `N passed,
# N failed, N skipped`. A test that crashes, hangs, or gives other than as many
# results as it planned counts as one failure more.
#
# Tests get an environment of their own (nothing of a run, a CI job or a user):
# PATH with the programs first, an empty HOME, TZ=UTC, a UTF-8 locale, and
#   RT_BUILD        the build folder        RT_SOURCE  the source folder (and cwd)
#   RT_SANITIZE=1   under ASan and UBSan    CC         the compiler
# RT_FAULT_ROUNDS is passed on.
set -eu

# One test: NAME.tap and NAME.err are what it said, NAME.sum its three figures,
# NAME.txt what is shown of it.
run_one() {
	test=$2 name=${2#"$RT_BUILD"/}
	to=$1/$(echo "$name" | tr / _)
	case $test in
	*.bats) set -- bats --tap "$test" ;;
	*.sh) set -- bash "$test" ;;
	*) set -- "$test" ;;
	esac
	status=0
	timeout --foreground -k 10 "$RT_TEST_TIMEOUT" "$@" </dev/null >"$to.tap" 2>"$to.err" || status=$?
	awk -v status="$status" -v name="$name" -v sum="$to.sum" '
		/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; have = 1 }
		/^1\.\.0.*# *[Ss][Kk][Ii][Pp]/ { skipped++; planned = 1 }
		/^ok/ { if (tolower($0) ~ /# *skip/) skipped++; else passed++ }
		/^not ok/ { failed++; text = text "    " $0 "\n"; show = 1; next }
		/^#/ { if (show) text = text "    " $0 "\n"; next }
		{ show = 0 }
		END {
			ran = passed + failed + skipped
			if (status == 124) why = "timed out"
			else if (!have) why = "ended without a plan"
			else if (ran != planned) why = "planned " planned ", ran " ran
			else if (status != 0 && !failed) why = "every result is ok, but it failed"
			if (why) { failed++; text = text "    " why " (exit status " status ")\n" }
			printf "%d %d %d\n", passed, failed, skipped >sum
			printf "%-36s %4d passed, %d failed, %d skipped\n%s", name, passed, failed, skipped, text
		}' "$to.tap" >"$to.txt"
	if ! grep -q ' 0 failed,' "$to.txt"; then
		tail -n 40 "$to.err" | sed 's/^/    | /' >>"$to.txt"
	fi
	cat "$to.txt"
}

if [ "$1" = --one ]; then
	run_one "$2" "$3"
	exit
fi

cd "$(dirname "$0")/.."
RT_BUILD=$(cd "$1" && pwd)
shift
out=$RT_BUILD/test
rm -rf "$out"
mkdir -p "$out/home"

# A sanitizer's report goes into a file, so that it fails the whole even when
# the test did not look at the exit code (99, which is none of rt's). Finding
# leaks needs ptrace, which a container may forbid.
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
asan='' ubsan=''
if [ "${RT_SANITIZE:-}" ]; then
	leaks=1
	if ASAN_OPTIONS=detect_leaks=1 "$RT_BUILD/bin/rtbox" --version 2>&1 |
		grep -q 'LeakSanitizer has encountered a fatal error'; then
		echo "leaks are not looked for: LeakSanitizer does not work here"
		leaks=0
	fi
	asan="exitcode=99:log_path=$reports/report:detect_leaks=$leaks"
	ubsan="exitcode=99:log_path=$reports/report:halt_on_error=1:print_stacktrace=1"
fi

status=0
{ [ $# = 0 ] || printf '%s\0' "$@"; } | env -i \
	PATH="$RT_BUILD/bin:$PATH" HOME="$out/home" TMPDIR="${TMPDIR:-/tmp}" SHELL=/bin/sh \
	USER="$(id -un)" LOGNAME="$(id -un)" TZ=UTC LC_ALL=C.UTF-8 TERM=dumb CC="${CC:-cc}" \
	RT_BUILD="$RT_BUILD" RT_SOURCE="$PWD" RT_TEST_TIMEOUT="${RT_TEST_TIMEOUT:-600}" \
	${RT_FAULT_ROUNDS:+RT_FAULT_ROUNDS="$RT_FAULT_ROUNDS"} \
	${asan:+RT_SANITIZE=1 ASAN_OPTIONS="$asan" UBSAN_OPTIONS="$ubsan"} \
	xargs -0 -r -n 1 -P "${RT_JOBS:-$(nproc)}" sh tests/check.sh --one "$out" || status=$?

for report in "$reports"/*; do
	# No finding but a remark: a thread ended while it was looked at.
	grep -qsv 'Unable to get registers from thread' "$report" || continue
	echo "sanitizer report:"
	head -n 60 "$report" | sed 's/^/    | /'
	echo "0 1 0" >"$out/${report##*/}.sum"
done
cat "$out"/*.sum 2>/dev/null | awk -v status="$status" '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		if (status && !failed) { print "check.sh: a test could not be run"; failed = 1 }
		if (!passed && !failed) print "check.sh: no test ran"
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed || !passed
	}'
