/* SPDX-License-Identifier: Apache-2.0 */
/* Every prefix of every message against a page that may not be touched: one byte read too many is a fault. Runs over
 * the RFCs' messages here and over every SIP and SDP file of the shared vectors when they are there. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/nothing.h"
#include "tests/unit/sip/cm.h"

#include "sip-parser/sdp.h"
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_fast.h"
#include "sip-parser/sip_frame.h"
#include "sip-parser/sip_multipart.h"
#include "sip-parser/sip_typed.h"
#include "sip-parser/sip_via.h"

#define ROOM     (SIP_MSG_BYTES_MAX + 1)
#define EACH_MAX 2048 /* up to here every prefix; longer ones in steps, and their last 256 each */

static char *guard; /* first byte of the forbidden page */
static char text[ROOM];
static unsigned long files, prefixes;

static void *map(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len = (ROOM + page - 1) / page * page;
	char *p = mmap(NULL, len + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p + len, page, PROT_NONE) < 0)
		return NULL;
	return p + len;
}

static void every_decoder(uint8_t id, struct span v)
{
	struct sip_addr a;
	struct sip_via via;
	struct sip_cseq c;
	struct sip_auth auth;
	uint32_t off;
	(void)!sip_addr_parse(&a, v, &off);
	(void)!sip_via_parse(&via, v, &off);
	(void)!sip_cseq_parse(&c, v, &off);
	(void)!sip_auth_parse(&auth, v, &off);
	(void)!sip_typed_check(id, v, &off);
}

/* The vector code that this CPU can run. */
static void every_variant(const char *p, uint32_t n)
{
	static struct sip_msg m;
	static struct sip_core c;
	struct sip_err err;
	const struct sip_fast *f;
	for (unsigned int i = 0; (f = sip_fast_at(i)); i++) {
		sip_fast_force(f);
		if (sip_msg_parse(&m, p, n, SIP_DATAGRAM, &err) == 0)
			(void)!sip_msg_core(&m, &c, &err);
	}
	sip_fast_force(NULL);
}

static void parse_at_guard(uint32_t n)
{
	static struct sip_msg m;
	static struct sdp s;
	struct sip_err err;
	struct sip_frame f = {0};
	struct sip_part part;
	struct span sdp;
	uint32_t off, used;
	const char *reason;
	const char *p = memcpy(guard - n, text, n);
	every_variant(p, n);
	if (sip_msg_parse(&m, p, n, SIP_DATAGRAM, &err) == 0)
		(void)!sip_msg_check(&m, &err);
	/* the line that was cut ends at the guard */
	if (m.n_hdrs) {
		struct span v = sip_hdr_val(&m, &m.hdrs[m.n_hdrs - 1]);
		every_decoder(m.ids[m.n_hdrs - 1], v);
		every_decoder(
		    (uint8_t)(n % SIP_H_COUNT), span_of(p + n - (n < 200 ? n : 200), n < 200 ? n : 200));
	}
	(void)!sip_msg_sdp(&m, &sdp);
	(void)!sip_body_find(SPAN("multipart/mixed;boundary=b"), span_of(p, n), SPAN("a"), SPAN("b"), &part);
	(void)sip_frame_next(&f, p, n, false, &used, &err);
	(void)!sdp_parse(&s, span_of(p, n), &off, &reason);
	prefixes++;
}

static void one_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	if (!in)
		return;
	uint32_t len = (uint32_t)fread(text, 1, sizeof text, in);
	fclose(in);
	uint32_t step = len > 2 * EACH_MAX ? len / 64 : 1;
	for (uint32_t n = 0; n <= len; n += n < EACH_MAX || n + 256 > len ? 1 : step)
		parse_at_guard(n);
	parse_at_guard(len);
	files++;
}

static void walk(const char *path, int depth)
{
	DIR *d = depth < 4 ? opendir(path) : NULL;
	char sub[4096];
	struct stat st;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.' ||
		    snprintf(sub, sizeof sub, "%s/%s", path, e->d_name) >= (int)sizeof sub ||
		    stat(sub, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			walk(sub, depth + 1);
		else
			one_file(sub);
	}
	if (d)
		closedir(d);
}

static void every_prefix_of_the_rfcs_messages_stays_inside(void **state)
{
	files = prefixes = 0;
	walk(SOURCE_ROOT "/tests/torture/rfc4475", 0);
	walk(SOURCE_ROOT "/tests/torture/rfc5118", 0);
	assert_true(files >= 30);
	assert_true(prefixes > 10000);
}

static void every_prefix_of_the_vectors_stays_inside(void **state)
{
	static const char *const dirs[] = {"sip-callflows", "sip-unit-messages", "sip-realworld",
	    "sip-protos-c07", "sip-protos-register", "sip-fuzz-seeds", "sdp"};
	const char *root = getenv("DIALPLANE_VECTORS");
	char path[4096];
	files = prefixes = 0;
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		snprintf(path, sizeof path, "%s/%s", root ? root : SOURCE_ROOT "/../shared/vectors", dirs[i]);
		walk(path, 0);
	}
	if (files == 0)
		NOTHING_TO_CHECK("no vectors");
	assert_true(prefixes > files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_prefix_of_the_rfcs_messages_stays_inside),
	    cmocka_unit_test(every_prefix_of_the_vectors_stays_inside),
	};
	guard = map();
	if (!guard)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
