/* SPDX-License-Identifier: Apache-2.0 */
/* Status callbacks that are owed: on disk before they are sent, delivered at least once, those of one call in
 * their order, each under one idempotency token. One that fails is tried again with growing pauses until it is too
 * old; then a notification is what remains. Runs on the loop. */
#ifndef CONTROL_OUTBOX_H
#define CONTROL_OUTBOX_H

#include "control/http_client.h"
#include "control/loop.h"
#include "control/store.h"

struct outbox;

struct outbox_ops {
	void *ctx;
	/* Send it: http_client_send's promise about done. -EINVAL: it can never be sent. */
	int (*send)(void *ctx, const struct callback_row *c, http_done_fn done, void *done_ctx);
	void (*note)(void *ctx, const struct call_note *n);      /* sid filled in by the callee */
	void (*forget)(void *ctx, const struct callback_row *c); /* delete it from the disk */
};

struct outbox_conf {
	uint32_t age_max_s;                  /* older ones are given up; at least one attempt is made */
	uint32_t retry_min_ms, retry_max_ms; /* pause after the first failure, doubled up to the second */
};

struct outbox *outbox_new(struct loop *l, const struct outbox_conf *conf, const struct outbox_ops *ops);
/* What is not delivered stays on disk. The HTTP client has to be gone, or to answer no more. */
void outbox_free(struct outbox *o);
/* Its row is on disk. Copied. */
void outbox_add(struct outbox *o, const struct callback_row *c);
/* Other times for what is tried from now on. */
void outbox_times(struct outbox *o, uint32_t age_max_s, uint32_t retry_min_ms);
/* From now on nothing is tried again in this run; what waits for its next attempt stays on disk. */
void outbox_stop(struct outbox *o);

uint32_t outbox_waiting(const struct outbox *o); /* all that are not delivered */
uint32_t outbox_unsettled(
    const struct outbox *o); /* those that are under way, or would be without outbox_stop */
uint64_t outbox_delivered(const struct outbox *o), outbox_retried(const struct outbox *o),
    outbox_given_up(const struct outbox *o);

#endif
