/* What archive.json says of an archive: nothing of when, where and by whom it was made. */
#ifndef RT_FACTS_H
#define RT_FACTS_H

#include "members.h"
#include "rundir.h"
#include "sha256.h"

#define FACTS_NAMES 100 /* files and folders of the run itself that are listed */

struct facts {
	const char *name;
	int64_t size_bytes; /* of the archive */
	char sha256[RT_SHA256_HEX + 1];
	int64_t files, bytes; /* regular files in it, and what they hold */
	char *contents[FACTS_NAMES + 1];
	size_t n_contents;
};

void facts_init(struct facts *f, const char *name);
void facts_release(struct facts *f);

/* Count the member at hand. */
void facts_add(struct facts *f, const struct members *m);

/* Size and hash of the archive that is open as fd, read anew. */
int facts_hash(struct facts *f, int fd, struct rt_err *err);

/* Write archive.json, synced, unless it says this already. */
int facts_write(const struct facts *f, const struct rt_rundir *d, struct rt_err *err);

/* What archive.json says. */
struct facts_told {
	bool there; /* it tells size and hash */
	int64_t size_bytes, bytes;
	char sha256[RT_SHA256_HEX + 1];
};
void facts_read(struct facts_told *t, const struct rt_rundir *d);

/* Whether that is what was found. */
bool facts_agree(const struct facts_told *t, const struct facts *f);

#endif
