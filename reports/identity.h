/* identity.h - what makes two runs the same run: the scenario with every default, its seed, the program's version, and the
 * bytes of everything the scenario names. Two runs that agree in all of it have the same result. */
#ifndef GBL_IDENTITY_H
#define GBL_IDENTITY_H
#include "base/json.h"
#include "sim/scenario.h"

/* Canonical JSON of the scenario with every default. Caller frees with gbl_free; NULL: err is filled. */
char *gbl_identity_scenario(const gbl_scenario *s, gbl_err *err);
uint64_t gbl_identity_hash(const char *canonical); /* run.scenario_hash */

/* Hashes of trace files that were read already, for many scenarios with one trace; a file is taken not to change meanwhile. */
typedef struct gbl_file_hashes {
    gbl_arena *arena; /* borrowed */
    struct gbl_file_hash_entry *first;
} gbl_file_hashes;
/* run.cards: {"hardware:h100-sxm": hash, ..., "compress:kivi": hash, "plugin:./x.so": hash, "trace:FILE": hash} as one object. `known` may be NULL. */
int gbl_identity_cards(gbl_json *j, const gbl_scenario *s, gbl_file_hashes *known, gbl_err *err);
/* Refuses a trace object whose file can be read only once (standard input, a pipe), for whoever runs it more than once. */
int gbl_identity_repeats(const gbl_node *trace, gbl_err *err);

#endif
