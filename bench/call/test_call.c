/* SPDX-License-Identifier: Apache-2.0 */
/* What the load on calls must not do: lose a BYE, or take one call for another. Such a call never ends, and the engine
 * would be blamed for it. */
#include "bench/call/byes.h"
#include "bench/call/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INVITES 2000000u
#define CALLS   (BYES_SLOTS + 5000u)
#define MS      1000000ull

static uint64_t draw(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Of the form that the engine gives: a slot that comes again and again, then what is drawn. */
static struct span call_id(char room[64], uint32_t i, uint64_t *state)
{
	int n = snprintf(
	    room, 64, "c%08x%016llx%08x", i % 512, (unsigned long long)draw(state), (unsigned)draw(state));
	return span_of(room, (uint32_t)n);
}

static void no_invite_is_taken_for_another(void **unused)
{
	struct seen s;
	char room[64];
	uint64_t state = 1;
	(void)unused;
	assert_int_equal(seen_init(&s), 0);
	for (uint32_t i = 0; i < INVITES; i++)
		assert_false(seen_again(&s, call_id(room, i, &state)));
	seen_fini(&s);
}

static void an_invite_that_comes_again_is_known(void **unused)
{
	struct seen s;
	char room[64];
	uint64_t state = 2;
	(void)unused;
	assert_int_equal(seen_init(&s), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		struct span id = call_id(room, i, &state);
		assert_false(seen_again(&s, id));
		assert_true(seen_again(&s, id));
	}
	seen_fini(&s);
}

/* ---- BYEs */

struct sent {
	uint32_t n, numbers[CALLS + 16]; /* in the branches */
	char last[1000];
};

static void parse(struct sip_msg *m, const char *text)
{
	struct sip_err err;
	assert_int_equal(sip_msg_parse(m, text, (uint32_t)strlen(text), SIP_DATAGRAM, &err), 0);
}

static void on_send(void *ctx, const struct bye *b)
{
	struct sent *s = ctx;
	struct sip_msg m;
	snprintf(s->last, sizeof s->last, "%.*s", (int)b->len, b->text);
	parse(&m, s->last);
	assert_int_equal(m.method, SIP_BYE);
	s->numbers[s->n++] = (uint32_t)strtoul(strstr(s->last, "-bye-") + 5, NULL, 10);
}

static void plan(struct byes *b, uint64_t due_ns)
{
	static const char invite[] =
	    "INVITE sip:bob@192.0.2.2:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:Jack@192.0.2.1>;tag=1\r\nTo: <sip:bob@192.0.2.2:5070>\r\n"
	    "Call-ID: c1\r\nCSeq: 1 INVITE\r\nContact: <sip:d1@192.0.2.1>\r\nContent-Length: 0\r\n\r\n";
	const struct sockaddr_in to = {.sin_family = AF_INET};
	struct sip_msg m;
	parse(&m, invite);
	assert_true(byes_plan(b, &m, SPAN("2"), &to, due_ns));
}

static void answer(struct byes *b, uint32_t number)
{
	char text[512];
	struct sip_msg m;
	snprintf(text, sizeof text,
	    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK-7-bye-%u\r\nFrom: "
	    "<sip:b@x>;tag=2\r\n"
	    "To: <sip:a@x>;tag=1\r\nCall-ID: c1\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
	    number);
	parse(&m, text);
	byes_answered(b, &m);
}

static struct byes opened(void)
{
	struct byes b;
	assert_int_equal(byes_init(&b, "192.0.2.2:5070", 7), 0);
	return b;
}

static void closed(struct byes *b, struct sent *s)
{
	byes_fini(b);
	free(s);
}

/* A second BYE with the branch of an earlier one is answered as that one's repetition, and its call goes on. */
static void rfc3261_8_1_1_7_no_branch_is_used_twice(void **unused)
{
	struct byes b = opened();
	struct sent *s = calloc(1, sizeof *s);
	(void)unused;
	for (uint32_t i = 0; i < CALLS; i++) {
		plan(&b, i * MS);
		byes_send(&b, i * MS, on_send, s);
		assert_int_equal(s->n, i + 1);
		assert_int_equal(s->numbers[i], i);
		answer(&b, i);
	}
	byes_send(&b, CALLS * MS + BYES_AGAIN_NS, on_send, s);
	assert_int_equal(s->n, CALLS);
	assert_int_equal(b.full + b.lost, 0);
	closed(&b, s);
}

static void a_bye_is_repeated_until_it_is_answered(void **unused)
{
	struct byes b = opened();
	struct sent *s = calloc(1, sizeof *s);
	(void)unused;
	plan(&b, 50 * MS);
	byes_send(&b, 49 * MS, on_send, s);
	assert_int_equal(s->n, 0);
	byes_send(&b, 50 * MS, on_send, s);
	byes_send(&b, 50 * MS + BYES_AGAIN_NS - 1, on_send, s);
	assert_int_equal(s->n, 1);
	byes_send(&b, 50 * MS + BYES_AGAIN_NS, on_send, s);
	assert_int_equal(s->n, 2);
	answer(&b, 0);
	byes_send(&b, 50 * MS + 2 * BYES_AGAIN_NS, on_send, s);
	assert_int_equal(s->n, 2);
	closed(&b, s);
}

static void a_bye_that_nobody_answers_is_counted(void **unused)
{
	struct byes b = opened();
	struct sent *s = calloc(1, sizeof *s);
	(void)unused;
	plan(&b, 0);
	for (uint64_t i = 0; i < 20; i++)
		byes_send(&b, i * BYES_AGAIN_NS, on_send, s);
	assert_int_equal(s->n, BYES_TRIES);
	assert_int_equal(b.lost, 1);
	closed(&b, s);
}

static void a_late_answer_to_the_bye_that_had_the_slot_before_ends_nothing(void **unused)
{
	struct byes b = opened();
	struct sent *s = calloc(1, sizeof *s);
	(void)unused;
	for (uint32_t i = 0; i < BYES_SLOTS; i++) {
		plan(&b, 0);
		byes_send(&b, 0, on_send, s);
		answer(&b, i);
	}
	plan(&b, 0);
	byes_send(&b, 0, on_send, s);
	answer(&b, 0);
	byes_send(&b, BYES_AGAIN_NS, on_send, s);
	assert_int_equal(s->n, BYES_SLOTS + 2);
	assert_int_equal(s->numbers[s->n - 1], BYES_SLOTS);
	closed(&b, s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_invite_is_taken_for_another),
	    cmocka_unit_test(an_invite_that_comes_again_is_known),
	    cmocka_unit_test(rfc3261_8_1_1_7_no_branch_is_used_twice),
	    cmocka_unit_test(a_bye_is_repeated_until_it_is_answered),
	    cmocka_unit_test(a_bye_that_nobody_answers_is_counted),
	    cmocka_unit_test(a_late_answer_to_the_bye_that_had_the_slot_before_ends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
