/* probe_program.h - runs a probe that is a program of its own (build/gable-probe) and takes its rows. */
#ifndef GBL_PROBE_PROGRAM_H
#define GBL_PROBE_PROGRAM_H
#include "validate/probe_rows.h"

/* The program of this name ("gable-probe", "gable-probe-host") beside the running one; NULL where none is. */
const char *gbl_probe_program_find(gbl_arena *a, const char *name);
/* Runs `program` (a path, or a name on PATH) with the NULL-terminated `args` after its name and appends the rows that it prints;
 * its messages go to stderr as they are. Any end but exit 0 is an error, and no row is taken. */
int gbl_probe_program_run(gbl_probe_rows *p, const char *program, const char *const *args, gbl_err *err);
/* The same, but what it prints is left in a new file at `path` (of `size` bytes), which the caller unlinks: a card, say. After an
 * error there is none. */
int gbl_probe_program_spool(char *path, size_t size, const char *ending, const char *program, const char *const *args, gbl_err *err);
/* The hardware card that a GPU's name ("NVIDIA H100 80GB HBM3") is likely to mean: all words of the card's name that tell kinds
 * apart are in it. NULL: none. */
const char *gbl_probe_card(const char *device, gbl_arena *a);

#endif
