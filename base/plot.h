/* plot.h - small pictures for a terminal: a series as one line of blocks, points as a grid of characters, text in a box.
 * Block and line characters where the locale is UTF-8, ASCII elsewhere. Callers draw on terminals only: a pipe gets data. */
#ifndef GBL_PLOT_H
#define GBL_PLOT_H
#include <stddef.h>
#include <stdio.h>

int gbl_plot_utf8(void); /* LC_ALL, LC_CTYPE or LANG says so */

/* `columns` characters, each the largest of its share of the n values, from 0 to `most`. */
void gbl_plot_spark(const double *v, size_t n, double most, int columns, FILE *to);

typedef struct gbl_dot {
    double x, y;
    int front; /* drawn as a mark of its own, above the others */
} gbl_dot;
/* A frame of columns x rows characters with both axes' ends written; y logarithmic where its values span more than a
 * factor of ten. Points that are not finite are left out; nothing is drawn for fewer than two. */
void gbl_plot_dots(const gbl_dot *dot, size_t n, int columns, int rows, const char *x_title, const char *y_title, FILE *to);

/* Lines with a frame round them and a title in its upper edge; lines too long are cut. colour: ANSI, of the frame; NULL: none. */
void gbl_plot_box(const char *title, const char *const *line, size_t n, int columns, const char *colour, FILE *to);

#endif
