/* SPDX-License-Identifier: Apache-2.0 */
/* What EAL is told (port_eal_args, in port.h) and the facts of the host that it follows from. */
#ifndef DP_PORT_EAL_H
#define DP_PORT_EAL_H

#include "dataplane/pktio/port.h"

#include <stdbool.h>

#define PORT_DEVICE_PKTS 4608u /* mbufs of one queue beyond pkts_max: the device's rings and a cache */
#define PORT_EXTRA_MB    24u   /* EAL itself, the ethdev, mempool rings */

uint64_t port_hugepages_free_mb(void);
/* Memory for DPDK: what the config says, at least what its packets need. */
uint32_t port_memory_mb(const struct dp_conf *conf);
bool port_use_hugepages(const struct dp_conf *conf); /* allowed, and enough are free */
bool port_is_pci(const char *device);                /* 0000:01:00.0 */

#endif
