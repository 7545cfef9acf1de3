/*
 * The outline of a text: where its strings end, found 64 bytes at a time as bit
 * masks (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB J. 28,
 * 2019). Escapes and UTF-8 are checked on the way, so that a walk which knows the
 * outline need not look into strings. Many lines are outlined at once where there
 * are many.
 *
 * The first pass, over all windows, only finds: what it might branch on is in one
 * window and not in the next, which no processor foretells. What it found in few
 * places is looked at afterwards.
 */
#include "scan_walk.h"
#include "text.h"

bool rt_scan_is_veiled(const struct rt_scan *s, const char *p, const char *end)
{
	size_t from = (size_t)(p - s->origin), to = (size_t)(end - s->origin);

	for (size_t w = from / 64; w * 64 < to; w++) {
		uint64_t veils = s->veils[w];

		if (w == from / 64)
			veils &= ~UINT64_C(0) << from % 64;
		if (w == to / 64)
			veils &= (UINT64_C(1) << to % 64) - 1;
		if (veils)
			return true;
	}
	return false;
}

void rt_lines_init(struct rt_lines *l, enum rt_simd simd)
{
	l->simd = simd;
	l->text = l->line = NULL;
	l->next = l->n = 0;
}

#if defined(__SSE2__) && defined(__x86_64__)
#include "scan_look.h"

#define WINDOWS (RT_LINES_BYTES / 64)

/* What is in few windows: their places and masks. */
struct marks {
	uint16_t windows[WINDOWS];
	uint64_t bits[WINDOWS];
	size_t n;
};

/* A text, and what there is in it. Places are counted from where it begins. */
struct outline {
	const char *text;
	size_t n;
	uint16_t *ends;  /* for who asked: where strings end, */
	size_t ends_max; /* so many at most, */
	uint64_t *veils; /* and what veils */
	bool veiled;
	struct rt_lines *lines;      /* or for these, if it is not NULL */
	uint64_t in_window[WINDOWS]; /* the ends as bits, */
	uint16_t before[WINDOWS];    /* and how many there are before */
	struct marks escaped;        /* bytes behind backslashes */
	struct marks stops;          /* control characters outside of strings */
	uint16_t wide[WINDOWS];      /* windows with bytes past ASCII, or behind such */
	size_t n_wide;
	uint64_t amiss[WINDOWS / 64]; /* windows with escapes or characters that are none */
	bool any_amiss;
	bool open;     /* it ends in a string */
	char last[64]; /* the last window, with spaces behind the text */
};

/* What is done in other ways by other processors. */
struct ways {
	void (*look)(const char *p, struct rt_look *l);
	void (*look_wide)(const char *p, struct rt_look_wide *l);
	uint64_t (*toggle)(uint64_t x);
	size_t (*list)(uint16_t *to, uint64_t bits, size_t at);
};

/*
 * The bytes that a backslash escapes; *carry: whether the first one is. What is
 * subtracted from an odd bit in front of it flips every other one of a row.
 */
RT_LOOK uint64_t find_escaped(uint64_t slash, uint64_t *carry)
{
	const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa);
	uint64_t starts = slash & ~*carry;
	uint64_t codes = ((starts << 1 | odd) - starts) ^ odd;
	uint64_t escaped = codes ^ (slash | *carry);

	*carry = (codes & slash) >> 63;
	return escaped;
}

static inline const char *window_at(const struct outline *o, size_t at)
{
	return o->n - at < 64 ? o->last : o->text + at;
}

/*
 * Where something is amiss, or the text ends: a control character in a string, or
 * a backslash outside.
 */
RT_LOOK size_t find_all(struct outline *o, const struct ways *ways)
{
	const size_t n = o->n;
	uint64_t inside = 0; /* from the opening quote on, to before the closing one */
	uint64_t escape = 0, goes_on = 0, amiss = 0;
	size_t at, n_escaped = 0, n_stops = 0, n_wide = 0;

	for (at = 0; at < n && !amiss; at += 64) {
		uint64_t escaped, control;
		struct rt_look is;

		ways->look(n - at < 64 ? o->last : o->text + at, &is);
		escaped = find_escaped(is.slash, &escape);
		is.quote &= ~escaped;
		inside = ways->toggle(is.quote) ^ -(inside >> 63);
		amiss = (is.control & inside) | (escaped & ~inside);
		control = is.control & ~inside;

		o->in_window[at / 64] = is.quote & ~inside;
		o->escaped.windows[n_escaped] = (uint16_t)at;
		o->escaped.bits[n_escaped] = escaped;
		n_escaped += escaped != 0;
		o->stops.windows[n_stops] = (uint16_t)at;
		o->stops.bits[n_stops] = control;
		n_stops += control != 0;
		o->wide[n_wide] = (uint16_t)at;
		n_wide += (is.wide | goes_on) != 0;
		goes_on = is.wide >> 61;
	}
	o->escaped.n = n_escaped;
	o->stops.n = n_stops;
	o->n_wide = n_wide;
	o->open = inside >> 63;
	if (amiss)
		return at - 64 + (size_t)__builtin_ctzll(amiss);
	return at < n ? at : n;
}

