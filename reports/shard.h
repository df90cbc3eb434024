/* shard.h - a share of many tasks, for one of several machines. */
#ifndef GBL_SHARD_H
#define GBL_SHARD_H
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* The tasks that a shard of many has: those whose number, modulo `of`, is `k` modulo `of`. So k may count from 0 or from 1. */
typedef struct gbl_shard {
    int64_t k, of; /* 1, 1: everything */
} gbl_shard;
int gbl_shard_read(gbl_shard *out, const char *text, gbl_err *err); /* "2/8"; NULL: everything */
int gbl_shard_has(const gbl_shard *s, size_t task);

#endif
