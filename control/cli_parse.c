/* SPDX-License-Identifier: Apache-2.0 */
#include "control/cli_parse.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip-parser/base/ip.h"
#include "sip-parser/sdp.h"
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_lex.h"
#include "sip-parser/sip_via.h"

static const char help[] =
    "usage: dialplane parse [FILE...|-]\n"
    "\n"
    "Parse each FILE as one SIP message in a datagram and print one JSON object per line.\n"
    "Without FILE, or with -, one message is read from standard input.\n"
    "\n"
    "  file            the name given\n"
    "  verdict         \"ok\" or \"reject\"\n"
    "  status          the status to answer with, 0 when the message must be dropped, null when ok\n"
    "  reason          header, rule and byte offset, null when ok\n"
    "  kind            \"request\", \"response\", or null when the start line is neither\n"
    "  method, uri, version, status_code, reason_phrase\n"
    "                  start line; null where it has none\n"
    "  headers         name (long form), raw_name, offset and length of the value in the message,\n"
    "                  value (folds read as one space), decoded (null: text only, or malformed)\n"
    "  body            offset, length, content_type, sdp (null when it is none), sdp_error\n"
    "\n"
    "Text that is not UTF-8 is shown byte by byte as U+0000 to U+00FF.\n"
    "\n"
    "exit status: 0  every input was read, whatever the verdicts\n"
    "             1  the output could not be written\n"
    "             2  an input could not be read (the others are still parsed), or wrong arguments\n";

/* JSON text of a span. Bytes that are not UTF-8 become the code points of the same number. */
static json_t *text(struct span s)
{
	if (!s.p)
		return json_null();
	json_t *j = json_stringn(s.p, s.len);
	if (j)
		return j;
	char *wide = malloc(2 * (size_t)s.len + 1);
	size_t n = 0;
	for (uint32_t i = 0; wide && i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 0x80)
			wide[n++] = (char)(0xc0 | c >> 6);
		wide[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
	}
	j = json_stringn(wide, n);
	free(wide);
	return j ? j : json_null();
}

/* Every string that is decoded first is at most as long as what it came from. */
static json_t *transformed(struct span s, void (*fn)(struct buf *out, struct span s))
{
	char *room = malloc((size_t)s.len + 1);
	if (!s.p || !room) {
		free(room);
		return json_null();
	}
	struct buf b = buf_on(room, s.len);
	fn(&b, s);
	json_t *j = text(buf_view(&b));
	free(room);
	return j;
}

static void unescape_into(struct buf *out, struct span s)
{
	if (sip_unescape(out, s) < 0) {
		*out = buf_on(out->p, out->cap);
		buf_span(out, s);
	}
}

static void unfold_into(struct buf *out, struct span s)
{
	for (uint32_t i = 0; i < s.len;) {
		if (s.p[i] != '\r' && s.p[i] != '\n') {
			buf_chr(out, s.p[i++]);
			continue;
		}
		while (i < s.len && ascii_is(s.p[i], ASCII_WS))
			i++;
		while (out->len && (out->p[out->len - 1] == ' ' || out->p[out->len - 1] == '\t'))
			out->len--;
		buf_chr(out, ' ');
	}
}

static void unquote_into(struct buf *out, struct span s)
{
	if (s.len && s.p[0] == '"')
		sip_unquote(out, s);
	else
		unfold_into(out, s);
}

static json_t *unescaped(struct span s)
{
	return transformed(s, unescape_into);
}

static json_t *unfolded(struct span s)
{
	return transformed(s, unfold_into);
}

static json_t *unquoted(struct span s)
{
	return transformed(s, unquote_into);
}

/* Key from a span: names of parameters. The first of two equal names is shown. */
static void put_named(json_t *o, struct span name, json_t *value)
{
	json_t *key = text(name);
	const char *k = json_string_value(key);
	if (k && !json_object_get(o, k))
		json_object_set(o, k, value);
	json_decref(key);
	json_decref(value);
}

static json_t *params(struct span rest, json_t *(*decode)(struct span s))
{
	json_t *o = json_object();
	struct span name, value;
	while (sip_param_next(&rest, &name, &value))
		put_named(o, name, decode(value));
	return o;
}

