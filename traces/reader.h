/* reader.h - what a file format is to the rest of the room. A format is one file that fills a gbl_format and one row of
 * the table in formats.c. A reader only reads: what is common to all formats (times from the first request on, order,
 * dropping of empty requests, prefix chains that disagree with the length, limit, rate_scale) is done in source.c. */
#ifndef GBL_READER_H
#define GBL_READER_H
#include "base/lines.h"
#include "traces/copula.h"
#include "traces/turns.h"

/* The lines of a file. The first one was read to recognise the format and is handed out again. Where it is not a whole JSON
 * value, the file is one document over many lines, and is handed out as one row. */
typedef struct gbl_rows {
    gbl_lines *lines;
    char *first; /* or NULL once handed out */
    size_t first_len;
    int64_t first_line;
    char *joined; /* the whole document */
    size_t joined_room;
    /* Or a folder, without lines: what it draws follows from the seed, and it leaves the hash of what it read. */
    const char *folder;
    uint64_t seed, hash;
    gbl_copula copula; /* of the fields that are drawn */
} gbl_rows;
const char *gbl_rows_name(const gbl_rows *r);
int gbl_rows_first(gbl_rows *r, gbl_err *err); /* reads ahead to `first`; 1, 0: empty file, -1: error */
void gbl_rows_close(gbl_rows *r);
int64_t gbl_rows_line(const gbl_rows *r); /* on which the row last read begins */
/* 1: a line that is not blank; 0: end; -1: error. As gbl_lines_next, the line may be changed in place. */
int gbl_rows_next(gbl_rows *r, char **line, size_t *len, gbl_err *err);
/* Fails at a place of the line last read; col counts bytes from 1, 0 = none. Returns -1. */
int gbl_rows_fail(const gbl_rows *r, size_t col, gbl_err *err, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Largest count of tokens a row may state: input + output stays inside an int32. */
#define GBL_ROW_TOKENS INT64_C(1000000000)
/* A number's text as a count of tokens, 0..GBL_ROW_TOKENS ("12", "12.0" and "1.2e1" are 12). NULL, or the complaint. */
const char *gbl_row_count(const char *at, size_t len, int64_t *out);

/* A number's text in a unit ("s", "ms", "us", "ns") as ns >= 0, exact where it is plain decimal. NULL, or the complaint. */
const char *gbl_row_time(const char *at, size_t len, const char *unit, int64_t *out_ns);
int gbl_row_time_digits(const char *unit); /* times are below 9 x 10^this */

/* "2023-11-16 18:15:46.6805900[zone]" as ns from 1970; -1 where it is no such time of 1970..2261. */
int gbl_wall_clock(const char *text, int64_t *out_ns);

/* Splits a CSV row at its commas; blanks around a field and one pair of quotes are taken off, and a comma between quotes
 * splits nothing (a doubled quote inside stays doubled). Fills at most `most` fields; returns how many there are. */
int gbl_row_split(const char *line, size_t len, const char **at, size_t *field_len, int most);

typedef struct gbl_format {
    const char *name; /* as in the scenario's trace.format */
    const char *help;
    /* Words of the first line that tell the format: keys of a JSON object or columns of a CSV header. ',' = and,
     * '|' = or. */
    const char *signature;
    /* NULL: known by name only. *state is NULL before; where it is set, it is closed, also after a failure. */
    int (*open)(void **state, gbl_rows *rows, gbl_err *err);
    /* 1: a row; 0: end; -1: error. Fills arrival_ns (any origin, >= 0), input and output (0 allowed), and what else the
     * format knows of the request; *out comes with defaults. */
    int (*next)(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err);
    void (*close)(void *state);
    /* Instead of next, where rows are turns of sessions: fills *out, its times (any origin, >= 0, at most GBL_TRACE_MOST_NS)
     * and whom it waits for (turns.h). */
    int (*turn)(void *state, gbl_rows *rows, gbl_turn *out, gbl_repairs *repairs, gbl_err *err);
    int paced; /* of turns: replayed at the times recorded unless asked otherwise */
} gbl_format;

extern const gbl_format gbl_mooncake_format, gbl_azure_format, gbl_aiperf_format, gbl_llmservingsim_format, gbl_bailian_format,
    gbl_weka_format, gbl_burstgpt_format, gbl_vidur_format, gbl_splitwise_format, gbl_trace_v2_format, gbl_otel_format, gbl_bench_serve_format, gbl_tracelab_format, gbl_sharegpt_format, gbl_servegen_format;

/* Numbers for names: which turn of a session a row is, which number a tenant has. */
typedef struct gbl_counter gbl_counter;
gbl_counter *gbl_counter_new(void); /* NULL: no memory */
void gbl_counter_free(gbl_counter *c);
int32_t gbl_counter_turn(gbl_counter *c, uint64_t name);   /* 0, 1, 2 ... each time it is asked; -1: no memory */
int32_t gbl_counter_number(gbl_counter *c, uint64_t name); /* the same each time: how many others were there first */

extern const gbl_format *const gbl_formats[]; /* ends with NULL */
int gbl_format_reads(const gbl_format *f); /* 0: known only to be refused */
/* By name, for reading. On failure says which formats can be read. */
int gbl_format_find(const gbl_format **out, const char *name, gbl_err *err);
/* By the first line of a file. */
int gbl_format_sniff(const gbl_format **out, const gbl_rows *rows, gbl_err *err);

#endif
