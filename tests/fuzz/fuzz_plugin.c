/* A plug-in's data symbol as memory, changed by the input in pieces of 11 bytes: where (2), how (1), what (8): some bytes of any
 * value, or a pointer to anywhere in the image and around it. What passes the check can be used: its defaults are written, its
 * parameters printed. */
#include "tests/fuzz/feed.h"
#include "base/param.h"
#include "sim/plugin_check.h"

typedef struct state {
    int64_t budget;
    double share;
    const char *name;
    int32_t on, order;
} state;

typedef struct image {
    gbl_export symbol;
    const gbl_policy *list[3];
    gbl_schedule_policy plans;
    gbl_evict_policy evicts;
    gbl_param row[6];
    char text[128];
} image;

static char code[64]; /* where hooks point to */

/* The address of a copy of the text in the image. */
static const char *say(image *m, const char *text)
{
    char *at = m->text;
    while (*at) at += strlen(at) + 1;
    memcpy(at, text, strlen(text) + 1);
    return at;
}

static void hook(void *where, int i)
{
    const char *at = code + i;
    memcpy(where, &at, sizeof at);
}

static void make(image *m)
{
    const char *help = say(m, "Help."), *unit = say(m, "tokens");
    m->symbol = (gbl_export){GBL_POLICY_MAGIC, GBL_ABI, m->list};
    m->list[0] = &m->plans.head;
    m->list[1] = &m->evicts.head;
    m->row[0] = (gbl_param){say(m, "budget"), GBL_P_INT, GBL_P_NULLABLE, offsetof(state, budget), say(m, "null"), 1, 100, unit, NULL, help, NULL};
    m->row[1] = (gbl_param){say(m, "share"), GBL_P_REAL, 0, offsetof(state, share), say(m, "0.5"), 0, 1, NULL, NULL, help, NULL};
    m->row[2] = (gbl_param){say(m, "name"), GBL_P_STR, 0, offsetof(state, name), say(m, "\"x\""), 1, 0, NULL, NULL, help, NULL};
    m->row[3] = (gbl_param){say(m, "on"), GBL_P_BOOL, 0, offsetof(state, on), say(m, "true"), 1, 0, NULL, NULL, help, NULL};
    m->row[4] = (gbl_param){say(m, "order"), GBL_P_CHOICE, 0, offsetof(state, order), say(m, "\"b\""), 1, 0, NULL, say(m, "a|b"), help, NULL};
    m->plans.head = (gbl_policy){sizeof m->plans, GBL_SCHEDULE, GBL_ABI, say(m, "plans"), help, NULL, m->row, sizeof(state), 0, 0};
    hook(&m->plans.plan, 0);
    m->evicts.head = (gbl_policy){sizeof m->evicts, GBL_EVICT, GBL_ABI, say(m, "evicts"), NULL, help, NULL, 0, 8, 0};
    hook(&m->evicts.victims, 1);
}

static void change(image *m, const uint8_t *piece)
{
    uint64_t v;
    size_t at = (size_t)(piece[0] | piece[1] << 8) % sizeof *m, most = sizeof *m - at;
    memcpy(&v, piece + 3, sizeof v);
    size_t size = piece[2] & 4 ? 8 : (size_t)1 << (piece[2] & 3);
    if (piece[2] & 8) {
        size = sizeof v;
        at -= at % size;
        most = sizeof *m - at;
        v = (uint64_t)(uintptr_t)m + v % (2 * sizeof *m) - sizeof *m / 2;
    }
    memcpy((char *)m + at, &v, size < most ? size : most);
}

static void use(const gbl_policy *p, FILE *to)
{
    gbl_arena *a = gbl_arena_new();
    gbl_err err = {0};
    void *obj = a ? gbl_arena_take(a, p->state_size) : NULL;
    if (p->state_size < 1 << 20) {
        int bad = gbl_param_defaults(p->params, obj, a, &err);
        assert(obj && !bad);
        gbl_param_help(p->params, "policy.", to);
    }
    gbl_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    image *m = calloc(1, sizeof *m);
    gbl_image_part part[] = {{(const char *)m, sizeof *m, 0}, {code, sizeof code, 1}};
    gbl_image all = {part, 2, 2};
    const gbl_policy *const *list = NULL;
    gbl_err err = {0};
    int changed = size >= 11;

    if (!nowhere) nowhere = fopen("/dev/null", "w");
    assert(m);
    make(m);
    for (; size >= 11; data += 11, size -= 11) change(m, data);
    int refused = gbl_plugin_check(&m->symbol, &all, "fuzz", &list, &err);
    assert(changed || !refused);
    if (refused) feed_refused(&err);
    else
        for (; *list; list++) use(*list, nowhere);
    free(m);
    return 0;
}
