/* SPDX-License-Identifier: Apache-2.0 */
/* TCP against itself: transfers over wires that lose, duplicate, delay and reorder must be byte-exact, end by themselves
 * and leave nothing behind. Each seed is a world of its own: wire, sizes of pools and windows, sizes of writes, pauses.
 *   sim_tcp --from N --count N     worlds; sim_tcp --seed N --verbose replays one
 *   sim_tcp --transfers N          worlds from --from on until so many transfers are done */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/net/tcp_conn.h"
#include "tests/sim/tcp_check.h"
#include "tests/sim/tcp_world.h"

#define CONNS_MAX 8u
#define PORT      5060
#define LIMIT_NS  (3600000 * TW_MS)

struct end { /* of one transfer */
	struct tcp_conn *c;
	uint64_t sent, got, to_send, to_get;
	uint64_t resume_at; /* paused until; 0: not */
	bool closed, open, closing;
	enum tcp_why why;
};

struct transfer {
	uint16_t port; /* the client's */
	struct end end[2];
};

struct run {
	struct tw world;
	uint64_t seed;
	uint32_t n;
	uint32_t write_max, pause; /* pause: of 100 deliveries that are followed by one */
	struct transfer t[CONNS_MAX];
	const char *wrong;
};

static struct run run;

/* What stands at this place of the stream. */
static uint8_t byte_at(const struct transfer *t, int from, uint64_t at)
{
	uint64_t x =
	    (at >> 3) * 0x9e3779b97f4a7c15ull + (uint64_t)(t - run.t) * 77 + (uint64_t)from * 131 + run.seed;
	return (uint8_t)((x >> 40) + at);
}

static struct transfer *find(const struct tw_host *h, const struct tcp_conn *c)
{
	uint16_t port = h->side == 0 ? tcp_local(c).port : tcp_remote(c).port;
	for (uint32_t i = 0; i < run.n; i++)
		if (run.t[i].port == port)
			return &run.t[i];
	run.wrong = "a connection nobody opened";
	return &run.t[0];
}

static void end_if_done(struct end *e, uint64_t now)
{
	if (e->open && !e->closing && e->sent == e->to_send && e->got == e->to_get) {
		e->closing = true;
		tcp_close(e->c, now);
	}
}

static void send_more(struct transfer *t, int side, uint64_t now)
{
	struct end *e = &t->end[side];
	uint8_t b[8192];
	while (e->sent < e->to_send) {
		uint64_t left = e->to_send - e->sent;
		uint32_t n = 1 + tw_draw(&run.world, run.write_max);
		n = n < left ? n : (uint32_t)left;
		for (uint32_t i = 0; i < n; i++)
			b[i] = byte_at(t, side, e->sent + i);
		if (tcp_write(e->c, b, n, now) != 0)
			return;
		e->sent += n;
	}
	end_if_done(e, now);
}

static bool on_open(void *ctx, struct tcp_conn *c, uint64_t now)
{
	struct tw_host *h = ctx;
	struct transfer *t = find(h, c);
	struct end *e = &t->end[h->side];
	if (e->open)
		run.wrong = "opened twice";
	e->open = true;
	e->c = c;
	send_more(t, h->side, now);
	return true;
}

static void on_bytes(void *ctx, struct tcp_conn *c, const uint8_t *data, uint32_t n, uint64_t now)
{
	struct tw_host *h = ctx;
	struct transfer *t = find(h, c);
	struct end *e = &t->end[h->side];
	if (e->resume_at)
		run.wrong = "told while paused";
	for (uint32_t i = 0; i < n; i++)
		if (data[i] != byte_at(t, !h->side, e->got + i))
			run.wrong = "wrong bytes";
	e->got += n;
	if (e->got > e->to_get)
		run.wrong = "too many bytes";
	if (run.pause && tw_draw(&run.world, 100) < run.pause) {
		tcp_pause(c, true, now);
		e->resume_at = now + tw_draw(&run.world, 1000) * TW_MS + 1;
		return;
	}
	end_if_done(e, now);
}

static void on_eof(void *ctx, struct tcp_conn *c, uint64_t now)
{
	struct tw_host *h = ctx;
	struct end *e = &find(h, c)->end[h->side];
	if (e->got != e->to_get)
		run.wrong = "the end before the last byte";
	end_if_done(e, now);
}

static void on_room(void *ctx, struct tcp_conn *c, uint64_t now)
{
	struct tw_host *h = ctx;
	send_more(find(h, c), h->side, now);
}

static void on_closed(void *ctx, struct tcp_conn *c, enum tcp_why why, uint64_t now)
{
	struct tw_host *h = ctx;
	struct end *e = &find(h, c)->end[h->side];
	if (e->closed)
		run.wrong = "closed twice";
	e->closed = true;
	e->why = why;
}

static const struct tcp_ops ops = {
    .open = on_open, .bytes = on_bytes, .eof = on_eof, .room = on_room, .closed = on_closed};

/* ---- what must hold between any two steps ---- */

