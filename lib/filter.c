/*
 * Which events are meant: making conditions. See filter.h; whether an event
 * meets them is in filter_match.c. What can be worked out once is worked out
 * here: types become numbers, patterns are compiled, times are read.
 */
#include "filter_cond.h"
#include "clock.h"
#include "text.h"

#include <stdlib.h>

struct rt_filter *rt_filter_new(void)
{
	return calloc(1, sizeof(struct rt_filter));
}

static void cond_release(struct rt_cond *c)
{
	if (c->ere)
		rt_ere_release(c->ere);
	free(c->ere);
	if (c->utf8)
		freelocale(c->utf8);
	free(c->values);
	free(c->text);
}

void rt_filter_free(struct rt_filter *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->n; i++)
		cond_release(&f->conds[i]);
	free(f->conds);
	free(f);
}

bool rt_filter_empty(const struct rt_filter *f)
{
	return f->n == 0;
}

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

/* Begin a condition with its own copy of `text`; one that keep() does not take is released. */
static int cond_init(struct rt_cond *c, enum rt_cond_kind kind, const char *text,
		     struct rt_err *err)
{
	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->text = strdup(text);
	return c->text ? 0 : no_memory(err);
}

static int keep(struct rt_filter *f, struct rt_cond *c, struct rt_err *err)
{
	struct rt_cond *conds = realloc(f->conds, (f->n + 1) * sizeof(*conds));

	if (!conds) {
		cond_release(c);
		return no_memory(err);
	}
	f->conds = conds;
	f->conds[f->n++] = *c;
	return 0;
}

static int drop(struct rt_cond *c)
{
	cond_release(c);
	return -1;
}

static int add_value(struct rt_cond *c, struct rt_str text, struct rt_err *err)
{
	struct rt_cond_value *values = realloc(c->values, (c->n + 1) * sizeof(*values));
	struct rt_json json = rt_json_of(text, RT_JSON_TEXT);
	struct rt_cond_value *v;

	if (!values)
		return no_memory(err);
	c->values = values;
	v = &values[c->n++];
	v->text = text;
	v->is_number = rt_json_exact(&json, &v->number);
	v->type = rt_type_find(text);
	v->step = rt_step_number(text);
	return 0;
}

/* The values of "a,b"; empty ones are none. */
static int split(struct rt_cond *c, const char *what, struct rt_err *err)
{
	char *p = c->text;

	for (;;) {
		size_t n = strcspn(p, ",");

		if (n && add_value(c, (struct rt_str){ p, n }, err) < 0)
			return -1;
		if (!p[n])
			break;
		p += n + 1;
	}
	return c->n ? 0 : rt_err_set(err, RT_ERR_USAGE, "no %s is named in \"%s\"", what, c->text);
}

int rt_filter_field(struct rt_filter *f, enum rt_field field, const char *values,
		    struct rt_err *err)
{
	enum rt_cond_kind kind = field == RT_F_TYPE  ? RT_COND_TYPE :
				 field == RT_F_LEVEL ? RT_COND_LEVEL :
						       RT_COND_TEXT;
	struct rt_cond c;

	if (cond_init(&c, kind, values, err) < 0)
		return -1;
	c.field = field;
	rt_path_init(&c.path, rt_str(rt_field_name(field)));
	if (kind == RT_COND_LEVEL && !rt_level_find(rt_str(values), &c.level)) {
		rt_err_set(err, RT_ERR_USAGE,
			   "bad level \"%s\": use debug, info, warning, error or critical", values);
		return drop(&c);
	}
	if (kind != RT_COND_LEVEL && split(&c, rt_field_name(field), err) < 0)
		return drop(&c);
	return keep(f, &c, err);
}

int rt_filter_step(struct rt_filter *f, const char *values, struct rt_err *err)
{
	struct rt_cond c;

	if (cond_init(&c, RT_COND_STEP, values, err) < 0)
		return -1;
	if (split(&c, "step", err) < 0)
		return drop(&c);
	return keep(f, &c, err);
}

