/*
 * The logs of components: an event that names one is a line of that component's
 * log, too, in the folder of its step or in that of the run. What names no file,
 * as other systems call their modules, has no log.
 */
#include "record_batch.h"
#include "fdio.h"
#include "hash.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From one batch to the next: */
#define OPEN_MAX_LOGS 64
#define KNOWN_MAX_LOGS 1024

/* A field that is a valid name; empty for any other. */
static struct rt_str name_of(const struct rt_event *ev, enum rt_field f)
{
	const struct rt_json *v = rt_event_peek(ev, f);

	/* One with an escape in it is none. */
	return v && rt_id_valid(v->text) ? v->text : (struct rt_str){ "", 0 };
}

/*
 * Which log these lines go to: a step without a folder has none of its own, and
 * shares the run's. r->n_components when memory runs out.
 */
static size_t log_of(struct rt_record *r, struct rt_str step_id, struct rt_str name)
{
	uint64_t hash = rt_hash(name, rt_hash(step_id, RT_HASH_SEED));
	struct rt_component_log *c;
	size_t i;

	for (i = r->n_components; i-- > 0;) {
		c = &r->components[i];
		if (c->hash == hash && rt_str_is(name, c->name) && rt_str_is(step_id, c->step_id))
			return c->into;
	}
	c = realloc(r->components, (r->n_components + 1) * sizeof(*c));
	if (!c)
		return r->n_components;
	r->components = c;
	i = r->n_components++;
	c += i;
	*c = (struct rt_component_log){ .hash = hash, .into = i, .fd = -1 };
	memcpy(c->step_id, step_id.p, step_id.n);
	memcpy(c->name, name.p, name.n);
	if (step_id.n && !rt_rundir_has_logs(&r->dir, c->step_id)) {
		size_t into = log_of(r, (struct rt_str){ "", 0 }, name);

		r->components[i].into = into;
		return into;
	}
	return i;
}

void rt_batch_add_component(struct rt_record *r, const struct rt_event *ev, struct rt_str line)
{
	struct rt_str name = name_of(ev, RT_F_COMPONENT);
	size_t i;

	if (!name.n)
		return;
	i = log_of(r, name_of(ev, RT_F_STEP_ID), name);
	if (i < r->n_components)
		rt_buf_addv(&r->components[i].text, line);
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
	size_t n_open = 0;

	for (size_t i = 0; i < r->n_components; i++) {
		struct rt_component_log *c = &r->components[i];

		if (c->text.len && append(&r->dir, c) < 0)
			rt_err_sys(warning,
				   "event recorded, but cannot write the log of \"%s\" in \"%s\"",
				   c->name, r->dir.path);
		if (c->fd >= 0 && ++n_open > OPEN_MAX_LOGS)
			close_log(c);
	}
}

void rt_batch_clear_components(struct rt_record *r)
{
	if (r->n_components > KNOWN_MAX_LOGS) {
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
