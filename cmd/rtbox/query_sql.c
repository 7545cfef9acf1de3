/* rt-query --sql: which of its options go with a statement. The answer is the helper's, rt-sql. */
#include "query.h"
#include "die.h"
#include "helper.h"

#include <string.h>

char **query_copy_words(int argc, char **argv)
{
	char **words = xcalloc((size_t)argc + 1, sizeof(*words));

	memcpy(words, argv, (size_t)argc * sizeof(*words));
	return words;
}

void query_sql(const struct query_opts *o, bool no_filter, char **words)
{
	/* the statement says which events, and in what form */
	const struct {
		const char *name, *instead;
		bool given;
	} others[] = {
		{ "-n", "LIMIT", o->n != QUERY_ALL },
		{ "-c", "count(*)", o->count },
		{ "--agg", "sum(), avg() and so on", o->agg != NULL },
		{ "--by", "GROUP BY", o->by != NULL },
		{ "--bucket", "GROUP BY", o->bucket_ns >= 0 },
		{ "--sort", "ORDER BY", o->sort != NULL },
		{ "-j", NULL, o->jobs > 0 },
		{ "--normalize", NULL, o->normalize },
		{ "--check", NULL, o->check },
		{ "a filter (--type, -g, --since ...)", "WHERE", !no_filter },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].given)
			die_usage("%s has no meaning with %s%s%s", others[i].name,
				  o->sql ? "--sql" : "--schema", others[i].instead ? ": use " : "",
				  others[i].instead ? others[i].instead : "");
	helper_exec(helper_of("sql"), words);
}
