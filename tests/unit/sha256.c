/* lib/sha256: the vectors of FIPS 180-4 and NIST's, whole and in pieces. */
#include "sha256.h"
#include "tap.h"

#include <stdlib.h>

static void sum_of(const char *data, size_t n, size_t piece, char hex[RT_SHA256_HEX + 1])
{
	struct rt_sha256 h;

	rt_sha256_init(&h);
	for (size_t at = 0; at < n; at += piece)
		rt_sha256_add(&h, data + at, n - at < piece ? n - at : piece);
	rt_sha256_end(&h, hex);
}

static void test_vectors(struct tap *t)
{
	static const struct {
		const char *text, *sum;
	} vectors[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};
	char hex[RT_SHA256_HEX + 1];

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const char *text = vectors[i].text;

		sum_of(text, strlen(text), 1000, hex);
		is_text(t, hex, vectors[i].sum, "a vector");
		sum_of(text, strlen(text), 1, hex);
		is_text(t, hex, vectors[i].sum, "the same byte by byte");
	}
}

static void test_million(struct tap *t)
{
	static const size_t pieces[] = { 1000000, 4096, 65, 64, 63, 7 };
	char hex[RT_SHA256_HEX + 1], *text = malloc(1000000);

	if (!ok(t, text != NULL, "memory"))
		return;
	memset(text, 'a', 1000000);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		sum_of(text, 1000000, pieces[i], hex);
		is_text(t, hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
			"a million times a");
	}
	free(text);
}

/* Where the padding needs another block, and where it does not. */
static void test_lengths(struct tap *t)
{
	static const char *const sums[] = {
		[0] = "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318",
		[1] = "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a",
		[2] = "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34",
		[3] = "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb",
	};
	static const size_t lengths[] = { 55, 56, 63, 64 };
	char text[64], hex[RT_SHA256_HEX + 1];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < 4; i++) {
		sum_of(text, lengths[i], 64, hex);
		is_text(t, hex, sums[i], "a length near that of a block");
	}
}

int main(void)
{
	struct tap t = { 0 };

	test_vectors(&t);
	test_million(&t);
	test_lengths(&t);
	return tap_done(&t);
}
