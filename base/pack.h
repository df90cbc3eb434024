/* pack.h - streams written packed, as lines.h reads them. Constant memory; the same bytes in give the same bytes out. */
#ifndef GBL_PACK_H
#define GBL_PACK_H
#include <stdio.h>
#include "base/err.h"

enum gbl_packing { GBL_PLAIN, GBL_GZIP, GBL_ZSTD };
enum gbl_packing gbl_packing_of(const char *path); /* by its ending: .gz, .zst */
/* Packs `from`, from where it is to its end, into `to`. */
int gbl_pack(FILE *from, FILE *to, enum gbl_packing how, gbl_err *err);

#endif
