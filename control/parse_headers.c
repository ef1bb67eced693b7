/* SPDX-License-Identifier: Apache-2.0 */
#include "control/parse_headers.h"

#include "control/parse_json.h"
#include "sip-parser/base/ip.h"
#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_date.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_product.h"
#include "sip-parser/sip_stamp.h"
#include "sip-parser/sip_typed.h"
#include "sip-parser/sip_via.h"
#include "sip-parser/sip_warning.h"

/* One decoder per header with a form of its own: NULL when the value is malformed. */
static json_t *decode_via(struct span s)
{
	struct sip_via v;
	uint32_t off;
	if (sip_via_parse(&v, s, &off) < 0)
		return NULL;
	bool v4 = ip4_parse(v.host, NULL);
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "protocol", pj_text(v.protocol), "version",
	    pj_text(v.version), "transport", pj_text(v.transport), "host", pj_text(v.host), "host_type",
	    pj_host_type(v.host_is_v6, v4), "port", pj_port(v.port));
	json_object_set_new(o, "branch", pj_filled(v.branch, pj_text));
	json_object_set_new(o, "received", pj_filled(v.received, pj_text));
	json_object_set_new(o, "maddr", pj_filled(v.maddr, pj_text));
	json_object_set_new(o, "ttl", v.ttl == 0xffff ? json_null() : json_integer(v.ttl));
	json_object_set_new(o, "has_rport", json_boolean(v.has_rport));
	json_object_set_new(o, "rport", pj_port(v.rport));
	json_object_set_new(o, "params", pj_params(v.params, pj_unquoted));
	return o;
}

static json_t *decode_cseq(struct span s)
{
	struct sip_cseq c;
	uint32_t off;
	if (sip_cseq_parse(&c, s, &off) < 0)
		return NULL;
	return json_pack("{s:I, s:o}", "number", (json_int_t)c.number, "method", pj_text(c.method_text));
}

static json_t *decode_rack(struct span s)
{
	struct sip_rack r;
	uint32_t off;
	if (sip_rack_parse(&r, s, &off) < 0)
		return NULL;
	return json_pack("{s:I, s:I, s:o}", "rseq", (json_int_t)r.rseq, "cseq", (json_int_t)r.cseq.number,
	    "method", pj_text(r.cseq.method_text));
}

static json_t *decode_date(struct span s)
{
	struct sip_date d;
	uint32_t off;
	if (sip_date_parse(&d, s, &off) < 0)
		return NULL;
	return json_pack("{s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "unix", (json_int_t)d.unix_s, "year",
	    d.year, "month", d.month, "day", d.day, "hour", d.hour, "minute", d.minute, "second", d.second,
	    "weekday", d.weekday);
}

static json_t *decode_warning(struct span s)
{
	struct sip_warning w;
	uint32_t off;
	if (sip_warning_parse(&w, s, &off) < 0)
		return NULL;
	/* the quotes back around the text, so that its escapes are undone */
	return json_pack("{s:i, s:o, s:o}", "code", w.code, "agent", pj_text(w.agent), "text",
	    pj_unquoted(span_of(w.text.p - 1, w.text.len + 2)));
}

static json_t *decode_stamp(struct span s)
{
	struct sip_stamp t;
	uint32_t off;
	if (sip_stamp_parse(&t, s, &off) < 0)
		return NULL;
	return json_pack("{s:o, s:o}", "time", pj_text(t.time), "delay", pj_filled(t.delay, pj_text));
}

static json_t *decode_mime_version(struct span s)
{
	struct sip_mime_version v;
	uint32_t off;
	if (sip_mime_version_parse(&v, s, &off) < 0)
		return NULL;
	return json_pack("{s:I, s:I}", "major", (json_int_t)v.major, "minor", (json_int_t)v.minor);
}

