/* import.h - the command line that starts a serving engine, as a scenario: `gable import vllm "vllm serve MODEL --flags"`. Flags
 * that change what is scheduled, stored or computed become keys; those that cannot change it (ports, names, logs) are dropped and
 * said; so are, apart, those that choose among kernels and graphs, which the runtime card describes as they were measured; those that would change what is
 * scheduled, and that gable does not model, are refused. What flags mean beside each other does not hang on their order. Names follow vLLM's engine arguments and SGLang's server
 * arguments (their documentation, 2025). */
#ifndef GBL_IMPORT_H
#define GBL_IMPORT_H
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

typedef struct gbl_import_left_out {
    const char *dropped;    /* flags without effect on a simulation, comma-separated (arena), "" for none */
    const char *unmodelled; /* flags under which the engine would run a little otherwise than its runtime card says, likewise */
} gbl_import_left_out;

/* `engine`: "vllm" or "sglang"; `words`: the command line's words, which may also stand in one of them. `hardware`: a card, or NULL for
 * the default. Writes the scenario as one object into j, after it was bound once so that it will run. Messages name the flag. */
int gbl_import(gbl_json *j, const char *engine, const char *const *words, size_t n, const char *hardware, gbl_import_left_out *left, gbl_arena *a, gbl_err *err);

#endif
