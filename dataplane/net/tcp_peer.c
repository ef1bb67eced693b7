/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_peer.h"

static uint64_t hash_of(const struct tcp *t, const struct ip_addr *a)
{
	return hash_bytes(&t->peer_key, a, sizeof *a);
}

static struct tcp_peer *find(const struct tcp *t, const struct ip_addr *a, uint64_t hash)
{
	for (uint32_t at = 0, i; (i = table_next(t->peer_tab, hash, &at)) != TABLE_NONE;) {
		struct tcp_peer *p = pool_at(&t->peers, i);
		if (ip_addr_eq(&p->a, a))
			return p;
	}
	return NULL;
}

struct tcp_peer *tcp_peer_get(struct tcp *t, const struct tcp_key *key)
{
	struct ip_addr a = tcp_key_remote(key);
	uint64_t hash = hash_of(t, &a);
	struct tcp_peer *p = find(t, &a, hash);
	if (!p) {
		p = pool_get(&t->peers);
		if (!p)
			return NULL;
		*p = (struct tcp_peer){.a = a, .hash = hash};
		int rc = table_put(t->peer_tab, hash, pool_index(&t->peers, p));
		assert(rc == 0);
	}
	p->conns++;
	return p;
}

void tcp_peer_put(struct tcp *t, struct tcp_peer *p)
{
	assert(p->conns > 0);
	if (--p->conns > 0)
		return;
	assert(p->chunks == 0);
	(void)table_del(t->peer_tab, p->hash, pool_index(&t->peers, p));
	pool_put(&t->peers, p);
}
