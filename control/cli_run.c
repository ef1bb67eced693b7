/* SPDX-License-Identifier: Apache-2.0 */
#include "control/app.h"
#include "control/cli.h"

#include <string.h>

int cli_run(int argc, char **argv)
{
	const char *path = NULL, *pcap = NULL;
	struct config *c;
	int rc = cli_options(argc, argv, &path, &pcap);
	if (rc != 0)
		return rc;
	if (pcap && strlen(pcap) >= sizeof c->dp.pcap)
		return cli_usage(argv[0], "--pcap: the name is too long");
	rc = cli_load(&c, path);
	if (rc != 0)
		return rc;
	if (pcap)
		memcpy(c->dp.pcap, pcap, strlen(pcap) + 1);
	log_init(config_log_level(c), strcmp(c->log_format, "json") == 0);
	rc = app_run(c, path);
	config_free(c);
	return rc;
}
