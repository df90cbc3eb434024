/* price.h - what an API asks for tokens: a card of models/cards/price. Shares are of the input price. */
#ifndef GBL_PRICE_H
#define GBL_PRICE_H
#include <stdint.h>
#include "base/doc.h"
#include "base/mem.h"

typedef struct gbl_price {
    double input_usd_mtok, output_usd_mtok;
    double read_share;                     /* a prompt token found in the cache */
    double write_5m_share, write_1h_share; /* one that is computed and kept for that long after its last use */
} gbl_price;
int gbl_price_load(gbl_price *p, const char *name, const char *folder, gbl_arena *a, gbl_err *err);
/* USD for so many tokens, of whose input `read` were found and the rest were kept at write_share (1: nothing is kept). */
double gbl_price_usd(const gbl_price *p, double write_share, int64_t input, int64_t read, int64_t output);

#endif
