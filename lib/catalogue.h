/* catalogue.h - what gable knows by name: cards in the data folder, policies, and what requests are generated from. `list` and
 * `explain` read it. */
#ifndef GBL_CATALOGUE_H
#define GBL_CATALOGUE_H
#include "base/mem.h"
#include "sim/policy_table.h"
#include "traces/generate.h"

/* Kinds of cards: a folder of the data folder each. */
typedef struct gbl_card_kind {
    const char *kind;   /* "hardware" */
    const char *folder; /* "models/cards/hardware" */
} gbl_card_kind;
enum { GBL_CARD_KINDS = 6 };
extern const gbl_card_kind gbl_card_kinds[GBL_CARD_KINDS];

/* One thing: a card, a policy or a word of the generators; the two other pointers are NULL. */
typedef struct gbl_thing {
    const char *kind, *name; /* kind of a policy: its family */
    const char *path;        /* of the card's file */
    const gbl_policy *policy;
    const gbl_use *word;
} gbl_thing;
/* Without its data folder every name would be unknown: says so instead. */
int gbl_catalogue_there(gbl_arena *a, gbl_err *err);
/* Everything there is, cards first, in the arena; *n of them. NULL without memory. */
const gbl_thing *gbl_catalogue(gbl_arena *a, size_t *n);

#endif
