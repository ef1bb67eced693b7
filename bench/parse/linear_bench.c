/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `parse`, case linear: hostile text at 8 kB and at eight times that, through everything that walks text. A
 * figure is how much dearer a byte is in the larger one: 1 when the cost is linear, 8 when it is quadratic. The
 * program fails above LIMIT. Of each head the dearest fill is then measured at eight lengths, for the graph. */
#include "bench/lib/bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sip-parser/sdp.h"
#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_frame.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_multipart.h"
#include "sip-parser/sip_product.h"
#include "sip-parser/sip_typed.h"
#include "sip-parser/sip_via.h"

#define SMALL 8000u
#define LARGE (8 * SMALL)
#define RUNS  9
#define LIMIT 4.0

static const char *const fills[] = {",", ";", "\"", "\\\"", "\\", "\r\n ", "%", "%41", "<", "(", "a=b;",
    "a=\"b\",", "a,", ";a", "a.", "::", "a@", "X: y\r\n", "v: a\r\n", "\r\n", "--b\r\n", "--b\r\n\r\n",
    "--b-", "\n--bx", "a:b@", "1.1.", "&a=b"};
static const struct {
	const char *name, *head;
} heads[] = {{"bare", ""}, {"addr", "\"x\" <sip:a@h>;"}, {"uri", "sip:a@h;"}, {"via", "SIP/2.0/UDP h;"},
    {"message", "OPTIONS sip:a@h SIP/2.0\r\n"}, {"sdp", "v=0\r\no=- 1 2 IN IP4 h\r\nc=IN IP4 h\r\na="},
    {"auth", "Digest a=b,"}};

static char text[LARGE + 256];

static void list(struct span s)
{
	struct span e, name, value;
	while (sip_list_next(&s, &e))
		;
	s = span_of(text, s.p ? (uint32_t)(s.p - text) : 0);
	while (sip_param_next(&s, &name, &value))
		;
}

static void part_walk(struct span s)
{
	struct sip_multipart mp;
	struct sip_part part;
	if (sip_multipart_open(&mp, SPAN("multipart/mixed;boundary=b"), s) < 0)
		return;
	while (sip_multipart_next(&mp, &part) > 0)
		;
}

static void message(struct span s)
{
	static struct sip_msg m;
	static struct sdp sdp;
	struct sip_err err;
	struct sip_frame f = {0};
	const char *why;
	uint32_t used, off;
	if (sip_msg_parse(&m, s.p, s.len, SIP_DATAGRAM, &err) == 0)
		bench_keep((uint64_t)sip_msg_check(&m, &err));
	bench_keep(sip_frame_next(&f, s.p, s.len, false, &used, &err));
	bench_keep((uint64_t)sdp_parse(&sdp, s, &off, &why));
}

/* Every walker once. */
static void all(struct span s)
{
	struct sip_uri u;
	struct sip_product p;
	struct span rest = s;
	uint32_t off;
	bench_keep((uint64_t)sip_uri_parse(&u, s, &off));
	for (unsigned int id = 1; id < SIP_H_COUNT; id++)
		bench_keep((uint64_t)sip_typed_check(id, s, &off));
	while (sip_product_next(&rest, &p) > 0)
		;
	list(s);
	part_walk(s);
	message(s);
}

static struct span hostile(const char *head, const char *fill, uint32_t len)
{
	size_t n = strlen(head), f = strlen(fill);
	memcpy(text, head, n);
	for (; n < len; n += f)
		memcpy(text + n, fill, f);
	return span_of(text, len);
}

/* CPU time of this thread: at 64 kB a run takes milliseconds, in which others get the CPU too. */
static double cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds for one byte: the least of the runs, which noise only makes larger. */
static double per_byte(struct span s)
{
	double least = 0;
	for (int r = 0; r < RUNS; r++) {
		double from = cpu_ns();
		all(s);
		double ns = (cpu_ns() - from) / s.len;
		least = r == 0 || ns < least ? ns : least;
	}
	return least;
}

/* The times dearer of a byte in the larger text; *large is its cost. */
static double factor_of(unsigned h, unsigned f, double *large)
{
	double small = per_byte(hostile(heads[h].head, fills[f], SMALL));
	*large = per_byte(hostile(heads[h].head, fills[f], LARGE));
	if (*large / small > LIMIT)
		fprintf(stderr, "linear_bench: %s with fill %u: %.2f ns a byte, then %.2f\n", heads[h].name,
		    f, small, *large);
	return *large / small;
}

static void emit(const char *what, const char *metric, const char *unit, double value)
{
	struct bench_sample s = {0};
	bench_add(&s, value);
	struct bench_result r = {"parse", what, metric, unit, "subject", &s, NULL, 0};
	bench_emit(stdout, &r);
}

/* Time over length with one fill. */
static void curve(unsigned h, unsigned f)
{
	char what[32], metric[32];
	snprintf(metric, sizeof metric, "hostile_%s", heads[h].name);
	for (uint32_t n = SMALL; n <= LARGE; n += SMALL) {
		double ns = per_byte(hostile(heads[h].head, fills[f], n)) * n;
		snprintf(what, sizeof what, "hostile-%u", n);
		emit(what, metric, "µs", ns / 1e3);
	}
}

int main(void)
{
	int rc = 0;
	for (unsigned h = 0; h < sizeof heads / sizeof *heads; h++) {
		double worst = 0, dearest = 0;
		unsigned at = 0;
		for (unsigned f = 0; f < sizeof fills / sizeof *fills; f++) {
			double cost, factor = factor_of(h, f, &cost);
			worst = factor > worst ? factor : worst;
			at = cost > dearest ? f : at;
			dearest = cost > dearest ? cost : dearest;
		}
		emit(heads[h].name, "linear_worst", "times/byte", worst);
		curve(h, at);
		rc |= worst > LIMIT;
	}
	return rc;
}
