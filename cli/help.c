#include "cli/help.h"

#include <string.h>

#include "base/term.h"

char *gbl_help_flag(const gbl_flag *f, char *out, size_t size)
{
    char letter[8] = "";
    if (f->letter) snprintf(letter, sizeof letter, "-%c, ", f->letter);
    if (f->arg)
        snprintf(out, size, "%s--%s %s", letter, f->row.name, f->row.choices ? f->row.choices : f->arg);
    else
        snprintf(out, size, "%s--%s", letter, f->row.name);
    return out;
}

const char *gbl_help_default(const gbl_flag *f, char *out, size_t size)
{
    const char *d = f->row.dflt;
    if (!d || f->repeat || !f->arg || strcmp(d, "null") == 0) return NULL;
    size_t n = strlen(d);
    if (n >= 2 && d[0] == '"')
        snprintf(out, size, "%.*s", (int)(n - 2), d + 1);
    else if (f->row.unit)
        snprintf(out, size, "%s %s", d, f->row.unit);
    else
        snprintf(out, size, "%s", d);
    return out;
}

static void print_flags(const gbl_flag *flags, FILE *to)
{
    enum { COLUMN = 30 };
    char left[256], dflt[128];
    fputs("\nflags\n", to);
    for (const gbl_flag *f = flags; f->row.name; f++) {
        int n = fprintf(to, "  %s", gbl_help_flag(f, left, sizeof left));
        if (n < COLUMN - 1)
            fprintf(to, "%*s", COLUMN - n, "");
        else
            fprintf(to, "\n%*s", COLUMN, "");
        char says[1024];
        const char *d = gbl_help_default(f, dflt, sizeof dflt);
        snprintf(says, sizeof says, "%s%s%s%s%s%s%s", f->row.help, !d && f->row.unit ? " [" : "",
                 !d && f->row.unit ? f->row.unit : "", !d && f->row.unit ? "]" : "", d ? " (default " : "", d ? d : "",
                 d ? ")" : "");
        if (f->repeat) strncat(says, " (may be repeated)", sizeof says - strlen(says) - 1);
        gbl_term_wrap(to, says, COLUMN, COLUMN);
    }
    fprintf(to, "  -h, --help%*sprint this\n", COLUMN - 12, "");
}

static void print_examples(const gbl_command *c, FILE *to)
{
    fputs("\nexamples\n", to);
    for (int i = 0; i < 2; i++)
        if (c->example[i].line) fprintf(to, "  %s\n      %s\n", c->example[i].line, c->example[i].says);
}

int gbl_help_command(const gbl_command *c, const gbl_command *parent, FILE *to, gbl_arena *a, gbl_err *err)
{
    const char *full = parent ? gbl_arena_printf(a, "%s %s", parent->name, c->name) : c->name;
    if (!full) return gbl_nomem(err, 64);
    fprintf(to, "gable %s - %s\n\nusage: gable %s%s%s%s\n\n", full, c->brief, full, c->operands[0] ? " " : "",
            c->operands, c->sub ? "" : " [flags]");
    gbl_term_wrap(to, c->about, 0, 0);
    if (c->sub) {
        fputs("\ncommands\n", to);
        for (const gbl_command *const *s = c->sub; *s; s++) fprintf(to, "  %-10s %s\n", (*s)->name, (*s)->brief);
        fprintf(to, "  `gable %s COMMAND --help` tells more of each.\n", c->name);
    } else {
        print_flags(c->flags, to);
    }
    print_examples(c, to);
    return GBL_OK;
}

void gbl_help_overview(FILE *to)
{
    fputs("gable " GBL_VERSION
          " - what LLM serving policies are worth, by replaying request traces through a model of the machine\n"
          "\nusage: gable COMMAND [operands] [flags]\n\ncommands\n",
          to);
    for (const gbl_command *const *c = gbl_commands; *c; c++) fprintf(to, "  %-10s %s\n", (*c)->name, (*c)->brief);
    fputs("\nexamples\n"
          "  gable run\n      the shipped default scenario, offline, in under a second\n"
          "  gable run --set policy.schedule=prefill_first --json\n      the same with another scheduler, as one JSON "
          "object\n"
          "\n`gable COMMAND --help` tells more of each. Exit: 0 done, 1 internal fault, 2 bad input or usage,\n"
          "3 regression, 4 infeasible, 130 and 143 interrupted.\n",
          to);
}
