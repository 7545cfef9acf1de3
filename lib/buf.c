/* Growable bytes. See buf.h. */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What an empty buffer shows; nothing is ever written to it. */
static const char nothing[1] = "";

void rt_buf_init(struct rt_buf *b)
{
	b->s = (char *)(uintptr_t)nothing;
	b->len = 0;
	b->cap = 0;
	b->failed = false;
}

void rt_buf_release(struct rt_buf *b)
{
	if (b->cap)
		free(b->s);
	rt_buf_init(b);
}

void rt_buf_clear(struct rt_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->cap)
		b->s[0] = '\0';
}

static bool resize(struct rt_buf *b, size_t cap)
{
	char *s = realloc(b->cap ? b->s : NULL, cap);

	if (!s) {
		b->failed = true;
		return false;
	}
	s[b->len] = '\0';
	b->s = s;
	b->cap = cap;
	return true;
}

char *rt_buf_extend(struct rt_buf *b, size_t n)
{
	char *p;

	if (!rt_buf_reserve(b, n))
		return NULL;
	p = b->s + b->len;
	b->len += n;
	b->s[b->len] = '\0';
	return p;
}

bool rt_buf_reserve_exact(struct rt_buf *b, size_t n)
{
	size_t need = b->len + n + 1;

	if (need <= n) {
		b->failed = true;
		return false;
	}
	return need <= b->cap || resize(b, need);
}

bool rt_buf_reserve(struct rt_buf *b, size_t n)
{
	size_t need = b->len + n + 1, cap = b->cap ? b->cap : 256;

	if (need <= b->cap)
		return true;
	while (cap < need && cap <= SIZE_MAX / 2)
		cap *= 2;
	return rt_buf_reserve_exact(b, (cap > need ? cap : need) - b->len - 1);
}

void rt_buf_addf(struct rt_buf *b, const char *fmt, ...)
{
	size_t room = b->cap ? b->cap - b->len : 0;
	va_list ap;
	int n;

	/* mostly there is room */
	va_start(ap, fmt);
	n = vsnprintf(room ? b->s + b->len : NULL, room, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < room) {
		b->len += (size_t)n;
		return;
	}
	if (room)
		b->s[b->len] = '\0';
	if (n < 0 || !rt_buf_reserve(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void rt_buf_splice(struct rt_buf *b, size_t at, size_t del, const void *data, size_t n)
{
	if (n > del && !rt_buf_reserve(b, n - del))
		return;
	if (n == 0 && del == 0)
		return;
	memmove(b->s + at + n, b->s + at + del, b->len - at - del);
	if (n)
		memcpy(b->s + at, data, n);
	b->len = b->len - del + n;
	b->s[b->len] = '\0';
}

char *rt_buf_detach(struct rt_buf *b)
{
	char *s;

	if (b->failed || !rt_buf_reserve(b, 0)) {
		rt_buf_release(b);
		return NULL;
	}
	s = b->s;
	rt_buf_init(b);
	return s;
}

struct rt_str rt_str_cut(struct rt_str *rest, const char *stop)
{
	size_t n = strlen(stop);
	const char *hit = rest->n ? memmem(rest->p, rest->n, stop, n) : NULL;
	struct rt_str part = { rest->p, hit ? (size_t)(hit - rest->p) : rest->n };

	n = hit ? part.n + n : part.n;
	rest->p += n;
	rest->n -= n;
	return part;
}
