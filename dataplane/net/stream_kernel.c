/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/stream_kernel.h"

#include "dataplane/net/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BURST 64u

enum end_state {
	END_FREE = 0,
	END_OPEN,    /* connecting, or connected */
	END_CLOSING, /* CLOSE is said, CLOSED has not come */
	END_OVER,    /* CLOSED came while there was no room to say CLOSE */
};

struct end {
	uint32_t unsent;
	uint32_t next; /* free numbers of ours */
	uint8_t state; /* enum end_state */
	bool silent;   /* the user never heard of it */
	bool due;      /* CLOSE has yet to be said */
	bool abort;
};

struct stream_kernel {
	struct stream s;
	struct stream_rings r;
	uint32_t out_bytes, free_head, due;
	bool pushed;
	struct end *ends;
};

static struct stream_kernel *of(struct stream *s)
{
	return (struct stream_kernel *)s;
}

static struct stream_slot *claim(struct stream_kernel *k, enum stream_msg type, uint32_t id)
{
	struct stream_slot *m = dp_ring_claim(k->r.down);
	if (!m)
		return NULL;
	m->type = (uint8_t)type;
	m->arg = 0;
	m->id = id;
	m->n = 0;
	return m;
}

static void publish(struct stream_kernel *k)
{
	dp_ring_publish(k->r.down);
	k->pushed = true;
}

static bool is_ours(const struct stream_kernel *k, uint32_t id)
{
	return id < k->s.size / 2;
}

static void give_back(struct stream_kernel *k, uint32_t id)
{
	struct end *e = &k->ends[id];
	e->state = END_FREE;
	if (!is_ours(k, id))
		return;
	e->next = k->free_head;
	k->free_head = id;
}

/* ---- operations */

static uint32_t op_connect(struct stream *s, const struct ip_sock *to, uint64_t now)
{
	struct stream_kernel *k = of(s);
	uint32_t id = k->free_head;
	struct stream_slot *m = id == STREAM_NONE ? NULL : claim(k, STREAM_M_OPEN, id);
	if (!m)
		return STREAM_NONE;
	k->free_head = k->ends[id].next;
	k->ends[id] = (struct end){.state = END_OPEN};
	m->remote = *to;
	publish(k);
	return id;
}

static bool op_write(struct stream *s, uint32_t id, const void *p, uint32_t n, uint64_t now)
{
	struct stream_kernel *k = of(s);
	struct end *e = &k->ends[id];
	if (e->state != END_OPEN || n > k->out_bytes - e->unsent ||
	    dp_ring_room(k->r.down) < (n + STREAM_CHUNK - 1) / STREAM_CHUNK)
		return false;
	for (uint32_t at = 0; at < n;) {
		struct stream_slot *m = claim(k, STREAM_M_DATA, id);
		m->n = n - at < STREAM_CHUNK ? n - at : STREAM_CHUNK;
		memcpy(m->bytes, (const uint8_t *)p + at, m->n);
		at += m->n;
		publish(k);
	}
	e->unsent += n;
	return true;
}

static uint32_t op_unsent(const struct stream *s, uint32_t id)
{
	return ((const struct stream_kernel *)s)->ends[id].unsent;
}

/* False: no room; it is due. */
static bool say_close(struct stream_kernel *k, uint32_t id)
{
	struct end *e = &k->ends[id];
	struct stream_slot *m = claim(k, STREAM_M_CLOSE, id);
	if (!m) {
		k->due += !e->due;
		e->due = true;
		return false;
	}
	k->due -= e->due;
	e->due = false;
	m->arg = e->abort;
	publish(k);
	return true;
}

static void op_close(struct stream *s, uint32_t id, bool abort, uint64_t now)
{
	struct stream_kernel *k = of(s);
	struct end *e = &k->ends[id];
	if (e->state != END_OPEN)
		return;
	e->state = END_CLOSING;
	e->abort = abort;
	(void)say_close(k, id);
}

/* ---- what the thread tells */

static void on_accepted(struct stream_kernel *k, const struct stream_slot *m, uint64_t now)
{
	struct end *e = &k->ends[m->id];
	*e = (struct end){.state = END_OPEN};
	if (k->s.user.accepted(k->s.user.ctx, m->id, &m->remote, m->port, now))
		return;
	e->silent = true;
	op_close(&k->s, m->id, true, now);
}

static void on_closed(struct stream_kernel *k, const struct stream_slot *m, uint64_t now)
{
	struct end *e = &k->ends[m->id];
	bool asked = e->state == END_CLOSING, silent = e->silent;
	if (!asked || e->due) {
		e->state = END_OVER;
		if (say_close(k, m->id))
			give_back(k, m->id);
	} else {
		give_back(k, m->id);
	}
	if (!silent)
		k->s.user.closed(
		    k->s.user.ctx, m->id, asked ? STREAM_END_LOCAL : (enum stream_end)m->arg, now);
}

