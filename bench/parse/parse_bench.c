/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `parse`: how long one message takes, per kind and over the corpus, beside other parsers.
 *
 * Messages lie cold in L1 but warm in L2: COPIES copies of the corpus at odd alignments, more than any L1 and
 * less than the L2, walked in one fixed shuffled order. Each run walks them all several times; a figure is the
 * median of the runs. `mixed` is the mean with the kinds in a shuffled order, as traffic has them: what a branch
 * predictor learns of one kind helps less there. `--once CASE` parses the corpus a given number of times and ends: for callgrind. */
#include "bench/lib/bench.h"
#include "bench/parse/ours.h"
#include "bench/parse/peer.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MSGS_MAX  64
#define COPIES    40
#define PEERS_MAX 8

struct msg {
	char name[64];
	char *bytes;
	size_t len;
};

struct subject {
	const char *name;
	unsigned long (*parse)(const char *msg, size_t len);
	unsigned passes; /* walks over all copies in one run: slow subjects take fewer */
	struct bench_sample ns[MSGS_MAX], mean_ns, mean_cycles, gbps, mixed_ns;
};

static struct msg msgs[MSGS_MAX];
static unsigned n_msgs;
static unsigned mixed[COPIES * MSGS_MAX]; /* copy * MSGS_MAX + kind */
static char *copy[COPIES][MSGS_MAX];
#define OURS 6
static struct subject subjects[OURS + PEERS_MAX] = {
    {.name = "memcpy", .parse = ours_memcpy, .passes = 16},
    {.name = "scan", .parse = ours_scan, .passes = 16},
    {.name = "index", .parse = ours_index, .passes = 16},
    {.name = "decode", .parse = ours_decode, .passes = 16},
    {.name = "check", .parse = ours_check, .passes = 16},
    {.name = "index scalar", .parse = ours_index_scalar, .passes = 16},
};
static unsigned n_subjects = OURS;

static int fail(const char *what, const char *name)
{
	fprintf(stderr, "parse_bench: %s %s\n", what, name);
	return 2;
}

static int load_one(const char *dir, const char *name)
{
	char path[512];
	struct msg *m = &msgs[n_msgs];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return fail("cannot read", path);
	m->bytes = malloc(65536);
	m->len = m->bytes ? fread(m->bytes, 1, 65536, f) : 0;
	fclose(f);
	snprintf(m->name, sizeof m->name, "%.*s", (int)strcspn(name, "."), name);
	if (m->len == 0)
		return fail("nothing in", path);
	n_msgs++;
	return 0;
}

static int is_sip(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');
	return dot && strcmp(dot, ".sip") == 0;
}

static int load(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, is_sip, alphasort), rc = 0;
	if (n <= 0)
		return fail("no *.sip in", dir);
	for (int i = 0; i < n && i < MSGS_MAX && rc == 0; i++)
		rc = load_one(dir, list[i]->d_name);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return rc;
}

static int lay_out(void)
{
	size_t total = 0, at = 0;
	for (unsigned i = 0; i < n_msgs; i++)
		total += msgs[i].len + 64;
	char *arena = malloc(total * COPIES);
	if (!arena)
		return fail("no memory for", "the copies");
	for (unsigned c = 0; c < COPIES; c++) {
		for (unsigned i = 0; i < n_msgs; i++) {
			copy[c][i] = arena + at + (c * 7 + i * 13) % 61;
			memcpy(copy[c][i], msgs[i].bytes, msgs[i].len);
			at += msgs[i].len + 64;
		}
	}
	return 0;
}

/* Every copy of every kind once, in an order that is the same in each run. */
static void shuffle(void)
{
	unsigned n = 0;
	uint32_t r = 3261;
	for (unsigned c = 0; c < COPIES; c++) {
		for (unsigned i = 0; i < n_msgs; i++)
			mixed[n++] = c * MSGS_MAX + i;
	}
	for (unsigned i = n - 1; i > 0; i--) {
		r = r * 1664525 + 1013904223;
		unsigned k = (r >> 8) % (i + 1), was = mixed[i];
		mixed[i] = mixed[k];
		mixed[k] = was;
	}
}

static double mixed_cycles(const struct subject *s)
{
	struct bench_sample walks = {0};
	unsigned long sum = 0;
	unsigned n = COPIES * n_msgs;
	for (unsigned p = 0; p < s->passes; p++) {
		uint64_t c0 = bench_cycles();
		for (unsigned k = 0; k < n; k++)
			sum += s->parse(
			    copy[mixed[k] / MSGS_MAX][mixed[k] % MSGS_MAX], msgs[mixed[k] % MSGS_MAX].len);
		bench_add(&walks, (double)(bench_cycles() - c0) / n);
	}
	bench_keep(sum);
	return bench_median(&walks);
}

