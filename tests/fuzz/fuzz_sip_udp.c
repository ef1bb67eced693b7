/* SPDX-License-Identifier: Apache-2.0 */
/* Any datagrams at a user agent with calls in every state, which also takes calls from outside. Afterwards all timers run out, and nothing may be
 * held: no leg, no transaction, no packet, no text; each ORIGINATE has ended exactly once.
 *
 * An input is one or more datagrams, each ended by the byte 0xff. The bytes 1 to 6 stand for what only the peer
 * of a call can know: 1 our branch, 2 our From with tag, 3 Call-ID, 4 Contact URI, 5 our To, 6 the peer's tag. So a
 * mutated input still gets behind the tokens. Input without those bytes goes to all of it as a stranger's. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/dataplane/sip/harness.h"

#define DATAGRAM_MAX 1400u

static struct rig rig;
static bool ready;
static struct heard up, early;

static void open_once(void)
{
	if (ready)
		return;
	ready = true;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	rig_open(&rig, &(struct rig_conf){.serves = true});
	rig.hostile = true;
}

static void begin_calls(void)
{
	rig.n_events = rig.taken = 0;
	rig.ring_room = RIG_EVENTS;
	rig_up(&rig, &up);
	MUST(rig_call(&rig, 60000) != 0);
	rig_hear(&rig, &early, "INVITE ");
	MUST(rig_call(&rig, 0) != 0);
}

static struct span knowledge(const struct heard *h, uint8_t which)
{
	static char contact[256];
	struct span via = sip_msg_val(&h->m, SIP_H_VIA);
	const char *branch = memmem(via.p, via.len, "z9hG4bK", 7);
	switch (which) {
	case 1:
		return span_of(branch, (uint32_t)(via.p + via.len - branch));
	case 2:
		return sip_msg_val(&h->m, SIP_H_FROM);
	case 3:
		return sip_msg_val(&h->m, SIP_H_CALL_ID);
	case 4:
		MUST(sscanf(heard_hdr(h, SIP_H_CONTACT), "<%255[^>]>", contact) == 1);
		return span_str(contact);
	case 5:
		return sip_msg_val(&h->m, SIP_H_TO);
	default:
		return SPAN("bob1");
	}
}

static uint32_t expand(char out[DATAGRAM_MAX], const uint8_t *p, size_t n, const struct heard *h)
{
	struct buf b = buf_on(out, DATAGRAM_MAX);
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 1 && p[i] <= 6)
			buf_span(&b, knowledge(h, p[i]));
		else
			buf_chr(&b, (char)p[i]);
	}
	return b.len;
}

/* Control's part: every second call from outside is answered, the others ring, are refused, or left alone. */
static void control(uint32_t from)
{
	for (uint32_t i = from; i < rig.n_events; i++) {
		const struct dp_event *e = &rig.events[i];
		static const uint16_t TYPES[] = {DP_CMD_ANSWER, DP_CMD_RING, DP_CMD_ANSWER, DP_CMD_REJECT, DP_CMD_ANSWER, 0};
		struct dp_cmd c = {.type = TYPES[i % 6], .leg = e->leg, .early_media = i & 1};
		if (e->type != DP_EV_INCOMING || !c.type)
			continue;
		c.sip_status = c.type == DP_CMD_RING ? 183 : 486;
		sip_command(rig.sip, &c, rig.now);
		net_flush(rig.net, rig.now);
	}
}

/* What must never be answered: an ACK, a response. */
static bool unanswerable(const char *p, uint32_t n)
{
	while (n && (*p == '\r' || *p == '\n'))
		p++, n--;
	return (n >= 4 && memcmp(p, "ACK ", 4) == 0) || (n >= 8 && strncasecmp(p, "SIP/2.0 ", 8) == 0);
}

static void deliver(const uint8_t *p, size_t n, const struct heard *h)
{
	static struct heard out;
	char text[DATAGRAM_MAX];
	struct ip_sock src = rig_sock(RIG_PEER, 5080);
	uint32_t len = expand(text, p, n, h);
	rig_drain(&rig);
	uint32_t seen = rig.n_events;
	rig_say_from(&rig, &src, text, len);
	while (rig_next(&rig, &out))
		MUST(!unanswerable(text, len) || memcmp(out.text, "SIP/2.0 ", 8) != 0);
	control(seen);
}

static void deliver_all(const uint8_t *data, size_t size, const struct heard *h)
{
	for (int k = 0; k < 16; k++) {
		const uint8_t *end = memchr(data, 0xff, size);
		size_t n = end ? (size_t)(end - data) : size;
		deliver(data, n, h);
		rig_run(&rig, 100);
		if (!end)
			return;
		data += n + 1;
		size -= n + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t ended = 0, begun = 3;
	open_once();
	begin_calls();
	deliver_all(data, size, &up);
	deliver_all(data, size, &early);
	rig_settle(&rig);
	for (uint32_t i = 0; i < rig.n_events; i++) {
		ended += rig.events[i].type == DP_EV_ENDED;
		begun += rig.events[i].type == DP_EV_INCOMING;
	}
	MUST(ended == begun);
	return 0;
}
