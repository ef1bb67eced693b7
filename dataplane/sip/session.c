/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/session.h"

#include "sip-parser/sdp_audio.h"

#define PT_PCMU   0
#define PT_PCMA   8

#define PCMU_LINE "a=rtpmap:0 PCMU/8000\r\n"
#define PCMA_LINE "a=rtpmap:8 PCMA/8000\r\n"

void session_init(struct session *s, uint32_t id, uint16_t port, uint8_t codecs)
{
	*s = (struct session){.id = id,
	    .port = port,
	    .codecs = codecs,
	    .pt = SESSION_NO_CODEC,
	    .wish = SESSION_BOTH,
	    .limit = SESSION_BOTH};
}

/* ---- writing */

static void put_head(struct buf *b, const struct session *s, const struct ip_addr *own)
{
	char text[48];
	struct buf addr = buf_on(text, sizeof text);
	ip_addr_put(&addr, own);
	const struct span net = own->fam == 6 ? SPAN(" IN IP6 ") : SPAN(" IN IP4 ");
	buf_lit(b, "v=0\r\no=- ");
	buf_u32(b, s->id);
	buf_chr(b, ' ');
	buf_u32(b, s->version);
	buf_span(b, net);
	buf_span(b, buf_view(&addr));
	buf_lit(b, "\r\ns=-\r\nc=");
	buf_span(b, span_of(net.p + 1, net.len - 1));
	buf_span(b, buf_view(&addr));
	buf_lit(b, "\r\nt=0 0\r\n");
}

static void put_rtpmap(struct buf *b, uint8_t pt)
{
	if (pt == PT_PCMU)
		buf_lit(b, PCMU_LINE);
	else
		buf_lit(b, PCMA_LINE);
}

static void put_dtmf(struct buf *b, uint8_t pt)
{
	buf_lit(b, "a=rtpmap:");
	buf_u32(b, pt);
	buf_lit(b, " telephone-event/8000\r\na=fmtp:");
	buf_u32(b, pt);
	buf_lit(b, " 0-16\r\n");
}

static void put_dir(struct buf *b, bool send, bool recv)
{
	if (send)
		buf_span(b, recv ? SPAN("a=sendrecv\r\n") : SPAN("a=sendonly\r\n"));
	else
		buf_span(b, recv ? SPAN("a=recvonly\r\n") : SPAN("a=inactive\r\n"));
}

static bool offers(const struct session *s, uint8_t pt)
{
	if (pt == PT_PCMU)
		return s->codecs != DP_CODECS_PCMA;
	return pt == PT_PCMA && s->codecs != DP_CODECS_PCMU;
}

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)
#define DTMF            TEXT(SESSION_DTMF_PT)
#define OFFER_END       "a=rtpmap:" DTMF " telephone-event/8000\r\na=fmtp:" DTMF " 0-16\r\na=ptime:20\r\n"

/* From behind the port to the direction, by enum dp_media_pref. */
static const struct span OFFERED[] = {
    [DP_CODECS_BOTH] = SPAN(" RTP/AVP 0 8 " DTMF "\r\n" PCMU_LINE PCMA_LINE OFFER_END),
    [DP_CODECS_PCMU] = SPAN(" RTP/AVP 0 " DTMF "\r\n" PCMU_LINE OFFER_END),
    [DP_CODECS_PCMA] = SPAN(" RTP/AVP 8 " DTMF "\r\n" PCMA_LINE OFFER_END),
};

void session_offer(struct session *s, const struct ip_addr *own, struct buf *b)
{
	session_offer_dir(s, own, SESSION_BOTH, b);
}

void session_offer_dir(struct session *s, const struct ip_addr *own, uint8_t dir, struct buf *b)
{
	s->version++;
	s->six = own->fam == 6;
	put_head(b, s, own);
	buf_lit(b, "m=audio ");
	buf_u32(b, s->port);
	buf_span(b, OFFERED[s->codecs]);
	put_dir(b, dir & SESSION_SEND, dir & SESSION_RECV);
}

/* ---- reading */

static bool has_pt(const struct sdp_audio *a, uint8_t pt)
{
	for (uint8_t i = 0; i < a->n_pts; i++)
		if (a->pts[i] == pt)
			return true;
	return false;
}

/* Static payload types only: 0 and 8 mean what RFC 3551 says. */
static uint8_t first_common(const struct session *s, const struct sdp_audio *a)
{
	for (uint8_t i = 0; i < a->n_pts; i++)
		if (offers(s, a->pts[i]))
			return a->pts[i];
	return SESSION_NO_CODEC;
}

/* Either side may use any codec of the answer at any time (RFC 3264 §6.1, §7). */
static void agree_codecs(struct media_agreed *out, const struct session *s, const struct sdp_audio *a)
{
	out->pcmu = offers(s, PT_PCMU) && has_pt(a, PT_PCMU);
	out->pcma = offers(s, PT_PCMA) && has_pt(a, PT_PCMA);
}

/* The stream has one address of ours, so theirs must be of its family. False with *reason. */
static bool same_family(const struct session *s, const struct sdp_audio *a, const char **reason)
{
	if (a->six != s->six)
		*reason = s->six ? "SDP connection address is not an IPv6 address"
		                 : "SDP connection address is not an IPv4 address";
	return a->six == s->six;
}

/* Addresses and direction of the far side. 0.0.0.0 is hold by the rule of RFC 2543: send nothing. */
static void far_side(struct media_agreed *out, const struct sdp_audio *a)
{
	static const uint8_t ZERO[16];
	uint32_t n = a->six ? 16 : 4;
	bool nowhere = memcmp(a->ip, ZERO, n) == 0;
	*out = (struct media_agreed){.remote_rtcp_port = a->rtcp_port,
	    .may_send = !nowhere && (a->dir == SDP_SENDRECV || a->dir == SDP_RECVONLY),
	    .may_recv = a->dir == SDP_SENDRECV || a->dir == SDP_SENDONLY};
	if (nowhere)
		return;
	out->remote_rtp = (struct ip_sock){.a = {.fam = a->six ? 6 : 4}, .port = a->port};
	memcpy(out->remote_rtp.a.b, a->ip, n);
}

