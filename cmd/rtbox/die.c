/*
 * Talk on standard error. A message is one write(2), so that those of several
 * programs do not mix; stdio is not touched: rt-emit never pays for it.
 */
#include "die.h"
#include "out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one thing that the programs keep globally: who is talking, and how. */
static struct {
	const char *name;
	int verbosity;
	int usage_exit;
	bool line;
} prog = { "rtbox", 0, EXIT_USAGE, false };

void prog_set_name(const char *name)
{
	prog.name = name;
}

const char *prog_name(void)
{
	return prog.name;
}

void prog_set_verbosity(int level)
{
	prog.verbosity = level;
}

int prog_verbosity(void)
{
	return prog.verbosity;
}

void prog_set_usage_exit(int code)
{
	prog.usage_exit = code;
}

void prog_set_line(bool line)
{
	prog.line = line;
}

bool prog_line(void)
{
	return prog.line;
}

/* "NAME: TEXT" and `more` as they go to stderr; what cannot be said there is lost. */
static void say(const char *more, const char *fmt, va_list ap)
{
	struct rt_buf line;
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	rt_buf_init(&line);
	if (prog.line && isatty(STDERR_FILENO)) {
		rt_buf_adds(&line, "\r\033[J");
		prog.line = false;
	}
	rt_buf_adds(&line, prog.name);
	rt_buf_adds(&line, ": ");
	rt_inert_add(&line, rt_str(text ? text : "out of memory"));
	rt_buf_addc(&line, '\n');
	rt_buf_adds(&line, more);
	if (write(STDERR_FILENO, line.s, line.len) < 0) {
		/* there is nobody left to tell */
	}
	rt_buf_release(&line);
	free(text);
}

void error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void warn(const char *fmt, ...)
{
	va_list ap;

	if (prog.verbosity < 0)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void note(const char *fmt, ...)
{
	va_list ap;

	if (prog.verbosity < 1)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void die(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
	exit(code);
}

void die_usage(const char *fmt, ...)
{
	char more[128];
	va_list ap;

	snprintf(more, sizeof(more), "try \"%s --help\"\n", prog.name);
	va_start(ap, fmt);
	say(more, fmt, ap);
	va_end(ap);
	exit(prog.usage_exit);
}

int err_exit_code(const struct rt_err *err)
{
	return err->kind == RT_ERR_USAGE ? prog.usage_exit : EXIT_FAIL;
}

void warn_err(const struct rt_err *warning)
{
	if (warning->kind)
		warn("%s", warning->msg);
}

void die_err(const struct rt_err *err)
{
	die(err_exit_code(err), "%s", err->msg);
}

void *xmalloc(size_t n)
{
	return xrealloc(NULL, n);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die(EXIT_FAIL, "out of memory");
	return p;
}

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		die(EXIT_FAIL, "out of memory");
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		die(EXIT_FAIL, "out of memory");
	return s;
}
