#!/usr/bin/env bats
# Lines that rt and others write, one folder a case in fixtures/events: what
# --normalize makes of a valid one (expected.jsonl), and what --check says of an
# invalid one, behind the file's name (expected.txt).

load helper

# Run a check for each folder of a kind; names those for which it fails.
each() {
	local dir bad=0

	for dir in "$SOURCE/tests/fixtures/events/$1"/*/; do
		"$2" "$dir" && continue
		echo "case $1/$(basename "$dir")"
		bad=1
	done
	return "$bad"
}

normalized() {
	rt-query --normalize "$1line.jsonl" >out 2>err && diff out "$1expected.jsonl" && ! [ -s err ]
}

normalized_again() {
	rt-query --normalize "$1expected.jsonl" >out && diff out "$1expected.jsonl"
}

valid_to_check() {
	rt-query --check "$1line.jsonl" && [ "$(rt-query -c "$1line.jsonl")" = "$(wc -l <"$1expected.jsonl")" ]
}

valid_to_jq() {
	[[ $1 = */deep_nesting/ ]] || # past a limit of jq's own
		jq -se 'map(type == "object") | all' "$1expected.jsonl" >out
}

# A line is printed as it stands: the byte order mark is no part of it, and the last one is ended.
unchanged() {
	sed '1s/^\xef\xbb\xbf//' "$1line.jsonl" | awk 1 | cmp - <(rt-query "$1line.jsonl")
}

@test "every name, time, level and odd line is read as rt-event(5) says" {
	each valid normalized
}

@test "what is normal stays as it is" {
	each valid normalized_again
}

@test "without --normalize a line is printed as it stands" {
	each valid unchanged
}

@test "a valid line is right to --check, and what --normalize prints to jq" {
	each valid valid_to_check
	each valid valid_to_jq
}

reported() {
	rt-query --check "$1line.jsonl" >out 2>err
	[ $? = 1 ] && ! [ -s err ] || return
	diff <(sed "s|^$1line.jsonl||" out) "$1expected.txt"
}

skipped() {
	rt-query "$1line.jsonl" >out 2>err || return
	! [ -s out ] && grep -q '^rt-query: 1 line skipped in ' err
}

skipped_between() {
	{
		echo '{"message":"before"}'
		cat "$1line.jsonl"
		printf '\n{"message":"after"}\n'
	} >mixed.jsonl
	[ "$(rt-query --format '{message}' mixed.jsonl 2>err)" = $'before\nafter' ]
}

@test "what is no event is told by --check with its place and why" {
	each invalid reported
}

@test "what is no event is skipped and counted" {
	each invalid skipped
}

@test "what is no event does not hide its neighbours" {
	each invalid skipped_between
}
