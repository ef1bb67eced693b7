/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/fork.h"

#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac_core.h"

#include <errno.h>
#include <stdlib.h>

#define WAYS 4

struct fork_marks {
	struct {
		uint64_t dialog; /* name_of */
		uint64_t until;  /* ns; past = empty */
	} way[WAYS];
};

int forks_init(struct sip *s, uint32_t size)
{
	s->fork_sets = 64;
	while (s->fork_sets * WAYS < size && s->fork_sets < 1u << 12)
		s->fork_sets *= 2;
	s->forks = calloc(s->fork_sets, sizeof *s->forks);
	return s->forks ? 0 : -ENOMEM;
}

void forks_fini(struct sip *s)
{
	free(s->forks);
	s->forks = NULL;
}

/* The 64 random bits of our tag are all that nobody else chooses, and enough: who picks his own tag to fall together with
 * another one can only do so within one call of his. */
static uint64_t name_of(uint64_t rand, struct span to_tag)
{
	uint64_t h = rand, w = to_tag.len;
	for (uint32_t i = 0; i < to_tag.len; i += 8) {
		h = (h ^ w) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
		w = 0;
		memcpy(&w, to_tag.p + i, to_tag.len - i < 8 ? to_tag.len - i : 8);
	}
	return (h ^ w) * 0x9e3779b97f4a7c15ull;
}

static struct fork_marks *marks_of(struct sip *s, uint64_t dialog)
{
	return &s->forks[(dialog >> 32) & (s->fork_sets - 1)];
}

static bool is_marked(struct sip *s, uint64_t dialog, uint64_t now)
{
	struct fork_marks *f = marks_of(s, dialog);
	bool found = false;
	for (int i = 0; i < WAYS; i++)
		found |= f->way[i].dialog == dialog && sip_before(now, f->way[i].until);
	return found;
}

static void mark(struct sip *s, uint64_t dialog, uint64_t now)
{
	struct fork_marks *f = marks_of(s, dialog);
	int oldest = 0;
	for (int i = 1; i < WAYS; i++)
		if (sip_before(f->way[i].until, f->way[oldest].until))
			oldest = i;
	f->way[oldest].dialog = dialog;
	f->way[oldest].until = now + 64 * s->times.t1;
}

/* NULL: no transaction or no buffer. */
static struct txn *open_bye(
    struct sip *s, const struct msg_in *h, struct span target, const struct ip_sock *hop, struct pkt **bye)
{
	struct txn *t = txn_open(s, TXN_NICT, SIP_BYE, hop);
	if (!t)
		return NULL;
	t->cseq = h->c->cseq + 1;
	*bye = msgs_from_2xx(s, h, target, hop, t);
	if (*bye)
		return t;
	txn_discard(t);
	return NULL;
}

/* ACK, and BYE if asked for. False: no room for the BYE; then nothing is acknowledged either, so that the far side
 * sends its 2xx again (§13.3.1.4) instead of keeping a dialog that nobody else knows. Without a usable Contact the
 * To URI has to do, which is the INVITE's Request-URI. */
static bool ack_and_bye(struct sip *s, const struct msg_in *h, bool bye)
{
	char set[DIALOG_LONG_BYTES];
	struct buf routes = buf_on(set, sizeof set);
	struct span target;
	if (!dialog_contact(h, &target))
		target = sip_at(h->m, h->c->to.uri.text);
	dialog_route_reverse(&routes, h->m);
	struct ip_sock hop = uac_hop_of(s, target, buf_view(&routes), h->src);
	struct pkt *p = NULL;
	struct txn *t = bye ? open_bye(s, h, target, &hop, &p) : NULL;
	if (bye && !t)
		return false;
	struct pkt *ack = msgs_from_2xx(s, h, target, &hop, NULL);
	if (ack && transport_send(s, ack, &hop, 0, h->now) == 0)
		sip_count(s, STAT_sip_requests_out);
	if (t)
		(void)!txn_start(t, p, h->now);
	return true;
}

void fork_2xx(struct sip *s, const struct msg_in *h)
{
	struct ident tag;
	if (!ident_parse(&tag, IDENT_TAG, msg_from_tag(h)))
		return; /* not a call of ours, whatever its branch */
	uint64_t dialog = name_of(tag.rand, msg_to_tag(h));
	bool known = is_marked(s, dialog, h->now);
	if (!ack_and_bye(s, h, !known) || known)
		return;
	sip_count(s, STAT_sip_forked_2xx);
	mark(s, dialog, h->now);
}

void fork_ended(struct leg *l, uint64_t now)
{
	uint64_t rand = ident_rand(l->dialog.tag);
	mark(l->sip, name_of(rand, dialog_span(&l->dialog, DIALOG_TAG)), now);
}

/* A 2xx to an INVITE of ours, by all three tokens; *tag is our tag. */
static bool is_our_2xx(struct sip *s, const struct msg_in *h, struct ident *tag)
{
	struct ident id;
	return h->m->status / 100 == 2 && h->m->method == SIP_INVITE && h->c->cseq >= LEG_CSEQ_INVITE &&
	       h->c->cseq <= LEG_CSEQ_INVITE + AUTH_TRIES_MAX &&
	       ident_read(tag, &s->key, IDENT_TAG, msg_from_tag(h)) &&
	       ident_read(&id, &s->key, IDENT_CALL_ID, sip_at(h->m, h->c->call_id)) && id.rand == tag->rand;
}

/* The leg in whose dialog a 2xx to an INVITE came: its first one's again, or a re-INVITE's. */
static struct leg *leg_of_2xx(struct sip *s, const struct msg_in *h)
{
	char room[IDENT_LEN];
	struct ident tag;
	if (h->m->status / 100 != 2 || h->m->method != SIP_INVITE ||
	    !ident_parse(&tag, IDENT_TAG, msg_from_tag(h)))
		return NULL;
	struct leg *l = leg_at(s, tag.index);
	bool same = l && l->dialog.confirmed && span_eq(msg_from_tag(h), dialog_tag(&l->dialog)) &&
	            span_eq(sip_at(h->m, h->c->call_id), dialog_call_id(&l->dialog, room));
	return same ? l : NULL;
}

bool fork_response(struct sip *s, const struct msg_in *h)
{
	struct ident branch, tag;
	if (!ident_read_branch(&branch, &s->key, msg_branch(h)) || branch.worker != (uint8_t)s->env.worker ||
	    txn_awaits(s, &branch, h->m->method))
		return false;
	struct leg *l = leg_of_2xx(s, h);
	if (l) {
		uac_2xx_again(l, h);
		return true;
	}
	if (!is_our_2xx(s, h, &tag)) {
		sip_count(s, STAT_sip_retransmits_in);
		return true;
	}
	fork_2xx(s, h);
	return true;
}
