/* Looking into an archive: what is in it, one file of it, and the index that programs read. */
#include "archive.h"
#include "clock.h"
#include "die.h"
#include "members.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX (1 << 20) /* bytes of status.json and the like that the index tells */
#define TEXT_MAX (64 << 10)    /* and of other files, */
#define TEXTS_MAX (4ull << 20) /* so many in all */

static void add_record(const struct members *m, struct rt_buf *json)
{
	char time[RT_TS_LEN + 1];

	rt_buf_clear(json);
	rt_buf_adds(json, "{\"name\":");
	rt_json_quote(json, members_stored_name(m));
	rt_buf_addf(json, ",\"size_bytes\":%lld", (long long)m->size);
	rt_clock_format(time, rt_clock_of_seconds(archive_entry_mtime(m->entry)));
	rt_buf_addf(json, ",\"modified_at\":\"%s\"}", time);
}

static void print_line(const struct members *m, struct out *out, struct rt_buf *scratch)
{
	rt_buf_clear(scratch);
	out_time(out, scratch, rt_clock_of_seconds(archive_entry_mtime(m->entry)));
	fprintf(out->f, "%12lld  %s  ", (long long)m->size, scratch->s);
	out_text(out, members_stored_name(m));
	putc('\n', out->f);
}

static int list(struct members *m, const struct archive_opts *o, struct out *out)
{
	enum out_mode mode = output_mode(&o->output, "pretty|jsonl|json|csv");
	const char *columns = o->output.columns;
	struct records records;
	struct rt_buf b;
	int got = 0;

	rt_buf_init(&b);
	records_begin(&records, out, mode, o->output.format,
		      columns ? columns : "size_bytes,modified_at,name");
	while (!ferror(out->f) && (got = members_next(m)) > 0) {
		if (mode == OUT_PRETTY) {
			print_line(m, out, &b);
			continue;
		}
		add_record(m, &b);
		records_add(&records, rt_buf_view(&b));
	}
	records_end(&records);
	rt_buf_release(&b);
	if (m->others)
		note("%zu entries that are no regular files are left out", m->others);
	return got < 0 ? EXIT_FAIL : 0;
}

/* Of several with the same name the first one counts: a stream cannot know what is yet to come. */
static int cat(struct members *m, const char *wanted, bool optional)
{
	struct rt_str name = rt_str(wanted);
	int got = 0;

	while (name.n > 2 && name.p[0] == '.' && name.p[1] == '/')
		name = rt_str(name.p + 2);
	while ((got = members_next(m)) > 0) {
		if (!name.n || !rt_str_eq(m->name, name))
			continue;
		if (members_print(m) < 0)
			return EXIT_FAIL;
		/* that it ended in its place shows in what follows */
		return members_next(m) < 0 ? EXIT_FAIL : 0;
	}
	if (got == 0 && !optional)
		error("there is no \"%s\" in \"%s\"", wanted, m->path);
	return got == 0 && optional ? 0 : EXIT_FAIL;
}

/* Whether the index tells what stands in the file; *left is what room there is. */
static bool is_told(const struct members *m, uint64_t *left)
{
	static const char *const documents[] = { RT_STATUS_FILE, RT_METADATA_FILE,
						 RT_METRICS_FILE };
	int64_t most = TEXT_MAX;

	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
		if (rt_str_is(m->name, documents[i]) && m->size <= DOCUMENT_MAX)
			return true;
	if (m->size > most || (uint64_t)m->size > *left ||
	    (m->name.n > 10 && memcmp(m->name.p, "artifacts/", 10) == 0))
		return false;
	*left -= (uint64_t)m->size;
	return true;
}

/* The format is told in packed.h. */
static int print_index(struct members *m, struct out *out)
{
	uint64_t left = TEXTS_MAX;
	struct rt_buf text;
	int got = 0;

	rt_buf_init(&text);
	while (!ferror(out->f) && (got = members_next(m)) > 0) {
		bool told = m->name.n && is_told(m, &left);

		rt_buf_clear(&text);
		if (told && (got = members_read(m, &text)) < 0)
			break;
		if (!m->name.n)
			continue;
		fprintf(out->f, "%lld %zu %lld\n%.*s\n", (long long)m->size, m->name.n,
			told ? (long long)text.len : -1, (int)m->name.n, m->name.p);
		if (told) {
			fwrite(text.s, 1, text.len, out->f);
			putc('\n', out->f);
		}
	}
	rt_buf_release(&text);
	return got < 0 ? EXIT_FAIL : 0;
}

int archive_look(const char *path, const struct archive_opts *o, struct out *out)
{
	struct members m;
	int code;

	if (members_open(&m, path, o->mute) < 0)
		return EXIT_FAIL;
	if (o->list)
		code = list(&m, o, out);
	else if (o->cat)
		code = cat(&m, o->cat, o->optional);
	else
		code = print_index(&m, out);
	members_close(&m);
	return code;
}
