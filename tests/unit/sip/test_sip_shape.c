/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that are a head and parameters: RFC by RFC. */
#include "tests/unit/sip/cm.h"

#include "sip-parser/sip_accept.h"
#include "sip-parser/sip_contact.h"
#include "sip-parser/sip_content.h"
#include "sip-parser/sip_event.h"
#include "sip-parser/sip_history.h"
#include "sip-parser/sip_identity.h"
#include "sip-parser/sip_ims.h"
#include "sip-parser/sip_privacy.h"
#include "sip-parser/sip_reason.h"
#include "sip-parser/sip_refer.h"
#include "sip-parser/sip_security.h"
#include "sip-parser/sip_timer.h"
#include "sip-parser/sip_uui.h"

static uint32_t off;

#define GOOD(fn, to, lit) assert_int_equal(fn(to, SPAN(lit), &off), 0)
#define BAD(fn, to, lit, at)                                                                                 \
	do {                                                                                                 \
		assert_int_equal(fn(to, SPAN(lit), &off), -1);                                               \
		assert_int_equal(off, at);                                                                   \
	} while (0)

static void rfc3261_25_1_qvalue(void **state)
{
	static const struct {
		struct span s;
		int thousandths; /* -1: malformed */
	} rows[] = {{SPAN("0"), 0}, {SPAN("1"), 1000}, {SPAN("0.7"), 700}, {SPAN("0.333"), 333},
	    {SPAN("1.000"), 1000}, {SPAN("0."), 0}, {SPAN("0.0009"), 0}, {SPAN("1.001"), -1}, {SPAN("2"), -1},
	    {SPAN(""), -1}, {SPAN(".5"), -1}, {SPAN("0,5"), -1}, {SPAN("0.5x"), -1}, {SPAN("10"), -1}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint16_t q = 0;
		int rc = sip_qvalue(rows[i].s, &q);
		assert_int_equal(rc < 0 ? -1 : q, rows[i].thousandths);
	}
}

static void rfc4475_3_1_2_4_delta_seconds_saturate(void **state)
{
	uint32_t n;
	assert_int_equal(sip_delta(SPAN("1000000000000000000"), &n), 0);
	assert_int_equal(n, SIP_ABSENT - 1);
	assert_int_equal(sip_delta(SPAN("4294967294"), &n), 0);
	assert_int_equal(n, SIP_ABSENT - 1);
	assert_int_equal(sip_delta(SPAN("00180"), &n), 0);
	assert_int_equal(n, 180);
	assert_int_equal(sip_delta(SPAN("-1"), &n), -1);
	assert_int_equal(sip_delta(SPAN(""), &n), -1);
}

static void rfc3261_20_1_accept(void **state)
{
	struct sip_accept a;
	GOOD(sip_accept_parse, &a, "application/sdp;level=1");
	assert_span(a.v.value, "application");
	assert_span(a.v.subtype, "sdp");
	assert_span(a.v.params, "level=1");
	assert_int_equal(a.q, SIP_Q_ABSENT);
	GOOD(sip_accept_parse, &a, "*/* ; Q = 0.25");
	assert_span(a.v.subtype, "*");
	assert_int_equal(a.q, 250);
	BAD(sip_accept_parse, &a, "text", 4);
	BAD(sip_accept_parse, &a, "text/html;q=1.5", 15);
	BAD(sip_accept_parse, &a, "text/html;q=1;q=0", 17);
}

static void rfc3261_20_3_accept_language(void **state)
{
	struct sip_accept_token a;
	GOOD(sip_accept_token_parse, &a, "en-gb;q=0.8");
	assert_span(a.v.value, "en-gb");
	assert_int_equal(a.q, 800);
	GOOD(sip_accept_token_parse, &a, "*");
}

static void rfc3261_20_15_content_type(void **state)
{
	struct sip_content_type t;
	GOOD(sip_content_type_parse, &t, "multipart/mixed;boundary=\"--a b\" ;charset=UTF-8");
	assert_span(t.boundary, "--a b");
	assert_span(t.charset, "UTF-8");
	BAD(sip_content_type_parse, &t, "application/", 12);
	BAD(sip_content_type_parse, &t, "a/b;;c=d", 4);
}

static void rfc3261_20_11_content_disposition(void **state)
{
	struct sip_disposition d;
	GOOD(sip_disposition_parse, &d, "session;handling=optional");
	assert_span(d.v.value, "session");
	assert_true(d.optional);
	GOOD(sip_disposition_parse, &d, "render;handling=required;x");
	assert_false(d.optional);
	GOOD(sip_disposition_parse, &d, "icon");
	assert_int_equal(d.handling.len, 0);
	BAD(sip_disposition_parse, &d, "", 0);
}

