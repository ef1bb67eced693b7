/* SPDX-License-Identifier: Apache-2.0 */
#include "control/cli.h"

#include "control/app.h"
#include "control/cli_admin.h"
#include "control/cli_parse.h"
#include "control/cli_twiml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int cli_version(int argc, char **argv)
{
	puts("dialplane " DIALPLANE_VERSION);
	return EXIT_OK;
}

#define ASK                                                                                                  \
	"WHERE the engine is: -s SOCKET, its control socket (run.control), or -c FILE, its configuration; "  \
	"without either\n"                                                                                   \
	"$DIALPLANE_CONFIG, then /etc/dialplane/dialplane.yaml. Only root and the engine's own user may "    \
	"ask.\n"                                                                                             \
	"  --json  what the engine answered, as it is: JSON, an object a line\n"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *summary, *more;
} commands[] = {
    {"run", cli_run, "-c FILE [--pcap FILE]", "start an engine",
        "Runs until SIGTERM or SIGINT, then ends its calls and gives the device back.\n"
        "  -c FILE      configuration, see dialplane.example.yaml and `dialplane config`\n"
        "  --pcap FILE  write every packet received and sent (pcapng)\n"},
    {"check", cli_check, "-c FILE", "say what is wrong with a configuration or this machine",
        "Prints each problem of the file with line and column, then what the engine would use and what the\n"
        "machine lacks: device, hugepages, privileges, ports, directories. Changes nothing.\n"},
    {"config", cli_config, "[NAME]", "explain every setting, or those whose name begins with NAME", ""},
    {"calls", cli_calls, "[--follow] [WHERE] [--json]", "list the calls that are up in a running engine",
        "  --follow  then go on: a line for each change of a call, until Ctrl-C\n" ASK},
    {"call", cli_call, "CA... [WHERE] [--json]",
        "tell one call's whole story: SIP, webhooks, statuses, with times",
        "Of a call that is up or of one on record.\n" ASK},
    {"status", cli_status, "[WHERE] [--json]", "print a running engine's state and figures",
        "Exit status 1 when it is not healthy.\n" ASK},
    {"reload", cli_reload, "[WHERE] [--json]", "have a running engine read its configuration again",
        "Applies what can be applied without touching live calls and names what needs a restart. With an "
        "error in the\n"
        "file nothing changes, and the exit status is 3. SIGHUP does the same.\n" ASK},
    {"parse", cli_parse, "[--bench N] [FILE...|-]",
        "print what the parser makes of SIP messages, one JSON object each",
        "Reads standard input without a file or with \"-\". The verdict does not change the exit status.\n"},
    {"twiml", cli_twiml, "FILE|-", "print a TwiML document's program or its errors as JSON",
        "Exit status: 0 it runs, 1 it does not (the errors are in the JSON), 2 wrong arguments, 3 it cannot "
        "be read.\n"},
    {"version", cli_version, "", "print the version", ""},
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static const char exits[] =
    "\nExit status: 0 good, 1 failed while running, 2 wrong arguments or unreadable input,\n"
    "3 wrong configuration, 4 the machine lacks something.\n";

static void print_usage(FILE *to)
{
	fputs("Dialplane " DIALPLANE_VERSION ", a SIP engine for TwiML applications.\n\n"
	      "Usage: dialplane COMMAND [ARGUMENTS]\n\n",
	    to);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-9s%-29s%s\n", commands[i].name, commands[i].arguments, commands[i].summary);
	fputs("\n`dialplane COMMAND --help` tells more.\n", to);
	fputs(exits, to);
}

static int print_help(const struct command *c)
{
	printf("Usage: dialplane %s %s\n%c%s.\n%s%s", c->name, c->arguments, c->summary[0] - 'a' + 'A',
	    c->summary + 1, c->more, exits);
	return EXIT_OK;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int cli_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	if (!name) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (strcmp(name, "--version") == 0)
		return cli_version(0, NULL);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return wants_help(argc - 1, argv + 1) ? print_help(&commands[i])
			                                      : commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "dialplane: there is no command \"%s\"; `dialplane --help` lists them\n", name);
	return EXIT_USAGE;
}

/* ---- for the commands ---- */

int cli_usage(const char *command, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "dialplane %s: ", command);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "; see `dialplane %s --help`\n", command);
	va_end(ap);
	return EXIT_USAGE;
}

int cli_options(int argc, char **argv, const char **config, const char **pcap)
{
	for (int i = 1; i < argc; i++) {
		const char **to = strcmp(argv[i], "-c") == 0               ? config
		                  : pcap && strcmp(argv[i], "--pcap") == 0 ? pcap
		                                                           : NULL;
		if (!to)
			return cli_usage(argv[0], "\"%s\" is not an option", argv[i]);
		if (i + 1 == argc)
			return cli_usage(argv[0], "%s needs a file name", argv[i]);
		*to = argv[++i];
	}
	return *config ? 0 : cli_usage(argv[0], "-c FILE is missing");
}

int cli_load(struct config **out, const char *path)
{
	struct config_errors e = {0};
	int rc = config_load(out, path, &e);
	for (size_t i = 0; i < e.n; i++) {
		if (e.list[i].pos.line)
			fprintf(stderr, "%s:%u:%u: %s\n", path, e.list[i].pos.line, e.list[i].pos.col,
			    e.list[i].text);
		else
			fprintf(stderr, "%s: %s\n", path, e.list[i].text);
	}
	config_errors_fini(&e);
	return rc == 0 ? 0 : EXIT_CONFIG;
}
