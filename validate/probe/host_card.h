/* host_card.h - a hardware card of this host, to calibrate from: peak of multiply-adds and memory bandwidth as measured, the rest
 * from the system or assumed, and said so. */
#ifndef GBL_HOST_CARD_H
#define GBL_HOST_CARD_H
#include <stdio.h>
#include "validate/probe/backend.h"

int gbl_host_card(gbl_backend *b, const char *date, FILE *to, gbl_err *err);

#endif
