/*
 * Which events are meant. See filter.h.
 *
 * A filter is a list of conditions. What can be worked out once is, when a
 * condition is added: types become numbers, regular expressions are compiled,
 * times are read; matching allocates nothing beyond the caller's scratch.
 */
#include "filter.h"
#include "clock.h"

#include <regex.h>
#include <stdlib.h>

enum kind {
	KIND_TYPE,
	KIND_LEVEL,
	KIND_TEXT, /* a field is one of the values */
	KIND_STEP,
	KIND_CONTAINS,
	KIND_REGEX,
	KIND_TIME,
	KIND_COMPARE,
};

enum op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_REGEX };

/* One of the values that a condition allows. */
struct value {
	struct rt_str text;
	struct rt_json json; /* the same, so that it can be compared as a number */
	enum rt_type type;
	int64_t step; /* -1: no number */
};

struct cond {
	enum kind kind;
	enum rt_field field;
	char *text; /* what the views point into */
	struct value *values;
	size_t n;
	enum rt_level level;
	int64_t since_ns, until_ns;
	struct rt_str key; /* KIND_COMPARE */
	enum op op;
	regex_t *regex; /* compiled, or NULL */
	bool quoted, has_time, has_level;
};

struct rt_filter {
	struct cond *conds;
	size_t n;
};

struct rt_filter *rt_filter_new(void)
{
	return calloc(1, sizeof(struct rt_filter));
}

static void cond_release(struct cond *c)
{
	if (c->regex)
		regfree(c->regex);
	free(c->regex);
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
static int cond_init(struct cond *c, enum kind kind, const char *text, struct rt_err *err)
{
	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->text = strdup(text);
	return c->text ? 0 : no_memory(err);
}

static int keep(struct rt_filter *f, struct cond *c, struct rt_err *err)
{
	struct cond *conds = realloc(f->conds, (f->n + 1) * sizeof(*conds));

	if (!conds) {
		cond_release(c);
		return no_memory(err);
	}
	f->conds = conds;
	f->conds[f->n++] = *c;
	return 0;
}

static int drop(struct cond *c)
{
	cond_release(c);
	return -1;
}

/* The N of "N" or "step_00N", or -1. */
static int64_t step_number(struct rt_str s)
{
	int64_t n = 0;
	size_t i = s.n > 5 && memcmp(s.p, "step_", 5) == 0 ? 5 : 0;

	if (i == s.n || s.n - i > 18)
		return -1;
	for (; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		n = n * 10 + (s.p[i] - '0');
	}
	return n;
}

static int add_value(struct cond *c, struct rt_str text, struct rt_err *err)
{
	struct value *values = realloc(c->values, (c->n + 1) * sizeof(*values));
	struct value *v;

	if (!values)
		return no_memory(err);
	c->values = values;
	v = &values[c->n++];
	v->text = text;
	v->json = (struct rt_json){ text, RT_JSON_TEXT, false };
	v->type = rt_type_find(text);
	v->step = step_number(text);
	return 0;
}

/* The values of "a,b"; empty ones are none. */
static int split(struct cond *c, const char *what, struct rt_err *err)
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
	enum kind kind = field == RT_F_TYPE  ? KIND_TYPE :
			 field == RT_F_LEVEL ? KIND_LEVEL :
					       KIND_TEXT;
	struct cond c;

	if (cond_init(&c, kind, values, err) < 0)
		return -1;
	c.field = field;
	if (kind == KIND_LEVEL && !rt_level_find(rt_str(values), &c.level)) {
		rt_err_set(err, RT_ERR_USAGE,
			   "bad level \"%s\": use debug, info, warning, error or critical", values);
		return drop(&c);
	}
	if (kind != KIND_LEVEL && split(&c, rt_field_name(field), err) < 0)
		return drop(&c);
	return keep(f, &c, err);
}

int rt_filter_step(struct rt_filter *f, const char *values, struct rt_err *err)
{
	struct cond c;

	if (cond_init(&c, KIND_STEP, values, err) < 0)
		return -1;
	if (split(&c, "step", err) < 0)
		return drop(&c);
	return keep(f, &c, err);
}

static int compile(struct cond *c, const char *pattern, struct rt_err *err)
{
	regex_t *regex = malloc(sizeof(*regex));
	char why[128];
	int rc;

	if (!regex)
		return no_memory(err);
	rc = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (rc == 0) {
		c->regex = regex;
		return 0;
	}
	regerror(rc, regex, why, sizeof(why));
	free(regex);
	return rt_err_set(err, RT_ERR_USAGE, "bad regular expression \"%s\": %s", pattern, why);
}

