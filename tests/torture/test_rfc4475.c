/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4475, section by section: the verdict, and that the values mean what the RFC says they mean. */
#include "tests/torture/torture.h"

#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_date.h"
#include "sip-parser/sip_multipart.h"
#include "sip-parser/sip_shape.h"

#define VIA    "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw\r\n"
#define FROM   "From: sip:caller@example.net;tag=93334\r\n"
#define TO     "To: sip:j.user@example.com\r\n"
#define ID     "Call-ID: written.after.the.rfc\r\nMax-Forwards: 70\r\n"
#define FOUR   VIA FROM TO ID
#define OPT    "CSeq: 8 OPTIONS\r\n"
#define INV    "CSeq: 8 INVITE\r\n"
#define NOBODY "Content-Length: 0\r\n\r\n"

static void rfc4475_3_1_1_1_wsinv_short_tortuous_invite(void **state)
{
	assert_int_equal(
	    text_verdict(
	        "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
	        "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
	        "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = "
	        "98asjd8\r\n"
	        "MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 4\r\n"
	        "cseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n"
	        "s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
	        "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
	        "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
	        "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
	        " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
	        "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n"
	        "  secondparam ; q = 0.33\r\n\r\nv=0\n"),
	    OK);
	assert_span(addr_of(sip_msg_val(&m, SIP_H_TO)).tag, "1918181833n");
	assert_span(addr_of(sip_msg_val(&m, SIP_H_FROM)).display, "\"J Rosenberg \\\\\\\"\"");
	assert_span(via_of(0).branch, "390skdjuw");
	assert_span(via_of(1).host, "spindle.example.com");
	assert_span(via_of(2).branch, "z9hG4bK30239");
	struct span q;
	assert_true(sip_param_get(addr_of(sip_msg_val(&m, SIP_H_CONTACT)).params, SPAN("q"), &q));
	assert_span(q, "0.33");
	assert_span(sip_msg_val(&m, SIP_H_SUBJECT), "");
	assert_int_equal(m.body.len, 4);
}

