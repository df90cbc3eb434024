/* cards.h - finding and reading the JSON cards of models/cards: numbers with a source beside each. */
#ifndef GBL_CARDS_H
#define GBL_CARDS_H
#include <stdint.h>
#include "base/doc.h"
#include "base/mem.h"

/* Opens card `name` of models/cards/KIND, or the file at that path (beside `folder`, in the current folder, in the
 * data folder) when `name` looks like one: it holds a slash or ends in .json. Unknown names: the nearest known one.
 * Caller frees with gbl_doc_free. */
int gbl_card_open(gbl_doc **out, const char *kind, const char *name, const char *folder, gbl_arena *a, gbl_err *err);

/* The document calls itself `form` ("hardware/1") under the key "gable". */
int gbl_card_form(const gbl_node *root, const char *form, gbl_err *err);

/* Member `key` of `n`: a number, or {"value": number, "source": text, "se": number, "note": text} where the source may not be missing
 * or empty. Absent: *out is left alone unless it is required. `se` may be NULL. low <= value <= high. */
typedef struct gbl_card_number {
    const char *key;
    double *out, *se;
    double low, high;
    int required;
} gbl_card_number;
int gbl_card_number_read(const gbl_node *n, const gbl_card_number *what, gbl_err *err);
int gbl_card_text(const gbl_node *n, const char *key, int required, const char **out, gbl_arena *a, gbl_err *err);
/* Missing member: fails at n naming the key. */
int gbl_card_missing(const gbl_node *n, const char *key, gbl_err *err);
int gbl_card_hash(const gbl_node *root, uint64_t seed, uint64_t *out, gbl_err *err);

#endif
