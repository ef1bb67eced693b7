/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of a leg: what is answered, what is not, and what is left of them afterwards. The responses are checked
 * against ones computed here with another interface of the library (EVP_Q_digest). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

#include <openssl/evp.h>

#define RURI        "sip:bob@example.com;x=1"
#define TARGET      "sip:bob@192.0.2.9:5080"
#define SECRET      "s3cret:\"pass\""
#define WWW(rest)   "WWW-Authenticate: Digest realm=\"home\", " rest "\r\n"
#define PROXY(rest) "Proxy-Authenticate: Digest realm=\"home\", " rest "\r\n"

static dp_leg call_with(struct rig *r, const char *user, const char *password)
{
	struct dp_cmd c;
	bool bad = false;
	rig_fill(&c);
	c.orig.ring_timeout_ms = 60000;
	c.orig.auth_user = dp_cmd_text(&c, span_str(user), &bad);
	c.orig.auth_password = dp_cmd_text(&c, span_str(password), &bad);
	assert_false(bad);
	sip_command(r->sip, &c, r->now);
	net_flush(r->net, r->now);
	struct dp_event *e = rig_event(r, DP_EV_STARTED);
	return e->leg;
}

static dp_leg invited(struct rig *r, struct heard *inv)
{
	dp_leg leg = call_with(r, "alice", SECRET);
	rig_hear(r, inv, "INVITE " RURI);
	assert_false(heard_has(inv, "uthorization"));
	return leg;
}

/* The 401 or 407, its ACK, and the INVITE that follows. */
static void challenge(struct rig *r, struct heard *inv, int status, const char *header)
{
	struct heard ack;
	rig_answer(r, inv, status, "c1", header, "");
	rig_hear(r, &ack, "ACK ");
	assert_false(heard_has(&ack, "uthorization"));
	rig_hear(r, inv, "INVITE " RURI);
}

/* ---- the response, computed apart */

static void hex_of(const char *alg, const char *text, char out[65])
{
	unsigned char md[64];
	size_t n;
	assert_int_equal(EVP_Q_digest(NULL, alg, NULL, text, strlen(text), md, &n), 1);
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", md[i]);
}

static void param(const struct heard *h, const char *name, char *out, size_t room)
{
	const char *line = strstr(h->text, "uthorization: Digest "), *p = line ? strstr(line, name) : NULL;
	if (!p)
		fail_msg("no %s in\n%s", name, h->text);
	p += strlen(name);
	size_t n = *p == '"' ? strcspn(++p, "\"") : strcspn(p, ",\r");
	assert_true(n < room);
	memcpy(out, p, n);
	out[n] = '\0';
}

static void assert_response(
    const struct heard *h, const char *alg, const char *nonce, const char *method, const char *uri)
{
	char a1[65], a2[65], want[65], got[80], nc[16], cnonce[64], text[512];
	param(h, " response=", got, sizeof got);
	param(h, " nc=", nc, sizeof nc);
	param(h, " cnonce=", cnonce, sizeof cnonce);
	hex_of(alg, "alice:home:" SECRET, a1);
	snprintf(text, sizeof text, "%s:%s", method, uri);
	hex_of(alg, text, a2);
	snprintf(text, sizeof text, "%s:%s:%s:%s:auth:%s", a1, nonce, nc, cnonce, a2);
	hex_of(alg, text, want);
	assert_string_equal(got, want);
}

/* ---- INVITE */