int rt_filter_grep(struct rt_filter *f, const char *pattern, bool fixed, struct rt_err *err)
{
	struct cond c;

	if (cond_init(&c, fixed ? KIND_CONTAINS : KIND_REGEX, pattern, err) < 0)
		return -1;
	if (!fixed && compile(&c, pattern, err) < 0)
		return drop(&c);
	c.key = rt_str(c.text);
	return keep(f, &c, err);
}

int rt_filter_time(struct rt_filter *f, int64_t since_ns, int64_t until_ns)
{
	struct cond c = { .kind = KIND_TIME, .since_ns = since_ns, .until_ns = until_ns };

	return keep(f, &c, NULL);
}

static struct rt_str trim(struct rt_str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* The operator at p and its length; 0 when there is none. */
static size_t parse_op(const char *p, enum op *op)
{
	static const struct {
		char text[3];
		enum op op;
	} ops[] = {
		{ "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE },
		{ "=", OP_EQ },  { "<", OP_LT },  { ">", OP_GT },  { "~", OP_REGEX },
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
static int parse_special(struct cond *c, struct rt_err *err)
{
	struct value *v = &c->values[0];

	if (rt_str_is(c->key, "level"))
		c->has_level = rt_level_find(v->text, &c->level);
	if (rt_str_is(c->key, "type") && v->type != RT_T_OTHER)
		v->text = rt_str(rt_type_name(v->type));
	if (!rt_str_is(c->key, "ts"))
		return 0;
	c->has_time = true;
	return rt_clock_parse_user(v->text.p, rt_clock_now_ns(), &c->since_ns, err);
}

static int parse_expr(struct cond *c, struct rt_err *err)
{
	size_t at = strcspn(c->text, "=!<>~"), len = parse_op(c->text + at, &c->op);
	struct rt_str trimmed;
	char *value;

	c->key = trim((struct rt_str){ c->text, at });
	if (len == 0 || c->key.n == 0)
		return rt_err_set(
			err, RT_ERR_USAGE,
			"bad condition \"%s\": use KEY OP VALUE with one of = != < <= > >= ~",
			c->text);
	trimmed = trim(rt_str(c->text + at + len));
	value = c->text + (trimmed.p - c->text);
	value[trimmed.n] = '\0';
	value = unquote(value, &c->quoted);
	if (add_value(c, rt_str(value), err) < 0)
		return -1;
	return c->op == OP_REGEX ? compile(c, value, err) : parse_special(c, err);
}

int rt_filter_match_expr(struct rt_filter *f, const char *expr, struct rt_err *err)
{
	struct cond c;

	if (cond_init(&c, KIND_COMPARE, expr, err) < 0)
		return -1;
	if (parse_expr(&c, err) < 0)
		return drop(&c);
	return keep(f, &c, err);
}

/* A scalar's text, in place where it has no escapes. */
static struct rt_str text_of(const struct rt_json *v, struct rt_buf *scratch)
{
	if (!v->escaped)
		return v->text;
	rt_buf_clear(scratch);
	rt_json_text(v, scratch);
	return rt_buf_view(scratch);
}

static bool one_of(const struct cond *c, struct rt_str text)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (rt_str_eq(c->values[i].text, text))
			return true;
	return false;
}

static bool type_holds(const struct cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	size_t i;

	if (ev->type == RT_T_OTHER) {
		rt_event_text(ev, RT_F_TYPE, scratch);
		return one_of(c, rt_buf_view(scratch));
	}
	for (i = 0; i < c->n; i++)
		if (c->values[i].type == ev->type)
			return true;
	return false;
}

static bool text_holds(const struct cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_json v;

	if (c->field == RT_F_TS || c->field == RT_F_MESSAGE || c->field == RT_F_DURATION_MS)
		return rt_event_text(ev, c->field, scratch) && one_of(c, rt_buf_view(scratch));
	return rt_event_get(ev, c->field, &v) && one_of(c, text_of(&v, scratch));
}

static bool step_number_holds(const struct cond *c, int64_t number)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (number >= 0 && c->values[i].step == number)
			return true;
	return false;
}

/* The name of a step: in metadata, or what others write as "step". */
static bool step_name(const struct rt_event *ev, struct rt_json *v)
{
	bool own = ev->type >= RT_T_STEP_STARTED && ev->type <= RT_T_STEP_SKIPPED;
	struct rt_json metadata;

	if (rt_event_get(ev, RT_F_METADATA, &metadata) &&
	    (rt_scan_find(metadata.text, rt_str("step_name"), v) ||
	     (own && rt_scan_find(metadata.text, rt_str("name"), v))))
		return true;
	return ev->line.n && rt_scan_find(ev->line, rt_str("step"), v);
}

static bool step_holds(const struct cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_json v;
	struct rt_str text;
	int64_t number;

	if (rt_event_get(ev, RT_F_STEP, &v) && rt_json_int(&v, &number) &&
	    step_number_holds(c, number))
		return true;
	if (rt_event_get(ev, RT_F_STEP_ID, &v)) {
		text = text_of(&v, scratch);
		if (one_of(c, text) || step_number_holds(c, step_number(text)))
			return true;
	}
	return step_name(ev, &v) && one_of(c, text_of(&v, scratch));
}

static bool regex_holds(const struct cond *c, struct rt_str text, struct rt_buf *scratch)
{
#ifdef REG_STARTEND
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)text.n };

	(void)scratch;
	return regexec(c->regex, text.n ? text.p : "", 0, &range, REG_STARTEND) == 0;
#else
	/* a NUL in the text ends it here */
	if (text.p != scratch->s) {
		rt_buf_clear(scratch);
		rt_buf_addv(scratch, text);
	}
	return regexec(c->regex, scratch->s, 0, NULL, 0) == 0;
#endif
}

