/* node.h - the inside of a node, for doc.c and node.c alone. Everyone else uses doc.h. */
#ifndef GBL_NODE_H
#define GBL_NODE_H
#include "base/doc.h"

struct gbl_node {
    gbl_doc *doc;
    gbl_node *parent, *next, *first;
    size_t size;
    const char *key;  /* "" outside objects */
    const char *text; /* of strings and numbers */
    double number;
    const char *set; /* path given to --set, or NULL: from the file */
    int32_t line, col, key_line, key_col;
    uint8_t kind, truth;
};

#endif
