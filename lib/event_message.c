/* Default messages of known types, and what --strict wants of an event. */
#include "event.h"
#include "event_names.h"

/*
 * The next piece of a template: text, {field}, or either in [...] brackets,
 * which go together. Returns what follows it, NULL at the end.
 */
struct piece {
	struct rt_str text;  /* what stands before the field */
	struct rt_str field; /* its name; empty: none */
	struct rt_str after; /* what stands behind it, in brackets */
	bool optional;
};

static const char *until(const char *s, const char *stops)
{
	return s + strcspn(s, stops);
}

static struct rt_str between(const char *from, const char *to)
{
	return (struct rt_str){ from, (size_t)(to - from) };
}

static const char *next_piece(const char *t, struct piece *p)
{
	const char *end;

	if (!*t)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->optional = *t == '[';
	t += p->optional;
	end = until(t, p->optional ? "{]" : "{[");
	p->text = between(t, end);
	if (*end == '{') {
		t = end + 1;
		end = until(t, "}");
		p->field = between(t, end);
		end++;
	}
	if (p->optional) {
		t = end;
		end = until(t, "]");
		p->after = between(t, end);
		end++;
	}
	return end;
}

static bool piece_field(const struct rt_event *ev, const struct piece *p, struct rt_buf *out)
{
	enum rt_field f;
	struct rt_json v;

	if (!p->field.n || !rt_field_find(p->field, &f) || !rt_event_get(ev, f, &v))
		return false;
	rt_event_text(ev, f, out);
	return true;
}

void rt_event_default_message(const struct rt_event *ev, struct rt_buf *out)
{
	const char *t = rt_type_template(ev->type);
	size_t start = out->len;
	struct piece p;
	struct rt_buf value;

	rt_buf_init(&value);
	while ((t = next_piece(t, &p))) {
		bool there;

		rt_buf_clear(&value);
		there = piece_field(ev, &p, &value);
		if (p.optional && !there)
			continue;
		rt_buf_addv(out, p.text);
		rt_buf_addv(out, rt_buf_view(&value));
		rt_buf_addv(out, p.after);
		/* A field that should be there and is not leaves no double space. */
		if (p.field.n && !there && out->len > start && out->s[out->len - 1] == ' ')
			out->len--;
	}
	rt_buf_release(&value);
	if (out->len == start)
		rt_event_text(ev, RT_F_TYPE, out);
}

int rt_event_check_strict(const struct rt_event *ev, struct rt_err *err)
{
	const char *t = rt_type_template(ev->type);
	struct rt_buf name;
	struct rt_json v;
	struct piece p;
	enum rt_field f;

	if (ev->type == RT_T_OTHER) {
		rt_buf_init(&name);
		rt_event_text(ev, RT_F_TYPE, &name);
		rt_err_set(err, RT_ERR_FAILURE,
			   "unknown event type \"%s\" (rt-event(5) lists them)", name.s);
		rt_buf_release(&name);
		return -1;
	}
	while ((t = next_piece(t, &p))) {
		if (p.optional || !p.field.n || !rt_field_find(p.field, &f) ||
		    rt_event_get(ev, f, &v))
			continue;
		return rt_err_set(err, RT_ERR_FAILURE, "an event of type \"%s\" needs \"%s\"",
				  rt_type_name(ev->type), rt_field_name(f));
	}
	if (!*rt_type_template(ev->type) && !rt_event_has(ev, RT_F_MESSAGE))
		return rt_err_set(err, RT_ERR_FAILURE, "an event of type \"%s\" needs \"message\"",
				  rt_type_name(ev->type));
	return 0;
}
