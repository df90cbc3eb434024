/* Turns of sessions: every reader by hand, who waits for whom, what a turn shares with the turns before it, and that the engine
 * finds it again. */
#include "tests/unit/traces_help.h"

#include <math.h>

#include "base/text.h"
#include "sim/run.h"
#include "traces/turns.h"

/* ---- contexts ---- */

static void turn_ids(gbl_context *c, gbl_turn t, uint64_t *id, int32_t *n_ids, int32_t *n_all)
{
    gbl_id_runs runs = {.run = NULL};
    assert_int_equal(gbl_context_turn(c, &t, &runs), 0);
    int32_t k = 0;
    for (size_t i = 0; i < runs.n; i++)
        for (int64_t j = 0; j < runs.run[i].n; j++) id[k++] = gbl_mix64(runs.run[i].key, runs.run[i].start + (uint64_t)j);
    *n_ids = t.r.n_ids;
    *n_all = t.r.n_ids + t.r.n_output_ids;
    assert_int_equal(k, *n_all);
    gbl_free(runs.run);
}

static int same(const uint64_t *a, const uint64_t *b, int n)
{
    int k = 0;
    while (k < n && a[k] == b[k]) k++;
    return k;
}

static gbl_turn whole(int64_t input, int64_t output)
{
    return (gbl_turn){.r = {.input = input, .output = output}, .session = 7, .grows = GBL_GROWS_WHOLE};
}

static void contexts_grow(void **state)
{
    (void)state;
    gbl_context c = {.fork = NULL};
    uint64_t a[64], b[64], d[64], e[64];
    int32_t n, all;
    turn_ids(&c, whole(100, 28), a, &n, &all); /* 128 tokens: 8 blocks, 7 of them begin in the prompt */
    assert_int_equal(n, 7);
    assert_int_equal(all, 8);
    turn_ids(&c, whole(200, 10), b, &n, &all); /* repeats prompt and answer */
    assert_int_equal(n, 13);
    assert_int_equal(all, 14);
    assert_int_equal(same(a, b, 8), 8);
    turn_ids(&c, whole(205, 3), d, &n, &all); /* less than 210: only the prompt of 200, which ends inside block 12 */
    assert_int_equal(same(b, d, 13), 12);
    gbl_turn t = whole(90, 5);
    t.kept = 40; /* compacted: two whole blocks stay */
    turn_ids(&c, t, e, &n, &all);
    assert_int_equal(same(d, e, 6), 2);
    gbl_context_fini(&c);
}

static void contexts_by_delta(void **state)
{
    (void)state;
    gbl_context c = {.fork = NULL};
    uint64_t a[64], b[64];
    int32_t n, all;
    gbl_turn t = {.r = {.input = 30, .output = 10}, .session = 1, .grows = GBL_GROWS_DELTA};
    turn_ids(&c, t, a, &n, &all);
    turn_ids(&c, t, b, &n, &all); /* 30 + 10 + 30 */
    assert_int_equal(c.input, 70);
    assert_int_equal(n, 5);
    assert_int_equal(same(a, b, 3), 3);
    gbl_context_fini(&c);
}

static void shared_heads(void **state)
{
    (void)state;
    uint64_t a[64], b[64];
    int32_t n, all;
    for (uint64_t i = 0; i < 2; i++) {
        gbl_context c = {.fork = NULL};
        gbl_turn t = whole(100, 1);
        t.session = i;
        t.shared = 5;
        t.shared_tokens = 70; /* four whole blocks */
        turn_ids(&c, t, i ? b : a, &n, &all);
        gbl_context_fini(&c);
    }
    assert_int_equal(same(a, b, 7), 4);
}

/* ---- closed replay, by hand ---- */

static int none_yet(gbl_source *s)
{
    gbl_record r;
    gbl_err err;
    return gbl_source_next(s, &r, &err);
}

