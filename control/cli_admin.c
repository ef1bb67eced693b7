/* SPDX-License-Identifier: Apache-2.0 */
#include "control/cli_admin.h"

#include "control/app.h"
#include "control/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONFIG_DEFAULT "/etc/dialplane/dialplane.yaml"

struct asking {
	const char *command, *config, *socket, *word;
	bool json, follow;
};

/* ---- arguments ---- */

static bool takes(const char *option, const char *arg, const char **to, int argc, char **argv, int *i)
{
	if (strcmp(arg, option) != 0 || *i + 1 == argc)
		return false;
	*to = argv[++*i];
	return true;
}

static int options(struct asking *q, int argc, char **argv, bool wants_word)
{
	*q = (struct asking){.command = argv[0]};
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		if (takes("-c", a, &q->config, argc, argv, &i) || takes("-s", a, &q->socket, argc, argv, &i))
			continue;
		if (strcmp(a, "--json") == 0)
			q->json = true;
		else if (strcmp(a, "--follow") == 0 && strcmp(q->command, "calls") == 0)
			q->follow = true;
		else if (*a != '-' && wants_word && !q->word)
			q->word = a;
		else
			return cli_usage(q->command, "\"%s\" is not an option, or lacks its value", a);
	}
	return wants_word && !q->word ? cli_usage(q->command, "the CallSid is missing") : 0;
}

/* The socket is named, or stands in the configuration. */
static int find_socket(struct asking *q, char path[108])
{
	struct config *c;
	const char *env = getenv("DIALPLANE_CONFIG");
	if (q->socket && strlen(q->socket) >= 108)
		return cli_usage(q->command, "-s: the name is too long");
	if (q->socket) {
		snprintf(path, 108, "%s", q->socket);
		return 0;
	}
	int rc = cli_load(&c, q->config ? q->config : env && *env ? env : CONFIG_DEFAULT);
	if (rc != 0) {
		fputs("the engine was not asked; -s names its control socket without this file\n", stderr);
		return rc;
	}
	snprintf(path, 108, "%.107s", c->control_path);
	config_free(c);
	return 0;
}

/* ---- asking ---- */

static FILE *connect_to(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fdopen(fd, "r+");
	int e = errno;
	if (fd >= 0)
		close(fd);
	fprintf(stderr, "dialplane: no engine answers at %s: %s%s\n", path, strerror(e),
	    e == EACCES ? " (only root and the engine's own user may ask)" : "");
	return NULL;
}

typedef int (*shown_fn)(const json_t *o);

/* 0 or the exit status. */
static int show(const struct asking *q, const char *line, shown_fn fn)
{
	json_error_t e;
	json_t *o = json_loads(line, 0, &e);
	const char *error = json_string_value(json_object_get(o, "error"));
	int rc = EXIT_OK;
	if (!o || error) {
		fprintf(
		    stderr, "dialplane %s: %s\n", q->command, o ? error : "the engine's answer is no JSON");
		rc = EXIT_FAILED;
	} else if (q->json) {
		fputs(line, stdout);
		json_t *problems = json_object_get(o, "problems");
		rc = json_array_size(problems) ? EXIT_CONFIG : EXIT_OK;
	} else {
		rc = fn(o);
	}
	fflush(stdout);
	json_decref(o);
	return rc;
}

static int ask(struct asking *q, const char *question, shown_fn fn)
{
	char path[108], *line = NULL;
	size_t room = 0;
	unsigned lines = 0;
	int rc = find_socket(q, path);
	FILE *f = rc == 0 ? connect_to(path) : NULL;
	if (!f)
		return rc ? rc : EXIT_FAILED;
	fprintf(f, "%s\n", question);
	fflush(f);
	while (getline(&line, &room, f) > 0) {
		int one = show(q, line, fn);
		rc = rc ? rc : one;
		lines++;
	}
	free(line);
	fclose(f);
	if (!lines && strcmp(q->command, "calls") != 0) {
		fprintf(stderr, "dialplane %s: the engine hung up without an answer\n", q->command);
		rc = EXIT_FAILED;
	}
	return rc;
}

/* ---- the commands ---- */

static int show_row(const json_t *o)
{
	cli_story_row(o);
	return EXIT_OK;
}

int cli_calls(int argc, char **argv)
{
	struct asking q;
	int rc = options(&q, argc, argv, false);
	return rc ? rc : ask(&q, q.follow ? "calls follow" : "calls", show_row);
}

static int show_call(const json_t *o)
{
	cli_story_call(o);
	return EXIT_OK;
}

int cli_call(int argc, char **argv)
{
	struct asking q;
	char question[64];
	int rc = options(&q, argc, argv, true);
	if (rc)
		return rc;
	if (strlen(q.word) != 34 || strspn(q.word + 2, "0123456789abcdefABCDEF") != 32)
		return cli_usage(q.command, "\"%.60s\" is not a CallSid", q.word);
	snprintf(question, sizeof question, "call %s", q.word);
	return ask(&q, question, show_call);
}

/* Every figure under its name, nested ones behind a dot. */
static void print_figures(const json_t *o, const char *prefix)
{
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)o, key, v)
	{
		char name[80];
		snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_is_object(v)) {
			print_figures(v, name);
			continue;
		}
		char *text = json_is_string(v) ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
		printf("%-30s %s\n", name, text ? text : json_string_value(v));
		free(text);
	}
}

static int show_status(const json_t *o)
{
	print_figures(o, "");
	const char *health = json_string_value(json_object_get(json_object_get(o, "health"), "status"));
	return health && strcmp(health, "ok") == 0 ? EXIT_OK : EXIT_FAILED;
}

int cli_status(int argc, char **argv)
{
	struct asking q;
	int rc = options(&q, argc, argv, false);
	return rc ? rc : ask(&q, "status", show_status);
}

static void print_names(const char *what, const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		printf("%s%s", i ? ", " : what, json_string_value(json_array_get(names, i)));
	if (json_array_size(names))
		putchar('\n');
}

static int show_reload(const json_t *o)
{
	json_t *problems = json_object_get(o, "problems");
	for (size_t i = 0; i < json_array_size(problems); i++)
		fprintf(stderr, "%s\n", json_string_value(json_array_get(problems, i)));
	if (problems) {
		fputs("nothing was changed\n", stderr);
		return EXIT_CONFIG;
	}
	const json_t *applied = json_object_get(o, "applied"), *later = json_object_get(o, "needs_restart");
	if (!json_array_size(applied) && !json_array_size(later))
		puts("the configuration is as it was");
	print_names("in effect now: ", applied);
	print_names("needs a restart: ", later);
	const char *certificate = json_string_value(json_object_get(o, "certificate"));
	const char *why = json_string_value(json_object_get(o, "certificate_error"));
	if (certificate)
		printf("%s%s%s\n", certificate, why ? ": " : "", why ? why : "");
	return why ? EXIT_FAILED : EXIT_OK;
}

int cli_reload(int argc, char **argv)
{
	struct asking q;
	int rc = options(&q, argc, argv, false);
	return rc ? rc : ask(&q, "reload", show_reload);
}
