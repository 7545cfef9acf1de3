/*
 * Masking secrets as "***". What counts as one: the values of environment
 * variables with telling names (*_TOKEN, *PASSWORD, ...), what RT_REDACT adds
 * (names or globs, comma-separated; -NAME exempts), values added one by one
 * (::add-mask::), and the user part of URLs. Values under 6 bytes are left
 * alone, so that short ones do not mangle ordinary words.
 */
#ifndef RT_REDACT_H
#define RT_REDACT_H

#include "buf.h"

struct rt_redact; /* a set of secrets; opaque */

/* A set from the environment `envp`, or NULL when memory runs out. Free it. */
struct rt_redact *rt_redact_new(char *const *envp);
void rt_redact_free(struct rt_redact *r);

/* One more secret; too short ones are ignored. False when memory runs out. */
bool rt_redact_add(struct rt_redact *r, struct rt_str value);

/* Whether masking could change s. Cheap; false for nearly all text. A NULL set masks nothing. */
bool rt_redact_hits(const struct rt_redact *r, struct rt_str s);

/* Append s to out, masked. */
void rt_redact_text(const struct rt_redact *r, struct rt_str s, struct rt_buf *out);

/*
 * A stream that arrives in pieces. `held` keeps what may be the beginning of a
 * secret from one call to the next, never more than one can be long, escapes and
 * all; `last` says that the stream ends, and nothing is held. Returns what is safe
 * by now: a part of `piece` where nothing is masked, else what is in out, which is
 * cleared first.
 */
struct rt_str rt_redact_stream(const struct rt_redact *r, struct rt_buf *held, struct rt_str piece,
			       bool last, struct rt_buf *out);

#endif
