/* cublas_lt.cuh - c[m][n] = a[m][k] w[n][k]^T by cuBLASLt's first choice, in the layout of every linear layer. The library is loaded at
 * run time; a build without its header, and a machine without the library, do without. */
#ifndef GBL_CUBLAS_LT_CUH
#define GBL_CUBLAS_LT_CUH
#include "validate/probe/probe.cuh"

namespace probe {

enum Format { LT_BF16, LT_FP16, LT_TF32, LT_FP32, LT_FP8, LT_FORMATS };
struct FormatInfo { const char *name; int bytes, out_bytes; };
extern const FormatInfo lt_format[LT_FORMATS];

bool lt_open(Session &s); /* false: not there; why is said once */

/* One product's plan, for operands wherever they lie (aligned to 256 bytes). */
struct Product {
    Product(Session &s, Format f, int m, int n, int k);
    ~Product();
    Product(const Product &) = delete;
    Product &operator=(const Product &) = delete;
    bool usable() const; /* cuBLASLt has a kernel for it */
    void run(cudaStream_t stream, const void *a, const void *w, void *c) const;
    struct Plan;
    Plan *plan;
};

} // namespace probe

#endif
