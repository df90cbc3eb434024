/* kernels_cpu.c - the bodies compiled for the CPU; the Makefile builds this file once for each instruction set, with GBL_CPU_LEVEL
 * naming the table. */
#include <stddef.h>

#include "validate/probe/body_attention.h"
#include "validate/probe/body_gemm.h"
#include "validate/probe/body_kv.h"
#include "validate/probe/body_layer.h"
#include "validate/probe/kernel_list.h"
#include "validate/probe/kernels_cpu.h"

#ifndef GBL_CPU_LEVEL
#define GBL_CPU_LEVEL gbl_cpu_base
#endif

#define BUFFERS_1 b[0]
#define BUFFERS_2 BUFFERS_1, b[1]
#define BUFFERS_3 BUFFERS_2, b[2]
#define BUFFERS_4 BUFFERS_3, b[3]
#define BUFFERS_5 BUFFERS_4, b[4]
#define BUFFERS_6 BUFFERS_5, b[5]
#define BUFFERS_7 BUFFERS_6, b[6]
#define ARGS_1 a[0]
#define ARGS_2 ARGS_1, a[1]
#define ARGS_3 ARGS_2, a[2]
#define ARGS_5 ARGS_3, a[3], a[4]

#define CALL(name, buffers, args, stream)                                    \
    static void run_##name(int group, void *const *b, const int *a)          \
    {                                                                        \
        gbl_probe_##name(group, BUFFERS_##buffers, ARGS_##args);             \
    }
GBL_KERNEL_LIST(CALL)

#define ENTRY(name, buffers, args, stream) {#name, run_##name},
const gbl_cpu_kernel GBL_CPU_LEVEL[] = {GBL_KERNEL_LIST(ENTRY){NULL, NULL}};