static void rfc4475_3_1_1_2_intmeth_wide_range_of_characters(void **state)
{
	assert_int_equal(file_verdict("rfc4475/intmeth.dat"), OK);
	assert_int_equal(m.method, SIP_UNKNOWN);
	assert_span(m.method_text, "!interesting-Method0123456789_*+`.%indeed'~");
	struct sip_uri u = uri_of(m.ruri);
	assert_span(u.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	assert_span(u.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
	assert_span(u.host, "example.com");
	struct sip_addr to = addr_of(sip_msg_val(&m, SIP_H_TO));
	assert_true(memchr(to.display.p, '\0', to.display.len) != NULL); /* an escaped NUL does not end it */
	assert_span(addr_of(sip_msg_val(&m, SIP_H_FROM)).tag, "_token~1'+`*%!-.");
	assert_span(via_of(0).branch, "z9hG4bK-.!%66*_+`'~");
}

static void rfc4475_3_1_1_3_esc01_valid_use_of_escapes(void **state)
{
	assert_int_equal(
	    text_verdict(
	        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\r\n" VIA
	        "To: sip:%75se%72@example.com\r\nFrom: <sip:I%20have%20spaces@example.net>;tag=938\r\n" ID INV
	        "C: application/sdp\r\nContact:\r\n "
	        "<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\r\n" NOBODY),
	    OK);
	assert_unescaped(uri_of(m.ruri).user, "sips:user@example.com");
	assert_unescaped(addr_of(sip_msg_val(&m, SIP_H_TO)).uri.user, "user");
	assert_unescaped(addr_of(sip_msg_val(&m, SIP_H_CONTACT)).uri.params, "lr;name=value%41");
}

static void rfc4475_3_1_1_4_escnull_escaped_nulls_are_not_ends(void **state)
{
	assert_int_equal(file_verdict("rfc4475/escnull.dat"), OK);
	assert_unescaped(addr_of(sip_msg_val(&m, SIP_H_TO)).uri.user, "null-\0-null");
	const struct sip_hdr *h = sip_msg_hdr(&m, SIP_H_CONTACT);
	struct sip_addr one = addr_of(sip_hdr_val(&m, h)),
	                two = addr_of(sip_hdr_val(&m, sip_msg_hdr_next(&m, h)));
	assert_unescaped(one.uri.user, "\0");
	assert_unescaped(two.uri.user, "\0\0");
	assert_false(sip_uri_equal(&one.uri, &two.uri));
}

static void rfc4475_3_1_1_5_esc02_percent_where_it_is_no_escape(void **state)
{
	assert_int_equal(
	    text_verdict(
	        "RE%47IST%45R sip:registrar.example.com SIP/2.0\r\nTo: \"%Z%45\" "
	        "<sip:resource@example.com>\r\n"
	        "From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\r\n" VIA ID
	        "CSeq: 29344 RE%47IST%45R\r\nContact: <sip:alias1@host1.example.com>\r\nL:0\r\n\r\n"),
	    OK);
	assert_int_equal(m.method, SIP_UNKNOWN); /* not REGISTER */
	assert_span(addr_of(sip_msg_val(&m, SIP_H_TO)).display, "\"%Z%45\"");
}

static void rfc4475_3_1_1_6_lwsdisp_no_space_between_name_and_bracket(void **state)
{
	assert_int_equal(file_verdict("rfc4475/lwsdisp.dat"), OK);
	assert_span(addr_of(sip_msg_val(&m, SIP_H_FROM)).display, "caller");
	assert_span(addr_of(sip_msg_val(&m, SIP_H_FROM)).uri.user, "caller");
}

static void rfc4475_3_1_1_7_longreq_long_values(void **state)
{
	char text[8192], name[1500];
	memset(name, 'e', sizeof name);
	int n = snprintf(text, sizeof text,
	    "INVITE sip:user@example.com SIP/2.0\r\nTo: \"I have a user name of %.400s proportion\"\r\n"
	    " <sip:user@example.com:6000;unknownparam1=%.300s;%.200s=x>\r\nF: "
	    "sip:%.1400s@example.net;tag=12982;%.100s=x;%.50s\r\n"
	    "Call-ID: longreq.%.300s\r\nCSeq: 3882340 INVITE\r\nUnknown-%.200s:\r\n "
	    "unknown-%.300s-value\r\nMax-Forwards: 70\r\n",
	    name, name, name, name, name, name, name, name, name);
	for (int i = 0; i < 34; i++)
		n += snprintf(
		    text + n, sizeof text - (size_t)n, "v: SIP/2.0/TCP sip%d.example.com\r\n", 33 - i);
	snprintf(text + n, sizeof text - (size_t)n,
	    "V: SIP/2.0/TCP host.example.com;received=192.0.2.5\r\n ;branch=%.400s\r\n\r\n", name);
	assert_int_equal(text_verdict(text), OK);
	assert_int_equal(addr_of(sip_msg_val(&m, SIP_H_FROM)).uri.user.len, 1400);
	assert_int_equal(via_of(34).branch.len, 400);
}

static void rfc4475_3_1_1_8_dblreq_octets_behind_the_message(void **state)
{
	assert_int_equal(file_verdict("rfc4475/dblreq.dat"), OK);
	assert_true(m.len < 500); /* the second request begins behind it */
	assert_int_equal(m.method, SIP_REGISTER);
	assert_int_equal(m.body.len, 0);
	assert_int_equal(m.n_hdrs, 8);
}

static void rfc4475_3_1_1_9_semiuri_semicolon_in_the_user_part(void **state)
{
	assert_int_equal(text_verdict("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\r\n" FOUR OPT
	                              "l: 0\r\n\r\n"),
	    OK);
	assert_unescaped(uri_of(m.ruri).user, "user;par=u@example.net");
	assert_span(uri_of(m.ruri).host, "example.com");
	assert_int_equal(uri_of(m.ruri).params.len, 0);
}

static void rfc4475_3_1_1_10_transports_unknown_transport_types(void **state)
{
	assert_int_equal(file_verdict("rfc4475/transports.dat"), OK);
	assert_span(via_of(0).transport, "UDP");
	assert_span(via_of(3).transport, "UNKNOWN");
	assert_span(via_of(4).branch, "z9hG4bK0a9idfnee");
}

static void rfc4475_3_1_1_11_mpart01_binary_multipart_body(void **state)
{
	static const char head[] =
	    "MESSAGE sip:kumiko@example.org SIP/2.0\r\n" FOUR "CSeq: 127 MESSAGE\r\n"
	    "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\nMIME-Version: 1.0\r\n"
	    "Content-Length: 225\r\n\r\n";
	/* a text, and a PKCS#7 signature: DER with NUL, CR and LF in it */
	static const char body[] =
	    "--7a9cbec02ceef655\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\n"
	    "Hello\r\n--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Transfer-Encoding: "
	    "binary\r\n\r\n\x30\x82\0\r\n\0\r\n--7a\xff\n\r\n--7a9cbec02ceef655--\r\n";
	memcpy(bytes, head, sizeof head - 1);
	memcpy(bytes + sizeof head - 1, body, sizeof body - 1);
	assert_int_equal(sizeof body - 1, 225);
	assert_int_equal(verdict_of(sizeof head - 1 + sizeof body - 1), OK);
	assert_int_equal(m.body.len, 225);
	struct sip_multipart mp;
	struct sip_part part;
	assert_int_equal(sip_multipart_open(&mp, sip_msg_val(&m, SIP_H_CONTENT_TYPE), m.body), 0);
	assert_span(mp.boundary, "7a9cbec02ceef655");
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.content_type, "text/plain");
	assert_span(part.body, "Hello");
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.encoding, "binary");
	assert_span(part.body, "\x30\x82\0\r\n\0\r\n--7a\xff\n");
	assert_int_equal(sip_multipart_next(&mp, &part), 0);
	assert_true(mp.closed);
}