static json_t *uri_headers(struct span rest)
{
	json_t *o = json_object();
	while (rest.len) {
		const char *end = rest.p + rest.len, *amp = memchr(rest.p, '&', rest.len),
		           *e = amp ? amp : end;
		const char *eq = memchr(rest.p, '=', (size_t)(e - rest.p));
		struct span name = span_of(rest.p, (uint32_t)((eq ? eq : e) - rest.p));
		put_named(o, name, eq ? unescaped(span_of(eq + 1, (uint32_t)(e - eq - 1))) : json_null());
		rest = amp ? span_of(amp + 1, (uint32_t)(end - amp - 1)) : (struct span){0};
	}
	return o;
}

static json_t *port(uint16_t n)
{
	return n ? json_integer(n) : json_null();
}

static json_t *filled(struct span s, json_t *(*decode)(struct span s))
{
	return s.len ? decode(s) : json_null();
}

static const char *host_type(bool v6, bool v4)
{
	return v6 ? "ipv6" : v4 ? "ipv4" : "name";
}

static json_t *uri_json(const struct sip_uri *u)
{
	if (u->scheme == SIP_URI_OTHER)
		return json_pack("{s:o, s:o}", "text", text(u->text), "scheme", text(u->scheme_text));
	json_t *o = json_pack("{s:o, s:o, s:o, s:o}", "text", text(u->text), "scheme", text(u->scheme_text),
	    "user", filled(u->user, unescaped), "password", filled(u->password, unescaped));
	if (u->scheme != SIP_URI_TEL) {
		json_object_set_new(o, "host", text(u->host));
		json_object_set_new(o, "host_type", json_string(host_type(u->host_is_v6, u->host_is_v4)));
		json_object_set_new(o, "port", port(u->port));
	}
	json_object_set_new(o, "params", params(u->params, unescaped));
	json_object_set_new(o, "headers", uri_headers(u->headers));
	return o;
}

static json_t *decode_uri(struct span s)
{
	struct sip_uri u;
	uint32_t off;
	return sip_uri_parse(&u, s, &off) < 0 ? NULL : uri_json(&u);
}

/* One decoder per kind of value: NULL when the value is malformed. */
static json_t *decode_addr(struct span s)
{
	struct sip_addr a;
	uint32_t off;
	if (sip_addr_parse(&a, s, &off) < 0)
		return NULL;
	if (a.star)
		return json_pack("{s:b}", "star", 1);
	return json_pack("{s:o, s:o, s:o, s:o}", "display", filled(a.display, unquoted), "uri",
	    uri_json(&a.uri), "tag", filled(a.tag, text), "params", params(a.params, unquoted));
}

static json_t *decode_via(struct span s)
{
	struct sip_via v;
	uint32_t off;
	if (sip_via_parse(&v, s, &off) < 0)
		return NULL;
	bool v4 = ip4_parse(v.host, NULL);
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "protocol", text(v.protocol), "version",
	    text(v.version), "transport", text(v.transport), "host", text(v.host), "host_type",
	    host_type(v.host_is_v6, v4), "port", port(v.port));
	json_object_set_new(o, "branch", filled(v.branch, text));
	json_object_set_new(o, "received", filled(v.received, text));
	json_object_set_new(o, "maddr", filled(v.maddr, text));
	json_object_set_new(o, "ttl", v.ttl == 0xffff ? json_null() : json_integer(v.ttl));
	json_object_set_new(o, "has_rport", json_boolean(v.has_rport));
	json_object_set_new(o, "rport", port(v.rport));
	json_object_set_new(o, "params", params(v.params, unquoted));
	return o;
}

static json_t *decode_cseq(struct span s)
{
	struct sip_cseq c;
	uint32_t off;
	if (sip_cseq_parse(&c, s, &off) < 0)
		return NULL;
	return json_pack("{s:I, s:o}", "number", (json_int_t)c.number, "method", text(c.method_text));
}

/* RAck = response-num LWS CSeq-num LWS Method (RFC 3262 §7.2) */
static json_t *decode_rack(struct span s)
{
	struct lex l = lex_on(s);
	struct sip_cseq c;
	uint32_t rseq, off;
	if (sip_number(lex_run(&l, ASCII_DIGIT), UINT32_MAX, &rseq) < 0 ||
	    sip_cseq_parse(&c, lex_trim(lex_rest(&l)), &off) < 0)
		return NULL;
	return json_pack("{s:I, s:I, s:o}", "rseq", (json_int_t)rseq, "cseq", (json_int_t)c.number, "method",
	    text(c.method_text));
}

static json_t *decode_number(struct span s)
{
	uint32_t n;
	return sip_number(s, UINT32_MAX, &n) < 0 ? NULL : json_integer(n);
}

static json_t *decode_text(struct span s)
{
	return unfolded(s);
}

