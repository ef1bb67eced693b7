/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/pkt.h"

#include <assert.h>

void pkt_put(struct pkt *p)
{
	assert(p->refs > 0);
	if (--p->refs == 0)
		p->io->ops->release(p->io, p);
}