static void rfc4475_3_1_1_12_unreason_utf8_reason_phrase(void **state)
{
	assert_int_equal(file_verdict("rfc4475/unreason.dat"), OK);
	assert_int_equal(m.status, 200);
	assert_memory_equal(m.reason.p, "= 2**3 * 5**2 \xd0\xbd\xd0\xbe", 18);
}

static void rfc4475_3_1_1_13_noreason_empty_reason_phrase(void **state)
{
	assert_int_equal(text_verdict("SIP/2.0 100 \r\n" FOUR INV NOBODY), OK);
	assert_int_equal(m.status, 100);
	assert_int_equal(m.reason.len, 0);
}

static void rfc4475_3_1_2_1_badinv01_extraneous_separators(void **state)
{
	assert_int_equal(
	    text_verdict(
	        "INVITE sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" FROM TO ID INV
	            NOBODY),
	    400);
	assert_int_equal(strncmp(err.reason, "Via:", 4), 0);
	assert_int_equal(text_verdict("INVITE sip:user@example.com SIP/2.0\r\n" FOUR INV
	                              "Contact: \"Joe\" <sip:joe@example.org>;;;;\r\n" NOBODY),
	    400);
	assert_int_equal(strncmp(err.reason, "Contact:", 8), 0);
}

static void rfc4475_3_1_2_2_clerr_content_length_too_large(void **state)
{
	assert_int_equal(file_verdict("rfc4475/clerr.dat"), 400);
	assert_int_equal(strncmp(err.reason, "Content-Length:", 15), 0);
	assert_int_equal(m.n_hdrs, 9); /* enough for the answer */
}

static void rfc4475_3_1_2_3_ncl_negative_content_length(void **state)
{
	assert_int_equal(text_verdict("INVITE sip:user@example.com SIP/2.0\r\n" FOUR INV
	                              "Content-Length: -999\r\n\r\nv=0\r\n"),
	    400);
}

static void rfc4475_3_1_2_4_scalar02_request_scalars_too_large(void **state)
{
	assert_int_equal(file_verdict("rfc4475/scalar02.dat"), 400);
	assert_int_equal(strncmp(err.reason, "CSeq:", 5), 0);
	/* Expires alone out of range does not refuse a request: "treat as default" */
	assert_int_equal(text_verdict("REGISTER sip:example.com SIP/2.0\r\n" FOUR
	                              "CSeq: 1 REGISTER\r\nExpires: 1000000000000000000\r\n"
	                              "Contact: <sip:u@h>;expires=280297596632815\r\n" NOBODY),
	    OK);
}

