/* SPDX-License-Identifier: Apache-2.0 */
/* The packet as the network layers know it; it is defined beside the devices that own its memory. */
#ifndef DP_NET_PKT_H
#define DP_NET_PKT_H

#include "dataplane/pktio/pkt.h"

#endif
