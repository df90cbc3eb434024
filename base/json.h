/* json.h - writes JSON to a growing buffer: indented for people or compact. Doubles are written as the shortest text
 * that reads back the same; NaN and infinities as null. A writer that ran out of memory stays silent and
 * gbl_json_text returns NULL. */
#ifndef GBL_JSON_H
#define GBL_JSON_H
#include <stdint.h>
#include <stdio.h>

typedef struct gbl_json gbl_json;
gbl_json *gbl_json_new(int indent); /* spaces a level; 0 = one line */
void gbl_json_free(gbl_json *j);
/* `key` names the member inside an object; pass NULL inside an array or at the top. */
void gbl_json_obj(gbl_json *j, const char *key); /* { */
void gbl_json_arr(gbl_json *j, const char *key); /* [ */
void gbl_json_end(gbl_json *j);                  /* closes the innermost */
void gbl_json_str(gbl_json *j, const char *key, const char *v); /* NULL -> null */
void gbl_json_num(gbl_json *j, const char *key, double v);
void gbl_json_int(gbl_json *j, const char *key, int64_t v);
void gbl_json_bool(gbl_json *j, const char *key, int v);
void gbl_json_null(gbl_json *j, const char *key);
void gbl_json_raw(gbl_json *j, const char *key, const char *json);
const char *gbl_json_text(gbl_json *j); /* the text so far, without final newline; borrowed */
int gbl_num_text(char *out, size_t size, double v); /* shortest round-trip text of a double */

#endif
