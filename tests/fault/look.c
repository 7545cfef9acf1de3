/*
 * Look at the files of a run: `look DIR` with what rt-status --json says of it on
 * standard input, or `look -s DIR` after a writer that came to its end. Each
 * thing that is wrong is a line on standard output. It reads them with jansson,
 * not as rt does. With LOOK_TORN=1 a line may be the beginning of an event that
 * its writer was killed in: no event, and not wrong.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_MAX 65536

static json_t *load(const char *dir, const char *name)
{
	char path[4096];
	json_error_t err;
	json_t *root;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	root = json_load_file(path, 0, &err);
	if (!root)
		printf("%s: %s\n", name, err.text);
	else if (stat(path, &st) == 0 && st.st_size > STATUS_MAX)
		printf("%s: %lld bytes\n", name, (long long)st.st_size);
	return root;
}

static json_int_t count_in(const json_t *root)
{
	const json_t *n = json_object_get(json_object_get(root, "counts"), "events");

	return n ? json_integer_value(n) : -1;
}

static void look_at_keys(const json_t *root)
{
	static const char *const strings[] = { "run_id", "status", "created_at", "updated_at" };

	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		if (!json_is_string(json_object_get(root, strings[i])))
			printf("status.json: %s is missing\n", strings[i]);
	}
	if (!json_is_array(json_object_get(root, "events")))
		printf("status.json: events is missing\n");
}

/* The events: how many, how many bytes, and the last message. */
struct events {
	json_int_t n;
	long long size;
	char last[256];
};

/* The beginning of an event, ended by the next writer, with nothing of that one in it. */
static bool is_torn(const char *line)
{
	static const char begin[] = "{\"ts\":";

	return getenv("LOOK_TORN") && !strstr(line + 1, begin) &&
	       (strncmp(line, begin, strlen(begin)) == 0 || strlen(line) <= strlen(begin));
}

static void read_events(struct events *e, const char *dir)
{
	char path[4096], *line = NULL;
	size_t cap = 0, lines = 0;
	ssize_t n;
	FILE *f;

	memset(e, 0, sizeof(*e));
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	f = fopen(path, "re");
	if (!f) {
		perror(path);
		printf("events.jsonl cannot be read\n");
		return;
	}
	while ((n = getline(&line, &cap, f)) > 0) {
		json_t *event = json_loadb(line, (size_t)n, 0, NULL);
		const char *message = json_string_value(json_object_get(event, "message"));

		lines++;
		e->size += n;
		if (event || !is_torn(line)) {
			e->n++;
			if (!event || line[n - 1] != '\n' || !message)
				printf("events.jsonl: line %zu is not whole: %.80s\n", lines, line);
			snprintf(e->last, sizeof(e->last), "%s", message ? message : "");
		}
		json_decref(event);
	}
	free(line);
	fclose(f);
}

/* A writer that came to its end leaves nothing that lags, and no draft. */
static void look_settled(const char *dir, const json_t *root, const struct events *e)
{
	const json_t *events = json_object_get(root, "events");
	const json_t *last = json_array_get(events, json_array_size(events) - 1);
	const char *message = json_string_value(json_object_get(last, "message"));
	char path[4096];

	if (count_in(root) != e->n)
		printf("status.json counts %lld events of %lld\n", (long long)count_in(root),
		       (long long)e->n);
	if (json_integer_value(json_object_get(root, "events_size")) != e->size)
		printf("events_size is not %lld\n", e->size);
	if (!message || strcmp(message, e->last) != 0)
		printf("the last event is \"%s\", in status.json \"%s\"\n", e->last,
		       message ? message : "");
	snprintf(path, sizeof(path), "%s/.status.json.tmp", dir);
	if (access(path, F_OK) == 0)
		printf(".status.json.tmp is left over\n");
}

static void look_at_shown(const json_t *root, const struct events *e)
{
	json_t *shown = json_loadf(stdin, 0, NULL);

	if (count_in(root) > e->n)
		printf("status.json counts %lld events of %lld\n", (long long)count_in(root),
		       (long long)e->n);
	if (!shown)
		printf("rt-status printed no JSON\n");
	else if (count_in(shown) != e->n)
		printf("rt-status counts %lld events of %lld\n", (long long)count_in(shown),
		       (long long)e->n);
	json_decref(shown);
}

int main(int argc, char **argv)
{
	bool settled = argc == 3 && strcmp(argv[1], "-s") == 0;
	const char *dir = argv[argc - 1];
	struct events e;
	json_t *root;

	if (argc != 2 + settled)
		return 2;
	root = load(dir, "status.json");
	if (root)
		look_at_keys(root);
	read_events(&e, dir);
	if (settled)
		look_settled(dir, root, &e);
	else
		look_at_shown(root, &e);
	json_decref(root);
	return 0;
}
