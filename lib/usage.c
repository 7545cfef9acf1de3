/* Counting tokens and cost once. See usage.h. */
#include "usage.h"
#include "hash.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SAVED_MAX 32
#define COUNT_MAX (INT64_C(1) << 40) /* tokens of one event */
#define COST_MAX 1e12                /* dollars of one event */
#define REMEMBER_MAX (1u << 17)      /* correlations in the table, which is 15 MB then */

enum role { EMPTY, REQUEST, ANSWERED };

/* What is known of one correlation id. */
struct open_request {
	uint64_t hash; /* of the id */
	enum role role;
	uint32_t at;           /* the change of an entry that was its last one */
	struct rt_usage usage; /* of requests that count as long as nothing answers */
};

struct rt_ledger {
	struct rt_usage total;
	struct open_request *slot; /* open addressing, cap is a power of two */
	size_t cap, n, n_open;
	uint32_t changes;
	uint64_t last[SAVED_MAX]; /* hashes of the last open requests, the oldest first */
	size_t n_last;
};

struct rt_ledger *rt_ledger_new(void)
{
	return calloc(1, sizeof(struct rt_ledger));
}

void rt_ledger_free(struct rt_ledger *l)
{
	if (l)
		free(l->slot);
	free(l);
}

const struct rt_usage *rt_ledger_total(const struct rt_ledger *l)
{
	return &l->total;
}

/* 0 is taken for "none". */
static uint64_t hash_text(struct rt_str s)
{
	uint64_t h = rt_hash(s, RT_HASH_SEED);

	return h ? h : 1;
}

/* Where it would stand if there were nothing else, in a table of any size. */
static size_t home(uint64_t hash)
{
	return (size_t)(hash ^ hash >> 32);
}

static struct open_request *probe(struct open_request *slot, size_t cap, uint64_t hash)
{
	size_t i = home(hash) & (cap - 1);

	while (slot[i].role != EMPTY && slot[i].hash != hash)
		i = (i + 1) & (cap - 1);
	return &slot[i];
}

static void add(struct rt_usage *to, const struct rt_usage *u, int sign)
{
	to->calls += sign * u->calls;
	to->prompt += sign * u->prompt;
	to->completion += sign * u->completion;
	to->total += sign * u->total;
	to->cost_usd += sign * u->cost_usd;
}

static void forget(struct rt_ledger *l, uint64_t hash)
{
	size_t i = 0;

	while (i < l->n_last && l->last[i] != hash)
		i++;
	if (i == l->n_last)
		return;
	l->n_last--;
	memmove(l->last + i, l->last + i + 1, (l->n_last - i) * sizeof(*l->last));
}

static void remember(struct rt_ledger *l, uint64_t hash)
{
	forget(l, hash);
	if (l->n_last == SAVED_MAX)
		forget(l, l->last[0]);
	l->last[l->n_last++] = hash;
}

/* Later ones of the same row of slots move up (Knuth, TAOCP vol. 3, 6.4, algorithm R). */
static void drop(struct rt_ledger *l, size_t hole)
{
	const size_t mask = l->cap - 1;
	struct open_request *slot = l->slot;

	for (size_t i = (hole + 1) & mask; slot[i].role != EMPTY; i = (i + 1) & mask) {
		/* whether its way from home to i leads over the hole */
		if (((i - home(slot[i].hash)) & mask) >= ((i - hole) & mask)) {
			slot[hole] = slot[i];
			hole = i;
		}
	}
	memset(&slot[hole], 0, sizeof(slot[hole]));
	l->n--;
}

/* What is kept is said in usage.h. */
static void forget_oldest(struct rt_ledger *l)
{
	const bool all_open = l->n_open <= RT_LEDGER_OPEN;
	size_t i = 0;

	while (i < l->cap) {
		const struct open_request *e = &l->slot[i];
		uint32_t age = l->changes - e->at;

		if (e->role == EMPTY || (e->role == REQUEST ? all_open || age < RT_LEDGER_OPEN :
							      age < RT_LEDGER_SETTLED)) {
			i++;
			continue;
		}
		if (e->role == REQUEST) {
			forget(l, e->hash);
			l->n_open--;
		}
		drop(l, i); /* the next one may stand there now */
	}
}

static bool grow(struct rt_ledger *l)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	struct open_request *slot = calloc(cap, sizeof(*slot));

	if (!slot)
		return false;
	for (size_t i = 0; i < l->cap; i++) {
		if (l->slot[i].role != EMPTY)
			*probe(slot, cap, l->slot[i].hash) = l->slot[i];
	}
	free(l->slot);
	l->slot = slot;
	l->cap = cap;
	return true;
}

