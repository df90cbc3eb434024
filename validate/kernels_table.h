/* kernels_table.h - error tables of the kernel models: by GPU, operator class and region of shapes, all rows and those on
 * shapes that no fit has seen. */
#ifndef GBL_KERNELS_TABLE_H
#define GBL_KERNELS_TABLE_H
#include <stdio.h>
#include "base/json.h"
#include "validate/fit.h"

typedef struct gbl_kernel_score {
    const char *hardware, *calibration, *operation, *region, *source;
    gbl_fit_error all, held;
} gbl_kernel_score;

typedef struct gbl_kernel_scores {
    gbl_arena *arena;
    gbl_kernel_score *row;
    size_t n, room;
    const char **skipped; /* files that are not there */
    size_t n_skipped, skipped_room;
    struct gbl_measurements *keep; /* rows go there, too; or NULL */
    int64_t kept;
    const volatile int *stop; /* set by a signal handler; or NULL */
} gbl_kernel_scores;

int gbl_kernel_scores_init(gbl_kernel_scores *s, gbl_err *err);
void gbl_kernel_scores_fini(gbl_kernel_scores *s);
/* Scores every known table below `data`/kernels; db NULL: nothing is stored. */
int gbl_kernel_validate(gbl_kernel_scores *s, const char *data, const char *db, gbl_err *err);
int gbl_kernel_print(const gbl_kernel_scores *s, FILE *to); /* 0, or -1 without memory */
void gbl_kernel_json(const gbl_kernel_scores *s, gbl_json *j);

#endif
