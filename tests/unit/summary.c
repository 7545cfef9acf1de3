/* lib/summary: likeness of messages, and text that is made inert and fits. */
#include "summary_model.h"
#include "text.h"
#include "tap.h"

#include <stdlib.h>

static void folds(struct tap *t, const char *text, const char *want)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_sum_fold(&b, rt_str(text), SUM_FOLD);
	is_text(t, b.s, want, want);
	rt_buf_release(&b);
}

static void test_fold(struct tap *t)
{
	folds(t, "step3 took 1.5s, 200 tokens", "step# took #s, # tokens");
	folds(t, "at 0x71eaac6ef290", "at #");
	folds(t, "run 7f3c9a10-1b2c-4d5e-8f90-0123456789ab ended", "run # ended");
	folds(t, "commit 3f786850e387550f", "commit #");
	folds(t, "deadbeef is a word, dead1beef is not", "deadbeef is a word, # is not");
	folds(t, "no such file 'a b.txt'", "no such file \"#\"");
	folds(t, "no such file \"c.txt\"", "no such file \"#\"");
	folds(t, "can't open, won't try", "can't open, won't try");
	folds(t, "two  spaces\nand\ta line", "two spaces and a line");
	folds(t, "10.0.0.1:8080", "#:#");
	folds(t, "café 7", "café #");
}

static void test_fold_limit(struct tap *t)
{
	struct rt_buf b, text;

	rt_buf_init(&b);
	rt_buf_init(&text);
	for (int i = 0; i < 100000; i++)
		rt_buf_addc(&text, 'x');
	rt_sum_fold(&b, rt_buf_view(&text), SUM_FOLD);
	ok(t, b.len >= SUM_FOLD && b.len < SUM_FOLD + 300, "long text is judged by its beginning");
	rt_buf_release(&b);
	rt_buf_release(&text);
}

static void wraps(struct tap *t, const char *name, const char *raw, int lines, const char *want)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_sum_wrap(&b, rt_str(raw), 2, lines);
	is_text(t, b.s, want, name);
	rt_buf_release(&b);
}

#define SIXTY "123456789 123456789 123456789 123456789 123456789 123456789 "
#define SEVENTY SIXTY "123456789 "
#define WIDE10 "中中中中中中中中中中"

static void test_wrap(struct tap *t)
{
	wraps(t, "a short line", "short", 1, "short\n");
	wraps(t, "controls", "a\033[31mb\nc\x7f\xff\tz", 1, "a^[[31mb\\nc^?\\xff z\n");
	wraps(t, "hidden characters", "right\xe2\x80\xae left \xc2\x9b", 1,
	      "right\\u202e left \\x9b\n");
	wraps(t, "80 columns", SEVENTY "123456789 ", 1, SEVENTY "123456789\n");
	wraps(t, "81 columns", SEVENTY "123456789 x", 1, SEVENTY "1234567...\n");
	wraps(t, "a break at a space", SEVENTY "12345678901 b", 2,
	      SIXTY "123456789\n  12345678901 b\n");
	wraps(t, "wide characters", WIDE10 WIDE10 WIDE10 WIDE10 "x", 2,
	      WIDE10 WIDE10 WIDE10 WIDE10 "\n  x\n");
}

static void test_index(struct tap *t)
{
	struct sum_index x = { .n = 0 };
	size_t value, wrong = 0;
	char key[16];

	for (size_t i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		wrong += !rt_sum_put(&x, rt_str(key), i);
	}
	for (size_t i = 0; i < 5000; i += 3) {
		snprintf(key, sizeof(key), "key %zu", i);
		rt_sum_drop(&x, rt_str(key));
	}
	for (size_t i = 0; i < 5000; i++) {
		bool found;

		snprintf(key, sizeof(key), "key %zu", i);
		found = rt_sum_find(&x, rt_str(key), &value);
		wrong += found != (i % 3 != 0) || (found && value != i);
	}
	ok(t, wrong == 0, "what is dropped from an index is gone, the others are found");
	rt_sum_index_release(&x);
}

static void test_size(struct tap *t)
{
	static const struct {
		int64_t n;
		const char *want;
	} sizes[] = {
		{ 0, "0 B" },          { 1023, "1023 B" },      { 1024, "1.0 KB" },
		{ 80589, "78.7 KB" },  { 1048575, "1.0 MB" },   { 44806, "43.8 KB" },
		{ 1048576, "1.0 MB" }, { INT64_MAX, "8.0 EB" },
	};
	char text[32];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		rt_bytes_format(text, sizes[i].n);
		is_text(t, text, sizes[i].want, sizes[i].want);
	}
}

int main(void)
{
	struct tap t = { 0, 0 };

	test_fold(&t);
	test_fold_limit(&t);
	test_wrap(&t);
	test_index(&t);
	test_size(&t);
	return tap_done(&t);
}
