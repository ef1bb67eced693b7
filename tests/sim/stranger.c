/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/stranger.h"

#include "tests/sim/sim.h"

#include <stdio.h>

#define MESSAGES 30u

void stranger_init(struct sim *s)
{
	s->stranger = (struct stranger){.at = SIM_NEVER};
	if (!s->world.noise)
		return;
	s->stranger.left = MESSAGES;
	s->stranger.at = sim_ms(s, 0, 1000);
}

static void say(struct sim *s, uint16_t from, uint16_t port, const void *data, uint32_t len)
{
	struct ip_sock src = {.a = {4, {192, 0, 2, STRANGER_HOST}}, .port = from},
	               dst = {.a = s->conf.ip, .port = port};
	wire_send(s, &src, &dst, data, len);
}

static void garbage(struct sim *s)
{
	uint8_t d[200];
	uint32_t n = sim_rand(s, sizeof d);
	for (uint32_t i = 0; i < n; i++)
		d[i] = (uint8_t)sim_rand(s, 256);
	say(s, 5060, sim_chance(s, 500) ? 5060 : (uint16_t)(s->conf.rtp_lo + sim_rand(s, 32)), d, n);
}

/* A well-formed request with tags, Call-ID and branch of its own making; some are cut short. */
static void forged_request(struct sim *s)
{
	static const char *const methods[] = {
	    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "NOTIFY", "WHAT"};
	char t[900];
	const char *m = methods[sim_rand(s, 8)];
	unsigned r = sim_rand(s, UINT32_MAX);
	int n = snprintf(t, sizeof t,
	    "%s sip:%08x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.%u:5060;branch=z9hG4bK%08x;rport\r\n"
	    "Max-Forwards: %u\r\nFrom: <sip:x@192.0.2.66>;tag=%08x\r\nTo: "
	    "<sip:y@192.0.2.1>%s%08x\r\nCall-ID: %08x\r\n"
	    "CSeq: %u %s\r\nContact: <sip:x@192.0.2.66>\r\nContent-Length: 0\r\n\r\n",
	    m, r, STRANGER_HOST, r, sim_rand(s, 71), r, sim_chance(s, 700) ? ";tag=" : ";x=", r ^ 1, r,
	    1 + sim_rand(s, 100), m);
	if (sim_chance(s, 200))
		n = (int)sim_rand(s, (uint32_t)n);
	say(s, 5060, 5060, t, (uint32_t)n);
}

static void forged_response(struct sim *s)
{
	char t[900];
	unsigned r = sim_rand(s, UINT32_MAX), status = 100 + sim_rand(s, 600);
	const char *m = sim_chance(s, 700) ? "INVITE" : "BYE";
	int n = snprintf(t, sizeof t,
	    "SIP/2.0 %u X\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%08x%08x\r\n"
	    "From: <sip:y@192.0.2.1>;tag=%08x\r\nTo: <sip:x@192.0.2.66>;tag=%08x\r\nCall-ID: %08x\r\nCSeq: 1 "
	    "%s\r\n"
	    "Content-Length: 0\r\n\r\n",
	    status, r, r, r, r, r, m);
	say(s, 5060, 5060, t, (uint32_t)n);
}

/* Never three in a row from one port with one SSRC: learning would believe that, as it has to. */
static void voice(struct sim *s)
{
	uint8_t d[172] = {0x80, 0};
	for (int i = 2; i < 12; i++)
		d[i] = (uint8_t)sim_rand(s, 256);
	memset(d + 12, 0x55, 160);
	say(s, (uint16_t)(1024 + sim_rand(s, 60000)), (uint16_t)(s->conf.rtp_lo + sim_rand(s, 32)), d,
	    sizeof d);
}

uint32_t stranger_run(struct sim *s)
{
	static void (*const tricks[])(struct sim *) = {
	    garbage, forged_request, forged_request, forged_response, voice};
	struct stranger *x = &s->stranger;
	if (x->at > s->t)
		return 0;
	tricks[sim_rand(s, 5)](s);
	x->at = --x->left ? s->t + sim_ms(s, 0, 800) : SIM_NEVER;
	return 1;
}

void stranger_in(struct sim *s, const struct frame_udp *u)
{
	static struct sip_msg m;
	struct sip_err e;
	s->stranger.answers++;
	/* An answer to a broken request carries what was broken (its CSeq, say): it need not pass every check. */
	if (sip_msg_parse(&m, (const char *)u->payload, u->len, SIP_DATAGRAM, &e))
		sim_fail(s, "the engine answered with what is no message: %s", e.reason);
	if (u->src.port != s->conf.sip_port || u->len < 8 || memcmp(u->payload, "SIP/2.0 ", 8) != 0)
		sim_fail(s, "a stranger got something else than a response");
}
