/* paths.c - where gable's own data lies, and paths inside documents (declared in text.h). */
#define _GNU_SOURCE /* dladdr */
#include "base/text.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY /* for a hash state on the stack */
#include <xxhash.h>

static int exists(const char *path)
{
    return path != NULL && access(path, F_OK) == 0;
}

static const char *folder_of(gbl_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? NULL : gbl_arena_textn(a, path, slash == path ? 1 : (size_t)(slash - path));
}

/* Folder of the running program, or NULL. */
static const char *program_folder(gbl_arena *a)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0 || (size_t)n >= sizeof path - 1) return NULL;
    path[n] = '\0';
    return folder_of(a, path);
}

/* Folder of the shared library that this code lies in, or NULL where it is linked into the program: then the loader knows
 * the name that the program was called by, which need not be a path. */
static const char *library_folder(gbl_arena *a)
{
    Dl_info info;
    static const char here[] = "";
    if (dladdr(here, &info) == 0 || info.dli_fname == NULL || strstr(info.dli_fname, ".so") == NULL) return NULL;
    char *real = realpath(info.dli_fname, NULL); /* libraries are named by links */
    const char *folder = real == NULL ? NULL : folder_of(a, real);
    free(real);
    return folder;
}

static const char *root_beside(gbl_arena *a, const char *bin)
{
    static const char *const beside[] = {"/..", "/../share/gable", "/../..", "/../../share/gable", "/../../.."};
    for (size_t i = 0; bin != NULL && i < sizeof beside / sizeof beside[0]; i++) {
        const char *cards = gbl_arena_printf(a, "%s%s/models/cards", bin, beside[i]);
        if (!exists(cards)) continue;
        const char *root = gbl_arena_printf(a, "%s%s", bin, beside[i]);
        char *real = root == NULL ? NULL : realpath(root, NULL);
        if (real != NULL) root = gbl_arena_text(a, real);
        free(real);
        return root;
    }
    return NULL;
}

/* GABLE_DATA is the whole answer where it is set: falling through would hide a mistake in it. Otherwise a folder
 * counts when it holds cards. */
const char *gbl_data_root(gbl_arena *a)
{
    const char *set = getenv("GABLE_DATA");
    if (set != NULL && set[0] != '\0') return gbl_arena_text(a, set);
    const char *root = root_beside(a, library_folder(a));
    return root != NULL ? root : root_beside(a, program_folder(a));
}

const char *gbl_data_path(gbl_arena *a, const char *relative)
{
    const char *root = gbl_data_root(a);
    const char *path = root == NULL ? NULL : gbl_arena_printf(a, "%s/%s", root, relative);
    return exists(path) ? path : NULL;
}

const char *gbl_find_path(gbl_arena *a, const char *folder, const char *path)
{
    if (path[0] == '/' || path[0] == '\0' || strcmp(path, "-") == 0) return path;
    if (folder != NULL && folder[0] != '\0') {
        const char *beside = gbl_arena_printf(a, "%s/%s", folder, path);
        if (exists(beside)) return beside;
    }
    if (exists(path)) return path;
    const char *own = gbl_data_path(a, path);
    return own != NULL ? own : path;
}

int gbl_file_hash(const char *path, uint64_t *out, gbl_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return gbl_fail(err, GBL_EINPUT, "cannot open the file: %s", strerror(errno)), gbl_where(err, "%s", path);
    XXH64_state_t state;
    XXH64_reset(&state, 0);
    char buffer[1 << 16];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0) XXH64_update(&state, buffer, (size_t)n);
    int why = errno;
    close(fd);
    if (n < 0) return gbl_fail(err, GBL_EINPUT, "cannot read the file: %s", strerror(why)), gbl_where(err, "%s", path);
    *out = XXH64_digest(&state);
    return GBL_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Fills names of *.json; -1 without memory. */
static int read_names(DIR *dir, gbl_arena *a, const char ***names, size_t *n, size_t *room)
{
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        size_t length = strlen(e->d_name);
        if (length <= 5 || e->d_name[0] == '.' || strcmp(e->d_name + length - 5, ".json") != 0) continue;
        if (gbl_grow(names, room, *n + 1, sizeof **names) != 0) return -1;
        if (((*names)[*n] = gbl_arena_textn(a, e->d_name, length - 5)) == NULL) return -1;
        ++*n;
    }
    return 0;
}

const char **gbl_data_list(gbl_arena *a, const char *relative, size_t *n)
{
    const char *path = gbl_data_path(a, relative), **names = NULL, **out = NULL;
    size_t room = 0;
    *n = 0;
    DIR *dir = path == NULL ? NULL : opendir(path);
    if (dir == NULL) return NULL;
    if (read_names(dir, a, &names, n, &room) == 0) out = gbl_arena_take(a, (*n + 1) * sizeof *out);
    closedir(dir);
    if (out == NULL) *n = 0;
    if (*n > 0) {
        qsort(names, *n, sizeof *names, by_name);
        memcpy(out, names, *n * sizeof *out);
    }
    gbl_free(names);
    return out;
}
