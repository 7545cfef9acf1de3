/* lib/id: names that become paths. */
#include "id.h"
#include "tap.h"

static void test_make(struct tap *t)
{
	char a[37], b[37];

	rt_id_make(a);
	rt_id_make(b);
	ok(t, strlen(a) == 36 && strspn(a, "0123456789abcdef-") == 36, "a UUID in lower case");
	ok(t, a[14] == '4' && strchr("89ab", a[19]), "of version 4");
	ok(t, strcmp(a, b) != 0, "another one each time");
	ok(t, rt_id_valid(rt_str(a)), "which is a valid id");
}

static void test_valid(struct tap *t)
{
	static const char *const good[] = { "a", "7", "A.b_c-D9", "a..b", "5e55-ion" };
	static const char *const bad[] = {
		"",     ".",   "..",   ".a",       "-a",   "_a",  "a/b",
		"../a", "a b", "a\nb", "\xc3\xa9", "a\\b", "a:b",
	};
	char name[RT_ID_MAX + 2];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(t, rt_id_valid(rt_str(good[i])), "valid: %s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(t, !rt_id_valid(rt_str(bad[i])), "not valid, case %zu", i);
	memset(name, 'x', sizeof(name));
	name[RT_ID_MAX] = '\0';
	ok(t, rt_id_valid(rt_str(name)), "128 characters");
	ok(t, !rt_id_valid((struct rt_str){ name, RT_ID_MAX + 1 }), "not 129");
}

static void test_check(struct tap *t)
{
	struct rt_err err = RT_ERR_INIT;
	char name[301];

	ok(t, rt_id_check("run id", "nightly-7", &err) == 0, "a good id");
	ok(t, rt_id_check("run id", "../x", &err) == -1 && err.kind == RT_ERR_USAGE, "a bad one");
	is_text(t, err.msg,
		"bad run id \"../x\": use letters, digits, \".\", \"_\" and \"-\", "
		"with a letter or digit first",
		"its message");
	rt_id_check("group", "", &err);
	is_text(t, err.msg, "the group is empty", "an empty one");
	ok(t, rt_id_check("group", "Index.MD", &err) == -1, "a name of the runs folder");
	is_text(t, err.msg, "bad group \"Index.MD\": rt uses that name itself", "its message");
	memset(name, 'x', 300);
	name[300] = '\0';
	ok(t, rt_id_check("run id", name, &err) == -1, "300 characters");
	is_text(t, err.msg,
		"bad run id \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\": "
		"300 characters, at most 128 are allowed",
		"its message");
}

static void test_key(struct tap *t)
{
	static const char *const bad[] = { "",     "/",    "a/",   "/a", "a/b/c",
					   "../a", "a/..", "a//b", ".a" };
	struct rt_err err = RT_ERR_INIT;
	size_t i;

	ok(t, rt_key_check("report.html", &err) == 0, "a key");
	ok(t, rt_key_check("step_001/report.html", &err) == 0, "a key of two names");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(t, rt_key_check(bad[i], &err) == -1 && err.kind == RT_ERR_USAGE,
		   "no key: \"%s\"", bad[i]);
}

int main(void)
{
	struct tap t = { 0 };

	test_make(&t);
	test_valid(&t);
	test_check(&t);
	test_key(&t);
	return tap_done(&t);
}
