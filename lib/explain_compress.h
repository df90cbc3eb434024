/* explain_compress.h - a card of KV compression for people: settings in force, what it does in words, bytes of an example, quality. */
#ifndef GBL_EXPLAIN_COMPRESS_H
#define GBL_EXPLAIN_COMPRESS_H
#include <stdio.h>
#include "base/doc.h"
#include "lib/catalogue.h"

int gbl_explain_compress(const gbl_thing *thing, const gbl_node *root, FILE *to, gbl_arena *a, gbl_err *err);

#endif
