#define _GNU_SOURCE /* dl_iterate_phdr */
#include "sim/plugin_check.h"

#include <link.h>
#include <string.h>

#include "base/param.h"
#include "sim/policy_table.h"

#define HOOK(TABLE, NAME) (1u << (offsetof(TABLE, NAME) - sizeof(gbl_policy)) / sizeof(void (*)(void)))
/* `needs`: hooks that are called without asking whether they are there. `number`: a word that is no hook. */
static const struct { uint32_t size; const char *word; uint32_t needs, number; } tables[GBL_FAMILIES] = {
    [GBL_ROUTE] = {sizeof(gbl_route_policy), "gbl_route_policy", HOOK(gbl_route_policy, pick)},
    [GBL_ADMIT] = {sizeof(gbl_admit_policy), "gbl_admit_policy", 0},
    [GBL_SCHEDULE] = {sizeof(gbl_schedule_policy), "gbl_schedule_policy", HOOK(gbl_schedule_policy, plan)},
    [GBL_PREEMPT] = {sizeof(gbl_preempt_policy), "gbl_preempt_policy", HOOK(gbl_preempt_policy, victim) | HOOK(gbl_preempt_policy, how)},
    [GBL_KVMEM] = {sizeof(gbl_kvmem_policy), "gbl_kvmem_policy", HOOK(gbl_kvmem_policy, reserve)},
    [GBL_PREFIX] = {sizeof(gbl_prefix_policy), "gbl_prefix_policy", HOOK(gbl_prefix_policy, match)},
    [GBL_EVICT] = {sizeof(gbl_evict_policy), "gbl_evict_policy", HOOK(gbl_evict_policy, victims)},
    [GBL_COMPRESS] = {sizeof(gbl_compress_policy), "gbl_compress_policy", HOOK(gbl_compress_policy, pieces), HOOK(gbl_compress_policy, request_size)},
    [GBL_PREFETCH] = {sizeof(gbl_prefetch_policy), "gbl_prefetch_policy", 0},
    [GBL_SCALE] = {sizeof(gbl_scale_policy), "gbl_scale_policy", 0},
    [GBL_EXECUTE] = {sizeof(gbl_execute_policy), "gbl_execute_policy", 0}};
static const char rebuild[] = "a plug-in built with this gable's policy.h";

/* ---------------------------------------------------------------- memory ---- */

static int add_parts(struct dl_phdr_info *info, size_t size, void *to) {
    gbl_image *image = to;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_LOAD || !(h->p_flags & PF_R)) continue;
        if (gbl_grow(&image->part, &image->room, image->n + 1, sizeof *image->part)) return 1;
        image->part[image->n++] = (gbl_image_part){(const char *)(uintptr_t)(info->dlpi_addr + h->p_vaddr), h->p_memsz, (h->p_flags & PF_X) != 0};
    }
    return 0;
}

int gbl_image_loaded(gbl_image *out, gbl_err *err) {
    *out = (gbl_image){0};
    return dl_iterate_phdr(add_parts, out) ? gbl_nomem(err, sizeof *out->part) : 0;
}

void gbl_image_fini(gbl_image *image) {
    gbl_free(image->part);
    *image = (gbl_image){0};
}

/* Bytes from `at` to the end of the part that it lies in; 0: none. */
static size_t room_at(const gbl_image *image, const void *at, int code) {
    for (size_t i = 0; i < image->n; i++) {
        const gbl_image_part *p = &image->part[i];
        size_t off = (size_t)((uintptr_t)at - (uintptr_t)p->at);
        if ((uintptr_t)at >= (uintptr_t)p->at && off < p->size && (p->code || !code)) return p->size - off;
    }
    return 0;
}

static int has(const gbl_image *image, const void *at, size_t size) {
    return (uintptr_t)at % sizeof(void *) == 0 && room_at(image, at, 0) >= size;
}

/* A text that ends, of printable bytes. */
static int is_text(const gbl_image *image, const char *s) {
    size_t room = room_at(image, s, 0);
    const char *end = room ? memchr(s, 0, room < GBL_PLUGIN_TEXT ? room : GBL_PLUGIN_TEXT) : NULL;
    for (const char *c = s; end && c < end; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) return 0;
    return end != NULL;
}

