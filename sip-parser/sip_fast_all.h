/* SPDX-License-Identifier: Apache-2.0 */
/* The variants. sip_fast_index.h and sip_fast_core.h are the one algorithm; each variant's file gives it the few vector
 * functions of its instruction set. */
#ifndef SIP_FAST_ALL_H
#define SIP_FAST_ALL_H

#include "sip-parser/sip_fast.h"

extern const struct sip_fast sip_fast_scalar;
#if defined(__x86_64__)
extern const struct sip_fast sip_fast_sse42, sip_fast_avx2, sip_fast_avx512;
#elif defined(__aarch64__)
extern const struct sip_fast sip_fast_neon;
#endif

#endif
