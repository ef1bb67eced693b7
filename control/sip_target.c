/* SPDX-License-Identifier: Apache-2.0 */
#include "control/sip_target.h"

#include "control/utf8.h"
#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_uri.h"

#include <stdio.h>

struct headers {
	struct sip_target *t;
	struct buf out;
	uint32_t count;
	void (*dropped)(void *ctx, enum target_drop why, struct span name);
	void *ctx;
};

static bool starts_with(struct span s, struct span prefix)
{
	return s.len >= prefix.len && span_ieq(span_of(s.p, prefix.len), prefix);
}

static bool is_token(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!ascii_is(s.p[i], ASCII_TOKEN))
			return false;
	return s.len > 0;
}

static bool name_allowed(struct span name)
{
	static const char *const listed[] = {
	    "User-to-User", "Remote-Party-ID", "P-Preferred-Identity", "P-Called-Party-ID"};
	for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
		if (span_ieq(name, span_str(listed[i])))
			return true;
	return name.len > 2 && starts_with(name, SPAN("x-")) && !starts_with(name, SPAN("x-twilio"));
}

static bool value_clean(struct span v)
{
	for (uint32_t i = 0; i < v.len; i++)
		if (ascii_is(v.p[i], ASCII_CTL))
			return false;
	return utf8_valid(v.p, v.len);
}

static bool at_escape(struct span s, uint32_t i, char digit)
{
	return s.len - i >= 3 && s.p[i] == '%' && (s.p[i + 1] == '2' || s.p[i + 1] == '3') &&
	       ascii_lower(s.p[i + 2]) == digit && (digit == '6') == (s.p[i + 1] == '2');
}

/* Does an allowed header name with its '=' (plain or %3D) begin here? */
static bool header_begins(struct span s)
{
	uint32_t i = 0;
	while (i < s.len && s.p[i] != '=' && !at_escape(s, i, 'd') && ascii_is(s.p[i], ASCII_TOKEN))
		i++;
	return i < s.len && (s.p[i] == '=' || at_escape(s, i, 'd')) && name_allowed(span_of(s.p, i));
}

/* The next piece between separators. '&' separates always; %26 only where a header of ours begins behind it:
 * anywhere else it is an ampersand inside a value. */
static bool next_pair(struct span *rest, struct span *pair)
{
	if (!rest->len)
		return false;
	uint32_t i = 0, skip = 0;
	for (; i < rest->len && !skip; i += !skip) {
		if (rest->p[i] == '&')
			skip = 1;
		else if (at_escape(*rest, i, '6') &&
		         header_begins(span_of(rest->p + i + 3, rest->len - i - 3)))
			skip = 3;
	}
	*pair = span_of(rest->p, i);
	*rest = span_of(rest->p + i + skip, rest->len - i - skip);
	return true;
}

static bool split(struct span s, struct span *name, struct span *value)
{
	const char *eq = s.len ? memchr(s.p, '=', s.len) : NULL;
	if (!eq)
		return false;
	*name = span_of(s.p, (uint32_t)(eq - s.p));
	*value = span_of(eq + 1, s.len - name->len - 1);
	return true;
}

static bool decode(char *room, struct span s, struct span *out)
{
	struct buf b = buf_on(room, TARGET_HEADERS_MAX);
	if (sip_unescape(&b, s) < 0 || b.full)
		return false;
	*out = buf_view(&b);
	return true;
}

/* A pair whose '=' is itself encoded is decoded first and split then. */
static bool decode_pair(
    struct span pair, char *name_room, char *value_room, struct span *name, struct span *value)
{
	struct span n, v;
	if (!split(pair, &n, &v))
		return decode(name_room, pair, &n) && split(n, name, value);
	*value = v;
	if (!decode(name_room, n, name))
		return false;
	return decode(value_room, v, value) || (value->p = NULL, true);
}

