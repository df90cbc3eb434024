/* The tools that eviction policies stand on against naive models, and what holds for every policy on a flat set. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "sim/hits.h"
#include "sim/mrc.h"

static uint64_t pick(uint64_t run, uint64_t k, uint64_t n) { return gbl_draw_u64(20261122, 65, run, k) % n; }

/* ---- bit sets and queues against arrays ---- */

static void bits_are_a_sorted_set(void **state) {
    (void)state;
    static const int64_t sizes[] = {1, 63, 64, 65, 4096, 4097, 300000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t n = sizes[i];
        char *in = calloc((size_t)n, 1);
        void *words = calloc(1, gbl_bits_bytes(n));
        gbl_bits b;
        gbl_bits_init(&b, n, words);
        assert_int_equal(gbl_bits_last(&b), -1);
        assert_int_equal(gbl_bits_next(&b, 0), -1);
        for (uint64_t k = 0; k < 3000; k++) {
            int64_t x = (int64_t)pick(i, 3 * k, (uint64_t)n), next = (int64_t)pick(i, 3 * k + 1, (uint64_t)n), last = n - 1, from = next;
            if ((in[x] = (char)(pick(i, 3 * k + 2, 3) == 0))) gbl_bits_set(&b, x);
            else gbl_bits_clear(&b, x);
            assert_int_equal(gbl_bits_has(&b, x), in[x]);
            while (next < n && !in[next]) next++;
            assert_int_equal(gbl_bits_next(&b, from), next < n ? next : -1);
            while (last >= 0 && !in[last]) last--;
            assert_int_equal(gbl_bits_last(&b), last);
        }
        free(in);
        free(words);
    }
}

static void *lend(const gbl_host *h, size_t bytes) { /* remembered, to be freed by the test */
    void **list = h->engine, **block = calloc(1, sizeof *block + bytes);
    assert_non_null(block);
    *block = *list;
    *list = block;
    return block + 1;
}

enum { IDS = 50, QUEUES = 2 };
typedef struct model { /* blocks in order, oldest first */
    int32_t order[IDS], n;
} model;
static void model_drop(model *m, int32_t b) {
    int32_t to = 0;
    for (int32_t i = 0; i < m->n; i++)
        if (m->order[i] != b) m->order[to++] = m->order[i];
    m->n = to;
}

static void check_queue(gbl_queue *q, const model *m, const int *held, int32_t from_block) {
    int32_t out[IDS], n = gbl_queue_firsts(q, IDS, out), at = 0, first = -1, after = -1, seen = 0;
    for (int32_t i = 0; i < m->n; i++) {
        int32_t b = m->order[i];
        seen |= b == from_block;
        if (held[b]) continue;
        if (first < 0) first = b;
        if (seen && after < 0) after = b;
        assert_true(at < n);
        assert_int_equal(out[at++], b);
    }
    assert_int_equal(at, n);
    assert_int_equal(q->n, m->n);
    assert_int_equal(gbl_queue_first(q), first);
    if (seen) assert_int_equal(gbl_queue_from(q, gbl_queue_place(q, from_block)), after);
}

static void queues_keep_the_places_of_held_blocks(void **state) {
    (void)state;
    for (uint64_t run = 0; run < 20; run++) {
        void *lent = NULL;
        gbl_host h = {.engine = &lent, .memory = lend};
        gbl_seat seat[IDS] = {{0}};
        gbl_queue q[QUEUES];
        model m[QUEUES] = {{{0}, 0}};
        int held[IDS] = {0};
        for (uint8_t i = 0; i < QUEUES; i++) gbl_queue_init(&q[i], &h, (uint8_t)(i + 1), IDS, seat, sizeof *seat);
        for (uint64_t k = 0; k < 4000; k++) {
            int32_t b = (int32_t)pick(run, 3 * k, IDS), to = (int32_t)pick(run, 3 * k + 1, QUEUES);
            for (int32_t i = 0; i < QUEUES; i++) { /* whatever it does, it leaves its queue first, or only its hold changes */
                uint64_t what = pick(run, 3 * k + 2, 8);
                if (what < 5 || seat[b].queue == 0) {
                    gbl_queue_drop(&q[i], b);
                    model_drop(&m[i], b);
                    if (i == QUEUES - 1 && what != 4) {
                        gbl_queue_push(&q[to], b);
                        m[to].order[m[to].n++] = b;
                    }
                } else if (seat[b].queue == i + 1) {
                    held[b] = what & 1;
                    gbl_queue_hold(&q[i], b, GBL_HELD, held[b]);
                }
            }
            for (int32_t i = 0; i < QUEUES; i++) check_queue(&q[i], &m[i], held, b);
        }
        while (lent) {
            void **next = lent;
            lent = *next;
            free(next);
        }
    }
}

