/* SPDX-License-Identifier: Apache-2.0 */
/* What ICMP reports of our segments. It is believed only when it quotes one that is in flight (RFC 5927 §4.1), and then
 * only ends what is not yet open. */
#include "dataplane/net/tcp_conn.h"
#include "dataplane/net/tcp_rack.h"
#include "dataplane/net/wire.h"

/* RFC 1191: every segment that was too big is sent again at once, cut; the window is not. */
static void shrink(struct tcp_conn *c, uint16_t mtu)
{
	uint32_t headers = c->key.fam == 4 ? 40 : 60;
	uint32_t mss = mtu > headers ? mtu - headers : 0;
	if (mss < TCP_MSS_MIN)
		mss = TCP_MSS_MIN;
	if (mss >= c->mss)
		return;
	stat_inc(c->t->stats, STAT_tcp_mtu_cut);
	c->mss = (uint16_t)mss;
	for (struct tcp_chunk *k = c->out_head; k && k != c->out_new; k = k->next)
		if (k->len > mss && !(k->marks & CHUNK_SACKED))
			tcp_mark_lost(c, k);
	tcp_work(c);
}

bool tcp_icmp(struct tcp *t, const struct tcp_unreachable *u, uint64_t now)
{
	struct tcp_key key;
	tcp_key_make(&key, &u->local, get16(u->quote), &u->remote, get16(u->quote + 2));
	struct tcp_conn *c = tcp_conn_find(t, &key, tcp_key_hash(&t->hash, &key));
	uint32_t seq = get32(u->quote + 4);
	if (!c || seq_lt(seq, c->snd_una) || !seq_lt(seq, c->snd_nxt))
		return false;
	if (u->too_big)
		shrink(c, u->mtu);
	else if (c->state == TCP_SYN_SENT)
		tcp_conn_end(c, TCP_WHY_UNREACHABLE, false, now);
	return true;
}
