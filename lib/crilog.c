/* Reading captured output. See crilog.h. */
#include "crilog.h"
#include "clock.h"

/* Cut the text before the next space off *rest. False when there is no space. */
static bool take_word(struct rt_str *rest, struct rt_str *word)
{
	const char *space = memchr(rest->p, ' ', rest->n);

	if (!space)
		return false;
	word->p = rest->p;
	word->n = (size_t)(space - rest->p);
	rest->p = space + 1;
	rest->n -= word->n + 1;
	return word->n > 0;
}

static bool take_stream(struct rt_str *rest, struct rt_cri *c)
{
	struct rt_str stream;

	if (!take_word(rest, &stream))
		return false;
	c->err = rt_str_is(stream, "stderr");
	return c->err || rt_str_is(stream, "stdout");
}

/*
 * The tags, of which only the first is defined ("P" or "F", ":" before more of
 * them). Of an empty line some writers leave out the space behind them.
 */
static bool take_tags(struct rt_str *rest, struct rt_cri *c)
{
	struct rt_str tags;

	if (!take_word(rest, &tags)) {
		tags = *rest;
		rest->p += rest->n;
		rest->n = 0;
	}
	c->partial = tags.n && tags.p[0] == 'P';
	return tags.n && (c->partial || tags.p[0] == 'F') && (tags.n == 1 || tags.p[1] == ':');
}

bool rt_cri_parse(struct rt_cri *c, struct rt_str line)
{
	struct rt_cri found;

	/* a time begins with a digit: what others put there is told apart at once */
	if (line.n == 0 || line.p[0] < '0' || line.p[0] > '9')
		return false;
	if (!take_word(&line, &found.ts) || !take_stream(&line, &found) ||
	    !take_tags(&line, &found))
		return false;
	found.text = line;
	*c = found;
	return true;
}

bool rt_cri_time(const struct rt_cri *c, int64_t *ns)
{
	return rt_clock_parse(c->ts, ns);
}
