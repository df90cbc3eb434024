/* lab_print.h - the lab's table of methods by budgets, as text and as JSON. */
#ifndef GBL_LAB_PRINT_H
#define GBL_LAB_PRINT_H
#include <stdio.h>

#include "base/json.h"
#include "validate/lab/lab.h"

int gbl_lab_print(const gbl_lab *lab, const gbl_attention *a, FILE *to); /* 0, or -1 without memory */
void gbl_lab_json(const gbl_lab *lab, const gbl_attention *a, gbl_json *j); /* members into the open object */

#endif
