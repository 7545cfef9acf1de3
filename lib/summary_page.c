/*
 * Fitting a summary into RT_SUMMARY_MAX bytes, for renderers that are made of
 * sections. Sections have a size that they never pass; steps and errors share
 * what the others leave. What is left out is said with the command that shows it.
 */
#include "summary_model.h"

#include <stdlib.h>

/* Bytes that telling what was left out may take. */
#define MORE 360

size_t rt_sum_list(const struct rt_summary *s, const size_t *order, size_t n, sum_entry_fn *entry,
		   bool brief, size_t room, struct rt_buf *out)
{
	size_t start = out->len, i;

	for (i = 0; i < n; i++) {
		size_t before = out->len;

		entry(s, order ? order[i] : i, brief, out);
		if (out->len - start > room) {
			rt_buf_splice(out, before, out->len - before, NULL, 0);
			break;
		}
	}
	return i;
}

size_t rt_sum_list_more(const struct rt_summary *s, size_t n, size_t more, sum_entry_fn *entry,
			size_t room, struct rt_buf *out)
{
	size_t start = out->len, less = room > MORE ? room - MORE : 0, shown;

	shown = rt_sum_list(s, NULL, n, entry, false, more ? less : room, out);
	if (shown == n)
		return more;
	rt_buf_splice(out, start, out->len - start, NULL, 0);
	return more + n - rt_sum_list(s, NULL, n, entry, true, less, out);
}

void rt_sum_clip(struct rt_buf *out, size_t start, size_t room)
{
	size_t end = start + room;

	if (out->len <= end)
		return;
	while (end > start && out->s[end - 1] != '\n')
		end--;
	rt_buf_splice(out, end, out->len - end, NULL, 0);
}

/* ", of them 3 FAILED, 9 SUCCESS": the steps from order[shown] on. */
static void count_states(const struct rt_summary *s, const size_t *order, size_t shown,
			 struct rt_buf *out)
{
	size_t of_state[SUM_STATE_COUNT] = { 0 };
	const char *comma = "";

	for (size_t i = shown; i < s->n_steps; i++)
		of_state[s->steps[order[i]].state]++;
	for (int i = 0; i < SUM_STATE_COUNT; i++) {
		if (of_state[i] == 0)
			continue;
		rt_buf_addf(out, "%s%zu %s", comma, of_state[i],
			    rt_sum_state_name((enum sum_state)i));
		comma = ", ";
	}
}

/* All steps in full, else all in a line each, else those that went wrong and what fits. */
size_t rt_sum_list_steps(const struct rt_summary *s, sum_entry_fn *entry, size_t room,
			 struct rt_buf *left_out, struct rt_buf *out)
{
	size_t *order = rt_sum_steps_order(s), start = out->len, n = s->n_steps, shown = 0;

	if (!order) {
		out->failed = true;
		return n;
	}
	for (int brief = 0; brief < 2 && shown < n; brief++) {
		rt_buf_splice(out, start, out->len - start, NULL, 0);
		shown = rt_sum_list(s, NULL, n, entry, brief, room, out);
	}
	if (shown < n) {
		room = room > MORE ? room - MORE : 0;
		rt_buf_splice(out, start, out->len - start, NULL, 0);
		shown = rt_sum_list(s, order, n, entry, true, room, out);
		rt_buf_splice(out, start, out->len - start, NULL, 0);
		count_states(s, order, shown, left_out);
		rt_sum_steps_sort(order, shown);
		rt_sum_list(s, order, shown, entry, true, room, out);
	}
	free(order);
	return shown;
}

/* One section, or nothing when it has nothing to say; never more than `room` bytes. */
static void section(const struct rt_summary *s, const struct sum_page *page, size_t i, size_t room,
		    struct rt_buf *out)
{
	const struct sum_section *x = &page->sections[i];
	struct rt_buf body;

	rt_buf_init(&body);
	rt_buf_clear(out);
	page->heading(x->title, out);
	if (room > out->len + 1)
		x->render(s, room - out->len - 1, &body);
	if (body.len) {
		rt_buf_addv(out, rt_buf_view(&body));
		rt_buf_addc(out, '\n');
	} else {
		rt_buf_clear(out);
	}
	out->failed |= body.failed;
	rt_buf_release(&body);
}

/* The two that share: each half of the room, and what the other does not need. */
static void share(const struct rt_summary *s, const struct sum_page *page, size_t room,
		  struct rt_buf *parts)
{
	struct rt_buf *a = &parts[SUM_STEPS_SECTION], *b = &parts[SUM_ERRORS_SECTION];

	section(s, page, SUM_STEPS_SECTION, room, a);
	section(s, page, SUM_ERRORS_SECTION, room, b);
	if (a->len + b->len <= room)
		return;
	if (a->len > room / 2)
		section(s, page, SUM_STEPS_SECTION, b->len < room / 2 ? room - b->len : room / 2,
			a);
	section(s, page, SUM_ERRORS_SECTION, room - a->len, b);
}

void rt_sum_page(const struct rt_summary *s, const struct sum_page *page, struct rt_buf *out)
{
	struct rt_buf parts[SUM_SECTIONS];
	size_t used = 0;

	for (size_t i = 0; i < SUM_SECTIONS; i++) {
		rt_buf_init(&parts[i]);
		if (page->sections[i].room)
			section(s, page, i, page->sections[i].room, &parts[i]);
		/* a run that is archived later is to have the same text before that section */
		used += i == SUM_ARCHIVE_SECTION ? page->sections[i].room : parts[i].len;
	}
	share(s, page, RT_SUMMARY_MAX - used, parts);
	for (size_t i = 0; i < SUM_SECTIONS; i++) {
		rt_buf_addv(out, rt_buf_view(&parts[i]));
		out->failed |= parts[i].failed;
		rt_buf_release(&parts[i]);
	}
	/* no empty line at the end */
	if (out->len)
		rt_buf_splice(out, out->len - 1, 1, NULL, 0);
}
