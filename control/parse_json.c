/* SPDX-License-Identifier: Apache-2.0 */
#include "control/parse_json.h"

#include <stdlib.h>

#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_lex.h"

/* JSON text of a span. Bytes that are not UTF-8 become the code points of the same number. */
json_t *pj_text(struct span s)
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
	json_t *j = pj_text(buf_view(&b));
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

json_t *pj_unescaped(struct span s)
{
	return transformed(s, unescape_into);
}

json_t *pj_unfolded(struct span s)
{
	return transformed(s, unfold_into);
}

json_t *pj_unquoted(struct span s)
{
	return transformed(s, unquote_into);
}

/* Key from a span: names of parameters. The first of two equal names is shown. */
void pj_put_named(json_t *o, struct span name, json_t *value)
{
	json_t *key = pj_text(name);
	const char *k = json_string_value(key);
	if (k && !json_object_get(o, k))
		json_object_set(o, k, value);
	json_decref(key);
	json_decref(value);
}

json_t *pj_params(struct span rest, json_t *(*decode)(struct span s))
{
	json_t *o = json_object();
	struct span name, value;
	while (sip_param_next(&rest, &name, &value))
		pj_put_named(o, name, decode(value));
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
		pj_put_named(
		    o, name, eq ? pj_unescaped(span_of(eq + 1, (uint32_t)(e - eq - 1))) : json_null());
		rest = amp ? span_of(amp + 1, (uint32_t)(end - amp - 1)) : (struct span){0};
	}
	return o;
}

json_t *pj_port(uint16_t n)
{
	return n ? json_integer(n) : json_null();
}

json_t *pj_filled(struct span s, json_t *(*decode)(struct span s))
{
	return s.len ? decode(s) : json_null();
}

const char *pj_host_type(bool v6, bool v4)
{
	return v6 ? "ipv6" : v4 ? "ipv4" : "name";
}

json_t *pj_uri(const struct sip_uri *u)
{
	if (u->scheme == SIP_URI_OTHER)
		return json_pack("{s:o, s:o}", "text", pj_text(u->text), "scheme", pj_text(u->scheme_text));
	json_t *o =
	    json_pack("{s:o, s:o, s:o, s:o}", "text", pj_text(u->text), "scheme", pj_text(u->scheme_text),
	        "user", pj_filled(u->user, pj_unescaped), "password", pj_filled(u->password, pj_unescaped));
	if (u->scheme != SIP_URI_TEL) {
		json_object_set_new(o, "host", pj_text(u->host));
		json_object_set_new(o, "host_type", json_string(pj_host_type(u->host_is_v6, u->host_is_v4)));
		json_object_set_new(o, "port", pj_port(u->port));
	}
	json_object_set_new(o, "params", pj_params(u->params, pj_unescaped));
	json_object_set_new(o, "headers", uri_headers(u->headers));
	return o;
}

json_t *pj_uri_text(struct span s)
{
	struct sip_uri u;
	uint32_t off;
	return sip_uri_parse(&u, s, &off) < 0 ? NULL : pj_uri(&u);
}
