/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter by itself: each event in its state, and what comes of it. */
#include "tests/unit/sip/cm.h"

#include "twiml/twiml_exec.h"
#include "twiml/twiml_parse.h"

#include <stdio.h>
#include <stdlib.h>

static struct twiml_session *s;
static struct twiml_effects fx;

static int setup(void **state)
{
	s = twiml_session_new();
	return s ? 0 : -1;
}

static int teardown(void **state)
{
	twiml_session_free(s);
	return 0;
}

static void feed(struct twiml_event ev)
{
	twiml_step(s, &ev, &fx);
}

static struct twiml_program *prog(const char *text)
{
	return twiml_parse(text, strlen(text));
}

static void start(const char *text)
{
	feed((struct twiml_event){.type = TWIML_EV_START, .program = prog(text), .base = "http://h/doc"});
}

static void document(const char *text)
{
	feed((struct twiml_event){.type = TWIML_EV_DOCUMENT, .program = prog(text), .base = "http://h/next"});
}

static void event(enum twiml_event_type t)
{
	feed((struct twiml_event){.type = t});
}

/* The effects are exactly these. */
static void expect(uint32_t n, enum twiml_effect_type a, enum twiml_effect_type b, enum twiml_effect_type c)
{
	enum twiml_effect_type want[] = {a, b, c};
	assert_int_equal(fx.n, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fx.e[i].type, want[i]);
}

static void ends_hung_up(void)
{
	expect(2, TWIML_DO_HANGUP, TWIML_DO_END, 0);
	assert_true(twiml_session_ended(s));
}

static void an_empty_document_hangs_up(void **state)
{
	start("<Response/>");
	ends_hung_up();
}

static void hangup_ends_the_document(void **state)
{
	start("<Response><Hangup/><Pause/></Response>");
	ends_hung_up();
}

static void what_is_not_built_is_passed_over(void **state)
{
	start("<Response><Say>a</Say><Foo/><Pause length='3'/></Response>");
	expect(1, TWIML_DO_PAUSE, 0, 0);
	assert_int_equal(fx.e[0].seconds, 3);
	event(TWIML_EV_PAUSE_DONE);
	ends_hung_up();
}

static void a_url_is_fetched_first(void **state)
{
	feed((struct twiml_event){.type = TWIML_EV_START, .url = "http://h/a", .post = true});
	expect(1, TWIML_DO_FETCH, 0, 0);
	assert_string_equal(fx.e[0].url, "http://h/a");
	assert_true(fx.e[0].post);
	assert_int_equal(fx.e[0].purpose, TWIML_FOR_START);
	document("<Response><Pause/></Response>");
	expect(1, TWIML_DO_PAUSE, 0, 0);
	assert_int_equal(fx.e[0].seconds, 1);
}

static void redirect_leaves_the_document(void **state)
{
	start("<Response><Redirect method='GET'> next?a=1 </Redirect><Pause/></Response>");
	expect(1, TWIML_DO_FETCH, 0, 0);
	assert_string_equal(fx.e[0].url, "next?a=1");
	assert_string_equal(fx.e[0].base, "http://h/doc");
	assert_false(fx.e[0].post);
	document("<Response><Redirect/></Response>");
	assert_string_equal(fx.e[0].url, "");
	assert_string_equal(fx.e[0].base, "http://h/next");
	assert_true(fx.e[0].post);
}

static void redirects_in_a_circle_come_to_an_end(void **state)
{
	int n = 0;
	start("<Response><Redirect/></Response>");
	for (; fx.e[0].type == TWIML_DO_FETCH; n++) {
		assert_true(n < 1000);
		document("<Response><Redirect/></Response>");
	}
	assert_int_equal(n, TWIML_CHAIN_MAX);
	expect(3, TWIML_DO_NOTE, TWIML_DO_HANGUP, TWIML_DO_END);
	assert_int_equal(fx.e[0].code, 11215);
}

static void a_circle_with_a_pause_in_it_may_go_on(void **state)
{
	start("<Response><Pause/><Redirect/></Response>");
	for (int i = 0; i < 500; i++) {
		expect(1, TWIML_DO_PAUSE, 0, 0);
		event(TWIML_EV_PAUSE_DONE);
		expect(1, TWIML_DO_FETCH, 0, 0);
		document("<Response><Pause/><Redirect/></Response>");
	}
}

static void dial_hands_out_its_node_and_base(void **state)
{
	start("<Response><Dial timeout='10'><Sip>kate@example.com</Sip></Dial></Response>");
	expect(1, TWIML_DO_DIAL, 0, 0);
	assert_string_equal(twiml_dial_noun(fx.e[0].dial, NULL)->text.p, "kate@example.com");
	assert_string_equal(fx.e[0].base, "http://h/doc");
	assert_int_equal(twiml_attr_number(fx.e[0].dial, "timeout"), 10);
}

static void a_dial_without_action_falls_through(void **state)
{
	start("<Response><Dial><Sip>a@b</Sip></Dial><Pause/></Response>");
	event(TWIML_EV_DIAL_ENDED);
	expect(1, TWIML_DO_PAUSE, 0, 0);
}

