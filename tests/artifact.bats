#!/usr/bin/env bats
# rt-run artifact: what is stored is whole, is what its hash says, and stays in
# the run.

load helper

setup() {
	rt_setup
	RT_RUN=$(rt-run start --id a)
	export RT_RUN
	store=$RT_RUNS_DIR/a/artifacts
}

last_event() {
	tail -n "${1-1}" "$RT_RUNS_DIR/a/events.jsonl" | head -n 1
}

sum_of() {
	sha256sum <"$1" | cut -d' ' -f1
}

@test "put and get: bytes as they are, and an event each" {
	head -c 300000 /dev/urandom >in
	run -0 --separate-stderr rt-run artifact put bin in
	[ -z "$output$stderr" ]
	cmp in "$store/bin"
	[ "$(jq -c '[.type, .message, .metadata]' <<<"$(last_event)")" = \
		"[\"artifact_created\",\"Artifact created: bin\",{\"key\":\"bin\",\"size_bytes\":300000,\"sha256\":\"$(sum_of in)\"}]" ]
	rt-run artifact get bin | cmp - in
	rt-run artifact get bin out
	cmp in out
	printf 'two\0' | rt-run artifact put bin -
	[ "$(jq -r '.type + .metadata.sha256' <<<"$(last_event)")" = "artifact_updated$(sum_of "$store/bin")" ]
	rt-run artifact put sub/empty /dev/null
	[ -f "$store/sub/empty" ] && [ ! -s "$store/sub/empty" ]
	[ "$(rt-status a --format '{counts.events}')" = 4 ]
	# nothing else is left in the store
	[ "$(find "$store" -type f | wc -l)" = 2 ]
}

@test "get falls back to KEY.json, and writes where it is told" {
	echo '{}' | rt-run artifact put plan.json -
	echo sub | rt-run artifact put s/plan.txt -
	[ "$(rt-run artifact get plan)" = '{}' ]
	echo plain | rt-run artifact put plan -
	[ "$(rt-run artifact get plan)" = plain ]
	mkdir folder
	rt-run artifact get s/plan.txt folder
	[ "$(cat folder/plan.txt)" = sub ]
	rt-run artifact get plan /dev/stdout | grep -qx plain
	echo old >file
	chmod 600 file
	ln -s file link
	rt-run artifact get plan link
	[ -L link ]
	[ "$(cat file)" = plain ]
	[ "$(stat -c %a file)" = 600 ]
	run -3 --separate-stderr rt-run artifact get none file
	[ "$stderr" = 'rt-run artifact get: run "a" has no artifact "none"' ]
	[ "$(cat file)" = plain ]
	run -3 --separate-stderr rt-run artifact get plan no/such/folder
	[ "$(find . -name '.*.tmp' | wc -l)" = 0 ]
	run -3 --separate-stderr rt-run artifact get plan /dev/full
	[[ $stderr == *'cannot write "/dev/full": No space left on device' ]]
}

@test "list, stat and rm" {
	[ -z "$(rt-run artifact list)" ]
	[ "$(rt-run artifact list --json)" = '[]' ]
	for key in b a/z a.txt a/b; do echo "$key" | rt-run artifact put "$key" -; done
	echo junk >"$store/.hidden"
	echo junk >"$store/no key"
	mkdir -p "$store/a/deep"
	echo junk >"$store/a/deep/er"
	[ "$(rt-run artifact list --format '{key}' | paste -sd' ')" = 'a.txt a/b a/z b' ]
	run -0 rt-run artifact list
	[[ ${lines[0]} =~ ^KEY\ +SIZE\ +MODIFIED\ +SHA256$ ]]
	[[ ${lines[1]} == a.txt*' 6 B  '*'  '"$(sum_of "$store/a.txt" | cut -c1-12)" ]]
	[ "$(rt-run artifact list -o jsonl | jq -c 'select(.key == "a/b") | [.size_bytes, .sha256]')" = \
		"[4,\"$(sum_of "$store/a/b")\"]" ]
	[ "$(rt-run artifact list -o csv | sed -n '1s/\r//p')" = key,size_bytes,modified_at,sha256 ]
	[ "$(rt-run artifact list --json | jq -c 'map(keys_unsorted | join(",")) | unique')" = \
		'["key,size_bytes,modified_at,sha256"]' ]
	touch -d 2026-07-01T12:00:00.5Z "$store/b"
	[ "$(rt-run artifact stat b --json)" = \
		"{\"key\":\"b\",\"size_bytes\":2,\"modified_at\":\"2026-07-01T12:00:00.500+00:00\",\"sha256\":\"$(sum_of "$store/b")\"}" ]
	[ "$(rt-run artifact stat b --utc)" = "$(printf '%s\n' 'Key: b' 'Size: 2' \
		'Modified: 2026-07-01 12:00:00 +00:00' "SHA-256: $(sum_of "$store/b")")" ]
	sum=$(sum_of "$store/b")
	run -0 --separate-stderr rt-run artifact rm b a/z
	[ -z "$output$stderr" ]
	[ ! -e "$store/b" ]
	[ "$(jq -c '[.type, .metadata]' <<<"$(last_event 2)")" = \
		"[\"artifact_deleted\",{\"key\":\"b\",\"size_bytes\":2,\"sha256\":\"$sum\"}]" ]
	run -3 --separate-stderr rt-run artifact rm b
	[ "$stderr" = 'rt-run artifact rm: run "a" has no artifact "b"' ]
	run -3 rt-run artifact rm no/folder
	run -0 --separate-stderr rt-run artifact rm -f b
	[ -z "$stderr" ]
	[ "$(jq -r .metadata.key <<<"$(last_event)")" = a/z ]
	# is it there?
	run -0 --separate-stderr rt-run artifact stat -q a/b
	[ -z "$output$stderr" ]
	run -1 --separate-stderr rt-run artifact stat -q b
	[ -z "$output$stderr" ]
	run -3 rt-run artifact stat b
}

