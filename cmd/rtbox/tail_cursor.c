/*
 * Cursors: up to where runs were shown, as one line of text. What is shown after
 * one is what was written since, whatever became of the files meanwhile:
 *
 *   v1:TIME;RUN,LOG:INODE:OFFSET:HEAD:HASH:MIDDLE[:FILES:FROM:FILES:FROM],...;RUN,...
 *
 * LOG is e (events), r (output of the run) or a step. A file is known again by its
 * inode or, where that is another by now, by the hash of its first HEAD bytes.
 * MIDDLE is 1 in the middle of a line that is too long. Of a line of output that
 * comes in pieces the end is not there yet: then OFFSET is where it begins, and
 * for each stream it is said how many files on, and FROM where there, it goes on.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define VERSION "v1:"
#define CURSOR_MAX (64u << 20)
#define NAME_BYTES 63 /* of the file that it is kept in, which a temporary one has as well */
#define LEFT_NS (10 * RT_NS_PER_S) /* so long a run that has left is remembered */

/* Writing. */

static void add_name(struct rt_buf *b, const char *name)
{
	for (; *name; name++) {
		bool plain = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') ||
			     (*name >= 'A' && *name <= 'Z') || strchr("._-", *name);

		rt_buf_addf(b, plain ? "%c" : "%%%02x", (unsigned char)*name);
	}
}

static const char *log_name(const struct tail_source *s)
{
	return s->events ? "e" : s->step_id ? s->step_id : "r";
}

static void add_mark(struct rt_buf *b, const struct tail_mark *m)
{
	rt_buf_addf(b, ":%ju:%jd:%zu:%" PRIx64 ":%d", (uintmax_t)m->ino, (intmax_t)m->at, m->n_head,
		    m->hash, m->middle);
	if (m->pieces)
		rt_buf_addf(b, ":%zu:%jd:%zu:%jd", m->files[0], (intmax_t)m->from[0], m->files[1],
			    (intmax_t)m->from[1]);
}

/* Where a source stands, or the pieces that it keeps begin, if those are earlier. */
static struct tail_mark mark_of(const struct tail_source *s)
{
	struct tail_mark m = { .ino = s->ino,
			       .at = s->at,
			       .n_head = s->n_head,
			       .hash = rt_hash((struct rt_str){ s->head, s->n_head }, RT_HASH_SEED),
			       .middle = s->skipping };
	size_t first = s->n_files;

	for (int i = 0; i < 2; i++) {
		const struct tail_pieces *p = &s->pieces[i];

		if (!p->open || p->file > first || (p->file == first && p->at > m.at))
			continue;
		if (p->file < s->n_files) /* of an earlier file its inode must do */
			m = (struct tail_mark){ .ino = p->ino };
		m.at = p->at;
		m.middle = false;
		m.pieces = true;
		first = p->file;
	}
	for (int i = 0; m.pieces && i < 2; i++) {
		const struct tail_pieces *p = &s->pieces[i];

		m.files[i] = (p->open ? p->file : s->n_files) - first;
		m.from[i] = p->open ? p->at : s->at;
	}
	return m;
}

static void add_run(struct rt_buf *b, const struct tail_run *run)
{
	rt_buf_addc(b, ';');
	add_name(b, run->file ? run->file : run->dir.id);
	for (size_t i = 0; i < run->n; i++) {
		struct tail_mark m = mark_of(run->v[i]);

		if (!run->v[i]->known && !(run->packed && m.at))
			continue;
		rt_buf_addc(b, ',');
		add_name(b, log_name(run->v[i]));
		add_mark(b, &m);
	}
}

void tail_cursor_leave(struct tail *t, const struct tail_run *run)
{
	struct tail_cursor *c = &t->cursor;
	struct tail_left *left;

	if (!c->wanted)
		return;
	c->left = xrealloc(c->left, (c->n_left + 1) * sizeof(*c->left));
	left = &c->left[c->n_left++];
	left->named = run->named;
	left->ns = rt_clock_now_ns();
	rt_buf_init(&left->text);
	add_run(&left->text, run);
}