/* List the ends before n; how far there was room for them. */
RT_LOOK size_t list_ends(struct outline *o, size_t n, const struct ways *ways)
{
	const size_t most = o->ends_max;
	uint16_t *const ends = o->ends;
	size_t at, n_ends = 0;

	for (at = 0; at < n && n_ends < most; at += 64) {
		o->before[at / 64] = (uint16_t)n_ends;
		n_ends += ways->list(ends + n_ends, o->in_window[at / 64], at);
	}
	return at < n ? at : n;
}

/* How many strings end in a window before its lowest marked place, and in those before. */
RT_LOOK size_t ends_before(const struct outline *o, size_t window, uint64_t bits)
{
	uint64_t before = o->in_window[window / 64] & ((bits & -bits) - 1);

	return o->before[window / 64] + (size_t)__builtin_popcountll(before);
}

/* \uXXXX, p being at the u. A NUL is left to the walk over bytes. */
static bool check_u(const char *p, const char *end, const char **high)
{
	int u = end - p < 5 ? -1 : rt_scan_hex4(p + 1), low;

	if (u <= 0)
		return false;
	if (u >= 0xdc00 && u <= 0xdfff)
		return *high == p - 6;
	if (u < 0xd800 || u > 0xdfff)
		return true;
	*high = p;
	low = end - p < 11 || p[5] != '\\' || p[6] != 'u' ? -1 : rt_scan_hex4(p + 7);
	return low >= 0xdc00 && low <= 0xdfff;
}

static void set_amiss(struct outline *o, size_t at)
{
	o->amiss[at / 64 / 64] |= UINT64_C(1) << at / 64 % 64;
	o->any_amiss = true;
}

/* What a backslash in a string escapes. */
static inline void check_escaped(struct outline *o, size_t at, const char **high)
{
	static const enum {
		BAD,
		PLAIN,
		SLASH,
		UNICODE
	} kinds[256] = {
		['"'] = PLAIN, ['\\'] = PLAIN, ['b'] = PLAIN, ['f'] = PLAIN,   ['n'] = PLAIN,
		['r'] = PLAIN, ['t'] = PLAIN,  ['/'] = SLASH, ['u'] = UNICODE,
	};
	const char *p = o->text + at;

	if (kinds[(unsigned char)*p] == PLAIN)
		return;
	if (kinds[(unsigned char)*p] == BAD || (*p == 'u' && !check_u(p, o->text + o->n, high))) {
		set_amiss(o, at);
		return;
	}
	if (!o->veiled)
		memset(o->veils, 0, (o->n + 63) / 64 * sizeof(*o->veils));
	o->veiled = true;
	o->veils[at / 64] |= UINT64_C(1) << at % 64;
}

/* Look at what backslashes escape, up to n, and mark the ends of these strings. */
RT_LOOK void check_escapes(struct outline *o, size_t n)
{
	const char *high = NULL;

	for (size_t i = 0; i < o->escaped.n; i++) {
		uint64_t bits = o->escaped.bits[i];
		size_t window = o->escaped.windows[i];

		do {
			size_t at = window + (size_t)__builtin_ctzll(bits);

			if (at >= n)
				return;
			o->ends[ends_before(o, window, bits)] |= RT_END_ESCAPED;
			check_escaped(o, at, &high);
			bits &= bits - 1;
		} while (bits);
	}
}

/* Lead bytes behind which not every byte that goes on with a character may stand. */
static bool check_special(const char *p, const char *end)
{
	unsigned char next = end - p < 2 ? 0 : (unsigned char)p[1];

	switch ((unsigned char)*p) {
	case 0xe0:
		return next >= 0xa0;
	case 0xed:
		return next < 0xa0;
	case 0xf0:
		return next >= 0x90;
	case 0xf1:
	case 0xf2:
	case 0xf3:
		return true;
	case 0xf4:
		return next < 0x90;
	default:
		return false;
	}
}

/* Whether bytes past ASCII are as UTF-8 has them, up to n. */
RT_LOOK void check_wide(struct outline *o, size_t n, const struct ways *ways)
{
	uint64_t carry = 0; /* these are inside of a character of the window before */

	for (size_t i = 0; i < o->n_wide && o->wide[i] < n; i++) {
		uint64_t lead, three, four, want, special;
		size_t at = o->wide[i];
		struct rt_look_wide is;

		ways->look_wide(window_at(o, at), &is);
		lead = is.wide & is.bit6;
		three = lead & is.bit5;
		four = three & is.bit4;
		want = lead << 1 | three << 2 | four << 3 | carry;
		carry = lead >> 63 | three >> 62 | four >> 61;
		if (want != (is.wide & ~lead))
			set_amiss(o, at);
		for (special = four | (lead & is.special); special; special &= special - 1)
			if (!check_special(o->text + at + __builtin_ctzll(special), o->text + o->n))
				set_amiss(o, at);
	}
}