static int is_text_or_none(const gbl_image *image, const char *s) { return !s || is_text(image, s); }

/* ---------------------------------------------------------------- parameters ---- */

static uint32_t width(uint8_t type) {
    switch (type) {
    case GBL_P_BOOL:
    case GBL_P_CHOICE: return sizeof(int32_t);
    case GBL_P_INT: return sizeof(int64_t);
    case GBL_P_REAL: return sizeof(double);
    default: return sizeof(const char *);
    }
}

static int refuse(const char *path, gbl_err *err, const char *expected) {
    gbl_where(err, "%s", path);
    return gbl_expected(err, "%s", expected);
}

/* A row that can be read, of a type that a policy may have, written at its offset before init: inside the state. */
static int check_row(const gbl_policy *p, const gbl_param *row, const gbl_image *image, const char *path, gbl_err *err) {
    if (!is_text(image, row->name) || !*row->name || !is_text_or_none(image, row->dflt) || !is_text_or_none(image, row->unit) ||
        !is_text_or_none(image, row->choices) || !is_text_or_none(image, row->help) || !is_text_or_none(image, row->when)) {
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': parameter %d has a text outside of what is loaded, without end or of control characters", p->name, (int)(row - p->params));
        return refuse(path, err, rebuild);
    }
    if (row->type > GBL_P_CHOICE || (uint64_t)row->offset + width(row->type) > p->state_size || !row->help) {
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': parameter '%s' lies outside its state of %u bytes, or has no type or help", p->name, row->name, p->state_size);
        return refuse(path, err, "offsetof() into the struct whose size is state_size");
    }
    if (gbl_param_find(p->params, row->name) == row && (row->type != GBL_P_CHOICE || (row->choices && *row->choices))) return 0;
    gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': parameter '%s' is there twice, or is a choice without choices", p->name, row->name);
    return refuse(path, err, "one row a parameter, and \"a|b\" for GBL_P_CHOICE");
}

static int check_when(const gbl_policy *p, const gbl_param *row, const char *path, gbl_err *err) {
    const char *word;
    int other;
    if (!row->when || gbl_param_condition(p->params, row, &word, &other)) return 0;
    gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': parameter '%s' is read when %.60s, and there is no such choice", p->name, row->name, row->when);
    return refuse(path, err, "the name of a choice among the parameters, =, and one of its words");
}

static int check_params(const gbl_policy *p, const gbl_image *image, const char *path, gbl_err *err) {
    for (int n = 0; p->params; n++) {
        if (n == GBL_PLUGIN_PARAMETERS || !has(image, p->params + n, sizeof *p->params)) {
            gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': its parameters do not end", p->name);
            return refuse(path, err, "rows in memory of the plug-in, and a last one with name NULL");
        }
        if (!p->params[n].name) break;
        if (check_row(p, &p->params[n], image, path, err)) return err->code;
    }
    for (const gbl_param *row = p->params; row && row->name; row++) {
        if (check_when(p, row, path, err)) return err->code;
        if (gbl_param_default_fits(row)) continue;
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': the default of parameter '%s' is no value of it: %.60s", p->name, row->name, row->dflt);
        return refuse(path, err, "JSON text that its own type, range and choices take: \"0.01\", \"\\\"chunk\\\"\", \"null\"");
    }
    return 0;
}

/* ---------------------------------------------------------------- policies ---- */

static int check_hooks(const gbl_policy *p, const gbl_image *image, const char *path, gbl_err *err) {
    uint32_t n = (p->size - (uint32_t)sizeof *p) / (uint32_t)sizeof(void (*)(void)), there = 0;
    for (uint32_t i = 0; i < n; i++) {
        const void *hook;
        if (tables[p->family].number >> i & 1) continue;
        memcpy(&hook, (const char *)p + sizeof *p + i * sizeof hook, sizeof hook);
        there |= (uint32_t)(hook != NULL) << i;
        if (!hook || room_at(image, hook, 1)) continue;
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': hook %u of its %s is no code that is loaded", p->name, i + 1, tables[p->family].word);
        return refuse(path, err, rebuild);
    }
    uint32_t needs = tables[p->family].needs;
    if (p->family == GBL_SCALE && (there & HOOK(gbl_scale_policy, want))) needs = HOOK(gbl_scale_policy, interval_ns) | HOOK(gbl_scale_policy, delay_ns);
    if ((there & needs) == needs) return 0;
    gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': its %s lacks a hook that every %s policy has", p->name, tables[p->family].word, gbl_family_name(p->family));
    return refuse(path, err, "the hooks of policy.h that may not be NULL");
}

