/* What a command has used. See resources.h. */
#include "resources.h"
#include "clock.h"
#include "scan.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>

#define BLOCK 512 /* bytes that ru_inblock and ru_oublock count by, see getrusage(2) */
#ifdef __APPLE__
#define RSS_UNIT 1
#else
#define RSS_UNIT 1024
#endif

static int64_t ms_of(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_usec / 1000;
}

struct rt_resources rt_resources_of(const struct rusage *usage)
{
	return (struct rt_resources){
		.known = true,
		.user_ms = ms_of(&usage->ru_utime),
		.system_ms = ms_of(&usage->ru_stime),
		.max_rss_bytes = (int64_t)usage->ru_maxrss * RSS_UNIT,
		.read_bytes = (int64_t)usage->ru_inblock * BLOCK,
		.written_bytes = (int64_t)usage->ru_oublock * BLOCK,
	};
}

void rt_resources_write(const struct rt_resources *r, struct rt_buf *out)
{
	rt_buf_addf(out,
		    "{\"user_ms\":%" PRId64 ",\"system_ms\":%" PRId64 ",\"max_rss_bytes\":%" PRId64,
		    r->user_ms, r->system_ms, r->max_rss_bytes);
	if (r->peak_bytes)
		rt_buf_addf(out, ",\"peak_bytes\":%" PRId64, r->peak_bytes);
	rt_buf_addf(out,
		    ",\"read_bytes\":%" PRId64 ",\"written_bytes\":%" PRId64 ",\"source\":\"%s\"}",
		    r->read_bytes, r->written_bytes, r->cgroup ? "cgroup" : "rusage");
}

void rt_resources_parse(struct rt_resources *r, struct rt_str object)
{
	struct rt_resources found = { .known = true };
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = {
		{ "user_ms", &found.user_ms },
		{ "system_ms", &found.system_ms },
		{ "max_rss_bytes", &found.max_rss_bytes },
		{ "read_bytes", &found.read_bytes },
		{ "written_bytes", &found.written_bytes },
	};
	struct rt_json v;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		/* Another program may mean something else by the name. */
		if (!rt_scan_find(object, rt_str(numbers[i].name), &v) ||
		    !rt_json_int(&v, numbers[i].to) || *numbers[i].to < 0)
			return;
	}
	if (rt_scan_find(object, rt_str("peak_bytes"), &v) &&
	    (!rt_json_int(&v, &found.peak_bytes) || found.peak_bytes < 0))
		found.peak_bytes = 0;
	found.cgroup = rt_scan_find(object, rt_str("source"), &v) && rt_json_is(&v, "cgroup");
	*r = found;
}

static void time_text(char text[32], int64_t ms)
{
	if (ms < 60000)
		snprintf(text, 32, "%d.%ds", (int)(ms / 1000), (int)(ms % 1000 / 100));
	else
		rt_duration_format_ms(text, ms);
}

void rt_resources_text(const struct rt_resources *r, char text[RT_RESOURCES_TEXT])
{
	char user[32], system[32], memory[32], read[32], written[32];

	text[0] = '\0';
	if (!r->known)
		return;
	time_text(user, r->user_ms);
	time_text(system, r->system_ms);
	rt_bytes_format(memory, r->peak_bytes ? r->peak_bytes : r->max_rss_bytes);
	rt_bytes_format(read, r->read_bytes);
	rt_bytes_format(written, r->written_bytes);
	snprintf(text, RT_RESOURCES_TEXT,
		 "%.20s user, %.20s system, %.20s memory, %.20s read, %.20s written", user, system,
		 memory, read, written);
}
