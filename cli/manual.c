/* manual.c - the man page and the shell completions, from the same tables that parse the flags. */
#include <string.h>

#include "cli/help.h"

/* ---------------------------------------------------------------- troff ---- */

/* A hyphen that a reader will copy has to stay a hyphen; a line must not begin with a control character. */
static void troff(FILE *to, const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", to);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\\')
            fputs("\\e", to);
        else
            fputc(*text, to);
    }
}

static void man_flag(const gbl_flag *f, FILE *to)
{
    char text[256], dflt[128];
    const char *d = gbl_help_default(f, dflt, sizeof dflt);
    fputs(".TP\n.B ", to);
    troff(to, gbl_help_flag(f, text, sizeof text));
    fputc('\n', to);
    troff(to, f->row.help);
    if (d) {
        fputs(" (default ", to);
        troff(to, d);
        fputc(')', to);
    } else if (f->row.unit) {
        fprintf(to, " [%s]", f->row.unit);
    }
    if (f->repeat) fputs(" (may be repeated)", to);
    fputs(".\n", to);
}

static void man_command(const gbl_command *c, const gbl_command *parent, FILE *to)
{
    fprintf(to, ".SS \"gable %s%s%s%s%s\"\n", parent ? parent->name : "", parent ? " " : "", c->name,
            c->operands[0] ? " " : "", c->operands);
    troff(to, c->about);
    fputc('\n', to);
    for (const gbl_flag *f = c->sub ? NULL : c->flags; f && f->row.name; f++) man_flag(f, to);
    for (int i = 0; i < 2 && !c->sub; i++) {
        if (!c->example[i].line) continue;
        fputs(".PP\nExample: ", to);
        troff(to, c->example[i].says);
        fputs("\n.PP\n.RS\n.nf\n", to);
        troff(to, c->example[i].line);
        fputs("\n.fi\n.RE\n", to);
    }
    for (const gbl_command *const *s = c->sub; s && *s; s++) man_command(*s, c, to);
}

void gbl_help_man(FILE *to)
{
    fputs(
        ".TH GABLE 1 \"\" \"gable " GBL_VERSION "\" \"User Commands\"\n"
        ".SH NAME\ngable \\- replay LLM request traces through a model of the serving engine and its GPU\n"
        ".SH SYNOPSIS\n.B gable\n.I COMMAND\n[operands] [flags]\n"
        ".SH DESCRIPTION\n"
        "A discrete\\-event model of serving engines whose costs come from roofline models of compute, memory and "
        "links, to judge\n"
        "scheduling, eviction and compression policies before anyone buys or writes anything.\n"
        "Flags may be written \\-\\-flag value or \\-\\-flag=value; \\-\\- ends them. Every command takes \\-\\-help.\n"
        ".SH COMMANDS\n",
        to);
    for (const gbl_command *const *c = gbl_commands; *c; c++) man_command(*c, NULL, to);
    fputs(".SH EXIT STATUS\n0 done; 1 internal fault; 2 bad input or usage (nothing on standard output, at most four "
          "lines on\n"
          "standard error); 3 regression (gate); 4 infeasible (plan); 130 or 143 interrupted by Ctrl\\-C or SIGTERM: the store keeps every finished run.\n"
          ".SH ENVIRONMENT\n.TP\n.B GABLE_DATA\nThe folder that holds models/cards and the other data, instead of the "
          "one installed.\n"
          ".TP\n.B NO_COLOR\nWhen set, no colour is written to a terminal.\n",
          to);
}

/* ---------------------------------------------------------------- completion ---- */

static void flag_words(const gbl_flag *flags, FILE *to)
{
    for (const gbl_flag *f = flags; f->row.name; f++) fprintf(to, "--%s ", f->row.name);
    fputs("--help", to);
}

static void choice_words(const char *joined, FILE *to)
{
    for (; *joined; joined++) fputc(*joined == '|' ? ' ' : *joined, to);
}

static void bash_case(const gbl_command *c, const gbl_command *parent, FILE *to)
{
    fprintf(to, "    '%s%s%s')\n        flags='", parent ? parent->name : "", parent ? " " : "", c->name);
    flag_words(c->flags, to);
    fputs("'\n", to);
    if (c->words) {
        fputs("        words='", to);
        choice_words(c->words, to);
        fputs("'\n", to);
    }
    int any = 0;
    for (const gbl_flag *f = c->flags; f->row.name; f++) {
        if (!f->row.choices) continue;
        fprintf(to, "%s            --%s) words='", any++ ? "" : "        case $prev in\n", f->row.name);
        choice_words(f->row.choices, to);
        fputs("'; choose=1 ;;\n", to);
    }
    if (any) fputs("        esac\n", to);
    fputs("        ;;\n", to);
}

