/* The front door: what comes is let in, turned away or kept waiting by the admit policy, then routed. Whoever waits is asked
 * about again, in order of coming, when somebody leaves and when the policy said so. */
#include "sim/engine.h"

static void let_in(gbl_engine *e, int32_t id) {
    e->priv[id].let_in_ns = e->now_ns;
    gbl_replica *r = gbl_route(e, GBL_GATE_PROMPT, id);
    if (e->failed) return;
    const gbl_req *q = &e->req[id];
    if (!r || !gbl_can_ever_run(r, id)) {
        gbl_request_leave(e, id, 1);
        return;
    }
    r->queued_tokens += q->input;
    r->outstanding_tokens += q->input;
    int64_t front = gbl_cost_frontend_ns(r->price, q->input, r->view.n_running);
    if (front <= 0) {
        gbl_replica_enqueue(r, id);
        return;
    }
    r->on_the_way++;
    gbl_event_at(e, e->now_ns + front, GBL_EV_ENQUEUE, id);
}

static void ask_again_at(gbl_engine *e, int64_t t) {
    if (e->door_event >= 0 && e->door_event_ns <= t) return;
    if (e->door_event >= 0) gbl_heap_cancel(e->heap, e->door_event);
    e->door_event_ns = t;
    e->door_event = gbl_heap_push(e->heap, (gbl_event){t, GBL_EV_DOOR, GBL_EV_DOOR, 0});
    if (e->door_event < 0) gbl_engine_fail(e, gbl_nomem(e->err, sizeof(gbl_event)));
}

static void ask_all(gbl_engine *e) {
    const gbl_admit_policy *p = (const void *)e->s->choice[GBL_ADMIT].policy;
    for (size_t i = 0; i < e->door.n && !e->failed;) {
        int32_t id = e->door.a[e->door.head + i];
        int64_t again = INT64_MAX;
        int answer = p->ask(e->admit_state, &e->gate[GBL_GATE_PROMPT].host, id, &again);
        if (answer == GBL_ADMIT_NOW || answer == GBL_ADMIT_NEVER) {
            gbl_deque_remove(&e->door, i);
            if (answer == GBL_ADMIT_NOW) let_in(e, id);
            else gbl_request_leave(e, id, 1);
            continue;
        }
        if (again != INT64_MAX) ask_again_at(e, again > e->now_ns ? again : e->now_ns + 1);
        if (answer == GBL_ADMIT_CLOSED) return;
        i++;
    }
}

void gbl_door_come(gbl_engine *e, int32_t id) {
    const gbl_admit_policy *p = (const void *)e->s->choice[GBL_ADMIT].policy;
    if (!p->ask) {
        let_in(e, id);
        return;
    }
    if (gbl_deque_push(&e->door, id)) gbl_engine_fail(e, gbl_nomem(e->err, sizeof id));
    else ask_all(e);
}

void gbl_door_event(gbl_engine *e) {
    e->door_event = -1;
    ask_all(e);
}

void gbl_door_left(gbl_engine *e) {
    if (e->door.n) ask_again_at(e, e->now_ns);
}

void gbl_door_forget(gbl_engine *e, int32_t id) {
    size_t i = 0;
    while (i < e->door.n && e->door.a[e->door.head + i] != id) i++;
    if (i < e->door.n) gbl_deque_remove(&e->door, i);
}
