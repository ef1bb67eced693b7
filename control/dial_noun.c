/* SPDX-License-Identifier: Apache-2.0 */
#include "control/dial_noun.h"

#include "control/call_check.h"
#include "control/webhook.h"
#include "sip-parser/base/ascii.h"

#include <stdio.h>
#include <stdlib.h>

static const struct dial_trouble fine;

static void remember_drop(void *ctx, enum target_drop why, struct span name)
{
	struct dial_drops *d = ctx;
	if (d->n == TARGET_HEADERS_COUNT)
		return;
	d->d[d->n].why = why;
	d->d[d->n++].name = name;
}

/* A plain number is the <Dial> itself, whose attributes are not a noun's. */
static struct span attr(const struct twiml_node *node, const char *name)
{
	return node->elem == TWIML_EL_DIAL ? (struct span){NULL, 0} : twiml_attr(node, name);
}

static bool is_post(struct span method)
{
	return !span_ieq(method, SPAN("GET"));
}

/* ---- whom ---- */

static struct dial_trouble sip_trouble(enum target_error e)
{
	static const struct dial_trouble rows[] = {
	    [TARGET_OK] = {0, NULL},
	    [TARGET_EMPTY] = {13243, "<Sip> holds no URI"},
	    [TARGET_NOT_SIP] = {13243, "<Sip> holds no SIP URI"},
	    [TARGET_BAD_URI] = {13243, "the SIP URI is malformed"},
	    [TARGET_URI_TOO_LONG] = {13243, "the SIP URI has 255 characters or more"},
	    [TARGET_HEADERS_TOO_LONG] = {13253, "the headers of the SIP URI have 1024 characters or more"},
	};
	return rows[e];
}

static struct dial_trouble add_headers(struct dial_noun *n, const struct twiml_node *headers)
{
	for (const struct twiml_node *h = headers->child; h; h = h->next) {
		if (h->elem != TWIML_EL_SIP_HEADER)
			continue;
		struct span name = twiml_attr(h, "name"), value = twiml_attr(h, "value");
		enum target_drop why;
		if (!sip_target_add(&n->target, name, value, &why))
			remember_drop(&n->drops, why, name);
	}
	return fine;
}

static bool has_control(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (ascii_is(s.p[i], ASCII_CTL))
			return true;
	return false;
}

/* What is longer than 255 characters was left out and told by the parser. */
static struct dial_trouble read_credentials(struct dial_noun *n, const struct twiml_node *node)
{
	n->username = twiml_attr(node, "username");
	n->password = twiml_attr(node, "password");
	if (n->username.len > 255 || n->password.len > 255)
		return (struct dial_trouble){13249, "username or password has more than 255 bytes"};
	if (has_control(n->username) || has_control(n->password))
		return (struct dial_trouble){13249, "username or password holds control bytes"};
	if (n->password.len && !n->username.len)
		return (struct dial_trouble){13249, "password is there without username"};
	return fine;
}

/* The node that says which credentials: <Sip>, or its <Uri>. */
static const struct twiml_node *credentials_node(const struct twiml_node *node)
{
	for (const struct twiml_node *c = node->child; c && !node->text.len; c = c->next)
		if (c->elem == TWIML_EL_SIP_URI)
			return c;
	return node;
}

/* <Sip>uri</Sip>, or the older <Sip><Uri>uri</Uri><Headers><Header name value/></Headers></Sip>. */
static struct dial_trouble read_sip(
    struct dial_noun *n, const struct calls_conf *conf, const struct twiml_node *node)
{
	struct span text = twiml_noun_address(node);
	struct dial_trouble t =
	    sip_trouble(sip_target_parse(&n->target, text, false, remember_drop, &n->drops));
	if (t.code)
		return t;
	snprintf(n->to, sizeof n->to, "%s", n->target.uri);
	for (const struct twiml_node *c = node->child; c && !node->text.len; c = c->next)
		if (c->elem == TWIML_EL_SIP_HEADERS)
			t = add_headers(n, c);
	return t.code ? t : read_credentials(n, credentials_node(node));
}