static void rfc3326_2_reason(void **state)
{
	struct sip_reason r;
	GOOD(sip_reason_parse, &r, "Q.850 ;cause=16 ;text=\"Terminated\"");
	assert_span(r.v.value, "Q.850");
	assert_int_equal(r.cause, 16);
	assert_span(r.text, "Terminated");
	GOOD(sip_reason_parse, &r, "SIP;cause=200;text=\"a;b, \\\"c\\\"\"");
	assert_span(r.text, "a;b, \\\"c\\\"");
	GOOD(sip_reason_parse, &r, "preemption");
	assert_int_equal(r.cause, SIP_ABSENT);
	BAD(sip_reason_parse, &r, "SIP;cause=x", 11);
	BAD(sip_reason_parse, &r, "SIP;cause", 9);
}

static void rfc6665_8_2_1_event(void **state)
{
	struct sip_event e;
	GOOD(sip_event_parse, &e, "presence.winfo;id=a7;x=y");
	assert_span(e.v.value, "presence.winfo");
	assert_span(e.id, "a7");
	BAD(sip_event_parse, &e, "refer;id=", 9);
}

static void rfc6665_8_2_3_subscription_state(void **state)
{
	struct sip_sub_state s;
	GOOD(sip_sub_state_parse, &s, "terminated;reason=probation;retry-after=60");
	assert_span(s.reason, "probation");
	assert_int_equal(s.retry_after, 60);
	assert_int_equal(s.expires, SIP_ABSENT);
	GOOD(sip_sub_state_parse, &s, "active;expires=99999999999");
	assert_int_equal(s.expires, SIP_ABSENT - 1);
}

static void rfc3891_6_1_replaces(void **state)
{
	struct sip_replaces r;
	GOOD(sip_replaces_parse, &r,
	    "98732@sip.example.com\r\n ;from-tag=r33th4x0r\r\n ;to-tag=ff87ff;early-only");
	assert_span(r.v.value, "98732@sip.example.com");
	assert_span(r.from_tag, "r33th4x0r");
	assert_span(r.to_tag, "ff87ff");
	assert_true(r.early_only);
	GOOD(sip_replaces_parse, &r, "12adf2f34456gs5;to-tag=12345;from-tag=54321");
	assert_false(r.early_only);
	BAD(sip_replaces_parse, &r, "a@b;to-tag=1", 0);
	BAD(sip_replaces_parse, &r, "a@b;to-tag=1;from-tag=2;to-tag=3", 32);
}

static void rfc4538_7_target_dialog(void **state)
{
	struct sip_target_dialog d;
	GOOD(sip_target_dialog_parse, &d,
	    "fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544");
	assert_span(d.local_tag, "kkaz-");
	assert_span(d.remote_tag, "6544");
	BAD(sip_target_dialog_parse, &d, "x;local-tag=1", 0);
}

static void rfc3892_3_referred_by(void **state)
{
	struct sip_referred_by r;
	GOOD(sip_referred_by_parse, &r, "<sip:r@ref.example>;cid=\"2UWQFN309shb3@ref.example\"");
	assert_span(r.a.uri.host, "ref.example");
	assert_span(r.cid, "2UWQFN309shb3@ref.example");
}

static void rfc4028_4_session_expires(void **state)
{
	struct sip_session_expires e;
	GOOD(sip_session_expires_parse, &e, "1800;refresher=UAC");
	assert_int_equal(e.v.number, 1800);
	assert_true(e.by_uac && !e.by_uas);
	GOOD(sip_session_expires_parse, &e, "4000");
	assert_false(e.by_uac || e.by_uas);
	BAD(sip_session_expires_parse, &e, "90;refresher=both", 0);
	BAD(sip_session_expires_parse, &e, "x", 0);
}

static void rfc4028_5_min_se(void **state)
{
	struct sip_value v;
	assert_int_equal(sip_value_parse(&v, SIP_HEAD_NUMBER, SPAN("90;x=y"), &off), 0);
	assert_int_equal(v.number, 90);
	assert_span(v.params, "x=y");
}

static void rfc3261_20_33_retry_after(void **state)
{
	struct sip_retry_after r;
	GOOD(sip_retry_after_parse, &r, "18000;duration=3600");
	assert_int_equal(r.v.number, 18000);
	assert_int_equal(r.duration, 3600);
	GOOD(sip_retry_after_parse, &r, "120 (I'm in a (long) meeting \\) )");
	assert_span(r.v.comment, "(I'm in a (long) meeting \\) )");
	BAD(sip_retry_after_parse, &r, "120 (open", 9);
	GOOD(sip_retry_after_parse, &r, "949302838503028349304023988");
	assert_int_equal(r.v.number, SIP_ABSENT - 1);
}

