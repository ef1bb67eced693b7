/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/diff/diff.h"

#include <stdint.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>

bool diff_peer_init(void)
{
	return true;
}

static void start_line(struct diff_view *v, const sip_t *s)
{
	if (s->sip_status) {
		diff_number(v, DIFF_STATUS, (unsigned long)s->sip_status->st_status);
		return;
	}
	const url_t *u = s->sip_request->rq_url;
	diff_str(v, DIFF_METHOD, s->sip_request->rq_method_name);
	diff_str(v, DIFF_RURI_USER, u->url_user);
	diff_host(v, DIFF_RURI_HOST, u->url_host);
	diff_digits(v, DIFF_RURI_PORT, u->url_port);
}

/* What it could not read, or misses. It keeps no name of the header that it could not read. */
static const char *refusal(const sip_t *s)
{
	if (!s->sip_request && !s->sip_status)
		return "start line";
	if (s->sip_error)
		return "a header";
	if (!s->sip_via || !s->sip_from || !s->sip_to || !s->sip_call_id || !s->sip_cseq)
		return "a header is missing"; /* its transaction layer refuses such a message */
	return NULL;
}

static void view(struct diff_view *v, const sip_t *s)
{
	start_line(v, s);
	diff_str(v, DIFF_CALL_ID, s->sip_call_id->i_id);
	diff_number(v, DIFF_CSEQ_NUMBER, s->sip_cseq->cs_seq);
	diff_str(v, DIFF_CSEQ_METHOD, s->sip_cseq->cs_method_name);
	diff_host(v, DIFF_FROM_HOST, s->sip_from->a_url->url_host);
	diff_str(v, DIFF_FROM_TAG, s->sip_from->a_tag);
	diff_host(v, DIFF_TO_HOST, s->sip_to->a_url->url_host);
	diff_str(v, DIFF_TO_TAG, s->sip_to->a_tag);
	diff_host(v, DIFF_VIA_HOST, s->sip_via->v_host);
	diff_digits(v, DIFF_VIA_PORT, s->sip_via->v_port);
	diff_str(v, DIFF_VIA_BRANCH, s->sip_via->v_branch);
	diff_number(v, DIFF_BODY_LENGTH, s->sip_payload ? s->sip_payload->pl_len : 0);
}

const char *diff_peer_view(const char *msg, size_t len, struct diff_view *v)
{
	msg_t *m = msg_make(sip_default_mclass(), 0, msg, (ssize_t)len);
	memset(v, 0, sizeof *v);
	if (!m)
		return "message";
	const sip_t *s = sip_object(m);
	const char *why = s ? refusal(s) : "message";
	if (!why)
		view(v, s);
	msg_destroy(m);
	return why;
}
