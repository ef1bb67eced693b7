/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BURST 64u

struct session {
	uint32_t gen;
	bool live; /* begun and not ended */
	bool due;  /* its end has yet to be said */
};

struct tls {
	struct tls_rings r;
	struct tls_user user;
	struct session *all;
	uint32_t due;
	bool pushed;
};

int tls_new(struct tls **out, const struct tls_rings *rings)
{
	struct tls *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->r = *rings;
	t->all = calloc(rings->size, sizeof *t->all);
	if (!t->all) {
		free(t);
		return -ENOMEM;
	}
	*out = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	free(t->all);
	free(t);
}

void tls_tell(struct tls *t, const struct tls_user *user)
{
	t->user = *user;
}

/* ---- to the thread */

static uint32_t slots_of(uint32_t n)
{
	return n ? (n + TLS_CHUNK - 1) / TLS_CHUNK : 1;
}

static bool say(struct tls *t, enum tls_msg type, uint32_t id, const void *p, uint32_t n)
{
	uint32_t at = 0;
	if (dp_ring_room(t->r.down) < slots_of(n))
		return false;
	do {
		struct tls_slot *m = dp_ring_claim(t->r.down);
		m->type = (uint8_t)type;
		m->code = 0;
		m->id = id;
		m->gen = t->all[id].gen;
		m->n = (uint16_t)(n - at < TLS_CHUNK ? n - at : TLS_CHUNK);
		memcpy(m->bytes, (const uint8_t *)p + at, m->n);
		at += m->n;
		dp_ring_publish(t->r.down);
	} while (at < n);
	t->pushed = true;
	return true;
}

/* The end of the last session of this number may still wait to be said: it goes first. */
static bool begin(struct tls *t, enum tls_msg type, uint32_t id, struct span name)
{
	struct session *s = &t->all[id];
	if (s->due || dp_ring_room(t->r.down) < 1)
		return false;
	s->gen++;
	s->live = true;
	return say(t, type, id, name.len ? name.p : "", name.len);
}

bool tls_client(struct tls *t, uint32_t id, struct span name)
{
	return begin(t, TLS_M_CLIENT, id, name);
}

bool tls_server(struct tls *t, uint32_t id)
{
	return begin(t, TLS_M_SERVER, id, (struct span){0});
}

bool tls_cipher(struct tls *t, uint32_t id, const void *p, uint32_t n)
{
	return t->all[id].live && say(t, TLS_M_CIPHER, id, p, n);
}

bool tls_plain(struct tls *t, uint32_t id, const void *p, uint32_t n)
{
	return t->all[id].live && say(t, TLS_M_PLAIN, id, p, n);
}

void tls_end(struct tls *t, uint32_t id)
{
	struct session *s = &t->all[id];
	if (!s->live)
		return;
	s->live = false;
	s->due = !say(t, TLS_M_END, id, "", 0);
	t->due += s->due;
}

static void say_due(struct tls *t)
{
	for (uint32_t id = 0; t->due && id < t->r.size; id++) {
		if (!t->all[id].due)
			continue;
		if (!say(t, TLS_M_END, id, "", 0))
			return;
		t->all[id].due = false;
		t->due--;
	}
}

/* ---- from the thread */

static void hear(struct tls *t, const struct tls_slot *m, uint64_t now)
{
	const struct session *s = &t->all[m->id];
	struct tls_user *u = &t->user;
	if (!s->live || s->gen != m->gen)
		return; /* it was on its way when the session ended */
	switch (m->type) {
	case TLS_M_UP:
		u->up(u->ctx, m->id, m->code, now);
		break;
	case TLS_M_CIPHER:
		u->cipher(u->ctx, m->id, m->bytes, m->n, now);
		break;
	case TLS_M_PLAIN:
		u->plain(u->ctx, m->id, m->bytes, m->n, now);
		break;
	case TLS_M_EOF:
	case TLS_M_FAILED:
		u->over(
		    u->ctx, m->id, m->type == TLS_M_EOF, (struct span){(const char *)m->bytes, m->n}, now);
		break;
	}
}

uint32_t tls_turn(struct tls *t, uint64_t now)
{
	struct tls_slot *m;
	uint32_t done = 0;
	if (t->due)
		say_due(t);
	for (; done < BURST && (m = dp_ring_peek(t->r.up)); done++) {
		hear(t, m, now);
		dp_ring_release(t->r.up);
	}
	if (t->pushed)
		dp_ring_wake(t->r.down);
	t->pushed = false;
	return done;
}

bool tls_sleep(struct tls *t)
{
	return !t->due && dp_ring_sleep(t->r.up);
}

void tls_awake(struct tls *t)
{
	dp_ring_awake(t->r.up);
}