static void rfc4475_3_1_2_5_scalarlg_response_scalars_too_large(void **state)
{
	assert_int_equal(
	    text_verdict("SIP/2.0 503 Service Unavailable\r\n" FOUR "CSeq: 9292394834772304023312 OPTIONS\r\n"
	                 "Retry-After: 949302838503028349304023988\r\nWarning: 1812 overture \"In "
	                 "Progress\"\r\n" NOBODY),
	    0);
}

static void rfc4475_3_1_2_6_quotbal_unterminated_quote(void **state)
{
	assert_int_equal(file_verdict("rfc4475/quotbal.dat"), 400);
	assert_int_equal(strncmp(err.reason, "To:", 3), 0);
}

static void rfc4475_3_1_2_7_ltgtruri_brackets_around_request_uri(void **state)
{
	assert_int_equal(text_verdict("INVITE <sip:user@example.com> SIP/2.0\r\n" FOUR INV NOBODY), 400);
}

static void rfc4475_3_1_2_8_lwsruri_space_in_request_uri(void **state)
{
	assert_int_equal(file_verdict("rfc4475/lwsruri.dat"), 400);
}

static void rfc4475_3_1_2_9_lwsstart_double_spaces(void **state)
{
	assert_int_equal(text_verdict("INVITE  sip:user@example.com  SIP/2.0\r\n" FOUR INV NOBODY), 400);
}

static void rfc4475_3_1_2_10_trws_space_at_the_end(void **state)
{
	assert_int_equal(file_verdict("rfc4475/trws.dat"), 400);
}

static void rfc4475_3_1_2_11_escruri_headers_in_request_uri(void **state)
{
	assert_int_equal(
	    text_verdict(
	        "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\r\n" FOUR INV NOBODY),
	    400);
}

static void rfc4475_3_1_2_12_baddate_is_ignored(void **state)
{
	struct sip_date d;
	uint32_t off;
	assert_int_equal(file_verdict("rfc4475/baddate.dat"), OK);
	struct span date = sip_msg_val(&m, SIP_H_DATE);
	assert_int_equal(
	    sip_date_parse(&d, date, &off), -1); /* but the date itself is refused, at its zone */
	assert_memory_equal(date.p + off, " EST", 4);
}

static void rfc4475_3_1_2_13_regbadct_question_mark_without_brackets(void **state)
{
	assert_int_equal(
	    text_verdict("REGISTER sip:example.com SIP/2.0\r\n" FOUR "CSeq: 8 REGISTER\r\n"
	                 "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\nl: 0\r\n\r\n"),
	    400);
}

static void rfc4475_3_1_2_14_badaspec_spaces_in_brackets(void **state)
{
	assert_int_equal(file_verdict("rfc4475/badaspec.dat"), 400);
	assert_int_equal(strncmp(err.reason, "To:", 3), 0);
}

static void rfc4475_3_1_2_15_baddn_no_token_in_display_name(void **state)
{
	assert_int_equal(
	    text_verdict("OPTIONS sip:t.watson@example.org SIP/2.0\r\n" VIA TO ID OPT
	                 "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\nl: 0\r\n\r\n"),
	    400);
}

static void rfc4475_3_1_2_16_badvers_unknown_version(void **state)
{
	assert_int_equal(file_verdict("rfc4475/badvers.dat"), 505);
	assert_span(m.version, "SIP/7.0");
}

static void rfc4475_3_1_2_17_mismatch01_cseq_method(void **state)
{
	assert_int_equal(text_verdict("OPTIONS sip:user@example.com SIP/2.0\r\n" FOUR INV NOBODY), 400);
}

