/* counter.c - numbers for names that a reader meets again. */
#include "base/map.h"
#include "traces/reader.h"

struct gbl_counter {
    gbl_map *map;
};

gbl_counter *gbl_counter_new(void)
{
    gbl_counter *c = gbl_alloc(1, sizeof *c);
    if (c && (c->map = gbl_map_new(16))) return c;
    gbl_free(c);
    return NULL;
}

void gbl_counter_free(gbl_counter *c)
{
    if (c) gbl_map_free(c->map);
    gbl_free(c);
}

int32_t gbl_counter_turn(gbl_counter *c, uint64_t name)
{
    int32_t turn = gbl_map_get(c->map, name) + 1;
    return gbl_map_put(c->map, name, turn) ? -1 : turn;
}

int32_t gbl_counter_number(gbl_counter *c, uint64_t name)
{
    int32_t number = gbl_map_get(c->map, name);
    if (number >= 0) return number;
    number = (int32_t)gbl_map_size(c->map);
    return gbl_map_put(c->map, name, number) ? -1 : number;
}
