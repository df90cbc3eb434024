/* inject.c - a library to preload into gable that makes its nth allocation or its nth write fail, once.
 *
 *   FAULT=alloc:N   the nth allocation of anybody in the process: the C library's malloc, calloc, realloc and their kin
 *   FAULT=house:N   the nth allocation through base/mem.h, by its own hook (where a sanitizer owns malloc)
 *   FAULT=write:N   the nth system call that brings data or names to a disk: write, pwrite, fsync, ftruncate, rename, link ...,
 *                   but for messages on standard error; odd ones fail with ENOSPC, even ones with EIO
 *   N = 0           none fails. FAULT_COUNT=FILE: how many there were is left in the file (as a 64-bit number)
 *
 * The count is shared with the children of the process. System calls are caught by a seccomp filter that traps them (also
 * those that stdio makes inside the C library, which no preloaded function sees); one that may pass is made again with a mark
 * in its unused sixth argument. Linux on x86-64 and aarch64. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define MARK 0x6761626cL

/* Of the process and its children: in the file that is asked for, else in shared memory. NULL: not counting. */
static atomic_llong *count;
static long long fail_at;
static int counts_alloc;

static int refused(void)
{
    long long n = atomic_fetch_add(count, 1) + 1;
    return n == fail_at;
}

/* ---------------------------------------------------------------- allocation ---- */

#ifndef HOUSE_ONLY
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static int no_memory(void)
{
    if (!counts_alloc || !refused()) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return no_memory() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return no_memory() ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return no_memory() ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **out, size_t align, size_t n)
{
    if (no_memory()) return ENOMEM;
    *out = __libc_memalign(align, n);
    return *out ? 0 : ENOMEM;
}
#endif

/* ---------------------------------------------------------------- writes ---- */

#if defined __x86_64__
#define ARG(c, i) ((c)->uc_mcontext.gregs[(const int[]){REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9}[i]])
#define RESULT(c) ((c)->uc_mcontext.gregs[REG_RAX])
#elif defined __aarch64__
#define ARG(c, i) ((c)->uc_mcontext.regs[i])
#define RESULT(c) ((c)->uc_mcontext.regs[0])
#else
#error "inject.c knows the registers of x86-64 and aarch64 alone"
#endif

static const int trapped[] = {
    SYS_write, SYS_writev, SYS_pwrite64, SYS_pwritev, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fallocate, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_mkdirat,
#ifdef SYS_rename
    SYS_rename, SYS_link, SYS_mkdir,
#endif
};
enum { TRAPPED = sizeof trapped / sizeof *trapped };

static int to_stderr(long number, long fd)
{
    return (number == SYS_write || number == SYS_writev) && fd == STDERR_FILENO;
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    int kept = errno;
    long number = info->si_syscall;
    (void)signal;
    if (!to_stderr(number, (long)ARG(c, 0)) && refused()) RESULT(c) = fail_at % 2 ? -ENOSPC : -EIO;
    else {
        long got = syscall(number, ARG(c, 0), ARG(c, 1), ARG(c, 2), ARG(c, 3), ARG(c, 4), MARK);
        RESULT(c) = got < 0 ? -errno : got;
    }
    errno = kept;
}

static void trap_writes(void)
{
    struct sock_filter f[2 * TRAPPED + 8];
    unsigned short n = 0;
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]));
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARK, 0, 1);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < TRAPPED; i++) {
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)trapped[i], 0, 1);
        f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    }
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, f};
    struct sigaction act = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (sigaction(SIGSYS, &act, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        static const char sorry[] = "inject: no seccomp filters here\n";
        ssize_t told = write(2, sorry, sizeof sorry - 1);
        (void)told;
        _exit(77);
    }
}

/* ---------------------------------------------------------------- set-up ---- */

extern void gbl_alloc_fail_at(long n) __attribute__((weak)); /* gable shows its symbols */
extern long gbl_alloc_count(void) __attribute__((weak));

static void leave_house_count(void)
{
    *count = gbl_alloc_count();
}

__attribute__((constructor)) static void start(void)
{
    const char *what = getenv("FAULT"), *file = getenv("FAULT_COUNT");
    if (!what || !strchr(what, ':')) return;
    fail_at = atoll(strchr(what, ':') + 1);
    int fd = file ? open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && ftruncate(fd, sizeof *count)) return;
    void *shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, fd >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, fd, 0);
    if (fd >= 0) close(fd);
    if (shared == MAP_FAILED) return;
    count = shared;
    if (!strncmp(what, "write", 5)) trap_writes();
    else if (!strncmp(what, "alloc", 5)) counts_alloc = 1;
    else if (gbl_alloc_fail_at) {
        gbl_alloc_fail_at(fail_at);
        atexit(leave_house_count);
    }
}