static bool is_amiss(const struct outline *o, size_t from, size_t to)
{
	for (size_t w = from / 64; w <= to / 64; w++)
		if (o->amiss[w / 64] >> w % 64 & 1)
			return true;
	return false;
}

/* The lines that end before n, as many as there is room for. */
RT_LOOK void take_lines(const struct outline *o, size_t n, struct rt_lines *l)
{
	struct rt_line *line = l->at, *const last = l->at + RT_LINES_MAX;

	*line = (struct rt_line){ .begin = 0 };
	for (size_t i = 0; i < o->stops.n && line < last; i++) {
		uint64_t bits = o->stops.bits[i];
		size_t window = o->stops.windows[i];

		for (; bits; bits &= bits - 1) {
			size_t at = window + (size_t)__builtin_ctzll(bits);

			/* Others are white space between tokens, or no JSON: the walk will see. */
			if (at >= n || o->text[at] != '\n')
				continue;
			line->amiss = o->any_amiss && is_amiss(o, line->begin, at);
			line++;
			line->begin = (uint16_t)(at + 1);
			line->ends = (uint16_t)ends_before(o, window, bits);
		}
	}
	l->n = (size_t)(line - l->at);
}

/* Whether the whole text is outlined, and nothing is amiss. */
RT_LOOK bool outline(struct outline *o, const struct ways *ways)
{
	size_t rest = o->n % 64, n;

	memset(o->last, ' ', sizeof(o->last));
	memcpy(o->last, o->text + o->n - rest, rest);
	memset(o->amiss, 0, sizeof(o->amiss));
	o->any_amiss = o->veiled = false;
	n = find_all(o, ways);
	n = list_ends(o, n, ways);
	check_escapes(o, n);
	check_wide(o, n, ways);
	if (o->lines)
		take_lines(o, n, o->lines);
	return n == o->n && !o->open && !o->any_amiss;
}

static bool outline_sse2(struct outline *o)
{
	static const struct ways ways = { rt_look_sse2, rt_look_wide_sse2, rt_toggle, rt_list };

	return outline(o, &ways);
}

RT_AVX2 static bool outline_avx2(struct outline *o)
{
	static const struct ways ways = { rt_look_avx2, rt_look_wide_avx2, rt_toggle_avx2,
					  rt_list_avx2 };

	return outline(o, &ways);
}

RT_AVX512 static bool outline_avx512(struct outline *o)
{
	static const struct ways ways = { rt_look_avx512, rt_look_wide_avx512, rt_toggle_avx2,
					  rt_list_avx512 };

	return outline(o, &ways);
}

static bool outline_with(struct outline *o, enum rt_simd simd)
{
	switch (simd) {
	case RT_SIMD_AVX512:
		return outline_avx512(o);
	case RT_SIMD_AVX2:
		return outline_avx2(o);
	default:
		return outline_sse2(o);
	}
}

void rt_scan_outline(struct rt_scan *s, const char *text, enum rt_simd simd)
{
	size_t n = (size_t)(s->end - text);
	struct outline o;

	if (simd == RT_SIMD_PORTABLE || n > RT_OUTLINE_MAX)
		return;
	o.text = text;
	o.n = n;
	o.ends = s->own_ends;
	o.ends_max = RT_ENDS_MAX;
	o.veils = s->own_veils;
	o.lines = NULL;
	s->outlined = outline_with(&o, simd);
	s->veiled = o.veiled;
	s->origin = text;
	s->ends = s->own_ends;
	s->veils = s->own_veils;
}

void rt_lines_outline(struct rt_lines *l, struct rt_str text)
{
	struct outline o;

	rt_lines_init(l, l->simd);
	if (l->simd == RT_SIMD_PORTABLE)
		return;
	o.text = l->text = text.p;
	l->limit = text.p + text.n;
	o.n = text.n < RT_LINES_BYTES ? text.n : RT_LINES_BYTES;
	o.ends = l->ends;
	o.ends_max = RT_LINES_BYTES / 2;
	o.veils = l->veils;
	o.lines = l;
	outline_with(&o, l->simd);
	l->veiled = o.veiled;
}
#else
void rt_scan_outline(struct rt_scan *s, const char *text, enum rt_simd simd)
{
	(void)s;
	(void)text;
	(void)simd;
}

void rt_lines_outline(struct rt_lines *l, struct rt_str text)
{
	(void)text;
	rt_lines_init(l, l->simd);
}
#endif
