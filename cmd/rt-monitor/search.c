/* Looking for a text in what the focus is on. */
#include "die.h"
#include "monitor.h"

#include <stdlib.h>

/* What an entry of the list says: of a step, or of a run. Free it. */
static char *entry_text(struct monitor *m, size_t i)
{
	const struct plan_step *s;

	if (m->view == VIEW_RUNS) {
		const struct rt_row *row = &m->runs.catalog.rows[i];

		return xasprintf("%s %s %s/%s %s %s", rt_state_name(row->state), row->name,
				 row->group, row->id, row->stage, row->error);
	}
	if (i == 0)
		return xstrdup("outside of steps");
	s = &m->live.plan.v[i - 1];
	return xasprintf("%s %s %s", s->id, s->name ? s->name : "", plan_state_name(s->state));
}

static bool search_list(struct monitor *m, struct list *l, bool backward)
{
	for (size_t i = 1; i <= l->n; i++) {
		size_t at = (l->selected + (backward ? l->n - i : i)) % l->n;
		char *text = entry_text(m, at);
		bool found = pattern_matches(&m->search, text);

		free(text);
		if (!found)
			continue;
		l->selected = at;
		if (m->view == VIEW_RUN) {
			m->follow_steps = false;
			monitor_select(m);
		}
		return true;
	}
	return false;
}

void monitor_search_next(struct monitor *m, bool other_way)
{
	bool backward = m->search_back != other_way;
	struct pager *p = monitor_pager(m);

	if (!m->has_search) {
		monitor_say(m, STYLE_BAD, "nothing was searched for yet");
		return;
	}
	if (p ? pager_search(p, &m->search, backward) :
		search_list(m, monitor_list_of(m), backward))
		return;
	if (p && p->gave_up)
		monitor_say(m, STYLE_WARN, "given up: a key was pressed");
	else
		monitor_say(m, STYLE_WARN, "not found %s",
			    !p       ? "" :
			    backward ? "above: the other key looks below" :
				       "below: the other key looks above");
}

void monitor_search(struct monitor *m, const char *pattern, bool backward)
{
	struct pattern p;
	char why[128];

	if (*pattern) {
		if (!pattern_init(&p, pattern, why, sizeof(why))) {
			monitor_say(m, STYLE_BAD, "\"%s\" is no regular expression: %s", pattern,
				    why);
			return;
		}
		if (m->has_search)
			pattern_release(&m->search);
		m->search = p;
		m->has_search = true;
	}
	m->search_back = backward;
	monitor_search_next(m, false);
}
