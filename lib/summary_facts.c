/*
 * What every renderer of a summary says in the same words: the lines of its
 * identity, of its metrics and of a step, and how times and sizes are written.
 */
#include "summary_model.h"

#include "shellword.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SHORT 36 /* bytes of a name with something after it */

void rt_sum_time(char out[32], int64_t ns)
{
	char ts[RT_TS_LEN + 1];

	rt_clock_format(ts, ns);
	snprintf(out, 32, "%.10s %.8s UTC", ts, ts + 11);
}

/* "2026-07-01 12:00:00 to 12:00:05 UTC", the day said twice only when there are two. */
void rt_sum_span(struct rt_buf *out, int64_t first_ns, int64_t last_ns)
{
	char a[32], b[32];

	if (!first_ns)
		return;
	rt_sum_time(a, first_ns);
	rt_sum_time(b, last_ns);
	if (strcmp(a, b) == 0)
		rt_buf_adds(out, a);
	else if (strncmp(a, b, 10) == 0)
		rt_buf_addf(out, "%.19s to %s", a, b + 11);
	else
		rt_buf_addf(out, "%.19s to %s", a, b);
}

void rt_sum_cost(struct rt_buf *out, double usd)
{
	rt_buf_addf(out, "%.15g", usd);
}

char *rt_sum_command(const struct rt_summary *s, const char *program, const char *arguments)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_buf_addf(&b, "%s ", s->tree ? "find" : program);
	rt_shellword_add(&b, rt_str(s->ref));
	if (s->tree)
		rt_buf_addf(&b, " \\( " SUM_TREE_LOGS " \\) -exec %s %s {} +", program, arguments);
	else
		rt_buf_addf(&b, " %s", arguments);
	return rt_buf_detach(&b);
}

int64_t rt_sum_run_ms(const struct rt_summary *s)
{
	int64_t end_ns = s->finished_ns ? s->finished_ns : s->story.last_ns;

	if (!s->started_ns || end_ns < s->started_ns)
		return -1;
	return end_ns / RT_NS_PER_MS - s->started_ns / RT_NS_PER_MS;
}

static void add_duration(struct sum_facts *f, const struct rt_summary *s)
{
	char text[32];

	rt_duration_format_ms(text, rt_sum_run_ms(s));
	if (!*text)
		return;
	rt_sum_factf(f, "Duration", "%s%s", text, s->finished_ns ? "" : " (to its last event)");
}

static void add_time(struct sum_facts *f, const char *label, int64_t ns)
{
	char text[32];

	if (!ns)
		return;
	rt_sum_time(text, ns);
	rt_sum_fact(f, label, text);
}

static void add_state(struct sum_facts *f, const struct rt_summary *s)
{
	const char *name = rt_state_name(s->state);

	if (!s->state_known)
		rt_sum_fact(f, "Status", "unknown, no event says how it ended");
	else if (!rt_state_over(s->state))
		rt_sum_factf(f, "Status", "%s, no event ends it", name);
	else if (s->signal)
		rt_sum_factf(f, "Status", "%s (signal %d)", name, s->signal);
	else if (s->exit_code > 0)
		rt_sum_factf(f, "Status", "%s (exit code %d)", name, s->exit_code);
	else
		rt_sum_fact(f, "Status", name);
}

static void add_models(struct sum_facts *f, const struct rt_summary *s)
{
	struct rt_buf b;

	rt_buf_init(&b);
	for (size_t i = 0; i < s->models.n; i++)
		rt_buf_addf(&b, "%s%s", i ? ", " : "", s->models.v[i].name);
	if (s->models.more)
		rt_buf_adds(&b, ", and others");
	rt_sum_fact(f, "Model", b.s);
	f->failed |= b.failed;
	rt_buf_release(&b);
}

static void add_resources(struct sum_facts *f, const struct rt_summary *s)
{
	char text[RT_RESOURCES_TEXT];

	rt_resources_text(&s->resources, text);
	rt_sum_fact(f, "Resources", text);
}

void rt_sum_identity(const struct rt_summary *s, struct sum_facts *f)
{
	bool over = s->finished_ns != 0;

	rt_sum_fact(f, "Run ID", s->id);
	rt_sum_fact(f, "File", s->file ? s->ref : NULL);
	rt_sum_fact(f, "Group", s->group);
	rt_sum_fact(f, "Name", s->name);
	rt_sum_fact(f, "Parent Run", s->parent);
	add_models(f, s);
	add_state(f, s);
	rt_sum_fact(f, "Error", s->error);
	add_time(f, "Started", s->started_ns);
	if (over)
		add_time(f, s->state == RT_COMPLETED ? "Completed" : "Ended", s->finished_ns);
	else
		add_time(f, "Last Event", s->story.last_ns);
	add_duration(f, s);
	add_resources(f, s);
}

size_t rt_sum_steps_done(const struct rt_summary *s)
{
	size_t done = 0;

	for (size_t i = 0; i < s->n_steps; i++)
		done += s->steps[i].state == SUM_SUCCESS;
	return done;
}

size_t rt_sum_steps_all(const struct rt_summary *s)
{
	size_t all = s->n_steps + s->more_steps;

	return s->total_steps > 0 && (uint64_t)s->total_steps > all ? (size_t)s->total_steps : all;
}

int64_t rt_sum_retries(const struct rt_summary *s)
{
	int64_t n = s->others.retries;

	for (size_t i = 0; i < s->n_steps; i++)
		n += s->steps[i].retries;
	return n;
}