#define AGENTIC                                                                                                                  \
    "{\"session_id\":\"a\",\"arrival_time_ns\":5000000000,\"sub_requests\":[{\"input_toks\":100,\"output_toks\":28,"              \
    "\"tool_duration_ns\":2000000000},{\"input_toks\":200,\"output_toks\":10,\"tool_duration_ns\":0}]}\n"                         \
    "{\"input_toks\":20,\"output_toks\":13,\"arrival_time_ns\":6000000000,\"input_tok_ids\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,"   \
    "15,16,17,18,19,20],\"output_tok_ids\":[21,22,23,24,25,26,27,28,29,30,31,32,33]}\n"

static void llmservingsim_closed(void **state)
{
    (void)state;
    put(AGENTIC);
    gbl_source *s = from_json("{\"file\": \"" TRACE "\", \"think_scale\": 0.5}", 1);
    assert_true(gbl_source_closed(s));
    gbl_record a = next_of(s);
    assert_int_equal(a.arrival_ns, 0);
    assert_int_equal(a.input, 100);
    assert_int_equal(a.turn, 0);
    assert_int_equal(a.last, 0);
    assert_int_equal(a.tool, 1);
    assert_int_equal(a.pause_ns, 2000000000);
    gbl_record b = next_of(s); /* one start ahead of time */
    assert_int_equal(b.arrival_ns, 1000000000);
    assert_int_equal(b.n_ids, 2);
    assert_int_equal(b.n_output_ids, 1); /* 33 tokens in 3 blocks */
    assert_int_equal(none_yet(s), 2);
    gbl_source_done(s, a.serial, 7000000000);
    gbl_record c = next_of(s);
    assert_int_equal(c.arrival_ns, 8000000000); /* 7 s and half of 2 s */
    assert_int_equal(c.session, a.session);
    assert_int_equal(c.turn, 1);
    assert_int_equal(c.last, 1);
    ends(s);
}

static void llmservingsim_open(void **state)
{
    (void)state;
    put(AGENTIC);
    gbl_source *s = from_file(TRACE); /* as it is: an answer takes no time */
    assert_int_equal(next_of(s).arrival_ns, 0);
    assert_int_equal(next_of(s).arrival_ns, 1000000000);
    assert_int_equal(next_of(s).arrival_ns, 2000000000);
    ends(s);
}

static void aiperf_turns(void **state)
{
    (void)state;
    put("{\"session_id\": \"x\", \"input_length\": 300, \"output_length\": 40}\n{\"session_id\": \"x\", \"delay\": 2, \"input_length\": 150, \"output_length\": 20}\n"
        "{\"timestamp\": 1, \"input_length\": 7, \"session_id\": \"y\"}\n");
    gbl_source *s = from_json("{\"file\": \"" TRACE "\", \"format\": \"aiperf\"}", 1);
    gbl_record a = next_of(s), b = next_of(s);
    assert_int_equal(a.input, 300);
    assert_int_equal(b.output, 1);
    gbl_source_done(s, a.serial, 1000000);
    gbl_record c = next_of(s);
    assert_int_equal(c.arrival_ns, 3000000); /* 1 ms + 2 ms */
    assert_int_equal(c.input, 490);          /* history and its answer, and 150 */
    assert_int_equal(gbl_source_repairs(s)->no_output, 1);
    ends(s);
}

#define CHAT(ID, PARENT, T) "{\"chat_id\": " #ID ", \"parent_chat_id\": " #PARENT ", \"timestamp\": " #T ", \"input_length\": 40, \"output_length\": 9, \"turn\": 1, \"hash_ids\": [1, 2, " #ID "]}\n"