static void rfc3261_22_2_401_is_answered_in_the_same_dialog(void **state)
{
	struct rig r;
	struct heard inv;
	char call_id[128], from[160], contact[160], via[160];
	rig_open(&r, NULL);
	dp_leg leg = invited(&r, &inv);
	snprintf(call_id, sizeof call_id, "%s", heard_hdr(&inv, SIP_H_CALL_ID));
	snprintf(from, sizeof from, "%s", heard_hdr(&inv, SIP_H_FROM));
	snprintf(contact, sizeof contact, "%s", heard_hdr(&inv, SIP_H_CONTACT));
	snprintf(via, sizeof via, "%s", heard_hdr(&inv, SIP_H_VIA));
	challenge(&r, &inv, 401, WWW("nonce=\"n1\", qop=\"auth\", algorithm=MD5, opaque=\"op\""));
	assert_true(
	    heard_has(&inv, "\r\nAuthorization: Digest username=\"alice\", realm=\"home\", nonce=\"n1\", "
	                    "uri=\"" RURI "\", response=\""));
	assert_true(heard_has(&inv, ", algorithm=MD5, opaque=\"op\", cnonce=\""));
	assert_true(heard_has(&inv, "CSeq: 2 INVITE\r\n"));
	assert_response(&inv, "MD5", "n1", "INVITE", RURI);
	assert_string_equal(heard_hdr(&inv, SIP_H_CALL_ID), call_id);
	assert_string_equal(heard_hdr(&inv, SIP_H_FROM), from);
	assert_string_equal(heard_hdr(&inv, SIP_H_CONTACT), contact);
	assert_string_not_equal(heard_hdr(&inv, SIP_H_VIA), via);
	assert_true(heard_has(&inv, "X-One: 1\r\nUser-to-User: abc\r\n"));
	assert_true(heard_has(&inv, "X-Twilio-AccountSid: AC0123456789abcdef0123456789abcdef\r\n"));
	assert_true(heard_has(&inv, "X-Twilio-CallSid: CA0123456789abcdef0123456789abcdef\r\n"));
	assert_true(heard_has(&inv, "m=audio "));
	rig_no_event(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_auth_answered), 1);
	rig_hangup(&r, leg);
	rig_close(&r);
}

static void rfc3261_22_3_407_is_answered_to_the_proxy(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	invited(&r, &inv);
	rig_answer(&r, &inv, 100, NULL, "", "");
	challenge(&r, &inv, 407, PROXY("nonce=\"n1\", qop=\"auth\", algorithm=SHA-256"));
	assert_true(heard_has(&inv, "\r\nProxy-Authorization: Digest "));
	assert_response(&inv, "SHA256", "n1", "INVITE", RURI);
	rig_close(&r);
}

static void rfc8760_strongest_challenge_is_answered(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	invited(&r, &inv);
	challenge(&r, &inv, 401,
	    WWW("nonce=\"n1\", qop=\"auth\", algorithm=MD5") "WWW-Authenticate: Basic realm=\"home\"\r\n" WWW(
	        "nonce=\"n2\", qop=\"auth\", algorithm=SHA-512-256")
	        WWW("nonce=\"n3\", qop=\"auth\", algorithm=SHA-256") WWW("nonce=\"n4\", algorithm=SHA-1024"));
	assert_true(heard_has(&inv, ", algorithm=SHA-512-256"));
	assert_response(&inv, "SHA512-256", "n2", "INVITE", RURI);
	rig_close(&r);
}

static void ack_of_the_2xx_carries_what_the_invite_carried(void **state)
{
	struct rig r;
	struct heard inv, ack;
	char a[80], b[80];
	rig_open(&r, NULL);
	invited(&r, &inv);
	challenge(&r, &inv, 401, WWW("nonce=\"n1\", qop=\"auth\""));
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &ack, "ACK " TARGET);
	assert_true(heard_has(&ack, "CSeq: 2 ACK\r\n"));
	param(&inv, " response=", a, sizeof a);
	param(&ack, " response=", b, sizeof b);
	assert_string_equal(a, b);
	rig_event(&r, DP_EV_ANSWERED);
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &ack, "ACK " TARGET);
	rig_close(&r);
}

static void wrong_password_is_not_tried_again(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	invited(&r, &inv);
	challenge(&r, &inv, 401, WWW("nonce=\"n1\", qop=\"auth\""));
	rig_answer(&r, &inv, 401, "c2", WWW("nonce=\"n2\", qop=\"auth\""), "");
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_REJECTED);
	assert_int_equal(e->sip_status, 401);
	assert_true(span_eq(dp_event_span(e, e->reason), SPAN("the user name or password is wrong")));
	assert_int_equal(rig_stat(&r, STAT_sip_auth_refused), 1);
	rig_close(&r);
}

