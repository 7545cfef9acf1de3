/*
 * The outline of a text: where its strings end, found 64 bytes at a time as bit
 * masks (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB J. 28,
 * 2019). Escapes and UTF-8 are checked on the way, so that a walk which knows the
 * outline need not look into strings.
 */
#include "scan_walk.h"
#include "text.h"

bool rt_scan_is_veiled(const struct rt_scan *s, size_t from, size_t to)
{
	for (size_t w = from / 64; w * 64 < to; w++) {
		uint64_t veils = s->windows[w].veils;

		if (w == from / 64)
			veils &= ~UINT64_C(0) << from % 64;
		if (w == to / 64)
			veils &= (UINT64_C(1) << to % 64) - 1;
		if (veils)
			return true;
	}
	return false;
}

#if defined(__SSE2__) && defined(__x86_64__)
#include "scan_look.h"

/* 64 bytes of the text. */
struct window {
	const char *p;  /* what is loaded begins here, */
	unsigned shift; /* and this one of it is the first of the window */
	const char *at; /* where it stands in the text */
	struct rt_look is;
};

/* What a window has to know of the one before. */
struct carry {
	uint64_t inside;  /* all bits: the first byte is in a string, or ends it */
	uint64_t escape;  /* 1: the first byte is escaped */
	uint64_t has;     /* 1: the string that goes on has a backslash */
	uint64_t wide;    /* bits: these are inside of a character */
	const char *high; /* the u of a high surrogate that waits for the low one */
};

/* What is done in other ways by other processors. */
struct ways {
	void (*look)(const char *p, struct rt_look *l);
	void (*look_wide)(const char *p, struct rt_look_wide *l);
	uint64_t (*toggle)(uint64_t x);
};

/* The bytes that a backslash escapes. */
RT_LOOK uint64_t find_escaped(uint64_t slash, uint64_t *carry)
{
	const uint64_t even = UINT64_C(0x5555555555555555);
	uint64_t follows, odd_starts, ends;

	slash &= ~*carry;
	follows = slash << 1 | *carry;
	odd_starts = slash & ~even & ~follows;
	*carry = __builtin_add_overflow(odd_starts, slash, &ends);
	return (even ^ ends << 1) & follows;
}

/* \uXXXX, p being at the u. A NUL is left to the walk over bytes. */
static bool check_u(const char *p, const char *end, struct carry *c)
{
	int u = end - p < 5 ? -1 : rt_scan_hex4(p + 1);
	bool low = u >= 0xdc00 && u <= 0xdfff;

	if (u <= 0 || low != (c->high != NULL) || (low && c->high != p - 6))
		return false;
	c->high = u >= 0xd800 && u <= 0xdbff ? p : NULL;
	return true;
}

/* What stands behind backslashes. */
static bool check_escapes(struct rt_scan *s, const char *at, uint64_t escaped, struct carry *c)
{
	uint64_t veil = 0;

	for (; escaped; escaped &= escaped - 1) {
		const char *p = at + __builtin_ctzll(escaped);

		switch (*p) {
		case '"':
		case '\\':
		case 'b':
		case 'f':
		case 'n':
		case 'r':
		case 't':
			continue;
		case 'u':
			if (!check_u(p, s->end, c))
				return false;
			/* fall through */
		case '/':
			veil |= escaped & -escaped;
			continue;
		default:
			return false;
		}
	}
	s->windows[(at - s->text) / 64].veils = veil;
	s->veiled |= veil != 0;
	return true;
}

/*
 * Whether bytes past ASCII are as UTF-8 has them. Not when it takes more to tell:
 * with E0, ED, and F0 to FF.
 */
