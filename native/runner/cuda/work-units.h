// How a persistent grid shares a descriptor's work: which (item, KV head, query tile) a block takes in which turn.
//
// A unit is at most `tile_rows` query rows of one item and one KV head. Query rows are packed: row r of an item is
// token q0 + r / G and query head kv_head * G + r % G, so that G heads fill the rows of one matrix tile. Nothing here
// depends on the batch beyond the descriptor's header: a captured launch stays valid for every later plan.
#pragma once

#include "runner/attention/descriptor.h"
#include "runner/cuda/lane.h"

namespace banyan::cuda {

struct UnitGrid {
    int32_t n_items, n_head_kv, gqa, tile_rows;
    int32_t tiles;  // of the widest item; narrower items leave their last ones empty
    int32_t n_units;
};

struct Unit {
    int32_t item;
    int32_t head;    // KV head
    int32_t row0;    // first query row of the item
    int32_t n_rows;  // <= 0: nothing to do
};

BANYAN_SHARED UnitGrid unit_grid(const DescriptorHeader & header, int32_t n_head_kv, int32_t gqa, int32_t tile_rows) {
    const int32_t tiles = (header.max_item_tokens * gqa + tile_rows - 1) / tile_rows;
    return {header.n_items, n_head_kv, gqa, tile_rows, tiles, header.n_items * n_head_kv * tiles};
}

/** Tiles of a (item, head) are neighbours, then heads: what reads the same pages runs at the same time. */
BANYAN_SHARED Unit unit_at(const UnitGrid & grid, const WorkItem * items, int32_t number) {
    Unit unit;
    const int32_t tile = number % grid.tiles;
    unit.head = number / grid.tiles % grid.n_head_kv;
    unit.item = number / grid.tiles / grid.n_head_kv;
    unit.row0 = tile * grid.tile_rows;
    const int32_t rows = (items[unit.item].q1 - items[unit.item].q0) * grid.gqa - unit.row0;
    unit.n_rows = rows < grid.tile_rows ? rows : grid.tile_rows;
    return unit;
}

/** Unit number of a block's turn. Items come most expensive first, so the turns go forth and back over the blocks; the
 * last one, which may be short, goes back: to the blocks that had the least. May be >= n_units. */
BANYAN_SHARED int32_t unit_of_turn(int32_t turn, int32_t n_turns, int32_t block, int32_t n_blocks) {
    const bool back = turn % 2 == 1 || (turn > 0 && turn == n_turns - 1);
    return turn * n_blocks + (back ? n_blocks - 1 - block : block);
}

/** Cell of the pool that holds the item's key at a sequence position. */
BANYAN_SHARED int32_t cell_of(const int32_t * pages, int32_t k_base, int32_t page_tokens, int32_t position) {
    const int32_t offset = position - k_base;
    return pages[offset / page_tokens] * page_tokens + offset % page_tokens;
}

/** Where a key of a tile is computed: by which key group, and at which of the group's places. */
struct KeyPlace {
    int32_t group, column;
};
BANYAN_SHARED KeyPlace key_place(int32_t key_in_tile, int32_t group_keys) {
    return {key_in_tile / group_keys, key_in_tile % group_keys};
}

/** Row blocks of 16 query rows that the warps of a unit form: the smallest of 1, 2, 4, ... that holds its rows. */
BANYAN_SHARED int32_t row_blocks_for(int32_t n_rows) {
    int32_t blocks = 1;
    while (blocks * 16 < n_rows) blocks *= 2;
    return blocks;
}

}  // namespace banyan::cuda
