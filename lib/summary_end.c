/*
 * How a step of a summary ended, out of the many ways in which its last event may
 * say so; and which other events tell of a retry or of a time that ran out.
 */
#include "summary_model.h"

#include <strings.h>

/* Types that are no known ones, but end a step all the same. */
static const struct {
	const char *type;
	enum sum_state state;
} other_ends[] = {
	{ "step_cancelled", SUM_CANCELLED }, { "step_canceled", SUM_CANCELLED },
	{ "step_aborted", SUM_CANCELLED },   { "step_timeout", SUM_TIMEOUT },
	{ "step_timed_out", SUM_TIMEOUT },   { "step_error", SUM_FAILED },
};

static bool other_end(const struct rt_event *ev, enum sum_state *state)
{
	struct rt_json v;

	if (ev->type != RT_T_OTHER || !rt_event_get(ev, RT_F_TYPE, &v))
		return false;
	for (size_t i = 0; i < sizeof(other_ends) / sizeof(*other_ends); i++) {
		if (strlen(other_ends[i].type) == v.text.n &&
		    strncasecmp(v.text.p, other_ends[i].type, v.text.n) == 0) {
			*state = other_ends[i].state;
			return true;
		}
	}
	return false;
}

bool rt_sum_is_step_event(const struct rt_event *ev)
{
	enum sum_state state;

	return (ev->type >= RT_T_STEP_STARTED && ev->type <= RT_T_STEP_SKIPPED) ||
	       other_end(ev, &state);
}

/* Whether text has the word in it, any case. */
static bool mentions(const struct rt_json *v, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= v->text.n; i++) {
		if (strncasecmp(v->text.p + i, word, n) == 0)
			return true;
	}
	return false;
}

static bool is_timeout(const struct rt_json *v)
{
	return v->type == RT_JSON_TRUE || mentions(v, "timeout") || mentions(v, "timed out") ||
	       mentions(v, "timed_out") || mentions(v, "timed-out");
}

/* By what the metadata of an event that ends something may say how it ended. */
enum word {
	EXIT_CODE,
	TIMED_OUT,
	TIMEOUT,
	STATUS,
	RESULT,
	REASON,
	FAILURE_REASON,
	ERROR,
	OUTCOME,
	WORDS
};

static const char *const word_keys[WORDS] = { "exit_code",      "timed_out", "timeout",
					      "status",         "result",    "reason",
					      "failure_reason", "error",     "outcome" };

void rt_sum_want_end(struct rt_wanted *w)
{
	rt_wanted_add(w, RT_FIELDS_OF_TYPE | RT_FIELD(RT_F_RESULT) | RT_FIELD(RT_F_ERROR) |
				 RT_FIELD(RT_F_MESSAGE) | RT_FIELD(RT_F_SUCCESS) |
				 RT_FIELD(RT_F_METADATA));
	for (int i = 0; i < WORDS; i++)
		rt_scan_keys_add(&w->keys[1], rt_str(word_keys[i]));
}

static void take_word(struct rt_json words[WORDS], const struct rt_member *m)
{
	for (int i = 0; i < WORDS; i++)
		if (rt_json_is(&m->key, word_keys[i]))
			words[i] = m->value;
}

/* Those that are there; the others have no type. Looking for each would be a walk for each. */
static void find_words(const struct rt_event *ev, struct rt_json words[WORDS])
{
	const struct rt_json *metadata = rt_event_peek(ev, RT_F_METADATA);
	struct rt_member m;
	struct rt_scan s;

	memset(words, 0, WORDS * sizeof(*words));
	if (metadata && metadata->text.p == ev->listed) {
		for (int i = 0; i < ev->n_within; i++)
			take_word(words, &ev->few[ev->within + i]);
	} else if (metadata && rt_scan_init(&s, metadata->text) == 0) {
		while (rt_scan_next(&s, &m) > 0)
			take_word(words, &m);
	}
}