@test "keys lead nowhere else, links in a run are not followed" {
	echo secret >outside
	for key in ../x a/../x /etc/passwd a/b/c .x '' a/ 'a b' "$(printf '%0129d' 1)"; do
		run -2 --separate-stderr rt-run artifact put "$key" outside
		[[ $stderr == *'bad artifact key'* ]]
		run -2 rt-run artifact get "$key"
		run -2 rt-run artifact rm "$key"
	done
	[ ! -e "$store" ]
	mkdir elsewhere
	ln -s "$PWD/elsewhere" "$store"
	run -3 rt-run artifact put x outside
	run -3 rt-run artifact list
	[ -z "$(ls elsewhere)" ]
	rm "$store"
	mkdir "$store"
	ln -s "$PWD/elsewhere" "$store/sub"
	ln -s "$PWD/outside" "$store/link"
	mkfifo "$store/fifo"
	mkdir "$store/dir"
	cp outside elsewhere/x
	for key in sub/x link fifo dir; do
		run -3 timeout 10 rt-run artifact put "$key" outside
		run -3 timeout 10 rt-run artifact get "$key"
		run -3 timeout 10 rt-run artifact rm "$key"
	done
	run -3 rt-run artifact rm fifo
	[ "$output" = 'rt-run artifact rm: cannot read artifact "fifo": it is no regular file' ]
	[ "$(ls elsewhere)" = x ]
	[ "$(cat outside)" = secret ]
	[ -L "$store/link" ]
	[ "$(rt-run artifact list --format '{key}')" = '' ]
	rt-run artifact put ok outside
	run -3 rt-run artifact put ok/x outside
	[ "$(find "$store" -name '.*' | wc -l)" = 0 ]
}

@test "what is replaced keeps its mode, a new one has what the umask leaves" {
	umask 027
	echo one | rt-run artifact put new -
	[ "$(stat -c %a "$store/new")" = 640 ]
	chmod 600 "$store/new"
	umask 000
	echo two | rt-run artifact put new -
	[ "$(stat -c %a "$store/new")" = 600 ]
	[ "$(cat "$store/new")" = two ]
}

@test "what is not stored whole is not stored, and nothing is left of it" {
	echo old | rt-run artifact put key -
	events=$(wc -l <"$RT_RUNS_DIR/a/events.jsonl")
	run -3 --separate-stderr bash -c 'ulimit -f 64; head -c 1000000 /dev/zero | rt-run artifact put key -'
	[[ $stderr == *'cannot write artifact "key": File too large' ]]
	run -3 --separate-stderr rt-run artifact put key nofile
	[ "$stderr" = 'rt-run artifact put: cannot read "nofile": No such file or directory' ]
	run -3 --separate-stderr rt-run artifact put key .
	[ "$stderr" = 'rt-run artifact put: "." is a directory' ]
	[ "$(rt-run artifact get key)" = old ]
	[ "$(wc -l <"$RT_RUNS_DIR/a/events.jsonl")" = "$events" ]
	# one that is ended in the middle
	mkfifo pipe
	rt-run artifact put key pipe 3>&- &
	exec 4>pipe
	echo half >&4
	kill -9 $!
	exec 4>&-
	[ "$(rt-run artifact get key)" = old ]
}

