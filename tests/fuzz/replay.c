/* Replays the fuzzing corpus: each file is a case that once was, or could be, hard. */
#include "../unit/tap.h"
#include "check.h"
#include "fdio.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void replay(struct tap *t, int dirfd, const char *name)
{
	struct rt_buf bytes;
	const char *wrong = "it cannot be read";

	rt_buf_init(&bytes);
	if (rt_file_read(dirfd, name, &bytes, 1 << 24) == 0)
		wrong = check_bytes(bytes.s, bytes.len);
	ok(t, !wrong, "%s: %s", name, wrong ? wrong : "well");
	rt_buf_release(&bytes);
}

int main(void)
{
	struct tap t = { 0 };
	struct dirent **names;
	int n, fd;

	if (getenv("RT_SOURCE") && chdir(getenv("RT_SOURCE")) < 0)
		return 1;
	n = scandir("tests/fuzz/corpus", &names, NULL, alphasort);
	fd = open("tests/fuzz/corpus", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			replay(&t, fd, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return tap_done(&t);
}
