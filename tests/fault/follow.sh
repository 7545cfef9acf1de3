#!/usr/bin/env bash
# A follower with a cursor file that is ended and started again at any moment,
# while others write, and logs are renamed under it: all that it printed, put
# together, is what was written, each line once and in order.
# shellcheck source=tests/fault/common.bash
. "$(dirname "$0")/common.bash"

rounds=${RT_FAULT_ROUNDS:-20}

dir=$(new_run follow)
export RT_RUN=$dir
mkdir -p "$dir/logs/step_001"

# Output as rt-run captures it, of two logs; which are renamed every now and then.
write_output() {
	local i=0 n log
	while [ ! -e stop ]; do
		for log in "$dir/logs/run.log" "$dir/logs/step_001/output.log"; do
			printf '%s stdout F %s line %d\n' "$(date -u +%FT%T.%NZ)" "${log##*/}" $((i++)) >>"$log"
			((RANDOM % 20)) || printf '%s stdout P %s line \n' "$(date -u +%FT%T.%NZ)" \
				"in pieces, ${log##*/}" >>"$log"
			((RANDOM % 12)) && continue
			for ((n = 200; n > 0; n--)); do
				[ ! -e "$log.$n" ] || mv "$log.$n" "$log.$((n + 1))"
			done
			mv "$log" "$log.1"
		done
	done
	# what was begun has an end
	for log in "$dir/logs/run.log" "$dir/logs/step_001/output.log"; do
		printf '%s stdout F end\n' "$(date -u +%FT%T.%NZ)" >>"$log"
	done
}

write_events() {
	local i=0
	while [ ! -e stop ]; do
		if ((RANDOM % 4)); then
			rt-emit "event $((i++))"
		else
			for _ in {1..20}; do echo "event $((i++))"; done | rt-emit -
		fi
	done
}

write_output &
writers=($!)
write_events &
writers+=($!)

for ((round = 0; round < rounds; round++)); do
	rt-tail -f -n all -o cat --cursor-file cursor >>printed 2>>said &
	follower=$!
	sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
	signal=TERM
	((round % 2)) || signal=HUP
	kill "-$signal" "$follower"
	wait "$follower" 2>/dev/null
	status=$?
	# one that had not come far enough to wait for signals died of it at once
	((status == 143 || status == 129)) || complain "round $round: exit code $status"
done
touch stop
wait "${writers[@]}"
rt-run finish >/dev/null
timeout 60 rt-tail -f -n all -o cat --cursor-file cursor >>printed 2>>said || complain "the last one failed"
ok "$rounds times ended: exit codes"

[ ! -s said ] || complain "$(head said)"
ok "nothing to be said"

rt-tail -n all -o cat >whole
why=$(diff <(sort whole) <(sort printed))
ok "everything once"

for what in 'event [0-9]' 'run.log line [0-9]' 'output.log line [0-9]'; do
	cmp -s <(grep -E "$what" whole) <(grep -E "$what" printed) || complain "$what"
done
ok "in order"
finish
