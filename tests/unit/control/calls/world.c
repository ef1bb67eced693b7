/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/calls/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t w_now(void *ctx)
{
	return ((struct world *)ctx)->now_ns;
}

static int64_t w_wall(void *ctx)
{
	return ((struct world *)ctx)->wall_ms;
}

static void w_random(void *ctx, void *out, size_t n)
{
	struct world *w = ctx;
	for (size_t i = 0; i < n; i++) {
		w->rnd = w->rnd * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		((unsigned char *)out)[i] = (unsigned char)(w->rnd >> 56);
	}
}

static uint16_t w_worker(void *ctx)
{
	return 3;
}

static void record(struct world *w, const struct dp_cmd *c)
{
	assert_true(w->n_sent < WORLD_MAX);
	w->sent[w->n_sent++] = *c;
}

static int w_originate(void *ctx, uint16_t worker, const struct dp_cmd *c)
{
	struct world *w = ctx;
	assert_int_equal(worker, 3);
	if (!w->originate_rc)
		record(w, c);
	return w->originate_rc;
}

static void w_command(void *ctx, const struct dp_cmd *c)
{
	record(ctx, c);
}

static void w_hop_done(void *ctx, const struct ip_sock *hop, bool reached)
{
	struct world *w = ctx;
	w->hops_reached += reached;
	w->hops_failed += !reached;
}

static void w_resolve(void *ctx, const struct sip_target *target, uint64_t tag)
{
	struct world *w = ctx;
	assert_true(w->n_resolve < WORLD_MAX);
	snprintf(w->resolve[w->n_resolve].host, sizeof w->resolve[0].host, "%s", target->host);
	w->resolve[w->n_resolve].port = target->port ? target->port : 5060;
	w->resolve[w->n_resolve].transport = target->transport;
	w->resolve[w->n_resolve++].tag = tag;
}

static int w_webhook(
    void *ctx, const char *account, const char *url, bool post, const struct form *params, uint64_t tag)
{
	struct world *w = ctx;
	if (w->webhook_rc)
		return w->webhook_rc;
	assert_true(w->n_hook < WORLD_MAX);
	struct world_hook *h = &w->hook[w->n_hook++];
	*h = (struct world_hook){.url = strdup(url), .account = strdup(account), .post = post, .tag = tag};
	for (size_t i = 0; i < params->n; i++)
		form_add(&h->params, params->pairs[i].name, params->pairs[i].value);
	return 0;
}

static void w_save(void *ctx, const struct call_row *r, uint64_t tag)
{
	struct world *w = ctx;
	assert_true(w->n_save < WORLD_MAX);
	assert_non_null(r->to);
	assert_non_null(r->from);
	struct world_save *s = &w->save[w->n_save++];
	if (tag)
		w->take_tag = tag;
	*s = (struct world_save){.status = r->status,
	    .end_time = r->end_time,
	    .start_time = r->start_time,
	    .answer_time = r->answer_time,
	    .duration = r->duration,
	    .sip_status = r->sip_status};
	memcpy(s->sid, r->sid, sizeof s->sid);
	memcpy(s->parent, r->parent_sid, sizeof s->parent);
	snprintf(s->reason, sizeof s->reason, "%s", r->reason ? r->reason : "");
	snprintf(s->story, sizeof s->story, "%s", r->story ? r->story : "");
}

static void w_note(void *ctx, const struct call_note *n)
{
	struct world *w = ctx;
	assert_true(w->n_note < WORLD_MAX);
	struct world_note *o = &w->note[w->n_note++];
	*o = (struct world_note){.code = n->code, .error = n->error};
	memcpy(o->call_sid, n->call_sid, sizeof o->call_sid);
	snprintf(o->text, sizeof o->text, "%s", n->message);
	snprintf(o->url, sizeof o->url, "%s", n->request_url ? n->request_url : "");
	assert_memory_equal(n->sid, "NO", 2);
}

static void w_event(void *ctx, const struct event_row *e)
{
	struct world *w = ctx;
	assert_true(w->n_event < WORLD_MAX);
	struct world_event *o = &w->event[w->n_event++];
	*o = (struct world_event){.status = e->status, .error = e->error};
	memcpy(o->call_sid, e->call_sid, sizeof o->call_sid);
	snprintf(o->url, sizeof o->url, "%s", e->url);
	snprintf(o->message, sizeof o->message, "%s", e->message);
	snprintf(o->next, sizeof o->next, "%s", e->next);
	assert_string_equal(e->method, "INVITE");
	assert_null(strstr(e->params, "s3cret"));
}