static uint8_t wish_of(const struct media_agreed *a)
{
	return (uint8_t)((a->may_send ? SESSION_SEND : 0) | (a->may_recv ? SESSION_RECV : 0));
}

/* The answer's one stream, read the short way or the long one. False with *reason. */
static bool read_answer(struct sdp_audio *a, struct span body, struct sdp *sdp, const char **reason)
{
	uint32_t off;
	if (sdp_audio_read(a, body))
		return true;
	if (sdp_parse(sdp, body, &off, reason))
		return false;
	*reason = sdp->n_media ? sdp_audio_of(a, &sdp->media[0]) : "answer has no audio stream in RTP/AVP";
	return *reason == NULL;
}

int session_answer(
    struct session *s, struct span body, struct sdp *sdp, struct media_agreed *out, const char **reason)
{
	struct sdp_audio a;
	if (!read_answer(&a, body, sdp, reason))
		return -1;
	*reason = "audio stream refused by the answer (port 0)";
	if (a.port == 0)
		return -1;
	uint8_t pt = first_common(s, &a);
	if (!same_family(s, &a, reason))
		return -1;
	*reason = "no common codec in the answer";
	if (pt == SESSION_NO_CODEC)
		return -1;
	far_side(out, &a);
	out->pt = s->pt = pt;
	agree_codecs(out, s, &a);
	out->dtmf_pt_send = a.dtmf_pt;
	out->dtmf_pt_recv = a.dtmf_pt == SDP_NO_PT ? SDP_NO_PT : SESSION_DTMF_PT;
	s->held = !out->may_send;
	s->wish = wish_of(out);
	return 0;
}

int session_answer_dir(struct session *s, struct span body, struct sdp *sdp, uint8_t dir,
    struct media_agreed *out, const char **reason)
{
	bool held = s->held;
	uint8_t wish = s->wish;
	if (session_answer(s, body, sdp, out, reason))
		return -1;
	s->held = held;
	if (dir != SESSION_BOTH)
		s->wish = wish;
	out->may_send &= (dir & SESSION_SEND) != 0;
	out->may_recv &= (dir & SESSION_RECV) != 0;
	return 0;
}

/* The stream of an offer that we take: the first audio stream with a codec of ours. -1 with *reason: none. */
static int choose(
    const struct session *s, const struct sdp *sdp, struct sdp_audio *a, uint8_t *pt, const char **reason)
{
	*reason = "no audio stream with a common codec in the offer";
	for (int i = 0; i < sdp->n_media; i++) {
		if (sdp_audio_of(a, &sdp->media[i]) || a->port == 0 || !same_family(s, a, reason))
			continue;
		*pt = s->pt != SESSION_NO_CODEC && has_pt(a, s->pt) ? s->pt : first_common(s, a);
		if (*pt != SESSION_NO_CODEC)
			return i;
	}
	return -1;
}

/* Every stream of the offer has its line in the answer; what we do not take has port 0 (RFC 3264 §6). */
static void put_refused(struct buf *b, const struct sdp_media *m)
{
	buf_lit(b, "m=");
	buf_span(b, m->type);
	buf_lit(b, " 0 ");
	buf_span(b, m->proto);
	buf_chr(b, ' ');
	buf_u32(b, m->n_fmts ? m->fmts[0].pt : 0);
	buf_lit(b, "\r\n");
}

static void put_taken(struct buf *b, const struct session *s, const struct media_agreed *a)
{
	buf_lit(b, "m=audio ");
	buf_u32(b, s->port);
	buf_lit(b, " RTP/AVP ");
	buf_u32(b, a->pt);
	if (a->dtmf_pt_send != SDP_NO_PT) {
		buf_chr(b, ' ');
		buf_u32(b, a->dtmf_pt_send);
	}
	buf_lit(b, "\r\n");
	put_rtpmap(b, a->pt);
	if (a->dtmf_pt_send != SDP_NO_PT)
		put_dtmf(b, a->dtmf_pt_send);
	buf_lit(b, "a=ptime:20\r\n");
	put_dir(b, a->may_send && s->limit & SESSION_SEND, a->may_recv && s->limit & SESSION_RECV);
}

int session_reoffer(struct session *s, struct span body, struct sdp *sdp, const struct ip_addr *own,
    struct media_agreed *out, struct buf *answer, const char **reason)
{
	struct sdp_audio a;
	uint32_t off;
	uint8_t pt;
	if (sdp_parse(sdp, body, &off, reason))
		return -1;
	s->six = own->fam == 6;
	int n = choose(s, sdp, &a, &pt, reason);
	if (n < 0)
		return -1;
	far_side(out, &a);
	struct session next = *s;
	next.version++;
	next.pt = out->pt = pt; /* our answer names this one alone */
	out->pcmu = pt == PT_PCMU;
	out->pcma = pt == PT_PCMA;
	next.held = !out->may_send;
	next.wish = wish_of(out);
	out->dtmf_pt_send = out->dtmf_pt_recv = a.dtmf_pt;
	put_head(answer, &next, own);
	for (int i = 0; i < sdp->n_media; i++) {
		if (i == n)
			put_taken(answer, &next, out);
		else
			put_refused(answer, &sdp->media[i]);
	}
	*reason = "the offer has too many streams to answer";
	if (answer->full)
		return -1;
	*s = next;
	return 0;
}