static void stale_nonce_is_answered_once_more_and_no_more(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	invited(&r, &inv);
	challenge(&r, &inv, 401, WWW("nonce=\"n1\", qop=\"auth\""));
	challenge(&r, &inv, 401, WWW("nonce=\"n2\", qop=\"auth\", stale=true"));
	assert_response(&inv, "MD5", "n2", "INVITE", RURI);
	assert_true(heard_has(&inv, "nc=00000001"));
	assert_true(heard_has(&inv, "CSeq: 3 INVITE\r\n"));
	rig_answer(&r, &inv, 401, "c3", WWW("nonce=\"n3\", qop=\"auth\", stale=true"), "");
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	rig_ended(&r, DP_END_REJECTED, 401);
	rig_close(&r);
}

static void refused_with(const char *header, int status, const char *words)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	invited(&r, &inv);
	rig_answer(&r, &inv, status, "c1", header, "");
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_REJECTED);
	assert_int_equal(e->sip_status, status);
	if (!span_eq(dp_event_span(e, e->reason), span_str(words)))
		fail_msg("%.*s; %s expected", (int)e->reason.len, dp_event_span(e, e->reason).p, words);
	rig_close(&r);
}

static void challenge_without_answer_says_why(void **state)
{
	refused_with("", 401, "it names no challenge");
	refused_with(WWW("nonce=\"n\""), 407, "it names no challenge");
	refused_with("WWW-Authenticate: Basic realm=\"home\"\r\n", 401, "its scheme is not Digest");
	refused_with(WWW("nonce=\"n\", qop=\"auth-int\""), 401, "its qop does not offer auth");
}

static void without_credentials_nothing_is_answered(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 60000);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 401, "c1", WWW("nonce=\"n\""), "");
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	rig_ended(&r, DP_END_REJECTED, 401);
	rig_close(&r);
}

static void another_realm_than_the_first_is_not_answered(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	invited(&r, &inv);
	challenge(&r, &inv, 407, PROXY("nonce=\"n1\", qop=\"auth\""));
	rig_answer(&r, &inv, 401, "c2",
	    "WWW-Authenticate: Digest realm=\"elsewhere\", nonce=\"n\", stale=true\r\n", "");
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	rig_ended(&r, DP_END_REJECTED, 401);
	rig_close(&r);
}

static void weaker_algorithm_than_the_first_is_not_answered(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	invited(&r, &inv);
	challenge(&r, &inv, 401, WWW("nonce=\"n1\", algorithm=SHA-256"));
	rig_answer(&r, &inv, 401, "c2", WWW("nonce=\"n2\", algorithm=MD5, stale=true"), "");
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	rig_ended(&r, DP_END_REJECTED, 401);
	rig_close(&r);
}

static void cancel_goes_out_for_the_invite_with_credentials_and_is_never_answered(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = invited(&r, &inv);
	challenge(&r, &inv, 401, WWW("nonce=\"n1\""));
	rig_answer(&r, &inv, 180, "b", "", "");
	rig_event(&r, DP_EV_PROGRESS);
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "CANCEL ");
	assert_true(heard_has(&h, "CSeq: 2 CANCEL\r\n"));
	assert_string_equal(heard_hdr(&h, SIP_H_VIA), heard_hdr(&inv, SIP_H_VIA));
	assert_false(heard_has(&h, "uthorization"));
	rig_answer(&r, &h, 401, "b", WWW("nonce=\"n2\", stale=true"), "");
	rig_silent(&r);
	rig_answer(&r, &inv, 401, "b", WWW("nonce=\"n3\", stale=true"), "");
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	rig_ended(&r, DP_END_CANCELED, 401);
	rig_close(&r);
}

/* ---- in the dialog */

