/* SPDX-License-Identifier: Apache-2.0 */
#include "control/app.h"
#include "control/cli.h"
#include "control/config_table.h"

#include <stdio.h>
#include <string.h>

static void print_row(const struct config_row *r)
{
	char expected[200];
	config_expected(r, expected);
	printf("%s\n    %s.\n    %s%s%s", r->name, r->help, expected, *r->unit ? " " : "", r->unit);
	if (r->type == CT_LIST || strstr(r->name, "[]"))
		printf("\n\n");
	else if (!r->def)
		printf("; must be given\n\n");
	else if (!*r->def)
		printf("; nothing by default\n\n");
	else
		printf("; default %s\n\n", r->def);
}

int cli_config(int argc, char **argv)
{
	if (argc > 2)
		return cli_usage(argv[0], "one name at most");
	const char *prefix = argc == 2 ? argv[1] : "";
	unsigned printed = 0;
	for (unsigned i = 0; i < config_n_rows; i++) {
		if (strncmp(config_rows[i].name, prefix, strlen(prefix)) != 0)
			continue;
		print_row(&config_rows[i]);
		printed++;
	}
	const char *near = printed ? NULL : config_near(prefix);
	if (!printed)
		return near ? cli_usage(argv[0], "there is no setting %s; did you mean %s?", prefix, near)
		            : cli_usage(argv[0], "there is no setting %s", prefix);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}
