/* llm_config.h - reading a Hugging Face config.json into gbl_llm. */
#ifndef GBL_LLM_CONFIG_H
#define GBL_LLM_CONFIG_H
#include "models/llm.h"

/* `root` has no "gable" key. Reads the shape by the rules of the architecture named in model_type; refuses what is
 * missing by name and architectures whose attention or state has no rule here. Strings go to `a`. */
int gbl_llm_from_config(gbl_llm *m, const gbl_node *root, gbl_arena *a, gbl_err *err);
/* The format and bytes of quantised weights, by `q`: a quantization_config, or a card's "checkpoint"; NULL or without quant_method: nothing. */
int gbl_llm_checkpoint(gbl_llm *m, const gbl_node *q, gbl_err *err);
/* What both forms must satisfy; fails at `root`. */
int gbl_llm_check(const gbl_llm *m, const gbl_node *root, gbl_err *err);

#endif
