/* What the parts of a summary's page share; for summary_html*.c only. */
#ifndef RT_SUMMARY_HTML_H
#define RT_SUMMARY_HTML_H

#include "summary_model.h"

void rt_sum_html_heading(struct rt_buf *out, const char *title);
/* <name>text</name> */
void rt_sum_html_element(struct rt_buf *out, const char *name, const char *text);
/* That n entries are not here, and the rt-query that shows them; nothing when n is 0. */
void rt_sum_html_more(const struct rt_summary *s, size_t n, const char *arguments,
		      struct rt_buf *out);

/* summary_html_steps.c */
void rt_sum_html_steps(const struct rt_summary *s, struct rt_buf *out);

#endif
