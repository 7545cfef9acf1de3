/* What the event_*.c files share: the tables of names behind event.h, and small helpers. */
#ifndef RT_EVENT_NAMES_H
#define RT_EVENT_NAMES_H

#include "event.h"

/* Which JSON values a field takes; a key with another one counts as no field. */
enum rt_field_kind {
	/* Any string is one, */
	RT_KIND_TIME, /* or a number */
	RT_KIND_STRING,
	RT_KIND_TEXT, /* or any other scalar */
	RT_KIND_ANY,
	/* Not any. */
	RT_KIND_INT,     /* integral, from 0 */
	RT_KIND_NUMBER,  /* from 0 */
	RT_KIND_PERCENT, /* 0 to 100 */
	RT_KIND_BOOL,
	RT_KIND_OBJECT,
	RT_KIND_LEVEL, /* a word, or pino's number */
};

struct rt_field_def {
	const char *name;
	size_t len;
	enum rt_field_kind kind;
};

#define RT_NAME_MAX 16

struct rt_name {
	char text[RT_NAME_MAX + 1]; /* zeros behind it */
	uint8_t len;
	uint8_t field, rank; /* the field's rank-th name */
	uint8_t kind;        /* enum rt_field_kind of the field */
};

#define RT_TYPE_MAX 23

struct rt_type_def {
	char name[RT_TYPE_MAX + 1]; /* zeros behind it */
	uint8_t len;
	const char *message;
};

enum rt_field_kind rt_field_kind(enum rt_field f);
struct rt_str rt_field_key(enum rt_field f); /* its name as a view */
const struct rt_name *rt_name_find(struct rt_str key);
const char *rt_type_template(enum rt_type t);
struct rt_str rt_type_text(enum rt_type t); /* its name as a view */

/* Of a key, or of a name: by what rt_scan_keys tells them apart, length and first byte. */
static inline size_t rt_wanted_slot(struct rt_str key)
{
	return key.n % 32 * 32 + (key.p[0] & 31);
}

/* duration_ms was given in seconds: under a name that is none of these. */
#define RT_RANKS_IN_MS 0x3
static inline bool rt_rank_is_seconds(int rank)
{
	return !(RT_RANKS_IN_MS >> rank & 1);
}

/* The type's own words, or NULL. `action` is the last resort. */
const struct rt_json *rt_event_type_value(const struct rt_event *ev);

/* The level of an event of this type that says none; name is the type as text. */
enum rt_level rt_type_level(enum rt_type type, struct rt_str name);

/* Whether a time stands in the form of rt_clock_format. */
bool rt_ts_is_canonical(const struct rt_json *v);

/* Append a time as rt writes it: the text where it stands so, else made from ns. */
void rt_event_put_time(const struct rt_json *v, int64_t ns, struct rt_buf *out);

/* Two escaped surrogates ("\\ud83d\\ude00") are one character. */
static inline bool rt_escape_is_surrogate(const char *escape)
{
	return (escape[2] | 0x20) == 'd' && strchr("89abAB", escape[3]);
}

/* Append a duration field's number text in milliseconds. */
void rt_milliseconds_text(struct rt_str number, bool seconds, struct rt_buf *out);

#endif
