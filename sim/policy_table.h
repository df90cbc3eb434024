/* policy_table.h - the policies there are: built-ins collected by the Makefile, and the families' words. */
#ifndef GBL_POLICY_TABLE_H
#define GBL_POLICY_TABLE_H
#include "base/doc.h"
#include "base/json.h"
#include "base/mem.h"
#include "policies/policy.h"
#include "sim/plugin.h"

const char *gbl_family_name(enum gbl_family f); /* "route", ... as in scenario.policy */
int gbl_family_of(const char *name);            /* or -1 */
/* The i-th policy of a family, in name order; NULL past the end. */
const gbl_policy *gbl_policy_at(enum gbl_family f, int i);
const gbl_policy *gbl_policy_find(enum gbl_family f, const char *name);

/* A policy chosen in a document: a name, or {"use": name, parameters...}. */
typedef struct gbl_choice {
    const gbl_policy *policy;
    void *config; /* head.state_size bytes with the parameters written in, to be copied into each instance */
    gbl_plugin *plugin; /* where it comes from; NULL: built in */
} gbl_choice;
/* n NULL: `dflt` with default parameters. Close with gbl_choice_close where a plug-in may have been given. */
int gbl_choice_bind(gbl_choice *out, enum gbl_family f, const gbl_node *n, const char *dflt, gbl_arena *a, gbl_err *err);
void gbl_choice_close(gbl_choice *c);
void gbl_choice_json(const gbl_choice *c, const char *key, gbl_json *j); /* {"use":..., parameters} */

#endif
