/* The environment of a run's commands. See environ.h. */
#include "environ.h"
#include "die.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add(struct env_list *list, char *entry)
{
	list->v = xrealloc(list->v, (list->n + 2) * sizeof(*list->v));
	list->v[list->n++] = entry;
	list->v[list->n] = NULL;
}

/* The runs folder, where the caller does not know: the run's, or its group's, parent. */
static char *runs_dir_of(const struct rt_rundir *d)
{
	char *dir = xstrdup(d->path), *slash, *mark;

	for (int levels = 0; levels < 2 && (slash = strrchr(dir, '/')) && slash > dir; levels++) {
		*slash = '\0';
		mark = xasprintf("%s/%s", dir, RT_PRIVATE_DIR);
		if (access(mark, F_OK) == 0) {
			free(mark);
			return dir;
		}
		free(mark);
	}
	free(dir);
	return NULL;
}

bool env_trace(struct rt_trace *t)
{
	const char *traceparent = getenv("TRACEPARENT");

	return traceparent && rt_trace_parse(t, rt_str(traceparent));
}

void env_add(struct env_list *list, const char *name, const char *value)
{
	if (value)
		add(list, xasprintf("%s=%s", name, value));
}

/* The run's span; where it has none, that of our environment or a new one. */
static void find_trace(struct rt_trace *t, const struct rt_rundir *d)
{
	if (!rt_trace_load(t, d) && !env_trace(t))
		rt_trace_begin(t, NULL);
}

void env_of_run(struct env_list *list, const struct rt_rundir *d, const char *runs_dir,
		const struct rt_trace *trace, const struct env_step *step)
{
	const char *correlation = getenv("RT_CORRELATION_ID");
	char *found = runs_dir ? NULL : runs_dir_of(d), traceparent[RT_TRACEPARENT_LEN + 1];
	struct rt_trace own;

	if (!trace) {
		find_trace(&own, d);
		trace = &own;
	}
	list->v = NULL;
	list->n = 0;
	rt_trace_format(traceparent, trace);
	env_add(list, "RT_RUN", d->path);
	env_add(list, "RT_RUN_ID", d->id);
	env_add(list, "RT_RUNS_DIR", runs_dir ? runs_dir : found);
	if (step) {
		env_add(list, "RT_STEP_ID", step->id);
		env_add(list, "RT_STAGE", step->stage);
		env_add(list, "RT_COMPONENT", step->component);
		env_add(list, "RT_CONTEXT_FILE", step->context_file);
	}
	env_add(list, "RT_CORRELATION_ID", correlation && *correlation ? correlation : d->id);
	env_add(list, "RT_ON_ERROR", "warn");
	env_add(list, "TRACEPARENT", traceparent);
	free(found);
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n + 1) == 0;
}

void env_merged(struct env_list *list, const struct env_list *with)
{
	/* The step around us is none of a new run's, and not the one that begins. */
	static const char *const of_step[] = { "RT_STEP_ID=", "RT_STAGE=", "RT_COMPONENT=",
					       "RT_CONTEXT_FILE=" };

	list->v = NULL;
	list->n = 0;
	for (char **e = environ; *e; e++) {
		bool replaced = false;

		for (size_t i = 0; i < sizeof(of_step) / sizeof(*of_step); i++)
			replaced |= same_name(of_step[i], *e);
		for (size_t i = 0; i < with->n && !replaced; i++)
			replaced = same_name(with->v[i], *e);
		if (!replaced)
			add(list, xstrdup(*e));
	}
	for (size_t i = 0; i < with->n; i++)
		add(list, xstrdup(with->v[i]));
}

void env_free(struct env_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	list->v = NULL;
	list->n = 0;
}
