/*
 * POSIX extended regular expressions, looked for in texts that somebody else wrote:
 * where the expression counts nothing, a long text takes time in proportion.
 */
#ifndef RT_ERE_H
#define RT_ERE_H

#include "buf.h"

#include <regex.h>

/* Whether a NUL is a character as others, or ends the text. */
#ifdef REG_STARTEND
#define RT_ERE_SEES_NUL true
#else
#define RT_ERE_SEES_NUL false
#endif

struct rt_ere {
	regex_t regex;
	regex_t whole; /* the same for long texts */
	bool has_whole;
};

/*
 * 0, or what regcomp(3) returns, for regerror(3) with e->regex; then there is nothing to
 * release. The flags are those of regcomp(3) besides REG_EXTENDED and REG_NOSUB.
 */
int rt_ere_init(struct rt_ere *e, const char *pattern, int flags);
void rt_ere_release(struct rt_ere *e);

/* Whether the text has a match; scratch may be where the text is. */
bool rt_ere_in(const struct rt_ere *e, struct rt_str text, struct rt_buf *scratch);

#endif
