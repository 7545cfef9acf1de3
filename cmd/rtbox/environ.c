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

/*
 * W3C Trace Context, version 00: the trace goes on, or one is begun. What is
 * there is taken as it is, if it has the length of one.
 */
static char *traceparent(void)
{
	const char *inherited = getenv("TRACEPARENT");
	char a[37], b[37];

	if (inherited && strlen(inherited) == 55)
		return xasprintf("TRACEPARENT=%s", inherited);
	rt_id_make(a);
	rt_id_make(b);
	return xasprintf("TRACEPARENT=00-%.8s%.4s%.4s%.4s%.12s-%.8s%.4s%.4s-01", a, a + 9, a + 14,
			 a + 19, a + 24, b, b + 9, b + 14);
}

void env_of_run(struct env_list *list, const struct rt_rundir *d, const char *runs_dir,
		const char *step_id, const char *stage)
{
	const char *correlation = getenv("RT_CORRELATION_ID");
	char *found = runs_dir ? NULL : runs_dir_of(d);

	list->v = NULL;
	list->n = 0;
	if (!runs_dir)
		runs_dir = found;
	add(list, xasprintf("RT_RUN=%s", d->path));
	add(list, xasprintf("RT_RUN_ID=%s", d->id));
	if (runs_dir)
		add(list, xasprintf("RT_RUNS_DIR=%s", runs_dir));
	if (step_id)
		add(list, xasprintf("RT_STEP_ID=%s", step_id));
	if (stage)
		add(list, xasprintf("RT_STAGE=%s", stage));
	add(list,
	    xasprintf("RT_CORRELATION_ID=%s", correlation && *correlation ? correlation : d->id));
	add(list, xstrdup("RT_ON_ERROR=warn"));
	add(list, traceparent());
	free(found);
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n + 1) == 0;
}

void env_merged(struct env_list *list, const struct env_list *with)
{
	list->v = NULL;
	list->n = 0;
	for (char **e = environ; *e; e++) {
		/* The step around us is none of a new run's. */
		bool replaced = same_name("RT_STEP_ID=", *e) || same_name("RT_STAGE=", *e);

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