/* The entry of a correlation id, made when it is new; NULL: no memory. */
static struct open_request *entry(struct rt_ledger *l, uint64_t hash)
{
	struct open_request *e = l->cap ? probe(l->slot, l->cap, hash) : NULL;

	if (e && e->role != EMPTY)
		return e;
	if (l->n == REMEMBER_MAX)
		forget_oldest(l);
	if ((l->n + 1) * 2 > l->cap && !grow(l))
		return NULL;
	e = probe(l->slot, l->cap, hash);
	e->hash = hash;
	l->n++;
	return e;
}

static void set_role(struct rt_ledger *l, struct open_request *e, enum role role)
{
	l->n_open += (role == REQUEST) - (e->role == REQUEST);
	e->role = role;
	e->at = ++l->changes;
	if (role == REQUEST)
		remember(l, e->hash);
	else
		forget(l, e->hash);
}

/* What an event itself says. */
struct found {
	struct rt_usage usage;
	bool any, has_total;                 /* something of usage; its total */
	struct rt_json correlation, request; /* ids that the metadata holds: RT_JSON_NONE if not */
};

static void take_tokens(struct found *f, int64_t *to, const struct rt_json *v)
{
	int64_t n;

	/* No model counts that far, and sums of such numbers would overflow. */
	if (!rt_json_int(v, &n) || n < 0 || n > COUNT_MAX)
		return;
	*to = n;
	f->any = true;
	f->has_total |= to == &f->usage.total;
}

static void take_member(struct found *f, const struct rt_member *m)
{
	double d;

	if (rt_json_is(&m->key, "prompt_tokens")) {
		take_tokens(f, &f->usage.prompt, &m->value);
	} else if (rt_json_is(&m->key, "completion_tokens")) {
		take_tokens(f, &f->usage.completion, &m->value);
	} else if (rt_json_is(&m->key, "total_tokens")) {
		take_tokens(f, &f->usage.total, &m->value);
	} else if (rt_json_is(&m->key, "correlation_id")) {
		f->correlation = m->value;
	} else if (rt_json_is(&m->key, "request_id")) {
		f->request = m->value;
	} else if (rt_json_is(&m->key, "cost_usd")) {
		if (!rt_json_number(&m->value, &d) || d < 0 || d > COST_MAX)
			return;
		f->usage.cost_usd = d;
		f->any = true;
	}
}

/* Whether "_tokens" or "_usd" may stand in it: a look before its members are walked. */
static bool may_tell(const struct rt_json *metadata)
{
	const char *p = metadata->text.p, *end = p + metadata->text.n - 1;

	while ((p = memchr(p, '_', (size_t)(end - p)))) {
		p++;
		if (*p == 't' || *p == 'u')
			return true;
	}
	return metadata->veiled;
}

static void read_metadata(struct found *f, const struct rt_event *ev, bool call)
{
	const struct rt_json *metadata = rt_event_peek(ev, RT_F_METADATA);
	struct rt_scan scan;
	struct rt_member m;

	memset(f, 0, sizeof(*f));
	if (metadata && metadata->text.p == ev->listed) {
		for (int i = 0; i < ev->n_within; i++)
			take_member(f, &ev->few[ev->within + i]);
	} else if (metadata && (call || may_tell(metadata)) &&
		   rt_scan_init(&scan, metadata->text) == 0) {
		while (rt_scan_next(&scan, &m) > 0)
			take_member(f, &m);
	}
	if (!f->has_total)
		f->usage.total = f->usage.prompt + f->usage.completion;
}

static bool is_id(const struct rt_json *v)
{
	return v->type != RT_JSON_NONE && v->type != RT_JSON_NULL;
}

/* What a request and its response have in common; some systems keep it in the metadata. */
static uint64_t correlation(const struct rt_event *ev, const struct found *f)
{
	const struct rt_json *v = rt_event_peek(ev, RT_F_CORRELATION_ID);
	struct rt_buf id;
	uint64_t h;

	if (!v)
		v = is_id(&f->correlation) ? &f->correlation : &f->request;
	if (!is_id(v))
		return 0;
	if (!v->escaped)
		return hash_text(v->text);
	rt_buf_init(&id);
	rt_json_text(v, &id);
	h = hash_text(rt_buf_view(&id));
	rt_buf_release(&id);
	return h;
}

