/*
 * A shell as a step, called as CI systems and make call shells: with a script,
 * or with commands after -c. It is what those do that the step is.
 */
#ifndef RT_SHELL_H
#define RT_SHELL_H

#include "redact.h"

#include <stdbool.h>

/*
 * Whether "--shell" stands among the options. It ends them, as "--" does, and is
 * made one, so that what follows is the command.
 */
bool shell_take(int argc, char **argv);

/*
 * A name for what the shell is to do, to be freed: its first line that says
 * something, masked and made short. NULL where that cannot be known.
 */
char *shell_name(char *const *argv, const struct rt_redact *redact);

#endif
