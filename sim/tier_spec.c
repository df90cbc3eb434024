/* The scenario's "tiers": every key once, for reading, defaults, help, schema and the stored document. */
#include <math.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "sim/shared.h"
#include "sim/tier.h"

#define AT(field) offsetof(gbl_tier_spec, field)

static const gbl_param rows[] = {
    {"name", GBL_P_STR, 0, AT(name), "\"dram\"", 0, 0, NULL, NULL, "What reports call the tier; \"dram\", \"ssd\" and \"nvme\" also say its kind."},
    {"kind", GBL_P_CHOICE, 0, AT(kind), NULL, 0, 0, NULL, "dram|ssd", "Host memory, or a solid-state drive read and written through host memory; left out: as the name says."},
    {"bytes", GBL_P_REAL, 0, AT(bytes), "0", 0, 1e18, "bytes", NULL, "KV that it holds, of each replica; 0: no such tier, whatever else is said of it."},
    {"evict", GBL_P_NODE, 0, AT(evict_node), "null", 0, 0, NULL, NULL, "Which of its blocks goes: an eviction policy's name or {\"use\": name, parameters...}; left out: lru."},
    {"write", GBL_P_CHOICE, 0, AT(write), "\"back\"", 0, 0, NULL, "back|through",
     "back: written when a block leaves the level above, and a step that wants its place at once waits; through: written in the background as soon as a prompt's block is computed."},
    {"promote", GBL_P_CHOICE, 0, AT(promote), "\"copy\"", 0, 0, NULL, "copy|move", "What a hit leaves here: the block (copy), or nothing (move)."},
    {"layerwise", GBL_P_BOOL, 0, AT(layerwise), "false", 0, 0, NULL, NULL,
     "The step may begin when the first layer's KV is here, and computes beside the rest of the load."},
    {"piece_bytes", GBL_P_REAL, GBL_P_NULLABLE, AT(piece_bytes), "null", 1, 1e12, "bytes", NULL,
     "Contiguous bytes of a transfer; null: keys or values of one block and layer (vLLM's layout)."},
    {"bandwidth_GB_s", GBL_P_REAL, GBL_P_NULLABLE, AT(bandwidth_gb_s), "null", 1e-3, 1e6, "GB/s", NULL, "Of the medium, a GPU's share, each direction; null: the hardware card's."},
    {"latency_us", GBL_P_REAL, GBL_P_NULLABLE, AT(latency_us), "null", 0, 1e9, "us", NULL,
     "Of a transfer, besides PCIe's; null: 0 for dram, 80 for ssd (a 4 KiB NVMe read at depth 1; assumed)."},
    {"iops", GBL_P_REAL, 0, AT(iops), "600000", 1, 1e12, "pieces/s", NULL,
     "Pieces that an ssd moves a second: small pieces are bound by it (fio, 4 KiB on a PCIe 4 NVMe, 16 jobs: 0.5 to 0.7 million; stas00/ml-engineering storage)."},
    {"drive_writes_day", GBL_P_REAL, 0, AT(dwpd), "1", 1e-3, 1000, "drives a day", NULL, "Endurance of an ssd: writes of its whole capacity a day (read-intensive data centre drive; assumed)."},
    {"warranty_years", GBL_P_REAL, 0, AT(warranty_years), "5", 0.1, 100, "years", NULL, "Years for which that endurance is rated (assumed)."},
    {0}};
/* Keys that say something of an ssd alone. */
static const char *const ssd_only[] = {"iops", "drive_writes_day", "warranty_years"};

static int32_t kind_of(const char *name) {
    return !strcmp(name, "dram") ? GBL_TIER_DRAM : !strcmp(name, "ssd") || !strcmp(name, "nvme") ? GBL_TIER_SSD : -1;
}

static int check_kind(gbl_tier_spec *t, const gbl_node *n, gbl_err *err) {
    if (t->kind < 0) t->kind = kind_of(t->name);
    if (t->kind < 0) {
        gbl_node_fail(n, err, "tier '%s' does not say what it is", t->name);
        return gbl_expected(err, "\"kind\": \"dram\", \"ssd\" or \"remote\"");
    }
    for (size_t i = 0; t->kind != GBL_TIER_SSD && i < sizeof ssd_only / sizeof *ssd_only; i++) {
        const gbl_node *key = gbl_node_get(n, ssd_only[i]);
        if (!key || gbl_param_is_default(gbl_param_find(rows, ssd_only[i]), t)) continue;
        gbl_node_fail(key, err, "'%s' says something of an ssd, and tier '%s' is none", ssd_only[i], t->name);
        return gbl_expected(err, "the key left out, or \"kind\": \"ssd\"");
    }
    return 0;
}

static int check_evict(const gbl_tier_spec *t, const gbl_node *n, gbl_err *err) {
    const gbl_policy *head = t->evict.policy;
    const gbl_node *at = gbl_node_get(n, "evict");
    if (!(head->flags & (GBL_EVICT_NEEDS_ORACLE | GBL_EVICT_NEEDS_ADVICE)) && strcmp(head->name, "none")) return 0;
    if (!strcmp(head->name, "none")) gbl_node_fail(at, err, "evict policy 'none' keeps nothing, so tier '%s' would hold nothing", t->name);
    else gbl_node_fail(at, err, "evict policy '%s' needs to know the accesses to come, and in a timed run they follow from what it evicts", head->name);
    return gbl_expected(err, "a policy that keeps blocks and needs no oracle, such as lru");
}