static void bailian_chats(void **state)
{
    (void)state;
    put(CHAT(1, -1, 10) CHAT(2, 1, 20) CHAT(3, 99, 20.5) CHAT(4, 2, 21));
    gbl_source *s = from_json("{\"file\": \"" TRACE "\"}", 1); /* paced: as recorded */
    const int64_t at[] = {0, 10000000000, 10500000000, 11000000000};
    for (int i = 0; i < 4; i++) assert_int_equal(next_of(s).arrival_ns, at[i]);
    assert_int_equal(gbl_source_repairs(s)->no_parent, 1);
    ends(s);
    s = from_json("{\"file\": \"" TRACE "\", \"replay\": \"closed\"}", 1);
    gbl_record a = next_of(s);
    assert_int_equal(a.id_tokens, 16);
    assert_int_equal(none_yet(s), 2);
    gbl_source_done(s, a.serial, 15000000000); /* answered after its child's time */
    gbl_record b = next_of(s);
    assert_int_equal(b.arrival_ns, 15000000000);
    assert_int_equal(b.session, a.session);
    assert_int_equal(next_of(s).arrival_ns, 15000000000); /* chat 3, alone; its time has gone by */
    gbl_source_done(s, b.serial, 16000000000);
    assert_int_equal(next_of(s).session, a.session);
    ends(s);
}

static void bailian_bad(void **state)
{
    (void)state;
    refuse(CHAT(1, 1, 10), "chat_id 1 is its own parent", TRACE ":1", "parent_chat_id of an earlier row, or -1", "");
    refuse(CHAT(1, -1, 10) CHAT(1, -1, 11), "chat_id 1 is there twice", TRACE ":2", "one row a chat_id", "");
    refuse(CHAT(1, -1, 10) CHAT(2, 1, 9), "arrival times decrease by 1 s", TRACE ":2", "rows in order of arrival", "");
}

/* Main agent: two requests, then a sub-agent of two (result at 30 s after 20 s), then a third request. 64-token blocks. */
#define WEKA                                                                                                                             \
    "{\"id\":\"w\",\"block_size\":64,\"hash_id_scope\":\"local\",\"requests\":["                                                         \
    "{\"t\":0.0,\"type\":\"n\",\"in\":130,\"out\":62,\"hash_ids\":[1,2],\"stop\":\"tool_use\",\"api_time\":4.0,\"think_time\":0.0},"     \
    "{\"t\":6.0,\"type\":\"s\",\"in\":300,\"out\":10,\"hash_ids\":[1,2,3,4],\"api_time\":4.0,\"think_time\":2.0},"                       \
    "{\"t\":30.0,\"type\":\"subagent\",\"agent_id\":\"s\",\"duration_ms\":20000,\"requests\":["                                          \
    "{\"t\":0.0,\"type\":\"n\",\"in\":64,\"out\":5,\"hash_ids\":[9],\"api_time\":1.0,\"think_time\":0.0},"                               \
    "{\"t\":3.0,\"type\":\"n\",\"in\":128,\"out\":5,\"hash_ids\":[9,10],\"api_time\":17.0,\"think_time\":2.0}]},"                        \
    "{\"t\":33.0,\"type\":\"n\",\"in\":70,\"out\":10,\"hash_ids\":[1],\"api_time\":1.0,\"think_time\":23.0}]}\n"

static void weka_topology(void **state)
{
    (void)state;
    put(WEKA);
    gbl_source *s = from_json("{\"file\": \"" TRACE "\"}", 1);
    gbl_record a = next_of(s);
    assert_int_equal(a.n_ids, 3); /* 130 tokens: the third block is the next prompt's, whose 300 >= 130 + 62 */
    assert_int_equal(a.n_output_ids, 0);
    assert_int_equal(a.goes_on, 1);
    assert_int_equal(a.tool, 1);
    assert_int_equal(a.pause_ns, 2000000000);
    assert_int_equal(none_yet(s), 2);
    gbl_source_done(s, 0, 1000000000);
    gbl_record b = next_of(s);
    assert_int_equal(b.arrival_ns, 3000000000); /* 1 s and its think time */
    assert_int_equal(none_yet(s), 2);
    gbl_source_done(s, 1, 5000000000);
    gbl_record sub = next_of(s); /* began at 10 s, where the second answer came: no pause */
    assert_int_equal(sub.arrival_ns, 5000000000);
    assert_int_not_equal(sub.session, b.session);
    assert_int_equal(sub.program, b.session);
    assert_int_equal(none_yet(s), 2); /* the third request waits for the sub-agent */
    gbl_source_done(s, 2, 6000000000);
    gbl_record sub2 = next_of(s);
    assert_int_equal(sub2.arrival_ns, 8000000000);
    assert_int_equal(sub2.last, 1);
    gbl_source_done(s, 3, 9000000000);
    gbl_record c = next_of(s);
    assert_int_equal(c.arrival_ns, 12000000000); /* 33 s - 30 s after the sub-agent's end */
    assert_int_equal(c.input, 70);
    assert_int_equal(c.turn, 2);
    ends(s);
}