static void rfc4475_3_1_2_18_mismatch02_unknown_method_and_cseq(void **state)
{
	assert_int_equal(file_verdict("rfc4475/mismatch02.dat"), 501);
	assert_span(m.method_text, "NEWMETHOD");
	assert_int_equal(strncmp(err.reason, "CSeq:", 5), 0);
}

static void rfc4475_3_1_2_19_bigcode_overlarge_status(void **state)
{
	assert_int_equal(
	    text_verdict("SIP/2.0 4294967301 better not break the receiver\r\n" FOUR INV NOBODY), 0);
	assert_false(m.is_request);
}

static void rfc4475_3_2_1_badbranch_cookie_alone(void **state)
{
	assert_int_equal(file_verdict("rfc4475/badbranch.dat"), 400);
	assert_span(via_of(0).branch, "z9hG4bK");
}

static void rfc4475_3_3_1_insuf_missing_headers(void **state)
{
	assert_int_equal(text_verdict("INVITE sip:user@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\nVia: "
	                              "SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\n"
	                              "Content-Type: application/sdp\r\nl: 3\r\n\r\nv=0"),
	    400);
}

static void rfc4475_3_3_2_unkscm_unknown_scheme(void **state)
{
	assert_int_equal(file_verdict("rfc4475/unkscm.dat"), OK);
	assert_int_equal(uri_of(m.ruri).scheme, SIP_URI_OTHER);
	assert_span(uri_of(m.ruri).scheme_text, "nobodyKnowsThisScheme");
}

static void rfc4475_3_3_3_novelsc_known_atypical_scheme(void **state)
{
	assert_int_equal(
	    text_verdict("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n" FOUR OPT NOBODY), OK);
	assert_span(uri_of(m.ruri).scheme_text, "soap.beep");
}

static void rfc4475_3_3_4_unksm2_unknown_schemes_in_headers(void **state)
{
	assert_int_equal(file_verdict("rfc4475/unksm2.dat"), OK);
	assert_span(addr_of(sip_msg_val(&m, SIP_H_TO)).uri.scheme_text, "isbn");
	assert_span(addr_of(sip_msg_val(&m, SIP_H_FROM)).tag, "3234233");
	assert_span(addr_of(sip_msg_val(&m, SIP_H_CONTACT)).uri_text, "name:John_Smith");
}

static void rfc4475_3_3_5_bext01_unknown_require(void **state)
{
	assert_int_equal(
	    text_verdict("OPTIONS sip:user@example.com SIP/2.0\r\n" FOUR OPT
	                 "Require: nothingSupportsThis, nothingSupportsThisEither\r\n"
	                 "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\r\n" NOBODY),
	    OK);
	struct span rest = sip_msg_val(&m, SIP_H_REQUIRE), e;
	assert_true(sip_list_next(&rest, &e));
	assert_span(e, "nothingSupportsThis");
	assert_true(sip_list_next(&rest, &e));
	assert_span(e, "nothingSupportsThisEither");
	assert_false(sip_list_next(&rest, &e));
}

static void rfc4475_3_3_6_invut_unknown_content_type(void **state)
{
	assert_int_equal(file_verdict("rfc4475/invut.dat"), OK);
	assert_int_equal(m.body.len, 40);
}

static void rfc4475_3_3_7_regaut01_unknown_authorization(void **state)
{
	assert_int_equal(text_verdict("REGISTER sip:example.com SIP/2.0\r\n" FOUR "CSeq: 9338 REGISTER\r\n"
	                              "Authorization: NoOneKnowsThisScheme opaque-data=here\r\n" NOBODY),
	    OK);
	struct sip_auth a;
	struct span data;
	uint32_t off;
	assert_int_equal(sip_auth_parse(&a, sip_msg_val(&m, SIP_H_AUTHORIZATION), &off), 0);
	assert_span(a.scheme, "NoOneKnowsThisScheme");
	assert_true(sip_auth_get(&a, SPAN("opaque-data"), &data));
	assert_span(data, "here");
}

static void rfc4475_3_3_8_multi01_single_values_twice(void **state)
{
	assert_int_equal(file_verdict("rfc4475/multi01.dat"), 400);
	assert_non_null(strstr(err.reason, "more than one line"));
}

