/* What rt-run's subcommands share, apart from making a run (run_new.c). See run.h. */
#include "clock.h"
#include "die.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

enum rt_state load_state(struct rt_status *st, const struct rt_rundir *d)
{
	struct rt_err err = RT_ERR_INIT;

	if (rt_status_init(st) < 0)
		die(EXIT_FAIL, "out of memory");
	if (rt_status_load(st, d, &err) < 0)
		die_err(&err);
	return rt_status_derive(st, d->fd, rt_clock_now_ns());
}

int exit_code_option(const char *text)
{
	char *end;
	long code = strtol(text, &end, 10);

	if (end == text || *end || code < 0 || code > 255)
		die_usage("bad --exit-code \"%s\": 0 to 255", text);
	return (int)code;
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void record_retry(struct supervised *s, struct rt_event *ev, const char *text, int retry,
		  int64_t delay_ns)
{
	struct rt_err err = RT_ERR_INIT;
	char span[32], *message;

	rt_duration_format(span, delay_ns);
	message = xasprintf("%s failed: %s; retry %d of %lld in %s", base_name(s->argv[0]), text,
			    retry, (long long)s->limits.retries, span);
	rt_event_set_text(ev, RT_F_MESSAGE, rt_str(message));
	rt_event_set_text(ev, RT_F_LEVEL, rt_str("warning"));
	rt_event_set_text(ev, RT_F_ERROR, rt_str(text));
	rt_event_derive(ev);
	if (rt_record_emit(s->record, ev, NULL, &err) < 0)
		warn("not recorded: %s", err.msg);
	free(message);
}

void record_forgiven(const struct supervised *s)
{
	struct rt_err err = RT_ERR_INIT;
	char text[OUTCOME_TEXT], *message;
	struct rt_event ev;

	if (!outcome_forgiven(&s->end))
		return;
	outcome_limit_text(&s->end, &s->limits, text);
	message = xasprintf("%s: %s; told to end, it ended with exit code 0", base_name(s->argv[0]),
			    text);
	rt_event_init(&ev);
	rt_event_set_text(&ev, RT_F_TYPE, rt_str(rt_type_name(RT_T_WARNING)));
	rt_event_set_text(&ev, RT_F_MESSAGE, rt_str(message));
	annotate_set_step(&ev, &s->step);
	if (rt_record_emit(s->record, &ev, NULL, &err) < 0)
		warn("not recorded: %s", err.msg);
	free(message);
}

void recording_trouble(const struct rt_err *err, bool required)
{
	if (required)
		die(EXIT_NOT_RUN, "not recorded, so not run: %s", err->msg);
	warn("not recorded: %s", err->msg);
}
