/*
 * The libFuzzer target: make fuzz, then build/fuzz tests/fuzz/corpus. What it
 * finds goes into the corpus, which make check replays.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *wrong = check_bytes(data, n);

	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	return 0;
}
