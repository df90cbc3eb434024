/* page_parts.c - the pieces that sections of the page are made of. */
#include <math.h>

#include "reports/page.h"

void gbl_page_section(page *p, const char *id, const char *title, const char *text)
{
    fprintf(p->to, "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n", id, id, id, title);
    if (text) {
        fprintf(p->to, "<p class=\"lead\">%s</p>\n", text);
    }
}

void gbl_page_table(page *p, const char *caption, const char *const *heads)
{
    size_t columns = 0;
    while (heads[columns]) {
        columns++;
    }
    fprintf(p->to, "<div class=\"scroll%s\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table class=\"sortable\"><caption>%s</caption><thead><tr>", columns > 8 ? " dense" : "", caption, caption);
    for (; *heads; heads++) {
        int right = **heads == '>';
        fprintf(p->to, "<th scope=\"col\"%s>%s</th>", right ? " class=\"n\"" : "", *heads + right);
    }
    fputs("</tr></thead><tbody>\n", p->to);
}

void gbl_page_table_end(page *p)
{
    fputs("</tbody></table></div>\n", p->to);
}

void gbl_page_number(page *p, double v, double scale, const char *unit)
{
    char text[64];
    gbl_page_human(text, sizeof text, v * scale);
    if (isfinite(v)) {
        fprintf(p->to, "<td class=\"n\" data-v=\"%.12g\">%s%s</td>", v * scale, text, unit);
    } else {
        fprintf(p->to, "<td class=\"n none\">%s</td>", text);
    }
}

void gbl_page_cell(page *p, const char *text)
{
    fputs("<td>", p->to);
    gbl_page_text(p->to, text ? text : "");
    fputs("</td>", p->to);
}

void gbl_page_head_cell(page *p, const char *text)
{
    fputs("<tr><th scope=\"row\">", p->to);
    gbl_page_text(p->to, text ? text : "");
    fputs("</th>", p->to);
}
