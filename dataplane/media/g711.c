/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/media/g711.h"

#include <pthread.h>
#include <spandsp.h>

static uint8_t to_alaw[256], to_ulaw[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void)
{
	for (int i = 0; i < 256; i++) {
		to_alaw[i] = ulaw_to_alaw((uint8_t)i);
		to_ulaw[i] = alaw_to_ulaw((uint8_t)i);
	}
}

void g711_fill(void)
{
	pthread_once(&once, fill);
}

const uint8_t *g711_table(uint8_t from, uint8_t to)
{
	if (from == G711_PCMU && to == G711_PCMA)
		return to_alaw;
	if (from == G711_PCMA && to == G711_PCMU)
		return to_ulaw;
	return NULL;
}
