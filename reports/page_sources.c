/* page_sources.c - where the numbers of the newest run's hardware come from: its cards, as long as they still have the content
 * whose hash the store holds. */
#include <string.h>

#include "base/text.h"
#include "models/cards.h"
#include "models/hardware.h"
#include "reports/page.h"

/* Every number of the card that stands beside its source. */
static void put_numbers(page *p, const gbl_node *n)
{
    const gbl_node *value = gbl_node_kind(n) == GBL_OBJECT ? gbl_node_get(n, "value") : NULL, *source = value ? gbl_node_get(n, "source") : NULL;
    if (source && gbl_node_kind(source) == GBL_STRING) {
        char path[256];
        gbl_node_path(n, path, sizeof path);
        gbl_page_head_cell(p, path);
        if (gbl_node_kind(value) == GBL_NUMBER) {
            gbl_page_number(p, gbl_node_num(value), 1, "");
        } else {
            gbl_page_cell(p, gbl_node_kind(value) == GBL_STRING ? gbl_node_text(value) : "");
        }
        fputs("<td class=\"long\">", p->to);
        gbl_page_text(p->to, gbl_node_text(source));
        fputs("</td></tr>\n", p->to);
        return;
    }
    for (const gbl_node *c = gbl_node_kind(n) == GBL_OBJECT ? gbl_node_first(n) : NULL; c; c = gbl_node_next(c)) {
        put_numbers(p, c);
    }
}

/* The card of that name if it has that hash; NULL where it is gone or was changed. */
static gbl_doc *same_card(page *p, const char *name, const char *hash, gbl_err *err)
{
    gbl_hw hw;
    gbl_doc *card = NULL;
    char now[17] = "";
    memset(&hw, 0, sizeof hw);
    if (gbl_hw_load(&hw, name, "", p->arena, err) == GBL_OK) {
        gbl_hex64(now, hw.hash);
    }
    if (strcmp(now, hash) != 0 || gbl_card_open(&card, "hardware", name, "", p->arena, err) != GBL_OK) {
        return NULL;
    }
    return card;
}

static void put_card(page *p, const char *name, const char *hash, gbl_err *err)
{
    static const char *const heads[] = {"Number", ">Value", "Source", NULL};
    gbl_doc *card = same_card(p, name, hash, err);
    fputs("<details><summary>Sources of ", p->to);
    gbl_page_text(p->to, name);
    fputs("</summary>\n", p->to);
    if (card) {
        gbl_page_table(p, "Numbers of the card and their sources", heads);
        put_numbers(p, gbl_doc_root(card));
        gbl_page_table_end(p);
    } else {
        fputs("<p class=\"hint\">The card that this run used is not here any more, or was changed since.</p>\n", p->to);
    }
    fputs("</details>\n", p->to);
    gbl_doc_free(card);
}

int gbl_page_sources(page *p, gbl_err *err)
{
    static const char kind[] = "hardware:";
    gbl_doc *cards = NULL;
    int code = gbl_doc_parse(&cards, "cards", p->run[0].cards, strlen(p->run[0].cards), err);
    for (const gbl_node *n = code ? NULL : gbl_node_first(gbl_doc_root(cards)); n && code == GBL_OK; n = gbl_node_next(n)) {
        if (!strncmp(gbl_node_key(n), kind, sizeof kind - 1) && gbl_node_kind(n) == GBL_STRING) {
            put_card(p, gbl_node_key(n) + sizeof kind - 1, gbl_node_text(n), err);
            code = err->code == GBL_EFAULT ? GBL_EFAULT : GBL_OK;
        }
    }
    gbl_doc_free(cards);
    if (code == GBL_EINPUT || code == GBL_OK) { /* a card that cannot be read is told on the page */
        err->code = code = GBL_OK;
    }
    return code;
}
