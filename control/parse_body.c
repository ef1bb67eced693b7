/* SPDX-License-Identifier: Apache-2.0 */
#include "control/parse_body.h"

#include <stdio.h>

#include "control/parse_json.h"
#include "sip-parser/sdp.h"
#include "sip-parser/sip_multipart.h"

static const char *const dirs[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

static json_t *rate_json(uint32_t n)
{
	return n == SDP_ABSENT ? json_null() : json_integer(n);
}

static json_t *bandwidth_json(const struct sdp_bandwidth *b)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "as_kbps", rate_json(b->as_kbps), "tias_bps",
	    rate_json(b->tias_bps), "rs_bps", rate_json(b->rs_bps), "rr_bps", rate_json(b->rr_bps));
}

static json_t *crypto_json(const struct sdp_media *md)
{
	json_t *list = json_array();
	for (uint8_t i = 0; i < md->n_crypto; i++) {
		const struct sdp_crypto *c = &md->crypto[i];
		json_array_append_new(
		    list, json_pack("{s:I, s:o, s:o, s:o}", "tag", (json_int_t)c->tag, "suite",
		              pj_text(c->suite), "key_params", pj_text(c->key_params), "session_params",
		              pj_filled(c->session_params, pj_text)));
	}
	return list;
}

static json_t *media_json(const struct sdp_media *md)
{
	json_t *fmts = json_array();
	for (uint8_t i = 0; i < md->n_fmts; i++) {
		const struct sdp_fmt *f = &md->fmts[i];
		json_array_append_new(fmts,
		    json_pack("{s:i, s:o, s:I, s:o, s:i}", "pt", f->pt, "name", pj_text(f->name), "rate",
		        (json_int_t)f->rate, "fmtp", pj_filled(f->fmtp, pj_text), "channels", f->channels));
	}
	return json_pack(
	    "{s:o, s:i, s:o, s:o, s:b, s:s, s:i, s:i, s:o, s:i, s:i, s:i, s:o, s:b, s:o, s:o, s:o}", "type",
	    pj_text(md->type), "port", md->port, "proto", pj_text(md->proto), "addr", pj_text(md->addr),
	    "addr_is_v6", md->addr_is_v6, "dir", dirs[md->dir & 3], "ptime_ms", md->ptime_ms, "rtcp_port",
	    md->rtcp_port, "fmts", fmts, "fmts_more", md->fmts_more, "n_ports", md->n_ports, "maxptime_ms",
	    md->maxptime_ms, "rtcp_addr", pj_filled(md->rtcp_addr, pj_text), "rtcp_mux", md->rtcp_mux, "mid",
	    pj_filled(md->mid, pj_text), "bandwidth", bandwidth_json(&md->bw), "crypto", crypto_json(md));
}

static json_t *sdp_json(const struct sdp *s)
{
	json_t *media = json_array();
	for (uint8_t i = 0; i < s->n_media; i++)
		json_array_append_new(media, media_json(&s->media[i]));
	/* 64 bits do not fit JSON's usual integers: text */
	char id[24], version[24], start[24], stop[24];
	snprintf(id, sizeof id, "%llu", (unsigned long long)s->session_id);
	snprintf(version, sizeof version, "%llu", (unsigned long long)s->session_version);
	snprintf(start, sizeof start, "%llu", (unsigned long long)s->start_ntp);
	snprintf(stop, sizeof stop, "%llu", (unsigned long long)s->stop_ntp);
	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "origin_user",
	    pj_text(s->origin_user), "origin_addr", pj_text(s->origin_addr), "session_id", id,
	    "session_version", version, "media", media, "name", pj_filled(s->name, pj_text), "bundle",
	    pj_filled(s->bundle, pj_text), "bandwidth", bandwidth_json(&s->bw), "start_ntp", start,
	    "stop_ntp", stop);
}

static json_t *parts_json(const char *base, struct span type, struct span body, int depth);

static json_t *part_json(const char *base, const struct sip_part *p, int depth)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "offset", (json_int_t)(p->body.p - base),
	    "length", (json_int_t)p->body.len, "content_type", pj_unfolded(p->content_type), "disposition",
	    pj_unfolded(p->disposition), "content_id", pj_unfolded(p->content_id), "encoding",
	    pj_unfolded(p->encoding), "parts", parts_json(base, p->content_type, p->body, depth + 1));
}

/* null when it is no multipart, or one that cannot be taken apart. */
static json_t *parts_json(const char *base, struct span type, struct span body, int depth)
{
	struct sip_multipart mp;
	struct sip_part part;
	if (!type.p || depth == SIP_PARTS_DEPTH_MAX || sip_multipart_open(&mp, type, body) < 0)
		return json_null();
	json_t *list = json_array();
	int rc;
	while ((rc = sip_multipart_next(&mp, &part)) > 0)
		json_array_append_new(list, part_json(base, &part, depth));
	if (rc == 0)
		return list;
	json_decref(list);
	return json_null();
}

json_t *parse_body(const struct sip_msg *m)
{
	static struct sdp s; /* too large for a comfortable stack frame; the command is one thread */
	struct span type = sip_msg_val(m, SIP_H_CONTENT_TYPE), text;
	const char *why = NULL;
	uint32_t off;
	json_t *sdp = NULL;
	int found = sip_msg_sdp(m, &text);
	if (found < 0)
		why = "multipart: malformed (RFC 2046 5.1.1)";
	else if (found && sdp_parse(&s, text, &off, &why) == 0)
		sdp = sdp_json(&s);
	return json_pack("{s:I, s:I, s:o, s:o, s:s?, s:o}", "offset",
	    (json_int_t)(m->body.p ? m->body.p - m->base : 0), "length", (json_int_t)m->body.len,
	    "content_type", pj_unfolded(type), "sdp", sdp ? sdp : json_null(), "sdp_error", why, "parts",
	    parts_json(m->base, type, m->body, 0));
}