/*
 * A backslash before a letter that means something to Perl only (\d): libc takes
 * it for the letter, and nobody wants that. NULL: there is none.
 */
static const char *foreign_escape(const char *p)
{
	for (; *p; p++) {
		if (*p == '[') {
			p += p[1] == '^' ? 2 : 1;
			p = *p ? strchr(p + 1, ']') : NULL;
			if (!p)
				return NULL;
		} else if (*p == '\\' && p[1]) {
			if (((p[1] | 0x20) >= 'a' && (p[1] | 0x20) <= 'z') &&
			    !strchr("wWsSbB", p[1]))
				return p;
			p++;
		}
	}
	return NULL;
}

static int compile(struct rt_cond *c, const char *pattern, struct rt_err *err)
{
	const char *foreign = foreign_escape(pattern);
	struct rt_ere *ere;
	locale_t before;
	char why[128];
	int rc;

	if (foreign)
		return rt_err_set(err, RT_ERR_USAGE,
				  "bad regular expression \"%s\": extended ones have no \\%c%s",
				  pattern, foreign[1],
				  foreign[1] == 'd' ? "; [0-9] is a digit" : "");
	ere = malloc(sizeof(*ere));
	if (!ere)
		return no_memory(err);
	c->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	before = rt_use_locale(c->utf8);
	rc = rt_ere_init(ere, pattern, 0);
	rt_use_locale(before);
	if (rc == 0) {
		c->ere = ere;
		rt_literals_find(&c->literals, pattern);
		return 0;
	}
	regerror(rc, &ere->regex, why, sizeof(why));
	free(ere);
	return rt_err_set(err, RT_ERR_USAGE, "bad regular expression \"%s\": %s", pattern, why);
}

int rt_filter_grep(struct rt_filter *f, const char *pattern, bool fixed, struct rt_err *err)
{
	struct rt_cond c;

	if (cond_init(&c, fixed ? RT_COND_CONTAINS : RT_COND_REGEX, pattern, err) < 0)
		return -1;
	if (!fixed && compile(&c, pattern, err) < 0)
		return drop(&c);
	c.key = rt_str(c.text);
	rt_path_init(&c.path, rt_str(rt_field_name(RT_F_MESSAGE)));
	return keep(f, &c, err);
}

int rt_filter_time(struct rt_filter *f, int64_t since_ns, int64_t until_ns)
{
	struct rt_cond c = { .kind = RT_COND_TIME, .since_ns = since_ns, .until_ns = until_ns };

	return keep(f, &c, NULL);
}

static void want(const struct rt_cond *c, struct rt_wanted *w)
{
	switch (c->kind) {
	case RT_COND_TYPE:
		rt_wanted_add(w, RT_FIELDS_OF_TYPE);
		break;
	case RT_COND_LEVEL:
		rt_wanted_add(w, RT_FIELDS_OF_LEVEL);
		break;
	case RT_COND_STEP:
		rt_wanted_add(w, RT_FIELDS_OF_TYPE | RT_FIELD(RT_F_STEP) | RT_FIELD(RT_F_STEP_ID) |
					 RT_FIELD(RT_F_METADATA));
		break;
	case RT_COND_TIME:
		rt_wanted_add(w, RT_FIELD(RT_F_TS));
		break;
	default:
		rt_wanted_add_path(w, &c->path);
	}
}

void rt_filter_want(const struct rt_filter *f, struct rt_wanted *w)
{
	for (size_t i = 0; i < f->n; i++)
		want(&f->conds[i], w);
}

bool rt_filter_span(const struct rt_filter *f, int64_t *since_ns, int64_t *until_ns)
{
	*since_ns = INT64_MIN;
	*until_ns = INT64_MAX;
	for (size_t i = 0; i < f->n; i++) {
		const struct rt_cond *c = &f->conds[i];

		if (c->kind != RT_COND_TIME)
			continue;
		*since_ns = c->since_ns > *since_ns ? c->since_ns : *since_ns;
		*until_ns = c->until_ns < *until_ns ? c->until_ns : *until_ns;
	}
	return *since_ns > INT64_MIN || *until_ns < INT64_MAX;
}

