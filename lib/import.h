/* import.h - the command line that starts a serving engine, as a scenario: `gable import vllm "vllm serve MODEL --flags"`. Flags
 * that change what is scheduled, stored or computed become keys; those that cannot change it (ports, names, logs) are dropped and
 * said; those that would, and that gable does not model, are refused. Names follow vLLM's engine arguments and SGLang's server
 * arguments (their documentation, 2025). */
#ifndef GBL_IMPORT_H
#define GBL_IMPORT_H
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

/* `engine`: "vllm" or "sglang"; `words`: the command line's words, which may also stand in one of them. `hardware`: a card, or NULL for
 * the default. Writes the scenario as one object into j, after it was bound once so that it will run; *dropped: flags without
 * effect, comma-separated (arena), "" for none. */
int gbl_import(gbl_json *j, const char *engine, const char *const *words, size_t n, const char *hardware, const char **dropped, gbl_arena *a, gbl_err *err);

#endif