/* The cursor as it is now. */
static void write_cursor(const struct tail *t, struct rt_buf *b)
{
	const struct tail_cursor *c = &t->cursor;
	int64_t now = rt_clock_now_ns();

	rt_buf_clear(b);
	rt_buf_addf(b, VERSION "%" PRId64, now);
	for (size_t i = 0; i < c->n_left; i++)
		if (c->left[i].named || c->left[i].ns > now - LEFT_NS)
			rt_buf_addv(b, rt_buf_view(&c->left[i].text));
	for (size_t i = 0; i < t->n_runs; i++)
		add_run(b, t->runs[i]);
	if (b->failed)
		die(EXIT_FAIL, "out of memory");
}

void tail_cursor_save(struct tail *t, bool last)
{
	struct tail_cursor *c = &t->cursor;
	enum rt_replace how = last ? RT_REPLACE_DURABLE : RT_REPLACE_FAST;
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf b;

	if (!c->file)
		return;
	rt_buf_init(&b);
	write_cursor(t, &b);
	rt_buf_addc(&b, '\n');
	if (rt_file_replace(c->dirfd, c->file, rt_buf_view(&b), how, &err) < 0)
		die_err(&err);
	rt_buf_release(&b);
}

void tail_cursor_end(struct tail *t)
{
	struct tail_cursor *c = &t->cursor;
	struct rt_buf b;

	rt_buf_init(&b);
	if (c->show) {
		write_cursor(t, &b);
		fprintf(t->printer.out->f, "-- cursor: %s\n", b.s);
	}
	/* what could not be printed is to be shown next time */
	if (c->wanted && fflush(t->printer.out->f) == 0)
		tail_cursor_save(t, true);
	for (size_t i = 0; i < c->n_left; i++)
		rt_buf_release(&c->left[i].text);
	if (c->dirfd >= 0 && c->file)
		close(c->dirfd);
	free(c->left);
	free(c->file);
	rt_buf_release(&c->text);
	rt_buf_release(&b);
}

/* Reading. */

static bool take_number(struct rt_str *rest, int base, uint64_t *n)
{
	struct rt_str part = rt_str_cut(rest, ":");
	char digits[24], *end;

	if (part.n == 0 || part.n >= sizeof(digits))
		return false;
	memcpy(digits, part.p, part.n);
	digits[part.n] = '\0';
	errno = 0;
	*n = strtoull(digits, &end, base);
	return *end == '\0' && errno == 0 && digits[0] != '-' && digits[0] != '+';
}

/* INODE:OFFSET:HEAD:HASH:MIDDLE and what may follow. */
static bool parse_mark(struct rt_str text, struct tail_mark *m)
{
	uint64_t v[9] = { 0 };
	size_t n = 0;

	while (text.n && n < 9 && take_number(&text, n == 3 ? 16 : 10, &v[n]))
		n++;
	if (text.n || (n != 5 && n != 9) || v[1] > INT64_MAX || v[2] > TAIL_HEAD ||
	    v[6] > INT64_MAX || v[8] > INT64_MAX)
		return false;
	*m = (struct tail_mark){ .ino = (ino_t)v[0],
				 .at = (off_t)v[1],
				 .n_head = (size_t)v[2],
				 .hash = v[3],
				 .middle = v[4] != 0,
				 .pieces = n == 9,
				 .files = { (size_t)v[5], (size_t)v[7] },
				 .from = { (off_t)v[6], (off_t)v[8] } };
	return true;
}

