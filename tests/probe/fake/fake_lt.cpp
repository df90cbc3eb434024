/* fake_lt.cpp - products by columns as cuBLASLt defines them, and libraries that are found in the program itself:
 * FAKE_CUDA_NO_LT=1 takes cuBLASLt away. */
#include <cublasLt.h>

#include <cstdlib>
#include <dlfcn.h>

#include "validate/probe/probe.cuh"

namespace probe {
void *library(const char *const *names)
{
    bool lt = strstr(names[0], "cublasLt") && !getenv("FAKE_CUDA_NO_LT");
    if (!lt && !strstr(names[0], "nccl")) return nullptr;
    return dlopen(nullptr, RTLD_NOW);
}
void *symbol(void *from, const char *name) { return from ? dlsym(from, name) : nullptr; }
}

struct fake_lt {};
struct fake_desc { cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N; };
struct fake_layout { cudaDataType_t type; int64_t rows, cols, ld; };
struct fake_preference {};

static double read(const fake_layout *l, const void *from, int64_t row, int64_t col)
{
    int64_t at = col * l->ld + row;
    if (l->type == CUDA_R_16BF) return probe::bf16_value(((const uint16_t *)from)[at]);
    if (l->type == CUDA_R_8F_E4M3) return probe::fp8_value(((const uint8_t *)from)[at]);
    if (l->type == CUDA_R_32F) return ((const float *)from)[at];
    uint16_t x = ((const uint16_t *)from)[at];
    int e = x >> 10 & 31;
    double size = e ? ldexp(1 + (x & 1023) / 1024.0, e - 15) : ldexp((x & 1023) / 1024.0, -14);
    return x & 0x8000 ? -size : size;
}

static void write(const fake_layout *l, void *to, int64_t row, int64_t col, double v)
{
    int64_t at = col * l->ld + row;
    if (l->type == CUDA_R_16BF) ((uint16_t *)to)[at] = (uint16_t)pack_bf16((float)v, 0);
    else if (l->type == CUDA_R_32F) ((float *)to)[at] = (float)v;
    else { /* by truncation */
        int e;
        double m = frexp(fabs(v), &e);
        uint16_t out = v == 0 || e < -13 ? 0 : (uint16_t)((e + 14) << 10 | (int)((2 * m - 1) * 1024));
        ((uint16_t *)to)[at] = (uint16_t)(out | (v < 0 ? 0x8000 : 0));
    }
}

extern "C" {
cublasStatus_t cublasLtCreate(cublasLtHandle_t *h) { *h = new fake_lt; return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *d, cublasComputeType_t, cudaDataType_t) { *d = new fake_desc; return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) { delete d; return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what, const void *v, size_t)
{
    if (what == CUBLASLT_MATMUL_DESC_TRANSA) d->a = *(const cublasOperation_t *)v;
    if (what == CUBLASLT_MATMUL_DESC_TRANSB) d->b = *(const cublasOperation_t *)v;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *l, cudaDataType_t t, uint64_t rows, uint64_t cols, int64_t ld)
{
    *l = new fake_layout{t, (int64_t)rows, (int64_t)cols, ld};
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) { delete l; return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *p) { *p = new fake_preference; return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) { delete p; return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t, const void *, size_t) { return CUBLAS_STATUS_SUCCESS; }

static bool agree(const fake_desc *d, const fake_layout *a, const fake_layout *b, const fake_layout *c)
{
    int64_t m = d->a == CUBLAS_OP_T ? a->cols : a->rows, k = d->a == CUBLAS_OP_T ? a->rows : a->cols;
    int64_t n = d->b == CUBLAS_OP_T ? b->rows : b->cols, k2 = d->b == CUBLAS_OP_T ? b->cols : b->rows;
    return m == c->rows && n == c->cols && k == k2 && a->ld >= a->rows && b->ld >= b->rows && c->ld >= c->rows;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t, int, cublasLtMatmulHeuristicResult_t *, int *found)
{
    *found = agree(d, a, b, c);
    return *found ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t d, const void *, const void *pa, cublasLtMatrixLayout_t a, const void *pb, cublasLtMatrixLayout_t b, const void *, const void *,
                              cublasLtMatrixLayout_t, void *pc, cublasLtMatrixLayout_t c, const cublasLtMatmulAlgo_t *, void *, size_t, cudaStream_t s)
{
    fake_desc how = *d;
    fake_layout la = *a, lb = *b, lc = *c;
    if (!agree(&how, &la, &lb, &lc)) return CUBLAS_STATUS_NOT_SUPPORTED;
    fake_enqueue(s, [=] {
        int64_t k = how.a == CUBLAS_OP_T ? la.rows : la.cols;
        if (fake::lazy()) return;
        for (int64_t j = 0; j < lc.cols; j++)
            for (int64_t i = 0; i < lc.rows; i++) {
                double sum = 0;
                for (int64_t e = 0; e < k; e++)
                    sum += (how.a == CUBLAS_OP_T ? read(&la, pa, e, i) : read(&la, pa, i, e)) * (how.b == CUBLAS_OP_T ? read(&lb, pb, j, e) : read(&lb, pb, e, j));
                write(&lc, pc, i, j, sum);
            }
    });
    return CUBLAS_STATUS_SUCCESS;
}
}
