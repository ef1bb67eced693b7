/* SPDX-License-Identifier: Apache-2.0 */
/* The main of every fuzz target in an ordinary build: runs the target over files and folders and prints TAP, one
 * line per argument with the number of inputs. An argument "vectors:NAME" is a folder of the shared test vectors
 * (environment DIALPLANE_VECTORS, or shared/vectors beside the checkout) and is skipped where there are none.
 * A crash or a sanitizer report ends the program, which the harness sees; the input's name is printed before. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_MAX (1 << 20)
#define DEPTH_MAX 8
#define PATH_ROOM 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char current[PATH_ROOM];

static void name_it(void)
{
	static const char head[] = "# died on ";
	(void)!write(STDOUT_FILENO, head, sizeof head - 1);
	(void)!write(STDOUT_FILENO, current, strlen(current));
	(void)!write(STDOUT_FILENO, "\n", 1);
}

#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_set_death_callback(void (*fn)(void));
#endif

/* An allocation of exactly the input's size, so that ASan sees the first byte read behind it. */
static int run_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	uint8_t *room = in ? malloc(INPUT_MAX) : NULL;
	if (!room) {
		if (in)
			fclose(in);
		return 0;
	}
	size_t n = fread(room, 1, INPUT_MAX, in);
	fclose(in);
	uint8_t *exact = malloc(n ? n : 1);
	snprintf(current, sizeof current, "%s", path);
	if (exact) {
		memcpy(exact, room, n);
		LLVMFuzzerTestOneInput(exact, n);
	}
	free(exact);
	free(room);
	return exact ? 1 : 0;
}

static int run_path(const char *path, int depth);

static int run_dir(const char *path, int depth)
{
	DIR *d = opendir(path);
	char sub[PATH_ROOM];
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof sub, "%s/%s", path, e->d_name) < (int)sizeof sub)
			n += run_path(sub, depth + 1);
	}
	if (d)
		closedir(d);
	return n;
}

static int run_path(const char *path, int depth)
{
	struct stat st;
	if (depth > DEPTH_MAX || stat(path, &st) < 0)
		return 0;
	return S_ISDIR(st.st_mode) ? run_dir(path, depth) : run_file(path);
}

/* "vectors:NAME" to a path; anything else as it is. */
static const char *resolve(const char *arg, char *room, size_t cap)
{
	static const char prefix[] = "vectors:";
	const char *root = getenv("DIALPLANE_VECTORS");
	if (strncmp(arg, prefix, sizeof prefix - 1) != 0)
		return arg;
	snprintf(room, cap, "%s/%s", root ? root : SOURCE_ROOT "/../shared/vectors", arg + sizeof prefix - 1);
	return room;
}

int main(int argc, char **argv)
{
	char room[PATH_ROOM];
	setvbuf(stdout, NULL, _IOLBF, 0);
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_set_death_callback(name_it);
#else
	(void)name_it;
#endif
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		const char *path = resolve(argv[i], room, sizeof room);
		int n = run_path(path, 0);
		printf("ok %d - %s: %d inputs%s\n", i, argv[i], n, n ? "" : " # SKIP nothing there");
	}
	return 0;
}
