#!/usr/bin/env bats
# What all programs have in common: help, options, exit codes, closed and full
# outputs, configuration, completion, man pages, and how the source is laid out.

load helper

setup() {
	rt_setup
	mapfile -t programs < <(rtbox --list)
	((${#programs[@]} >= 6))
}

# The subcommands of a program, and theirs, one a line: "step", "artifact put".
commands_of() {
	local command
	while read -r command; do
		echo "$command"
		commands_of "$@" "$command" | sed "s/^/$command /"
	done < <("$@" --help | sed -n '/^Commands/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p')
}

# The options of a program and its subcommands as --help shows them: -x and --name.
help_options() {
	local command
	{
		"$1" --help
		while read -ra command; do "$1" "${command[@]}" --help; done < <(commands_of "$1")
	} | sed -nE 's/^  (-.|   ).*/&/p' | grep -oE '^ +-[^ ]+( --[a-z-]+)?(, --[a-z-]+)?' |
		grep -oE -- '--?[A-Za-z][a-z-]*' | sort -u
}

# Files of one applet: NAME.c, NAME_PART.c, and their headers.
applet_of() {
	local base=${1##*/}
	base=${base%.[ch]}
	echo "${base%%_*}"
}

@test "rtbox lists its programs, and says what it does not know" {
	run -0 rtbox
	for p in "${programs[@]}"; do [[ $output == *"  $p "* ]]; done
	run -0 rtbox --help
	run -0 rtbox --version
	[[ $output =~ ^rtbox\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run -2 rtbox stauts
	[ "${lines[0]}" = 'rtbox: no program "stauts"; did you mean "status"?' ]
	[ "${lines[1]}" = 'try "rtbox --help"' ]
	run -2 rtbox --nope
	ln -s "$(command -v rtbox)" rt-nope
	run -2 ./rt-nope
	[[ ${lines[0]} == 'rtbox: no program "rt-nope"'* ]]
}

@test "rtbox NAME and rt-NAME are the same" {
	for p in "${programs[@]}"; do
		[ "$("$p" --help)" = "$(rtbox "${p#rt-}" --help)" ]
		[ "$("$p" --help)" = "$(rtbox "$p" --help)" ]
	done
}

@test "a helper program that is not installed is one line naming the package, exit 3" {
	local helpers=()
	mapfile -t helpers < <(sed -n 's/^\t{ "\([a-z]*\)", ".*/\1/p' "$SOURCE/cmd/rtbox/helper.c")
	((${#helpers[@]} >= 2))
	for h in "${helpers[@]}"; do
		run -3 --separate-stderr env RT_LIBEXEC_DIR="$PWD" rtbox "$h"
		[[ $stderr == "rt-$h: rt-$h is not installed: install the package rtbox-$h "* ]]
		[ "${#stderr_lines[@]}" = 1 ]
		run ! grep -qx "rt-$h" <(RT_LIBEXEC_DIR=$PWD rtbox --list)
		# what is there is executed, with the arguments as they are
		printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"rt-$h"
		chmod +x "rt-$h"
		[ "$(RT_LIBEXEC_DIR=$PWD rtbox "$h" -x 'a b' '')" = "<-x><a b><>" ]
		# a link to rtbox is the same, and is not taken for the helper itself
		mkdir -p links
		ln -s "$(command -v rtbox)" "links/rt-$h"
		[ "$(RT_LIBEXEC_DIR=$PWD "links/rt-$h" -x 'a b' '')" = "<-x><a b><>" ]
		run -3 --separate-stderr env RT_LIBEXEC_DIR="$PWD/links" timeout 5 "links/rt-$h"
		[ "$stderr" = "rt-$h: \"$PWD/links/rt-$h\" is a link to rtbox, not the helper program" ]
	done
}

@test "an option that needs a helper names its package too" {
	mkdir links
	ln -s "$(command -v rtbox)" links/rt-sql
	run -3 --separate-stderr env RT_LIBEXEC_DIR="$PWD/links" timeout 5 rt-query --sql 'SELECT 1'
	[ "$stderr" = "rt-query: \"$PWD/links/rt-sql\" is a link to rtbox, not the helper program" ]
	run -3 --separate-stderr env RT_LIBEXEC_DIR="$PWD" rt-query --sql 'SELECT 1'
	[[ $stderr == "rt-query: rt-sql is not installed: install the package rtbox-sql "* ]]
	[ "${#stderr_lines[@]}" = 1 ]
}

@test "--help and -h exit 0 on standard output, 80 columns wide" {
	for p in "${programs[@]}"; do
		run -0 --separate-stderr "$p" --help
		[[ ${lines[0]} == "usage: $p"* ]]
		[ -z "$stderr" ]
		[ "$output" = "$("$p" -h)" ]
		run ! grep -nE '.{81}|[[:space:]]$' <<<"$output"
		while read -ra command; do
			run -0 "$p" "${command[@]}" --help
			[[ ${lines[0]} == "usage: $p ${command[*]}"* ]]
			run ! grep -nE '.{81}|[[:space:]]$' <<<"$output"
		done < <(commands_of "$p")
	done
}

@test "--help names the options that every program takes" {
	for p in "${programs[@]}"; do
		help_options "$p" >options
		for o in -h --help --version -r --run -d --runs-dir --color -q --quiet -v --verbose --utc; do
			grep -qx -- "$o" options || { echo "$p: $o" && false; }
		done
	done
}

@test "every option is in the man page, and every option of the man page is in --help" {
	local page
	for p in "${programs[@]}"; do
		page=$SOURCE/man/$p.1
		[ -f "$page" ] || { echo "there is no man/$p.1" && false; }
		help_options "$p" >help
		grep -E '^\.' "$page" | grep -oE 'Fl -?[A-Za-z][a-z-]*' | sed 's/^Fl /-/' | sort -u >"man"
		grep -E '^\.It Fl' "$page" | grep -oE 'Fl -?[A-Za-z][a-z-]*' | sed 's/^Fl /-/' | sort -u >listed
		echo "$p: not in the man page: $(comm -23 help man | paste -sd' ')"
		[ -z "$(comm -23 help man)" ]
		echo "$p: only in the man page: $(comm -13 help listed | paste -sd' ')"
		[ -z "$(comm -13 help listed)" ]
	done
}

@test "every man page is valid and has its sections" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for p in rtbox "${programs[@]}"; do
		for section in NAME SYNOPSIS DESCRIPTION ENVIRONMENT 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qx "\.Sh $section" "$SOURCE/man/$p.1" || { echo "$p.1: no $section" && false; }
		done
	done
	run -0 mandoc -Tlint -W warning "$SOURCE"/man/*.[15]
}

@test "--version" {
	for p in "${programs[@]}"; do
		[ "$("$p" --version)" = "$(rtbox --version)" ]
	done
}

@test "an unknown option is said on standard error, with a suggestion" {
	for p in "${programs[@]}"; do
		case $p in
		rt-run) code=125 ;; # as env, timeout and nohup do: below 125 is for the command
		*) code=2 ;;
		esac
		run -$code --separate-stderr "$p" --verbsoe
		[ -z "$output" ]
		[ "$stderr" = "$p: unknown option \"--verbsoe\"; did you mean \"--verbose\"?
try \"$p --help\"" ]
		run -$code --separate-stderr "$p" --verbose=1
		[[ $stderr == "$p: \"--verbose\" takes no argument"* ]]
		run -$code --separate-stderr "$p" --runs-dir
		[[ $stderr == "$p: \"--runs-dir\" needs an argument: DIR"* ]]
		run -$code --separate-stderr "$p" --color=red
		[[ $stderr == "$p: bad --color \"red\": one of auto, always, never"* ]]
		run -$code --separate-stderr "$p" -%
		[[ $stderr == "$p: unknown option \"-%\""* ]]
	done
}

@test "control characters in a message are made visible" {
	for p in "${programs[@]}"; do
		run --separate-stderr -2 rtbox "${p#rt-}"$'\033[31m'
		[[ $stderr == *'^[[31m'* ]]
		"$p" $'--a\033]0;x\a\xc2\x9bb\nc\xff' 2>err || true
		grep -qF -- '--a^[]0;x^G\x9bb\nc\xff' err
		LC_ALL=C run ! grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b' err
	done
}

@test "a full disk behind standard output is said, exit 3" {
	for p in rtbox "${programs[@]}"; do
		for how in --help --version; do
			run -3 --separate-stderr bash -c "$p $how >/dev/full"
			[ "$stderr" = "$p: cannot write standard output: No space left on device" ]
		done
	done
	make_run a
	run -3 --separate-stderr bash -c 'rt-status a >/dev/full'
	run -3 --separate-stderr bash -c 'rt-status -l --json >/dev/full'
	run -3 --separate-stderr bash -c 'rt-status --complete "" >/dev/full'
}

@test "a closed standard output is said, exit 3, and is nobody else's file" {
	for p in rtbox "${programs[@]}"; do
		run -3 --separate-stderr bash -c "$p --help >&-"
		[ "$stderr" = "$p: cannot write standard output: Bad file descriptor" ]
	done
	# or what is said would get into the next file that is opened
	make_run a '"status":"running"'
	rt-status a --wait >&- 2>&- 3>&- &
	guarded() { [ "$(readlink "/proc/$1/fd/1" "/proc/$1/fd/2" | uniq)" = /dev/null ]; }
	wait_for 5 guarded $!
	kill $!
	run -3 bash -c 'rt-status a >&-'
	run -3 bash -c 'rt-status nope 2>&-'
	run -0 bash -c 'rt-status a <&-'
}

@test "a reader that goes away ends a program silently" {
	make_run a
	for p in rtbox "${programs[@]}"; do
		for how in --help --version; do
			bash -c "$p $how 2>err; echo \$? >code" | true
			[ ! -s err ]
			# with SIGPIPE ignored, as some CI systems leave it, writing fails with EPIPE
			bash -c "trap '' PIPE; sleep 0.02; $p $how 2>err; echo \$? >code" | true
			[ ! -s err ]
			[ "$(cat code)" = 0 ]
		done
	done
	bash -c "trap '' PIPE; sleep 0.02; rt-status a 2>err" | true
	[ ! -s err ]
}

@test "-o json of nothing is an empty array" {
	make_run a
	: >"$RT_RUNS_DIR/a/events.jsonl"
	[ "$(rt-status --name nope -o json 2>/dev/null)" = "[]" ]
	[ "$(rt-status --name nope --json -q)" = "[]" ]
	[ "$(rt-query a --type nope -o json)" = "[]" ]
	[ "$(rt-query a --type nope --json)" = "[]" ]
	[ -z "$(rt-query a --type nope -o jsonl)" ]
}

@test "-q, -v and the order of options and operands" {
	make_run a
	[ "$(rt-status -q -l --name nope 2>&1)" = "" ]
	[ "$(rt-status --format '{run_id}' -- a)" = a ]
	[ "$(rt-status a --format '{run_id}' -qv)" = a ]
	[ "$(rt-status -qn1 a --format='{run_id}')" = a ]
	[ "$(rt-status -d "$RT_RUNS_DIR" -ra --format '{run_id}')" = a ]
	run -3 rt-status -- -a
	[[ $output == *'no run "-a"'* ]]
}

@test "configuration: the person's file, below the environment and options" {
	local yellow=$'\033['
	make_run a
	mkdir -p "$HOME/.config/rt" xdg/rt
	printf '%s\n' '# a comment' '' "  RT_COLOR = 'always'  " 'nonsense' 'PATH=/nope' 'RT_=x' \
		>"$HOME/.config/rt/rt.conf"
	run -0 --separate-stderr rt-status a
	[[ $output == *"$yellow"* ]]
	[ "$stderr" = "$(printf "rt-status: $HOME/.config/rt/rt.conf:%d: \"%s\" is no RT_NAME=value\n" \
		4 nonsense 5 PATH=/nope 6 RT_=x)" ]
	RT_COLOR=never run -0 --separate-stderr rt-status a
	[[ $output != *"$yellow"* ]]
	run -0 --separate-stderr rt-status a --color=never
	[[ $output != *"$yellow"* ]]
	XDG_CONFIG_HOME=$PWD/xdg run -0 --separate-stderr rt-status a
	[[ $output != *"$yellow"* ]]
	[ -z "$stderr" ]
	printf 'RT_RUNS_DIR=%s\r\n' "$RT_RUNS_DIR" >xdg/rt/rt.conf
	run -0 env -u RT_RUNS_DIR XDG_CONFIG_HOME="$PWD/xdg" rt-status a --format '{run_id}'
	[ "$output" = a ]
	rm "$HOME/.config/rt/rt.conf"
	mkdir "$HOME/.config/rt/rt.conf"
	run -0 --separate-stderr rt-status a
	[[ $stderr == *"cannot read \"$HOME/.config/rt/rt.conf\": Is a directory"* ]]
}

@test "completion is there for every program, and says nothing on standard error" {
	for p in "${programs[@]}"; do
		for shell in bash zsh fish; do grep -qw -- "$p" "$SOURCE/completions/rt.$shell"; done
		run -0 --separate-stderr "$p" --complete --ver
		[ "$output" = $'--verbose\tsay more\n--version\tshow the version' ]
		[ -z "$stderr" ]
		run -0 --separate-stderr "$p" --complete ''
		[ -z "$stderr" ]
		run -0 --separate-stderr "$p" --complete
		[ -z "$stderr" ]
		# each line is a candidate with a tab, or the last one a directive
		LC_ALL=C run ! grep -avP '\t|^:(file|dir|command)$' <("$p" --complete --)
		while read -ra command; do
			"$p" --complete "${command[@]:0:${#command[@]}-1}" '' | grep -q "^${command[-1]}"$'\t'
			"$p" --complete "${command[@]}" --hel | grep -q '^--help'
		done < <(commands_of "$p")
	done
	run -0 rtbox --complete sta
	[[ $output == status$'\t'* ]]
	run -0 rtbox --complete status --exit
	[[ $output == --exit-status$'\t'* ]]
}

@test "-o: help and completion have the forms that the program takes" {
	make_run abc
	while read -ra words; do
		run -2 --separate-stderr "${words[@]}" -o no-such-form
		read -ra forms < <(sed -n 's/.*one of //p' <<<"$stderr")
		diff <(printf '%s\n' "${forms[@]%,}" | sort) <("${words[0]}" --complete -o '' | cut -f1 | sort)
		"${words[0]}" --help | grep -A1 -e '-o, --output' >help
		for form in "${forms[@]%,}"; do grep -qw "$form" help; done
	done <<-'END'
		rt-tail
		rt-query
		rt-prune --keep-last 1 --delete
	END
}

@test "completion: behind -- there is a command, and then its files" {
	candidates() { rt-run --complete "$@"; }
	for words in '--' 'step --' 'step build --' 'step --shell' 'step build -r a --shell'; do
		# shellcheck disable=SC2086 # they are several
		[ "$(candidates $words ba)" = :command ]
		# shellcheck disable=SC2086
		[ "$(candidates $words bash ba)" = :file ]
	done
}

@test "completion: rt-emit is offered no type that it refuses" {
	run -0 rt-emit --complete -t ''
	[[ $output == *step_started* && $output != *run_started* ]]
	run -0 rt-query --complete --type run_st
	[ "$output" = run_started$'\t' ]
}

@test "completion works in bash" {
	make_run abc
	# shellcheck disable=SC2016 # the inner shell expands it
	run -0 bash -c '
		source "$1/completions/rt.bash"
		complete -p rt-status rtbox >/dev/null || exit
		compopt() { :; }
		try() {
			COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$'"' \\t\\n\"@><=;|&(:'"'
			_rtbox
			echo "${COMPREPLY[*]}"
		}
		try "rt-status --exit"
		try "rt-status ab"
		try "rt-status @la"
		try "rt-status --status=fai"
		try "rt-status ./ru"
		try "rtbox sta"' - "$SOURCE"
	[ "$output" = "$(printf '%s\n' --exit-status abc latest failed ./runs status)" ]
}

@test "completion works in fish" {
	command -v fish >/dev/null || skip "no fish"
	make_run abc
	run -0 fish --no-config -c "source $SOURCE/completions/rt.fish; complete -C 'rt-status --exit'; complete -C 'rt-status ab'; complete -C 'rtbox sta'"
	[ "$(cut -f1 <<<"$output")" = "$(printf '%s\n' --exit-status abc status)" ]
}

@test "completion works in zsh" {
	command -v zsh >/dev/null || skip "no zsh"
	make_run abc
	mkdir functions
	cp "$SOURCE/completions/rt.zsh" functions/_rt
	# zpty gives the line editor a terminal; a line must come out completed
	cat >zsh.zsh <<-'END'
		zmodload zsh/zpty
		zpty z 'TERM=dumb zsh -f -i'
		zpty -w z 'fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D'
		zpty -w z 'bindkey "^I" expand-or-complete; PS1="go$((1))> "'
		zpty -r z out '*go1> *'
		try() {
			zpty -w -n z "$1"$'\t'
			zpty -r z out "*$2*"
			zpty -w z $'\C-a: '
			zpty -r z out '*go1> *'
		}
		try 'rt-status --exit' 'rt-status --exit-status '
		try 'rt-status ab' 'rt-status abc '
		try 'rtbox sta' 'rtbox status '
	END
	run -0 timeout 20 zsh -f zsh.zsh
}

@test "the source: an applet includes no other applet, lib includes nothing of cmd" {
	local applets header
	applets=" $(printf '%s\n' "${programs[@]}" | sed 's/^rt-//' | paste -sd' ') "
	for file in "$SOURCE"/cmd/*/*.[ch]; do
		while read -r header; do
			[[ -f $SOURCE/cmd/rtbox/$header ]] || continue
			[[ $applets == *" $(applet_of "$header") "* ]] || continue
			[[ $file == */rtbox/* && $(applet_of "$file") = "$(applet_of "$header")" ]] ||
				{ echo "${file##*/} includes $header" && false; }
		done < <(sed -n 's/^#include "\(.*\)"/\1/p' "$file")
	done
	for file in "$SOURCE"/lib/*.[ch]; do
		while read -r header; do
			[ -f "$SOURCE/lib/$header" ] || { echo "${file##*/} includes $header" && false; }
		done < <(sed -n 's/^#include "\(.*\)"/\1/p' "$file")
	done
}

@test "the source: few files know jansson and libuuid, no header does" {
	cd "$SOURCE"
	run ! grep -lE 'jansson\.h|json_t\b|uuid/uuid\.h' lib/*.h cmd/*/*.h
	run ! grep -lE '<(jansson|uuid/uuid)\.h>' cmd/*/*.c
	[ "$(grep -l '<uuid/uuid.h>' lib/*.c | wc -l)" -eq 1 ]
	[ "$(grep -l '<jansson.h>' lib/*.c | wc -l)" -le 4 ]
}

@test "the source: banned functions, and files that children would inherit" {
	cd "$SOURCE"
	run ! grep -nE '\b(strcpy|strcat|stpcpy|v?sprintf|strtok|gets|localtime|gmtime|asctime|ctime|atoi|atol|atof|system|alloca|popen)\(' \
		lib/*.c cmd/*/*.c
	# every open(2) has O_CLOEXEC, by itself or in the constant or variable it is given
	[ -z "$(perl -0ne 'while (/(?<![\w.>])(open|openat|dup|pipe|socket|accept)\(([^;{]*);/g) {
		my ($f, $a) = ($1, $2);
		print "$ARGV: $f($a\n" unless $a =~ /CLOEXEC|FLAGS|\bflags\b/ }' lib/*.c cmd/*/*.c)" ]
}

@test "the source: lib has no mutable statics, the programs one" {
	[ -z "${RT_SANITIZE-}" ] || skip "sanitizers add their own"
	[ -n "${RT_BUILD-}" ] || skip "no build folder"
	command -v objdump >/dev/null || skip "no objdump"
	mutable() { objdump -t "$@" | grep -P '\sO\s+\.t?(data|bss)(?!\.rel\.ro)\S*\s' | awk '{print $NF}' | sort -u; }
	[ -z "$(mutable "$RT_BUILD"/lib/*.o)" ]
	[ "$(mutable "$RT_BUILD"/cmd/*/*.o)" = prog ]
}
