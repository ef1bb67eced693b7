/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/parse/peer.h"

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>

int bench_peer_init(void)
{
	return parser_init();
}

const char *bench_peer_name(void)
{
	return "libosip2";
}

unsigned long bench_peer_parse(const char *msg, size_t len)
{
	osip_message_t *m;
	unsigned long n = 0;
	if (osip_message_init(&m) != 0)
		return 0;
	if (osip_message_parse(m, msg, len) == 0)
		n = 1 + (unsigned long)m->message_length;
	osip_message_free(m);
	return n;
}