static void weka_bad(void **state)
{
    (void)state;
    refuse("{\"id\":\"w\",\"block_size\":0,\"requests\":[]}", "block_size 0 is not from 1 to 1048576", TRACE ":1", "tokens of a block, such as 64", "");
    refuse("{\"id\":\"w\",\"block_size\":64,\"requests\":[{\"t\":0,\"in\":5}]}", "missing key \"out\"", TRACE ":1:39", "t, in, out of a request; t, type, requests of a sub-agent", "");
    refuse("{\"id\":\"w\",\"block_size\":64,\"requests\":[{\"t\":0,\"in\":5,\"out\":1,\"hash_rle\":[1]}]}", "hash_rle has a start without a length", TRACE ":1", "", "");
    refuse("{\"id\":\"w\",\"block_size\":64,\"requests\":[{\"t\":-1,\"in\":5,\"out\":1}]}", "t is negative: -1", TRACE ":1:44", "s, from 0 to 9e9", "");
    put("{\"id\":\"w\",\"block_size\":64,\"requests\":[{\"t\":5,\"in\":192,\"out\":1,\"hash_ids\":[1,2,1]},{\"t\":3,\"in\":64,\"out\":1,\"hash_ids\":[1]}]}");
    gbl_source *s = from_file(TRACE);
    assert_int_equal(next_of(s).n_ids, 2);
    next_of(s);
    assert_int_equal(gbl_source_repairs(s)->ids_twice, 1);
    assert_int_equal(gbl_source_repairs(s)->ids_short, 1);
    assert_int_equal(gbl_source_repairs(s)->time_back, 1);
    ends(s);
}

static void sessions_at_a_time(void **state)
{
    (void)state;
    char text[2000] = "";
    for (int i = 0; i < 3; i++)
        sprintf(text + strlen(text), "{\"session_id\":\"%d\",\"arrival_time_ns\":%d,\"sub_requests\":[{\"input_toks\":9,\"output_toks\":9,\"tool_duration_ns\":5},{\"input_toks\":9,\"output_toks\":9}]}\n", i, i);
    put(text);
    gbl_source *s = from_json("{\"file\": \"" TRACE "\", \"concurrency\": 1}", 1);
    for (int i = 0; i < 3; i++) {
        gbl_record a = next_of(s);
        assert_int_equal(a.arrival_ns, i * 100);
        assert_int_equal(none_yet(s), 2);
        gbl_source_done(s, a.serial, i * 100 + 50);
        gbl_record b = next_of(s);
        assert_int_equal(b.arrival_ns, i * 100 + 55);
        gbl_source_done(s, b.serial, i * 100 + 100);
    }
    ends(s);
}

static void keys_that_nothing_reads(void **state)
{
    (void)state;
    gbl_err err;
    gbl_source *s = NULL;
    put("{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1}\n");
    assert_int_equal(open_json(&s, "{\"file\": \"" TRACE "\", \"replay\": \"closed\"}", 1, &err), GBL_EINPUT);
    assert_string_equal(err.what, "replay is not read: the requests are not turns of sessions");
    put(AGENTIC);
    assert_int_equal(open_json(&s, "{\"file\": \"" TRACE "\", \"replay\": \"open\", \"concurrency\": 2}", 1, &err), GBL_EINPUT);
    assert_string_equal(err.what, "concurrency is not read: recorded times are replayed as they are");
}

/* ---- the plain readers ---- */

