/* The fields of an event that are to be shown. See project.h. */
#include "project.h"
#include "die.h"
#include "text.h"

#include <stdlib.h>

void projection_init(struct projection *p)
{
	p->paths = NULL;
	p->n = 0;
	rt_buf_init(&p->scratch);
}

void projection_release(struct projection *p)
{
	free(p->paths);
	rt_buf_release(&p->scratch);
}

static void add_path(struct projection *p, const char *s, size_t n)
{
	p->paths = xrealloc(p->paths, (p->n + 1) * sizeof(*p->paths));
	rt_path_init(&p->paths[p->n++], (struct rt_str){ s, n });
}

void projection_add_format(struct projection *p, const char *format)
{
	while ((format = strchr(format, '{')) != NULL) {
		size_t n = strcspn(++format, "{}");

		if (n && format[n] == '}')
			add_path(p, format, n);
		format += n + (format[n] != '\0');
	}
}

void projection_add_columns(struct projection *p, const char *columns)
{
	while (*columns) {
		size_t n = strcspn(columns, ",");
		const char *eq = memchr(columns, '=', n);

		add_path(p, columns, eq ? (size_t)(eq - columns) : n);
		columns += n + (columns[n] == ',');
	}
}

static void add_value(struct rt_buf *json, const struct rt_json *v)
{
	if (v->type == RT_JSON_TEXT) {
		rt_json_quote(json, v->text);
	} else if (v->type == RT_JSON_STRING) {
		rt_buf_addc(json, '"');
		rt_buf_addv(json, v->text);
		rt_buf_addc(json, '"');
	} else {
		rt_buf_addv(json, v->text);
	}
}

void projection_write(struct projection *p, const struct rt_event *ev, const char *run_id,
		      struct rt_buf *json)
{
	const char *sep = "{";

	for (size_t i = 0; i < p->n; i++) {
		struct rt_json v = { .type = RT_JSON_NONE };

		rt_buf_clear(&p->scratch);
		if (!rt_event_at(ev, &p->paths[i], &p->scratch, &v)) {
			if (!run_id || p->paths[i].field != RT_F_RUN_ID)
				continue;
			v = rt_json_of(rt_str(run_id), RT_JSON_TEXT);
		}
		rt_buf_adds(json, sep);
		rt_json_quote(json, p->paths[i].text);
		rt_buf_addc(json, ':');
		add_value(json, &v);
		sep = ",";
	}
	rt_buf_adds(json, *sep == '{' ? "{}" : "}");
}

void project_across(const struct rt_event *ev, const char *run_id, struct rt_buf *scratch,
		    struct rt_buf *json)
{
	struct rt_str rest = ev->line;

	rt_buf_clear(scratch);
	if (rt_event_text(ev, RT_F_RUN_ID, scratch)) /* by another name, perhaps */
		run_id = scratch->s;
	if (!run_id || (rt_event_has(ev, RT_F_RUN_ID) && (ev->have[RT_F_RUN_ID] & 1))) {
		rt_buf_addv(json, rest);
		return;
	}
	while (*rest.p++ != '{')
		rest.n--;
	rest.n--;
	rt_buf_adds(json, "{\"run_id\":");
	rt_json_quote(json, rt_str(run_id));
	if (rest.p[strspn(rest.p, " \t\r\n")] != '}')
		rt_buf_addc(json, ',');
	rt_buf_addv(json, rest);
}
