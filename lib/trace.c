/* W3C trace context: one header, checked to the last digit. See trace.h. */
#include "trace.h"
#include "fdio.h"
#include "scan.h"

#include <stdio.h>

#define METADATA_MAX (1u << 20)

/* So many lower-case hexadecimal digits, not all of them 0. */
static bool is_id(const char *p, size_t n)
{
	size_t zeros = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(p[i] >= '0' && p[i] <= '9') && !(p[i] >= 'a' && p[i] <= 'f'))
			return false;
		zeros += p[i] == '0';
	}
	return zeros < n;
}

static bool is_hex(const char *p)
{
	return is_id(p, 2) || memcmp(p, "00", 2) == 0;
}

static void copy_id(char *to, const char *p, size_t n)
{
	memcpy(to, p, n);
	to[n] = '\0';
}

bool rt_trace_parse(struct rt_trace *t, struct rt_str text)
{
	const char *p = text.p;

	if (text.n < RT_TRACEPARENT_LEN || p[2] != '-' || p[35] != '-' || p[52] != '-' ||
	    !is_hex(p) || memcmp(p, "ff", 2) == 0 || !is_id(p + 3, 32) || !is_id(p + 36, 16) ||
	    !is_hex(p + 53))
		return false;
	if (text.n > RT_TRACEPARENT_LEN && (memcmp(p, "00", 2) == 0 || p[55] != '-'))
		return false;
	copy_id(t->trace_id, p + 3, 32);
	copy_id(t->span_id, p + 36, 16);
	copy_id(t->flags, p + 53, 2);
	t->parent_id[0] = '\0';
	return true;
}

/* The digits of a random UUID; the first one of its second half is 8, 9, a or b. */
static void make_digits(char out[32])
{
	char id[37];

	rt_id_make(id);
	for (const char *p = id; *p; p++) {
		if (*p != '-')
			*out++ = *p;
	}
}

void rt_trace_begin(struct rt_trace *t, const struct rt_trace *parent)
{
	struct rt_trace new = { .flags = "01" };
	char digits[32];

	if (parent) {
		new = *parent;
		copy_id(new.parent_id, parent->span_id, 16);
	} else {
		make_digits(digits);
		copy_id(new.trace_id, digits, 32);
	}
	make_digits(digits);
	copy_id(new.span_id, digits + 16, 16);
	*t = new;
}

void rt_trace_format(char out[RT_TRACEPARENT_LEN + 1], const struct rt_trace *t)
{
	snprintf(out, RT_TRACEPARENT_LEN + 1, "00-%s-%s-%s", t->trace_id, t->span_id, t->flags);
}

void rt_trace_write(const struct rt_trace *t, struct rt_buf *out)
{
	rt_buf_addf(out, ",\"trace_id\":\"%s\",\"span_id\":\"%s\"", t->trace_id, t->span_id);
	if (t->parent_id[0])
		rt_buf_addf(out, ",\"parent_span_id\":\"%s\"", t->parent_id);
	rt_buf_addf(out, ",\"trace_flags\":\"%s\"", t->flags);
}

/* A member that is an id of n digits. */
static bool find_id(struct rt_str object, const char *key, char *to, size_t n)
{
	struct rt_json v;

	if (!rt_scan_find(object, rt_str(key), &v) || v.type != RT_JSON_STRING || v.text.n != n ||
	    !is_id(v.text.p, n))
		return false;
	copy_id(to, v.text.p, n);
	return true;
}

bool rt_trace_find(struct rt_trace *t, struct rt_str metadata)
{
	struct rt_trace found = { .flags = "00" };

	if (!find_id(metadata, "trace_id", found.trace_id, 32) ||
	    !find_id(metadata, "span_id", found.span_id, 16))
		return false;
	find_id(metadata, "parent_span_id", found.parent_id, 16);
	find_id(metadata, "trace_flags", found.flags, 2);
	*t = found;
	return true;
}

bool rt_trace_load(struct rt_trace *t, const struct rt_rundir *d)
{
	struct rt_buf text;
	bool found;

	rt_buf_init(&text);
	found = rt_file_read(d->fd, RT_METADATA_FILE, &text, METADATA_MAX) == 0 &&
		rt_scan_valid(rt_buf_view(&text)) && rt_trace_find(t, rt_buf_view(&text));
	rt_buf_release(&text);
	return found;
}