static void burstgpt_rows(void **state)
{
    (void)state;
    put("Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,s1,1.5,\"Chat,GPT\",472,18,490,Conversation log\n"
        "6.5,,2,GPT-4,10,0,10,API log\n45,s1,3,ChatGPT,1087,230,1317,Conversation log\n");
    gbl_source *s = from_file(TRACE);
    gbl_record a = next_of(s), b = next_of(s);
    assert_int_equal(a.input, 472);
    assert_int_equal(b.arrival_ns, 40000000000);
    assert_int_equal(b.session, a.session);
    assert_int_equal(b.turn, 1);
    assert_int_equal(gbl_source_repairs(s)->failed, 1);
    ends(s);
}

static void csv_rows(void **state)
{
    (void)state;
    put("arrived_at,num_prefill_tokens,num_decode_tokens\n0.0,374,44\n4.314579,396,109\n");
    gbl_source *s = from_file(TRACE);
    check_row(s, 0, 0, 374, 44);
    check_row(s, 1, 4314579000, 396, 109);
    ends(s);
    put("request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n0,2,0,1,1,4096,32\n1,0,0,2,1,5,5\n2,2,7,3,1,2048,8\n");
    s = from_file(TRACE);
    check_row(s, 0, 0, 4096, 32);
    gbl_record r = next_of(s);
    assert_int_equal(r.tenant, 1);
    assert_int_equal(r.arrival_ns, 2000000000);
    assert_int_equal(gbl_source_repairs(s)->foreign, 1);
    ends(s);
    put("trace_version: 2\ntime_unit: microseconds\nmode: real\nrequest_id,tenant_id,session_id,round_index,input_tokens,output_tokens,arrival_time_us,status\n"
        "r0,t,s,0,10,5,1000,ok\nr1,t,s,1,20,5,2500,error\nr2,u,s,2,30,5,2500,ok\n");
    s = from_file(TRACE);
    assert_int_equal(next_of(s).tenant, 0);
    r = next_of(s);
    assert_int_equal(r.arrival_ns, 1500000);
    assert_int_equal(r.tenant, 1);
    assert_int_equal(r.turn, 2);
    assert_int_equal(gbl_source_repairs(s)->failed, 1);
    ends(s);
    /* Every column that is documented, the optional ones too, in another order; think_time_us 0 is none or unknown. */
    put("status,finish_reason,arrival_time_us,send_time_us,first_chunk_time_us,last_chunk_time_us,num_chunks,request_id,input_tokens,output_tokens,slo_target_us,vllm_priority,adapter,think_time_us\n"
        "ok,stop,500,510,900,1500,3,r0,12,3,100000,2,none,0\nok,length,501.5,510,900,1500,3,r1,13,4,,,,5\ntimeout,,502,510,,,0,r2,14,5,,,,\n");
    s = from_file(TRACE);
    assert_string_equal(gbl_source_format(s), "trace_v2");
    r = next_of(s);
    assert_true(r.input == 12 && r.output == 3 && r.priority == 2 && r.session == -1);
    check_row(s, 1, 1500, 13, 4);
    gbl_err ignored;
    assert_int_equal(gbl_source_next(s, &r, &ignored), 0);
    assert_int_equal(gbl_source_repairs(s)->failed, 1);
    gbl_source_close(s);
    refuse("num_prefill_tokens,num_decode_tokens\n1,2\n", "the trace has no arrival times: no column arrived_at", TRACE ":1",
           "arrivals from a generator: \"generate\": {\"arrival\": {\"use\": \"poisson\", \"rate_s\": 1}, \"rows\": {\"file\": \"t.trace\", \"input\": \"num_prefill_tokens\", \"output\": \"num_decode_tokens\"}}", "");
}

