/* schema.h - the store's layout as SQL text, and the two numbers in the file's header by which a store is known. */
#ifndef GBL_SCHEMA_H
#define GBL_SCHEMA_H

enum {
    GBL_SCHEMA_VERSION = 4,             /* PRAGMA user_version; raised whenever a table or view changes */
    GBL_SCHEMA_OLDEST = 1,              /* that is still read, though not written: 1 has no parts of requests, 2 no busy time, steps or elasticities, 3 no capacity of each replica */
    GBL_SCHEMA_APPLICATION = 0x6762616c /* PRAGMA application_id, "gbal" */
};

/* Every CREATE TABLE, INDEX and VIEW plus both pragmas, to be run inside the transaction that writes the first row. */
const char *gbl_schema_sql(void);
/* The tables of sweeps. They came after layout 1 and break nothing of it, so a store without them gains them with the next
 * run: may be run any number of times. */
const char *gbl_schema_sweep_sql(void);

#endif
