#!/usr/bin/env bats
# librundir: the example of its man page is compiled as a user would, and run.

load helper

setup() {
	rt_setup
	[ -f "${RT_BUILD-}/lib/librundir.a" ] || skip "no librundir.a in the build folder"
	# what is installed as rundir/record.h
	mkdir include
	ln -s "$SOURCE/lib" include/rundir
}

# The example program of a man page, as it is shown.
example() {
	awk '/^\.Sh/ { in_examples = $2 == "EXAMPLES" }
		/^\.Ed/ { code = 0 }
		in_examples && code { print }
		/^\.Bd/ { code = 1 }' "$1" | sed 's/\\e/\\/g; s/\\-/-/g; s/\\&//g'
}

compile() {
	local flags= libs

	libs=$(sed -n 's/^Libs.private: *//p' "$SOURCE/lib/rundir.pc.in")
	[ -z "${RT_SANITIZE-}" ] || flags='-fsanitize=address -fsanitize=undefined'
	# shellcheck disable=SC2086 # they are several
	"${CC:-cc}" -Wall -Wextra -Werror $flags -Iinclude -o "${1%.c}" "$1" "$RT_BUILD/lib/librundir.a" $libs
}

only() {
	local runs=("$RT_RUNS_DIR"/*/)

	[ "${#runs[@]}" -eq 1 ] && echo "${runs[0]%/}"
}

@test "the example compiles without a warning, copies its input, and is a run" {
	example "$SOURCE/man/librundir.3" >copy.c
	compile copy.c
	seq 2500 >in
	export A_TOKEN=opensesame
	./copy <in >out
	cmp in out
	run=$(only)
	[ "$(jq -c '[.status, .name, .stage, .exit_code, .counts.events]' "$run/status.json")" = \
		'["completed","copy","copying",0,4]' ]
	[ "$(jq -c '.metadata.lines // empty' "$run/events.jsonl" | paste -sd' ')" = '1000 2000' ]
	[ "$(jq -r .name "$run/metadata.json")" = copy ]
	[ "$(rt-query "$run" --match 'lines > 1000' -c)" = 1 ]
	[ "$(rt-status "$run" --format '{status}')" = completed ]
	[ "$(wc -l <"$run/logs.txt")" -eq 4 ]
}

@test "the example fails as it should, and that is recorded" {
	example "$SOURCE/man/librundir.3" >copy.c
	compile copy.c
	run -1 bash -c 'seq 5 | ./copy >/dev/full'
	[ "$(jq -c '[.status, .error, .exit_code]' "$(only)/status.json")" = '["failed","cannot write",1]' ]
}

@test "the example goes on where nothing can be recorded" {
	example "$SOURCE/man/librundir.3" >copy.c
	compile copy.c
	seq 2500 >in
	RT_RUNS_DIR=/proc/rt run -0 --separate-stderr bash -c './copy <in >out'
	[ "$stderr" = 'copy: cannot make runs folder "/proc/rt": No such file or directory' ]
	cmp in out
}

@test "every function that the man page names is declared" {
	{
		echo '#include <rundir/record.h>'
		echo 'int main(void) { const void *all[] = {'
		grep -oE '^\.F[no] [a-z_]+' "$SOURCE/man/librundir.3" | awk '{ print "(const void *)" $2 "," }' | sort -u
		echo '}; return !all[0]; }'
	} >all.c
	[ "$(grep -c 'const void \*)rt_' all.c)" -ge 18 ]
	compile all.c
	./all
}

@test "every public header compiles alone" {
	for header in "$SOURCE"/lib/*.h; do
		header=${header##*/}
		[[ $header != *_* ]] || continue
		echo "#include <rundir/$header>" >one.c
		"${CC:-cc}" -Wall -Wextra -Werror -Iinclude -fsyntax-only one.c
	done
}
