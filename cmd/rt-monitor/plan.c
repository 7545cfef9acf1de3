/* Steps, from events. See plan.h. */
#include "plan.h"
#include "die.h"
#include "evlog.h"
#include "hash.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PIECE (16 << 20) /* bytes that are read at a time: a few hundredths of a second */

static const char *const state_names[PLAN_STATES] = {
	"running", "success", "failed", "timeout", "skipped", "cancelled", "incomplete",
};

const char *plan_state_name(enum plan_state state)
{
	return state_names[state];
}

void plan_init(struct plan *p)
{
	*p = (struct plan){ .v = NULL };
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].id);
		free(p->v[i].name);
		free(p->v[i].component);
		free(p->v[i].error);
	}
	free(p->v);
	free(p->index);
	plan_init(p);
}

/* Where a step of that id is in the index, or would be. */
static size_t slot_of(const struct plan *p, struct rt_str id)
{
	size_t i = rt_hash(id, RT_HASH_SEED) & (p->n_index - 1);

	while (p->index[i] && !rt_str_is(id, p->v[p->index[i] - 1].id))
		i = (i + 1) & (p->n_index - 1);
	return i;
}

static void grow_index(struct plan *p)
{
	if (p->n * 2 < p->n_index)
		return;
	free(p->index);
	p->n_index = p->n_index ? p->n_index * 2 : 64;
	p->index = xcalloc(p->n_index, sizeof(*p->index));
	for (size_t i = 0; i < p->n; i++)
		p->index[slot_of(p, rt_str(p->v[i].id))] = i + 1;
}

/* The step of that id, a new one if need be. */
static struct plan_step *step_of(struct plan *p, struct rt_str id)
{
	size_t slot;

	grow_index(p);
	slot = slot_of(p, id);
	if (p->index[slot])
		return &p->v[p->index[slot] - 1];
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->v = xrealloc(p->v, p->cap * sizeof(*p->v));
	}
	p->v[p->n] = (struct plan_step){ .id = xstrndup(id.p, id.n), .exit_code = -1 };
	p->index[slot] = ++p->n;
	p->count[PLAN_RUNNING]++;
	return &p->v[p->n - 1];
}

static void set_state(struct plan *p, struct plan_step *s, enum plan_state state)
{
	p->count[s->state]--;
	p->count[state]++;
	s->state = state;
}

static bool metadata_of(const struct rt_event *ev, const char *key, struct rt_json *v)
{
	struct rt_json metadata;

	return rt_event_get(ev, RT_F_METADATA, &metadata) &&
	       rt_scan_find(metadata.text, rt_str(key), v);
}

static void set_text(char **to, struct rt_buf *text)
{
	if (*to || !text->len)
		return;
	*to = xstrndup(text->s, text->len);
}

/* What it is called: its stage, where another name is not given. */
static void name_step(struct plan_step *s, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_json name;

	rt_buf_clear(scratch);
	if (metadata_of(ev, "step_name", &name))
		rt_json_text(&name, scratch);
	if (!scratch->len)
		rt_event_text(ev, RT_F_STAGE, scratch);
	set_text(&s->name, scratch);
	rt_buf_clear(scratch);
	rt_event_text(ev, RT_F_COMPONENT, scratch);
	set_text(&s->component, scratch);
}

/* How a step that failed did. */
static enum plan_state failure(const struct plan_step *s, const struct rt_event *ev)
{
	struct rt_json result;

	if (rt_event_get(ev, RT_F_RESULT, &result)) {
		if (rt_json_is(&result, "timeout"))
			return PLAN_TIMEOUT;
		if (rt_json_is(&result, "cancelled"))
			return PLAN_CANCELLED;
	}
	return s->exit_code == 124 ? PLAN_TIMEOUT : PLAN_FAILED;
}

static void end_step(struct plan *p, struct plan_step *s, const struct rt_event *ev, int64_t ns,
		     struct rt_buf *scratch)
{
	struct rt_json code;
	int64_t n;
	double ms;

