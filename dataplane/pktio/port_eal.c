/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/port_eal.h"

#include "dataplane/pktio/pktio_dpdk.h"
#include "dataplane/pktio/port_driver.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HUGE_DIR "/sys/kernel/mm/hugepages"

static long read_long(const char *path)
{
	long v = 0;
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%ld", &v) != 1)
		v = 0;
	fclose(f);
	return v;
}

uint64_t port_hugepages_free_mb(void)
{
	uint64_t kb = 0;
	DIR *d = opendir(HUGE_DIR);
	if (!d)
		return 0;
	for (struct dirent *e; (e = readdir(d));) {
		long page_kb;
		char path[384];
		if (sscanf(e->d_name, "hugepages-%ldkB", &page_kb) != 1)
			continue;
		snprintf(path, sizeof path, HUGE_DIR "/%s/free_hugepages", e->d_name);
		kb += (uint64_t)read_long(path) * (uint64_t)page_kb;
	}
	closedir(d);
	return kb / 1024;
}

/* The largest that a packet with its heads becomes with any driver that may be tried. */
static uint32_t packet_bytes(const struct dp_conf *conf)
{
	const struct port_driver *list[PORT_DRIVERS_MAX];
	uint32_t n = port_driver_candidates(conf, list), most = PKTIO_ROOM_XDP;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t room = port_driver_room(list[i], conf->mtu);
		most = room > most ? room : most;
	}
	return most + PKTIO_HEADS;
}

uint32_t port_memory_mb(const struct dp_conf *conf)
{
	uint64_t need = (uint64_t)conf->workers * (conf->pkts_max + PORT_DEVICE_PKTS) * packet_bytes(conf);
	uint32_t mb = (uint32_t)(need >> 20) + PORT_EXTRA_MB;
	return conf->memory_mb > mb ? conf->memory_mb : mb;
}

bool port_is_pci(const char *device)
{
	unsigned a, b, c, d;
	int end = 0;
	return sscanf(device, "%4x:%2x:%2x.%1x%n", &a, &b, &c, &d, &end) == 4 && device[end] == 0;
}

bool port_use_hugepages(const struct dp_conf *conf)
{
	return conf->hugepages && port_hugepages_free_mb() >= port_memory_mb(conf);
}

/* ---- the argument list ---- */

struct args {
	struct port_eal *out;
	size_t len;
	bool full;
};

static void add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct args *a, const char *fmt, ...)
{
	char *at = a->out->text + a->len;
	size_t room = sizeof a->out->text - a->len;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || a->out->argc == PORT_EAL_ARGS_MAX) {
		a->full = true;
		return;
	}
	a->out->argv[a->out->argc++] = at;
	a->len += (size_t)n + 1;
}

/* "0,2,3" of the CPUs this process may run on. */
static void cpu_list(const cpu_set_t *set, char *out, size_t room)
{
	size_t n = 0;
	out[0] = 0;
	for (int c = 0; c < CPU_SETSIZE && n + 8 < room; c++)
		if (CPU_ISSET(c, set))
			n += (size_t)snprintf(out + n, room - n, "%s%d", n ? "," : "", c);
}

static int lcores(const struct dp_conf *conf, char *out, size_t room, char err[256])
{
	char all[512];
	cpu_set_t set;
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set))
		return -errno;
	cpu_list(&set, all, sizeof all);
	size_t n = (size_t)snprintf(out, room, "0@(%s)", all);
	for (uint16_t i = 0; i < conf->workers && n < room; i++) {
		uint16_t c = conf->cores[i];
		if (c == 0xffff) {
			n += (size_t)snprintf(out + n, room - n, ",%u@(%s)", i + 1u, all);
			continue;
		}
		if (c >= CPU_SETSIZE || !CPU_ISSET(c, &set)) {
			snprintf(err, 256, "core %u of worker %u is not one this process may use (%.120s)", c,
			    i, all);
			return -EINVAL;
		}
		n += (size_t)snprintf(out + n, room - n, ",%u@%u", i + 1u, c);
	}
	return n < room ? 0 : -E2BIG;
}

int port_eal_args(struct port_eal *out, const struct dp_conf *conf, char err[256])
{
	char map[1024];
	struct args a = {.out = out};
	*out = (struct port_eal){.hugepages = port_use_hugepages(conf)};
	snprintf(err, 256, "too many cores to tell EAL about");
	int rc = lcores(conf, map, sizeof map, err);
	if (rc)
		return rc;
	add(&a, "dialplane");
	add(&a, "--lcores=%s", map);
	add(&a, "--main-lcore=0");
	add(&a, "--no-shconf");
	add(&a, "--no-telemetry");
	add(&a, "--log-level=error");
	add(&a, "-m");
	add(&a, "%u", port_memory_mb(conf));
	/* Nothing may stay behind in hugetlbfs; EAL refuses --in-memory together with --no-huge. */
	add(&a, out->hugepages ? "--in-memory" : "--no-huge");
	if (port_is_pci(conf->device)) {
		add(&a, "-a");
		add(&a, "%s", conf->device);
	} else {
		add(&a, "--no-pci");
	}
	return a.full ? -E2BIG : 0;
}
