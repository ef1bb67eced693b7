/* SPDX-License-Identifier: Apache-2.0 */
/* Find the next delimiter. One function in front of several variants of the same rule; each is tested equal
 * to the scalar one. None reads outside [p, end). */
#ifndef SIP_SCAN_H
#define SIP_SCAN_H

/* First byte of [p, end) that is a or b; end when there is none. */
const char *sip_scan2(const char *p, const char *end, char a, char b);

/* The reference, byte by byte. */
const char *sip_scan2_scalar(const char *p, const char *end, char a, char b);

#if defined(__x86_64__)
const char *sip_scan2_sse2(const char *p, const char *end, char a, char b);
const char *sip_scan2_avx2(const char *p, const char *end, char a, char b); /* only where the CPU has it */
#endif

#endif
