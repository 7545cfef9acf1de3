/*
 * Colours, times and numbers for people, and text made inert for a terminal.
 * Records are in records.c, the width of characters in width.c.
 */
#include "out.h"
#include "clock.h"
#include "die.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static bool want_color(const char *color, bool tty)
{
	const char *env = getenv("RT_COLOR"), *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (!color && env && *env)
		color = env;
	if (color && strcmp(color, "always") == 0)
		return true;
	if (color && strcmp(color, "never") == 0)
		return false;
	if (no_color && *no_color)
		return false;
	return tty && term && strcmp(term, "dumb") != 0;
}

static int find_width(int fd, bool tty)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	long n = columns ? strtol(columns, NULL, 10) : 0;

	if (n >= 20 && n <= 10000)
		return (int)n;
	if (tty && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return 80;
}

int out_width(const struct out *o)
{
	return find_width(fileno(o->f), o->tty);
}

#define BUFFER 65536 /* what a pipe holds; stdio would take a page, at a system call each */

void out_init(struct out *o, FILE *f, const char *color, bool utc)
{
	int fd = fileno(f);

	o->f = f;
	o->tty = isatty(fd) == 1;
	if (!o->tty)
		setvbuf(f, xmalloc(BUFFER), _IOFBF, BUFFER);
	o->color = want_color(color, o->tty);
	o->utc = utc;
	o->width = find_width(fd, o->tty);
}

/* Whether standard output is a pipe that nobody reads any more. */
static bool reader_left(void)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR);
}

int out_finish(int code)
{
	int failed;

	errno = 0;
	failed = fflush(stdout) | ferror(stdout);
	if (!failed || errno == EPIPE || reader_left())
		return code;
	error("cannot write standard output: %s",
	      errno ? strerror(errno) : "an earlier write failed");
	return EXIT_FAIL;
}

const char *out_on(const struct out *o, enum out_style style)
{
	static const char *const on[] = {
		[STYLE_PLAIN] = "",
		[STYLE_DIM] = "\033[2m",
		[STYLE_BOLD] = "\033[1m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_WARN] = "\033[33m",
		[STYLE_BAD] = "\033[1;31m",
		[STYLE_NAME] = "\033[36m",
		[STYLE_LIVE] = "\033[34m",
		[STYLE_RUN] = "\033[1;36m",
		"\033[1;35m",
		"\033[1;33m",
		"\033[1;32m",
		"\033[1;34m",
		"\033[1m",
	};

	return o->color ? on[style] : "";
}

const char *out_off(const struct out *o)
{
	return o->color ? "\033[0m" : "";
}

enum out_style out_state_style(enum rt_state state)
{
	switch (state) {
	case RT_RUNNING:
		return STYLE_LIVE;
	case RT_COMPLETED:
		return STYLE_GOOD;
	case RT_FAILED:
	case RT_LOST:
		return STYLE_BAD;
	case RT_PAUSED:
	case RT_CANCELLED:
	case RT_STALE:
		return STYLE_WARN;
	default:
		return STYLE_PLAIN;
	}
}

enum out_style out_level_style(enum rt_level level)
{
	switch (level) {
	case RT_DEBUG:
		return STYLE_DIM;
	case RT_WARNING:
		return STYLE_WARN;
	case RT_ERROR:
	case RT_CRITICAL:
		return STYLE_BAD;
	default:
		return STYLE_PLAIN;
	}
}

void out_text(struct out *o, struct rt_str text)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_inert_add(&b, text);
	fwrite(b.s, 1, b.len, o->f);
	rt_buf_release(&b);
}

void out_json(struct out *o, struct rt_str json)
{
	size_t from = 0;

	for (size_t i = 0, n; o->tty && i < json.n; i += n) {
		uint32_t cp;

		n = rt_utf8_decode(json.p + i, json.n - i, &cp);
		if (n == 0)
			n = 1;
		else if (rt_char_hidden(cp)) {
			fwrite(json.p + from, 1, i - from, o->f);
			fprintf(o->f, "\\u%04x", (unsigned int)cp);
			from = i + n;
		}
	}
	fwrite(json.p + from, 1, json.n - from, o->f);
}

void out_time(const struct out *o, struct rt_buf *b, int64_t ns)
{
	int64_t s = ns / RT_NS_PER_S - (ns % RT_NS_PER_S < 0);
	time_t t = (time_t)s;
	struct tm tm;
	long east;

	if (!(o->utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)))
		return;
	east = tm.tm_gmtoff / 60;
	rt_buf_addf(b, "%04d-%02d-%02d %02d:%02d:%02d %c%02ld:%02ld", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		    east < 0 ? '-' : '+', labs(east) / 60, labs(east) % 60);
}

void out_number(char s[32], int64_t n)
{
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	char digits[32];
	size_t i = sizeof(digits), len;
	int count = 0;

	do {
		if (count && count % 3 == 0)
			digits[--i] = ',';
		digits[--i] = (char)('0' + rest % 10);
		count++;
	} while (rest /= 10);
	if (n < 0)
		digits[--i] = '-';
	len = sizeof(digits) - i;
	memcpy(s, digits + i, len);
	s[len] = '\0';
}

void out_bytes(char s[32], int64_t n)
{
	rt_bytes_format(s, n);
}
