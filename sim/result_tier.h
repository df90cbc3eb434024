/* result_tier.h - what a run tells of the KV tiers below HBM, all replicas together. */
#ifndef GBL_RESULT_TIER_H
#define GBL_RESULT_TIER_H
#include "sim/engine.h"

typedef struct gbl_tier_result {
    char name[32];
    int ssd;
    int64_t capacity_blocks, peak_blocks, blocks, hit_blocks, hit_tokens, inserted_blocks, evicted_blocks, moved_blocks;
    double loaded_bytes, written_bytes, unwritten_bytes; /* unwritten: still on their way when the run ended */
    /* Of an ssd, NaN else: the drive's whole capacity written so many times a day, and years until its rated endurance
     * (drive_writes_day x warranty_years x capacity) is used up at this rate; infinite where nothing is written. */
    double drive_writes_day, years_to_endurance;
} gbl_tier_result;

/* The i-th number of a tier by its key in kv.by_tier, for the store; NULL past the last. */
const char *gbl_tier_result_at(const gbl_tier_result *t, int i, double *v);
/* Fills up to GBL_TIERS and one for the store that replicas share; returns how many there are. span_s: simulated seconds. */
int32_t gbl_tier_results(gbl_tier_result out[GBL_TIERS + 1], const gbl_engine *e, double span_s);
void gbl_tier_result_json(const gbl_tier_result *t, gbl_json *j); /* an element of kv.by_tier */
void gbl_tier_result_print(const gbl_tier_result *t, int64_t prompt_tokens, FILE *to);

#endif
