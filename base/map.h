/* map.h - open-addressing map from a nonzero-or-zero 64-bit key to a 32-bit value, backward-shift deletion. */
#ifndef GBL_MAP_H
#define GBL_MAP_H
#include <stdint.h>

typedef struct gbl_map gbl_map;
gbl_map *gbl_map_new(int64_t expected);
void gbl_map_free(gbl_map *m);
int32_t gbl_map_get(const gbl_map *m, uint64_t key);           /* value >= 0, or -1 */
int gbl_map_put(gbl_map *m, uint64_t key, int32_t value);      /* value >= 0; 0, or -1 without memory */
void gbl_map_remove(gbl_map *m, uint64_t key);
int64_t gbl_map_size(const gbl_map *m);

#endif
