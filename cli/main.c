/* main.c - finds the command, parses its flags, runs it, prints its error, and hands the exit code over. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/output.h"
#include "reports/store.h"

#define ROW(name) &gbl_cmd_##name,
const gbl_command *const gbl_commands[] = {GBL_COMMANDS(ROW) NULL};
#undef ROW

const gbl_command *gbl_command_find(const gbl_command *const *table, const gbl_command *parent, const char *name,
                                    gbl_err *err)
{
    const char *known[64];
    size_t n = 0;
    for (; n < 64 && table[n]; n++) {
        if (strcmp(table[n]->name, name) == 0) return table[n];
        known[n] = table[n]->name;
    }
    if (parent)
        gbl_fail(err, GBL_EINPUT, "unknown command gable %s %s", parent->name, name);
    else
        gbl_fail(err, GBL_EINPUT, "unknown command gable %s", name);
    gbl_expected(err, "a command that `gable %s%s--help` lists", parent ? parent->name : "", parent ? " " : "");
    gbl_nearest(err, gbl_near(name, known, n));
    return NULL;
}

static int check_operands(const gbl_command *c, const char *full, const gbl_parsed *p, gbl_err *err)
{
    if (p->n_arg >= c->least && p->n_arg <= c->most) return GBL_OK;
    if (p->n_arg > c->most)
        gbl_fail(err, GBL_EINPUT, "one operand too many for %s: %s", full, p->arg[c->most]);
    else
        gbl_fail(err, GBL_EINPUT, "%s lacks an operand", full);
    return gbl_expected(err, "%s%s%s [flags]", full, c->operands[0] ? " " : "", c->operands);
}

static int invoke(const gbl_command *c, const gbl_command *parent, int argc, char **argv, gbl_arena *a, gbl_err *err)
{
    const char *full = gbl_arena_printf(a, "gable %s%s%s", parent ? parent->name : "", parent ? " " : "", c->name);
    void *opt = gbl_arena_take(a, c->opt_size);
    if (!full || !opt) return gbl_nomem(err, c->opt_size);
    gbl_parsed parsed;
    int code = gbl_options_parse(c->flags, opt, full, argc, argv, &parsed, a, err);
    if (code) return code;
    if (parsed.help) return gbl_help_command(c, parent, stdout, a, err);
    if ((code = check_operands(c, full, &parsed, err)) != 0) return code;
    gbl_call call = {c, opt, parsed.arg, parsed.n_arg, a};
    return c->run(&call, err);
}

static int asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* A command with sub-commands takes no flags of its own: `gable trace` explains itself and is a usage error. */
static int dispatch_sub(const gbl_command *c, int argc, char **argv, gbl_arena *a, gbl_err *err)
{
    if (argc > 0 && asks_help(argv[0])) return gbl_help_command(c, NULL, stdout, a, err);
    if (argc == 0) {
        gbl_fail(err, GBL_EINPUT, "no command after gable %s", c->name);
        return gbl_expected(err, "gable %s %s", c->name, c->operands);
    }
    const gbl_command *sub = gbl_command_find(c->sub, c, argv[0], err);
    return sub ? invoke(sub, c, argc - 1, argv + 1, a, err) : err->code;
}

static int dispatch(int argc, char **argv, gbl_arena *a, gbl_err *err)
{
    if (argc < 2) {
        gbl_fail(err, GBL_EINPUT, "no command");
        return gbl_expected(err, "gable COMMAND; `gable help` lists them, `gable run` shows a first result");
    }
    if (asks_help(argv[1])) {
        gbl_help_overview(stdout);
        return GBL_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("gable " GBL_VERSION);
        return GBL_OK;
    }
    const gbl_command *c = gbl_command_find(gbl_commands, NULL, argv[1], err);
    if (!c) return err->code;
    return c->sub ? dispatch_sub(c, argc - 2, argv + 2, a, err) : invoke(c, NULL, argc - 2, argv + 2, a, err);
}

/* What memory was refused for on the way, the answer may lack, and a complaint or a verdict may only follow from that. */
static int in_memory(int code, gbl_err *err)
{
    if (!gbl_alloc_refused() || code == GBL_EFAULT || code >= GBL_EINTERRUPT) return code;
    return gbl_fail(err, GBL_EFAULT, "out of memory%s", code ? "" : ": the answer may lack something");
}

int main(int argc, char **argv)
{
    gbl_output_guard();
    gbl_signals_default();
    gbl_store_memory();
    gbl_err err = {0};
    gbl_arena *a = gbl_arena_new();
    int code = in_memory(a ? dispatch(argc, argv, a, &err) : gbl_nomem(&err, 0), &err);
    gbl_arena_free(a);
    if (code) {
        gbl_output_error(&err);
        gbl_err flush = {0};
        gbl_output_flush(&flush);
        return code;
    }
    if ((code = gbl_output_flush(&err)) != 0) gbl_output_error(&err);
    return code;
}