/* ---- flat sets ---- */

/* A trace whose ids are chained: a tree of prefixes, some branches liked better than others. */
enum { REQUESTS = 400, DEEPEST = 12, FORKS = 3, MOST_IDS = 20000 };
static void make_chains(gbl_chains *c, uint64_t run) {
    static int32_t child[MOST_IDS][FORKS];
    memset(child, 0, sizeof child);
    *c = (gbl_chains){.block = gbl_alloc(REQUESTS * DEEPEST, sizeof *c->block), .one = gbl_alloc(REQUESTS, sizeof *c->one)};
    int32_t nodes = 1; /* 0: the root, no block */
    for (uint64_t i = 0; i < REQUESTS; i++) {
        int32_t n = 1 + (int32_t)pick(run, 1000 + 20 * i, DEEPEST), at = 0;
        c->one[i] = (gbl_chain){.input = (int64_t)n * 64, .session = (int64_t)pick(run, 1019 + 20 * i, 9) - 1, .arrival_ns = (int64_t)i * 1000000000, .first = c->n, .n = n, .id_tokens = 64};
        for (int32_t k = 0; k < n; k++) {
            uint64_t u = pick(run, 1001 + 20 * i + (uint64_t)k, 10);
            int32_t *to = &child[at][u < 6 ? 0 : u < 9 ? 1 : 2];
            if (!*to) *to = nodes++;
            at = *to;
            c->block[c->n++] = at - 1;
        }
        c->n_one++;
    }
    assert_true(nodes < MOST_IDS);
    c->n_ids = nodes - 1;
}

static gbl_hits replay(const gbl_chains *c, gbl_choice *choice, int64_t blocks) {
    gbl_hits h;
    gbl_err err = {0};
    if (gbl_hits_replay(&h, c, choice, blocks, 1, &err)) fail_msg("%s with %lld blocks: %s", choice->policy->name, (long long)blocks, err.what);
    assert_true(h.hit_blocks <= h.found_blocks && h.found_blocks <= h.total_blocks);
    assert_true(blocks < 0 || h.total_blocks - h.found_blocks - h.evicted_blocks <= blocks);
    return h;
}

static gbl_choice choose(gbl_arena *a, const char *name) {
    gbl_choice c;
    gbl_err err = {0};
    assert_int_equal(gbl_choice_bind(&c, GBL_EVICT, NULL, name, a, &err), 0);
    return c;
}

static void nobody_beats_belady(void **state) {
    (void)state;
    gbl_arena *a = gbl_arena_new();
    gbl_choice belady = choose(a, "belady");
    int64_t better = 0;
    for (uint64_t run = 0; run < 60; run++) {
        gbl_chains c;
        make_chains(&c, run);
        int64_t blocks = 1 + (int64_t)pick(run, 1, 1 + (uint64_t)c.n_ids), best = replay(&c, &belady, blocks).hit_blocks;
        const gbl_policy *p;
        for (int i = 0; (p = gbl_policy_at(GBL_EVICT, i)); i++) {
            gbl_choice choice = choose(a, p->name);
            int64_t hits = replay(&c, &choice, blocks).hit_blocks;
            if (hits > best) fail_msg("run %d, %lld blocks: %s hits %lld, belady %lld", (int)run, (long long)blocks, p->name, (long long)hits, (long long)best);
            better += hits < best;
            if (strcmp(p->name, "none") && strcmp(p->name, "ttl")) /* with room for all, whoever keeps finds everything */
                assert_int_equal(replay(&c, &choice, c.n_ids).hit_blocks, replay(&c, &belady, -1).hit_blocks);
        }
        gbl_chains_fini(&c);
    }
    assert_true(better > 300); /* not vacuous */
    gbl_arena_free(a);
}

