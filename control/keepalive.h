/* SPDX-License-Identifier: Apache-2.0 */
/* Are the configured targets there? Each is looked up and asked by OPTIONS, all of its addresses, every so often. An answer of
 * any kind but 503 and 408 means yes. What is found is shown, and told to whoever chooses addresses for calls. On the loop. */
#ifndef CONTROL_KEEPALIVE_H
#define CONTROL_KEEPALIVE_H

#include "control/locate.h"
#include "control/sip_target.h"
#include "dataplane/api/dp_msg.h"

#define KEEPALIVE_TARGETS_MAX 8
#define KEEPALIVE_HOPS_MAX                                                                                   \
	4 /* addresses of one target; 32 OPTIONS at one time is what a worker has room for */

struct keepalive_target {
	char uri[256];
};

struct keepalive_conf {
	uint32_t every_s, wait_ms; /* wait_ms: for an answer */
	uint32_t n;
	const struct keepalive_target *targets;
};

struct keepalive_ops {
	void *ctx;
	void (*locate)(void *ctx, const struct sip_target *t, locate_fn fn, void *fn_ctx);
	void (*ping)(void *ctx, const struct dp_cmd *c);
	void (*hop_done)(void *ctx, const struct ip_sock *hop, bool reached);
	void (*said)(
	    void *ctx, const char *uri, const char *text, bool up); /* a target came up or went down */
};

struct keepalive;

/* A URI that is none: NULL, with a sentence in err. conf and its targets outlive it. */
struct keepalive *keepalive_new(
    struct loop *l, const struct keepalive_conf *conf, const struct keepalive_ops *ops, char err[256]);
/* After dns_free: no lookup is under way any more. */
void keepalive_free(struct keepalive *k);
/* Is this event a PONG of ours? Then it was taken. */
bool keepalive_event(struct keepalive *k, const struct dp_event *e);

enum keepalive_word { KEEPALIVE_UNKNOWN = 0, KEEPALIVE_UP, KEEPALIVE_DOWN };
const char *keepalive_name(enum keepalive_word w); /* "unknown", "up", "down" */

struct keepalive_state {
	const char *uri;
	enum keepalive_word word; /* up: one address at least is */
	uint32_t n;
	struct {
		struct ip_sock hop;
		enum keepalive_word word;
		uint16_t status; /* of its last answer, 0 = none */
	} hops[KEEPALIVE_HOPS_MAX];
	char why[160]; /* when it is down */
};
uint32_t keepalive_count(const struct keepalive *k); /* k may be NULL */
const struct keepalive_state *keepalive_state(const struct keepalive *k, uint32_t i);

#endif
