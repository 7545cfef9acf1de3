/* Words in quotes for a shell. See shellword.h. */
#include "shellword.h"

#include <string.h>

void rt_shellword_add(struct rt_buf *out, struct rt_str word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";
	size_t safe = 0;

	while (safe < word.n && word.p[safe] && strchr(plain, word.p[safe]))
		safe++;
	if (word.n && safe == word.n) {
		rt_buf_addv(out, word);
		return;
	}
	rt_buf_addc(out, '\'');
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\'')
			rt_buf_adds(out, "'\\''");
		else
			rt_buf_addc(out, word.p[i]);
	}
	rt_buf_addc(out, '\'');
}

void rt_shellword_add_array(struct rt_buf *out, struct rt_str array)
{
	struct rt_member m;
	struct rt_scan scan;
	struct rt_buf word;

	rt_buf_init(&word);
	if (rt_scan_init(&scan, array) == 0) {
		while (rt_scan_next(&scan, &m) > 0) {
			rt_buf_clear(&word);
			rt_json_text(&m.value, &word);
			if (out->len)
				rt_buf_addc(out, ' ');
			rt_shellword_add(out, rt_buf_view(&word));
		}
	}
	rt_buf_release(&word);
}