static void a_dial_with_action_asks_it_with_the_outcome(void **state)
{
	static const struct twiml_param p[] = {{"DialCallStatus", "busy"}};
	start("<Response><Dial action='/done' method='GET'><Sip>a@b</Sip></Dial><Pause/></Response>");
	feed((struct twiml_event){.type = TWIML_EV_DIAL_ENDED, .params = p, .n_params = 1, .dialled = true});
	expect(1, TWIML_DO_FETCH, 0, 0);
	assert_int_equal(fx.e[0].purpose, TWIML_FOR_DIAL_ACTION);
	assert_string_equal(fx.e[0].url, "/done");
	assert_false(fx.e[0].post);
	assert_ptr_equal(fx.e[0].params, p);
	document("<Response/>");
	ends_hung_up();
}

static void a_refused_dial_fails_and_its_action_is_asked(void **state)
{
	start("<Response><Dial action='/done'>1<Sip>c@d</Sip></Dial></Response>");
	expect(1, TWIML_DO_FETCH, 0, 0);
	assert_int_equal(fx.e[0].n_params, 2);
	assert_string_equal(fx.e[0].params[0].name, "DialCallStatus");
	assert_string_equal(fx.e[0].params[0].value, "failed");
	assert_string_equal(fx.e[0].params[1].value, "false");
}

static void the_caller_going_ends_the_dial_and_still_reports_it(void **state)
{
	static const struct twiml_param p[] = {{"DialCallStatus", "completed"}};
	start("<Response><Dial action='/done'><Sip>a@b</Sip></Dial></Response>");
	event(TWIML_EV_LEG_GONE);
	expect(1, TWIML_DO_DIAL_STOP, 0, 0);
	assert_false(twiml_session_ended(s));
	feed((struct twiml_event){.type = TWIML_EV_DIAL_ENDED, .params = p, .n_params = 1});
	expect(2, TWIML_DO_REPORT, TWIML_DO_END, 0);
	assert_string_equal(fx.e[0].url, "/done");
	assert_int_equal(fx.e[0].n_params, 1);
}

static void the_caller_going_elsewhere_just_ends(void **state)
{
	start("<Response><Pause/></Response>");
	event(TWIML_EV_LEG_GONE);
	expect(1, TWIML_DO_END, 0, 0);
	event(TWIML_EV_PAUSE_DONE);
	expect(0, 0, 0, 0);
	document("<Response><Pause/></Response>");
	expect(0, 0, 0, 0);
}

static void reject_on_an_answered_call_hangs_up_and_says_so(void **state)
{
	start("<Response><Reject/></Response>");
	expect(3, TWIML_DO_NOTE, TWIML_DO_HANGUP, TWIML_DO_END);
	assert_int_equal(fx.e[0].code, 12200);
}

static void bad_twiml_without_fallback_ends_the_call(void **state)
{
	start("<Response><Dial></Response>");
	expect(3, TWIML_DO_NOTE, TWIML_DO_HANGUP, TWIML_DO_END);
	assert_int_equal(fx.e[0].code, 12100);
	assert_true(fx.e[0].error);
	assert_int_equal(fx.e[0].line, 1);
}

static void the_fallback_is_asked_once(void **state)
{
	feed((struct twiml_event){.type = TWIML_EV_START, .url = "http://h/a", .fallback_url = "http://f/b"});
	feed((struct twiml_event){
	    .type = TWIML_EV_FETCH_FAILED, .code = 11200, .text = "status 500", .base = "http://h/a"});
	expect(2, TWIML_DO_NOTE, TWIML_DO_FETCH, 0);
	assert_int_equal(fx.e[0].code, 11200);
	assert_string_equal(fx.e[1].url, "http://f/b");
	assert_int_equal(fx.e[1].purpose, TWIML_FOR_FALLBACK);
	assert_string_equal(fx.e[1].params[0].name, "ErrorCode");
	assert_string_equal(fx.e[1].params[0].value, "11200");
	assert_string_equal(fx.e[1].params[1].name, "ErrorUrl");
	assert_string_equal(fx.e[1].params[1].value, "http://h/a");
	document("<Foo/>");
	expect(3, TWIML_DO_NOTE, TWIML_DO_HANGUP, TWIML_DO_END);
	assert_int_equal(fx.e[0].code, 12102);
}

static void a_long_document_is_worked_off_in_steps(void **state)
{
	char text[65536], *p = text + sprintf(text, "<Response>");
	for (int i = 0; i < 2000; i++)
		p += sprintf(p, "<Dial/>");
	sprintf(p, "</Response>");
	start(text);
	for (int i = 0; fx.more; i++) {
		assert_true(i < 3000);
		event(TWIML_EV_CONTINUE);
	}
	ends_hung_up();
}

static void screen(const char *text)
{
	feed((struct twiml_event){
	    .type = TWIML_EV_START, .program = prog(text), .base = "http://h/doc", .screening = true});
}

