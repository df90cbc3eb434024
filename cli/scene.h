/* scene.h - the flags that every command with a scenario shares: the file, --set and --seed. */
#ifndef GBL_SCENE_H
#define GBL_SCENE_H
#include "cli/options.h"
#include "sim/scenario.h"

typedef struct gbl_scene_opt {
    gbl_texts set;
    int64_t seed; /* GBL_NULL_INT: the document's */
} gbl_scene_opt;

#define GBL_FLAG_SET(T, field)                                                                                  \
    {                                                                                                           \
        .row = {.name = "set",                                                                                  \
                .type = GBL_P_STR,                                                                              \
                .offset = offsetof(T, field.set),                                                               \
                .help = "change one key of the scenario, as in cluster.tp=2 or policy.schedule=prefill_first"}, \
        .arg = "KEY=VALUE", .repeat = 1                                                                         \
    }
#define GBL_FLAG_SEED(T, field)                                     \
    {                                                               \
        .row = {.name = "seed",                                     \
                .type = GBL_P_INT,                                  \
                .flags = GBL_P_NULLABLE,                            \
                .offset = offsetof(T, field.seed),                  \
                .dflt = "null",                                     \
                .low = 0,                                           \
                .high = GBL_SEED_MOST,                              \
                .help = "seed of every draw, instead of run.seed"}, \
        .arg = "N"                                                  \
    }

/* --set and --seed as "a.b=v" texts in the arena. */
int gbl_scene_sets(const gbl_scene_opt *o, gbl_arena *a, const char ***out, size_t *n_out, gbl_err *err);
/* path NULL: the shipped default. */
int gbl_scene_open(gbl_scenario **out, const char *path, const gbl_scene_opt *o, gbl_arena *a, gbl_err *err);

#endif
