/* command.h - what a command of gable is. One file cmd_NAME.c holds one command and everything that is its own; one row
 * of GBL_COMMANDS makes it known. Parsing, --help, the man page and the shell completions all read the same tables. */
#ifndef GBL_COMMAND_H
#define GBL_COMMAND_H
#include "cli/options.h"

typedef struct gbl_command gbl_command;

/* One invocation, already parsed. `opt` is the command's own struct with defaults and flags written in. */
typedef struct gbl_call {
    const gbl_command *command;
    const void *opt;
    const char *const *arg; /* operands; borrowed from argv */
    size_t n_arg;
    gbl_arena *arena; /* freed when the command has ended */
} gbl_call;

typedef struct gbl_example {
    const char *line, *says;
} gbl_example;

struct gbl_command {
    const char *name;     /* "run"; of a sub-command its last word: "hits" */
    const char *operands; /* "[SCENARIO.json]", or "" */
    const char *brief;    /* one line, no full stop */
    const char *about;    /* what one has to know, in sentences */
    gbl_example example[2];
    const gbl_flag *flags;         /* ends with row.name NULL */
    size_t opt_size;               /* bytes of the options struct */
    uint32_t least, most;          /* operands */
    const char *words;             /* what the first operand can be, "a|b|c", or NULL for a file */
    const gbl_command *const *sub; /* NULL-terminated sub-commands, or NULL */
    /* Returns 0 or an exit code. With GBL_EINPUT nothing has been written to stdout. */
    int (*run)(const gbl_call *call, gbl_err *err);
};

/* The table: one row a command, in the order that help lists them. */
#define GBL_COMMANDS(X) \
    X(run)              \
    X(sweep)            \
    X(slurm)            \
    X(merge)            \
    X(compare)          \
    X(baseline)         \
    X(gate)             \
    X(plan)             \
    X(sens)             \
    X(why)              \
    X(trace)            \
    X(model)            \
    X(calibrate)        \
    X(validate)         \
    X(lab)              \
    X(claims)           \
    X(list)             \
    X(explain)          \
    X(schema)           \
    X(sql)              \
    X(report)           \
    X(export)           \
    X(selftest)         \
    X(conform)          \
    X(import)           \
    X(help)

#define GBL_COMMAND_DECLARE(name) extern const gbl_command gbl_cmd_##name;
GBL_COMMANDS(GBL_COMMAND_DECLARE)
#undef GBL_COMMAND_DECLARE

extern const gbl_command *const gbl_commands[]; /* NULL-terminated */
/* The command of that name in a table; NULL, with err filled and the nearest name offered, when there is none.
 * `parent` is the command whose sub-commands they are, or NULL. */
const gbl_command *gbl_command_find(const gbl_command *const *table, const gbl_command *parent, const char *name,
                                    gbl_err *err);

#endif
