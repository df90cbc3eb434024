/* listing.h - what there is, by kind: hardware, llm, runtime, policies, cards, formats. */
#ifndef GBL_LISTING_H
#define GBL_LISTING_H
#include <stdio.h>
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

/* One object with an array a kind; `kind` NULL: all but the files of the cards. An unknown kind writes nothing. */
int gbl_list_json(gbl_json *j, const char *kind, gbl_arena *a, gbl_err *err);
int gbl_list_print(FILE *to, const char *kind, gbl_arena *a, gbl_err *err); /* the same as tables */

#endif