static dp_leg up_with_digest(struct rig *r, struct heard *inv, const char *header)
{
	struct heard ack;
	dp_leg leg = invited(r, inv);
	challenge(r, inv, 401, header);
	rig_answer(r, inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(r, &ack, "ACK ");
	rig_event(r, DP_EV_ANSWERED);
	return leg;
}

static void bye_carries_the_next_nc(void **state)
{
	struct rig r;
	struct heard inv, bye;
	rig_open(&r, NULL);
	dp_leg leg = up_with_digest(&r, &inv, WWW("nonce=\"n1\", qop=\"auth\", algorithm=SHA-256"));
	rig_hangup(&r, leg);
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&r, &bye, "BYE " TARGET);
	assert_true(heard_has(&bye, "nc=00000002"));
	assert_true(heard_has(&bye, "CSeq: 3 BYE\r\n"));
	assert_response(&bye, "SHA256", "n1", "BYE", TARGET);
	rig_answer(&r, &bye, 200, NULL, "", "");
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

static void challenged_bye_is_sent_again_with_the_new_nonce(void **state)
{
	struct rig r;
	struct heard inv, bye;
	rig_open(&r, NULL);
	dp_leg leg = up_with_digest(&r, &inv, WWW("nonce=\"n1\", qop=\"auth\""));
	rig_hangup(&r, leg);
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&r, &bye, "BYE ");
	rig_answer(&r, &bye, 401, NULL, WWW("nonce=\"n2\", qop=\"auth\""), "");
	rig_hear(&r, &bye, "BYE ");
	assert_true(heard_has(&bye, "CSeq: 4 BYE\r\n"));
	assert_response(&bye, "MD5", "n2", "BYE", TARGET);
	rig_answer(&r, &bye, 401, NULL, WWW("nonce=\"n2\", qop=\"auth\""), "");
	rig_silent(&r);
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

static void challenged_bye_is_answered_twice_at_most(void **state)
{
	struct rig r;
	struct heard inv, bye;
	char header[80];
	rig_open(&r, NULL);
	dp_leg leg = up_with_digest(&r, &inv, WWW("nonce=\"n1\", qop=\"auth\""));
	rig_hangup(&r, leg);
	for (int i = 0; i < 3; i++) {
		rig_hear(&r, &bye, "BYE ");
		snprintf(header, sizeof header, WWW("nonce=\"m%d\", stale=true"), i);
		rig_answer(&r, &bye, 401, NULL, header, "");
	}
	rig_silent(&r);
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

/* A refresh of the session (RFC 4028) goes out with the next nc, and is sent again when its nonce has become stale. */
static void challenged_reinvite_is_sent_again_with_the_new_nonce(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	invited(&r, &inv);
	challenge(&r, &inv, 401, WWW("nonce=\"n1\", qop=\"auth\""));
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT "Session-Expires: 90;refresher=uac\r\n", RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	rig_event(&r, DP_EV_ANSWERED);
	rig_run(&r, 45100);
	rig_hear(&r, &inv, "INVITE " TARGET);
	assert_true(heard_has(&inv, "nc=00000002"));
	assert_response(&inv, "MD5", "n1", "INVITE", TARGET);
	rig_answer(&r, &inv, 401, NULL, WWW("nonce=\"n2\", qop=\"auth\", stale=true"), "");
	rig_hear(&r, &h, "ACK ");
	assert_false(heard_has(&h, "uthorization"));
	rig_hear(&r, &inv, "INVITE " TARGET);
	assert_response(&inv, "MD5", "n2", "INVITE", TARGET);
	rig_answer(&r, &inv, 200, NULL, RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	assert_response(&h, "MD5", "n2", "INVITE", TARGET);
	rig_close(&r);
}

/* CVE-2021-41158: who answers a call must not be able to ask for the caller's credentials afterwards. */
static void bye_is_not_answered_when_the_invite_was_not_challenged(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = invited(&r, &inv);
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	assert_int_equal(r.sip->auths.pool.used, 0);
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "BYE ");
	rig_answer(&r, &h, 401, NULL, WWW("nonce=\"n\""), "");
	rig_silent(&r);
	rig_close(&r);
}

static void bye_is_not_answered_to_another_address(void **state)
{
	struct rig r;
	struct heard inv, h;
	struct ip_sock elsewhere = rig_sock("192.0.2.66", 5080);
	char text[RIG_MESSAGE];
	rig_open(&r, NULL);
	dp_leg leg = up_with_digest(&r, &inv, WWW("nonce=\"n1\", qop=\"auth\""));
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "BYE ");
	int n = snprintf(text, sizeof text,
	    "SIP/2.0 401 No\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n" WWW(
	        "nonce=\"n2\"") "Content-Length: 0\r\n\r\n",
	    heard_hdr(&h, SIP_H_VIA), heard_hdr(&h, SIP_H_FROM), heard_hdr(&h, SIP_H_TO),
	    heard_hdr(&h, SIP_H_CALL_ID), heard_hdr(&h, SIP_H_CSEQ));
	rig_say_from(&r, &elsewhere, text, (uint32_t)n);
	rig_silent(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_auth_refused), 1);
	rig_close(&r);
}