static void drop(struct headers *h, enum target_drop why, struct span pair)
{
	struct span name = pair, value;
	split(pair, &name, &value);
	if (h->dropped)
		h->dropped(h->ctx, why, name);
}

/* value.p NULL: it could not be decoded. */
static bool may_send(struct span name, struct span value, uint32_t count, enum target_drop *why)
{
	if (!is_token(name))
		*why = TARGET_HEADER_NAME;
	else if (!name_allowed(name))
		*why = TARGET_HEADER_NOT_ALLOWED;
	else if (!value.p || !value_clean(value))
		*why = TARGET_HEADER_VALUE;
	else if (count == TARGET_HEADERS_COUNT)
		*why = TARGET_HEADER_TOO_MANY;
	else
		return true;
	return false;
}

static void put_header(struct buf *out, struct span name, struct span value)
{
	buf_span(out, name);
	buf_lit(out, ": ");
	buf_span(out, value);
	buf_lit(out, "\r\n");
}

static void take_pair(struct headers *h, struct span pair)
{
	char name_room[TARGET_HEADERS_MAX], value_room[TARGET_HEADERS_MAX];
	struct span name = {0}, value = {0};
	enum target_drop why;
	bool has_eq = memchr(pair.p, '=', pair.len) != NULL;
	if (!decode_pair(pair, name_room, value_room, &name, &value)) {
		drop(h, has_eq ? TARGET_HEADER_NAME : TARGET_HEADER_NOT_ALLOWED, pair);
	} else if (!may_send(name, value, h->count, &why)) {
		drop(h, why, pair);
	} else {
		h->count++;
		put_header(&h->out, name, value);
	}
}

static enum target_error take_headers(struct headers *h, struct span text)
{
	struct span pair;
	if (text.len >= TARGET_HEADERS_MAX)
		return TARGET_HEADERS_TOO_LONG;
	h->out = buf_on(h->t->headers, sizeof h->t->headers);
	while (next_pair(&text, &pair))
		if (pair.len)
			take_pair(h, pair);
	h->t->headers_len = (uint16_t)h->out.len;
	return h->out.full ? TARGET_HEADERS_TOO_LONG : TARGET_OK;
}

static void take_transport(struct sip_target *t, struct span v)
{
	static const char *const names[] = {[DP_UDP] = "udp", [DP_TCP] = "tcp", [DP_TLS] = "tls"};
	t->odd_transport = true;
	for (uint8_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_ieq(v, span_str(names[i]))) {
			t->odd_transport = false;
			t->transport_given = true;
			t->transport = i;
		}
}

/* Where a call leaves the house. There is one way out, so all that is known mean that one. */
static bool egress_known(struct span v)
{
	static const char *const names[] = {"us1", "us2", "ie1", "de1", "sg1", "jp1", "br1", "au1", "ashburn",
	    "san-jose", "umatilla", "dublin", "frankfurt", "singapore", "tokyo", "sao-paulo", "sydney"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_ieq(v, span_str(names[i])))
			return true;
	return false;
}

static void take_params(struct sip_target *t, const struct sip_uri *u)
{
	struct span v;
	if (sip_param_get(u->params, SPAN("transport"), &v))
		take_transport(t, v);
	if (sip_param_get(u->params, SPAN("region"), &v))
		t->odd_egress = !egress_known(v);
	if (sip_param_get(u->params, SPAN("edge"), &v))
		t->odd_egress |= !egress_known(v);
	if (u->scheme == SIP_URI_SIPS) {
		t->sips = t->transport_given = true;
		t->transport = DP_TLS; /* whatever transport= says: it is TLS over that */
	}
	t->secure = sip_param_get(u->params, SPAN("secure"), &v) && span_ieq(v, SPAN("true"));
}

/* A scheme of our own family, some other scheme, or none? A host:port has no letters before its ':' that are
 * followed by no digit; names with a scheme are recognised by the schemes Twilio knows. */