int64_t rt_sum_timeouts(const struct rt_summary *s)
{
	int64_t n = s->others.timeouts;

	for (size_t i = 0; i < s->n_steps; i++)
		n += s->steps[i].timeouts;
	return n;
}

static void add_count(struct sum_facts *f, const char *label, int64_t n)
{
	if (n)
		rt_sum_factf(f, label, "%" PRId64, n);
}

static void add_usage(struct sum_facts *f, const struct rt_usage *u)
{
	struct rt_buf cost;

	if (u->calls > 0)
		rt_sum_factf(f, "API Calls", "%" PRId64, u->calls);
	if (u->prompt || u->completion || u->total)
		rt_sum_factf(f, "Tokens (prompt/completion/total)",
			     "%" PRId64 " / %" PRId64 " / %" PRId64, u->prompt, u->completion,
			     u->total);
	if (u->cost_usd > 0) {
		rt_buf_init(&cost);
		rt_sum_cost(&cost, u->cost_usd);
		rt_sum_factf(f, "Cost", "%s USD", cost.s);
		f->failed |= cost.failed;
		rt_buf_release(&cost);
	}
}

void rt_sum_metrics(const struct rt_summary *s, struct sum_facts *f)
{
	if (rt_sum_steps_all(s))
		rt_sum_factf(f, "Steps Completed", "%zu / %zu", rt_sum_steps_done(s),
			     rt_sum_steps_all(s));
	add_duration(f, s);
	rt_sum_path(s, f);
	add_count(f, "Retries", rt_sum_retries(s));
	add_count(f, "Timeouts", rt_sum_timeouts(s));
	rt_sum_factf(f, "Events", "%" PRId64, s->all.events);
	add_usage(f, &s->all.usage);
	rt_sum_spent_facts(s, f);
	rt_sum_gate_facts(s, f);
	rt_sum_factf(f, "Errors", "%" PRId64, s->all.errors);
	rt_sum_factf(f, "Warnings", "%" PRId64, s->all.warnings);
	if (s->exit_code >= 0)
		rt_sum_factf(f, "Exit Code", "%d", s->exit_code);
	if (s->skipped)
		rt_sum_factf(f, "Skipped Lines", "%zu", s->skipped);
}

/* Whether events show that the step made no call, in a run that made some. */
static bool without_calls(const struct rt_summary *s, const struct sum_step *st)
{
	const struct rt_usage *u = &st->tally.usage;

	return st->state == SUM_SUCCESS && s->all.usage.calls > 0 && s->unplaced_calls == 0 &&
	       u->calls == 0 && u->total == 0 && u->prompt == 0 && u->completion == 0;
}

void rt_sum_step_facts(const struct rt_summary *s, const struct sum_step *st, struct sum_facts *f)
{
	bool said = st->state == SUM_TIMEOUT || (st->twice && st->before == SUM_TIMEOUT);
	int64_t earlier = st->timeouts - said;

	rt_sum_fact(f, "Name", st->name);
	rt_sum_fact(f, "Error", st->error);
	add_usage(f, &st->tally.usage);
	if (st->tally.errors || st->tally.warnings)
		rt_sum_factf(f, "Errors", "%" PRId64 ", warnings: %" PRId64, st->tally.errors,
			     st->tally.warnings);
	if (st->twice)
		rt_sum_factf(f, "Note", "events ended it twice: %s, then %s",
			     rt_sum_state_name(st->before), rt_sum_state_name(st->state));
	if (earlier > 0)
		rt_sum_factf(f, "Note", "%" PRId64 " earlier attempt%s timed out", earlier,
			     earlier == 1 ? "" : "s");
	if (without_calls(s, st))
		rt_sum_fact(f, "Note", "Template-based generation (no LLM calls)");
}

/* Long names must not push what is said of them out of the line. */
void rt_sum_short(struct rt_buf *out, const char *name)
{
	struct rt_str text = rt_str(name);
	size_t n = rt_utf8_cut(text, SHORT);

	rt_buf_add(out, text.p, n);
	if (n < text.n)
		rt_buf_adds(out, "...");
}

void rt_sum_step_label(const struct sum_step *st, struct rt_buf *out)
{
	if (st->part)
		rt_buf_addf(out, "%03u/", st->part);
	if (st->number >= 0)
		rt_buf_addf(out, "%03" PRId64, st->number);
	else
		rt_sum_short(out, *st->key ? st->key : "(without a name)");
}

/* What a reader wants to see first: 0, what nobody has to look at: 4. */
static int urgency(const struct sum_step *st)
{
	if (st->state == SUM_FAILED || st->state == SUM_TIMEOUT)
		return 0;
	if (st->state == SUM_INCOMPLETE || st->state == SUM_CANCELLED)
		return 1;
	if (st->tally.errors || st->twice || st->timeouts)
		return 2;
	return st->state == SUM_SKIPPED || st->retries || st->tally.warnings ? 3 : 4;
}

size_t *rt_sum_steps_order(const struct rt_summary *s)
{
	size_t *order = malloc((s->n_steps + 1) * sizeof(*order)), n = 0;

	if (!order)
		return NULL;
	for (int u = 0; u <= 4; u++) {
		for (size_t i = 0; i < s->n_steps; i++) {
			if (urgency(&s->steps[i]) == u)
				order[n++] = i;
		}
	}
	return order;
}

static int compare(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

void rt_sum_steps_sort(size_t *order, size_t n)
{
	qsort(order, n, sizeof(*order), compare);
}
