/*
 * The digest of many lines: what they add to a summary, in few items. Any number of
 * threads make one, each of lines of its own, before one after the other changes
 * the model. Events of one kind are counted in one item; it ends at an event that
 * is an item itself, since that may change what their kind belongs to.
 */
#include "summary_digest.h"

#include "hash.h"

void rt_sum_digest_init(struct sum_digest *d, const struct rt_wanted *more, int64_t in_step)
{
	d->more = more;
	d->in_step = in_step;
	rt_sum_texts_init(&d->texts);
	rt_sum_digest_clear(d);
}

void rt_sum_digest_release(struct sum_digest *d)
{
	rt_sum_texts_release(&d->texts);
}

/* Others than those that there are count what follows. */
static void close_items(struct sum_digest *d)
{
	d->since = d->n;
	d->times = d->in_stage = SUM_ITEMS;
}

void rt_sum_digest_clear(struct sum_digest *d)
{
	d->n = 0;
	close_items(d);
	d->gates = (struct sum_gates){ 0 };
	d->attempts = (struct sum_attempts){ 0 };
	rt_buf_clear(&d->texts.all);
}

static struct sum_item *add_item(struct sum_digest *d, enum sum_item_type type)
{
	struct sum_item *item = &d->items[d->n++];

	item->type = type;
	item->of = 0;
	return item;
}

static void add_time(struct sum_digest *d, int64_t at_ns)
{
	struct sum_times *t;

	if (d->times == SUM_ITEMS) {
		d->times = d->n;
		add_item(d, SUM_TIMES)->times = (struct sum_times){ at_ns, at_ns, at_ns, 0 };
		return;
	}
	t = &d->items[d->times].times;
	t->back += at_ns < t->last_ns;
	t->last_ns = at_ns;
	if (at_ns > t->latest_ns)
		t->latest_ns = at_ns;
}

/* Names that are many differ in their last bytes. */
static inline uint64_t tail(struct rt_str s)
{
	if (s.n == 0)
		return 0;
	return s.n < 8 ? rt_str_head(s) : rt_load64(s.p + s.n - 8);
}

static uint16_t *slot_of(struct sum_digest *d, const struct sum_kind *k)
{
	uint64_t h = tail(k->stage) + 3 * tail(k->step_id) + 5 * tail(k->model) +
		     7 * tail(k->role) + 9 * (uint64_t)k->step;

	return &d->slots[rt_hash_mix(h) % SUM_SLOTS];
}

static bool same_kind(const struct sum_kind *a, const struct sum_kind *b)
{
	return a->step == b->step && rt_str_eq(a->stage, b->stage) &&
	       rt_str_eq(a->step_id, b->step_id) && rt_str_eq(a->model, b->model) &&
	       rt_str_eq(a->role, b->role) && rt_str_eq(a->run_id, b->run_id);
}

/*
 * The item that counts events of that kind. Another kind may have taken its slot:
 * then there are two of them, which add up to the same.
 */
static size_t find_kind(struct sum_digest *d, const struct sum_kind *kind, struct rt_str line)
{
	uint16_t *slot = slot_of(d, kind);
	size_t at = *slot;
	struct sum_item *item = &d->items[at];

	if (at >= d->since && at < d->n && item->type == SUM_KIND &&
	    same_kind(&item->counted.kind, kind))
		return at;
	at = d->n;
	*slot = (uint16_t)at;
	item = add_item(d, SUM_KIND);
	memset(&item->counted, 0, sizeof(item->counted));
	item->counted.kind = *kind;
	item->counted.line = line;
	return at;
}

/* A stage begins where it is another one than that of the events before. */
static void begin_stage(struct sum_digest *d, size_t kind, int64_t at_ns)
{
	struct rt_str stage = d->items[kind].counted.kind.stage;
	struct sum_item *item;

	if (!stage.n || (d->in_stage != SUM_ITEMS &&
			 rt_str_eq(stage, d->items[d->in_stage].counted.kind.stage)))
		return;
	d->in_stage = kind;
	item = add_item(d, SUM_STAGE);
	item->of = kind;
	item->at_ns = at_ns;
}

/* What belongs to other events, or may round, is added in the order of the file. */
static void use(struct sum_digest *d, size_t kind, const struct rt_said *said)
{
	struct sum_item *item;

	if (!said->correlation && said->usage.cost_usd == 0) {
		d->items[kind].counted.used = true;
		rt_sum_usage(&d->items[kind].counted.tally.usage, &said->usage);
		return;
	}
	item = add_item(d, SUM_USE);
	item->of = kind;
	item->said = *said;
}

/* What only some events have, and not in what is wanted of all. */
static void add_more(struct sum_digest *d, const struct rt_event *ev, int64_t at_ns)
{
	rt_sum_attempts(&d->attempts, ev);
	if (ev->level >= RT_WARNING)
		rt_sum_alike(&add_item(d, SUM_ALIKE)->alike, ev, at_ns, d->in_step, &d->texts);
}

void rt_sum_digest_add(struct sum_digest *d, const struct rt_event *ev,
		       const struct rt_lines *lines)
{
	struct rt_event all;
	struct sum_gist g;
	size_t kind;

	rt_sum_gist(&g, ev, NULL);
	if (g.whole) {
		add_item(d, SUM_WHOLE)->line = ev->line;
		close_items(d);
		return;
	}
	kind = find_kind(d, &g.kind, ev->line);
	rt_sum_tally(&d->items[kind].counted.tally, g.level, g.at_ns);
	if (g.at_ns)
		add_time(d, g.at_ns);
	begin_stage(d, kind, d->times == SUM_ITEMS ? 0 : d->items[d->times].times.last_ns);
	if (g.used)
		use(d, kind, &g.said);
	if (g.type >= RT_T_GATE_CHECKED && g.type <= RT_T_VERIFICATION_FAILED)
		rt_sum_gate(&d->gates, g.type);
	if ((g.level >= RT_WARNING || rt_sum_may_be_attempt(ev)) &&
	    rt_event_parse_for(&all, ev->line, d->more, lines) == 0)
		add_more(d, &all, g.at_ns);
}
