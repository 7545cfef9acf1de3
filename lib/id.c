/* Names that become paths. See id.h. */
#include "id.h"

#include <strings.h>
#include <uuid/uuid.h>

void rt_id_make(char out[37])
{
	uuid_t id;

	uuid_generate_random(id);
	uuid_unparse_lower(id, out);
}

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool rt_id_valid(struct rt_str name)
{
	size_t i;

	if (name.n == 0 || name.n > RT_ID_MAX || !alnum(name.p[0]))
		return false;
	for (i = 1; i < name.n; i++)
		if (!alnum(name.p[i]) && name.p[i] != '.' && name.p[i] != '_' && name.p[i] != '-')
			return false;
	return true;
}

/* A folder of such a name would be taken for something of rt's own, on any file system. */
static bool reserved(const char *name)
{
	static const char *const names[] = {
		"INDEX.md",     "status.json", "events.jsonl",
		"archive.json", "run.tar.gz",  "run.tar.zst",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

int rt_id_check(const char *what, const char *name, struct rt_err *err)
{
	struct rt_str v = rt_str(name);

	if (v.n == 0)
		return rt_err_set(err, RT_ERR_USAGE, "the %s is empty", what);
	if (v.n > RT_ID_MAX)
		return rt_err_set(err, RT_ERR_USAGE,
				  "bad %s \"%.40s...\": %zu characters, at most %d are allowed",
				  what, name, v.n, RT_ID_MAX);
	if (!rt_id_valid(v))
		return rt_err_set(err, RT_ERR_USAGE,
				  "bad %s \"%s\": use letters, digits, \".\", \"_\" and \"-\", "
				  "with a letter or digit first",
				  what, name);
	if (reserved(name))
		return rt_err_set(err, RT_ERR_USAGE, "bad %s \"%s\": rt uses that name itself",
				  what, name);
	return 0;
}

int rt_key_check(const char *key, struct rt_err *err)
{
	const char *slash = strchr(key, '/');
	struct rt_str first = { key, slash ? (size_t)(slash - key) : strlen(key) };

	if (rt_id_valid(first) && (!slash || rt_id_valid(rt_str(slash + 1))))
		return 0;
	return rt_err_set(err, RT_ERR_USAGE,
			  "bad artifact key \"%.140s\": use one or two names with a \"/\" between "
			  "them, of letters, digits, \".\", \"_\" and \"-\", at most %d each",
			  key, RT_ID_MAX);
}
