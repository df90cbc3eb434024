/* llm.h - a language model's shape, from a card (models/cards/llm/NAME.json) or from a Hugging Face config.json as it
 * is. Counts are exact integers; formulas for parameters and KV bytes stand beside the functions. */
#ifndef GBL_LLM_H
#define GBL_LLM_H
#include <stdint.h>
#include "base/doc.h"
#include "base/json.h"
#include "base/mem.h"
#include "models/hardware.h"

typedef struct gbl_llm {
    const char *name, *source;
    int64_t layers, hidden, heads, kv_heads, head_dim, ffn, vocab, context;
    int32_t tied, gated;                     /* embeddings shared with the LM head; gated (3-matrix) MLP */
    int32_t qkv_bias, o_bias, mlp_bias;      /* 1 = has them */
    /* mixture of experts; experts 0 = dense */
    int64_t experts, top_k, moe_ffn, shared_experts, shared_ffn /* of all shared experts together */, dense_first;
    int64_t moe_layers;                      /* layers with experts */
    /* multi-head latent attention; kv_lora 0 = none */
    int64_t kv_lora, q_lora, rope_dim, nope_dim, v_dim;
    /* sliding window: tokens, and how many of the layers have it; 0 = none */
    int64_t window, window_layers;
    int64_t linear_layers, linear_state_B;   /* layers of linear attention, whose state does not grow; bytes of a state's element */
    /* all layers are state-space ones (Mamba), without attention and KV; ssm_inner 0 = none. Mamba-1: ssm_dt_rank above 0; Mamba-2: heads x
     * head_dim are ssm_inner, ssm_groups share B and C. linear_layers are all, linear_state_B is of the kept state and convolution. */
    int64_t ssm_inner, ssm_state, ssm_conv, ssm_dt_rank, ssm_groups;
    int64_t positions;                       /* learned position embeddings (OPT), rows; 0 = none */
    int32_t norms_bias;                      /* layer norms with a bias (OPT) */
    int32_t qk_norm;                         /* RMS norm on each query and key head (Qwen3) */
    double checkpoint_weight_bytes;          /* bytes a weight of a quantised checkpoint, 0 = not quantised */
    int32_t checkpoint_format;               /* enum gbl_format or -1: the weight format it was released in */
    uint64_t hash;
} gbl_llm;

/* A card's name, the path of a card, or the path of a Hugging Face config.json (or of the folder it lies in): told
 * apart by content. A card's unknown keys are refused; a config's are not ours to judge, but missing ones are named. */
int gbl_llm_load(gbl_llm *m, const char *name_or_path, const char *folder, gbl_arena *a, gbl_err *err);
/* With H hidden, h/g query/KV heads of d, F ffn, V vocab, per layer: attention H(h+2g)d + h d H (MLA: the low-rank
 * factors; linear: queries, keys, values, gate and output of all heads, 5 H h d; state space of inner width I and state N: 3 H I, with
 * I (R + 2 N) + R I of Mamba-1 or H (2 G N + h) of Mamba-2), MLP 3 H F gated or 2 H F, experts x 3 H Fe + router H E, two norms H; plus V H (twice when not tied),
 * biases and position tables where the model has them. */
double gbl_llm_parameters(const gbl_llm *m);        /* all of them, the token embedding included */
double gbl_llm_active_parameters(const gbl_llm *m); /* those a token uses: top_k + shared experts; embeddings as in the total */
double gbl_llm_table_parameters(const gbl_llm *m);  /* of them: embeddings, LM head, norms, biases, routers: kept in 16 bits
                                                     * by quantised checkpoints */
double gbl_llm_matmul_parameters(const gbl_llm *m); /* those each token is multiplied with: active, without the embedding, LM head included */
/* KV bytes a token, all layers, all heads: MLA stores latent + rope part once a layer, linear attention nothing. */
double gbl_llm_kv_bytes(const gbl_llm *m, double bytes_per_element);
/* Of a sequence, whatever its length: h states of d x d in each linear layer, or I x N and the convolution's last K - 1 inputs. */
double gbl_llm_state_bytes(const gbl_llm *m);

#endif
