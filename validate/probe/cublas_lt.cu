/* cublas_lt.cu - see cublas_lt.cuh. */
#include "validate/probe/cublas_lt.cuh"

#include <cstdlib>

#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#define HAVE_LT 1
#else
#define HAVE_LT 0
#endif

namespace probe {

const FormatInfo lt_format[LT_FORMATS] = {{"bf16", 2, 2}, {"fp16", 2, 2}, {"tf32", 4, 4}, {"fp32", 4, 4}, {"fp8_e4m3", 1, 2}};

#if HAVE_LT
static const size_t workspace_bytes = 64u << 20; /* what NVIDIA recommends for Hopper is 32 MiB */

#define LT_FUNCTIONS(X)                                                                                                                   \
    X(cublasLtCreate) X(cublasLtMatmulDescCreate) X(cublasLtMatmulDescDestroy) X(cublasLtMatmulDescSetAttribute) X(cublasLtMatrixLayoutCreate) \
    X(cublasLtMatrixLayoutDestroy) X(cublasLtMatmulPreferenceCreate) X(cublasLtMatmulPreferenceDestroy) X(cublasLtMatmulPreferenceSetAttribute) \
    X(cublasLtMatmulAlgoGetHeuristic) X(cublasLtMatmul)
static struct {
#define DECLARE(f) decltype(&::f) f;
    LT_FUNCTIONS(DECLARE)
    cublasLtHandle_t handle;
    void *workspace;
} lt;

static void lt_must(cublasStatus_t e, const char *what)
{
    if (e == CUBLAS_STATUS_SUCCESS) return;
    note("%.60s: cuBLAS status %d", what, (int)e);
    exit(1);
}
#define LT_MUST(call) lt_must(lt.call, #call)

bool lt_open(Session &s)
{
    static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so", nullptr};
    if (lt.handle) return true;
    void *from = library(names);
    if (!from) {
        note("no libcublasLt here: products by the body alone");
        return false;
    }
#define LOAD(f)                                                   \
    if (!(lt.f = (decltype(lt.f))symbol(from, #f))) {             \
        note("libcublasLt has no %s: products by the body alone", #f); \
        return false;                                             \
    }
    LT_FUNCTIONS(LOAD)
    if (room(s) < workspace_bytes || cudaMalloc(&lt.workspace, workspace_bytes) != cudaSuccess) {
        note("no room for cuBLASLt's workspace: products by the body alone");
        return false;
    }
    s.held += workspace_bytes; /* until the program ends */
    LT_MUST(cublasLtCreate(&lt.handle));
    return true;
}

struct Product::Plan {
    cublasLtMatmulDesc_t how;
    cublasLtMatrixLayout_t w, a, c;
    cublasLtMatmulAlgo_t algorithm;
    bool found;
};

static cudaDataType_t type_of(Format f)
{
    return f == LT_BF16 ? CUDA_R_16BF : f == LT_FP16 ? CUDA_R_16F : f == LT_FP8 ? CUDA_R_8F_E4M3 : CUDA_R_32F;
}

static void describe(Product::Plan *p, Format f, int m, int n, int k)
{
    cublasOperation_t turned = CUBLAS_OP_T, straight = CUBLAS_OP_N;
    cudaDataType_t in = type_of(f), out = f == LT_FP8 ? CUDA_R_16BF : in;
    int8_t fast = 1;
    LT_MUST(cublasLtMatmulDescCreate(&p->how, f == LT_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F));
    LT_MUST(cublasLtMatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_TRANSA, &turned, sizeof turned));
    LT_MUST(cublasLtMatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_TRANSB, &straight, sizeof straight));
    /* As engines do: sums of fp8 products are promoted to fp32 rarely. */
    if (f == LT_FP8) LT_MUST(cublasLtMatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_FAST_ACCUM, &fast, sizeof fast));
    LT_MUST(cublasLtMatrixLayoutCreate(&p->w, in, (uint64_t)k, (uint64_t)n, k)); /* by columns, so c is made transposed */
    LT_MUST(cublasLtMatrixLayoutCreate(&p->a, in, (uint64_t)k, (uint64_t)m, k));
    LT_MUST(cublasLtMatrixLayoutCreate(&p->c, out, (uint64_t)n, (uint64_t)m, n));
}

Product::Product(Session &, Format f, int m, int n, int k) : plan(new Plan())
{
    cublasLtMatmulPreference_t preference;
    cublasLtMatmulHeuristicResult_t result;
    int found = 0;
    describe(plan, f, m, n, k);
    LT_MUST(cublasLtMatmulPreferenceCreate(&preference));
    LT_MUST(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_bytes, sizeof workspace_bytes));
    cublasStatus_t e = lt.cublasLtMatmulAlgoGetHeuristic(lt.handle, plan->how, plan->w, plan->a, plan->c, plan->c, preference, 1, &result, &found);
    plan->found = e == CUBLAS_STATUS_SUCCESS && found > 0;
    if (plan->found) plan->algorithm = result.algo;
    LT_MUST(cublasLtMatmulPreferenceDestroy(preference));
}

Product::~Product()
{
    lt.cublasLtMatrixLayoutDestroy(plan->c);
    lt.cublasLtMatrixLayoutDestroy(plan->a);
    lt.cublasLtMatrixLayoutDestroy(plan->w);
    lt.cublasLtMatmulDescDestroy(plan->how);
    delete plan;
}

bool Product::usable() const
{
    return plan->found;
}

void Product::run(cudaStream_t stream, const void *a, const void *w, void *c) const
{
    float one = 1, zero = 0;
    LT_MUST(cublasLtMatmul(lt.handle, plan->how, &one, w, plan->w, a, plan->a, &zero, c, plan->c, c, plan->c, &plan->algorithm, lt.workspace, workspace_bytes, stream));
}
#else
bool lt_open(Session &)
{
    note("built without cublasLt.h: products by the body alone");
    return false;
}
struct Product::Plan {};
Product::Product(Session &, Format, int, int, int) : plan(nullptr) {}
Product::~Product() {}
bool Product::usable() const { return false; }
void Product::run(cudaStream_t, const void *, const void *, void *) const {}
#endif

} // namespace probe