static json_t *decode_products(struct span s)
{
	json_t *list = json_array();
	struct sip_product p;
	int rc;
	while ((rc = sip_product_next(&s, &p)) > 0)
		json_array_append_new(list, p.comment.p
		                                ? json_pack("{s:o}", "comment", pj_unfolded(p.comment))
		                                : json_pack("{s:o, s:o}", "name", pj_text(p.name), "version",
		                                      pj_filled(p.version, pj_text)));
	if (rc == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *decode_number(struct span s)
{
	uint32_t n;
	return sip_number(s, UINT32_MAX, &n) < 0 ? NULL : json_integer(n);
}

static json_t *decode_text(struct span s)
{
	return pj_unfolded(s);
}

static json_t *decode_token(struct span s)
{
	struct sip_value v;
	uint32_t off;
	return sip_value_parse(&v, SIP_HEAD_TOKEN, s, &off) < 0 || v.params.p ? NULL : pj_text(v.value);
}

static json_t *auth_json(const struct sip_auth *a)
{
	json_t *o = json_object();
	struct span rest = a->params, name, value;
	while (sip_auth_next(&rest, &name, &value))
		pj_put_named(o, name, pj_unquoted(value));
	return json_pack("{s:o, s:o}", "scheme", pj_text(a->scheme), "params", o);
}

static json_t *decode_auth(struct span s)
{
	struct sip_auth a;
	uint32_t off;
	return sip_auth_parse(&a, s, &off) < 0 ? NULL : auth_json(&a);
}

static json_t *decode_auth_info(struct span s)
{
	struct sip_auth a;
	uint32_t off;
	return sip_auth_params(&a, s, &off) < 0 ? NULL : auth_json(&a);
}

static const struct {
	uint8_t id;
	json_t *(*decode)(struct span s);
} own_form[] = {
    {SIP_H_VIA, decode_via},
    {SIP_H_CSEQ, decode_cseq},
    {SIP_H_RACK, decode_rack},
    {SIP_H_DATE, decode_date},
    {SIP_H_WARNING, decode_warning},
    {SIP_H_TIMESTAMP, decode_stamp},
    {SIP_H_MIME_VERSION, decode_mime_version},
    {SIP_H_USER_AGENT, decode_products},
    {SIP_H_SERVER, decode_products},
    {SIP_H_CALL_ID, decode_text},
    {SIP_H_CONTENT_ID, decode_text},
    {SIP_H_IN_REPLY_TO, decode_text},
    {SIP_H_SUBJECT, decode_text},
    {SIP_H_ORGANIZATION, decode_text},
    {SIP_H_P_ASSERTED_SERVICE, decode_text},
    {SIP_H_P_PREFERRED_SERVICE, decode_text},
    {SIP_H_PRIORITY, decode_token},
    {SIP_H_ALLOW, decode_token},
    {SIP_H_SUPPORTED, decode_token},
    {SIP_H_REQUIRE, decode_token},
    {SIP_H_PROXY_REQUIRE, decode_token},
    {SIP_H_UNSUPPORTED, decode_token},
    {SIP_H_ALLOW_EVENTS, decode_token},
    {SIP_H_CONTENT_ENCODING, decode_token},
    {SIP_H_CONTENT_LANGUAGE, decode_token},
    {SIP_H_REQUEST_DISPOSITION, decode_token},
    {SIP_H_SIP_ETAG, decode_token},
    {SIP_H_SIP_IF_MATCH, decode_token},
    {SIP_H_SUPPRESS_IF_MATCH, decode_token},
    {SIP_H_MAX_FORWARDS, decode_number},
    {SIP_H_CONTENT_LENGTH, decode_number},
    {SIP_H_EXPIRES, decode_number},
    {SIP_H_MIN_EXPIRES, decode_number},
    {SIP_H_RSEQ, decode_number},
    {SIP_H_FLOW_TIMER, decode_number},
    {SIP_H_MAX_BREADTH, decode_number},
    {SIP_H_WWW_AUTHENTICATE, decode_auth},
    {SIP_H_PROXY_AUTHENTICATE, decode_auth},
    {SIP_H_AUTHORIZATION, decode_auth},
    {SIP_H_PROXY_AUTHORIZATION, decode_auth},
    {SIP_H_AUTHENTICATION_INFO, decode_auth_info},
};

static json_t *number_or_null(uint32_t n)
{
	return n == SIP_ABSENT ? json_null() : json_integer(n);
}

static json_t *field_json(const struct sip_field *f, const void *from)
{
	const void *at = (const char *)from + f->offset;
	const struct span *s = at;
	switch ((enum sip_field_type)f->type) {
	case SIP_FIELD_FLAG:
		return json_boolean(*(const bool *)at);
	case SIP_FIELD_NUMBER:
		return number_or_null(*(const uint32_t *)at);
	case SIP_FIELD_Q:
		return *(const uint16_t *)at == SIP_Q_ABSENT ? json_null()
		                                             : json_real(*(const uint16_t *)at / 1000.0);
	case SIP_FIELD_TEXT:
		/* with its quotes, when it had some */
		return s->p && s->p[-1] == '"' ? pj_unquoted(span_of(s->p - 1, s->len + 2)) : pj_text(*s);
	case SIP_FIELD_TOKEN:
	case SIP_FIELD_URI:
		return pj_text(*s);
	}
	return json_null();
}

static json_t *addr_head(const struct sip_addr *a)
{
	if (a->star)
		return json_pack("{s:b}", "star", 1);
	return json_pack("{s:o, s:o, s:o}", "display", pj_filled(a->display, pj_unquoted), "uri",
	    pj_uri(&a->uri), "tag", pj_filled(a->tag, pj_text));
}

static json_t *value_head(enum sip_head head, const struct sip_value *v)
{
	switch (head) {
	case SIP_HEAD_NONE:
		return json_object();
	case SIP_HEAD_MEDIA:
		return json_pack("{s:o, s:o}", "type", pj_text(v->value), "subtype", pj_text(v->subtype));
	case SIP_HEAD_NUMBER:
		return json_pack("{s:I, s:o}", "value", (json_int_t)v->number, "comment",
		    pj_filled(v->comment, pj_unfolded));
	default:
		return json_pack("{s:o}", "value", pj_unquoted(v->value));
	}
}

/* The head, each parameter that has a meaning for this header, and all parameters as written. */
static json_t *decode_shape(const struct sip_shape *sh, struct span s)
{
	union {
		struct sip_value value;
		struct sip_addr addr;
		max_align_t align;
		char bytes[SIP_TYPED_BYTES_MAX];
	} to;
	uint32_t off;
	bool is_addr = sh->head == SIP_HEAD_ADDR;
	if (sip_shape_read(sh, &to, s, &off) < 0)
		return NULL;
	json_t *o = is_addr ? addr_head(&to.addr) : value_head(sh->head, &to.value);
	if (is_addr && to.addr.star)
		return o;
	for (uint8_t i = 0; i < sh->n_fields; i++)
		pj_put_named(o, sh->fields[i].name, field_json(&sh->fields[i], &to));
	json_object_set_new(o, "params", pj_params(is_addr ? to.addr.params : to.value.params, pj_unquoted));
	return o;
}

static json_t *decode_one(uint8_t id, struct span s)
{
	json_t *o = NULL;
	const struct sip_shape *sh = sip_typed_shape(id);
	for (size_t i = 0; i < sizeof own_form / sizeof *own_form; i++) {
		if (own_form[i].id == id) {
			o = own_form[i].decode(s);
			return o ? o : json_null();
		}
	}
	if (sh)
		o = decode_shape(sh, s);
	return o ? o : json_null();
}

static json_t *decode_hdr(uint8_t id, struct span v)
{
	struct span e;
	if (id == SIP_H_OTHER || sip_hdr_kind(id) != SIP_KIND_LIST)
		return decode_one(id, v);
	json_t *list = json_array();
	while (sip_list_next(&v, &e))
		json_array_append_new(list, decode_one(id, e));
	return list;
}

json_t *parse_headers(const struct sip_msg *m)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < m->n_hdrs; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		struct span raw = sip_hdr_name(m, h), v = sip_hdr_val(m, h);
		json_array_append_new(
		    list, json_pack("{s:o, s:o, s:i, s:i, s:o, s:o}", "name",
		              pj_text(m->ids[i] ? sip_hdr_long(m->ids[i]) : raw), "raw_name", pj_text(raw), "offset",
		              (int)h->val_off, "length", (int)h->val_len, "value", pj_unfolded(v), "decoded",
		              decode_hdr(m->ids[i], v)));
	}
	return list;
}
