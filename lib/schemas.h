/* schemas.h - JSON Schema of the documents: every key, default, range. */
#ifndef GBL_SCHEMAS_H
#define GBL_SCHEMAS_H
#include "base/err.h"
#include "base/json.h"

/* One object; `kind` is scenario, trace, policies, sweep, plan, baseline or claims. An unknown kind writes nothing. */
int gbl_schema_json(gbl_json *j, const char *kind, gbl_err *err);

#endif
