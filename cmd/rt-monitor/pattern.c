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
	int bad = regcomp(&p->re, text, REG_EXTENDED | REG_NOSUB | (any_case ? REG_ICASE : 0));

	if (bad) {
		regerror(bad, &p->re, why, n);
		return false;
	}
	p->any_case = any_case;
	p->plain = is_plain(text) ? xstrdup(text) : NULL;
	return true;
}

void pattern_release(struct pattern *p)
{
	regfree(&p->re);
	free(p->plain);
}

bool pattern_matches(const struct pattern *p, const char *text)
{
	if (p->plain)
		return p->any_case ? strcasestr(text, p->plain) : strstr(text, p->plain);
	return regexec(&p->re, text, 0, NULL, 0) == 0;
}
