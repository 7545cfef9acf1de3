/*
 * What language models were asked and what it cost: one count that status,
 * metrics and summary share. An event's metadata says prompt_tokens,
 * completion_tokens, total_tokens and cost_usd. A request counts only as long
 * as no response correlates with it; cost_tracking totals never add.
 */
#ifndef RT_USAGE_H
#define RT_USAGE_H

#include "event.h"

struct rt_usage {
	int64_t calls; /* llm_response_received, and requests without one */
	int64_t prompt, completion, total;
	double cost_usd;
};

/* What one event says of it. */
struct rt_said {
	struct rt_usage usage;
	bool request, response;
	uint64_t correlation; /* a hash of what a request and its response share; 0: nothing */
};

/* Take it out of the event; false when that says nothing. */
bool rt_usage_read(const struct rt_event *ev, struct rt_said *said);

/* Let lines be parsed for it: its fields, and members of the metadata. */
void rt_usage_want(struct rt_wanted *w);

/*
 * Totals, and the requests and responses that may belong together; opaque. It is
 * bounded, and exact as long as no more than RT_LEDGER_OPEN requests wait for a
 * response at once, and no more than RT_LEDGER_SETTLED others come between a response
 * and a request that is late. Past that the oldest are forgotten, and count twice.
 */
struct rt_ledger;
#define RT_LEDGER_OPEN 65536
#define RT_LEDGER_SETTLED 32768

struct rt_ledger *rt_ledger_new(void); /* NULL when memory runs out */
void rt_ledger_free(struct rt_ledger *l);

/*
 * Count an event. Returns whether it changed the totals; *delta (may be NULL)
 * gets what it added (less the request that it answers).
 */
bool rt_ledger_add(struct rt_ledger *l, const struct rt_event *ev, struct rt_usage *delta);

/* The same of what rt_usage_read took out of it. */
bool rt_ledger_count(struct rt_ledger *l, const struct rt_said *said, struct rt_usage *delta);

const struct rt_usage *rt_ledger_total(const struct rt_ledger *l);

/*
 * What status.json keeps between two writers: totals to start from, and the
 * last 32 open requests as JSON text ("[[\"HASH\",calls,prompt,completion,total,cost],...]",
 * nothing appended when there are none).
 */
void rt_ledger_save_open(const struct rt_ledger *l, struct rt_buf *out);
void rt_ledger_load(struct rt_ledger *l, const struct rt_usage *total, struct rt_str open_json);

/* Append `,"tokens":{...},"cost_usd":N`, each where there is any. */
void rt_usage_write(const struct rt_usage *u, struct rt_buf *out);

#endif
