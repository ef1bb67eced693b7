/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_conn.h"

/* RFC 9293 figure 5, without LISTEN: a state's row tells where an event leads; zero (TCP_CLOSED) is illegal. What ends a
 * connection, the ACK of LAST_ACK's FIN included, is TCP_EV_GONE. */
static const uint8_t next[TCP_STATES][TCP_EVENTS] = {
    [TCP_CLOSED] = {[TCP_EV_CONNECT] = TCP_SYN_SENT, [TCP_EV_ACCEPT] = TCP_SYN_RCVD},
    [TCP_SYN_SENT] = {[TCP_EV_SYN] = TCP_SYN_RCVD, [TCP_EV_OPEN] = TCP_ESTABLISHED},
    [TCP_SYN_RCVD] = {[TCP_EV_OPEN] = TCP_ESTABLISHED},
    [TCP_ESTABLISHED] = {[TCP_EV_CLOSE] = TCP_FIN_WAIT_1, [TCP_EV_FIN] = TCP_CLOSE_WAIT},
    [TCP_FIN_WAIT_1] = {[TCP_EV_FIN_ACKED] = TCP_FIN_WAIT_2, [TCP_EV_FIN] = TCP_CLOSING},
    [TCP_FIN_WAIT_2] = {[TCP_EV_FIN] = TCP_TIME_WAIT},
    [TCP_CLOSING] = {[TCP_EV_FIN_ACKED] = TCP_TIME_WAIT},
    [TCP_CLOSE_WAIT] = {[TCP_EV_CLOSE] = TCP_LAST_ACK},
};

bool tcp_event(struct tcp_conn *c, enum tcp_event ev)
{
	uint8_t to = next[c->state][ev];
	if (to == TCP_CLOSED && ev != TCP_EV_GONE) {
		stat_inc(c->t->stats, STAT_tcp_illegal_event);
		return false;
	}
	c->state = to;
	return true;
}