static bool other_scheme(struct span s)
{
	static const char *const known[] = {
	    "tel:", "client:", "sim:", "app:", "whatsapp:", "mailto:", "http:", "https:"};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (starts_with(s, span_str(known[i])))
			return true;
	return false;
}

static enum target_error take_uri(struct sip_target *t, struct span text, bool scheme_required)
{
	struct sip_uri u;
	uint32_t off;
	bool has_scheme = starts_with(text, SPAN("sip:")) || starts_with(text, SPAN("sips:"));
	if (!has_scheme && (scheme_required || other_scheme(text)))
		return TARGET_NOT_SIP;
	if (text.len >= TARGET_URI_MAX)
		return TARGET_URI_TOO_LONG;
	struct buf b = buf_on(t->uri, sizeof t->uri - 1);
	if (!has_scheme)
		buf_lit(&b, "sip:");
	buf_span(&b, text);
	t->uri[b.len] = '\0';
	if (b.full || sip_uri_parse(&u, buf_view(&b), &off) < 0 || !u.host.len || u.headers.len)
		return TARGET_BAD_URI;
	memcpy(t->host, u.host.p, u.host.len);
	t->host[u.host.len] = '\0';
	t->port = u.port;
	take_params(t, &u);
	if (t->sips) /* a sip: URI by TLS from here on */
		memmove(t->uri + 3, t->uri + 4, b.len - 3);
	return TARGET_OK;
}

enum target_error sip_target_parse(struct sip_target *t, struct span text, bool scheme_required,
    void (*dropped)(void *ctx, enum target_drop why, struct span name), void *ctx)
{
	*t = (struct sip_target){0};
	if (!text.len)
		return TARGET_EMPTY;
	const char *q = memchr(text.p, '?', text.len);
	struct span uri = span_of(text.p, q ? (uint32_t)(q - text.p) : text.len);
	enum target_error e = take_uri(t, uri, scheme_required);
	if (e || !q)
		return e;
	struct headers h = {.t = t, .dropped = dropped, .ctx = ctx};
	return take_headers(&h, span_of(q + 1, text.len - uri.len - 1));
}

static uint32_t lines(const struct sip_target *t)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->headers_len; i++)
		n += t->headers[i] == '\n';
	return n;
}

bool sip_target_add(struct sip_target *t, struct span name, struct span value, enum target_drop *why)
{
	struct span v = value.p ? value : SPAN("");
	if (!may_send(name, v, lines(t), why))
		return false;
	struct buf out = buf_on(t->headers + t->headers_len, sizeof t->headers - t->headers_len);
	put_header(&out, name, v);
	*why = TARGET_HEADER_TOO_MANY;
	if (out.full)
		return false;
	t->headers_len = (uint16_t)(t->headers_len + out.len);
	return true;
}

static void put_user(struct buf *b, struct span user)
{
	static const char hex[] = "0123456789ABCDEF";
	for (uint32_t i = 0; i < user.len; i++) {
		unsigned char c = (unsigned char)user.p[i];
		const char code[3] = {'%', hex[c >> 4], hex[c & 15]};
		if (ascii_is((char)c, ASCII_ALPHA | ASCII_DIGIT) || (c && strchr("-_.!~*'()+", c)))
			buf_span(b, span_of((const char *)&user.p[i], 1));
		else
			buf_span(b, span_of(code, 3));
	}
}

enum target_error sip_target_pattern(struct sip_target *t, const char *pattern, struct span user)
{
	char room[2048];
	struct buf b = buf_on(room, sizeof room);
	const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL;
	*t = (struct sip_target){0};
	if (!close || strchr(close, '{') || !user.len)
		return TARGET_BAD_URI;
	buf_span(&b, span_of(pattern, (uint32_t)(open - pattern)));
	put_user(&b, user);
	buf_span(&b, span_str(close + 1));
	return b.full ? TARGET_URI_TOO_LONG : sip_target_parse(t, buf_view(&b), true, NULL, NULL);
}
