/*
 * The logs of components: an event that names one is a line of that component's
 * log, too, in the folder of its step or in that of the run. What names no file,
 * as other systems call their modules, has no log.
 */
#include "record_batch.h"
#include "fdio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OPEN_MAX_LOGS 64 /* that stay open from one batch to the next */

/* A field that is a valid name; "" for any other. */
static void take_name(const struct rt_event *ev, enum rt_field f, char name[RT_ID_MAX + 1])
{
	const struct rt_json *v = rt_event_peek(ev, f);

	name[0] = '\0';
	/* One with an escape in it is none. */
	if (v && rt_id_valid(v->text))
		snprintf(name, RT_ID_MAX + 1, "%.*s", (int)v->text.n, v->text.p);
}

/* The log that these lines go to; NULL when memory runs out. */
static struct rt_component_log *log_of(struct rt_record *r, const char *step_id, const char *name)
{
	struct rt_component_log *c;

	for (size_t i = r->n_components; i-- > 0;) {
		c = &r->components[i];
		if (strcmp(c->name, name) == 0 && strcmp(c->step_id, step_id) == 0)
			return c;
	}
	c = realloc(r->components, (r->n_components + 1) * sizeof(*c));
	if (!c)
		return NULL;
	r->components = c;
	c += r->n_components++;
	snprintf(c->step_id, sizeof(c->step_id), "%s", step_id);
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->fd = -1;
	rt_buf_init(&c->text);
	return c;
}

void rt_batch_add_component(struct rt_record *r, const struct rt_event *ev, struct rt_str line)
{
	char name[RT_ID_MAX + 1], step_id[RT_ID_MAX + 1];
	struct rt_component_log *c;

	take_name(ev, RT_F_COMPONENT, name);
	if (!name[0])
		return;
	take_name(ev, RT_F_STEP_ID, step_id);
	c = log_of(r, step_id, name);
	if (c)
		rt_buf_addv(&c->text, line);
}

static int append(const struct rt_rundir *d, struct rt_component_log *c)
{
	if (c->fd < 0)
		c->fd = rt_rundir_open_component(d, c->step_id, c->name);
	if (c->fd < 0 || c->text.failed)
		return -1;
	return rt_fd_write(c->fd, c->text.s, c->text.len);
}

static void close_log(struct rt_component_log *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void rt_batch_write_components(struct rt_record *r, struct rt_err *warning)
{
	for (size_t i = 0; i < r->n_components; i++) {
		struct rt_component_log *c = &r->components[i];

		if (c->text.len && append(&r->dir, c) < 0)
			rt_err_sys(warning,
				   "event recorded, but cannot write the log of \"%s\" in \"%s\"",
				   c->name, r->dir.path);
		if (r->n_components > OPEN_MAX_LOGS)
			close_log(c);
	}
}

void rt_batch_clear_components(struct rt_record *r)
{
	if (r->n_components > OPEN_MAX_LOGS) {
		rt_batch_release_components(r);
		return;
	}
	for (size_t i = 0; i < r->n_components; i++)
		rt_buf_clear(&r->components[i].text);
}

void rt_batch_release_components(struct rt_record *r)
{
	for (size_t i = 0; i < r->n_components; i++) {
		rt_buf_release(&r->components[i].text);
		close_log(&r->components[i]);
	}
	free(r->components);
	r->components = NULL;
	r->n_components = 0;
}