/* The operator at p and its length; 0 when there is none. */
static size_t parse_op(const char *p, enum rt_cond_op *op)
{
	static const struct {
		char text[3];
		enum rt_cond_op op;
	} ops[] = {
		{ "==", RT_OP_EQ }, { "!=", RT_OP_NE }, { "<=", RT_OP_LE }, { ">=", RT_OP_GE },
		{ "=", RT_OP_EQ },  { "<", RT_OP_LT },  { ">", RT_OP_GT },  { "~", RT_OP_REGEX },
	};
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strncmp(p, ops[i].text, strlen(ops[i].text)) == 0) {
			*op = ops[i].op;
			return strlen(ops[i].text);
		}
	}
	return 0;
}

/* A value in double quotes is that text, and never a number. */
static char *unquote(char *value, bool *quoted)
{
	size_t n = strlen(value);

	*quoted = n >= 2 && value[0] == '"' && value[n - 1] == '"';
	if (!*quoted)
		return value;
	value[n - 1] = '\0';
	return value + 1;
}

/* Keys whose values have an order, or several names, of their own. */
static int parse_special(struct rt_cond *c, struct rt_err *err)
{
	struct rt_cond_value *v = &c->values[0];

	if (rt_str_is(c->key, "level"))
		c->has_level = rt_level_find(v->text, &c->level);
	if (rt_str_is(c->key, "type") && v->type != RT_T_OTHER)
		v->text = rt_str(rt_type_name(v->type));
	if (!rt_str_is(c->key, "ts"))
		return 0;
	c->has_time = true;
	return rt_clock_parse_user(v->text.p, rt_clock_now_ns(), &c->since_ns, err);
}

/* What is only ever a number would be compared as text with one that is none. */
static int check_number(const struct rt_cond *c, struct rt_err *err)
{
	const char *name;

	switch (c->path.field) {
	case RT_F_PERCENT:
	case RT_F_STEP:
	case RT_F_TOTAL_STEPS:
	case RT_F_ITERATION:
	case RT_F_MAX_ITERATIONS:
	case RT_F_DURATION_MS:
		break;
	default:
		return 0;
	}
	name = rt_field_name(c->path.field);
	if (!c->quoted && rt_json_is_number(c->values[0].text))
		return 0;
	return rt_err_set(err, RT_ERR_USAGE, "bad condition on %s: \"%.*s\" is no number%s", name,
			  (int)c->values[0].text.n, c->values[0].text.p,
			  c->path.field == RT_F_DURATION_MS ? " of milliseconds" : "");
}

static int parse_expr(struct rt_cond *c, struct rt_err *err)
{
	size_t at = strcspn(c->text, "=!<>~"), len = parse_op(c->text + at, &c->op);
	struct rt_str trimmed;
	char *value;

	c->key = rt_str_trim((struct rt_str){ c->text, at });
	if (len == 0 || c->key.n == 0)
		return rt_err_set(
			err, RT_ERR_USAGE,
			"bad condition \"%s\": use KEY OP VALUE with one of = != < <= > >= ~",
			c->text);
	rt_path_init(&c->path, c->key);
	trimmed = rt_str_trim(rt_str(c->text + at + len));
	value = c->text + (trimmed.p - c->text);
	value[trimmed.n] = '\0';
	value = unquote(value, &c->quoted);
	if (add_value(c, rt_str(value), err) < 0)
		return -1;
	if (c->op == RT_OP_REGEX)
		return compile(c, value, err);
	return check_number(c, err) < 0 ? -1 : parse_special(c, err);
}

int rt_filter_match_expr(struct rt_filter *f, const char *expr, struct rt_err *err)
{
	struct rt_cond c;

	if (cond_init(&c, RT_COND_COMPARE, expr, err) < 0)
		return -1;
	if (parse_expr(&c, err) < 0)
		return drop(&c);
	return keep(f, &c, err);
}
