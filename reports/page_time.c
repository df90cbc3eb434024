/* page_time.c - the newest run over time, from its time line: batch and queue, KV occupancy, busy shares of the resources.
 * Points of the time line are gathered in buckets; the page carries a few hundred of them. */
#include <math.h>

#include "reports/page.h"
#include "reports/store_db.h"

enum { BUCKETS = 160, RESOURCES = 9 };

typedef struct occupancy {
    double running[BUCKETS], waiting[BUCKETS], blocks[BUCKETS];
    double width_s;
} occupancy;

/* A replica's buckets without a sample keep the last one's state. */
static void add_held(occupancy *o, int from, int to, const double *state)
{
    for (int b = from; b < to && b < BUCKETS; b++) {
        o->running[b] += state[0];
        o->waiting[b] += state[1];
        o->blocks[b] += state[2];
    }
}

static int load_occupancy(page *p, const page_run *r, occupancy *o, gbl_err *err)
{
    static const char sql[] =
        "WITH s AS (SELECT min(t_ns) AS a, max(t_ns) - min(t_ns) + 1 AS w FROM timeline WHERE run = ?1)"
        " SELECT replica, CAST((t_ns - a) * 1.0 / w * ?2 AS INTEGER) AS b, avg(running), avg(waiting), avg(used_blocks), w / 1e9"
        " FROM timeline, s WHERE run = ?1 GROUP BY replica, b ORDER BY replica, b";
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(p->db, sql, -1, &st, NULL), next = 0;
    int64_t replica = -1;
    double state[3] = {0};
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, r->id);
        sqlite3_bind_int(st, 2, BUCKETS);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            int b = sqlite3_column_int(st, 1), same = sqlite3_column_int64(st, 0) == replica;
            add_held(o, next, same ? b : replica < 0 ? 0 : BUCKETS, state);
            for (int k = 0; k < 3; k++) {
                state[k] = sqlite3_column_double(st, 2 + k);
            }
            replica = sqlite3_column_int64(st, 0);
            add_held(o, b, b + 1, state);
            next = b + 1;
            o->width_s = sqlite3_column_double(st, 5) / BUCKETS;
        }
        add_held(o, next, replica < 0 ? 0 : BUCKETS, state);
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_db_fail(err, p->db, p->path, "read the store");
    sqlite3_finalize(st);
    return code;
}

static void series(page *p, const char *label, const double *v, double width_s, double scale, int colour, int filled)
{
    gbl_chart_series(p, label, colour, filled ? PAGE_FILL : 0);
    for (int b = 0; b < BUCKETS; b++) {
        gbl_chart_point(p, (b + 0.5) * width_s, v[b] * scale, NULL);
    }
    gbl_chart_series_end(p);
}

static void charts_of_occupancy(page *p, const occupancy *o)
{
    double capacity = gbl_page_num(&p->run[0], "kv.capacity_blocks");
    int share = capacity > 0;
    gbl_chart_begin(p, &(page_chart){.id = "batch", .kind = "line", .title = "Running and waiting", .text = "Sequences in the batch and requests in the queue, all replicas together.",
                                     .x = "time, s", .y = "requests", .x_unit = "s", .y_unit = ""});
    series(p, "running", o->running, o->width_s, 1, 0, 1);
    series(p, "waiting", o->waiting, o->width_s, 1, 1, 0);
    gbl_chart_end(p);
    gbl_chart_begin(p, &(page_chart){.id = "kv", .kind = "line", .title = "KV occupancy", .text = "KV blocks in use, all replicas together.", .x = "time, s",
                                     .y = share ? "% of the KV pool" : "KV blocks", .x_unit = "s", .y_unit = share ? "%" : "blocks"});
    series(p, "in use", o->blocks, o->width_s, share ? 100 / capacity : 1, 0, 1);
    gbl_chart_end(p);
}

typedef struct busy {
    double share[RESOURCES][BUCKETS], most[RESOURCES], width_s;
} busy;

/* Time busy over time passed, of all replicas' points in a bucket. */
static int load_busy(page *p, const page_run *r, busy *u, gbl_err *err)
{
    static const char sql[] =
        "WITH s AS (SELECT min(t_ns) AS a, max(t_ns) - min(t_ns) + 1 AS w FROM timeline WHERE run = ?1),"
        " d AS (SELECT *, (t_ns - coalesce(lag(t_ns) OVER (PARTITION BY replica ORDER BY t_ns), 0)) / 1e3 AS us FROM timeline WHERE run = ?1)"
        " SELECT CAST((t_ns - a) * 1.0 / w * ?2 AS INTEGER) AS b, w / 1e9, sum(us), sum(sm_us), sum(hbm_us), sum(nvlink_us), sum(network_us),"
        " sum(pcie_h2d_us), sum(pcie_d2h_us), sum(dram_us), sum(ssd_us), sum(host_us) FROM d, s GROUP BY b ORDER BY b";
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(p->db, sql, -1, &st, NULL), next = 0;
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, r->id);
        sqlite3_bind_int(st, 2, BUCKETS);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            int b = sqlite3_column_int(st, 0);
            double us = sqlite3_column_double(st, 2);
            for (int k = 0; k < RESOURCES; k++) {
                double share = us > 0 ? fmin(1, sqlite3_column_double(st, 3 + k) / us) : 0;
                for (int i = next; i <= b; i++) { /* a bucket without a point shares the next one's stretch */
                    u->share[k][i] = share;
                }
                u->most[k] = fmax(u->most[k], share);
            }
            next = b + 1;
            u->width_s = sqlite3_column_double(st, 1) / BUCKETS;
        }
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_db_fail(err, p->db, p->path, "read the store");
    sqlite3_finalize(st);
    return code;
}

static void chart_of_busy(page *p, const busy *u)
{
    static const char *const label[RESOURCES] = {"SM", "HBM", "NVLink", "network", "PCIe to device", "PCIe to host", "DRAM", "SSD", "host"};
    static const int colour[RESOURCES] = {0, 1, 3, 4, 5, 6, 7, 8, 2}; /* what is nearly always there, far apart */
    gbl_chart_begin(p, &(page_chart){.id = "busy", .kind = "line", .title = "Resource use", .text = "Busy share of each resource, mean of the replicas; those that were never busy are left out.",
                                     .x = "time, s", .y = "% busy", .x_unit = "s", .y_unit = "%"});
    for (int k = 0; k < RESOURCES; k++) {
        if (u->most[k] > 0) {
            series(p, label[k], u->share[k], u->width_s, 100, colour[k], 0);
        }
    }
    gbl_chart_end(p);
}

int gbl_page_time(page *p, gbl_err *err)
{
    const page_run *r = &p->run[0];
    occupancy o = {0};
    busy u = {0};
    if (!r->samples) {
        return GBL_OK;
    }
    int code = load_occupancy(p, r, &o, err);
    if (code == GBL_OK) {
        charts_of_occupancy(p, &o);
    }
    if (code == GBL_OK && p->layout >= 3) {
        code = load_busy(p, r, &u, err);
        if (code == GBL_OK) {
            chart_of_busy(p, &u);
        }
    }
    return code;
}