static void w_timer(void *ctx, uint64_t tag, uint64_t at_ns)
{
	struct world *w = ctx;
	uint32_t i = 0;
	while (i < w->n_timer && w->timer[i].tag != tag)
		i++;
	if (i == w->n_timer && at_ns) {
		assert_true(w->n_timer < 256);
		w->timer[w->n_timer++] = (struct world_timer){tag, at_ns};
	} else if (i < w->n_timer && at_ns) {
		w->timer[i].at_ns = at_ns;
	} else if (i < w->n_timer) {
		w->timer[i] = w->timer[--w->n_timer];
	}
}

static void w_log(void *ctx, char level, const char *sid, const char *text)
{
	struct world *w = ctx;
	assert_null(strstr(text, "s3cret"));
	w->log_level = level;
	snprintf(w->log, sizeof w->log, "%s %s", sid, text);
}

static bool w_enhanced(void *ctx, const char *account)
{
	assert_string_equal(account, "AC00000000000000000000000000000001");
	return !((struct world *)ctx)->plain_sip;
}

static bool last_good; /* of the world that is made next */

static void init(struct world *w, uint32_t calls_max, const char *trunk, const char *client, bool inbound)
{
	memset(w, 0, offsetof(struct world, sent)); /* the rest is 20 MB */
	w->now_ns = 5 * WORLD_S;
	w->wall_ms = INT64_C(1283286636000); /* Tue, 31 Aug 2010 20:30:36 +0000 */
	w->rnd = 42;
	struct calls_conf conf = {.calls_max = calls_max,
	    .default_from = "anonymous",
	    .outbound_host = "198.51.100.1",
	    .time_limit_s = 14400,
	    .first_response_ms = 4000,
	    .trunk_uri = trunk,
	    .client_uri = client,
	    .last_good = last_good,
	    .inbound = {.account_sid = "AC00000000000000000000000000000001",
	        .voice_url = inbound ? "http://app.example.com/in" : NULL,
	        .status_callback = "http://app.example.com/done"}};
	struct calls_ops ops = {.ctx = w,
	    .now_ns = w_now,
	    .wall_ms = w_wall,
	    .random = w_random,
	    .pick_worker = w_worker,
	    .originate = w_originate,
	    .command = w_command,
	    .resolve = w_resolve,
	    .hop_done = w_hop_done,
	    .webhook = w_webhook,
	    .save = w_save,
	    .note = w_note,
	    .event = w_event,
	    .timer = w_timer,
	    .log = w_log,
	    .enhanced_sip = w_enhanced};
	w->c = calls_new(&conf, &ops);
}

void world_init(struct world *w, uint32_t calls_max)
{
	init(w, calls_max, NULL, NULL, false);
}

void world_init_inbound(struct world *w, uint32_t calls_max)
{
	init(w, calls_max, NULL, NULL, true);
}

void world_init_good(struct world *w)
{
	last_good = true;
	world_init(w, 16);
	last_good = false;
}

void world_init_trunk(struct world *w, uint32_t calls_max)
{
	init(w, calls_max, "sip:{number}@gw.example.net:5070;user=phone", "sip:{client}@pbx.example.net", false);
}

void world_forget(struct world *w)
{
	for (uint32_t i = 0; i < w->n_hook; i++) {
		free(w->hook[i].url);
		free(w->hook[i].account);
		form_fini(&w->hook[i].params);
	}
	w->n_sent = w->n_resolve = w->n_hook = w->n_save = w->n_note = w->n_event = 0;
}

void world_fini(struct world *w)
{
	calls_free(w->c);
	world_forget(w);
}

static struct call *create(struct world *w, struct call_error *err, va_list ap)
{
	struct form f;
	form_init(&f);
	for (const char *name; (name = va_arg(ap, const char *));)
		form_add(&f, name, va_arg(ap, const char *));
	struct call_request r = {"AC00000000000000000000000000000001", &f};
	struct call *call = calls_create(w->c, &r, err);
	form_fini(&f);
	return call;
}

struct call *world_create(struct world *w, struct call_error *err, ...)
{
	va_list ap;
	va_start(ap, err);
	struct call *call = create(w, err, ap);
	va_end(ap);
	return call;
}

int world_update(struct world *w, const char *sid, struct call_error *err, ...)
{
	struct form f;
	va_list ap;
	form_init(&f);
	va_start(ap, err);
	for (const char *name; (name = va_arg(ap, const char *));)
		form_add(&f, name, va_arg(ap, const char *));
	va_end(ap);
	struct call *call = calls_find(w->c, sid);
	assert_non_null(call);
	int rc = calls_update(w->c, call, &f, err);
	form_fini(&f);
	return rc;
}