bool rt_usage_read(const struct rt_event *ev, struct rt_said *said)
{
	struct found found;

	if (ev->type == RT_T_COST_TRACKING)
		return false;
	said->request = ev->type == RT_T_LLM_REQUEST_SENT;
	said->response = ev->type == RT_T_LLM_RESPONSE_RECEIVED;
	if (!rt_event_has(ev, RT_F_METADATA) && !said->request && !said->response)
		return false;
	read_metadata(&found, ev, said->request || said->response);
	if (!found.any && !said->request && !said->response)
		return false;
	said->usage = found.usage;
	said->usage.calls = said->request || said->response;
	said->correlation = said->usage.calls ? correlation(ev, &found) : 0;
	return true;
}

void rt_usage_want(struct rt_wanted *w)
{
	static const char *const members[] = { "prompt_tokens", "completion_tokens", "total_tokens",
					       "cost_usd",      "correlation_id",    "request_id" };

	rt_wanted_add(w,
		      RT_FIELDS_OF_TYPE | RT_FIELD(RT_F_CORRELATION_ID) | RT_FIELD(RT_F_METADATA));
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		rt_scan_keys_add(&w->keys[1], rt_str(members[i]));
}

bool rt_ledger_count(struct rt_ledger *l, const struct rt_said *said, struct rt_usage *delta)
{
	struct open_request *e = said->correlation ? entry(l, said->correlation) : NULL;
	struct rt_usage u = said->usage;

	if (said->request && e) {
		if (e->role == ANSWERED)
			return false;
		set_role(l, e, REQUEST);
		add(&e->usage, &u, 1);
	} else if (e) {
		if (e->role == REQUEST)
			add(&u, &e->usage, -1);
		memset(&e->usage, 0, sizeof(e->usage));
		set_role(l, e, ANSWERED);
	}
	add(&l->total, &u, 1);
	if (delta)
		*delta = u;
	return true;
}

bool rt_ledger_add(struct rt_ledger *l, const struct rt_event *ev, struct rt_usage *delta)
{
	struct rt_said said;

	return rt_usage_read(ev, &said) && rt_ledger_count(l, &said, delta);
}

void rt_ledger_save_open(const struct rt_ledger *l, struct rt_buf *out)
{
	for (size_t i = 0; i < l->n_last; i++) {
		const struct open_request *e = probe(l->slot, l->cap, l->last[i]);

		rt_buf_adds(out, i ? "," : "[");
		rt_buf_addf(out,
			    "[\"%016" PRIx64 "\",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
			    ",%.15g]",
			    e->hash, e->usage.calls, e->usage.prompt, e->usage.completion,
			    e->usage.total, e->usage.cost_usd);
	}
	if (l->n_last)
		rt_buf_addc(out, ']');
}

static void load_one(struct rt_ledger *l, struct rt_str array)
{
	struct rt_scan s;
	struct rt_member m;
	struct rt_usage u;
	int64_t *const numbers[] = { &u.calls, &u.prompt, &u.completion, &u.total };
	struct open_request *e;
	uint64_t hash = 0;

	memset(&u, 0, sizeof(u));
	if (rt_scan_init(&s, array) < 0)
		return;
	for (size_t i = 0; rt_scan_next(&s, &m) > 0; i++) {
		if (i == 0)
			hash = strtoull(m.value.text.p, NULL, 16);
		else if (i < 5)
			rt_json_int(&m.value, numbers[i - 1]);
		else
			rt_json_number(&m.value, &u.cost_usd);
	}
	e = hash ? entry(l, hash) : NULL;
	if (e) {
		set_role(l, e, REQUEST);
		e->usage = u;
	}
}

void rt_ledger_load(struct rt_ledger *l, const struct rt_usage *total, struct rt_str open_json)
{
	struct rt_scan s;
	struct rt_member m;

	l->total = *total;
	l->n = l->n_open = l->n_last = 0;
	if (l->cap)
		memset(l->slot, 0, l->cap * sizeof(*l->slot));
	if (open_json.n == 0 || rt_scan_init(&s, open_json) < 0)
		return;
	while (rt_scan_next(&s, &m) > 0)
		load_one(l, m.value.text);
}

void rt_usage_write(const struct rt_usage *u, struct rt_buf *out)
{
	if (u->total || u->prompt || u->completion)
		rt_buf_addf(out,
			    ",\"tokens\":{\"prompt\":%" PRId64 ",\"completion\":%" PRId64
			    ",\"total\":%" PRId64 "}",
			    u->prompt, u->completion, u->total);
	if (u->cost_usd > 0)
		rt_buf_addf(out, ",\"cost_usd\":%.15g", u->cost_usd);
}