static bool grep_holds(const struct cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_str text;
	struct rt_json v;

	if (rt_event_get(ev, RT_F_MESSAGE, &v)) {
		text = text_of(&v, scratch);
	} else {
		rt_event_text(ev, RT_F_MESSAGE, scratch);
		text = rt_buf_view(scratch);
	}
	if (c->kind == KIND_REGEX)
		return regex_holds(c, text, scratch);
	return memmem(text.p, text.n, c->key.p, c->key.n) != NULL;
}

static bool time_holds(const struct cond *c, const struct rt_event *ev)
{
	int64_t ns;

	return rt_event_time(ev, &ns) && ns >= c->since_ns && ns < c->until_ns;
}

/* Less than 0, 0, more than 0. */
static int compare_text(struct rt_str a, struct rt_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_value(const struct cond *c, const struct rt_json *v, struct rt_buf *scratch)
{
	const struct value *wanted = &c->values[0];
	int64_t i, j;
	double x, y;

	if (!c->quoted) {
		/* integers exactly: a double has no room for 2^53 + 1 */
		if (rt_json_int(v, &i) && rt_json_int(&wanted->json, &j))
			return (i > j) - (i < j);
		if (rt_json_number(v, &x) && rt_json_number(&wanted->json, &y))
			return (x > y) - (x < y);
	}
	return compare_text(text_of(v, scratch), wanted->text);
}

static bool op_holds(enum op op, int order)
{
	switch (op) {
	case OP_EQ:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	case OP_GE:
		return order >= 0;
	case OP_REGEX:
		break;
	}
	return false;
}

static bool compare_holds(const struct cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_json v;
	int64_t ns;

	if (c->has_time)
		return rt_event_time(ev, &ns) ?
			       op_holds(c->op, (ns > c->since_ns) - (ns < c->since_ns)) :
			       c->op == OP_NE;
	if (c->has_level)
		return op_holds(c->op, (int)ev->level - (int)c->level);
	if (!rt_event_lookup(ev, c->key, scratch, &v))
		return c->op == OP_NE;
	if (c->op == OP_REGEX)
		return regex_holds(c, text_of(&v, scratch), scratch);
	return op_holds(c->op, compare_value(c, &v, scratch));
}

static bool cond_holds(const struct cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	rt_buf_clear(scratch);
	switch (c->kind) {
	case KIND_TYPE:
		return type_holds(c, ev, scratch);
	case KIND_LEVEL:
		return ev->level >= c->level;
	case KIND_TEXT:
		return text_holds(c, ev, scratch);
	case KIND_STEP:
		return step_holds(c, ev, scratch);
	case KIND_CONTAINS:
	case KIND_REGEX:
		return grep_holds(c, ev, scratch);
	case KIND_TIME:
		return time_holds(c, ev);
	case KIND_COMPARE:
		return compare_holds(c, ev, scratch);
	}
	return false;
}

bool rt_filter_match(const struct rt_filter *f, const struct rt_event *ev, struct rt_buf *scratch)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (!cond_holds(&f->conds[i], ev, scratch))
			return false;
	return true;
}
