/* archive.json. See facts.h. */
#include "facts.h"
#include "die.h"
#include "fdio.h"
#include "scan.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (64u << 10)
#define DOCUMENT_MAX (1u << 20)

void facts_init(struct facts *f, const char *name)
{
	*f = (struct facts){ .name = name };
}

void facts_release(struct facts *f)
{
	for (size_t i = 0; i < f->n_contents; i++)
		free(f->contents[i]);
	f->n_contents = 0;
}

/* The first part of its name, of a folder with a "/", into the list, which is sorted. */
static void list_name(struct facts *f, const struct members *m)
{
	const char *slash = memchr(m->name.p, '/', m->name.n);
	size_t n = slash ? (size_t)(slash - m->name.p) : m->name.n, at = f->n_contents;
	char *name = xasprintf("%.*s%s", (int)n, m->name.p,
			       slash || m->kind == MEMBER_FOLDER ? "/" : "");

	while (at > 0 && strcmp(f->contents[at - 1], name) > 0)
		at--;
	if (at > 0 && strcmp(f->contents[at - 1], name) == 0) {
		free(name);
		return;
	}
	memmove(&f->contents[at + 1], &f->contents[at], (f->n_contents - at) * sizeof(name));
	f->contents[at] = name;
	if (++f->n_contents > FACTS_NAMES)
		free(f->contents[--f->n_contents]);
}

void facts_add(struct facts *f, const struct members *m)
{
	if (!m->name.n)
		return;
	if (m->kind == MEMBER_FILE) {
		f->files++;
		f->bytes += m->size;
	}
	list_name(f, m);
}

int facts_hash(struct facts *f, int fd, struct rt_err *err)
{
	struct rt_sha256 hash;
	char piece[PIECE];
	ssize_t n;

	rt_sha256_init(&hash);
	f->size_bytes = 0;
	while ((n = pread(fd, piece, sizeof(piece), f->size_bytes)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_err_sys(err, "cannot read \"%s\"", f->name);
		rt_sha256_add(&hash, piece, (size_t)n);
		f->size_bytes += n;
	}
	rt_sha256_end(&hash, f->sha256);
	return 0;
}

static void write_document(const struct facts *f, struct rt_buf *out)
{
	rt_buf_adds(out, "{\"name\":");
	rt_json_quote(out, rt_str(f->name));
	rt_buf_addf(out, ",\"size_bytes\":%lld,\"sha256\":\"%s\",\"files\":%lld,\"bytes\":%lld",
		    (long long)f->size_bytes, f->sha256, (long long)f->files, (long long)f->bytes);
	rt_buf_adds(out, ",\"contents\":[");
	for (size_t i = 0; i < f->n_contents; i++) {
		if (i)
			rt_buf_addc(out, ',');
		rt_json_quote(out, rt_str(f->contents[i]));
	}
	rt_buf_adds(out, "]}\n");
}

int facts_write(const struct facts *f, const struct rt_rundir *d, struct rt_err *err)
{
	struct rt_buf wanted, there;
	int ret = 0;

	rt_buf_init(&wanted);
	rt_buf_init(&there);
	write_document(f, &wanted);
	if (wanted.failed)
		ret = rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	else if (rt_file_read(d->fd, RT_ARCHIVE_FILE, &there, DOCUMENT_MAX) < 0 ||
		 !rt_str_eq(rt_buf_view(&there), rt_buf_view(&wanted)))
		ret = rt_file_replace(d->fd, RT_ARCHIVE_FILE, rt_buf_view(&wanted),
				      RT_REPLACE_DURABLE, err);
	rt_buf_release(&wanted);
	rt_buf_release(&there);
	return ret;
}

void facts_read(struct facts_told *t, const struct rt_rundir *d)
{
	struct rt_buf text, hash;
	struct rt_json v;

	*t = (struct facts_told){ .bytes = -1 };
	rt_buf_init(&text);
	rt_buf_init(&hash);
	if (rt_file_read(d->fd, RT_ARCHIVE_FILE, &text, DOCUMENT_MAX) == 0 &&
	    rt_scan_valid(rt_buf_view(&text))) {
		if (rt_scan_find(rt_buf_view(&text), rt_str("sha256"), &v))
			rt_json_text(&v, &hash);
		t->there = hash.len == RT_SHA256_HEX &&
			   rt_scan_find(rt_buf_view(&text), rt_str("size_bytes"), &v) &&
			   rt_json_int(&v, &t->size_bytes);
		if (!rt_scan_find(rt_buf_view(&text), rt_str("bytes"), &v) ||
		    !rt_json_int(&v, &t->bytes))
			t->bytes = -1;
	}
	if (t->there)
		memcpy(t->sha256, hash.s, sizeof(t->sha256));
	rt_buf_release(&text);
	rt_buf_release(&hash);
}

bool facts_agree(const struct facts_told *t, const struct facts *f)
{
	return t->there && t->size_bytes == f->size_bytes && strcmp(t->sha256, f->sha256) == 0;
}