static void otel_spans(void **state)
{
    (void)state;
    put("{\n \"spans\": [\n"
        "{\"trace_id\": \"t\", \"span_id\": \"b\", \"parent_span_id\": \"a\", \"start_time\": \"2026-02-26T10:00:05+00:00\", \"end_time\": \"2026-02-26T10:00:06+00:00\",\n"
        " \"attributes\": {\"gen_ai.usage.prompt_tokens\": 20, \"gen_ai.usage.completion_tokens\": 4}},\n"
        "{\"trace_id\": \"t\", \"span_id\": \"a\", \"start_time\": \"2026-02-26T10:00:00+00:00\", \"end_time\": \"2026-02-26T10:00:02+00:00\",\n"
        " \"attributes\": {\"gen_ai.usage.input_tokens\": 10, \"gen_ai.usage.output_tokens\": 3}},\n"
        "{\"trace_id\": \"t\", \"span_id\": \"c\", \"start_time\": 1, \"end_time\": 2, \"attributes\": {}}]}\n");
    gbl_source *s = from_json("{\"file\": \"" TRACE "\", \"replay\": \"closed\"}", 1);
    gbl_record a = next_of(s);
    assert_int_equal(a.input, 10);
    assert_int_equal(none_yet(s), 2);
    gbl_source_done(s, 0, 1000000000);
    gbl_record b = next_of(s);
    assert_int_equal(b.arrival_ns, 5000000000); /* not before its time; by its pause it could come at 4 s */
    assert_int_equal(gbl_source_repairs(s)->foreign, 1);
    gbl_source_done(s, b.serial, 6000000000);
    ends(s);
}

#define ROUND(SESSION, INPUT, SENT, END)                                                                                                   \
    "{\"session_id\": \"" SESSION "\", \"input_tokens_total\": " #INPUT ", \"output_tokens\": 10, \"timing_events\": [{\"event_type\": \"tool_result\", " \
    "\"timestamp\": \"2026-06-01T05:40:" #SENT "Z\"}, {\"event_type\": \"tool_call\", \"timestamp\": \"2026-06-01T05:40:" #END "Z\"}]}\n"

static void tracelab_rounds(void **state)
{
    (void)state;
    put(ROUND("a", 100, 20.000, 25.000) ROUND("a", 150, 28.500, 30.000) ROUND("b", 100, 10.000, 11.000));
    gbl_source *s = from_json("{\"file\": \"" TRACE "\"}", 1);
    gbl_record a = next_of(s), b = next_of(s);
    assert_int_equal(a.tool, 1);
    assert_int_not_equal(a.session, b.session);
    gbl_source_done(s, 0, 1000000000);
    gbl_record c = next_of(s);
    assert_int_equal(c.arrival_ns, 4500000000); /* 1 s and a pause of 3.5 s */
    assert_int_equal(c.turn, 1);
    assert_int_equal(c.input, 150);
    ends(s);
    refuse("{\"session_id\": \"a\", \"input_tokens_total\": 1, \"output_tokens\": 1, \"timing_events\": [{\"timestamp\": \"soon\"}]}", "timestamp is not a time: soon", TRACE ":1:99",
           "a time like 2026-06-01T05:40:20.151Z", "");
}

/* ---- in the engine ---- */

static double run_get(const char *json, const char *name)
{
    gbl_err err = {0};
    gbl_doc *doc;
    gbl_scenario *s;
    gbl_result *r;
    int code = gbl_doc_parse(&doc, "scenario", json, strlen(json), &err);
    if (!code) code = gbl_scenario_bind(&s, doc, &err);
    if (!code) code = gbl_run(&r, s, NULL, &err);
    must(code, &err);
    double v = gbl_result_get(r, name);
    gbl_result_free(r);
    gbl_scenario_free(s);
    return v;
}

/* Turn 2 repeats turn 1's prompt and answer: 1000 + 200 tokens, of which 75 blocks of 16 are whole. The last token of an answer is
 * sampled, not computed: with 1199 tokens 74 blocks are there. */
