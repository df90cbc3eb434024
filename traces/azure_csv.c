/* azure_csv.c - CSV of the Azure Public Dataset: TIMESTAMP,ContextTokens,GeneratedTokens with wall-clock times.
 *
 * Dialects: 2023 (CRLF, 7 fractional digits, no zone), 2024 (fraction optional, offset), LMM 2025 (NumImages, T and Z).
 * Columns go by name; others are skipped, but images are counted. A time without a zone is taken as UTC. Format as of
 * github.com/Azure/AzurePublicDataset (AzureLLMInferenceDataset2023.md, ...2024.md, AzureLMMInferenceDataset2025.md). */
#include <string.h>
#include "traces/csvrow.h"

enum { TIMESTAMP, INPUT, OUTPUT, IMAGES, COLUMNS };
static const char *const names[COLUMNS] = {"TIMESTAMP", "ContextTokens", "GeneratedTokens", "NumImages"};

static void azure_close(void *state) { gbl_free(state); }

static int azure_open(void **state, gbl_rows *rows, gbl_err *err)
{
    *state = gbl_alloc(1, sizeof(gbl_crow));
    if (!*state) return gbl_nomem(err, sizeof(gbl_crow));
    return gbl_crow_header(*state, rows, names, COLUMNS, IMAGES, "a header with TIMESTAMP, ContextTokens, GeneratedTokens, in any order", err) ? err->code : 0;
}

static int arrival(gbl_crow *z, int64_t *out)
{
    int i = z->where[TIMESTAMP];
    char text[64];
    if (z->len[i] < sizeof text) {
        memcpy(text, z->at[i], z->len[i]);
        text[z->len[i]] = 0;
        if (!gbl_wall_clock(text, out)) return 0;
        if (!strcmp(text, "XXX")) return gbl_crow_no_times(z, TIMESTAMP, "TIMESTAMP is XXX", names[INPUT], names[OUTPUT]);
    }
    gbl_crow_fail(z, TIMESTAMP, "TIMESTAMP is not a time: %.*s", (int)(z->len[i] < 60 ? z->len[i] : 60), z->at[i]);
    gbl_expected(z->err, "a time like 2023-11-16 18:15:46.6805900, with or without Z or +00:00");
    return -1;
}

static int azure_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    gbl_crow *z = state;
    int got = gbl_crow_next(z, rows, err);
    if (got <= 0) return got;
    repairs->images += gbl_crow_has(z, IMAGES) && !gbl_crow_is(z, IMAGES, "0");
    return arrival(z, &out->arrival_ns) || gbl_crow_count(z, INPUT, &out->input) || gbl_crow_count(z, OUTPUT, &out->output) ? -1 : 1;
}

const gbl_format gbl_azure_format = {
    .name = "azure", .help = "Azure LLM inference CSV of 2023, 2024 and LMM 2025: TIMESTAMP, ContextTokens, GeneratedTokens",
    .signature = "ContextTokens|GeneratedTokens|TIMESTAMP", .open = azure_open, .next = azure_next, .close = azure_close};
