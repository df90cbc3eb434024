#include "sim/result_tier.h"

#include <math.h>
#include <string.h>

static void add_replica(gbl_tier_result *w, const gbl_tier *t, double block_bytes) {
    int64_t due = 0;
    for (int i = 0; i < GBL_DUES; i++) due += t->due[i];
    w->capacity_blocks += t->capacity;
    w->peak_blocks += t->peak;
    w->blocks += t->n;
    w->hit_blocks += t->hit_blocks;
    w->hit_tokens += t->hit_tokens;
    w->inserted_blocks += t->inserted;
    w->evicted_blocks += t->evicted;
    w->moved_blocks += t->moved;
    w->loaded_bytes += t->loaded * block_bytes;
    w->written_bytes += (double)t->written * block_bytes;
    w->unwritten_bytes += (double)due * block_bytes;
}

static void wear(gbl_tier_result *w, const gbl_tier_spec *s, int32_t replicas, double span_s) {
    double days = span_s / 86400, written = w->written_bytes / replicas;
    w->drive_writes_day = w->years_to_endurance = NAN;
    if (!w->ssd || !(days > 0)) return;
    w->drive_writes_day = written / s->bytes / days;
    w->years_to_endurance = s->dwpd * s->warranty_years / w->drive_writes_day;
}

static void shared(gbl_tier_result *w, const gbl_engine *e) {
    gbl_shared_facts f = gbl_shared_know(e->store);
    double block_bytes = e->replica[0].view.block_bytes;
    *w = (gbl_tier_result){.capacity_blocks = f.capacity, .peak_blocks = f.peak, .blocks = f.blocks, .hit_tokens = f.hit_tokens, .hit_blocks = f.fetched, .inserted_blocks = f.inserted,
                           .evicted_blocks = f.evicted, .loaded_bytes = (double)f.fetched * block_bytes, .written_bytes = (double)f.written * block_bytes};
    snprintf(w->name, sizeof w->name, "%.31s", e->s->store.name);
}

int32_t gbl_tier_results(gbl_tier_result out[GBL_TIERS + 1], const gbl_engine *e, double span_s) {
    int32_t n = e->replica[0].pool.below ? e->s->n_tiers : 0;
    for (int32_t i = 0; i < n; i++) {
        const gbl_tier_spec *s = &e->s->tier[i];
        gbl_tier_result *w = &out[i];
        *w = (gbl_tier_result){.ssd = s->kind == GBL_TIER_SSD};
        snprintf(w->name, sizeof w->name, "%.31s", s->name);
        for (int32_t r = 0; r < e->n_replicas; r++) add_replica(w, &e->replica[r].pool.below->tier[i], e->replica[r].view.block_bytes);
        wear(w, s, e->n_replicas, span_s);
    }
    if (e->store) shared(&out[n++], e);
    return n;
}

const char *gbl_tier_result_at(const gbl_tier_result *t, int i, double *v) {
    const struct { const char *key; double v; } of[] = {
        {"capacity_blocks", (double)t->capacity_blocks}, {"peak_blocks", (double)t->peak_blocks},         {"blocks", (double)t->blocks},
        {"hit_tokens", (double)t->hit_tokens},           {"loaded_blocks", (double)t->hit_blocks},        {"inserted_blocks", (double)t->inserted_blocks},
        {"evicted_blocks", (double)t->evicted_blocks},   {"moved_blocks", (double)t->moved_blocks},       {"loaded_bytes", t->loaded_bytes},
        {"written_bytes", t->written_bytes},             {"unwritten_bytes", t->unwritten_bytes},         {"drive_writes_day", t->drive_writes_day},
        {"years_to_endurance", t->years_to_endurance}};
    int n = (int)(sizeof of / sizeof *of) - (t->ssd ? 0 : 2);
    if (i < 0 || i >= n) return NULL;
    *v = isfinite(of[i].v) ? of[i].v : NAN;
    return of[i].key;
}

void gbl_tier_result_json(const gbl_tier_result *t, gbl_json *j) {
    const char *key;
    double v;
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", t->name);
    for (int i = 0; (key = gbl_tier_result_at(t, i, &v)); i++) {
        if (strstr(key, "_bytes") || strstr(key, "_day") || strstr(key, "years")) gbl_json_num(j, key, v);
        else gbl_json_int(j, key, (int64_t)v);
    }
    gbl_json_end(j);
}

void gbl_tier_result_print(const gbl_tier_result *t, int64_t prompt_tokens, FILE *to) {
    double hits = prompt_tokens ? 100.0 * (double)t->hit_tokens / (double)prompt_tokens : 0;
    fprintf(to, "%-11s %lld blocks   peak %.1f %%   prefix hits %.1f %%   loaded %.1f GB   written %.1f GB   evicted %lld", t->name, (long long)t->capacity_blocks,
            100.0 * (double)t->peak_blocks / (double)t->capacity_blocks, hits, t->loaded_bytes / 1e9, t->written_bytes / 1e9, (long long)t->evicted_blocks);
    if (t->ssd && isfinite(t->years_to_endurance)) fprintf(to, "   %.2f drive writes a day, %.1f years to its endurance", t->drive_writes_day, t->years_to_endurance);
    fputc('\n', to);
}