static int64_t misses(const gbl_chains *c, gbl_choice *choice, int64_t blocks) {
    gbl_hits h = replay(c, choice, blocks);
    return h.total_blocks - h.found_blocks;
}

static gbl_choice spelled(gbl_arena *a, gbl_doc **doc, const char *text) {
    gbl_choice c;
    gbl_err err = {0};
    assert_int_equal(gbl_doc_parse(doc, "policy", text, strlen(text), &err), 0);
    assert_int_equal(gbl_choice_bind(&c, GBL_EVICT, gbl_doc_root(*doc), NULL, a, &err), 0);
    return c;
}

/* Perfect bits are as good as the optimum that has to keep the newcomer; worse bits do worse. */
static void perfect_advice_is_the_optimum(void **state) {
    (void)state;
    static const char *const words[] = {"{\"use\":\"advice\"}", "{\"use\":\"advice\",\"error\":0.05}", "{\"use\":\"advice\",\"error\":0.2}", "{\"use\":\"advice\",\"error\":0.5}"};
    gbl_arena *a = gbl_arena_new();
    gbl_doc *doc[6];
    gbl_choice optimum = spelled(a, &doc[4], "{\"use\":\"belady\",\"bypass\":false}"), phase = spelled(a, &doc[5], "{\"use\":\"advice\",\"bit\":\"phase\"}"), advice[4], random = choose(a, "random");
    for (int k = 0; k < 4; k++) advice[k] = spelled(a, &doc[k], words[k]);
    int64_t sum[4] = {0}, by_phase = 0, by_luck = 0;
    for (uint64_t run = 0; run < 40; run++) {
        gbl_chains c;
        make_chains(&c, run);
        int64_t blocks = 20 + (int64_t)pick(run, 2, (uint64_t)c.n_ids / 4), best = misses(&c, &optimum, blocks);
        assert_int_equal(misses(&c, &advice[0], blocks), best);
        for (int k = 0; k < 4; k++) sum[k] += misses(&c, &advice[k], blocks);
        by_phase += misses(&c, &phase, blocks);
        by_luck += misses(&c, &random, blocks);
        gbl_chains_fini(&c);
    }
    assert_true(sum[0] < sum[1] && sum[1] < sum[2] && sum[2] < sum[3]);
    assert_true(sum[0] < by_phase && by_phase < by_luck);
    for (int k = 0; k < 6; k++) gbl_doc_free(doc[k]);
    gbl_arena_free(a);
}

/* ---- pins ---- */

/* Session 1 takes ten blocks at time 0 and again at `again_s`; between, one other session a second takes two blocks each. */
static gbl_chains two_turns(int64_t again_s, int32_t others) {
    gbl_chains c = {.block = gbl_alloc(1000, sizeof *c.block), .one = gbl_alloc(300, sizeof *c.one), .n_ids = 10 + 2 * others};
    for (int64_t t = 0; t <= again_s; t++) {
        int mine = t == 0 || t == again_s;
        if (!mine && t > others) continue;
        gbl_chain q = {.input = mine ? 640 : 128, .session = mine ? 1 : 1 + t, .arrival_ns = t * 1000000000, .first = c.n, .n = mine ? 10 : 2, .id_tokens = 64};
        for (int32_t k = 0; k < q.n; k++) c.block[c.n++] = mine ? k : 10 + 2 * (int32_t)(t - 1) + k;
        c.one[c.n_one++] = q;
    }
    return c;
}
static int64_t hits_of(gbl_arena *a, const char *words, const gbl_chains *c, int64_t blocks) {
    gbl_doc *doc;
    gbl_choice choice = spelled(a, &doc, words);
    int64_t hits = replay(c, &choice, blocks).hit_blocks;
    gbl_doc_free(doc);
    return hits;
}

