/* paramtext.h - what param.c and paramtext.c share. */
#ifndef GBL_PARAMTEXT_H
#define GBL_PARAMTEXT_H
#include "base/param.h"

/* "an integer from 1 to 256 (tokens), or null". Returns out. */
char *gbl_param_expected(const gbl_param *row, char *out, size_t size);
/* The word of a CHOICE, "null", or "given", into out, which is returned. */
const char *gbl_param_word(const gbl_param *row, const void *obj, char *out, size_t size);
/* Decodes the default of a STR or CHOICE row that is not null; returns its length. */
int gbl_param_default_text(const gbl_param *row, char *out, size_t size);

#endif
