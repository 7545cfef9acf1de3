/*
 * Configuration files: /etc/rt/rt.conf and $XDG_CONFIG_HOME/rt/rt.conf hold
 * RT_NAME=value lines. They become environment variables where these are not
 * set yet, so that everything else asks one place only.
 */
#include "common.h"
#include "die.h"
#include "fdio.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX (64 * 1024) /* bytes; a longer file is not read */

static struct rt_str trim(struct rt_str s)
{
	while (s.n && isspace((unsigned char)s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

/* RT_ and then letters, digits, and what components are named with. */
static bool is_name(struct rt_str s)
{
	if (s.n < 4 || memcmp(s.p, "RT_", 3) != 0)
		return false;
	for (size_t i = 3; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("_.-", s.p[i]))
			return false;
	return true;
}

static bool apply_line(struct rt_str line)
{
	const char *eq = memchr(line.p, '=', line.n);
	struct rt_str name = { line.p, eq ? (size_t)(eq - line.p) : 0 };
	struct rt_str value;
	char *key, *text;

	name = trim(name);
	if (!eq || !is_name(name))
		return false;
	value.p = eq + 1;
	value.n = line.n - (size_t)(value.p - line.p);
	value = trim(value);
	if (value.n >= 2 && (*value.p == '"' || *value.p == '\'') &&
	    value.p[value.n - 1] == *value.p) {
		value.p++;
		value.n -= 2;
	}
	key = xstrndup(name.p, name.n);
	text = xstrndup(value.p, value.n);
	setenv(key, text, 0);
	free(key);
	free(text);
	return true;
}

static void apply(const char *path, struct rt_str rest)
{
	for (int number = 1; rest.n; number++) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;
		struct rt_str line = { rest.p, n };

		line = trim(line);
		if (line.n && line.p[0] != '#' && !apply_line(line))
			warn("%s:%d: \"%.*s\" is no RT_NAME=value", path, number, (int)line.n,
			     line.p);
		n += end != NULL;
		rest.p += n;
		rest.n -= n;
	}
}

static void load(const char *path)
{
	struct rt_buf text;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			warn("cannot read \"%s\": %s", path, strerror(errno));
		return;
	}
	rt_buf_init(&text);
	if (rt_fd_read(fd, &text, CONFIG_MAX) < 0)
		warn("cannot read \"%s\": %s", path, strerror(errno));
	else
		apply(path, rt_buf_view(&text));
	rt_buf_release(&text);
	close(fd);
}

void config_load(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;

	/* the person's own file first: what is set stays */
	if (xdg && *xdg == '/')
		path = xasprintf("%s/rt/rt.conf", xdg);
	else if (home && *home == '/')
		path = xasprintf("%s/.config/rt/rt.conf", home);
	if (path)
		load(path);
	free(path);
	load("/etc/rt/rt.conf");
}
