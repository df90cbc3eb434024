/* fleet.h - flags that commands with many runs share: -j, --db, --progress, --requests. */
#ifndef GBL_FLEET_H
#define GBL_FLEET_H
#include "cli/options.h"

#define GBL_FLAG_AT_ONCE(T, field, most, text) \
    {                                          \
        .row = {.name = "jobs",                \
                .type = GBL_P_INT,             \
                .offset = offsetof(T, field),  \
                .dflt = "0",                   \
                .low = 0,                      \
                .high = (most),                \
                .help = text},                 \
        .arg = "N", .letter = 'j'              \
    }
#define GBL_FLAG_JOBS(T, field) GBL_FLAG_AT_ONCE(T, field, 1024, "runs at a time; 0: one a core. Results do not hang on it")
#define GBL_FLAG_DB(T, field, text)           \
    {                                         \
        .row = {.name = "db",                 \
                .type = GBL_P_STR,            \
                .flags = GBL_P_NULLABLE,      \
                .offset = offsetof(T, field), \
                .dflt = "null",               \
                .help = text},                \
        .arg = "FILE"                         \
    }
#define GBL_FLAG_PROGRESS(T, field)                                                     \
    {                                                                                   \
        .row = {.name = "progress",                                                     \
                .type = GBL_P_CHOICE,                                                   \
                .offset = offsetof(T, field),                                           \
                .dflt = "\"auto\"",                                                     \
                .choices = "auto|on|off",                                               \
                .help = "a progress line on stderr; auto: on a terminal only"},         \
        .arg = "WHEN"                                                                   \
    }
#define GBL_FLAG_REQUESTS(T, field)                                                                   \
    {                                                                                                 \
        .row = {.name = "requests",                                                                   \
                .type = GBL_P_CHOICE,                                                                 \
                .offset = offsetof(T, field),                                                         \
                .dflt = "\"sample\"",                                                                 \
                .choices = "none|sample|all",                                                         \
                .help = "which requests the store keeps; sample: at most 1,000 a run, drawn by the seed"}, \
        .arg = "WHICH"                                                                                \
    }

#endif