void world_call(struct world *w, char sid[35], ...)
{
	struct call_error err;
	va_list ap;
	va_start(ap, sid);
	struct call *call = create(w, &err, ap);
	va_end(ap);
	assert_non_null(call);
	memcpy(sid, call_row(call)->sid, 35);
	calls_start(w->c, call);
}

void world_resolved(struct world *w, uint32_t i, const char *addr)
{
	const char *const addrs[] = {addr};
	world_located(w, i, addrs, addr ? 1 : 0);
}

void world_located(struct world *w, uint32_t i, const char *const *addrs, uint32_t n)
{
	struct ip_sock hops[20];
	for (uint32_t k = 0; k < n; k++) {
		hops[k] =
		    (struct ip_sock){.transport = w->resolve[i].transport & 3, .port = w->resolve[i].port};
		assert_int_equal(ip_addr_parse(&hops[k].a, span_str(addrs[k])), 0);
	}
	calls_resolved(w->c, w->resolve[i].tag, hops, n, n ? NULL : "NXDOMAIN");
}

static struct dp_event event(const struct world *w, uint32_t i, enum dp_ev_type type, dp_leg leg)
{
	assert_int_equal(w->sent[i].type, DP_CMD_ORIGINATE);
	return (struct dp_event){.type = type, .cookie = w->sent[i].cookie, .leg = leg};
}

void world_started(struct world *w, uint32_t i, dp_leg leg)
{
	bool bad = false;
	struct dp_event e = event(w, i, DP_EV_STARTED, leg);
	char id[64];
	snprintf(id, sizeof id, "callid-%u@198.51.100.1", i);
	e.sip_call_id = dp_event_text(&e, span_str(id), &bad);
	e.local_uri = dp_event_text(&e, SPAN("sip:Jack@198.51.100.1"), &bad);
	e.remote_uri = dp_event_text(&e, dp_cmd_span(&w->sent[i], w->sent[i].orig.ruri), &bad);
	calls_dp_event(w->c, &e);
}

void world_progress(struct world *w, uint32_t i, dp_leg leg, uint16_t status, bool early_media)
{
	struct dp_event e = event(w, i, DP_EV_PROGRESS, leg);
	e.sip_status = status;
	e.early_media = early_media;
	calls_dp_event(w->c, &e);
}

void world_answered(struct world *w, uint32_t i, dp_leg leg, const char *headers)
{
	bool bad = false;
	struct dp_event e = event(w, i, DP_EV_ANSWERED, leg);
	e.sip_status = 200;
	e.remote.a = (struct ip_addr){4, {192, 0, 2, 9}};
	e.headers = dp_event_text(&e, span_str(headers ? headers : ""), &bad);
	calls_dp_event(w->c, &e);
}

void world_ended(struct world *w, uint32_t i, dp_leg leg, enum dp_end_cause cause, uint16_t status,
    bool progressed, const char *headers)
{
	bool bad = false;
	struct dp_event e = event(w, i, DP_EV_ENDED, leg);
	e.cause = (uint8_t)cause;
	e.sip_status = status;
	e.progressed = progressed;
	e.headers = dp_event_text(&e, span_str(headers ? headers : ""), &bad);
	calls_dp_event(w->c, &e);
}

void world_ended_saying(
    struct world *w, uint32_t i, dp_leg leg, enum dp_end_cause cause, uint16_t status, const char *reason)
{
	bool bad = false;
	struct dp_event e = event(w, i, DP_EV_ENDED, leg);
	e.cause = (uint8_t)cause;
	e.sip_status = status;
	e.reason = dp_event_text(&e, span_str(reason), &bad);
	calls_dp_event(w->c, &e);
}

void world_bridged(struct world *w, uint32_t i, dp_leg leg, dp_leg peer, bool on)
{
	struct dp_event e = event(w, i, on ? DP_EV_BRIDGED : DP_EV_UNBRIDGED, leg);
	e.peer = peer;
	calls_dp_event(w->c, &e);
}

void world_incoming(struct world *w, char sid[35], dp_leg leg)
{
	bool bad = false;
	struct dp_event e = {.type = DP_EV_INCOMING, .leg = leg, .early_media = true, .max_forwards = 70};
	e.remote.a = (struct ip_addr){4, {192, 0, 2, 77}};
	e.request_uri = dp_event_text(&e, SPAN("sip:4815@pbx.example.net:5062;user=phone"), &bad);
	e.remote_uri = dp_event_text(&e, SPAN("sip:ann@example.org"), &bad);
	e.local_uri = dp_event_text(&e, SPAN("sip:4815@pbx.example.net"), &bad);
	e.sip_call_id = dp_event_text(&e, SPAN("ann-call@192.0.2.77"), &bad);
	e.headers = dp_event_text(&e, SPAN("X-Ticket: 42\r\nUser-to-User: c0ffee\r\n"), &bad);
	calls_dp_event(w->c, &e);
	if (sid && w->n_save)
		memcpy(sid, w->save[w->n_save - 1].sid, 35);
	if (w->take_tag && !w->slow_disk)
		calls_stored(w->c, w->take_tag, true, NULL);
}