static void hear(struct stream_kernel *k, const struct stream_slot *m, uint64_t now)
{
	struct end *e = &k->ends[m->id];
	bool open = e->state == END_OPEN;
	switch (m->type) {
	case STREAM_M_ACCEPTED:
		on_accepted(k, m, now);
		break;
	case STREAM_M_OPENED:
		if (open)
			k->s.user.opened(k->s.user.ctx, m->id, now);
		break;
	case STREAM_M_SENT:
		e->unsent -= m->n < e->unsent ? m->n : e->unsent;
		break;
	case STREAM_M_DATA:
		if (open)
			k->s.user.bytes(k->s.user.ctx, m->id, m->bytes, m->n, now);
		break;
	case STREAM_M_FULL:
		stat_inc(k->s.stats, STAT_conn_refused_full);
		break;
	case STREAM_M_CLOSED:
		on_closed(k, m, now);
		break;
	}
}

/* Those whose CLOSE found no room: seldom, and then a look at all of them. */
static void say_due(struct stream_kernel *k)
{
	for (uint32_t id = 0; k->due && id < k->s.size; id++) {
		struct end *e = &k->ends[id];
		if (!e->due)
			continue;
		if (!say_close(k, id))
			return;
		if (e->state == END_OVER)
			give_back(k, id);
	}
}

/* ---- IP packets */

static void op_input(struct stream *s, struct ip_in *in, uint64_t now)
{
	struct stream_kernel *k = of(s);
	uint8_t *ip = pkt_push(in->pkt, in->ip_hdr);
	uint32_t n = in->pkt->len;
	struct stream_ip_slot *m = n <= k->r.ip_bytes ? dp_ring_claim(k->r.ip_down) : NULL;
	if (m) {
		m->n = n;
		memcpy(m->bytes, ip, n);
		dp_ring_publish(k->r.ip_down);
		k->pushed = true;
	} else {
		stat_inc(s->stats, STAT_drop_tcp_ring_full);
	}
	pkt_put(in->pkt);
}

static void send_packet(struct stream_kernel *k, const struct stream_ip_slot *m, uint64_t now)
{
	struct pkt *p = net_alloc(k->s.net);
	if (!p)
		return;
	if (m->n > p->room) {
		pkt_put(p);
		stat_inc(k->s.stats, STAT_drop_tx_full);
		return;
	}
	memcpy(p->data, m->bytes, m->n);
	p->len = m->n;
	(void)net_ip_forward(k->s.net, p, now);
}

static uint32_t send_packets(struct stream_kernel *k, uint64_t now)
{
	struct stream_ip_slot *m;
	uint32_t done = 0;
	for (; done < BURST && (m = dp_ring_peek(k->r.ip_up)); done++) {
		send_packet(k, m, now);
		dp_ring_release(k->r.ip_up);
	}
	return done;
}

/* ---- the turn */

static uint32_t op_turn(struct stream *s, uint64_t now)
{
	struct stream_kernel *k = of(s);
	struct stream_slot *m;
	uint32_t done = 0;
	if (k->due)
		say_due(k);
	for (; done < BURST && (m = dp_ring_peek(k->r.up)); done++) {
		hear(k, m, now);
		dp_ring_release(k->r.up);
	}
	if (k->r.ip_up)
		done += send_packets(k, now);
	if (k->pushed)
		dp_ring_wake(k->r.down); /* one eventfd for all: any of the rings will do */
	k->pushed = false;
	return done;
}

static void op_awake(struct stream *s)
{
	struct stream_kernel *k = of(s);
	dp_ring_awake(k->r.up);
	if (k->r.ip_up)
		dp_ring_awake(k->r.ip_up);
}

static bool op_sleep(struct stream *s)
{
	struct stream_kernel *k = of(s);
	if (!k->due && dp_ring_sleep(k->r.up) && (!k->r.ip_up || dp_ring_sleep(k->r.ip_up)))
		return true;
	op_awake(s);
	return false;
}

static const struct stream_ops OPS = {.connect = op_connect,
    .write = op_write,
    .unsent = op_unsent,
    .close = op_close,
    .input = op_input,
    .turn = op_turn,
    .sleep = op_sleep,
    .awake = op_awake};

/* Without a TUN device no packets come this way. */
static const struct stream_ops OPS_HOST = {.connect = op_connect,
    .write = op_write,
    .unsent = op_unsent,
    .close = op_close,
    .turn = op_turn,
    .sleep = op_sleep,
    .awake = op_awake};

int stream_kernel_new(struct stream **out, const struct stream_rings *rings, uint32_t out_bytes)
{
	struct stream_kernel *k = calloc(1, sizeof *k);
	if (!k)
		return -ENOMEM;
	k->s.ops = rings->ip_up ? &OPS : &OPS_HOST;
	k->s.size = rings->size;
	k->r = *rings;
	k->out_bytes = out_bytes;
	k->free_head = STREAM_NONE;
	k->ends = calloc(rings->size, sizeof *k->ends);
	if (!k->ends) {
		free(k);
		return -ENOMEM;
	}
	for (uint32_t id = rings->size / 2; id-- > 0;)
		give_back(k, id);
	*out = &k->s;
	return 0;
}

void stream_kernel_free(struct stream *s)
{
	if (!s)
		return;
	free(of(s)->ends);
	free(s);
}