static void rfc4475_3_3_9_mcl01_two_content_lengths(void **state)
{
	assert_int_equal(text_verdict("OPTIONS sip:user@example.com SIP/2.0\r\n" FOUR OPT
	                              "Content-Length: 13\r\nContent-Length: 5\r\n\r\n"
	                              "There's no way to know how many octets are supposed to be here.\r\n"),
	    400);
}

static void rfc4475_3_3_10_bcast_response_with_two_vias(void **state)
{
	assert_int_equal(file_verdict("rfc4475/bcast.dat"), OK);
	assert_span(via_of(1).host, "255.255.255.255");
	assert_int_equal(m.method, SIP_INVITE);
}

static void rfc4475_3_3_11_zeromf_max_forwards_zero(void **state)
{
	assert_int_equal(text_verdict("OPTIONS sip:user@example.com SIP/2.0\r\n" VIA FROM TO
	                              "Call-ID: z\r\nMax-Forwards: 0\r\n" OPT NOBODY),
	    OK);
	assert_span(sip_msg_val(&m, SIP_H_MAX_FORWARDS), "0");
}

static void rfc4475_3_3_12_cparam01_contact_header_parameter(void **state)
{
	assert_int_equal(file_verdict("rfc4475/cparam01.dat"), OK);
	struct sip_addr a = addr_of(sip_msg_val(&m, SIP_H_CONTACT));
	assert_span(a.params, "unknownparam");
	assert_int_equal(a.uri.params.len, 0);
}

static void rfc4475_3_3_13_cparam02_contact_uri_parameter(void **state)
{
	assert_int_equal(
	    text_verdict("REGISTER sip:example.com SIP/2.0\r\n" FOUR "CSeq: 3 REGISTER\r\n"
	                 "Contact: <sip:+19725552222@gw1.example.net;unknownparam>\r\nl: 0\r\n\r\n"),
	    OK);
	struct sip_addr a = addr_of(sip_msg_val(&m, SIP_H_CONTACT));
	assert_span(a.uri.params, "unknownparam");
	assert_int_equal(a.params.len, 0);
}

static void rfc4475_3_3_14_regescrt_escaped_header_in_contact(void **state)
{
	assert_int_equal(file_verdict("rfc4475/regescrt.dat"), OK);
	assert_span(addr_of(sip_msg_val(&m, SIP_H_CONTACT)).uri.headers, "Route=%3Csip:sip.example.com%3E");
	assert_false(m.first[SIP_H_ROUTE]);
}

static void rfc4475_3_3_15_sdp01_unacceptable_accept(void **state)
{
	assert_int_equal(
	    text_verdict("INVITE sip:user@example.com SIP/2.0\r\n" FOUR INV "Accept: text/nobodyKnowsThis\r\n"
	                 "Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0"),
	    OK);
}

