/*
 * Text from anywhere in XML and HTML. Made inert for terminals first, so that
 * it has no control characters; the two characters of XML's own that are not
 * allowed become U+FFFD. Source: XML 1.0 (fifth edition), 2.2 and 2.4.
 */
#include "summary_model.h"

#include "text.h"

void rt_sum_xml(struct rt_buf *out, const char *text)
{
	struct rt_buf b;
	uint32_t cp;

	rt_buf_init(&b);
	rt_sum_inert(&b, rt_str(text));
	for (size_t i = 0, n; i < b.len; i += n) {
		n = rt_utf8_decode(b.s + i, b.len - i, &cp);
		if (n == 0)
			n = 1;
		if (b.s[i] == '&')
			rt_buf_adds(out, "&amp;");
		else if (b.s[i] == '<')
			rt_buf_adds(out, "&lt;");
		else if (b.s[i] == '>')
			rt_buf_adds(out, "&gt;");
		else if (b.s[i] == '"')
			rt_buf_adds(out, "&quot;");
		else if (n == 3 && (cp == 0xfffe || cp == 0xffff))
			rt_buf_adds(out, "\xef\xbf\xbd");
		else
			rt_buf_add(out, b.s + i, n);
	}
	out->failed |= b.failed;
	rt_buf_release(&b);
}
