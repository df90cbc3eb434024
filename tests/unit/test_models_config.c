/* Hugging Face config.json read as it is. The texts hold the keys that the published files hold. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "models/llm.h"

static gbl_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = gbl_arena_new();
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    gbl_arena_free(arena);
    return 0;
}

static int load(gbl_llm *m, const char *text, gbl_err *err)
{
    char path[] = "/tmp/gable-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    int rc = gbl_llm_load(m, path, "", arena, err);
    unlink(path);
    return rc;
}

static gbl_llm read_config(const char *text)
{
    gbl_llm m;
    gbl_err err = {0};
    if (load(&m, text, &err))
        fail_msg("%s %s %s", err.what, err.where, err.expected);
    return m;
}

#define LLAMA                                                                                                              \
    "\"model_type\":\"llama\",\"hidden_size\":4096,\"num_hidden_layers\":32,\"num_attention_heads\":32,\"vocab_size\":128256," \
    "\"max_position_embeddings\":131072,\"intermediate_size\":14336"

static void grouped_queries(void **state)
{
    gbl_llm m = read_config("{" LLAMA ",\"num_key_value_heads\":8,\"tie_word_embeddings\":false,\"rope_scaling\":{\"factor\":8.0},\"torch_dtype\":\"bfloat16\"}");
    (void)state;
    assert_close(gbl_llm_parameters(&m), 8030261248.0, 0);
    assert_close(gbl_llm_kv_bytes(&m, 2), 131072, 0);
    assert_int_equal(m.head_dim, 128);
    assert_int_equal(m.checkpoint_format, -1);
}

static void full_heads_and_a_given_head_dim(void **state)
{
    gbl_llm a = read_config("{" LLAMA "}"), b = read_config("{" LLAMA ",\"num_key_value_heads\":null,\"head_dim\":64}");
    (void)state;
    assert_int_equal(a.kv_heads, 32);
    assert_int_equal(b.kv_heads, 32);
    assert_int_equal(b.head_dim, 64);
}

static void quantised_checkpoints(void **state)
{
    gbl_llm awq = read_config("{" LLAMA ",\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":128}}");
    gbl_llm fp8 = read_config("{" LLAMA ",\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}");
    gbl_llm bad;
    gbl_err err = {0};
    (void)state;
    assert_int_equal(awq.checkpoint_format, GBL_INT4);
    assert_close(awq.checkpoint_weight_bytes, 0.5 + 2.5 / 128, 1e-12);
    assert_int_equal(fp8.checkpoint_format, GBL_FP8);
    assert_close(fp8.checkpoint_weight_bytes, 1, 0);
    assert_int_equal(load(&bad, "{" LLAMA ",\"quantization_config\":{\"quant_method\":\"quip\",\"bits\":2}}", &err), GBL_EINPUT);
    assert_string_equal(err.what, "quantisation \"quip\" has no rule here");
}

#define TENSORS(groups) "{" LLAMA ",\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"ignore\":[\"lm_head\"],\"config_groups\":" groups "}}"
#define GROUP(weights) "{\"targets\":[\"Linear\"],\"input_activations\":null,\"weights\":" weights "}"

/* As llm-compressor and modelopt write them. */
static void checkpoints_of_compressed_tensors_and_modelopt(void **state)
{
    static const struct { const char *text; int format; double bytes; } rows[] = {
        {TENSORS("{\"group_0\":" GROUP("{\"num_bits\":8,\"type\":\"float\",\"strategy\":\"channel\",\"group_size\":null,\"symmetric\":true}") "}"), GBL_FP8, 1},
        {TENSORS("{\"group_0\":" GROUP("{\"num_bits\":8,\"type\":\"int\",\"strategy\":\"channel\",\"symmetric\":true}") "}"), GBL_INT8, 1},
        {TENSORS("{\"group_0\":" GROUP("{\"num_bits\":4,\"type\":\"int\",\"group_size\":128,\"symmetric\":true}") "}"), GBL_INT4, 0.5 + 2.0 / 128},
        {TENSORS("{\"group_0\":" GROUP("{\"num_bits\":4,\"type\":\"int\",\"group_size\":32,\"symmetric\":false}") "}"), GBL_INT4, 0.5 + 2.5 / 32},
        {TENSORS("{\"group_0\":" GROUP("{\"num_bits\":4,\"type\":\"float\",\"group_size\":16}") "}"), GBL_FP4, 0.5 + 1.0 / 16},
        {"{" LLAMA ",\"quantization_config\":{\"quant_method\":\"modelopt\",\"quant_algo\":\"FP8\"}}", GBL_FP8, 1},
        {"{" LLAMA ",\"quantization_config\":{\"quant_method\":\"modelopt\",\"quantization\":{\"quant_algo\":\"NVFP4\"}}}", GBL_FP4, 0.5 + 1.0 / 16}};
    static const struct { const char *text, *what; } bad[] = {
        {TENSORS("{}"), "the key \"group_0\" is missing"},
        {TENSORS("[]"), "the key \"config_groups\" is missing"},
        {TENSORS("{\"group_0\":" GROUP("{\"num_bits\":3,\"type\":\"int\"}") "}"), "quantisation \"compressed-tensors\" has no rule here"},
        {TENSORS("{\"group_0\":7}"), "quantisation \"compressed-tensors\" has no rule here"},
        {TENSORS("{\"group_0\":" GROUP("{\"num_bits\":8,\"type\":\"float\"}") ",\"group_1\":" GROUP("{\"num_bits\":4,\"type\":\"int\"}") "}"), "groups of layers in different formats have no rule here"},
        {"{" LLAMA ",\"quantization_config\":{\"quant_method\":\"modelopt\",\"quant_algo\":\"FP2\"}}", "quantisation \"FP2\" has no rule here"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gbl_llm m = read_config(rows[i].text);
        assert_int_equal(m.checkpoint_format, rows[i].format);
        assert_close(m.checkpoint_weight_bytes, rows[i].bytes, 1e-12);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gbl_llm m;
        gbl_err err = {0};
        assert_int_equal(load(&m, bad[i].text, &err), GBL_EINPUT);
        assert_string_equal(err.what, bad[i].what);
    }
}

/* gemma-3-4b-it as published: heads, vocabulary and context are left to Gemma3TextConfig; the format of a model that also sees stands beside its
 * language part. The report counts 675 M of embeddings and 3,209 M others (arXiv 2503.19786, table 1). */
static void gemma3_leaves_out_its_defaults(void **state)
{
    gbl_llm m = read_config("{\"model_type\":\"gemma3\",\"text_config\":{\"model_type\":\"gemma3_text\",\"hidden_size\":2560,\"intermediate_size\":10240,\"num_hidden_layers\":34,"
                            "\"rope_scaling\":{\"factor\":8.0,\"rope_type\":\"linear\"},\"sliding_window\":1024},\"quantization_config\":{\"quant_method\":\"fp8\"}}");
    (void)state;
    assert_int_equal(m.vocab, 262208);
    assert_int_equal(m.kv_heads, 4);
    assert_int_equal(m.head_dim, 256);
    assert_int_equal(m.context, 131072);
    assert_int_equal(m.window_layers, 29);
    assert_close(gbl_llm_parameters(&m), 3.884e9, 2e-3);
    assert_int_equal(m.checkpoint_format, GBL_FP8);
}

#define QWEN                                                                                                             \
    "\"hidden_size\":3584,\"num_hidden_layers\":28,\"num_attention_heads\":28,\"num_key_value_heads\":4,\"vocab_size\":152064," \
    "\"max_position_embeddings\":32768,\"intermediate_size\":18944,\"max_window_layers\":20,\"sliding_window\":4096"

static void windows(void **state)
{
    gbl_llm off = read_config("{\"model_type\":\"qwen2\"," QWEN ",\"use_sliding_window\":false}");
    gbl_llm on = read_config("{\"model_type\":\"qwen2\"," QWEN ",\"use_sliding_window\":true}");
    gbl_llm mistral = read_config("{\"model_type\":\"mistral\"," QWEN "}");
    gbl_llm list = read_config("{\"model_type\":\"mistral\"," QWEN ",\"layer_types\":[\"full_attention\",\"sliding_attention\",\"full_attention\"]}");
    (void)state;
    assert_int_equal(off.window, 0);
    assert_int_equal(off.qkv_bias, 1);
    assert_close(gbl_llm_parameters(&off), 7615616512.0, 0);
    assert_int_equal(on.window, 4096);
    assert_int_equal(on.window_layers, 8);
    assert_int_equal(mistral.window_layers, 28);
    assert_int_equal(list.window_layers, 1);
}

static void gpt_oss(void **state)
{
    gbl_llm m = read_config(
        "{\"model_type\":\"gpt_oss\",\"hidden_size\":2880,\"num_hidden_layers\":24,\"num_attention_heads\":64,\"num_key_value_heads\":8,\"head_dim\":64,"
        "\"vocab_size\":201088,\"max_position_embeddings\":131072,\"intermediate_size\":2880,\"num_local_experts\":32,\"num_experts_per_tok\":4,"
        "\"experts_per_token\":4,\"sliding_window\":128,\"attention_bias\":true,\"quantization_config\":{\"quant_method\":\"mxfp4\"}}");
    (void)state;
    assert_int_equal(m.window, 128);
    assert_int_equal(m.window_layers, 12);
    assert_int_equal(m.moe_layers, 24);
    assert_close(gbl_llm_parameters(&m), 20.9147e9, 2e-4); /* 20,914,757,184 with attention sinks and router biases */
    assert_int_equal(m.checkpoint_format, GBL_FP4);
}

static void experts(void **state)
{
    gbl_llm mix = read_config("{\"model_type\":\"mixtral\",\"hidden_size\":4096,\"num_hidden_layers\":32,\"num_attention_heads\":32,"
                              "\"num_key_value_heads\":8,\"vocab_size\":32000,\"max_position_embeddings\":32768,\"intermediate_size\":14336,"
                              "\"num_local_experts\":8,\"num_experts_per_tok\":2,\"sliding_window\":null,\"tie_word_embeddings\":false}");
    gbl_llm qwen = read_config("{\"model_type\":\"qwen2_moe\",\"hidden_size\":2048,\"num_hidden_layers\":24,\"num_attention_heads\":16,"
                               "\"num_key_value_heads\":16,\"vocab_size\":151936,\"max_position_embeddings\":8192,\"intermediate_size\":5632,"
                               "\"num_experts\":60,\"num_experts_per_tok\":4,\"moe_intermediate_size\":1408,\"shared_expert_intermediate_size\":5632,"
                               "\"decoder_sparse_step\":1,\"mlp_only_layers\":[],\"use_sliding_window\":false,\"sliding_window\":32768}");
    gbl_llm step = read_config("{\"model_type\":\"qwen2_moe\",\"hidden_size\":2048,\"num_hidden_layers\":24,\"num_attention_heads\":16,"
                               "\"num_key_value_heads\":16,\"vocab_size\":151936,\"max_position_embeddings\":8192,\"intermediate_size\":5632,"
                               "\"num_experts\":60,\"num_experts_per_tok\":4,\"moe_intermediate_size\":1408,\"decoder_sparse_step\":2,\"mlp_only_layers\":[1]}");
    (void)state;
    assert_close(gbl_llm_parameters(&mix), 46702792704.0, 0);
    assert_close(gbl_llm_active_parameters(&mix), 12879925248.0, 0);
    assert_close(gbl_llm_parameters(&qwen), 14.3155e9, 1e-4);
    assert_close(gbl_llm_active_parameters(&qwen), 2.6889e9, 1e-3);
    assert_int_equal(step.moe_layers, 11);
}

static void latent_attention(void **state)
{
    gbl_llm m = read_config("{\"model_type\":\"deepseek_v3\",\"hidden_size\":7168,\"num_hidden_layers\":61,\"num_attention_heads\":128,"
                            "\"num_key_value_heads\":128,\"vocab_size\":129280,\"max_position_embeddings\":163840,\"intermediate_size\":18432,"
                            "\"n_routed_experts\":256,\"num_experts_per_tok\":8,\"moe_intermediate_size\":2048,\"n_shared_experts\":1,"
                            "\"first_k_dense_replace\":3,\"moe_layer_freq\":1,\"kv_lora_rank\":512,\"q_lora_rank\":1536,\"qk_rope_head_dim\":64,"
                            "\"qk_nope_head_dim\":128,\"v_head_dim\":128,\"quantization_config\":{\"quant_method\":\"fp8\"}}");
    (void)state;
    assert_close(gbl_llm_kv_bytes(&m, 2), 70272, 0);
    assert_close(gbl_llm_parameters(&m), 671.0264e9, 1e-6);
    assert_close(gbl_llm_active_parameters(&m), 37.551e9, 1e-4);
    assert_int_equal(m.moe_layers, 58);
}

static void older_spellings(void **state)
{
    gbl_llm opt = read_config("{\"model_type\":\"opt\",\"hidden_size\":5120,\"num_hidden_layers\":40,\"num_attention_heads\":40,\"vocab_size\":50272,"
                              "\"max_position_embeddings\":2048,\"ffn_dim\":20480}");
    gbl_llm falcon = read_config("{\"model_type\":\"falcon\",\"hidden_size\":4544,\"num_hidden_layers\":32,\"num_attention_heads\":71,\"vocab_size\":65024,"
                                 "\"multi_query\":true,\"new_decoder_architecture\":false}");
    (void)state;
    assert_close(gbl_llm_parameters(&opt), 12853473280.0, 0);
    assert_int_equal(opt.tied, 1);
    assert_int_equal(opt.gated, 0);
    assert_int_equal(falcon.kv_heads, 1);
    assert_int_equal(falcon.ffn, 4 * 4544);
    assert_int_equal(falcon.head_dim, 64);
}

static void a_model_that_also_sees(void **state)
{
    gbl_llm m = read_config("{\"model_type\":\"llava\",\"vision_config\":{},\"text_config\":{" LLAMA ",\"num_key_value_heads\":8}}");
    (void)state;
    assert_close(gbl_llm_parameters(&m), 8030261248.0, 0);
}

static void a_folder_stands_for_its_config(void **state)
{
    char dir[] = "/tmp/gable-folder-XXXXXX", path[64];
    gbl_llm m;
    gbl_err err = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/config.json", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("{" LLAMA "}", f);
    fclose(f);
    assert_int_equal(gbl_llm_load(&m, dir, "", arena, &err), 0);
    assert_int_equal(m.layers, 32);
    unlink(path);
    rmdir(dir);
}

static void what_is_missing_is_named(void **state)
{
    static const struct { const char *text, *what; } rows[] = {
        {"{}", "the key \"model_type\" is missing"},
        {"{\"model_type\":\"llama\"}", "the key \"hidden_size\" is missing"},
        {"{\"model_type\":\"llama\",\"hidden_size\":4096}", "the key \"num_hidden_layers\" is missing"},
        {"{\"model_type\":\"llama3\"}", "no rule for the architecture \"llama3\""},
        {"{\"model_type\":\"llama\",\"hidden_size\":4096,\"num_hidden_layers\":2,\"num_attention_heads\":0,\"vocab_size\":9,"
         "\"max_position_embeddings\":9}", "impossible model: no attention heads"},
        {"{\"model_type\":\"mixtral\",\"hidden_size\":8,\"num_hidden_layers\":1099511627776,\"num_attention_heads\":2,\"vocab_size\":9,"
         "\"max_position_embeddings\":9,\"intermediate_size\":8,\"num_local_experts\":2,\"num_experts_per_tok\":1}",
         "impossible model: too many layers"},
        {"{" LLAMA ",\"num_key_value_heads\":0}", "impossible model: layers, hidden, heads, kv_heads, head_dim, vocab and context are 1 .. 1e8"},
        {"{" LLAMA ",\"num_key_value_heads\":-8}", "num_key_value_heads -8 is out of range"},
        {"{" LLAMA ",\"num_local_experts\":8}", "the key \"num_experts_per_tok\" is missing"},
        {"{" LLAMA ",\"kv_lora_rank\":512}", "the key \"qk_rope_head_dim\" is missing"},
        {"{" LLAMA ",\"num_local_experts\":8,\"num_experts_per_tok\":2,\"first_k_dense_replace\":99}", "impossible model: sparse layers"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gbl_llm m;
        gbl_err err = {0};
        assert_int_equal(load(&m, rows[i].text, &err), GBL_EINPUT);
        assert_string_equal(err.what, rows[i].what);
    }
    gbl_llm m;
    gbl_err err = {0};
    load(&m, "{\"model_type\":\"lama\"}", &err);
    assert_string_equal(err.nearest, "llama");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grouped_queries),  cmocka_unit_test(full_heads_and_a_given_head_dim),
        cmocka_unit_test(quantised_checkpoints), cmocka_unit_test(windows),
        cmocka_unit_test(gpt_oss),          cmocka_unit_test(experts),
        cmocka_unit_test(latent_attention), cmocka_unit_test(older_spellings),
        cmocka_unit_test(a_model_that_also_sees), cmocka_unit_test(a_folder_stands_for_its_config),
        cmocka_unit_test(what_is_missing_is_named), cmocka_unit_test(gemma3_leaves_out_its_defaults),
        cmocka_unit_test(checkpoints_of_compressed_tensors_and_modelopt),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
