/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/complaint.h"

#include <dlfcn.h>
#include <rte_log.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* libbpf's and libxdp's hook: both number their levels warning, info, debug. */
typedef int (*print_fn)(int level, const char *fmt, va_list ap);

static FILE *current;

static int keep_warning(int level, const char *fmt, va_list ap)
{
	if (level == 0 && current)
		return vfprintf(current, fmt, ap);
	return 0;
}

/* The driver brought these libraries in; we do not link them. */
static void hook(const char *lib, const char *setter)
{
	void *h = dlopen(lib, RTLD_NOW | RTLD_NOLOAD);
	if (!h)
		return;
	print_fn (*set)(print_fn);
	*(void **)&set = dlsym(h, setter);
	if (set)
		set(keep_warning);
	dlclose(h);
}

void complaint_begin(struct complaint *c)
{
	*c = (struct complaint){0};
	c->stream = open_memstream(&c->text, &c->len);
	current = c->stream;
	if (c->stream)
		rte_openlog_stream(c->stream);
	hook("libbpf.so.1", "libbpf_set_print");
	hook("libxdp.so.1", "libxdp_set_print");
}

void complaint_end(struct complaint *c, char *out, size_t room)
{
	out[0] = 0;
	current = NULL;
	rte_openlog_stream(NULL);
	if (!c->stream)
		return;
	fclose(c->stream);
	snprintf(out, room, "%.*s", (int)strcspn(c->text, "\n"), c->text);
	free(c->text);
}
