/* lab_print.c - see lab_print.h. */
#include "validate/lab/lab_print.h"

enum { BAR = 20 };

static void head(const gbl_lab *lab, const gbl_attention *a, FILE *to)
{
    fprintf(to, "%s\n%lld tokens, %lld of them the prompt; %d of %d layers, %d heads (%d KV); %lld generated rows of heads, %lld that looked at a needle\n",
            a->label, (long long)a->tokens, (long long)a->prompt, a->layers, a->model_layers, a->heads, a->kv_heads, (long long)lab->rows,
            (long long)lab->needles);
    if (a->n_rows < a->tokens) fprintf(to, "%lld of the prompt's rows recorded: each stands for those left out before it\n", (long long)(a->n_rows - (a->tokens - a->prompt)));
}

static const char *bar(double of_one)
{
    static const char full[BAR + 1] = "####################";
    int n = (int)(of_one * BAR + 0.5);
    return full + BAR - (n < 0 ? 0 : n > BAR ? BAR : n);
}

static void percent(gbl_table *t, double v)
{
    if (isnan(v)) gbl_table_cell(t, "-");
    else gbl_table_cell(t, "%.1f", 100 * v);
}

static int budget_table(const gbl_lab *lab, size_t budget, const size_t *order, FILE *to)
{
    char title[64];
    snprintf(title, sizeof title, "budget %g %% of the prompt", 100 * lab->budget[budget]);
    gbl_table *t = gbl_table_new(title);
    if (!t) return -1;
    gbl_table_columns(t, "method", ">mass %", ">p5 %", ">in place %", ">needle %", ">held %", ">read %", "mass", (const char *)NULL);
    for (size_t i = 0; i < lab->n_methods; i++) {
        const gbl_lab_cell *c = &lab->cell[order[i]][budget];
        gbl_table_cell(t, "%s", gbl_lab_name(lab, order[i]));
        percent(t, c->mass);
        percent(t, c->p5);
        percent(t, c->in_place);
        percent(t, c->recall);
        percent(t, c->held);
        percent(t, c->read);
        gbl_table_cell(t, "%s", bar(c->mass));
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}

int gbl_lab_print(const gbl_lab *lab, const gbl_attention *a, FILE *to)
{
    size_t order[GBL_LAB_METHODS];
    gbl_lab_order(lab, order);
    head(lab, a, to);
    for (size_t i = 0; i < lab->n_budgets; i++) {
        fputc('\n', to);
        if (budget_table(lab, i, order, to)) return -1;
    }
    fprintf(to, "\nmass: attention of a generated row that falls on what is left; it ranks methods and is no score of a task\n");
    return 0;
}

static void method_json(const gbl_lab *lab, size_t m, size_t rank, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", gbl_lab_name(lab, m));
    gbl_json_str(j, "source", lab->method[m]->source);
    gbl_json_int(j, "rank", (int64_t)rank);
    gbl_json_num(j, "mass_mean", gbl_lab_mean(lab, m));
    gbl_json_arr(j, "budgets");
    for (size_t i = 0; i < lab->n_budgets; i++) {
        const gbl_lab_cell *c = &lab->cell[m][i];
        gbl_json_obj(j, NULL);
        gbl_json_num(j, "budget", lab->budget[i]);
        gbl_json_num(j, "mass", c->mass);
        gbl_json_num(j, "mass_p5", c->p5);
        gbl_json_num(j, "mass_in_place", c->in_place);
        gbl_json_num(j, "needle_recall", c->recall);
        gbl_json_num(j, "held", c->held);
        gbl_json_num(j, "read", c->read);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}

void gbl_lab_json(const gbl_lab *lab, const gbl_attention *a, gbl_json *j)
{
    size_t order[GBL_LAB_METHODS];
    gbl_lab_order(lab, order);
    gbl_json_str(j, "attention", a->label);
    gbl_json_int(j, "tokens", a->tokens);
    gbl_json_int(j, "prompt", a->prompt);
    gbl_json_int(j, "layers", a->layers);
    gbl_json_int(j, "model_layers", a->model_layers);
    gbl_json_int(j, "heads", a->heads);
    gbl_json_int(j, "kv_heads", a->kv_heads);
    gbl_json_int(j, "prompt_rows", a->n_rows - (a->tokens - a->prompt));
    gbl_json_int(j, "rows", lab->rows);
    gbl_json_int(j, "needle_rows", lab->needles);
    gbl_json_arr(j, "methods");
    for (size_t i = 0; i < lab->n_methods; i++) method_json(lab, order[i], i + 1, j);
    gbl_json_end(j);
}
