/* SHA-256 (FIPS 180-4), piece by piece. */
#ifndef RT_SHA256_H
#define RT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define RT_SHA256_HEX 64 /* digits of a sum in hexadecimal */

struct rt_sha256 {
	uint32_t state[8];
	uint64_t size; /* bytes so far */
	unsigned char block[64];
};

void rt_sha256_init(struct rt_sha256 *h);
void rt_sha256_add(struct rt_sha256 *h, const void *data, size_t n);

/* The sum of all that was added, in lower case. h is of no use after it. */
void rt_sha256_end(struct rt_sha256 *h, char hex[RT_SHA256_HEX + 1]);

#endif
