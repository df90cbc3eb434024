/* A program of somebody else's, against the installed gable.h alone: everything the header offers, two runs side by side in
 * two threads, a run that is cancelled, and what bad input looks like. Argument: a folder to write a store into. */
#include <gable.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WANT(x)                                                                    \
    do {                                                                           \
        if (!(x)) {                                                                \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);                \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

static const char small[] = "{\"trace\": {\"limit\": 300}, \"engine\": {\"max_num_seqs\": 32}}";

/* Without `sim`, whose clock times differ. */
static char *numbers_of(const gable_result *r)
{
    char *text = strdup(gable_result_json(r)), *sim = strstr(text, "\"sim\"");
    WANT(sim);
    *sim = '\0';
    return text;
}

static void *run_twice(void *seed)
{
    char set[32];
    const char *sets[] = {set};
    gable_document doc = {.text = small};
    gable_options opt = {.size = sizeof opt, .set = sets, .n_set = 1};
    char *first = NULL;
    snprintf(set, sizeof set, "run.seed=%d", *(int *)seed);
    for (int i = 0; i < 6; i++) {
        gable_result *r;
        WANT(gable_run(&r, &doc, &opt, NULL) == GABLE_OK);
        char *now = numbers_of(r);
        WANT(!first || strcmp(first, now) == 0);
        free(first);
        first = now;
        gable_result_free(r);
    }
    return first;
}

static void two_threads(void)
{
    pthread_t t[2];
    int seed[2] = {1, 1};
    void *text[2];
    for (int i = 0; i < 2; i++) WANT(pthread_create(&t[i], NULL, run_twice, &seed[i]) == 0);
    for (int i = 0; i < 2; i++) WANT(pthread_join(t[i], &text[i]) == 0);
    WANT(strcmp(text[0], text[1]) == 0);
    free(text[0]);
    free(text[1]);
}

static void rows(void)
{
    gable_document doc = {.text = small};
    gable_options opt = {.size = sizeof opt, .requests = 1, .timeline = 1};
    gable_result *r;
    gable_error err;
    size_t n, samples;
    WANT(gable_run(&r, &doc, &opt, &err) == GABLE_OK);
    const gable_request *q = gable_result_requests(r, &n);
    WANT(n == 300 && gable_result_number(r, "requests.completed") == 300 && isnan(gable_result_number(r, "no.such")));
    for (size_t i = 0; i < n; i++) {
        int64_t sum = 0;
        for (int p = 0; p < GABLE_PARTS; p++) sum += q[i].part_ns[p];
        WANT(q[i].status == GABLE_COMPLETED && sum == q[i].finish_ns - q[i].arrival_ns);
        WANT(i == 0 || q[i].serial > q[i - 1].serial);
    }
    WANT(gable_result_timeline(r, &samples) && samples > 100);
    WANT(strcmp(gable_part_name(GABLE_PART_QUEUE), "queue") == 0 && !gable_part_name(GABLE_PARTS));
    gable_result_free(r);
}

static void *cancel_soon(void *flag)
{
    usleep(100000);
    *(volatile int *)flag = 1;
    return NULL;
}

static void cancelled(void)
{
    volatile int stop = 0;
    pthread_t t;
    gable_document doc = {.text = "{\"trace\": {\"generate\": {\"requests\": 100000000}}}"};
    gable_options opt = {.size = sizeof opt, .cancel = &stop};
    gable_result *r;
    gable_error err;
    WANT(pthread_create(&t, NULL, cancel_soon, (void *)&stop) == 0);
    WANT(gable_run(&r, &doc, &opt, &err) == GABLE_INTERRUPTED && !r && err.code == GABLE_INTERRUPTED && err.what[0]);
    pthread_join(t, NULL);
}

static void errors(void)
{
    gable_document doc = {.text = "{\"cluster\": {\"hardwear\": \"h100-sxm\"}}"};
    gable_result *r;
    gable_error err;
    char text[2400], *json;
    WANT(gable_run(&r, &doc, NULL, &err) == GABLE_INPUT && !r);
    WANT(strcmp(err.nearest, "hardware") == 0 && err.what[0] && err.where[0]);
    WANT(gable_error_text(&err, text, sizeof text) > 0 && strstr(text, "nearest"));
    WANT(gable_policy(&json, "schedule", "chunked", "{\"token_budgets\": 512}", &err) == GABLE_INPUT && !json);
    WANT(strcmp(err.nearest, "token_budget") == 0);
    WANT(gable_policy(&json, "schedul", "chunked", NULL, &err) == GABLE_INPUT && strcmp(err.nearest, "schedule") == 0);
    WANT(gable_explain(&json, "h100-sx", &err) == GABLE_INPUT && strcmp(err.nearest, "h100-sxm") == 0);
    WANT(gable_model(&json, "{\"llm\": \"llama-3.1-8b\", \"hardwar\": \"l4\"}", &err) == GABLE_INPUT && strcmp(err.nearest, "hardware") == 0);
    WANT(gable_model(&json, "[]", &err) == GABLE_INPUT && gable_list(&json, "hardwares", &err) == GABLE_INPUT);
    doc = (gable_document){.path = "nowhere.json"};
    WANT(gable_run(&r, &doc, NULL, NULL) == GABLE_INPUT && gable_sweep(&json, &doc, NULL, NULL) == GABLE_INPUT);
}

static void texts(void)
{
    char *json;
    WANT(gable_list(&json, NULL, NULL) == GABLE_OK && strstr(json, "\"h100-sxm\""));
    gable_free(json);
    WANT(gable_explain(&json, "h100-sxm", NULL) == GABLE_OK && strstr(json, "\"source\""));
    gable_free(json);
    WANT(gable_schema(&json, "scenario", NULL) == GABLE_OK && strstr(json, "\"properties\""));
    gable_free(json);
    WANT(gable_scenario(&json, NULL, NULL, NULL) == GABLE_OK && strstr(json, "\"max_num_seqs\""));
    gable_free(json);
    WANT(gable_policy(&json, "schedule", "chunked", "{\"token_budget\": 512}", NULL) == GABLE_OK && strstr(json, "512"));
    gable_free(json);
    WANT(gable_model(&json, "{\"llm\": \"llama-3.1-8b\", \"batch\": 8}", NULL) == GABLE_OK && strstr(json, "\"decode_ms\""));
    gable_free(json);
    WANT(gable_data_folder(&json, NULL) == GABLE_OK && strstr(json, "share/gable"));
    gable_free(json);
}

static void sweep_and_store(const char *folder)
{
    static const char sweep[] = "{\"gable\": \"sweep/1\", \"scenario\": {\"trace\": {\"limit\": 100}},"
                                " \"grid\": {\"engine.max_num_seqs\": [8, 64], \"run.seed\": [1, 2]}}";
    char db[512], *json, *again;
    gable_document doc = {.text = sweep};
    gable_store *s;
    gable_error err;
    snprintf(db, sizeof db, "%s/lib.db", folder);
    gable_options opt = {.size = sizeof opt, .db = db, .jobs = 3};
    WANT(gable_sweep(&json, &doc, &opt, &err) == GABLE_OK && strstr(json, "\"point\":3"));
    gable_free(json);
    opt.resume = 1;
    opt.jobs = 1;
    WANT(gable_sweep(&again, &doc, &opt, &err) == GABLE_OK);
    gable_free(again);
    WANT(gable_store_open(&s, db, &err) == GABLE_OK);
    WANT(gable_store_query(&json, s, "SELECT count(*) AS n FROM run", GABLE_JSONL, &err) == GABLE_OK);
    WANT(strstr(json, "4"));
    gable_free(json);
    WANT(gable_store_query(&json, s, "SELECT * FROM runn", GABLE_JSON, &err) == GABLE_INPUT && !json && strcmp(err.nearest, "run") == 0);
    WANT(gable_store_query(&json, s, "DELETE FROM run", GABLE_JSON, &err) == GABLE_INPUT);
    gable_store_close(s);
}

int main(int argc, char **argv)
{
    WANT(argc == 2 && gable_api() == GABLE_API && gable_version()[0]);
    texts();
    rows();
    two_threads();
    cancelled();
    errors();
    sweep_and_store(argv[1]);
    return 0;
}
