/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/core/tick.h"
#include "dataplane/pktio/pcapng.h"
#include "dataplane/pktio/pkt.h"
#include "dataplane/pktio/pktio_mem.h"

static const struct pktio_mem_conf conf = {.mtu = 1500, .buf_bytes = 2048, .pkts = 64, .queue = 64};
static char path[] = "/tmp/test_pcapng_XXXXXX";

struct found {
	uint32_t sections, interfaces, in, out;
	uint64_t last_at;
	uint8_t first[2048];
	uint32_t first_len;
};

static uint32_t word(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}

static void take_packet(const uint8_t *b, uint32_t total, struct found *f)
{
	uint32_t kept = word(b + 20), flags = word(b + total - 12);
	uint64_t at = (uint64_t)word(b + 12) << 32 | word(b + 16);
	assert_int_equal(total, 28 + ((kept + 3) & ~3u) + 16);
	assert_true(word(b + 8) < f->interfaces);
	assert_int_equal(kept, word(b + 24));
	assert_true(llabs((long long)(at / 1000000000) - (long long)time(NULL)) < 60);
	if (f->in + f->out == 0) {
		f->first_len = kept;
		memcpy(f->first, b + 28, kept);
	}
	assert_true(flags == 1 || flags == 2);
	f->in += flags == 1;
	f->out += flags == 2;
	f->last_at = at;
}

/* Walk the whole file; every block must end where it says. */
static struct found parse(void)
{
	struct found f = {0};
	uint8_t b[8192];
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	while (fread(b, 8, 1, in) == 1) {
		uint32_t total = word(b + 4);
		assert_true(total >= 12 && total <= sizeof b && total % 4 == 0);
		assert_int_equal(fread(b + 8, total - 8, 1, in), 1);
		assert_int_equal(word(b + total - 4), total);
		f.sections += word(b) == 0x0a0d0d0a;
		f.interfaces += word(b) == 1;
		if (word(b) == 6)
			take_packet(b, total, &f);
	}
	fclose(in);
	return f;
}

static void pcapng_holds_what_came_and_what_the_device_took(void **state)
{
	char err[256];
	struct pcapng *c;
	struct pktio *inner = pktio_mem_new(&conf);
	assert_int_equal(pcapng_open(&c, path, err), 0);
	struct pktio *io = pcapng_tap(c, inner);
	struct pkt *p;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pktio_mem_push(inner, "frame in", 8), 0);
		assert_int_equal(io->ops->rx(io, &p, 1), 1);
		p->data[0] = 'F'; /* was recorded before */
		pktio_mem_block_tx(inner, i == 4);
		uint32_t sent = io->ops->tx(io, &p, 1);
		assert_int_equal(sent, i != 4);
		if (!sent)
			pkt_put(p);
	}
	pcapng_close(c);
	struct found f = parse();
	assert_int_equal(f.sections, 1);
	assert_int_equal(f.interfaces, 1);
	assert_int_equal(f.in, 5);
	assert_int_equal(f.out, 4);
	assert_int_equal(f.first_len, 8);
	assert_memory_equal(f.first, "frame in", 8);
	assert_int_equal(inner->ops->pkts_used(inner), 0);
	pktio_mem_free(inner);
}

/* Far more than the ring holds at once: nothing blocks, what is missing is counted. */
static void pcapng_counts_what_it_cannot_keep_up_with(void **state)
{
	char err[256];
	struct pcapng *c;
	struct pktio *inner = pktio_mem_new(&conf);
	assert_int_equal(pcapng_open(&c, path, err), 0);
	struct pktio *io = pcapng_tap(c, inner);
	struct pkt *p = io->ops->alloc(io);
	p->len = 1500;
	for (uint32_t i = 0; i < 20 * PCAPNG_SLOTS; i++) {
		pkt_ref(p);
		assert_int_equal(io->ops->tx(io, &p, 1), 1);
		assert_int_equal(pktio_mem_pull(inner, &(uint8_t){0}, 1), 1);
	}
	pkt_put(p);
	const struct timespec nap = {.tv_nsec = 10000000};
	for (int i = 0; i < 500 && pcapng_written(c) + pcapng_lost(c) < 20 * PCAPNG_SLOTS; i++)
		nanosleep(&nap, NULL);
	uint64_t written = pcapng_written(c), lost = pcapng_lost(c);
	assert_int_equal(written + lost, 20 * PCAPNG_SLOTS);
	assert_true(written >= PCAPNG_SLOTS);
	pcapng_close(c);
	assert_int_equal(parse().out, written);
	pktio_mem_free(inner);
}

static void pcapng_on_a_full_disk_counts_and_goes_on(void **state)
{
	char err[256];
	struct pcapng *c;
	struct pktio *inner = pktio_mem_new(&conf);
	assert_int_equal(pcapng_open(&c, "/dev/full", err), 0);
	struct pktio *io = pcapng_tap(c, inner);
	struct pkt *p;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(pktio_mem_push(inner, path, sizeof path), 0);
		assert_int_equal(io->ops->rx(io, &p, 1), 1);
		pkt_put(p);
		const struct timespec nap = {.tv_nsec = 200000};
		nanosleep(&nap, NULL);
	}
	const struct timespec nap = {.tv_nsec = 10000000};
	for (int i = 0; i < 500 && pcapng_written(c) + pcapng_lost(c) < 200; i++)
		nanosleep(&nap, NULL);
	assert_true(pcapng_lost(c) > 0);
	assert_int_equal(pcapng_written(c) + pcapng_lost(c), 200);
	pcapng_close(c);
	pktio_mem_free(inner);
}

static void pcapng_says_why_a_file_cannot_be_made(void **state)
{
	char err[256] = "";
	struct pcapng *c = NULL;
	assert_true(pcapng_open(&c, "/nowhere/at/all.pcapng", err) < 0);
	assert_null(c);
	assert_non_null(strstr(err, "/nowhere/at/all.pcapng: No such file or directory"));
}

static int make_file(void **state)
{
	tick_init();
	int fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pcapng_holds_what_came_and_what_the_device_took),
	    cmocka_unit_test(pcapng_counts_what_it_cannot_keep_up_with),
	    cmocka_unit_test(pcapng_on_a_full_disk_counts_and_goes_on),
	    cmocka_unit_test(pcapng_says_why_a_file_cannot_be_made),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