static void pins_hold_until_the_deadline(void **state) {
    (void)state;
    gbl_arena *a = gbl_arena_new();
    gbl_chains c = two_turns(40, 30);
    assert_int_equal(hits_of(a, "{\"use\":\"lru\"}", &c, 20), 0);
    assert_int_equal(hits_of(a, "{\"use\":\"pin_until\",\"pin_s\":41}", &c, 20), 10);
    assert_int_equal(hits_of(a, "{\"use\":\"pin_until\",\"pin_s\":20}", &c, 20), 0);              /* the deadline came first */
    assert_int_equal(hits_of(a, "{\"use\":\"pin_until\",\"pin_s\":41,\"share\":0.2}", &c, 20), 4); /* four blocks may be pinned: the head's */
    assert_int_equal(hits_of(a, "{\"use\":\"pin_until\",\"pin_s\":41,\"share\":1}", &c, 14), 10); /* the newest pins give way */
    assert_int_equal(hits_of(a, "{\"use\":\"continuum\",\"rule\":\"fixed\"}", &c, 20), 0);            /* two seconds */
    assert_int_equal(hits_of(a, "{\"use\":\"continuum\",\"rule\":\"fixed\",\"threshold_s\":41}", &c, 20), 10);
    gbl_chains_fini(&c);
    gbl_arena_free(a);
}

/* Many sessions pause 5 s between two turns of ten blocks, worth 10 s to compute again in a flat set (1 s a block): once it has seen
 * enough of them, the predicted deadline outlasts the pause; worth 1 s it is not waited for. */
static void continuum_learns_the_pause(void **state) {
    (void)state;
    enum { SESSIONS = 400 };
    for (int32_t n = 1; n <= 10; n += 9) {
        gbl_chains c = {.block = gbl_alloc(2 * SESSIONS * 10, sizeof *c.block), .one = gbl_alloc(2 * SESSIONS, sizeof *c.one), .n_ids = SESSIONS * n};
        for (int64_t t = 0; t < SESSIONS + 5; t++)
            for (int turn = 1; turn >= 0; turn--) {
                int64_t session = turn ? t - 5 : t;
                if (session < 0 || session >= SESSIONS) continue;
                c.one[c.n_one++] = (gbl_chain){.input = n * 64, .session = session, .arrival_ns = t * 1000000000 + !turn, .first = c.n, .n = n, .id_tokens = 64};
                for (int32_t k = 0; k < n; k++) c.block[c.n++] = (int32_t)session * n + k;
            }
        gbl_arena *a = gbl_arena_new();
        int64_t lru = hits_of(a, "{\"use\":\"lru\"}", &c, 4 * n), fixed = hits_of(a, "{\"use\":\"continuum\",\"rule\":\"fixed\"}", &c, 4 * n);
        int64_t predicted = hits_of(a, "{\"use\":\"continuum\"}", &c, 4 * n);
        assert_int_equal(lru, 0); /* five newcomers between two turns, room for four */
        assert_int_equal(fixed, 0);
        if (n == 1) assert_int_equal(predicted, 0);
        else assert_true(predicted > 1000); /* room for three of five that pause, from the hundredth pause on: at most 1,800 */
        gbl_chains_fini(&c);
        gbl_arena_free(a);
    }
}

/* ---- the miss-ratio curve ---- */

static void write_trace(const char *path, const gbl_chains *c) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < c->n_one; i++) {
        const gbl_chain *q = &c->one[i];
        fprintf(f, "{\"timestamp\":%lld,\"input_length\":%lld,\"output_length\":1,\"hash_ids\":[", (long long)(q->arrival_ns / 1000000), (long long)q->n * 512 - (long long)(i % 512));
        for (int32_t k = 0; k < q->n; k++) fprintf(f, "%s%d", k ? "," : "", c->block[q->first + (size_t)k]);
        fprintf(f, "]}\n");
    }
    fclose(f);
}

