/* gen_words.c - what requests are generated from, by name. */
#include <string.h>
#include "traces/generate.h"

static const gbl_use parts[] = {
    {"copula", "what gap, input and output of a request have to do with each other", gbl_copula_params},
    {"rows", "rows of a file in the place of input and output, drawn whole", gbl_resample_params},
    {"shared_prefix", "heads that prompts share", gbl_heads_params},
    {"documents", "documents that prompts are put together from, in any order", gbl_documents_params},
    {"sessions", "requests are turns of sessions, whose context grows", gbl_talk_params},
    {NULL}};

static const struct { const char *kind; const gbl_use *words; } tables[] = {
    {"arrival", gbl_arrival_kinds}, {"length", gbl_length_kinds}, {"think", gbl_pause_kinds}, {"generate", parts}};

const gbl_use *gbl_gen_words(int i, const char **kind)
{
    if (i < 0 || (size_t)i >= sizeof tables / sizeof *tables) return NULL;
    *kind = tables[i].kind;
    return tables[i].words;
}

void gbl_gen_example(const char *kind, const gbl_use *u, FILE *to)
{
    int part = !strcmp(kind, "generate"), think = !strcmp(kind, "think");
    const char *key = part ? u->name : !strcmp(kind, "length") ? "input" : kind;
    fprintf(to, "\"trace\": {\"generate\": {%s\"%s\": {", think ? "\"sessions\": {" : "", key);
    if (!part) fprintf(to, "\"use\": \"%s\", ", u->name);
    fprintf(to, "\"%s\": %s}}}%s", u->params->name, u->params->dflt, think ? "}" : "");
}