/* One message kind over all copies, in an order no prefetcher follows. */
static uint64_t walk(const struct subject *s, unsigned i)
{
	unsigned long sum = 0;
	uint64_t c0 = bench_cycles();
	for (unsigned k = 0; k < COPIES; k++)
		sum += s->parse(copy[(k * 17 + i * 5) % COPIES][i], msgs[i].len);
	uint64_t c1 = bench_cycles();
	bench_keep(sum);
	return c1 - c0;
}

/* Cycles a message of one kind takes: the median of the walks, because a walk during which somebody else had the CPU
 * says nothing about the parser. */
static double cycles_of(const struct subject *s, unsigned i)
{
	struct bench_sample walks = {0};
	for (unsigned p = 0; p < s->passes; p++)
		bench_add(&walks, (double)walk(s, i) / COPIES);
	return bench_median(&walks);
}

static void run(struct subject *s)
{
	double hz = bench_cycles_hz(), all = 0, bytes = 0;
	for (unsigned i = 0; i < n_msgs; i++) {
		double per = cycles_of(s, i);
		all += per;
		bytes += (double)msgs[i].len;
		bench_add(&s->ns[i], per / hz * 1e9);
	}
	bench_add(&s->mean_cycles, all / n_msgs);
	bench_add(&s->mean_ns, all / n_msgs / hz * 1e9);
	bench_add(&s->gbps, bytes / (all / hz) / 1e9);
	bench_add(&s->mixed_ns, mixed_cycles(s) / hz * 1e9);
}

static void emit(const struct subject *s, const char *metric, const char *unit, const struct bench_sample *v,
    const struct subject *to)
{
	struct bench_result r = {"parse", s->name, metric, unit, "subject", v, NULL, 0};
	if (to && to != s) {
		r.ratio_name = to->name;
		r.ratio = bench_median(v) / bench_median(&to->mean_ns);
	}
	bench_emit(stdout, &r);
}

static void report(void)
{
	const struct subject *decode = &subjects[3];
	for (unsigned k = 0; k < n_subjects; k++) {
		struct subject *s = &subjects[k];
		emit(s, "mean", "ns/message", &s->mean_ns, decode);
		emit(s, "mixed", "ns/message", &s->mixed_ns, NULL);
		emit(s, "mean_cycles", "cycles/message", &s->mean_cycles, NULL);
		emit(s, "throughput", "GB/s", &s->gbps, NULL);
		for (unsigned i = 0; i < n_msgs; i++)
			emit(s, msgs[i].name, "ns/message", &s->ns[i], NULL);
	}
}

/* A subject that refuses a message of the corpus would be fast for nothing. */
static int check_all(void)
{
	int rc = 0;
	for (unsigned k = 0; k < n_subjects; k++) {
		for (unsigned i = 0; i < n_msgs; i++) {
			if (subjects[k].parse(msgs[i].bytes, msgs[i].len) != 0)
				continue;
			fprintf(stderr, "parse_bench: %s refuses %s\n", subjects[k].name, msgs[i].name);
			rc |= k < OURS;
		}
	}
	return rc;
}

static int load_peer(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	if (!lib)
		return fail("no peer:", dlerror());
	int (*init)(void) = (int (*)(void))dlsym(lib, "bench_peer_init");
	const char *(*name)(void) = (const char *(*)(void))dlsym(lib, "bench_peer_name");
	struct subject *s = &subjects[n_subjects];
	s->parse = (unsigned long (*)(const char *, size_t))dlsym(lib, "bench_peer_parse");
	if (!init || !name || !s->parse || init() != 0)
		return fail("peer does not start:", path);
	s->name = name();
	s->passes = 5;
	n_subjects++;
	return 0;
}

static int once(const char *name, unsigned long times)
{
	unsigned long sum = 0;
	for (unsigned k = 0; k < n_subjects; k++) {
		if (strcmp(subjects[k].name, name) != 0)
			continue;
		bench_count_on();
		for (unsigned long t = 0; t < times; t++) {
			for (unsigned i = 0; i < n_msgs; i++)
				sum += subjects[k].parse(msgs[i].bytes, msgs[i].len);
		}
		bench_keep(sum);
		return 0;
	}
	return fail("no case", name);
}

static int usage(void)
{
	fprintf(stderr, "usage: parse_bench CORPUS_DIR [--runs N] [--once CASE N] [PEER.so …]\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned runs = 15;
	const char *only = NULL;
	unsigned long times = 0;
	if (argc < 2)
		return usage();
	if (load(argv[1]) != 0 || lay_out() != 0)
		return 2;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			runs = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--once") == 0 && i + 2 < argc) {
			only = argv[++i];
			times = strtoul(argv[++i], NULL, 10);
		} else if (n_subjects == OURS + PEERS_MAX || load_peer(argv[i]) != 0)
			return usage();
	}
	if (only)
		return once(only, times);
	if (check_all() != 0)
		return 1;
	shuffle();
	for (unsigned r = 0; r < runs; r++) {
		for (unsigned k = 0; k < n_subjects; k++)
			run(&subjects[k]);
	}
	report();
	return 0;
}