static void one_pass_knows_every_capacity(void **state) {
    (void)state;
    static const char *const order[] = {"lru", "lru_tail"};
    gbl_arena *a = gbl_arena_new();
    char path[] = "/tmp/gable-mrc-XXXXXX";
    gbl_err err = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (uint64_t run = 0; run < 12; run++) {
        gbl_chains made, c;
        gbl_source *s;
        gbl_mrc *m;
        make_chains(&made, run);
        write_trace(path, &made);
        for (int tail = 0; tail < 2; tail++) {
            gbl_choice choice = choose(a, order[tail]);
            assert_int_equal(gbl_source_open_file(&s, path, NULL, &err), 0);
            assert_int_equal(gbl_mrc_new(&m, s, 1, tail, &err), 0);
            gbl_source_close(s);
            assert_int_equal(gbl_source_open_file(&s, path, NULL, &err), 0);
            assert_int_equal(gbl_chains_read(&c, s, &err), 0);
            gbl_source_close(s);
            for (int64_t blocks = 1; blocks < c.n_ids + 20; blocks += 1 + blocks / 7) {
                double hit_blocks, hit_tokens;
                gbl_hits h = replay(&c, &choice, blocks);
                gbl_mrc_at(m, blocks, &hit_blocks, &hit_tokens);
                assert_int_equal((int64_t)hit_blocks, h.hit_blocks);
                assert_int_equal((int64_t)hit_tokens, h.hit_tokens);
            }
            assert_int_equal((int64_t)gbl_mrc_know(m)->unique_blocks, c.n_ids);
            assert_int_equal((int64_t)gbl_mrc_know(m)->cold, c.n_ids);
            gbl_mrc_free(m);
            gbl_chains_fini(&c);
        }
        gbl_chains_fini(&made);
    }
    unlink(path);
    gbl_arena_free(a);
}

/* A tenth of the ids tells the curve of a Zipf trace to two points from 300 sampled blocks on. */
static void a_sample_tells_the_curve(void **state) {
    (void)state;
    enum { IDS_N = 20000, USES = 60000 };
    char path[] = "/tmp/gable-shards-XXXXXX";
    gbl_err err = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    for (uint64_t i = 0; i < USES; i++) { /* rank by the inverse of a continuous Zipf law of exponent 0.8 */
        double u = gbl_draw(20261123, 65, i, 0);
        fprintf(f, "{\"timestamp\":%d,\"input_length\":512,\"output_length\":1,\"hash_ids\":[%d]}\n", (int)i, (int)pow(u * (pow(IDS_N, 0.2) - 1) + 1, 5));
    }
    fclose(f);
    gbl_mrc *m[2];
    for (int k = 0; k < 2; k++) {
        gbl_source *s;
        assert_int_equal(gbl_source_open_file(&s, path, NULL, &err), 0);
        assert_int_equal(gbl_mrc_new(&m[k], s, k ? 0.1 : 1, 0, &err), 0);
        gbl_source_close(s);
    }
    for (int64_t blocks = 3000; blocks < IDS_N; blocks *= 2) { /* smaller ones hang on whether the few hottest ids are in the sample */
        double exact, about, tokens;
        gbl_mrc_at(m[0], blocks, &exact, &tokens);
        gbl_mrc_at(m[1], blocks, &about, &tokens);
        if (fabs(exact - about) > 0.02 * USES) fail_msg("%lld blocks: %g hits, sampled %g", (long long)blocks, exact, about);
    }
    gbl_mrc_free(m[0]);
    gbl_mrc_free(m[1]);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bits_are_a_sorted_set), cmocka_unit_test(queues_keep_the_places_of_held_blocks), cmocka_unit_test(nobody_beats_belady),
                                       cmocka_unit_test(perfect_advice_is_the_optimum), cmocka_unit_test(pins_hold_until_the_deadline),
                                       cmocka_unit_test(continuum_learns_the_pause), cmocka_unit_test(one_pass_knows_every_capacity),
                                       cmocka_unit_test(a_sample_tells_the_curve)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