static void command_names(const gbl_command *const *table, FILE *to)
{
    for (; *table; table++) fprintf(to, "%s%s", (*table)->name, table[1] ? " " : "");
}

void gbl_help_bash(FILE *to)
{
    fputs("# bash completion for gable; made by `gable help --completion bash`\n"
          "_gable()\n{\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} flags='' words='' "
          "choose=''\n"
          "    local command=${COMP_WORDS[1]}\n    COMPREPLY=()\n    if ((COMP_CWORD == 1)); then\n        words='",
          to);
    command_names(gbl_commands, to);
    fputs(" --help --version'\n        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n        return\n    fi\n", to);
    for (const gbl_command *const *c = gbl_commands; *c; c++) {
        if (!(*c)->sub) continue;
        fprintf(to,
                "    if [[ $command == %s ]]; then\n        if ((COMP_CWORD == 2)); then\n            "
                "COMPREPLY=($(compgen -W '",
                (*c)->name);
        command_names((*c)->sub, to);
        fputs(
            " --help' -- \"$cur\"))\n            return\n        fi\n        command+=\" ${COMP_WORDS[2]}\"\n    fi\n",
            to);
    }
    fputs("    case $command in\n", to);
    for (const gbl_command *const *c = gbl_commands; *c; c++) {
        if (!(*c)->sub) bash_case(*c, NULL, to);
        for (const gbl_command *const *s = (*c)->sub; s && *s; s++) bash_case(*s, *c, to);
    }
    fputs("    esac\n    if [[ $cur == -* && -z $choose ]]; then\n        COMPREPLY=($(compgen -W \"$flags\" -- "
          "\"$cur\"))\n"
          "    elif [[ -n $words ]]; then\n        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    else\n        COMPREPLY=($(compgen -f -- \"$cur\"))\n    fi\n}\ncomplete -o filenames -F _gable gable\n",
          to);
}

/* Inside '...' of a zsh _arguments spec: quotes end the word, brackets the sentence, colons the field. */
static void zsh_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr("[]:\\", *text))
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void zsh_case(const gbl_command *c, FILE *to)
{
    fprintf(to, "(%s)\n    _arguments", c->name);
    for (const gbl_flag *f = c->flags; f->row.name; f++) {
        fprintf(to, " \\\n        '%s--%s%s[", f->repeat ? "*" : "", f->row.name, f->arg ? "=" : "");
        zsh_text(to, f->row.help);
        fputc(']', to);
        if (f->arg && f->row.choices) {
            fputs(":value:(", to);
            choice_words(f->row.choices, to);
            fputc(')', to);
        } else if (f->arg) {
            fputs(":value:_files", to);
        }
        fputc('\'', to);
    }
    fputs(" \\\n        '--help[print help]'", to);
    if (c->words) {
        fputs(" '1:operand:(", to);
        choice_words(c->words, to);
        fputs(")'", to);
    }
    fputs(" '*:file:_files' ;;\n", to);
}

static void zsh_names(const gbl_command *const *table, FILE *to)
{
    for (; *table; table++) {
        fprintf(to, " '%s:", (*table)->name);
        zsh_text(to, (*table)->brief);
        fputc('\'', to);
    }
}

static void zsh_table(const char *function, const gbl_command *const *table, FILE *to)
{
    fprintf(to, "%s()\n{\n    local -a names\n    names=(", function);
    zsh_names(table, to);
    fputs(")\n    if ((CURRENT == 2)); then\n        _describe command names\n        return\n    fi\n"
          "    local command=$words[2]\n    shift words\n    ((CURRENT--))\n    case $command in\n",
          to);
    for (; *table; table++) {
        fputs("    ", to);
        if ((*table)->sub)
            fprintf(to, "(%s) _gable_%s ;;\n", (*table)->name, (*table)->name);
        else
            zsh_case(*table, to);
    }
    fputs("    esac\n}\n", to);
}

void gbl_help_zsh(FILE *to)
{
    fputs("#compdef gable\n# zsh completion for gable; made by `gable help --completion zsh`\n", to);
    for (const gbl_command *const *c = gbl_commands; *c; c++) {
        char function[64];
        if (!(*c)->sub) continue;
        snprintf(function, sizeof function, "_gable_%s", (*c)->name);
        zsh_table(function, (*c)->sub, to);
    }
    zsh_table("_gable", gbl_commands, to);
    fputs("_gable \"$@\"\n", to);
}
