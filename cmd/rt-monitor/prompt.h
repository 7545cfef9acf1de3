/* The line at the bottom where something is typed: editing, history, completion. */
#ifndef RT_PROMPT_H
#define RT_PROMPT_H

#include "buf.h"
#include "screen.h"

enum prompt_kind { PROMPT_NONE, PROMPT_COMMAND, PROMPT_SEARCH, PROMPT_BACK, PROMPT_KINDS };

struct prompt {
	enum prompt_kind kind;
	struct rt_buf text;
	size_t at;          /* where the cursor is */
	struct rt_buf kept; /* what was typed before the history was looked at */
	char **history;     /* of commands and of searches, each with its kind before it */
	size_t n_history;
	size_t past;          /* the entry that is shown, or n_history */
	struct rt_buf offers; /* what the word may become, for the line above */
};

/* What came of a key. */
enum prompt_did { PROMPT_EDITED, PROMPT_DONE, PROMPT_LEFT };

/*
 * Call `add` with everything that the last word of `line` may become; each is the
 * whole word. The text after `line` is not looked at.
 */
typedef void prompt_complete(void *arg, const char *line, void (*add)(void *to, const char *word),
			     void *to);

void prompt_init(struct prompt *p);
void prompt_release(struct prompt *p);

/* Begin to type, with some text there already. */
void prompt_open(struct prompt *p, enum prompt_kind kind, const char *text);

/*
 * Take a key. PROMPT_DONE: p->text is the line, which is in the history now;
 * PROMPT_LEFT: nothing is wanted any more.
 */
enum prompt_did prompt_key(struct prompt *p, enum screen_key how, uint32_t key,
			   prompt_complete *complete, void *arg);

/* Draw it, and put the cursor where it is. */
void prompt_draw(const struct prompt *p, struct spot *s);

#endif