static void turns_hit_prompt_and_output(void **state)
{
    (void)state;
    put("{\"session_id\":\"a\",\"arrival_time_ns\":0,\"sub_requests\":[{\"input_toks\":1000,\"output_toks\":200,\"tool_duration_ns\":1000000000},"
        "{\"input_toks\":1300,\"output_toks\":10,\"tool_duration_ns\":0}]}\n");
    const char *json = "{\"trace\": {\"file\": \"" TRACE "\"}}";
    assert_close(run_get(json, "kv.hit_tokens"), 74 * 16, 0);
    assert_close(run_get("{\"trace\": {\"file\": \"" TRACE "\"}, \"policy\": {\"prefix\": \"off\"}}", "kv.hit_tokens"), 0, 0);
    put("{\"session_id\":\"a\",\"arrival_time_ns\":0,\"sub_requests\":[{\"input_toks\":1000,\"output_toks\":200,\"tool_duration_ns\":1000000000},"
        "{\"input_toks\":1100,\"output_toks\":10,\"tool_duration_ns\":0}]}\n");
    assert_close(run_get(json, "kv.hit_tokens"), 62 * 16, 0); /* the answer was left out: the prompt alone, 62 whole blocks */
}

static void weka_in_the_engine(void **state)
{
    (void)state;
    put(WEKA);
    const char *json = "{\"trace\": {\"file\": \"" TRACE "\"}}";
    assert_close(run_get(json, "requests.completed"), 5, 0);
    /* request 2 finds the 130 tokens of request 1 and 61 of its answer (11 blocks of 16 = 176); sub-agent 64 of its first;
     * the third request the first 64 of its 70 */
    assert_close(run_get(json, "kv.hit_tokens"), 176 + 64 + 64, 0);
}

static void every_cut(void **state)
{
    (void)state;
    const char *texts[] = {AGENTIC, WEKA, CHAT(1, -1, 10) CHAT(2, 1, 20)};
    for (size_t k = 0; k < 3; k++)
        for (size_t n = 1; n < strlen(texts[k]); n++) {
            gbl_source *s = NULL;
            gbl_record r;
            gbl_err err = {0};
            put_bytes(texts[k], n);
            if (!gbl_source_open_file(&s, TRACE, NULL, &err))
                while (gbl_source_next(s, &r, &err) == 1) {}
            gbl_source_close(s);
        }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *texts[] = {AGENTIC, WEKA, CHAT(1, -1, 10) CHAT(2, 1, 20)};
    for (int k = 0; k < 6; k++) {
        gbl_doc *d = NULL;
        gbl_err err;
        put(texts[k / 2]);
        const char *json = k % 2 ? "{\"file\": \"" TRACE "\", \"replay\": \"closed\"}" : "{\"file\": \"" TRACE "\", \"replay\": \"open\"}";
        must(gbl_doc_parse(&d, "trace", json, strlen(json), &err), &err);
        int done = 0;
        for (long n = 1; !done && n < 10000; n++) {
            gbl_source *s = NULL;
            gbl_record r;
            gbl_alloc_fail_at(n);
            int rc = gbl_source_open(&s, gbl_doc_root(d), 1, &err), got = 0;
            while (!rc && (got = gbl_source_next(s, &r, &err)) == 1) gbl_source_done(s, r.serial, r.arrival_ns + 5);
            done = gbl_alloc_count() < n;
            gbl_alloc_fail_at(0);
            if (done) assert_true(!rc && !got);
            gbl_source_close(s);
        }
        assert_true(done);
        gbl_doc_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_grow), cmocka_unit_test(contexts_by_delta), cmocka_unit_test(shared_heads), cmocka_unit_test(llmservingsim_closed),
        cmocka_unit_test(llmservingsim_open), cmocka_unit_test(aiperf_turns), cmocka_unit_test(bailian_chats), cmocka_unit_test(bailian_bad),
        cmocka_unit_test(weka_topology), cmocka_unit_test(weka_bad), cmocka_unit_test(sessions_at_a_time), cmocka_unit_test(keys_that_nothing_reads),
        cmocka_unit_test(burstgpt_rows), cmocka_unit_test(csv_rows), cmocka_unit_test(otel_spans), cmocka_unit_test(tracelab_rounds), cmocka_unit_test(turns_hit_prompt_and_output),
        cmocka_unit_test(weka_in_the_engine), cmocka_unit_test(every_cut), cmocka_unit_test(every_allocation_may_fail)};
    work_in_tmp();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leave_tmp();
    return failed;
}
