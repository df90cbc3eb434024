/* kernel_list.h - every kernel of the bodies: name, buffers, ints, and whether its lanes number GBL_STREAM (1) or GBL_WIDTH (0).
 * One list for the CPU's table of functions and for runners that look kernels up by name. */
#ifndef GBL_KERNEL_LIST_H
#define GBL_KERNEL_LIST_H

#define GBL_DECODE_LIST(X, rows) \
    X(decode_bf16_##rows, 7, 3, 0) X(decode_int8_##rows, 7, 3, 0) X(decode_fp8_##rows, 7, 3, 0) X(decode_int4_##rows, 7, 3, 0) X(decode_int2_##rows, 7, 3, 0)
#define GBL_CODE_LIST(X, name) X(quantise_##name, 3, 1, 0) X(dequantise_##name, 3, 1, 0)

#define GBL_KERNEL_LIST(X)                                                                              \
    X(copy, 2, 1, 1) X(triad, 3, 1, 1) X(peak, 1, 1, 0)                                               \
    X(gemm_1, 3, 3, 0) X(gemm_2, 3, 3, 0) X(gemm_4, 3, 3, 0) X(gemm_8, 3, 3, 0) X(gemm_12, 3, 3, 0)      \
    GBL_DECODE_LIST(X, 1) GBL_DECODE_LIST(X, 4) GBL_DECODE_LIST(X, 8) X(prefill, 5, 5, 0)               \
    GBL_CODE_LIST(X, int8) GBL_CODE_LIST(X, fp8) GBL_CODE_LIST(X, int4) GBL_CODE_LIST(X, int2)          \
    X(score, 3, 1, 1) X(select, 2, 2, 1) X(gather, 3, 1, 1) X(compact, 2, 2, 1) X(merge, 2, 1, 0)       \
    X(norm, 4, 1, 1) X(rope, 6, 5, 1) X(activate, 2, 1, 1)

#endif
