/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th packet buffer cannot be had, for every n: once, and from then on. Whatever is missing, each leg ends
 * exactly once and nothing stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

static const struct pktio_ops *real_ops;
static struct pktio_ops faulty;
static uint32_t countdown; /* allocations until the fault; 0 = now */
static bool forever, armed;

static struct pkt *alloc_or_not(struct pktio *io)
{
	if (armed && countdown == 0) {
		armed = forever;
		return NULL;
	}
	if (armed)
		countdown--;
	return real_ops->alloc(io);
}

static void arm(struct rig *r, uint32_t n, bool on)
{
	real_ops = r->io->ops;
	faulty = *real_ops;
	faulty.alloc = alloc_or_not;
	r->io->ops = &faulty;
	countdown = n;
	forever = on;
	armed = true;
}

enum story { ANSWERED, BUSY, CANCELED, FORKED, REINVITED, STORIES };

/* A peer that answers what it hears, as the story goes. */
static void react(
    struct rig *r, const struct heard *h, enum story story, struct heard *invite, bool *answered)
{
	switch (h->m.method) {
	case SIP_INVITE:
		*invite = *h;
		rig_answer(r, h, 180, "bob1", "", "");
		if (story == BUSY)
			rig_answer(r, h, 486, "bob1", "", "");
		if (story == CANCELED || story == BUSY)
			break;
		rig_answer(r, h, 200, "bob1", RIG_CONTACT, RIG_SDP);
		if (story == FORKED)
			rig_answer(r, h, 200, "eve2", RIG_CONTACT, RIG_SDP);
		*answered = true;
		break;
	case SIP_CANCEL:
		rig_answer(r, h, 200, "bob1", "", "");
		invite->m.base = invite->text;
		rig_answer(r, invite, 487, "bob1", "", "");
		break;
	case SIP_BYE:
		rig_answer(r, h, 200, NULL, "", "");
		break;
	default:
		break;
	}
}

static void listen(struct rig *r, enum story story, struct heard *invite, bool *answered)
{
	static struct heard h;
	for (int i = 0; i < 20; i++) {
		while (rig_next(r, &h))
			if (h.m.is_request)
				react(r, &h, story, invite, answered);
		rig_run(r, 250);
	}
}

/* Returns whether the fault was reached. */
static bool run(enum story story, uint32_t n, bool on)
{
	static struct heard invite;
	struct rig r;
	bool answered = false;
	uint32_t ended = 0;
	rig_open(&r, NULL);
	arm(&r, n, on);
	dp_leg leg = rig_call(&r, 60000);
	listen(&r, story, &invite, &answered);
	if (story == REINVITED && answered) {
		invite.m.base = invite.text;
		rig_ask(&r, &invite, "INVITE", 1, "bob1", RIG_CONTACT, RIG_SDP_DIR("sendonly"));
		listen(&r, story, &invite, &answered);
	}
	if (leg)
		rig_hangup(&r, leg);
	listen(&r, story, &invite, &answered);
	bool reached = countdown == 0;
	armed = false;
	rig_settle(&r);
	for (uint32_t i = 0; i < r.n_events; i++)
		ended += r.events[i].type == DP_EV_ENDED;
	assert_int_equal(ended, 1);
	r.io->ops = real_ops;
	rig_discard(&r);
	return reached;
}

static void every_packet_is_missing_once(void **state)
{
	for (int story = 0; story < STORIES; story++) {
		uint32_t n = 0;
		while (run((enum story)story, n, false))
			n++;
		assert_true(n >= 4); /* the loop saw the whole story */
	}
}

static void every_packet_is_missing_from_then_on(void **state)
{
	for (int story = 0; story < STORIES; story++)
		for (uint32_t n = 0; run((enum story)story, n, true); n++)
			;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_packet_is_missing_once),
	    cmocka_unit_test(every_packet_is_missing_from_then_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