static int check_head(const gbl_policy *p, const gbl_image *image, const char *path, gbl_err *err) {
    if (!has(image, p, sizeof *p) || !is_text(image, p->name) || !is_text_or_none(image, p->help) || !is_text_or_none(image, p->source)) {
        gbl_fail(err, GBL_EINPUT, "a policy of the plug-in, or its name, help or source, lies outside of what is loaded");
        return refuse(path, err, "GBL_EXPORT(&one.head, ...)");
    }
    if (p->name[strspn(p->name, "abcdefghijklmnopqrstuvwxyz0123456789_")]) {
        gbl_fail(err, GBL_EINPUT, "'%.80s' is no name of a policy", p->name);
        return refuse(path, err, "small letters, digits and _");
    }
    if (!*p->name || p->family >= GBL_FAMILIES || !tables[p->family].size) {
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s' is of a family that takes no policies (%d)", p->name, p->family);
        return refuse(path, err, "a name, and route, admit, schedule, preempt, kvmem, prefix, evict, compress, prefetch, execute or scale");
    }
    if (p->abi != GBL_ABI) {
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s' was built for version %d of the %s family; this gable has version %d", p->name, p->abi, gbl_family_name(p->family), GBL_ABI);
        return refuse(path, err, rebuild);
    }
    if (p->size != tables[p->family].size || !has(image, p, p->size)) {
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': its %s has %u bytes, this gable's %u", p->name, tables[p->family].word, p->size, tables[p->family].size);
        return refuse(path, err, rebuild);
    }
    uint32_t request = p->family == GBL_COMPRESS ? ((const gbl_compress_policy *)(const void *)p)->request_size : 0;
    if (p->state_size <= GBL_PLUGIN_STATE && p->block_size <= GBL_PLUGIN_EACH && request <= GBL_PLUGIN_EACH) return 0;
    gbl_fail(err, GBL_EINPUT, "plug-in policy '%s' wants %u bytes of state, %u a block and %u a request", p->name, p->state_size, p->block_size, request);
    return refuse(path, err, "at most 1 GiB, and 64 KiB a block or request");
}

static int check_policy(const gbl_policy *p, const gbl_image *image, const char *path, gbl_err *err) {
    if (check_head(p, image, path, err) || check_params(p, image, path, err)) return err->code;
    return check_hooks(p, image, path, err);
}

static int check_list(const gbl_policy *const *list, const gbl_image *image, const char *path, gbl_err *err) {
    for (int n = 0; list; n++) {
        if (n == GBL_PLUGIN_POLICIES || !has(image, list + n, sizeof *list)) {
            gbl_fail(err, GBL_EINPUT, "the plug-in's list of policies does not end");
            return refuse(path, err, "GBL_EXPORT(&one.head, ...)");
        }
        if (!list[n]) {
            if (n) return 0;
            break;
        }
        if (check_policy(list[n], image, path, err)) return err->code;
    }
    gbl_fail(err, GBL_EINPUT, "the plug-in lists no policy");
    return refuse(path, err, "GBL_EXPORT(&one.head, ...)");
}

int gbl_plugin_check(const void *symbol, const gbl_image *image, const char *path, const gbl_policy *const **list, gbl_err *err) {
    const gbl_export *e = symbol;
    int whole = e && has(image, e, sizeof *e);
    if (!whole || e->magic != GBL_POLICY_MAGIC) {
        gbl_fail(err, GBL_EINPUT, e ? "its symbol gable_policies is not a gable plug-in's" : "the shared object has no symbol gable_policies");
        return refuse(path, err, "a plug-in: a policy file that ends with GBL_EXPORT, built with -shared -fPIC");
    }
    if (e->abi != GBL_ABI) {
        gbl_fail(err, GBL_EINPUT, "the plug-in was built for ABI %u; this gable has ABI %d", e->abi, GBL_ABI);
        return refuse(path, err, rebuild);
    }
    *list = e->list;
    return check_list(e->list, image, path, err);
}
