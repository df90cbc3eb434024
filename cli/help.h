/* help.h - words about the commands, all generated from their tables (command.h). */
#ifndef GBL_HELP_H
#define GBL_HELP_H
#include <stdio.h>
#include "cli/command.h"

void gbl_help_overview(FILE *to);
/* `parent` NULL for a command of the first level. */
int gbl_help_command(const gbl_command *c, const gbl_command *parent, FILE *to, gbl_arena *a, gbl_err *err);
void gbl_help_man(FILE *to);  /* troff source of gable(1) */
void gbl_help_bash(FILE *to); /* to be sourced, or put into bash_completion.d/gable */
void gbl_help_zsh(FILE *to);  /* to be put into $fpath as _gable */
/* "--db FILE", "-o, --out FILE"; the value as FILE or as its choices. Returns out. */
char *gbl_help_flag(const gbl_flag *f, char *out, size_t size);
/* What a flag is without being given: "1", "auto"; NULL where that is nothing to speak of. */
const char *gbl_help_default(const gbl_flag *f, char *out, size_t size);

#endif
