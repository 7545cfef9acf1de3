/*
 * What comes between the lines of a file of events and the model of its summary:
 * the gist of an event, and the digest of many. For summary_pass.c,
 * summary_gist.c, summary_digest.c and summary_event.c only.
 */
#ifndef RT_SUMMARY_DIGEST_H
#define RT_SUMMARY_DIGEST_H

#include "summary_model.h"

/* What most events are to a summary. */
struct sum_gist {
	struct sum_kind kind;
	int64_t at_ns; /* 0: unknown */
	enum rt_type type;
	enum rt_level level;
	bool whole; /* the event adds more than this, in its turn: parse the line */
	bool used;  /* this is filled in: */
	struct rt_said said;
};

/* The times of events that follow each other, as the file has them. */
struct sum_times {
	int64_t first_ns, last_ns;
	int64_t latest_ns;
	size_t back; /* events older than the one before them */
};

/* What events are counted for, known when they are: numbers from 1 on, 0 and NULL: none. */
struct sum_places {
	size_t stage, step;
	struct sum_spender *model, *role;
};

/* Events of one kind. */
struct sum_counted {
	struct sum_kind kind;
	struct rt_str line; /* the first of them */
	struct sum_tally tally;
	bool used; /* its usage is what can be added up in any order */
	struct sum_places in;
};

enum sum_item_type { SUM_KIND, SUM_TIMES, SUM_STAGE, SUM_USE, SUM_ALIKE, SUM_WHOLE };

/* Something that lines add to a summary. */
struct sum_item {
	enum sum_item_type type;
	size_t of; /* SUM_STAGE, SUM_USE: the item of its kind */
	union {
		struct sum_counted counted; /* SUM_KIND */
		struct sum_times times;
		int64_t at_ns; /* SUM_STAGE: the stage of this kind begins; 0: as the last time says */
		struct rt_said said; /* SUM_USE */
		struct sum_alike alike;
		struct rt_str line; /* SUM_WHOLE: parse it when its turn comes */
	};
};

#define SUM_ITEMS 2048 /* of a digest */
#define SUM_SLOTS 1024 /* to find those of kinds by */

/* What lines add to a summary: items in their order, and what has none. */
struct sum_digest {
	const struct rt_wanted *more;
	int64_t in_step; /* of the summary */
	struct sum_item items[SUM_ITEMS];
	size_t n;
	size_t since;    /* what goes on is counted in items from here on */
	size_t times;    /* that of the times, SUM_ITEMS: none yet */
	size_t in_stage; /* that of the kind whose stage it is, SUM_ITEMS: none yet */
	uint16_t slots[SUM_SLOTS];
	struct sum_gates gates; /* without the refusal */
	struct sum_attempts attempts;
	struct sum_texts texts;
};

/* summary_gist.c */
void rt_sum_want(struct rt_wanted *w);      /* what lines have to be parsed for */
void rt_sum_want_more(struct rt_wanted *w); /* errors, warnings and what may be an attempt */
/*
 * Take it out of an event. Without `u` (NULL) one with escapes in its texts has to
 * be parsed as a whole, and of what has to be, nothing else is told.
 */
void rt_sum_gist(struct sum_gist *g, const struct rt_event *ev, struct sum_unescaped *u);

/* summary_digest.c */
/* `more`: of rt_sum_want_more, it has to outlive the digest. */
void rt_sum_digest_init(struct sum_digest *d, const struct rt_wanted *more, int64_t in_step);
void rt_sum_digest_clear(struct sum_digest *d);

/* For one more event: its kind, time, stage, what it used and what it is like. */
static inline bool rt_sum_digest_has_room(const struct sum_digest *d)
{
	return d->n + 5 <= SUM_ITEMS;
}

/* Take in an event, parsed with rt_sum_want; lines as rt_event_parse_for has them. */
void rt_sum_digest_add(struct sum_digest *d, const struct rt_event *ev,
		       const struct rt_lines *lines);
void rt_sum_digest_release(struct sum_digest *d);

/* summary_event.c: what a digest adds; the items are marked with where they are counted */
void rt_sum_add(struct rt_summary *s, struct sum_digest *d);

#endif