/* ---- memory */

static bool holds(const struct rig *r, const char *text)
{
	const struct pool *p = &r->sip->auths.pool;
	return memmem(p->mem, (size_t)p->size * p->obj_bytes, text, strlen(text)) != NULL;
}

static void credentials_are_wiped_at_the_end_of_the_leg(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = up_with_digest(&r, &inv, WWW("nonce=\"n1\""));
	assert_true(holds(&r, SECRET));
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "BYE ");
	rig_answer(&r, &h, 200, NULL, "", "");
	assert_false(holds(&r, SECRET));
	assert_false(holds(&r, "alice"));
	rig_close(&r);
}

static void unanswered_bye_lets_go_of_the_leg_after_timer_f(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	dp_leg leg = up_with_digest(&r, &inv, WWW("nonce=\"n1\""));
	rig_hangup(&r, leg);
	rig_run(&r, 31000);
	assert_int_equal(sip_legs_live(r.sip), 1);
	rig_run(&r, 2000);
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

static void command_slot_is_wiped(void **state)
{
	struct dp_cmd c;
	bool bad = false;
	rig_fill(&c);
	c.orig.auth_user = dp_cmd_text(&c, SPAN("alice"), &bad);
	c.orig.auth_password = dp_cmd_text(&c, SPAN(SECRET), &bad);
	assert_non_null(memmem(&c, sizeof c, SECRET, strlen(SECRET)));
	dp_cmd_wipe(&c);
	assert_null(memmem(&c, sizeof c, SECRET, strlen(SECRET)));
	assert_null(memmem(&c, sizeof c, "alice", 5));
	assert_true(span_eq(dp_cmd_span(&c, c.orig.ruri), SPAN(RURI)));
}

static void starved_credentials_pool_refuses_the_call(void **state)
{
	struct rig r;
	struct dp_cmd c;
	bool bad = false;
	rig_open(&r, &(struct rig_conf){.legs = 4});
	void *held[4];
	for (int i = 0; i < 4; i++)
		held[i] = pool_get(&r.sip->auths.pool);
	rig_fill(&c);
	c.orig.auth_user = dp_cmd_text(&c, SPAN("alice"), &bad);
	sip_command(r.sip, &c, r.now);
	rig_ended(&r, DP_END_CAPACITY, 503);
	for (int i = 0; i < 4; i++)
		pool_put(&r.sip->auths.pool, held[i]);
	rig_close(&r);
}

static void bad_credentials_are_refused_by_the_last_look(void **state)
{
	static const char *const texts[] = {"a\r\nX: 1", "a\x7f", ""};
	char big[300];
	memset(big, 'x', sizeof big);
	big[256] = '\0';
	for (int i = 0; i < 3; i++) {
		struct rig r;
		struct dp_cmd c;
		bool bad = false;
		rig_open(&r, NULL);
		rig_fill(&c);
		c.orig.auth_user = dp_cmd_text(&c, span_str(i == 2 ? big : texts[i]), &bad);
		sip_command(r.sip, &c, r.now);
		rig_ended(&r, DP_END_BAD_COMMAND, 0);
		rig_silent(&r);
		rig_close(&r);
	}
}

/* ---- several targets: the time for a first response */

static dp_leg hasty_call(struct rig *r, struct heard *inv)
{
	struct dp_cmd c;
	rig_fill(&c);
	c.orig.ring_timeout_ms = 60000;
	c.orig.first_response_ms = 2000;
	sip_command(r->sip, &c, r->now);
	net_flush(r->net, r->now);
	rig_hear(r, inv, "INVITE ");
	return rig_event(r, DP_EV_STARTED)->leg;
}

static void silent_target_is_given_up_after_its_time(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	hasty_call(&r, &inv);
	rig_run(&r, 1900);
	rig_no_event(&r);
	rig_run(&r, 200);
	rig_ended(&r, DP_END_NO_RESPONSE, 408);
	assert_int_equal(rig_stat(&r, STAT_sip_first_timeouts), 1);
	rig_drain(&r);
	rig_run(&r, 20000);
	rig_silent(&r); /* it hears nothing more */
	rig_answer(&r, &inv, 180, "late", "", "");
	rig_hear(&r, &h, "CANCEL "); /* and must not ring on */
	rig_close(&r);
}

static void target_given_up_that_answers_late_is_hung_up(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	hasty_call(&r, &inv);
	rig_run(&r, 2100);
	rig_ended(&r, DP_END_NO_RESPONSE, 408);
	rig_drain(&r);
	rig_answer(&r, &inv, 200, "late", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	rig_hear(&r, &h, "BYE ");
	rig_no_event(&r);
	rig_close(&r);
}

static void any_response_ends_the_haste(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	hasty_call(&r, &inv);
	rig_answer(&r, &inv, 100, NULL, "", "");
	rig_run(&r, 59000);
	rig_no_event(&r);
	rig_run(&r, 2000);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3261_22_2_401_is_answered_in_the_same_dialog),
	    cmocka_unit_test(rfc3261_22_3_407_is_answered_to_the_proxy),
	    cmocka_unit_test(rfc8760_strongest_challenge_is_answered),
	    cmocka_unit_test(ack_of_the_2xx_carries_what_the_invite_carried),
	    cmocka_unit_test(wrong_password_is_not_tried_again),
	    cmocka_unit_test(stale_nonce_is_answered_once_more_and_no_more),
	    cmocka_unit_test(challenge_without_answer_says_why),
	    cmocka_unit_test(without_credentials_nothing_is_answered),
	    cmocka_unit_test(another_realm_than_the_first_is_not_answered),
	    cmocka_unit_test(weaker_algorithm_than_the_first_is_not_answered),
	    cmocka_unit_test(cancel_goes_out_for_the_invite_with_credentials_and_is_never_answered),
	    cmocka_unit_test(bye_carries_the_next_nc),
	    cmocka_unit_test(challenged_bye_is_sent_again_with_the_new_nonce),
	    cmocka_unit_test(challenged_bye_is_answered_twice_at_most),
	    cmocka_unit_test(challenged_reinvite_is_sent_again_with_the_new_nonce),
	    cmocka_unit_test(bye_is_not_answered_when_the_invite_was_not_challenged),
	    cmocka_unit_test(bye_is_not_answered_to_another_address),
	    cmocka_unit_test(credentials_are_wiped_at_the_end_of_the_leg),
	    cmocka_unit_test(unanswered_bye_lets_go_of_the_leg_after_timer_f),
	    cmocka_unit_test(command_slot_is_wiped),
	    cmocka_unit_test(starved_credentials_pool_refuses_the_call),
	    cmocka_unit_test(bad_credentials_are_refused_by_the_last_look),
	    cmocka_unit_test(silent_target_is_given_up_after_its_time),
	    cmocka_unit_test(target_given_up_that_answers_late_is_hung_up),
	    cmocka_unit_test(any_response_ends_the_haste),
	};
	return cmocka_run_group_tests_name("sip_auth", tests, NULL, NULL);
}
