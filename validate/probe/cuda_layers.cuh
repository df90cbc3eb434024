/* cuda_layers.cuh - a stack of transformer layers with random weights: norm, products by cuBLASLt, rope with cache write, attention on
 * tensor cores, gated activation, and the head; one step of prefill or decode at a time. */
#ifndef GBL_CUDA_LAYERS_CUH
#define GBL_CUDA_LAYERS_CUH
#include <memory>

#include "validate/probe/cublas_lt.cuh"
#include "validate/probe/cuda_attention.cuh"

namespace probe {

struct StackModel {
    const char *name;
    int layers, hidden, h, g, d, ffn, vocab; /* vocab 0: no head */
    double rope_base;
};

/* Everything that does not change from step to step; room for `tokens` of context in each of `sequences`. */
struct Stack {
    Session &s;
    StackModel m;
    int sequences, context;
    Buffer qkv, o, gate_up, down, head, norms, keys, values, table, turn; /* weights of all layers, one after another */
    Stack(Session &session, const StackModel &model, int sequences, int context);
    bool there() const;
    static double weight_bytes(const StackModel &m, int layers);
    size_t cache_elements() const; /* of keys, or of values, of a layer */
};

/* One step: `chunk` new tokens of each sequence behind `cached` ones. */
struct Step {
    Stack &k;
    int chunk, cached, tokens, splits;
    Buffer embedded, residual, x, normed, in_qkv, q, attended, in_gate, active, logits, parts;
    std::unique_ptr<Product> qkv, o, gate_up, down, head;
    Step(Stack &stack, int chunk, int cached);
    bool there() const;
    /* The kernels of a layer, by part; and a whole step: embedded -> x + residual of the last layer, normed, logits. */
    void run_part(cudaStream_t stream, int part, int layer) const;
    void run(cudaStream_t stream) const;
};
enum { PART_NORM_1, PART_QKV, PART_ROPE, PART_ATTENTION, PART_O, PART_NORM_2, PART_GATE_UP, PART_ACTIVATE, PART_DOWN, PARTS };
extern const char *const part_name[PARTS];

} // namespace probe

#endif
