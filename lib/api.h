/* api.h - what the files behind gable.h share. */
#ifndef GBL_API_H
#define GBL_API_H
#include "base/doc.h"
#include "base/json.h"
#include "base/mem.h"
#include "lib/gable.h"

/* Hands the error over (NULL: to nobody) and returns the public code. */
int gbl_api_fail(gable_error *to, const gbl_err *from);
/* Takes the writer's text over as *out and frees the writer; `code` not 0 goes through, with *out NULL. */
int gbl_api_text(char **out, gbl_json *j, int code, const gbl_err *from, gable_error *err);
/* The options as this library knows them. */
gable_options gbl_api_options(const gable_options *o);
/* The document is read, with the options' sets in it when `sets`. */
int gbl_api_document(gbl_doc **out, const gable_document *d, const gable_options *o, int sets, gbl_err *err);

#endif
