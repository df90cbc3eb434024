/* kernels_cpu.h - the bodies as functions of this CPU, once for each instruction set. */
#ifndef GBL_KERNELS_CPU_H
#define GBL_KERNELS_CPU_H

typedef void gbl_cpu_run(int group, void *const *buffer, const int *arg);
typedef struct gbl_cpu_kernel {
    const char *name; /* "gemm_12"; NULL past the last */
    gbl_cpu_run *run;
} gbl_cpu_kernel;

extern const gbl_cpu_kernel gbl_cpu_base[]; /* what every machine of this kind runs */
#if defined(__x86_64__)
extern const gbl_cpu_kernel gbl_cpu_v3[]; /* x86-64-v3: AVX2 and FMA */
extern const gbl_cpu_kernel gbl_cpu_v4[]; /* x86-64-v4: AVX-512 */
#endif

#endif