static void a_screening_document_that_ends_puts_the_call_through(void **state)
{
	screen("<Response><Pause/></Response>");
	expect(1, TWIML_DO_PAUSE, 0, 0);
	event(TWIML_EV_PAUSE_DONE);
	expect(2, TWIML_DO_CONNECT, TWIML_DO_END, 0);
	assert_true(twiml_session_ended(s));
}

static void screening_goes_on_across_a_redirect(void **state)
{
	screen("<Response><Redirect>/n</Redirect></Response>");
	expect(1, TWIML_DO_FETCH, 0, 0);
	document("<Response/>");
	expect(2, TWIML_DO_CONNECT, TWIML_DO_END, 0);
}

static void hangup_in_a_screening_document_ends_the_called_leg(void **state)
{
	screen("<Response><Hangup/></Response>");
	ends_hung_up();
}

static void dial_in_a_screening_document_is_13201_and_ends_the_called_leg(void **state)
{
	screen("<Response><Dial><Sip>a@b</Sip></Dial></Response>");
	expect(3, TWIML_DO_NOTE, TWIML_DO_HANGUP, TWIML_DO_END);
	assert_int_equal(fx.e[0].code, 13201);
	assert_true(fx.e[0].error);
	assert_int_equal(fx.e[0].col, 11);
}

static void a_screening_document_that_cannot_be_had_ends_the_called_leg(void **state)
{
	feed((struct twiml_event){.type = TWIML_EV_START, .url = "http://h/a", .screening = true});
	feed((struct twiml_event){.type = TWIML_EV_FETCH_FAILED, .code = 11200, .text = "status 500"});
	expect(3, TWIML_DO_NOTE, TWIML_DO_HANGUP, TWIML_DO_END);
}

static void events_out_of_place_change_nothing(void **state)
{
	event(TWIML_EV_PAUSE_DONE);
	document("<Response/>");
	expect(0, 0, 0, 0);
	start("<Response><Pause/></Response>");
	start("<Response><Hangup/></Response>");
	event(TWIML_EV_DIAL_ENDED);
	document("<Response><Hangup/></Response>");
	expect(0, 0, 0, 0);
	assert_false(twiml_session_ended(s));
}

/* Any order of events: END at most once and last, never an effect after it. */
static void end_is_told_once_under_any_order_of_events(void **state)
{
	static const char *const docs[] = {"<Response/>", "<Response><Pause/><Redirect/></Response>",
	    "<Foo/>", "<Response><Dial action='/x'><Sip>a@b</Sip></Dial></Response>",
	    "<Response><Dial><Sip>a@b</Sip></Dial><Dial/><Reject/></Response>"};
	for (uint32_t seed = 1; seed <= 3000; seed++) {
		uint64_t r = seed * UINT64_C(6364136223846793005);
		struct twiml_session *t = twiml_session_new();
		int ends = 0;
		for (int i = 0; i < 40; i++) {
			r = r * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			struct twiml_event ev = {.type = (enum twiml_event_type)((r >> 33) % TWIML_EV_TYPES),
			    .base = "http://h/",
			    .screening = r & 8192,
			    .fallback_url = r & 4096 ? "http://f/" : NULL};
			if (ev.type == TWIML_EV_DOCUMENT || ev.type == TWIML_EV_START)
				ev.program = prog(docs[(r >> 40) % 5]);
			twiml_step(t, &ev, &fx);
			for (uint32_t k = 0; k < fx.n; k++) {
				assert_int_equal(ends, 0);
				ends += fx.e[k].type == TWIML_DO_END;
			}
		}
		assert_true(ends <= 1);
		assert_int_equal(ends, twiml_session_ended(t));
		twiml_session_free(t);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(an_empty_document_hangs_up),
	    T(hangup_ends_the_document),
	    T(what_is_not_built_is_passed_over),
	    T(a_url_is_fetched_first),
	    T(redirect_leaves_the_document),
	    T(redirects_in_a_circle_come_to_an_end),
	    T(a_circle_with_a_pause_in_it_may_go_on),
	    T(dial_hands_out_its_node_and_base),
	    T(a_dial_without_action_falls_through),
	    T(a_dial_with_action_asks_it_with_the_outcome),
	    T(a_refused_dial_fails_and_its_action_is_asked),
	    T(the_caller_going_ends_the_dial_and_still_reports_it),
	    T(the_caller_going_elsewhere_just_ends),
	    T(reject_on_an_answered_call_hangs_up_and_says_so),
	    T(bad_twiml_without_fallback_ends_the_call),
	    T(the_fallback_is_asked_once),
	    T(a_long_document_is_worked_off_in_steps),
	    T(a_screening_document_that_ends_puts_the_call_through),
	    T(screening_goes_on_across_a_redirect),
	    T(hangup_in_a_screening_document_ends_the_called_leg),
	    T(dial_in_a_screening_document_is_13201_and_ends_the_called_leg),
	    T(a_screening_document_that_cannot_be_had_ends_the_called_leg),
	    T(events_out_of_place_change_nothing),
	    cmocka_unit_test(end_is_told_once_under_any_order_of_events),
	};
	return cmocka_run_group_tests_name("twiml_exec", tests, NULL, NULL);
}