static void rfc4475_3_4_1_inv2543_rfc2543_syntax(void **state)
{
	assert_int_equal(file_verdict("rfc4475/inv2543.dat"), OK);
	assert_int_equal(via_of(0).branch.len, 0);
	assert_int_equal(addr_of(sip_msg_val(&m, SIP_H_FROM)).tag.len, 0);
	assert_true(m.body.len > 100); /* no Content-Length: to the end of the datagram */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc4475_3_1_1_1_wsinv_short_tortuous_invite),
	    cmocka_unit_test(rfc4475_3_1_1_2_intmeth_wide_range_of_characters),
	    cmocka_unit_test(rfc4475_3_1_1_3_esc01_valid_use_of_escapes),
	    cmocka_unit_test(rfc4475_3_1_1_4_escnull_escaped_nulls_are_not_ends),
	    cmocka_unit_test(rfc4475_3_1_1_5_esc02_percent_where_it_is_no_escape),
	    cmocka_unit_test(rfc4475_3_1_1_6_lwsdisp_no_space_between_name_and_bracket),
	    cmocka_unit_test(rfc4475_3_1_1_7_longreq_long_values),
	    cmocka_unit_test(rfc4475_3_1_1_8_dblreq_octets_behind_the_message),
	    cmocka_unit_test(rfc4475_3_1_1_9_semiuri_semicolon_in_the_user_part),
	    cmocka_unit_test(rfc4475_3_1_1_10_transports_unknown_transport_types),
	    cmocka_unit_test(rfc4475_3_1_1_11_mpart01_binary_multipart_body),
	    cmocka_unit_test(rfc4475_3_1_1_12_unreason_utf8_reason_phrase),
	    cmocka_unit_test(rfc4475_3_1_1_13_noreason_empty_reason_phrase),
	    cmocka_unit_test(rfc4475_3_1_2_1_badinv01_extraneous_separators),
	    cmocka_unit_test(rfc4475_3_1_2_2_clerr_content_length_too_large),
	    cmocka_unit_test(rfc4475_3_1_2_3_ncl_negative_content_length),
	    cmocka_unit_test(rfc4475_3_1_2_4_scalar02_request_scalars_too_large),
	    cmocka_unit_test(rfc4475_3_1_2_5_scalarlg_response_scalars_too_large),
	    cmocka_unit_test(rfc4475_3_1_2_6_quotbal_unterminated_quote),
	    cmocka_unit_test(rfc4475_3_1_2_7_ltgtruri_brackets_around_request_uri),
	    cmocka_unit_test(rfc4475_3_1_2_8_lwsruri_space_in_request_uri),
	    cmocka_unit_test(rfc4475_3_1_2_9_lwsstart_double_spaces),
	    cmocka_unit_test(rfc4475_3_1_2_10_trws_space_at_the_end),
	    cmocka_unit_test(rfc4475_3_1_2_11_escruri_headers_in_request_uri),
	    cmocka_unit_test(rfc4475_3_1_2_12_baddate_is_ignored),
	    cmocka_unit_test(rfc4475_3_1_2_13_regbadct_question_mark_without_brackets),
	    cmocka_unit_test(rfc4475_3_1_2_14_badaspec_spaces_in_brackets),
	    cmocka_unit_test(rfc4475_3_1_2_15_baddn_no_token_in_display_name),
	    cmocka_unit_test(rfc4475_3_1_2_16_badvers_unknown_version),
	    cmocka_unit_test(rfc4475_3_1_2_17_mismatch01_cseq_method),
	    cmocka_unit_test(rfc4475_3_1_2_18_mismatch02_unknown_method_and_cseq),
	    cmocka_unit_test(rfc4475_3_1_2_19_bigcode_overlarge_status),
	    cmocka_unit_test(rfc4475_3_2_1_badbranch_cookie_alone),
	    cmocka_unit_test(rfc4475_3_3_1_insuf_missing_headers),
	    cmocka_unit_test(rfc4475_3_3_2_unkscm_unknown_scheme),
	    cmocka_unit_test(rfc4475_3_3_3_novelsc_known_atypical_scheme),
	    cmocka_unit_test(rfc4475_3_3_4_unksm2_unknown_schemes_in_headers),
	    cmocka_unit_test(rfc4475_3_3_5_bext01_unknown_require),
	    cmocka_unit_test(rfc4475_3_3_6_invut_unknown_content_type),
	    cmocka_unit_test(rfc4475_3_3_7_regaut01_unknown_authorization),
	    cmocka_unit_test(rfc4475_3_3_8_multi01_single_values_twice),
	    cmocka_unit_test(rfc4475_3_3_9_mcl01_two_content_lengths),
	    cmocka_unit_test(rfc4475_3_3_10_bcast_response_with_two_vias),
	    cmocka_unit_test(rfc4475_3_3_11_zeromf_max_forwards_zero),
	    cmocka_unit_test(rfc4475_3_3_12_cparam01_contact_header_parameter),
	    cmocka_unit_test(rfc4475_3_3_13_cparam02_contact_uri_parameter),
	    cmocka_unit_test(rfc4475_3_3_14_regescrt_escaped_header_in_contact),
	    cmocka_unit_test(rfc4475_3_3_15_sdp01_unacceptable_accept),
	    cmocka_unit_test(rfc4475_3_4_1_inv2543_rfc2543_syntax),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