void world_caller(struct world *w, dp_leg leg, enum dp_ev_type type)
{
	struct dp_event e = {.type = (uint16_t)type, .leg = leg, .sip_status = type == DP_EV_ANSWERED ? 200 : 0};
	calls_dp_event(w->c, &e);
}

void world_caller_ended(struct world *w, dp_leg leg, enum dp_end_cause cause, uint16_t status)
{
	struct dp_event e = {.type = DP_EV_ENDED, .leg = leg, .cause = (uint8_t)cause, .sip_status = status};
	calls_dp_event(w->c, &e);
}

const struct dp_cmd *world_cmd(const struct world *w, enum dp_cmd_type type)
{
	for (uint32_t i = w->n_sent; i-- > 0;)
		if (w->sent[i].type == type)
			return &w->sent[i];
	return NULL;
}

void world_reply(struct world *w, uint32_t i, long status, const char *type, const char *body)
{
	assert_true(i < w->n_hook);
	assert_false(w->hook[i].answered);
	w->hook[i].answered = true;
	struct http_result r = {.status = status,
	    .content_type = type,
	    .effective_url = w->hook[i].url,
	    .body = body ? body : "",
	    .body_len = body ? strlen(body) : 0};
	calls_http_done(w->c, w->hook[i].tag, &r);
}

void world_reply_error(struct world *w, uint32_t i, int code, const char *message, bool timed_out)
{
	w->hook[i].answered = true;
	struct http_result r = {.error = code, .message = message, .timed_out = timed_out};
	calls_http_done(w->c, w->hook[i].tag, &r);
}

const char *world_param(const struct world *w, uint32_t i, const char *name)
{
	assert_true(i < w->n_hook);
	return form_get(&w->hook[i].params, name);
}

void world_param_is(const struct world *w, uint32_t i, const char *name, const char *value)
{
	const char *got = world_param(w, i, name);
	if (!got || strcmp(got, value) != 0)
		fail_msg("%s is %s, not %s", name, got ? got : "absent", value);
}

void world_runs(struct world *w, char sid[35], dp_leg leg, const char *verbs)
{
	char doc[2048];
	snprintf(doc, sizeof doc, "<Response>%s</Response>", verbs);
	world_call(w, sid, "To", "sip:kate@example.com", "From", "Jack", "Url",
	    "http://app.example.com/voice", NULL);
	world_resolved(w, 0, "192.0.2.9");
	world_started(w, 0, leg);
	world_answered(w, 0, leg, NULL);
	world_reply(w, 0, 200, XML, doc);
}

/* The next timer that is due, or NULL. */
static const struct world_timer *due(const struct world *w, uint64_t until)
{
	const struct world_timer *best = NULL;
	for (uint32_t i = 0; i < w->n_timer; i++)
		if (w->timer[i].at_ns <= until && (!best || w->timer[i].at_ns < best->at_ns))
			best = &w->timer[i];
	return best;
}

static void move_clock(struct world *w, uint64_t to)
{
	if (to <= w->now_ns)
		return;
	w->wall_ms += (int64_t)((to - w->now_ns) / 1000000);
	w->now_ns = to;
}

void world_pass(struct world *w, uint64_t ns)
{
	uint64_t until = w->now_ns + ns;
	for (const struct world_timer *t; (t = due(w, until));) {
		uint64_t tag = t->tag;
		move_clock(w, t->at_ns);
		w_timer(w, tag, 0);
		calls_timer(w->c, tag);
	}
	move_clock(w, until);
}

const struct world_note *world_noted(const struct world *w, int code)
{
	for (uint32_t i = 0; i < w->n_note; i++)
		if (w->note[i].code == code)
			return &w->note[i];
	return NULL;
}

const struct world_save *world_last(const struct world *w, const char *sid)
{
	for (uint32_t i = w->n_save; i-- > 0;)
		if (strcmp(w->save[i].sid, sid) == 0)
			return &w->save[i];
	return NULL;
}

uint32_t world_terminals(const struct world *w, const char *sid)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w->n_save; i++)
		n += strcmp(w->save[i].sid, sid) == 0 && w->save[i].end_time;
	return n;
}

uint32_t world_count(const struct world *w, const char *param, const char *value)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w->n_hook; i++) {
		const char *v = form_get(&w->hook[i].params, param);
		n += v && strcmp(v, value) == 0;
	}
	return n;
}
