/* backend_cpu.c - kernels on this machine's cores: OpenMP over groups, vectors over lanes. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/mem.h"
#include "validate/probe/backend_parts.h"
#include "validate/probe/body.h"
#include "validate/probe/kernels_cpu.h"

enum { PAGE = 2 << 20 }; /* huge pages, where the kernel gives them: KV blocks lie all over */

typedef struct cpu_backend {
    gbl_backend b;
    const gbl_cpu_kernel *table;
} cpu_backend;

static gbl_cpu_run *find(const gbl_cpu_kernel *table, const char *name)
{
    while (table->name && strcmp(table->name, name)) table++;
    return table->run;
}

static int launch(gbl_backend *b, const gbl_launch *l, gbl_err *err)
{
    gbl_cpu_run *run = find(((cpu_backend *)b)->table, l->kernel);
    void *at[GBL_BUFFERS_MOST] = {NULL};
    if (!run) return gbl_fail(err, GBL_EFAULT, "there is no kernel %s", l->kernel);
    for (int i = 0; i < l->n_buffers; i++) at[i] = l->buffer[i]->at;
    /* Neighbouring groups share weights and keys: a thread takes some in a row; small shares even out what others take of the cores. */
    int share = l->groups / (b->units * 16) + 1;
    const int *arg = l->arg;
#pragma omp parallel for schedule(dynamic, share)
    for (int group = 0; group < l->groups; group++) run(group, at, arg);
    return 0;
}

static int wait_all(gbl_backend *b, gbl_err *err)
{
    (void)b, (void)err;
    return 0;
}

static int memory_new(gbl_backend *b, gbl_memory *m, gbl_err *err)
{
    (void)b;
    m->bytes = (m->bytes + PAGE - 1) / PAGE * PAGE;
    m->at = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m->at == MAP_FAILED) return gbl_nomem(err, m->bytes);
#ifdef MADV_HUGEPAGE
    madvise(m->at, m->bytes, MADV_HUGEPAGE);
#endif
    memset(m->at, 0, m->bytes); /* or every page would be the same one of zeros */
    return 0;
}

static void memory_free(gbl_memory *m)
{
    munmap(m->at, m->bytes);
}

static int memory_move(gbl_memory *m, void *host, size_t bytes, int to_host, gbl_err *err)
{
    (void)err;
    memcpy(to_host ? host : m->at, to_host ? m->at : host, bytes);
    return 0;
}

static void close_cpu(gbl_backend *b)
{
    gbl_free(b);
}

/* The first value of a key in /proc/cpuinfo. */
static void cpu_info(const char *key, char *out, size_t size)
{
    char line[400];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) || !colon || !colon[1]) continue;
        colon[strcspn(colon, "\n")] = 0;
        snprintf(out, size, "%s", colon + 2);
        break;
    }
    if (f) fclose(f);
}

/* What a core sees; sysconf adds up sockets that a virtual machine has not. */
static size_t last_cache(void)
{
    size_t most = 0;
    for (int i = 0; i < 8; i++) {
        char path[80], unit = 0;
        unsigned long size = 0;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", i);
        FILE *f = fopen(path, "r");
        if (!f) break;
        if (fscanf(f, "%lu%c", &size, &unit) == 2) size *= unit == 'M' ? 1 << 20 : 1 << 10;
        if (size > most) most = size;
        fclose(f);
    }
    return most;
}

gbl_backend *gbl_backend_cpu(gbl_err *err)
{
    cpu_backend *c = gbl_alloc(1, sizeof *c);
    const char *level = "base";
    if (!c) {
        gbl_nomem(err, sizeof *c);
        return NULL;
    }
    c->table = gbl_cpu_base;
    c->b.gemm_rows = 4;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) c->table = gbl_cpu_v3, level = "x86-64-v3";
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        c->table = gbl_cpu_v4, level = "x86-64-v4", c->b.gemm_rows = 12;
#endif
#ifdef _OPENMP
    c->b.units = omp_get_max_threads();
#else
    c->b.units = 1;
#endif
    c->b.own_clock = c->b.units == 1;
    cpu_info("model name", c->b.device, sizeof c->b.device);
    snprintf(c->b.driver, sizeof c->b.driver, "OpenMP, %d thread%s, %s", c->b.units, c->b.own_clock ? " by its CPU time" : "s", level);
    c->b.stream = GBL_STREAM;
    c->b.cache = last_cache();
    c->b.launch = launch;
    c->b.wait = wait_all;
    c->b.memory_new = memory_new;
    c->b.memory_free = memory_free;
    c->b.memory_move = memory_move;
    c->b.close = close_cpu;
    return &c->b;
}