/* Whether a step's end says that its time ran out. */
static bool timed_out(const struct rt_event *ev, const struct rt_json words[WORDS])
{
	struct rt_json v;
	int64_t code;

	if (rt_json_int(&words[EXIT_CODE], &code) && code == 124)
		return true;
	if (words[TIMED_OUT].type == RT_JSON_TRUE || words[TIMEOUT].type == RT_JSON_TRUE)
		return true;
	if (rt_event_get(ev, RT_F_RESULT, &v) && v.type != RT_JSON_TRUE && is_timeout(&v))
		return true;
	if (rt_event_get(ev, RT_F_ERROR, &v) && v.type != RT_JSON_TRUE && is_timeout(&v))
		return true;
	for (int i = STATUS; i < WORDS; i++)
		if (words[i].type == RT_JSON_STRING && is_timeout(&words[i]))
			return true;
	return ev->type == RT_T_STEP_FAILED && rt_event_get(ev, RT_F_MESSAGE, &v) && is_timeout(&v);
}

/* The word that the end is told by beside its type, as a state. */
static bool said_state(const struct rt_event *ev, const struct rt_json words[WORDS],
		       enum sum_state *state)
{
	enum rt_state said;
	struct rt_json v;

	if (!rt_event_get(ev, RT_F_RESULT, &v))
		v = words[words[STATUS].type > RT_JSON_NULL ? STATUS : RESULT];
	if (rt_json_is(&v, "skipped"))
		*state = SUM_SKIPPED;
	else if (!rt_state_find(v.text, &said))
		return false;
	else if (said == RT_CANCELLED)
		*state = SUM_CANCELLED;
	else if (said == RT_FAILED)
		*state = SUM_FAILED;
	else
		return false;
	return true;
}

enum sum_state rt_sum_end_state(const struct rt_event *ev)
{
	struct rt_json words[WORDS], v;
	enum sum_state state;
	int64_t code;

	if (other_end(ev, &state))
		return state;
	if (ev->type == RT_T_STEP_SKIPPED)
		return SUM_SKIPPED;
	find_words(ev, words);
	if (timed_out(ev, words))
		return SUM_TIMEOUT;
	if (said_state(ev, words, &state))
		return state;
	if (ev->type == RT_T_STEP_FAILED)
		return SUM_FAILED;
	if (rt_event_get(ev, RT_F_SUCCESS, &v) && v.type == RT_JSON_FALSE)
		return SUM_FAILED;
	if (rt_json_int(&words[EXIT_CODE], &code) && code != 0)
		return SUM_FAILED;
	return SUM_SUCCESS;
}

/* Whether the type, one of another system, ends so, in any case. */
static bool type_ends(const struct rt_event *ev, const char *const *endings, size_t n)
{
	struct rt_json v;

	if (ev->type != RT_T_OTHER || !rt_event_get(ev, RT_F_TYPE, &v))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(endings[i]);

		if (v.text.n >= len && strncasecmp(v.text.p + v.text.n - len, endings[i], len) == 0)
			return true;
	}
	return false;
}

static const char *const again[] = { "retry", "retrying", "retried" };
static const char *const late[] = { "timeout", "timed_out", "timed-out", "timed.out" };

bool rt_sum_may_be_attempt(const struct rt_event *ev)
{
	return ev->type == RT_T_TASK_RETRYING || ev->type == RT_T_TASK_COMPLETED ||
	       ev->type == RT_T_TASK_FAILED || type_ends(ev, again, 3) || type_ends(ev, late, 4);
}

void rt_sum_attempts(struct sum_attempts *a, const struct rt_event *ev)
{
	if (rt_sum_is_step_event(ev))
		return;
	a->retries += ev->type == RT_T_TASK_RETRYING || type_ends(ev, again, 3);
	a->timeouts += type_ends(ev, late, 4) ||
		       ((ev->type == RT_T_TASK_COMPLETED || ev->type == RT_T_TASK_FAILED) &&
			rt_sum_end_state(ev) == SUM_TIMEOUT);
}
