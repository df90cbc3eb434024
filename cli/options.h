/* options.h - flags of a command: one table of rows feeds parsing, --help, the man page and shell completion.
 * Accepted: --flag value, --flag=value, -o value, switches without value, `--` before operands, "-" as an operand. */
#ifndef GBL_OPTIONS_H
#define GBL_OPTIONS_H
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/param.h"
#include "policies/policy.h"

/* One flag. row.type BOOL is a switch; row.offset counts in the command's options struct. A row with `repeat` has type
 * GBL_P_STR and binds a gbl_texts; any other GBL_P_STR binds a const char *, borrowed from argv. */
typedef struct gbl_flag {
    gbl_param row;
    const char *arg; /* what --help calls the value: "FILE"; NULL for a switch */
    char letter;     /* 'o' for -o, 0 for none */
    uint8_t repeat;
} gbl_flag;

typedef struct gbl_texts {
    const char **item; /* in the call's arena */
    size_t n;
} gbl_texts;

/* The row that most tables share: --json. */
#define GBL_FLAG_JSON(T, field)                             \
    {                                                       \
        .row = {                                            \
            .name = "json",                                 \
            .type = GBL_P_BOOL,                             \
            .offset = offsetof(T, field),                   \
            .dflt = "false",                                \
            .help = "print one JSON object instead of text" \
        }                                                   \
    }

typedef struct gbl_parsed {
    const char **arg; /* operands */
    size_t n_arg;
    int help; /* --help or -h was among them; nothing else was checked */
} gbl_parsed;

/* Writes defaults, then the flags of argv[0..argc) into opt. `command` is what messages call it ("gable run"). */
int gbl_options_parse(const gbl_flag *flags, void *opt, const char *command, int argc, char **argv, gbl_parsed *out,
                      gbl_arena *a, gbl_err *err);
/* "a|b|c" -> its words in the arena; *n of them. NULL without memory. */
const char **gbl_words(gbl_arena *a, const char *joined, size_t *n);
/* `name{key=value,...}` as on the command line -> a document {"use": name, key: value, ...}; a bare name -> {"use": name}.
 * `flag` is what messages call it. Caller frees with gbl_doc_free. */
int gbl_spec_doc(gbl_doc **out, const char *flag, const char *spec, gbl_err *err);
/* For an error in such a document: its line and column tell nothing, so where becomes "--flag" or "--flag key". */
void gbl_spec_where(gbl_err *err, const char *flag);
/* The same as JSON text into an open object, under `key`. */
int gbl_spec_json(gbl_json *j, const char *key, const char *flag, const char *spec, gbl_arena *a, gbl_err *err);

#endif