static struct dial_trouble by_pattern(struct dial_noun *n, const char *pattern, struct span user)
{
	switch (sip_target_pattern(&n->target, pattern, user)) {
	case TARGET_OK:
		return fine;
	case TARGET_URI_TOO_LONG:
		return (struct dial_trouble){13243, "its SIP URI has 255 characters or more"};
	default:
		return (struct dial_trouble){13243, "it does not fit into the configured SIP URI"};
	}
}

/* Digits with at most a leading '+'; what people put between them for reading is taken out. */
static bool bare_number(char out[64], struct span s)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s.len; i++) {
		if (memchr(" -().", s.p[i], 5))
			continue;
		if (n == 63 || !(ascii_is(s.p[i], ASCII_DIGIT) || s.p[i] == '*' || s.p[i] == '#' ||
		                   (s.p[i] == '+' && n == 0)))
			return false;
		out[n++] = s.p[i];
	}
	out[n] = '\0';
	return n > (out[0] == '+');
}

static struct dial_trouble read_number(
    struct dial_noun *n, const struct calls_conf *conf, const struct twiml_node *node)
{
	char number[64];
	if (!bare_number(number, twiml_noun_address(node)))
		return (struct dial_trouble){13223, "the number is not a telephone number"};
	if (!conf->trunk_uri || !*conf->trunk_uri)
		return (struct dial_trouble){
		    13224, "numbers cannot be called: no trunk is configured (trunk.uri)"};
	n->from = conf->trunk_from && *conf->trunk_from ? conf->trunk_from : NULL;
	snprintf(n->to, sizeof n->to, "%s", number);
	return by_pattern(n, conf->trunk_uri, span_str(number));
}

static struct dial_trouble read_client(
    struct dial_noun *n, const struct calls_conf *conf, const struct twiml_node *node)
{
	struct span id = twiml_noun_address(node);
	if (id.len > 7 && span_ieq(span_of(id.p, 7), SPAN("client:")))
		id = span_of(id.p + 7, id.len - 7);
	if (id.len > 121)
		return (struct dial_trouble){13223, "the client's identity is longer than 121 characters"};
	if (!conf->client_uri || !*conf->client_uri)
		return (struct dial_trouble){
		    13224, "clients cannot be called: no address for them is configured (client.uri)"};
	snprintf(n->to, sizeof n->to, "client:%.*s", (int)id.len, id.p);
	return by_pattern(n, conf->client_uri, id);
}

/* ---- what it asks for ---- */

static struct dial_trouble read_url(struct dial_noun *n, const struct twiml_node *node, const char *base)
{
	struct span url = attr(node, "url");
	if (!url.len)
		return fine;
	n->url = webhook_url(base, url.p);
	n->url_post = is_post(attr(node, "method"));
	if (n->url)
		return fine;
	return (struct dial_trouble){base ? 11100 : 15004, "the url of the noun is not an http(s) URL"};
}

/* A status callback that cannot be used is told; the noun is dialled all the same. */
static void read_callback(struct dial_noun *n, const struct twiml_node *node, const char *base)
{
	struct span url = attr(node, "statusCallback");
	if (!url.len)
		return;
	n->callback = webhook_url(base, url.p);
	n->callback_post = is_post(attr(node, "statusCallbackMethod"));
	n->callback_refused = n->callback ? call_url_trouble(n->callback)
	                                  : "it is relative, and there is nothing to be relative to";
	if (n->callback_refused) {
		free(n->callback);
		n->callback = NULL;
	}
	n->events = call_events_of(attr(node, "statusCallbackEvent"), NULL);
	if (!n->events)
		n->events = CALL_EV_COMPLETED;
}

struct dial_trouble dial_noun_read(
    struct dial_noun *n, const struct calls_conf *conf, const struct twiml_node *node, const char *base)
{
	*n = (struct dial_noun){.url_post = true};
	struct dial_trouble t = node->elem == TWIML_EL_SIP      ? read_sip(n, conf, node)
	                        : node->elem == TWIML_EL_CLIENT ? read_client(n, conf, node)
	                                                        : read_number(n, conf, node);
	if (t.code)
		return t;
	read_callback(n, node, base);
	return read_url(n, node, base);
}

void dial_noun_fini(struct dial_noun *n)
{
	free(n->url);
	free(n->callback);
}
