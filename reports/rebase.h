/* rebase.h - the files that a scenario names, and how a copy of the document kept elsewhere still finds them. */
#ifndef GBL_REBASE_H
#define GBL_REBASE_H
#include "base/doc.h"
#include "base/mem.h"

typedef struct gbl_file_key {
    const char *key, *value; /* "trace.file", "data/chat.jsonl" */
    int is_data;             /* below `trace`; else a card or config.json that may also be a name */
} gbl_file_key;
/* Every member of a scenario that names a file, in the arena; NULL with err filled without memory. */
const gbl_file_key *gbl_file_keys(const gbl_doc *doc, gbl_arena *a, size_t *n, gbl_err *err);
/* Relative paths that are found beside the original (its folder) become relative to the current folder. */
int gbl_rebase(gbl_doc *doc, const char *folder, gbl_arena *a, gbl_err *err);

#endif
