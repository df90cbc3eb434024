#include "models/price.h"

#include "models/cards.h"

static int bind(gbl_price *p, const gbl_node *root, gbl_err *err)
{
    static const char *const known[] = {"gable", "name", "note", "input_usd_mtok", "output_usd_mtok", "read_share", "write_5m_share", "write_1h_share", NULL};
    const gbl_card_number rows[] = {{"input_usd_mtok", &p->input_usd_mtok, NULL, 0, 1e6, 1},
                                    {"output_usd_mtok", &p->output_usd_mtok, NULL, 0, 1e6, 1},
                                    {"read_share", &p->read_share, NULL, 0, 1, 1},
                                    {"write_5m_share", &p->write_5m_share, NULL, 0, 100, 1},
                                    {"write_1h_share", &p->write_1h_share, NULL, 0, 100, 1}};
    int code = gbl_card_form(root, "price/1", err);
    if (!code) code = gbl_node_only(root, known, err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !code; i++) code = gbl_card_number_read(root, &rows[i], err);
    return code;
}

int gbl_price_load(gbl_price *p, const char *name, const char *folder, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    *p = (gbl_price){0};
    int code = gbl_card_open(&doc, "price", name, folder, a, err);
    if (!code) code = bind(p, gbl_doc_root(doc), err);
    gbl_doc_free(doc);
    return code;
}

double gbl_price_usd(const gbl_price *p, double write_share, int64_t input, int64_t read, int64_t output)
{
    double in = (double)(input - read) * write_share + (double)read * p->read_share;
    return 1e-6 * (p->input_usd_mtok * in + p->output_usd_mtok * (double)output);
}
