/* Tables, kept text and facts of a summary's model: what its other files are made with. */
#include "summary_model.h"

#include "hash.h"
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct sum_slot {
	char *key; /* NULL: free */
	size_t n, value;
	uint64_t hash;
};

static uint64_t hash_of(struct rt_str key)
{
	return rt_hash(key, RT_HASH_SEED);
}

static bool has_key(const struct sum_slot *s, struct rt_str key)
{
	return s->key && s->n == key.n && rt_same_bytes(s->key, key.p, key.n);
}

/* The slot that has the key, or the free one where it would go. The table is never full. */
static struct sum_slot *slot_of(const struct sum_index *x, struct rt_str key, uint64_t hash)
{
	size_t i = (size_t)hash & (x->cap - 1);

	for (;; i = (i + 1) & (x->cap - 1)) {
		struct sum_slot *s = &x->slots[i];

		if (!s->key || (s->hash == hash && has_key(s, key)))
			return s;
	}
}

bool rt_sum_find(struct sum_index *x, struct rt_str key, size_t *value)
{
	const struct sum_slot *s;

	if (!x->n)
		return false;
	s = &x->slots[x->last];
	if (!has_key(s, key)) {
		s = slot_of(x, key, hash_of(key));
		x->last = (size_t)(s - x->slots);
	}
	if (!s->key)
		return false;
	*value = s->value;
	return true;
}

static bool enlarge(struct sum_index *x)
{
	struct sum_index old = *x;

	x->cap = old.cap ? old.cap * 2 : 64;
	x->slots = calloc(x->cap, sizeof(*x->slots));
	if (!x->slots) {
		*x = old;
		return false;
	}
	for (size_t i = 0; i < old.cap; i++) {
		const struct sum_slot *s = &old.slots[i];

		if (s->key)
			*slot_of(x, (struct rt_str){ s->key, s->n }, s->hash) = *s;
	}
	free(old.slots);
	return true;
}

bool rt_sum_put(struct sum_index *x, struct rt_str key, size_t value)
{
	uint64_t hash = hash_of(key);
	struct sum_slot *s;

	if (x->n * 2 >= x->cap && !enlarge(x))
		return false;
	s = slot_of(x, key, hash);
	if (!s->key) {
		s->key = malloc(key.n + 1);
		if (!s->key)
			return false;
		if (key.n)
			memcpy(s->key, key.p, key.n);
		s->n = key.n;
		s->hash = hash;
		x->n++;
	}
	s->value = value;
	return true;
}

/* Later keys of the same run of slots move up (Knuth, TAOCP vol. 3, 6.4, algorithm R). */
void rt_sum_drop(struct sum_index *x, struct rt_str key)
{
	size_t mask = x->cap - 1, hole, i;
	struct sum_slot *s;

	if (!x->n)
		return;
	s = slot_of(x, key, hash_of(key));
	if (!s->key)
		return;
	free(s->key);
	hole = (size_t)(s - x->slots);
	for (i = (hole + 1) & mask; x->slots[i].key; i = (i + 1) & mask) {
		size_t home = (size_t)x->slots[i].hash & mask;

		/* whether its way from home to i leads over the hole */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			x->slots[hole] = x->slots[i];
			hole = i;
		}
	}
	x->slots[hole].key = NULL;
	x->n--;
}

void rt_sum_index_release(struct sum_index *x)
{
	for (size_t i = 0; i < x->cap; i++)
		free(x->slots[i].key);
	free(x->slots);
	*x = (struct sum_index){ NULL, 0, 0, 0 };
}

bool rt_sum_grow(void **v, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return true;
	p = realloc(*v, want * size);
	if (!p)
		return false;
	*v = p;
	*cap = want;
	return true;
}

char *rt_sum_keep(struct rt_summary *s, struct rt_str text, size_t max)
{
	struct rt_str left = { text.p, rt_utf8_cut(text, max) };
	const char *nul;
	struct rt_buf b;
	char *copy;

	rt_buf_init(&b);
	/* kept text ends at a NUL: one inside is said in words */
	while (left.n && (nul = memchr(left.p, '\0', left.n))) {
		size_t before = (size_t)(nul - left.p);

		rt_buf_add(&b, left.p, before);
		rt_buf_adds(&b, "\\0");
		left.p += before + 1;
		left.n -= before + 1;
	}
	rt_buf_addv(&b, left);
	if (left.p + left.n < text.p + text.n)
		rt_buf_adds(&b, "...");
	copy = rt_buf_detach(&b);
	if (!copy)
		s->failed = true;
	return copy;
}

void rt_sum_fact(struct sum_facts *f, const char *label, const char *value)
{
	struct sum_fact fact;
	void *v = f->v;

	if (!value || !*value)
		return;
	if (!rt_sum_grow(&v, &f->cap, f->n, sizeof(fact))) {
		f->failed = true;
		return;
	}
	f->v = v;
	fact.label = strdup(label);
	fact.value = strdup(value);
	if (fact.label && fact.value) {
		f->v[f->n++] = fact;
		return;
	}
	free(fact.label);
	free(fact.value);
	f->failed = true;
}

void rt_sum_vfactf(struct sum_facts *f, const char *label, const char *fmt, va_list ap)
{
	char *value;

	if (vasprintf(&value, fmt, ap) < 0) {
		f->failed = true;
		return;
	}
	rt_sum_fact(f, label, value);
	free(value);
}

void rt_sum_factf(struct sum_facts *f, const char *label, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	rt_sum_vfactf(f, label, fmt, ap);
	va_end(ap);
}

void rt_sum_facts_release(struct sum_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].label);
		free(f->v[i].value);
	}
	free(f->v);
	*f = (struct sum_facts){ NULL, 0, 0, 0, false };
}