static void invariants(void)
{
	for (uint32_t i = 0; i < 2 * run.n; i++) {
		const struct end *e = &run.t[i / 2].end[i % 2];
		if (!e->open || e->closed || e->c->state == TCP_CLOSED)
			continue;
		const char *wrong = tcp_check(e->c);
		if (wrong)
			run.wrong = wrong;
	}
}

/* ---- one world ---- */

static uint64_t pick(uint64_t lo, uint64_t hi) /* more often small than large */
{
	uint64_t range = hi - lo + 1, x = tw_draw(&run.world, 1u << 30);
	for (uint32_t i = tw_draw(&run.world, 3); i; i--)
		x = x * tw_draw(&run.world, 1u << 16) >> 16;
	return lo + x % range * (x >> 8) % range;
}

static void draw_wire(struct tw_wire *w)
{
	static const uint64_t delays[] = {20000, 100000, 1 * TW_MS, 10 * TW_MS, 100 * TW_MS};
	*w = (struct tw_wire){.delay_ns = delays[tw_draw(&run.world, 5)]};
	if (tw_draw(&run.world, 4))
		w->loss = tw_draw(&run.world, tw_draw(&run.world, 8) ? 300 : 2000);
	if (tw_draw(&run.world, 2))
		w->dup = tw_draw(&run.world, 500);
	if (tw_draw(&run.world, 2))
		w->jitter_ns = w->delay_ns * (1 + tw_draw(&run.world, 20)) / 8;
	if (tw_draw(&run.world, 8) == 0)
		w->path_mtu = 600 + tw_draw(&run.world, 900);
	if (tw_draw(&run.world, 8) == 0)
		w->no_pkt = tw_draw(&run.world, 1000);
}

static void draw_conf(struct tcp_conf *k, int side)
{
	static const uint32_t windows[] = {4096, 16384, 65535, 262144, 1048576};
	tcp_conf_defaults(k, 16, (uint16_t)(tw_draw(&run.world, 3) ? 1500 : 576 + tw_draw(&run.world, 924)));
	k->peer_conns_max = 16;
	k->window = windows[tw_draw(&run.world, 5)];
	k->user_timeout_ms = k->connect_ms = k->wait_ms = 3600000;
	if (tw_draw(&run.world, 4) == 0) { /* small pools: nothing may get stuck */
		k->chunks_max = 64;
		k->in_chunks_max = 20;
		k->out_chunks_max = 40;
		k->conn_in_chunks_max = 8;
		k->conn_out_chunks_max = 8;
		k->peer_chunks_max = 64;
	}
	k->key[0] = (uint8_t)side;
	if (side == 1 && tw_draw(&run.world, 6) == 0)
		k->syns_max = 1; /* cookies */
}

static void begin(uint32_t i)
{
	struct transfer *t = &run.t[i];
	struct ip_addr me = TW_IP(0);
	struct ip_sock to = {.a = TW_IP(1), .port = PORT};
	uint64_t most = tw_draw(&run.world, 40) ? 20000 : 1000000;
	memset(t, 0, sizeof *t);
	t->end[0].to_send = t->end[1].to_get = pick(0, most);
	t->end[1].to_send = t->end[0].to_get = tw_draw(&run.world, 3) ? pick(0, most) : 0;
	int rc = tcp_connect(run.world.host[0].tcp, &t->end[0].c, &me, &to, NULL, run.world.now);
	if (rc != 0) {
		run.wrong = "connect refused";
		return;
	}
	t->port = tcp_local(t->end[0].c).port;
}

static bool resume(uint64_t *next)
{
	bool any = false;
	for (uint32_t i = 0; i < 2 * run.n; i++) {
		struct end *e = &run.t[i / 2].end[i % 2];
		if (!e->resume_at || e->closed)
			continue;
		if (e->resume_at > run.world.now) {
			*next = e->resume_at < *next ? e->resume_at : *next;
			continue;
		}
		e->resume_at = 0;
		any = true;
		tcp_pause(e->c, false, run.world.now);
		if (e->resume_at && e->resume_at < *next)
			*next = e->resume_at;
		if (!e->closed && !e->resume_at)
			end_if_done(e, run.world.now);
	}
	return any;
}

static bool done(void)
{
	for (uint32_t i = 0; i < 2 * run.n; i++)
		if (!run.t[i / 2].end[i % 2].closed)
			return false;
	return true;
}

static void check(void)
{
	for (uint32_t i = 0; i < 2 * run.n; i++) {
		const struct end *e = &run.t[i / 2].end[i % 2];
		if (!e->closed)
			run.wrong = "it did not end";
		else if (e->why != TCP_WHY_CLOSED)
			run.wrong = "it ended otherwise than by FIN";
		else if (e->got != e->to_get)
			run.wrong = "bytes are missing";
	}
	for (int i = 0; i < 2; i++) {
		struct tcp_use u = tcp_use(run.world.host[i].tcp);
		if (u.conns || u.in_chunks || u.out_chunks)
			run.wrong = "something was left behind";
		if (run.world.host[i].stats.v[STAT_tcp_illegal_event])
			run.wrong = "an illegal event";
	}
}

