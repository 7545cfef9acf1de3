#!/usr/bin/env bats
# Programs of others that read the files of a run, with the settings that come with rt.

load helper

# query RUN FILE SQL: what lnav says, without the names of the columns.
query() {
	lnav -n -c ";$3" -c ':write-csv-to -' "$RT_RUNS_DIR/$1/$2" | sed '1d; s/<NULL>//g'
}

@test "lnav: events, logs and output have their times, levels and fields" {
	command -v lnav >/dev/null || skip "lnav is not installed"
	lnav -i "$SOURCE/share/lnav.json"
	run -0 lnav -C
	[ -z "$output" ]

	rt-run --id one --json-logs --name demo -- sh -c '
		rt-emit -s "unit tests" --percent 40.5 "half [way] (x%)"
		rt-emit --type task_failed --task t1 --component cc boom
		rt-run step build -- sh -c "echo hello; echo oh no >&2"'
	run -0 query one events.jsonl \
		'select log_level, type, stage, percent, log_body from rt_events'
	[ "${lines[0]}" = 'info,run_started,,,Run started' ]
	[ "${lines[1]}" = 'info,progress,unit tests,40.5,half [way] (x%)' ]
	[ "${lines[2]}" = 'error,task_failed,,,boom' ]
	run -0 query one events.jsonl "select step_id, json_extract(metadata, '$.exit_code')
		from rt_events where type = 'step_completed'"
	[ "$output" = 'step_001,0' ]
	run -0 query one events.jsonl 'select count(*) from rt_events'
	[ "$output" = "$(wc -l <"$RT_RUNS_DIR/one/events.jsonl")" ]

	run -0 query one logs.txt 'select log_level, stage, percent, log_body from rt_log'
	[ "${lines[0]}" = 'info,,,Run started' ]
	[ "${lines[1]}" = 'info,unit tests,40.5,half [way] (x%)' ]
	[ "${lines[2]}" = 'error,,,boom' ]
	run -0 query one logs/cc.log 'select log_level, log_body from rt_log'
	[ "$output" = 'error,boom' ]
	run -0 query one logs.jsonl 'select log_level, log_body from rt_json_log limit 1'
	[ "$output" = 'info,Run started' ]
	run -0 query one logs/step_001/output.log \
		'select stream, part, log_body from rt_output order by stream desc'
	[ "${lines[0]}" = 'stdout,F,hello' ]
	[ "${lines[1]}" = 'stderr,F,oh no' ]
	run -0 query one events.jsonl "select log_time from rt_events where type = 'task_failed'"
	[ "${output/ /T}+00:00" = "$(rt-query -r one --type task_failed --format '{ts}')" ]
}

@test "lnav: every field of rt-event(5) has a column" {
	# what lnav has columns of its own for is not among them
	sed -n "/^.It Cm ts\$/,/^.It Cm truncated/s/^.It Cm //p" "$SOURCE/man/rt-event.5" | tr -s ' ,' '\n' |
		grep -vx 'ts\|level\|message\|truncated' | sort >fields
	[ -s fields ]
	jq -r '.rt_events.value | keys[]' "$SOURCE/share/lnav.json" | sort | diff fields -
}