static void rfc7044_5_history_info(void **state)
{
	struct sip_history h;
	GOOD(sip_history_parse, &h, "<sip:b@h?Reason=SIP%3Bcause%3D302>;index=1.2.1;mp=1.2");
	assert_span(h.index, "1.2.1");
	assert_span(h.mp, "1.2");
	assert_span(h.a.uri.headers, "Reason=SIP%3Bcause%3D302");
	BAD(sip_history_parse, &h, "<sip:b@h>;index=1..2", 0);
	BAD(sip_history_parse, &h, "<sip:b@h>;index=1.", 0);
	BAD(sip_history_parse, &h, "<sip:b@h>;index=.1", 0);
	GOOD(sip_history_parse, &h, "<sip:b@h>");
}

static void rfc5806_4_diversion(void **state)
{
	struct sip_diversion d;
	GOOD(sip_diversion_parse, &d,
	    "<tel:+15551002;a=b>;reason=\"no-answer\";counter=1;privacy=off;screen=yes");
	assert_span(d.reason, "no-answer");
	assert_int_equal(d.counter, 1);
	assert_int_equal(d.limit, SIP_ABSENT);
	assert_span(d.screen, "yes");
}

static void rfc8224_4_identity(void **state)
{
	struct sip_identity i;
	GOOD(sip_identity_parse, &i,
	    "eyJ.e30.sig_-A==;info=<https://cert.example.org/p.cer?a=b;c>;alg=ES256;ppt=\"shaken\"");
	assert_span(i.v.value, "eyJ.e30.sig_-A==");
	assert_span(i.info, "https://cert.example.org/p.cer?a=b;c");
	assert_span(i.alg, "ES256");
	assert_span(i.ppt, "shaken");
	GOOD(sip_identity_parse, &i, "..sig;info=<x:y>"); /* the compact form of §4.1 */
	BAD(sip_identity_parse, &i, "..sig", 0);
	BAD(sip_identity_parse, &i, "..sig;info=x:y", 11);
	BAD(sip_identity_parse, &i, "..sig;info=<x:y", 15);
	GOOD(sip_identity_parse, &i, "\"ZYNBbHC00VMZr2kZt6VmCvPonWJMGvQTBDqghoWeLxJ=\""); /* RFC 4474 §9 */
}

static void rfc3323_4_2_privacy(void **state)
{
	struct sip_privacy p;
	GOOD(sip_privacy_parse, &p, "id ; User;x-other");
	assert_true(p.id && p.user);
	assert_false(p.header || p.session || p.none || p.critical || p.history);
	assert_span(p.v.params, "id ; User;x-other");
	BAD(sip_privacy_parse, &p, "id;id", 5);
	BAD(sip_privacy_parse, &p, "", 0);
}

static void remote_party_id(void **state)
{
	struct sip_rpid r;
	GOOD(sip_rpid_parse, &r,
	    "\"J\" <sip:a@h>;party=calling;screen=no;privacy=\"name,uri\";id-type=subscriber");
	assert_span(r.party, "calling");
	assert_span(r.privacy, "name,uri");
	assert_span(r.id_type, "subscriber");
}

static void rfc7433_4_user_to_user(void **state)
{
	struct sip_uui u;
	char room[32];
	struct buf b = buf_on(room, sizeof room);
	GOOD(sip_uui_parse, &u, "56a390f3d2b7310023a2;encoding=hex;purpose=foo;content=bar");
	assert_span(u.purpose, "foo");
	assert_int_equal(sip_uui_data(&b, &u), 0);
	assert_span(buf_view(&b), "\x56\xa3\x90\xf3\xd2\xb7\x31\x00\x23\xa2");
	b = buf_on(room, sizeof room);
	GOOD(sip_uui_parse, &u, "\"hi \\\"there\\\"\";encoding=text");
	assert_int_equal(sip_uui_data(&b, &u), 0);
	assert_span(buf_view(&b), "hi \"there\"");
	GOOD(sip_uui_parse, &u, "abc");
	assert_int_equal(sip_uui_data(&b, &u), -1); /* an odd number of digits */
	GOOD(sip_uui_parse, &u, "zz");
	assert_int_equal(sip_uui_data(&b, &u), -1);
}

