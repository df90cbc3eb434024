/* tracing.h - what the commands that write a trace share. */
#ifndef GBL_TRACING_H
#define GBL_TRACING_H
#include "cli/command.h"
#include "traces/trace.h"

extern const gbl_command gbl_cmd_trace_generate;
extern const gbl_command gbl_cmd_trace_mrc;
extern const gbl_command gbl_cmd_trace_shape;

#define GBL_FLAG_TO(T, field)                                                      \
    {                                                                              \
        .row = {.name = "to",                                                      \
                .type = GBL_P_CHOICE,                                              \
                .offset = offsetof(T, field),                                      \
                .dflt = "\"mooncake\"",                                            \
                .choices = "mooncake|azure|vidur|burstgpt|llmservingsim",            \
                .help = "format to write; only mooncake keeps prefix ids"},       \
        .arg = "FORMAT"                                                            \
    }
#define GBL_FLAG_OUT(T, field)                                                                        \
    {                                                                                                 \
        .row = {.name = "out",                                                                        \
                .type = GBL_P_STR,                                                                    \
                .flags = GBL_P_NULLABLE,                                                              \
                .offset = offsetof(T, field),                                                         \
                .dflt = "null",                                                                       \
                .help = "write to this file, replaced whole at the end, instead of standard output"}, \
        .arg = "FILE", .letter = 'o'                                                                  \
    }

typedef struct gbl_trace_target {
    const char *out; /* NULL: standard output */
    int32_t format;  /* of GBL_FLAG_TO */
    int32_t json;    /* print a summary as JSON; needs `out` */
} gbl_trace_target;
int gbl_trace_target_check(const gbl_trace_target *t, gbl_err *err);
/* Reads `s` to its end and writes it; rows and repairs go to stdout as JSON or to stderr as text. */
int gbl_trace_deliver(gbl_source *s, const gbl_trace_target *t, gbl_err *err);

#endif
