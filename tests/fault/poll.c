/*
 * Read a run's status.json again and again until the file STOP exists:
 * `poll DIR STOP slow|fast`. A slow reader opens, sleeps, and reads in pieces
 * with sleeps in between. Each document must be there, whole, valid, with what
 * every reader may rely on, and never older than the one before. Prints how
 * many it read; complains on stderr and exits 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DOC_MAX 65536
#define PIECE 1500

static char doc[DOC_MAX + 1];

static void nap(long us)
{
	struct timespec ts = { 0, us * 1000 };

	nanosleep(&ts, NULL);
}

static ssize_t read_doc(const char *path, bool slow)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	if (slow)
		nap(20000);
	do {
		size_t room = sizeof(doc) - n;

		got = read(fd, doc + n, slow && room > PIECE ? PIECE : room);
		if (got > 0)
			n += (size_t)got;
		if (slow)
			nap(3000);
	} while (got > 0 && n < sizeof(doc));
	close(fd);
	return got < 0 ? -1 : (ssize_t)n;
}

/* What is wrong with it, NULL: nothing. *events: how many it counts. */
static const char *look(size_t n, json_int_t *events)
{
	static const char *const strings[] = { "run_id", "status", "created_at", "updated_at" };
	json_error_t err;
	json_t *root;
	const char *wrong = NULL;

	if (n == 0)
		return "empty";
	if (n > DOC_MAX)
		return "over 64 KiB";
	root = json_loadb(doc, n, 0, &err);
	if (!root)
		return "not JSON";
	for (size_t i = 0; i < 4; i++) {
		if (!json_is_string(json_object_get(root, strings[i])))
			wrong = "a required key is missing";
	}
	if (!json_is_array(json_object_get(root, "events")))
		wrong = "events is no array";
	*events = json_integer_value(json_object_get(json_object_get(root, "counts"), "events"));
	json_decref(root);
	return wrong;
}

int main(int argc, char **argv)
{
	bool slow = argc == 4 && strcmp(argv[3], "slow") == 0;
	json_int_t before = 0, events = 0;
	unsigned long docs = 0;
	char path[4096];

	if (argc != 4)
		return 2;
	snprintf(path, sizeof(path), "%s/status.json", argv[1]);
	while (access(argv[2], F_OK) < 0) {
		ssize_t n = read_doc(path, slow);
		const char *wrong = n < 0 ? strerror(errno) : look((size_t)n, &events);

		if (!wrong && events < before)
			wrong = "older than the one before";
		if (wrong) {
			fprintf(stderr, "document %lu (%zd bytes): %s\n", docs, n, wrong);
			return 1;
		}
		before = events;
		docs++;
		if (!slow)
			nap(1000);
	}
	printf("%lu\n", docs);
	return 0;
}
