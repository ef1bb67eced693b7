/* SPDX-License-Identifier: Apache-2.0 */
#include "control/link_watch.h"

#include "control/log.h"
#include "control/mem.h"

#include <stdlib.h>

#define LOOK_NS 1000000000u

struct link_watch {
	struct loop *loop;
	const struct dp *dp;
	const char *device;
	enum dp_link last;
	struct loop_timer timer;
};

const char *link_name(enum dp_link link)
{
	static const char *const names[] = {
	    [DP_LINK_UP] = "up", [DP_LINK_DOWN] = "down", [DP_LINK_GONE] = "gone"};
	return names[link];
}

enum dp_link link_worst(const struct dp *d)
{
	enum dp_link worst = DP_LINK_UP;
	for (uint16_t i = 0; i < dp_workers(d); i++) {
		enum dp_link one = dp_link(d, i);
		worst = one > worst ? one : worst;
	}
	return worst;
}

static void tell(const struct link_watch *w, enum dp_link now)
{
	if (now == DP_LINK_UP)
		log_line(LOG_INFO, "dataplane", "", "%s: the link is up again", w->device);
	else if (now == DP_LINK_DOWN)
		log_line(LOG_WARN, "dataplane", "", "%s: the link is down, nothing can be sent or received",
		    w->device);
	else
		log_line(LOG_ERROR, "dataplane", "",
		    "%s: the device is gone; when it is back the engine has to be started again", w->device);
}

static void look(void *ctx, struct loop_timer *t)
{
	struct link_watch *w = ctx;
	enum dp_link now = link_worst(w->dp);
	if (now != w->last)
		tell(w, now);
	w->last = now;
	loop_timer_arm(w->loop, t, loop_now_ns() + LOOK_NS);
}

struct link_watch *link_watch_new(struct loop *l, const struct dp *d, const char *device)
{
	struct link_watch *w = mem_zalloc(sizeof *w);
	*w = (struct link_watch){.loop = l, .dp = d, .device = device, .last = DP_LINK_UP};
	w->timer = (struct loop_timer){.fn = look, .ctx = w};
	loop_timer_arm(l, &w->timer, loop_now_ns() + LOOK_NS);
	return w;
}

void link_watch_free(struct link_watch *w)
{
	if (!w)
		return;
	loop_timer_cancel(w->loop, &w->timer);
	free(w);
}