RT_LOOK bool check_wide(const struct window *w, struct carry *c, const struct ways *ways)
{
	uint64_t lead, three, want;
	struct rt_look_wide l;

	ways->look_wide(w->p, &l);
	lead = w->is.wide & l.bit6 >> w->shift;
	three = lead & l.bit5 >> w->shift;
	want = lead << 1 | three << 2 | c->wide;
	c->wide = lead >> 63 | three >> 62;
	return ((want ^ (w->is.wide & ~lead)) | (three & l.bit4 >> w->shift) |
		(w->is.wide & l.special >> w->shift)) == 0;
}

/* The last window: of a short text, what is loaded is a copy with zeros behind it. */
static void fit_window(struct window *w, const struct rt_scan *s, char copy[64])
{
	size_t n = (size_t)(s->end - s->text), rest = (size_t)(s->end - w->at);

	w->p = s->end - 64;
	w->shift = (unsigned)(64 - rest);
	if (n < 64) {
		memset(copy, 0, 64);
		memcpy(copy + 64 - n, s->text, n);
		w->p = copy;
	}
}

/* Where strings end in the window. False when something is wrong, or not to be seen this way. */
RT_LOOK bool take_window(struct rt_scan *s, const struct window *w, struct carry *c,
			 const struct ways *ways, bool *doubtful)
{
	struct rt_scan_window *to = &s->windows[(w->at - s->text) / 64];
	uint64_t escaped = 0, quote, inside, carried;
	bool has;

	if (w->is.odd != w->is.wide)
		return false;
	to->veils = 0;
	if (w->is.slash | c->escape) {
		escaped = find_escaped(w->is.slash, &c->escape);
		if (!check_escapes(s, w->at, escaped, c))
			return false;
	}
	if ((w->is.wide | c->wide) && !*doubtful)
		*doubtful = !check_wide(w, c, ways);
	quote = w->is.quote & ~escaped;
	inside = ways->toggle(quote) ^ c->inside;
	c->inside = -(inside >> 63);
	to->ends = quote & ~inside;
	/* An addition carries the bit of each backslash to the end of its string. */
	has = __builtin_add_overflow(inside, w->is.slash & inside, &carried);
	has |= __builtin_add_overflow(carried, c->has, &carried);
	c->has = has;
	to->escaped = carried & to->ends;
	return true;
}

RT_LOOK bool outline(struct rt_scan *s, const struct ways *ways)
{
	bool doubtful = false;
	struct carry c = { 0 };
	struct window w;
	char copy[64];

	w.shift = 0;
	for (w.at = s->text; w.at < s->end; w.at += 64) {
		w.p = w.at;
		if (s->end - w.at < 64)
			fit_window(&w, s, copy);
		ways->look(w.p, &w.is);
		if (w.shift) {
			w.is.quote >>= w.shift;
			w.is.slash >>= w.shift;
			w.is.odd >>= w.shift;
			w.is.wide >>= w.shift;
		}
		if (!take_window(s, &w, &c, ways, &doubtful))
			return false;
	}
	if (doubtful && !rt_utf8_valid((struct rt_str){ s->text, (size_t)(s->end - s->text) }))
		return false;
	return !c.inside && !c.high && (doubtful || !c.wide);
}

RT_AVX2 static bool outline_avx2(struct rt_scan *s)
{
	static const struct ways ways = { rt_look_avx2, rt_look_wide_avx2, rt_toggle_avx2 };

	return outline(s, &ways);
}

static bool outline_sse2(struct rt_scan *s)
{
	static const struct ways ways = { rt_look_sse2, rt_look_wide_sse2, rt_toggle };

	return outline(s, &ways);
}

bool rt_scan_outline(struct rt_scan *s, enum rt_simd simd)
{
	if (simd == RT_SIMD_PORTABLE || s->end[-1] != s->close ||
	    s->end - s->text > 64 * RT_SCAN_WINDOWS)
		return false;
	s->simd = simd;
	s->veiled = false;
	return simd == RT_SIMD_AVX2 ? outline_avx2(s) : outline_sse2(s);
}
#else
bool rt_scan_outline(struct rt_scan *s, enum rt_simd simd)
{
	(void)s;
	(void)simd;
	return false;
}
#endif