	s->finished_ns = ns;
	if (rt_event_number(ev, RT_F_DURATION_MS, &ms) && ms >= 0 && ms < 9e12 && ns &&
	    !s->started_ns)
		s->started_ns = ns - (int64_t)(ms * 1e6);
	if (metadata_of(ev, "exit_code", &code) && rt_json_int(&code, &n) && n >= 0 && n < 256)
		s->exit_code = (int)n;
	rt_buf_clear(scratch);
	rt_event_text(ev, RT_F_ERROR, scratch);
	set_text(&s->error, scratch);
	set_state(p, s,
		  ev->type == RT_T_STEP_COMPLETED ? PLAN_SUCCESS :
		  ev->type == RT_T_STEP_SKIPPED   ? PLAN_SKIPPED :
						    failure(s, ev));
}

static void begin_step(struct plan *p, struct plan_step *s, int64_t ns)
{
	if (!s->started_ns)
		s->started_ns = ns;
	s->finished_ns = 0;
	s->exit_code = -1;
	free(s->error);
	s->error = NULL;
	set_state(p, s, PLAN_RUNNING);
}

static void apply(struct plan *p, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct plan_step *s;
	int64_t ns = 0;

	if (ev->type < RT_T_STEP_STARTED || ev->type > RT_T_STEP_SKIPPED ||
	    !rt_event_step_id(ev, scratch))
		return;
	s = step_of(p, rt_buf_view(scratch));
	name_step(s, ev, scratch);
	rt_event_time(ev, &ns);
	if (ev->type == RT_T_STEP_STARTED) {
		s->retries += s->finished_ns != 0;
		begin_step(p, s, ns);
	} else if (ev->type == RT_T_STEP_RETRYING) {
		s->retries++;
		begin_step(p, s, ns); /* its next start is this retry */
	} else {
		end_step(p, s, ev, ns, scratch);
	}
}

int plan_read(struct plan *p, int fd, bool over)
{
	struct rt_buf scratch;
	struct rt_wanted wanted;
	struct rt_reader r;
	struct rt_event ev;
	struct rt_str line;
	struct stat st;
	off_t until;
	int got;

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_size < p->read) /* another file, or cut */
		plan_release(p);
	if (st.st_size == p->read)
		return 0;
	if (rt_reader_init(&r, fd, p->read, -1, false) < 0)
		return -1;
	r.whole_only = !over;
	rt_wanted_init(&wanted);
	rt_wanted_add(&wanted, RT_FIELDS_OF_TYPE | RT_FIELD(RT_F_TS) | RT_FIELD(RT_F_STEP_ID) |
				       RT_FIELD(RT_F_STEP) | RT_FIELD(RT_F_COMPONENT) |
				       RT_FIELD(RT_F_RESULT) | RT_FIELD(RT_F_ERROR) |
				       RT_FIELD(RT_F_DURATION_MS) | RT_FIELD(RT_F_METADATA));
	rt_buf_init(&scratch);
	until = p->read + PIECE;
	while ((got = rt_reader_next(&r, &line)) > 0) {
		p->read = r.pos - (off_t)(r.end - r.start);
		if (rt_event_parse_for(&ev, line, &wanted, NULL) == 0)
			apply(p, &ev, &scratch);
		if (p->read >= until)
			break;
	}
	rt_buf_release(&scratch);
	rt_reader_release(&r);
	return got;
}

void plan_settle(struct plan *p, int64_t ended_ns)
{
	for (size_t i = 0; p->count[PLAN_RUNNING] && i < p->n; i++) {
		struct plan_step *s = &p->v[i];

		if (s->state != PLAN_RUNNING)
			continue;
		set_state(p, s, PLAN_INCOMPLETE);
		s->finished_ns = ended_ns;
	}
}

/* The number in "3" or "step_003"; -1 in another word. */
static long number_of(const char *word)
{
	char *end;
	long n;

	if (strncmp(word, "step_", 5) == 0)
		word += 5;
	errno = 0;
	n = strtol(word, &end, 10);
	return errno || end == word || *end || n < 0 ? -1 : n;
}

struct plan_step *plan_find(struct plan *p, const char *word)
{
	long n = number_of(word);

	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].id, word) == 0 || (n >= 0 && number_of(p->v[i].id) == n))
			return &p->v[i];
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].name && strcmp(p->v[i].name, word) == 0)
			return &p->v[i];
	return NULL;
}
