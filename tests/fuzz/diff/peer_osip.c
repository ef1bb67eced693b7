/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/diff/diff.h"

#include <stdlib.h>

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

static void silent(const char *file, int line, osip_trace_level_t level, const char *format, va_list args)
{
}

bool diff_peer_init(void)
{
	osip_trace_initialize_func(TRACE_LEVEL0, silent);
	return parser_init() == 0;
}

static void party(struct diff_view *v, osip_from_t *h, enum diff_field host, enum diff_field tag)
{
	osip_generic_param_t *p = NULL;
	if (h->url)
		diff_host(v, host, h->url->host);
	if (osip_generic_param_get_byname(&h->gen_params, (char *)"tag", &p) == 0 && p)
		diff_str(v, tag, p->gvalue);
}

static void top_via(struct diff_view *v, osip_message_t *m)
{
	osip_via_t *via = NULL;
	osip_generic_param_t *p = NULL;
	if (osip_message_get_via(m, 0, &via) < 0 || !via)
		return;
	diff_host(v, DIFF_VIA_HOST, via->host);
	diff_digits(v, DIFF_VIA_PORT, via->port);
	if (osip_via_param_get_byname(via, (char *)"branch", &p) == 0 && p)
		diff_str(v, DIFF_VIA_BRANCH, p->gvalue);
}

static void start_line(struct diff_view *v, osip_message_t *m)
{
	if (MSG_IS_RESPONSE(m)) {
		diff_number(v, DIFF_STATUS, (unsigned long)m->status_code);
		return;
	}
	diff_str(v, DIFF_METHOD, m->sip_method);
	if (m->req_uri) {
		diff_str(v, DIFF_RURI_USER, m->req_uri->username);
		diff_host(v, DIFF_RURI_HOST, m->req_uri->host);
		diff_digits(v, DIFF_RURI_PORT, m->req_uri->port);
	}
}

static void body(struct diff_view *v, osip_message_t *m)
{
	size_t n = 0;
	for (int i = 0; i < osip_list_size(&m->bodies); i++)
		n += ((osip_body_t *)osip_list_get(&m->bodies, i))->length;
	diff_number(v, DIFF_BODY_LENGTH, n);
}

static const char *view(struct diff_view *v, osip_message_t *m)
{
	if (!m->from || !m->to || !m->call_id || !m->cseq || osip_list_size(&m->vias) == 0)
		return "a header is missing"; /* its user refuses such a message */
	start_line(v, m);
	char *id = NULL;
	if (osip_call_id_to_str(m->call_id, &id) == 0)
		diff_str(v, DIFF_CALL_ID, id);
	osip_free(id);
	diff_digits(v, DIFF_CSEQ_NUMBER, m->cseq->number);
	diff_str(v, DIFF_CSEQ_METHOD, m->cseq->method);
	party(v, m->from, DIFF_FROM_HOST, DIFF_FROM_TAG);
	party(v, m->to, DIFF_TO_HOST, DIFF_TO_TAG);
	top_via(v, m);
	body(v, m);
	return NULL;
}

const char *diff_peer_view(const char *msg, size_t len, struct diff_view *v)
{
	osip_message_t *m;
	memset(v, 0, sizeof *v);
	if (osip_message_init(&m) != 0)
		return "no memory";
	const char *why = osip_message_parse(m, msg, len) == 0 ? view(v, m) : "message";
	osip_message_free(m);
	return why;
}