@test "a file that changes while it is read: what was stored is what the hash says" {
	mkfifo pipe
	rt-run artifact put key pipe 3>&- &
	exec 4>pipe
	echo one >&4
	sleep 0.1
	echo two >&4
	exec 4>&-
	wait $!
	[ "$(rt-run artifact get key | paste -sd' ')" = 'one two' ]
	[ "$(jq -r .metadata.sha256 <<<"$(last_event)")" = "$(sum_of "$store/key")" ]
}

@test "many puts at once of one key: the last event is of what is there" {
	for i in {1..20}; do
		head -c $((i * 5000)) /dev/zero | tr '\0' "\\$((i + 100))" >"in.$i"
	done
	pids=()
	for i in {1..20}; do
		rt-run artifact put key "in.$i" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	[ "$(jq -r .metadata.sha256 <<<"$(last_event)")" = "$(sum_of "$store/key")" ]
	[ "$(grep -c '"artifact_created"' "$RT_RUNS_DIR/a/events.jsonl")" = 1 ]
	[ "$(grep -c '"artifact_updated"' "$RT_RUNS_DIR/a/events.jsonl")" = 19 ]
	[ "$(find "$store" -type f | wc -l)" = 1 ]
}

@test "without a run nothing is done, in a run trouble is a warning" {
	unset RT_RUN
	run -0 --separate-stderr bash -o pipefail -c 'seq 200000 | rt-run artifact put x -'
	[ -z "$stderr" ]
	run -0 --separate-stderr rt-run artifact rm x
	RT_REQUIRE=1 run -3 rt-run artifact put x /dev/null
	RT_REQUIRE=1 run -3 rt-run artifact rm x
	export RT_RUN=$RT_RUNS_DIR/a RT_ON_ERROR=warn
	: >"$store"
	run -0 --separate-stderr bash -o pipefail -c 'seq 200000 | rt-run artifact put x -'
	[[ $stderr == *'rt-run artifact put: '*'Not a directory' ]]
	run -3 rt-run artifact put x nofile
	RT_ON_ERROR='' run -3 rt-run artifact put x /dev/null
	rm "$store"
	run -3 rt-run artifact rm x
}

@test "events say which step they come from" {
	rt-run step build -- rt-run artifact put key /dev/null
	[ "$(jq -c 'select(.type == "artifact_created") | [.stage, .step_id]' "$RT_RUNS_DIR/a/events.jsonl")" = \
		'["build","step_001"]' ]
	rt-run start --id b
	rt-run step build -- rt-run artifact put -r b key /dev/null
	[ "$(jq -c 'select(.type == "artifact_created") | [.stage, .step_id]' "$RT_RUNS_DIR/b/events.jsonl")" = \
		'[null,null]' ]
}

@test "the summary shows what is there" {
	seq 1000 | rt-run artifact put numbers.txt -
	echo x | rt-run artifact put gone -
	rt-run artifact rm gone
	run -0 rt-summarize a
	[[ $output == *'numbers.txt'* ]]
}

@test "artifacts of an archived run" {
	needs_archive
	head -c 200000 /dev/urandom >big
	rt-run artifact put big big
	echo '{}' | rt-run artifact put sub/plan.json -
	before=$(rt-run artifact list --json | jq -c 'map(del(.modified_at))')
	rt-run finish a
	tar -C "$RT_RUNS_DIR/a" -czf run.tar.gz --exclude run.tar.gz .
	rm -r "${RT_RUNS_DIR:?}"/a/*
	mv run.tar.gz "$RT_RUNS_DIR/a"
	rt-run artifact get big | cmp - big
	[ "$(rt-run artifact get sub/plan)" = '{}' ]
	[ "$(rt-run artifact list --json | jq -c .)" = "$before" ]
	[ "$(rt-run artifact stat sub/plan --format '{key} {size_bytes} {modified_at}')" = 'sub/plan.json 3 ' ]
	run -3 --separate-stderr rt-run artifact get none
	[ "$stderr" = 'rt-run artifact get: run "a" has no artifact "none"' ]
}

@test "commands of artifact" {
	run -2 --separate-stderr rt-run artifact
	[ "${stderr_lines[0]}" = 'rt-run artifact: what is to be done? put, get, list, stat or rm' ]
	run -2 --separate-stderr rt-run artifact nope
	[ "${stderr_lines[0]}" = 'rt-run artifact: no command "nope": put, get, list, stat or rm' ]
	run -2 --separate-stderr rt-run artifact -q list
	[ "${stderr_lines[0]}" = 'rt-run artifact: put the command first: rt-run artifact list [options]' ]
	run -2 rt-run artifact put key
	run -2 rt-run artifact get
	run -2 rt-run artifact get a b c
	run -2 rt-run artifact list key
	run -2 rt-run artifact stat
	run -2 rt-run artifact rm
	run -2 rt-run artifact list -o raw
}
