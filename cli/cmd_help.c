#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/output.h"

typedef struct help_opt {
    int32_t man, json, completion;
} help_opt;
enum { SHELL_NONE, SHELL_BASH, SHELL_ZSH };

static const gbl_flag flags[] = {{.row = {.name = "man",
                                          .type = GBL_P_BOOL,
                                          .offset = offsetof(help_opt, man),
                                          .dflt = "false",
                                          .help = "print the man page's source: gable help --man > gable.1"}},
                                 {.row = {.name = "completion",
                                          .type = GBL_P_CHOICE,
                                          .offset = offsetof(help_opt, completion),
                                          .dflt = "\"none\"",
                                          .choices = "none|bash|zsh",
                                          .help = "print a completion script for that shell"},
                                  .arg = "SHELL"},
                                 {.row = {.name = "json",
                                          .type = GBL_P_BOOL,
                                          .offset = offsetof(help_opt, json),
                                          .dflt = "false",
                                          .help = "print every command with its flags as one JSON object"}},
                                 {.row = {.name = NULL}}};

static void json_flag(const gbl_flag *f, gbl_json *j)
{
    char dflt[128];
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "flag", f->row.name);
    gbl_json_str(j, "argument", f->arg);
    gbl_json_str(j, "choices", f->row.choices);
    gbl_json_str(j, "default", gbl_help_default(f, dflt, sizeof dflt));
    gbl_json_str(j, "unit", f->row.unit);
    gbl_json_bool(j, "repeat", f->repeat);
    gbl_json_str(j, "help", f->row.help);
    gbl_json_end(j);
}

static void json_commands(const gbl_command *const *table, const char *key, gbl_json *j)
{
    gbl_json_arr(j, key);
    for (; *table; table++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "name", (*table)->name);
        gbl_json_str(j, "operands", (*table)->operands);
        gbl_json_str(j, "help", (*table)->brief);
        if ((*table)->sub) {
            json_commands((*table)->sub, "commands", j);
        } else {
            gbl_json_arr(j, "flags");
            for (const gbl_flag *f = (*table)->flags; f->row.name; f++) json_flag(f, j);
            gbl_json_end(j);
        }
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static int print_json(gbl_err *err)
{
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "version", GBL_VERSION);
    json_commands(gbl_commands, "commands", j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int help_about(const gbl_call *call, gbl_err *err)
{
    const gbl_command *c = gbl_command_find(gbl_commands, NULL, call->arg[0], err), *sub;
    if (!c) return err->code;
    if (call->n_arg == 1) return gbl_help_command(c, NULL, stdout, call->arena, err);
    if (!c->sub) {
        gbl_fail(err, GBL_EINPUT, "%s has no commands of its own", c->name);
        return gbl_expected(err, "gable help %s", c->name);
    }
    sub = gbl_command_find(c->sub, c, call->arg[1], err);
    return sub ? gbl_help_command(sub, c, stdout, call->arena, err) : err->code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const help_opt *o = call->opt;
    if ((call->n_arg > 0) + o->json + o->man + (o->completion != SHELL_NONE) > 1) {
        gbl_fail(err, GBL_EINPUT, "COMMAND, --json, --man and --completion exclude each other");
        return gbl_expected(err, "one of them, or none for the list of commands");
    }
    if (call->n_arg) return help_about(call, err);
    if (o->json) return print_json(err);
    errno = 0;
    if (o->man)
        gbl_help_man(stdout);
    else if (o->completion == SHELL_BASH)
        gbl_help_bash(stdout);
    else if (o->completion == SHELL_ZSH)
        gbl_help_zsh(stdout);
    else
        gbl_help_overview(stdout);
    return gbl_output_printed(err);
}

const gbl_command gbl_cmd_help = {
    .name = "help",
    .operands = "[COMMAND [COMMAND]]",
    .brief = "what the commands are, the man page, shell completion",
    .about = "Without an operand it lists the commands; with one it prints what `gable COMMAND --help` does.",
    .example = {{"gable help trace hits", "the flags of one command"},
                {"gable help --completion bash > ~/.local/share/bash-completion/completions/gable",
                 "completion of commands and flags"}},
    .flags = flags,
    .opt_size = sizeof(help_opt),
    .most = 2,
    .run = run};
