/* Matching for a search. See pattern.h. */
#include "pattern.h"
#include "die.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool has_capital(const char *text)
{
	while (*text && !isupper((unsigned char)*text))
		text++;
	return *text;
}

/* Letters that are not ASCII have their two cases by the locale, which regexec(3) knows. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80 || strchr("\\^$.[]|()*+?{}", *text))
			return false;
	return true;
}

bool pattern_init(struct pattern *p, const char *text, char *why, size_t n)
{
	bool any_case = !has_capital(text);
	int bad = rt_ere_init(&p->ere, text, any_case ? REG_ICASE : 0);

	if (bad) {
		regerror(bad, &p->ere.regex, why, n);
		return false;
	}
	p->any_case = any_case;
	p->plain = is_plain(text) ? xstrdup(text) : NULL;
	return true;
}

void pattern_release(struct pattern *p)
{
	rt_ere_release(&p->ere);
	free(p->plain);
}

bool pattern_matches(const struct pattern *p, const char *text)
{
	struct rt_buf scratch;
	bool matches;

	if (p->plain)
		return p->any_case ? strcasestr(text, p->plain) : strstr(text, p->plain);
	rt_buf_init(&scratch);
	matches = rt_ere_in(&p->ere, rt_str(text), &scratch);
	rt_buf_release(&scratch);
	return matches;
}