static void describe_conn(const struct tcp_conn *c)
{
	fprintf(stderr,
	    "    state %u flags %x una %u nxt +%u end +%u wnd %u, pipe %u cwnd %u lost %u sacked %u; rcv "
	    "read -%u window %u; "
	    "rtx %u backoff %u persists %u mss %u chunks in %u out %u\n",
	    c->state, c->flags, c->snd_una, c->snd_nxt - c->snd_una, c->snd_end - c->snd_una, c->snd_wnd,
	    c->pipe, c->cwnd, c->lost, c->sacked, c->rcv_nxt - c->rcv_read, c->rcv_adv - c->rcv_nxt, c->rtx,
	    c->backoff, c->persists, c->mss, c->in_chunks, c->out_chunks);
}

static void describe(void)
{
	const struct tw *w = &run.world;
	fprintf(stderr, "seed %lu: %s\n", run.seed, run.wrong ? run.wrong : "good");
	fprintf(stderr,
	    "  wire: loss %u dup %u of 10000, delay %lu jitter %lu ns, path MTU %u, no packet %u; %lu "
	    "carried, %lu lost, %.3f s\n",
	    w->wire.loss, w->wire.dup, w->wire.delay_ns, w->wire.jitter_ns, w->wire.path_mtu, w->wire.no_pkt,
	    w->carried, w->lost, (double)w->now / 1e9);
	for (uint32_t i = 0; i < run.n; i++)
		for (int s = 0; s < 2; s++)
			fprintf(stderr, "  %u.%d: sent %lu of %lu, got %lu of %lu%s%s%s why %d\n", i, s,
			    run.t[i].end[s].sent, run.t[i].end[s].to_send, run.t[i].end[s].got,
			    run.t[i].end[s].to_get, run.t[i].end[s].open ? ", open" : "",
			    run.t[i].end[s].closing ? ", closing" : "",
			    run.t[i].end[s].closed ? ", closed" : "", run.t[i].end[s].why);
	for (uint32_t i = 0; i < 2 * run.n; i++)
		if (run.t[i / 2].end[i % 2].open && !run.t[i / 2].end[i % 2].closed)
			describe_conn(run.t[i / 2].end[i % 2].c);
	for (int s = 0; s < 2; s++)
		for (int i = STAT_tcp_segs_in; i <= STAT_drop_tcp_peer_full; i++)
			if (w->host[s].stats.v[i])
				fprintf(stderr, "  host %d %s %lu\n", s, stat_name((enum stat_id)i),
				    w->host[s].stats.v[i]);
}

static bool world(uint64_t seed, bool verbose)
{
	struct tw_wire wire = {0};
	struct tcp_conf k;
	uint32_t steps = 0;
	memset(&run, 0, sizeof run);
	run.seed = seed;
	tw_init(&run.world, seed, &wire);
	draw_wire(&run.world.wire);
	for (int i = 0; i < 2; i++) {
		draw_conf(&k, i);
		tw_tcp(&run.world, i, &k, &ops);
	}
	if (tcp_listen(run.world.host[1].tcp, PORT) != 0)
		run.wrong = "cannot listen";
	run.write_max = tw_draw(&run.world, 2) ? 600 : 1 + tw_draw(&run.world, 8192);
	run.pause = tw_draw(&run.world, 4) ? 0 : 1 + tw_draw(&run.world, 30);
	run.n = 1 + tw_draw(&run.world, CONNS_MAX);
	for (uint32_t i = 0; i < run.n; i++)
		begin(i);
	tw_flush(&run.world);
	while (!run.wrong && !done() && run.world.now < LIMIT_NS) {
		uint64_t next = LIMIT_NS;
		if (resume(&next))
			tw_flush(&run.world);
		(void)tw_step(&run.world, next);
		if ((++steps & 15) == 0)
			invariants();
	}
	if (!run.wrong)
		check();
	if (run.wrong || verbose)
		describe();
	bool good = !run.wrong;
	tw_fini(&run.world);
	return good;
}

int main(int argc, char **argv)
{
	uint64_t from = 1, count = 100, transfers = 0, n = 0, moved = 0;
	bool verbose = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			verbose = true;
		else if (i + 1 < argc && strcmp(argv[i], "--from") == 0)
			from = strtoull(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--count") == 0)
			count = strtoull(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--transfers") == 0)
			transfers = strtoull(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
			from = strtoull(argv[++i], NULL, 10);
			count = 1;
		} else
			return 2;
	}
	bool good = true;
	for (uint64_t s = from; good && (transfers ? n < transfers : s < from + count); s++) {
		good = world(s, verbose);
		for (uint32_t i = 0; i < run.n; i++) {
			n += 2;
			moved += run.t[i].end[0].got + run.t[i].end[1].got;
		}
	}
	printf("1..1\n%s 1 - tcp_transfers_under_loss_reordering_duplication_are_byte_exact\n# %lu "
	       "transfers, %lu bytes\n",
	    good ? "ok" : "not ok", n, moved);
	return good ? 0 : 1;
}
