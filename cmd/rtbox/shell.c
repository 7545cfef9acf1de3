/* What a shell is told to do, as the name of a step. See shell.h. */
#include "shell.h"
#include "die.h"
#include "display.h"
#include "fdio.h"
#include "text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NAME_COLUMNS 60
#define SCRIPT_MAX 8192 /* bytes of a script that are looked at */

bool shell_take(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--shell") == 0) {
			argv[i][2] = '\0';
			return true;
		}
	}
	return false;
}

/* What follows -c, which may be one of several letters (-ec); NULL when there is none. */
static const char *commands_of(char *const *argv)
{
	for (size_t i = 1; argv[0] && argv[i]; i++) {
		if (argv[i][0] == '-' && argv[i][1] != '-' && strchr(argv[i], 'c'))
			return argv[i + 1];
	}
	return NULL;
}

/* The beginning of the script, which is the last argument. */
static void read_script(char *const *argv, struct rt_buf *out)
{
	struct stat st;
	char *to;
	ssize_t n;
	size_t i;
	int fd;

	for (i = 0; argv[i]; i++)
		;
	if (i < 2)
		return;
	/* O_NONBLOCK: what is no file must not hold the step up. */
	fd = open(argv[i - 1], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	to = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? rt_buf_extend(out, SCRIPT_MAX) : NULL;
	n = to ? pread(fd, to, SCRIPT_MAX, 0) : 0;
	out->len = n > 0 ? (size_t)n : 0;
	close(fd);
}

static struct rt_str trim(struct rt_str s)
{
	while (s.n && memchr(" \t\r", s.p[s.n - 1], 3))
		s.n--;
	while (s.n && memchr(" \t\r", s.p[0], 3)) {
		s.p++;
		s.n--;
	}
	return s;
}

static bool begins(struct rt_str s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* The line without what is there for the shell alone; empty when it says nothing. */
static struct rt_str meaning(struct rt_str line)
{
	struct rt_str nothing = { NULL, 0 };

	line = trim(line);
	if (begins(line, "#!") || begins(line, "set -") || begins(line, "set +"))
		return nothing;
	/* A comment at the beginning is a title. */
	while (line.n && *line.p == '#') {
		line.p++;
		line.n--;
	}
	if (line.n && line.p[line.n - 1] == '\\')
		line.n--;
	return trim(line);
}

static struct rt_str first_line(struct rt_str text)
{
	struct rt_str line = { NULL, 0 };

	while (text.n && !line.n) {
		const char *nl = memchr(text.p, '\n', text.n);
		size_t n = nl ? (size_t)(nl - text.p) : text.n;

		line = meaning((struct rt_str){ text.p, n });
		n += nl != NULL;
		text.p += n;
		text.n -= n;
	}
	return line;
}

/* Masked before it is cut, since no part of a secret is known as one. */
static char *shorten(struct rt_str line, const struct rt_redact *redact)
{
	struct rt_buf masked, name;

	rt_buf_init(&masked);
	rt_buf_init(&name);
	rt_redact_text(redact, line, &masked);
	for (size_t i = 0; i < masked.len; i++) {
		if (masked.s[i] == '\t' || masked.s[i] == '\0')
			masked.s[i] = ' ';
	}
	rt_text_fit(&name, rt_buf_view(&masked), NAME_COLUMNS);
	rt_buf_release(&masked);
	return rt_buf_detach(&name);
}

char *shell_name(char *const *argv, const struct rt_redact *redact)
{
	const char *commands = commands_of(argv);
	struct rt_str line;
	struct rt_buf script;
	char *name = NULL;

	rt_buf_init(&script);
	if (!commands)
		read_script(argv, &script);
	line = first_line(commands ? rt_str(commands) : rt_buf_view(&script));
	if (line.n)
		name = shorten(line, redact);
	rt_buf_release(&script);
	return name;
}
