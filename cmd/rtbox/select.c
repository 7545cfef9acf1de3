/* Options become what lib selects by: a filter of events, a selection of runs. */
#include "common.h"
#include "die.h"

#include <stdlib.h>
#include <string.h>

/* An option given several times means what one with commas does. Free it. */
static char *join(const struct opt_list *list)
{
	struct rt_buf b;
	char *s;

	rt_buf_init(&b);
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			rt_buf_addc(&b, ',');
		rt_buf_adds(&b, list->v[i]);
	}
	s = rt_buf_detach(&b);
	if (!s)
		die(EXIT_FAIL, "out of memory");
	return s;
}

static void add_fields(struct rt_filter *f, const struct event_opts *e)
{
	const struct {
		const char *option;
		enum rt_field field;
		const struct opt_list *list;
	} fields[] = {
		{ "--type", RT_F_TYPE, &e->type },
		{ "--stage", RT_F_STAGE, &e->stage },
		{ "--task", RT_F_TASK_ID, &e->task },
		{ "--role", RT_F_AGENT_ROLE, &e->role },
		{ "--model", RT_F_MODEL, &e->model },
		{ "--component", RT_F_COMPONENT, &e->component },
		{ "--action", RT_F_ACTION, &e->action },
		{ "--correlation", RT_F_CORRELATION_ID, &e->correlation },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct rt_err err = RT_ERR_INIT;
		char *values;

		if (fields[i].list->n == 0)
			continue;
		values = join(fields[i].list);
		if (rt_filter_field(f, fields[i].field, values, &err) < 0)
			die_usage("bad %s: %s", fields[i].option, err.msg);
		free(values);
	}
}

void event_filter_init(struct rt_filter *f, const struct event_opts *e)
{
	int64_t since = common_time("--since", e->since, INT64_MIN);
	int64_t until = common_time("--until", e->until, INT64_MAX);
	struct rt_err err = RT_ERR_INIT;

	add_fields(f, e);
	if (e->step.n) {
		char *values = join(&e->step);

		if (rt_filter_step(f, values, &err) < 0)
			die_usage("bad --step: %s", err.msg);
		free(values);
	}
	if (e->level && rt_filter_field(f, RT_F_LEVEL, e->level, &err) < 0)
		die_usage("bad --level: %s", err.msg);
	if (e->fixed && !e->grep)
		die_usage("-F says how -g is meant: there is no -g");
	if (e->grep && rt_filter_grep(f, e->grep, e->fixed, &err) < 0)
		die_usage("bad --grep: %s", err.msg);
	if ((e->since || e->until) && rt_filter_time(f, since, until) < 0)
		die(EXIT_FAIL, "out of memory");
	for (size_t i = 0; i < e->match.n; i++)
		if (rt_filter_match_expr(f, e->match.v[i], &err) < 0)
			die_usage("bad --match: %s", err.msg);
}

static bool is_glob(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

/* The values of a list option, one by one, NULL after the last; NULL without any. */
static char **split(const struct opt_list *list)
{
	char **v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const char *p = list->v[i];

		for (;;) {
			size_t len = strcspn(p, ",");

			v = xrealloc(v, (n + 2) * sizeof(*v));
			v[n++] = xstrndup(p, len);
			v[n] = NULL;
			if (!p[len])
				break;
			p += len + 1;
		}
	}
	return v;
}

/* States by any of their spellings; a glob is matched against the canonical names. */
static void canonical_states(char **v)
{
	enum rt_state state;

	for (; v && *v; v++) {
		if (is_glob(*v))
			continue;
		if (!rt_state_find(rt_str(*v), &state))
			opt_check_choice("--status", *v,
					 "pending|running|paused|completed|failed|cancelled|"
					 "lost|stale");
		free(*v);
		*v = xstrdup(rt_state_name(state));
	}
}

bool selection_given(const struct select_opts *o)
{
	return o->all || o->name.n || o->group.n || o->status.n || o->label.n || o->host.n;
}

void selection_init(struct rt_selection *s, const struct select_opts *o)
{
	s->name = split(&o->name);
	s->group = split(&o->group);
	s->status = split(&o->status);
	s->label = split(&o->label);
	s->host = split(&o->host);
	s->since_ns = INT64_MIN;
	s->until_ns = INT64_MAX;
	canonical_states(s->status);
}

static void free_list(char **v)
{
	for (char **p = v; p && *p; p++)
		free(*p);
	free(v);
}

void selection_release(struct rt_selection *s)
{
	free_list(s->name);
	free_list(s->group);
	free_list(s->status);
	free_list(s->label);
	free_list(s->host);
}

void selection_tell_unreadable(const struct rt_catalog *list, const char *runs_dir)
{
	if (list->unreadable)
		warn("%zu director%s in \"%s\" could not be read", list->unreadable,
		     list->unreadable == 1 ? "y" : "ies", runs_dir);
}
