#!/usr/bin/env bats
# The ways of CI systems: each step a new shell with an environment of the
# system's making. What is imitated is what the systems' own pages say.

load helper

# What a runner has of its own in the environment.
runner() {
	env -i PATH="$PATH" HOME="$HOME" LC_ALL=C.UTF-8 TZ=UTC "$@"
}

# GitHub: a step's script is a file, its shell a template with {0} for it, and
# what was written to $GITHUB_ENV so far is in its environment: gh_step SHELL SCRIPT
gh_step() {
	local lines=() words=() word

	touch env.file
	mapfile -t lines <env.file
	printf '%s\n' "$2" >script.sh
	for word in $1; do
		words+=("${word/"{0}"/$PWD/script.sh}")
	done
	runner CI=true GITHUB_ACTIONS=true GITHUB_JOB=build GITHUB_ENV="$PWD/env.file" \
		GITHUB_STEP_SUMMARY="$PWD/summary.file" GITHUB_REPOSITORY=a/b GITHUB_RUN_ID=77 \
		GITHUB_SERVER_URL=https://github.com GITHUB_SHA=0123abc GITHUB_REF_NAME=main \
		"${lines[@]}" "${words[@]}"
}

@test "GitHub: a run over the steps of a job, each a shell of its own" {
	gh_step 'bash -e {0}' 'rt-run start --name "$GITHUB_JOB" -d "'"$PWD"'/job runs" >id
		rt-run env -d "'"$PWD"'/job runs" "$(cat id)" >>"$GITHUB_ENV"'
	gh_step 'bash -e {0}' 'rt-run step build -- echo compiling' >out
	[ "$(cat out)" = compiling ]
	gh_step 'bash -e {0}' 'rt-emit --percent 50 half'
	run -4 gh_step 'bash -e {0}' 'rt-run step test -- sh -c "echo broken >&2; exit 4"; echo never'
	[ "$output" = broken ]
	gh_step 'bash -e {0}' 'rt-run finish --status failure
		rt-summarize -o md >>"$GITHUB_STEP_SUMMARY"'
	dir="job runs/$(cat id)"
	[ "$(jq -r '"\(.name) \(.status)", (.steps[] | "\(.name) \(.status)")' "$dir/status.json" |
		paste -sd,)" = 'build failed,build success,test failed' ]
	[ "$(jq -r .ci.url "$dir/metadata.json")" = https://github.com/a/b/actions/runs/77 ]
	grep -q 'test' summary.file
}

@test "GitHub: rt as the shell of every step records a job that does not know of it" {
	gh_step 'bash -e {0}' 'rt-run start --id job -d "'"$PWD"'/r" >/dev/null
		rt-run env -d "'"$PWD"'/r" job >>"$GITHUB_ENV"'
	run -0 gh_step 'rt-run step --shell bash -e {0}' $'# a comment\n\necho compiling\necho more'
	[ "$output" = $'compiling\nmore' ]
	run -3 gh_step 'rt-run step --shell bash -e {0}' $'(exit 3)\necho never'
	[ "$output" = '' ]
	run -0 gh_step 'rt-run step --shell sh -e {0}' 'cat /dev/null; exec 2>&1; echo to stderr >&2'
	[ "$(jq -r '.steps[] | "\(.name) \(.status)"' r/job/status.json | paste -sd,)" = \
		'a comment success,(exit 3) failed,cat /dev/null; exec 2>&1; echo to stderr >&2 success' ]
	rt-tail -r r/job --step 1 --logs -o raw -n all >out
	[ "$(cat out)" = $'compiling\nmore' ]
	# without a run it is just the shell
	: >env.file
	run -3 gh_step 'rt-run step --shell bash -e {0}' 'echo plain; exit 3'
	[ "$output" = plain ]
}

@test "GitHub: begin and end around steps that are not shells" {
	gh_step 'bash -e {0}' 'rt-run start --id job -d "'"$PWD"'/r" >/dev/null
		rt-run env -d "'"$PWD"'/r" job >>"$GITHUB_ENV"'
	gh_step 'bash -e {0}' 'rt-run begin checkout'
	gh_step 'bash -e {0}' 'rt-run end checkout; rt-run begin cache'
	gh_step 'bash -e {0}' 'rt-run end --exit-code 2'
	[ "$(jq -r '.steps[] | "\(.name) \(.status)"' r/job/status.json | paste -sd,)" = \
		'checkout success,cache failed' ]
}

# GitLab: script and after_script are two shells; a dotenv report reaches the next job.
gl_shell() {
	runner CI=true GITLAB_CI=true CI_JOB_NAME=test CI_COMMIT_REF_NAME=main CI_PIPELINE_IID=5 \
		CI_PROJECT_DIR="$PWD" "${@:2}" bash -eo pipefail -c "$1"
}

@test "GitLab: a run from one job to the next by a dotenv report" {
	gl_shell 'RT_RUN=$(rt-run start -d "$CI_PROJECT_DIR/r")
		rt-run env -d "$CI_PROJECT_DIR/r" "$RT_RUN" >rt.env
		export RT_RUN="$CI_PROJECT_DIR/r/$RT_RUN"
		rt-run step build -- true'
	mapfile -t dotenv <rt.env
	run -1 gl_shell 'rt-run step test -- false' "${dotenv[@]}"
	# after_script: the variables of script are gone, those of the report are not
	gl_shell 'rt-run finish --exit-code 1' "${dotenv[@]}"
	[ "$(jq -r '.status, .name, (.steps[] | "\(.name) \(.status)")' r/*/status.json | paste -sd,)" = \
		'failed,test,build success,test failed' ]
}

@test "GitLab: a job that is cancelled: TERM to its group, the run is over" {
	setsid env CI=true GITLAB_CI=true CI_JOB_NAME=long rt-run -- \
		sh -c 'rt-run step nap -- sleep 1000' >out 2>&1 3>&- &
	wait_for 10 grep -rqs step_started "$RT_RUNS_DIR"
	kill -TERM -- -$!
	wait $! || code=$?
	[ "$code" = 143 ]
	[ "$(jq -r .status "$RT_RUNS_DIR"/*/status.json)" = cancelled ]
}

# Jenkins: each sh step is a process of its own; BUILD_NUMBER is what they share.
jk_sh() {
	runner JENKINS_URL=http://j/ JOB_NAME=app/main BUILD_NUMBER=12 BUILD_URL=http://j/12/ \
		RT_RUNS_DIR="$RT_RUNS_DIR" sh -xe -c "$@"
}

@test "Jenkins: branches that run side by side join one run by the build's number" {
	jk_sh 'rt-run start --id "build-$BUILD_NUMBER" >/dev/null' 2>/dev/null
	for branch in linux mac win; do
		jk_sh 'rt-run --id "build-$BUILD_NUMBER" --join --name '$branch' -- sh -c "echo in '$branch'"' \
			>out.$branch 2>/dev/null 3>&- &
	done
	wait
	jk_sh 'rt-run finish "build-$BUILD_NUMBER"' 2>/dev/null
	for branch in linux mac win; do
		[ "$(cat out.$branch)" = "in $branch" ]
	done
	[ "$(jq -r '.steps[].name' "$RT_RUNS_DIR/build-12/status.json" | sort | paste -sd,)" = linux,mac,win ]
	[ "$(jq -r '.name + " " + .status' "$RT_RUNS_DIR/build-12/status.json")" = 'app/main completed' ]
}

@test "matrix jobs into one shared folder, at the same time" {
	for os in a b c d; do
		for v in 1 2 3; do
			runner CI=true GITHUB_ACTIONS=true GITHUB_JOB="test ($os, $v)" \
				rt-run -d "$PWD/shared" -g matrix -l os=$os -l v=$v -- sh -c "exit $((v == 3))" \
				>/dev/null 2>&1 3>&- &
		done
	done
	wait
	run -0 rt-status -l -d shared --label os=b -n all --format '{name} {status}'
	[ "$(sort <<<"$output" | paste -sd,)" = \
		'test (b, 1) completed,test (b, 2) completed,test (b, 3) failed' ]
	run -0 rt-status -l -d shared --status failed -n all --format '{name}'
	[ "${#lines[@]}" = 4 ]
}

@test "docker run --env-file: names and values as they stand, nothing unquoted" {
	mkdir 'a folder'
	rt-run start --id x -d "$PWD/a folder" >/dev/null
	rt-run env -d "$PWD/a folder" x >file
	# docker's reader: a line is NAME=VALUE, # begins a comment, quotes are part of the value
	args=()
	while IFS= read -r line; do
		[[ $line == \#* || $line != *=* ]] || args+=("$line")
	done <file
	runner "${args[@]}" rt-emit from inside
	runner "${args[@]}" rt-run step s -- true
	[ "$(jq -r .message 'a folder/x/events.jsonl' | paste -sd,)" = \
		'Run started,from inside,Step s started,Step s completed' ]
	# of a container the host's process ids say nothing: no owner, so not lost
	[ "$(rt-status --json -d 'a folder' x | jq -r .status)" = running ]
}

@test "sudo: a clean environment records nothing and breaks nothing; what it keeps works" {
	rt-run start --id x >/dev/null
	# env_reset
	runner rt-emit lost
	run -3 runner rt-run step s -- sh -c 'echo ran; exit 3'
	[ "$output" = ran ]
	# --preserve-env=RT_RUN
	runner RT_RUN="$RT_RUNS_DIR/x" rt-emit kept
	[ "$(jq -r .message "$RT_RUNS_DIR/x/events.jsonl" | paste -sd,)" = 'Run started,kept' ]
}

@test "sudo: root writes into a user's run as the user would have" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	rt-run start --id x >/dev/null
	chown -R nobody "$RT_RUNS_DIR"
	RT_RUN=$RT_RUNS_DIR/x rt-run step s -- echo out >/dev/null
	RT_RUN=$RT_RUNS_DIR/x rt-emit event
	run -0 find "$RT_RUNS_DIR/x" ! -user nobody
	[ "$output" = '' ]
}