/* value *( SEMI generic-param ); the value is everything before the first ';'. */
static json_t *decode_value(struct span s)
{
	struct lex l = lex_on(s);
	while (lex_more(&l) && *l.p != ';' && *l.p != '"')
		l.p++;
	struct span value = lex_trim(lex_since(&l, s.p)), rest = lex_rest(&l);
	if (value.len == 0 || !lex_params(&l))
		return NULL;
	if (rest.len)
		rest = span_of(rest.p + 1, rest.len - 1);
	return json_pack("{s:o, s:o}", "value", unfolded(value), "params", params(rest, unquoted));
}

/* media-type = m-type SLASH m-subtype *( SEMI m-parameter ) */
static json_t *decode_media_type(struct span s)
{
	struct lex l = lex_on(s);
	struct span type, subtype;
	if (!lex_token(&l, &type) || !lex_sep(&l, '/') || !lex_token(&l, &subtype))
		return NULL;
	lex_ws(&l);
	struct span rest = lex_rest(&l);
	if (!lex_params(&l))
		return NULL;
	if (rest.len)
		rest = span_of(rest.p + 1, rest.len - 1);
	return json_pack("{s:o, s:o, s:o}", "type", text(type), "subtype", text(subtype), "params",
	    params(rest, unquoted));
}

static json_t *auth_json(const struct sip_auth *a)
{
	json_t *o = json_object();
	struct span rest = a->params, name, value;
	while (sip_auth_next(&rest, &name, &value))
		put_named(o, name, unquoted(value));
	return json_pack("{s:o, s:o}", "scheme", text(a->scheme), "params", o);
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
} decoders[] = {
    {SIP_H_VIA, decode_via},
    {SIP_H_FROM, decode_addr},
    {SIP_H_TO, decode_addr},
    {SIP_H_CONTACT, decode_addr},
    {SIP_H_ROUTE, decode_addr},
    {SIP_H_RECORD_ROUTE, decode_addr},
    {SIP_H_PATH, decode_addr},
    {SIP_H_SERVICE_ROUTE, decode_addr},
    {SIP_H_REFER_TO, decode_addr},
    {SIP_H_REFERRED_BY, decode_addr},
    {SIP_H_REPLY_TO, decode_addr},
    {SIP_H_HISTORY_INFO, decode_addr},
    {SIP_H_DIVERSION, decode_addr},
    {SIP_H_REMOTE_PARTY_ID, decode_addr},
    {SIP_H_P_ASSERTED_IDENTITY, decode_addr},
    {SIP_H_P_PREFERRED_IDENTITY, decode_addr},
    {SIP_H_P_CALLED_PARTY_ID, decode_addr},
    {SIP_H_P_ASSOCIATED_URI, decode_addr},
    {SIP_H_P_SERVED_USER, decode_addr},
    {SIP_H_ALERT_INFO, decode_addr},
    {SIP_H_CALL_INFO, decode_addr},
    {SIP_H_ERROR_INFO, decode_addr},
    {SIP_H_CSEQ, decode_cseq},
    {SIP_H_RACK, decode_rack},
    {SIP_H_CALL_ID, decode_text},
    {SIP_H_IN_REPLY_TO, decode_text},
    {SIP_H_SUBJECT, decode_text},
    {SIP_H_DATE, decode_text},
    {SIP_H_USER_AGENT, decode_text},
    {SIP_H_SERVER, decode_text},
    {SIP_H_ORGANIZATION, decode_text},
    {SIP_H_PRIORITY, decode_text},
    {SIP_H_ALLOW, decode_text},
    {SIP_H_SUPPORTED, decode_text},
    {SIP_H_REQUIRE, decode_text},
    {SIP_H_PROXY_REQUIRE, decode_text},
    {SIP_H_UNSUPPORTED, decode_text},
    {SIP_H_ALLOW_EVENTS, decode_text},
    {SIP_H_RECV_INFO, decode_value},
    {SIP_H_MAX_FORWARDS, decode_number},
    {SIP_H_CONTENT_LENGTH, decode_number},
    {SIP_H_EXPIRES, decode_number},
    {SIP_H_MIN_EXPIRES, decode_number},
    {SIP_H_RSEQ, decode_number},
    {SIP_H_FLOW_TIMER, decode_number},
    {SIP_H_MAX_BREADTH, decode_number},
    {SIP_H_MIN_SE, decode_value},
    {SIP_H_SESSION_EXPIRES, decode_value},
    {SIP_H_EVENT, decode_value},
    {SIP_H_SUBSCRIPTION_STATE, decode_value},
    {SIP_H_REPLACES, decode_value},
    {SIP_H_JOIN, decode_value},
    {SIP_H_TARGET_DIALOG, decode_value},
    {SIP_H_RETRY_AFTER, decode_value},
    {SIP_H_CONTENT_DISPOSITION, decode_value},
    {SIP_H_INFO_PACKAGE, decode_value},
    {SIP_H_REFER_SUB, decode_value},
    {SIP_H_REASON, decode_value},
    {SIP_H_PRIVACY, decode_value},
    {SIP_H_USER_TO_USER, decode_value},
    {SIP_H_ACCEPT, decode_value},
    {SIP_H_ACCEPT_ENCODING, decode_value},
    {SIP_H_ACCEPT_LANGUAGE, decode_value},
    {SIP_H_CONTENT_ENCODING, decode_value},
    {SIP_H_CONTENT_LANGUAGE, decode_value},
    {SIP_H_IDENTITY, decode_value},
    {SIP_H_SESSION_ID, decode_value},
    {SIP_H_CONTENT_TYPE, decode_media_type},
    {SIP_H_WWW_AUTHENTICATE, decode_auth},
    {SIP_H_PROXY_AUTHENTICATE, decode_auth},
    {SIP_H_AUTHORIZATION, decode_auth},
    {SIP_H_PROXY_AUTHORIZATION, decode_auth},
    {SIP_H_AUTHENTICATION_INFO, decode_auth_info},
};