static void rfc3261_20_10_contact_q_and_expires(void **state)
{
	struct sip_contact c;
	GOOD(sip_contact_parse, &c, "\"Mr. Watson\" <sip:w@h>;q=0.7; expires=3601");
	assert_int_equal(c.q, 700);
	assert_int_equal(c.expires, 3601);
	GOOD(sip_contact_parse, &c, "<sip:w@h>;expires=soon"); /* "malformed: 3600" */
	assert_int_equal(c.expires, 3600);
	GOOD(sip_contact_parse, &c, "<sip:w@h>");
	assert_int_equal(c.expires, SIP_ABSENT);
	GOOD(sip_contact_parse, &c, "*");
	assert_true(c.a.star);
	BAD(sip_contact_parse, &c, "<sip:w@h>;q=9", 13);
}

static void rfc5626_4_instance_and_reg_id(void **state)
{
	struct sip_contact c;
	GOOD(sip_contact_parse, &c,
	    "<sip:c@h;ob>;reg-id=1;+sip.instance=\"<urn:uuid:0C67446E-F1A1>\""
	    ";pub-gruu=\"sip:c@e;gr=x\";methods=\"INVITE,ACK\"");
	assert_int_equal(c.reg_id, 1);
	assert_span(c.instance, "<urn:uuid:0C67446E-F1A1>");
	assert_span(c.pub_gruu, "sip:c@e;gr=x");
	assert_span(c.methods, "INVITE,ACK");
}

static void rfc3329_2_2_security(void **state)
{
	struct sip_security s;
	GOOD(sip_security_parse, &s,
	    "ipsec-3gpp; alg=hmac-md5-96; q=0.1; spi-c=98765432; port-s=2345; mod=trans");
	assert_span(s.v.value, "ipsec-3gpp");
	assert_span(s.alg, "hmac-md5-96");
	assert_int_equal(s.q, 100);
	assert_int_equal(s.spi_c, 98765432);
	assert_int_equal(s.port_c, SIP_ABSENT);
}

static void rfc7315_5_4_access_network_info(void **state)
{
	struct sip_access_network n;
	GOOD(sip_access_network_parse, &n,
	    "3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=234151D0FCE11;network-provided");
	assert_span(n.cell_id, "234151D0FCE11");
	assert_true(n.network_provided);
}

static void rfc7315_5_6_charging_vector(void **state)
{
	struct sip_charging_vector v;
	GOOD(sip_charging_vector_parse, &v,
	    "icid-value=\"1234bc9876e\"; icid-generated-at=[2001:db8::1]; orig-ioi=home1.net");
	assert_span(v.icid_value, "1234bc9876e");
	assert_span(v.orig_ioi, "home1.net");
	BAD(sip_charging_vector_parse, &v, "orig-ioi=x", 0);
}

static void rfc5502_6_served_user(void **state)
{
	struct sip_served_user u;
	GOOD(sip_served_user_parse, &u, "<sip:user@example.com>; sescase=orig; regstate=reg");
	assert_span(u.sescase, "orig");
	assert_span(u.regstate, "reg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3261_25_1_qvalue),
	    cmocka_unit_test(rfc4475_3_1_2_4_delta_seconds_saturate),
	    cmocka_unit_test(rfc3261_20_1_accept),
	    cmocka_unit_test(rfc3261_20_3_accept_language),
	    cmocka_unit_test(rfc3261_20_15_content_type),
	    cmocka_unit_test(rfc3261_20_11_content_disposition),
	    cmocka_unit_test(rfc3326_2_reason),
	    cmocka_unit_test(rfc6665_8_2_1_event),
	    cmocka_unit_test(rfc6665_8_2_3_subscription_state),
	    cmocka_unit_test(rfc3891_6_1_replaces),
	    cmocka_unit_test(rfc4538_7_target_dialog),
	    cmocka_unit_test(rfc3892_3_referred_by),
	    cmocka_unit_test(rfc4028_4_session_expires),
	    cmocka_unit_test(rfc4028_5_min_se),
	    cmocka_unit_test(rfc3261_20_33_retry_after),
	    cmocka_unit_test(rfc7044_5_history_info),
	    cmocka_unit_test(rfc5806_4_diversion),
	    cmocka_unit_test(rfc8224_4_identity),
	    cmocka_unit_test(rfc3323_4_2_privacy),
	    cmocka_unit_test(remote_party_id),
	    cmocka_unit_test(rfc7433_4_user_to_user),
	    cmocka_unit_test(rfc3261_20_10_contact_q_and_expires),
	    cmocka_unit_test(rfc5626_4_instance_and_reg_id),
	    cmocka_unit_test(rfc3329_2_2_security),
	    cmocka_unit_test(rfc7315_5_4_access_network_info),
	    cmocka_unit_test(rfc7315_5_6_charging_vector),
	    cmocka_unit_test(rfc5502_6_served_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
