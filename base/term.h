/* term.h - what people see: aligned tables, progress on a terminal and none in a pipe, colour unless NO_COLOR. */
#ifndef GBL_TERM_H
#define GBL_TERM_H
#include <stdint.h>
#include <stdio.h>

int gbl_term_is_tty(FILE *f);
int gbl_term_width(void);
/* Prints `text` behind `indent` blanks, broken at blanks before column 100, and a newline; the first line stands at column `at`. */
void gbl_term_wrap(FILE *to, const char *text, int at, int indent);
int gbl_term_columns(const char *utf8); /* columns that the text takes on a terminal */
int gbl_term_colour(FILE *f); /* tty, TERM not dumb, NO_COLOR unset */

typedef struct gbl_table gbl_table;
gbl_table *gbl_table_new(const char *title); /* NULL: none */
void gbl_table_free(gbl_table *t);
/* Column headers; a header that starts with '>' aligns right. NULL-terminated. */
void gbl_table_columns(gbl_table *t, const char *first, ...);
void gbl_table_cell(gbl_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* fills rows left to right */
void gbl_table_rule(gbl_table *t);
void gbl_table_print(gbl_table *t, FILE *to);

enum gbl_progress_mode { GBL_PROGRESS_AUTO, GBL_PROGRESS_ON, GBL_PROGRESS_OFF };
typedef struct gbl_progress gbl_progress;
gbl_progress *gbl_progress_new(const char *what, enum gbl_progress_mode mode);
/* At most ten redraws a second (where stderr is a file: a line a second), none in the first 0.3 s; p NULL is fine; total 0 = unknown. Shows share, rate (not of a total of 1: a share) and ETA on stderr. */
void gbl_progress_tick(gbl_progress *p, double done, double total, const char *note);
void gbl_progress_end(gbl_progress *p); /* wipes the line, frees */

#endif