/* The places of a run in the cursor; false where it is not there. */
static bool find_run(const struct tail_cursor *c, const char *id, struct rt_str *places)
{
	struct rt_str rest = rt_buf_view(&c->text);
	struct rt_buf name;
	bool found = false;

	rt_buf_init(&name);
	add_name(&name, id);
	rt_str_cut(&rest, ";");
	while (!found && rest.n) {
		*places = rt_str_cut(&rest, ";");
		found = rt_str_eq(rt_str_cut(places, ","), rt_buf_view(&name));
	}
	rt_buf_release(&name);
	return found;
}

void tail_cursor_seek(struct tail *t, struct tail_run *run)
{
	struct rt_str places, place;
	struct tail_mark m;

	if (!find_run(&t->cursor, run->file ? run->file : run->dir.id, &places))
		return;
	while (places.n) {
		place = rt_str_cut(&places, ",");
		for (size_t i = 0; i < run->n; i++) {
			struct rt_str rest = place;
			struct tail_source *s = run->v[i];

			if (!rt_str_is(rt_str_cut(&rest, ":"), log_name(s)) ||
			    !parse_mark(rest, &m))
				continue;
			tail_use(t, s);
			if (!tail_file_find(s, &m) && m.at)
				warn("run \"%s\": \"%s\" is not what it was at the cursor; "
				     "going on at its beginning",
				     run->dir.id, s->path);
		}
	}
}

static bool is_valid(struct rt_str text, int64_t *ns)
{
	const size_t n = sizeof(VERSION) - 1;
	struct rt_str run, place, time;
	struct tail_mark m;
	uint64_t v;

	if (text.n < n || memcmp(text.p, VERSION, n) != 0)
		return false;
	text = (struct rt_str){ text.p + n, text.n - n };
	time = rt_str_cut(&text, ";");
	if (!take_number(&time, 10, &v) || v > INT64_MAX)
		return false;
	*ns = (int64_t)v;
	while (text.n) {
		run = rt_str_cut(&text, ";");
		if (rt_str_cut(&run, ",").n == 0)
			return false;
		while (run.n) {
			place = rt_str_cut(&run, ",");
			if (rt_str_cut(&place, ":").n == 0 || !parse_mark(place, &m))
				return false;
		}
	}
	return true;
}

static void take_text(struct tail_cursor *c, const char *where)
{
	struct rt_str text = rt_buf_view(&c->text);

	text.n -= text.n && text.p[text.n - 1] == '\n';
	if (!is_valid(text, &c->ns))
		die_usage("%s is no cursor, as --show-cursor prints it", where);
	c->text.len = text.n;
	c->given = true;
}

static void open_file(struct tail_cursor *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("."), *where;

	c->file = xstrdup(slash ? slash + 1 : path);
	if (!*c->file || strlen(c->file) > NAME_BYTES)
		die_usage("bad --cursor-file: the name in \"%s\" has 1 to %d bytes", path,
			  NAME_BYTES);
	c->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dirfd < 0)
		die(EXIT_FAIL, "cannot open the folder of \"%s\": %s", path, strerror(errno));
	free(dir);
	if (rt_file_read(c->dirfd, c->file, &c->text, CURSOR_MAX) == 0) {
		where = xasprintf("what \"%s\" holds", path);
		take_text(c, where);
		free(where);
	} else if (errno != ENOENT) {
		die(EXIT_FAIL, "cannot read \"%s\": %s", path, rt_err_text(errno));
	}
}

void tail_cursor_begin(struct tail *t, const char *after, const char *path, bool show)
{
	struct tail_cursor *c = &t->cursor;

	c->show = show;
	c->wanted = show || path;
	c->dirfd = -1;
	rt_buf_init(&c->text);
	if (path)
		open_file(c, path);
	if (after) {
		rt_buf_adds(&c->text, after);
		take_text(c, "--after-cursor");
	}
}

bool tail_cursor_covers(const struct tail *t, const struct rt_row *row)
{
	const struct tail_cursor *c = &t->cursor;
	struct rt_str places;

	return c->given && (row->updated_ns >= c->ns - LEFT_NS || find_run(c, row->id, &places));
}
