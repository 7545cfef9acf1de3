/*
 * Growable bytes, and views into bytes that somebody else owns.
 *
 * A buffer is always followed by a NUL. When memory runs out it keeps what it
 * had, drops what was added and remembers that in `failed`: writers check once,
 * before they use what they built, instead of after each addition.
 */
#ifndef RT_BUF_H
#define RT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view: n bytes at p, not followed by a NUL, owned by somebody else. */
struct rt_str {
	const char *p;
	size_t n;
};

static inline struct rt_str rt_str(const char *s)
{
	struct rt_str v = { s, s ? strlen(s) : 0 };
	return v;
}

/* memcmp(a, b, n) == 0, faster for the short names that keys and types are. */
static inline bool rt_same_bytes(const char *a, const char *b, size_t n)
{
	uint64_t a8, b8;
	uint32_t a4, b4;

	if (n > 16)
		return memcmp(a, b, n) == 0;
	if (n >= 8) {
		memcpy(&a8, a, 8);
		memcpy(&b8, b, 8);
		if (a8 != b8)
			return false;
		memcpy(&a8, a + n - 8, 8);
		memcpy(&b8, b + n - 8, 8);
		return a8 == b8;
	}
	if (n >= 4) {
		memcpy(&a4, a, 4);
		memcpy(&b4, b, 4);
		if (a4 != b4)
			return false;
		memcpy(&a4, a + n - 4, 4);
		memcpy(&b4, b + n - 4, 4);
		return a4 == b4;
	}
	while (n && a[n - 1] == b[n - 1])
		n--;
	return n == 0;
}

/* Eight bytes as a number, the first of them the lowest, whatever the machine. */
static inline uint64_t rt_load64(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* The same of four. */
static inline uint32_t rt_load32(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap32(w);
#endif
	return w;
}

/* Its first eight bytes as a number, zeros behind a shorter one. */
static inline uint64_t rt_str_head(struct rt_str s)
{
	uint64_t head = 0;

	if (s.n >= 8)
		return rt_load64(s.p);
	if (s.n >= 4) /* the bytes in the middle are in both */
		return rt_load32(s.p) | (uint64_t)rt_load32(s.p + s.n - 4) << (8 * (s.n - 4));
	for (size_t i = s.n; i-- > 0;)
		head = head << 8 | (unsigned char)s.p[i];
	return head;
}

static inline bool rt_str_eq(struct rt_str a, struct rt_str b)
{
	return a.n == b.n && rt_same_bytes(a.p, b.p, a.n);
}

static inline bool rt_str_is(struct rt_str a, const char *s)
{
	return rt_str_eq(a, rt_str(s));
}

/* As memcmp, the shorter one first where one begins with the other. */
static inline int rt_str_compare(struct rt_str a, struct rt_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* What stands before the first `stop`; all of it where there is none. *rest is behind it. */
struct rt_str rt_str_cut(struct rt_str *rest, const char *stop);

/* Without spaces and tabs at its ends. */
static inline struct rt_str rt_str_trim(struct rt_str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct rt_buf {
	char *s; /* never NULL once initialised; s[len] is NUL */
	size_t len;
	size_t cap;  /* bytes allocated, 0: s is a constant */
	bool failed; /* an addition was dropped for want of memory */
};

void rt_buf_init(struct rt_buf *b);
void rt_buf_release(struct rt_buf *b); /* the contents; b can be used again */
void rt_buf_clear(struct rt_buf *b);   /* empty, the memory stays */

/* Make room for n more bytes. False (and b->failed) when there is no memory. */
bool rt_buf_reserve(struct rt_buf *b, size_t n);

/* Make so many bytes the end of it and return where they are to be written; NULL as above. */
char *rt_buf_extend(struct rt_buf *b, size_t n);

/* The same without room for more to come: for a size that is known. */
bool rt_buf_reserve_exact(struct rt_buf *b, size_t n);

static inline void rt_buf_add(struct rt_buf *b, const void *data, size_t n)
{
	if (n == 0 || (b->len + n >= b->cap && !rt_buf_reserve(b, n)))
		return;
	memcpy(b->s + b->len, data, n);
	b->len += n;
	b->s[b->len] = '\0';
}

static inline void rt_buf_adds(struct rt_buf *b, const char *s)
{
	rt_buf_add(b, s, strlen(s));
}

static inline void rt_buf_addv(struct rt_buf *b, struct rt_str v)
{
	rt_buf_add(b, v.p, v.n);
}

static inline void rt_buf_addc(struct rt_buf *b, char c)
{
	rt_buf_add(b, &c, 1);
}

void rt_buf_addf(struct rt_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put `data` in place of the `del` bytes at `at`. */
void rt_buf_splice(struct rt_buf *b, size_t at, size_t del, const void *data, size_t n);

/* The bytes, now the caller's to free; NULL when an addition had failed. */
char *rt_buf_detach(struct rt_buf *b);

static inline struct rt_str rt_buf_view(const struct rt_buf *b)
{
	struct rt_str v = { b->s, b->len };
	return v;
}

#endif