static json_t *decode_list(struct span v, json_t *(*decode)(struct span s))
{
	json_t *list = json_array();
	struct span e;
	while (sip_list_next(&v, &e)) {
		json_t *one = decode(e);
		json_array_append_new(list, one ? one : json_null());
	}
	return list;
}

static json_t *decode_hdr(uint8_t id, struct span v)
{
	for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++) {
		if (decoders[i].id != id)
			continue;
		if (sip_hdr_kind(id) == SIP_KIND_LIST)
			return decode_list(v, decoders[i].decode);
		json_t *one = decoders[i].decode(v);
		return one ? one : json_null();
	}
	return json_null();
}

static json_t *headers_json(const struct sip_msg *m)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < m->n_hdrs; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		struct span raw = sip_hdr_name(m, h), v = sip_hdr_val(m, h);
		json_array_append_new(
		    list, json_pack("{s:o, s:o, s:i, s:i, s:o, s:o}", "name",
		              text(h->id ? sip_hdr_long(h->id) : raw), "raw_name", text(raw), "offset",
		              (int)h->val_off, "length", (int)h->val_len, "value", unfolded(v), "decoded",
		              decode_hdr(h->id, v)));
	}
	return list;
}

static const char *const dirs[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

static json_t *media_json(const struct sdp_media *md)
{
	json_t *fmts = json_array();
	for (uint8_t i = 0; i < md->n_fmts; i++) {
		const struct sdp_fmt *f = &md->fmts[i];
		json_array_append_new(
		    fmts, json_pack("{s:i, s:o, s:I, s:o}", "pt", f->pt, "name", text(f->name), "rate",
		              (json_int_t)f->rate, "fmtp", filled(f->fmtp, text)));
	}
	return json_pack("{s:o, s:i, s:o, s:o, s:b, s:s, s:i, s:i, s:o}", "type", text(md->type), "port",
	    md->port, "proto", text(md->proto), "addr", text(md->addr), "addr_is_v6", md->addr_is_v6, "dir",
	    dirs[md->dir & 3], "ptime_ms", md->ptime_ms, "rtcp_port", md->rtcp_port, "fmts", fmts);
}

static json_t *sdp_json(const struct sdp *s)
{
	json_t *media = json_array();
	for (uint8_t i = 0; i < s->n_media; i++)
		json_array_append_new(media, media_json(&s->media[i]));
	/* 64 bits do not fit JSON's usual integers: text */
	char id[24], version[24];
	snprintf(id, sizeof id, "%llu", (unsigned long long)s->session_id);
	snprintf(version, sizeof version, "%llu", (unsigned long long)s->session_version);
	return json_pack("{s:o, s:o, s:s, s:s, s:o}", "origin_user", text(s->origin_user), "origin_addr",
	    text(s->origin_addr), "session_id", id, "session_version", version, "media", media);
}

/* Content-Type says SDP, whatever its parameters and case. */
static bool is_sdp(struct span type)
{
	struct lex l = lex_on(type);
	struct span t, sub;
	return lex_token(&l, &t) && lex_sep(&l, '/') && lex_token(&l, &sub) &&
	       span_ieq(t, SPAN("application")) && span_ieq(sub, SPAN("sdp"));
}

static json_t *body_json(const struct sip_msg *m)
{
	static struct sdp s; /* too large for a comfortable stack frame; the command is one thread */
	struct span type = sip_msg_val(m, SIP_H_CONTENT_TYPE);
	const char *why = NULL;
	uint32_t off;
	json_t *sdp = NULL;
	if (m->body.len && type.p && is_sdp(type) && sdp_parse(&s, m->body, &off, &why) == 0)
		sdp = sdp_json(&s);
	return json_pack("{s:I, s:I, s:o, s:o, s:s?}", "offset",
	    (json_int_t)(m->body.p ? m->body.p - m->base : 0), "length", (json_int_t)m->body.len,
	    "content_type", type.p ? unfolded(type) : json_null(), "sdp", sdp ? sdp : json_null(),
	    "sdp_error", why);
}

static json_t *kind_json(const struct sip_msg *m)
{
	if (!m->is_request)
		return json_string("response");
	return m->version.p ? json_string("request") : json_null();
}

static json_t *reason_json(const struct sip_err *err)
{
	char line[256];
	snprintf(line, sizeof line, "%s at byte %u", err->reason, (unsigned int)err->offset);
	return json_string(line);
}

static json_t *start_uri(const struct sip_msg *m)
{
	if (!m->is_request || !m->ruri.p)
		return json_null();
	json_t *u = decode_uri(m->ruri);
	return u ? u : json_pack("{s:o, s:n}", "text", text(m->ruri), "scheme");
}

static json_t *message_json(const char *file, const char *bytes, uint32_t len)
{
	struct sip_msg m;
	struct sip_err err;
	bool ok = sip_msg_parse(&m, bytes, len, SIP_DATAGRAM, &err) == 0 && sip_msg_check(&m, &err) == 0;
	json_t *o = json_pack("{s:o, s:s, s:o, s:o, s:o}", "file", text(span_str(file)), "verdict",
	    ok ? "ok" : "reject", "status", ok ? json_null() : json_integer(err.status), "reason",
	    ok ? json_null() : reason_json(&err), "kind", kind_json(&m));
	bool response = !m.is_request;
	json_object_set_new(o, "method", response ? json_null() : filled(m.method_text, text));
	json_object_set_new(o, "uri", start_uri(&m));
	json_object_set_new(o, "version", text(m.version));
	json_object_set_new(o, "status_code", response && m.status ? json_integer(m.status) : json_null());
	json_object_set_new(o, "reason_phrase", response ? text(m.reason) : json_null());
	json_object_set_new(o, "headers", headers_json(&m));
	json_object_set_new(o, "body", body_json(&m));
	return o;
}

/* One byte more than a message may have: the parser then says that it is too large. */
#define READ_MAX (SIP_MSG_BYTES_MAX + 1)

static int print_message(const char *file, FILE *in)
{
	static char bytes[READ_MAX];
	size_t n = fread(bytes, 1, sizeof bytes, in);
	if (ferror(in)) {
		fprintf(stderr, "dialplane parse: %s: %s\n", file, strerror(errno));
		return 2;
	}
	json_t *o = message_json(file, bytes, (uint32_t)n);
	bool ok = json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 && putchar('\n') != EOF;
	json_decref(o);
	return ok ? 0 : 1;
}

static int parse_file(const char *file)
{
	if (strcmp(file, "-") == 0)
		return print_message("-", stdin);
	FILE *in = fopen(file, "rb");
	if (!in) {
		fprintf(stderr, "dialplane parse: %s: %s\n", file, strerror(errno));
		return 2;
	}
	int rc = print_message(file, in);
	fclose(in);
	return rc;
}

int cli_parse(int argc, char **argv)
{
	int i = 1, rc = 0;
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return fputs(help, stdout) < 0 ? 1 : 0;
	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		i++;
	} else if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '\0') {
		fprintf(stderr, "dialplane parse: unknown option %s (see --help)\n", argv[1]);
		return 2;
	}
	if (i >= argc)
		rc = parse_file("-");
	for (; i < argc && rc != 1; i++) {
		int one = parse_file(argv[i]);
		rc = one ? one : rc;
	}
	if (fflush(stdout) != 0)
		rc = 1;
	return rc;
}
