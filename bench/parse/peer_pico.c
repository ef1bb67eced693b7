/* SPDX-License-Identifier: Apache-2.0 */
/* picohttpparser, as Debian's libh2o exports it (built for any x86-64). It splits headers and decodes nothing: the ruler of
 * our index, and of the scalar one above all. Its start lines are HTTP's, so that it begins behind ours. */
#include "bench/parse/peer.h"

#include <string.h>

#define HEADERS_MAX 128

struct phr_header {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

/* Of picohttpparser.h, which the package does not install. */
int phr_parse_headers(
    const char *buf, size_t len, struct phr_header *headers, size_t *num_headers, size_t last_len);

int bench_peer_init(void)
{
	return 0;
}

const char *bench_peer_name(void)
{
	return "picohttpparser";
}

unsigned long bench_peer_parse(const char *msg, size_t len)
{
	struct phr_header headers[HEADERS_MAX];
	size_t n = HEADERS_MAX;
	const char *line = memchr(msg, '\n', len);
	if (!line || phr_parse_headers(line + 1, len - (size_t)(line + 1 - msg), headers, &n, 0) < 0)
		return 0;
	return 1 + n;
}