static int bind_one(gbl_tier_spec *t, const gbl_node *n, gbl_arena *a, gbl_err *err) {
    if (gbl_node_kind(n) != GBL_OBJECT) {
        gbl_node_fail(n, err, "this element must be an object");
        return gbl_expected(err, "{\"name\": \"dram\", \"bytes\": 64e9}");
    }
    int code = gbl_param_defaults(rows, t, a, err);
    if (!code) code = gbl_param_bind(rows, t, n, NULL, a, err);
    t->at = n;
    if (!code) code = check_kind(t, n, err);
    if (!code) code = gbl_choice_bind(&t->evict, GBL_EVICT, t->evict_node, "lru", a, err);
    return code ? code : check_evict(t, n, err);
}

static int check_name(const gbl_tier_spec *first, const gbl_tier_spec *t, gbl_err *err) {
    for (const gbl_tier_spec *o = first; o < t; o++) {
        if (strcmp(o->name, t->name)) continue;
        gbl_node_fail(t->at, err, "two tiers are called '%s'", t->name);
        return gbl_expected(err, "a name of its own for each");
    }
    size_t plain = strspn(t->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    if (strcmp(t->name, "hbm") && plain && plain < 25 && !t->name[plain]) return 0;
    gbl_node_fail(t->at, err, "a tier below HBM cannot be called '%.40s'", t->name);
    return gbl_expected(err, "another name of up to 24 letters, digits, - and _, such as \"dram\"");
}

static int check_order(const gbl_tier_spec *first, const gbl_tier_spec *t, gbl_err *err) {
    if (t == first || t->kind >= t[-1].kind) return 0;
    gbl_node_fail(t->at, err, "tier '%s' in host memory stands below tier '%s' on a drive, and tiers stand fastest first", t->name, t[-1].name);
    return gbl_expected(err, "host memory before drives");
}

int gbl_tiers_bind(gbl_tier_spec *out, int32_t *n, const gbl_node *list, gbl_arena *a, gbl_err *err) {
    *n = 0;
    if (!list) return 0;
    if (gbl_node_kind(list) != GBL_ARRAY) {
        gbl_node_fail(list, err, "'tiers' must be an array");
        return gbl_expected(err, "[{\"name\": \"dram\", \"bytes\": 64e9}]");
    }
    for (const gbl_node *e = gbl_node_first(list); e; e = gbl_node_next(e)) {
        if (gbl_node_kind(e) == GBL_OBJECT && gbl_shared_is(e)) continue; /* shared; see shared_spec.c */
        gbl_tier_spec one = {0};
        int code = bind_one(&one, e, a, err);
        if (code) return code;
        if (one.bytes == 0) continue; /* whatever else it says: a grid of sizes may begin with none */
        if (*n == GBL_TIERS) {
            gbl_node_fail(e, err, "more than %d tiers below HBM", GBL_TIERS);
            return gbl_expected(err, "at most %d", GBL_TIERS);
        }
        out[(*n)++] = one;
        if ((code = check_name(out, &out[*n - 1], err)) || (code = check_order(out, &out[*n - 1], err))) return code;
    }
    return 0;
}

const gbl_node *gbl_tier_unread(const gbl_tier_spec *t, const char *const *read) {
    for (const gbl_node *n = gbl_node_first(t->at); n; n = gbl_node_next(n)) {
        const gbl_param *row = gbl_param_find(rows, gbl_node_key(n));
        int known = 0;
        for (const char *const *r = read; *r; r++) known |= !strcmp(*r, row->name);
        if (!known && !(row->type == GBL_P_NODE ? !strcmp(t->evict.policy->name, "lru") : gbl_param_is_default(row, t))) return n;
    }
    return NULL;
}

void gbl_tiers_json(const gbl_tier_spec *spec, int32_t n, const gbl_shared_spec *store, gbl_json *j) {
    gbl_param said[sizeof rows / sizeof *rows] = {{0}};
    size_t kept = 0;
    for (size_t i = 0; rows[i].name; i++)
        if (rows[i].type != GBL_P_NODE) said[kept++] = rows[i];
    gbl_json_arr(j, "tiers");
    for (int32_t i = 0; i < n; i++) {
        gbl_json_obj(j, NULL);
        gbl_param_json(said, &spec[i], j);
        gbl_choice_json(&spec[i].evict, "evict", j);
        gbl_json_end(j);
    }
    gbl_shared_json(store, j);
    gbl_json_end(j);
}

void gbl_tiers_schema(gbl_json *j) {
    gbl_json_obj(j, "tiers");
    gbl_json_str(j, "type", "array");
    gbl_json_raw(j, "default", "[]");
    gbl_param_schema_open("items", j);
    gbl_param said[sizeof rows / sizeof *rows]; /* a shared store stands in the same list */
    memcpy(said, rows, sizeof rows);
    for (gbl_param *r = said; r->name; r++)
        if (!strcmp(r->name, "kind")) r->choices = "dram|ssd|remote", r->help = "Host memory, a solid-state drive read and written through host memory, or one store that all replicas share over the network; left out: as the name says.";
    gbl_param_schema(said, j);
    gbl_shared_schema(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}
