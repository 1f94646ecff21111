// The kernels' work partition, by the very arithmetic the device runs: over random plans every (query row, key) pair of
// every KV head is computed exactly once, by one warp group, from the right cell, and answered in one place.
#include <algorithm>
#include <random>

#include "check.h"
#include "runner/batch-shape.h"
#include "runner/cuda/device-plan.h"
#include "runner/cuda/tile-shape.h"
#include "runner/cuda/work-units.h"

using namespace banyan;
using namespace banyan::cuda;

namespace {

struct Shape {
    int32_t tile_rows, tile_keys, warps;  // warps: row blocks x key groups of a block
};
constexpr Shape kShapes[] = {{64, 64, 4}, {32, 32, 2}, {32, 64, 2}, {16, 64, 1}};  // as in tile-shape.h

/** Random sequences over a tree of pages, with prefills, decodes and drafts. */
struct RandomBatch {
    std::vector<std::vector<PageId>> pages;
    std::vector<std::vector<int32_t>> tokens;
    std::vector<PlanRow> rows;
    int32_t n_tokens = 0;

    /** One new token each in n sequences of up to `longest` tokens, half of them below a common prefix; then padding.
     */
    static RandomBatch decodes(std::mt19937 & rng, int32_t page_tokens, int32_t n, int32_t longest, int32_t padding) {
        RandomBatch batch;
        std::vector<PageId> common;
        PageId next = 1;  // page 0: scratch
        std::vector<int32_t> firsts;
        for (int32_t r = 0; r < n; ++r) {
            const int32_t first = static_cast<int32_t>(rng() % static_cast<unsigned>(longest));
            std::vector<PageId> list;
            while (static_cast<int32_t>(list.size()) * page_tokens <= first) {
                const bool shared = r % 2 == 0 && static_cast<int32_t>(list.size()) * page_tokens < longest / 2;
                if (shared && list.size() == common.size()) common.push_back(next++);
                list.push_back(shared ? common[list.size()] : next++);
            }
            batch.pages.push_back(list);
            firsts.push_back(first);
        }
        for (int32_t i = 0; i < padding; ++i) {
            batch.pages.push_back({0});
            firsts.push_back(0);
        }
        for (size_t r = 0; r < firsts.size(); ++r) batch.tokens.push_back({batch.n_tokens++});
        for (size_t r = 0; r < firsts.size(); ++r) {
            batch.rows.push_back({batch.pages[r].data(), static_cast<int32_t>(batch.pages[r].size()), firsts[r],
                                  batch.tokens[r].data(), 1});
        }
        return batch;
    }

    RandomBatch() = default;
    RandomBatch(std::mt19937 & rng, int32_t page_tokens) {
        const auto up_to = [&](int n) { return static_cast<int32_t>(rng() % static_cast<unsigned>(n + 1)); };
        PageId next = 0;
        const int32_t n_rows = 1 + up_to(11);
        std::vector<std::pair<int32_t, int32_t>> ranges;
        for (int32_t r = 0; r < n_rows; ++r) {
            std::vector<PageId> list;
            if (r > 0 && up_to(2) > 0) {
                const std::vector<PageId> & other = pages[up_to(r - 1)];
                list.assign(other.begin(), other.begin() + up_to(static_cast<int>(other.size())));
            }
            const int32_t shared = static_cast<int32_t>(list.size()) * page_tokens;
            const int32_t n = up_to(3) == 0 ? 1 + up_to(60) : 1 + up_to(1);
            const int32_t first = shared + up_to(up_to(4) == 0 ? 700 : 90);
            while (static_cast<int32_t>(list.size()) * page_tokens < first + n) list.push_back(next++);
            pages.push_back(list);
            ranges.push_back({first, n});
        }
        for (const auto & range : ranges) {
            tokens.emplace_back();
            for (int32_t i = 0; i < range.second; ++i) tokens.back().push_back(n_tokens++);
        }
        for (int32_t r = 0; r < n_rows; ++r) {
            rows.push_back({pages[r].data(), static_cast<int32_t>(pages[r].size()), ranges[r].first, tokens[r].data(),
                            ranges[r].second});
        }
    }
};

Window random_window(std::mt19937 & rng) {
    const Window::Kind kinds[] = {Window::Kind::full, Window::Kind::full, Window::Kind::sliding, Window::Kind::chunked,
                                  Window::Kind::symmetric};
    return {kinds[rng() % 5], 17 + static_cast<int32_t>(rng() % 100)};
}

/** All units of a launch of n_blocks. Counts each pair and each answer; wrong cells and rows fail at once. */
void check_launch(const PlanConfig & config, const RandomBatch & batch, const Shape & shape, int32_t n_blocks) {
    AttentionPlanner planner(config);
    const std::vector<int32_t> & d = planner.build(batch.rows.data(), static_cast<int32_t>(batch.rows.size()));
    const DescriptorHeader & header = planner.header();
    const auto * items = reinterpret_cast<const WorkItem *>(d.data() + header.items);
    const auto * spans = reinterpret_cast<const TokenSpan *>(d.data() + header.tokens);
    CHECK(!config.max_parts || header.n_parts <= config.max_parts(header.n_tokens));

    std::vector<int32_t> row_of(batch.n_tokens), position_of(batch.n_tokens), start(batch.n_tokens + 1, 0);
    for (size_t r = 0; r < batch.rows.size(); ++r) {
        for (int32_t i = 0; i < batch.rows[r].n_tokens; ++i) {
            row_of[batch.rows[r].tokens[i]] = static_cast<int32_t>(r);
            position_of[batch.rows[r].tokens[i]] = batch.rows[r].first + i;
        }
    }
    for (int32_t t = 0; t < batch.n_tokens; ++t) start[t + 1] = start[t] + position_of[t] + 1;
    const int32_t n_head = config.gqa * config.n_head_kv;
    std::vector<uint8_t> pairs(static_cast<size_t>(start.back()) * n_head, 0);
    std::vector<uint8_t> answers(static_cast<size_t>(batch.n_tokens) * n_head, 0);
    std::vector<uint8_t> parts(static_cast<size_t>(header.n_parts) * n_head, 0);

    const UnitGrid grid = unit_grid(header, config.n_head_kv, config.gqa, shape.tile_rows);
    bool right = true;
    int64_t n_units = 0;
    for (int32_t block = 0; block < n_blocks; ++block) {
        const int32_t n_turns = (grid.n_units + n_blocks - 1) / n_blocks;
        for (int32_t turn = 0; turn < n_turns; ++turn) {
            const int32_t number = unit_of_turn(turn, n_turns, block, n_blocks);
            if (number >= grid.n_units) continue;
            const Unit unit = unit_at(grid, items, number);
            if (unit.n_rows <= 0) continue;
            ++n_units;
            const WorkItem & item = items[unit.item];
            const int32_t groups = shape.warps / std::min(shape.warps, row_blocks_for(unit.n_rows));
            const int32_t group_keys = shape.tile_keys / groups;
            for (int32_t r = 0; r < unit.n_rows; ++r) {
                const int32_t packed = unit.row0 + r;
                const int32_t plan = item.q0 + packed / config.gqa;
                const int32_t head = unit.head * config.gqa + packed % config.gqa;
                const TokenSpan & span = spans[plan];
                if (item.part < 0)
                    ++answers[static_cast<size_t>(span.token) * n_head + head];
                else
                    ++parts[static_cast<size_t>(item.part + plan - item.q0) * n_head + head];
                const int32_t n_tiles = (item.k1 - item.k0 + shape.tile_keys - 1) / shape.tile_keys;
                for (int32_t tile = 0; tile < n_tiles; ++tile) {
                    for (int32_t in_tile = 0; in_tile < shape.tile_keys; ++in_tile) {
                        const KeyPlace place = key_place(in_tile, group_keys);
                        right = right && place.group < groups && place.group * group_keys + place.column == in_tile;
                        const int32_t key = item.k0 + tile * shape.tile_keys + in_tile;
                        if (key >= item.k1 || key < span.lo || key >= span.hi) continue;
                        const PlanRow & row = batch.rows[row_of[span.token]];
                        const int32_t cell = cell_of(d.data() + item.pages, item.k_base, config.page_tokens, key);
                        right = right && cell == row.pages[key / config.page_tokens] * config.page_tokens +
                                                     key % config.page_tokens;
                        ++pairs[(static_cast<size_t>(start[span.token]) + key) * n_head + head];
                    }
                }
            }
        }
    }
    CHECK(right && n_units > 0);
    CHECK(std::all_of(parts.begin(), parts.end(), [](uint8_t n) { return n == 1; }));
    const int32_t * part_ptr = d.data() + header.part_ptr;
    for (int32_t plan = 0; plan < header.n_tokens; ++plan) {
        const int32_t token = spans[plan].token;
        const bool merged = part_ptr[plan] < part_ptr[plan + 1];
        const int32_t lo = config.window.lo(position_of[token]);
        for (int32_t head = 0; head < n_head; ++head) {
            right = right && answers[static_cast<size_t>(token) * n_head + head] == (merged ? 0 : 1);
            for (int32_t key = 0; key <= position_of[token]; ++key) {
                const uint8_t n = pairs[(static_cast<size_t>(start[token]) + key) * n_head + head];
                right = right && n == (key >= lo ? 1 : 0);
            }
        }
    }
    CHECK(right);
}

}  // namespace

TEST("every (query, key, head) exactly once, over 3,000 random plans") {
    std::mt19937 rng(7);
    for (int i = 0; i < 3000 && banyan::test::failures() == 0; ++i) {
        PlanConfig config;
        const int32_t page_sizes[] = {8, 16, 24, 32};
        const int32_t groups[] = {1, 2, 3, 4, 5, 8, 17};
        config.page_tokens = page_sizes[rng() % 4];
        config.gqa = groups[rng() % 7];
        config.n_head_kv = 1 + static_cast<int32_t>(rng() % 2);
        config.window = random_window(rng);
        const RandomBatch batch(rng, config.page_tokens);
        // The CPU's plan is a valid plan for the device too: several tiles an item.
        if (i % 5 != 0) config = device_plan_config(config, 1 + static_cast<int32_t>(rng() % 40));
        check_launch(config, batch, kShapes[rng() % 4], 1 + static_cast<int32_t>(rng() % 30));
    }
}

TEST("decodes padded to their bucket: every pair once, padding sees the scratch page's first cell and nothing else") {
    std::mt19937 rng(11);
    BatchShape shape(48);
    for (int i = 0; i < 300 && banyan::test::failures() == 0; ++i) {
        const int32_t n = 1 + static_cast<int32_t>(rng() % 48);
        const int32_t padding = shape.rows_for(n) - n;
        PlanConfig config;
        config.page_tokens = 16;
        config.gqa = 4;
        config.window = random_window(rng);
        config = device_plan_config(config, 1 + static_cast<int32_t>(rng() % 132));
        const RandomBatch batch = RandomBatch::decodes(rng, config.page_tokens, n, 1200, padding);
        check_launch(config, batch, kShapes[rng() % 4], 1 + static_cast<int32_t>(rng() % 30));

        AttentionPlanner planner(config);
        const std::vector<int32_t> & d = planner.build(batch.rows.data(), static_cast<int32_t>(batch.rows.size()));
        const auto * items = reinterpret_cast<const WorkItem *>(d.data() + planner.header().items);
        const auto * spans = reinterpret_cast<const TokenSpan *>(d.data() + planner.header().tokens);
        int32_t n_padding = 0;
        for (int32_t item = 0; item < planner.header().n_items; ++item) {
            const WorkItem & work = items[item];
            const bool scratch = d[work.pages] == 0;
            for (int32_t plan = work.q0; plan < work.q1; ++plan) CHECK_EQ(spans[plan].token >= n, scratch);
            if (!scratch) continue;
            CHECK(work.k0 == 0 && work.k1 == 1 && work.part < 0);
            n_padding += work.q1 - work.q0;
        }
        CHECK_EQ(n_padding, padding);
    }
}

TEST("the plans of a bucket's decodes fit one descriptor, so that a graph's input keeps its size") {
    std::mt19937 rng(3);
    for (const int32_t n_head_kv : {1, 8}) {
        for (const int32_t rows : {1, 8, 64, 128}) {
            PlanConfig config;
            config.page_tokens = 32;
            config.gqa = 4;
            config.n_head_kv = n_head_kv;
            AttentionPlanner planner(device_plan_config(config, 132));
            const int64_t n_pages = rows * (8192 / 32) + 1;
            int64_t capacity = 1024;
            while (capacity < AttentionPlanner::usual_size(rows, n_pages)) capacity *= 2;
            for (int i = 0; i < 20; ++i) {
                const int32_t n = rows - static_cast<int32_t>(rng() % static_cast<unsigned>(rows / 2 + 1));
                const RandomBatch batch = RandomBatch::decodes(rng, 32, n, 8192, rows - n);
                const auto & d = planner.build(batch.rows.data(), static_cast<int32_t>(batch.rows.size()));
                CHECK(static_cast<int64_t>(d.size()) <= capacity);
            }
        }
    }
}

namespace {

/** As find_kernel chooses: large where a multiprocessor is roomy, then compact, then small (heads above 128). */
template <int DK, int DV>
bool has_kernel(int block_kib, bool roomy) {
    const int most = block_kib * 1024;
    if (roomy && LargeShape<DK, DV>::kBytes <= most) return true;
    if (CompactShape<DK, DV>::kBytes <= most) return true;
    if constexpr (DK > 128 && DK < 576) return SmallShape<DK, DV>::kBytes <= most;
    return false;
}

}  // namespace

TEST("every head size has a kernel that fits the shared memory of every architecture, MLA from 8.0 on") {
    struct Architecture {
        int number, block_kib;  // shared memory that a block may opt in to
        bool roomy;
    };
    for (const Architecture & a : {Architecture{75, 64, false},
                                   {80, 163, true},
                                   {86, 99, false},
                                   {89, 99, false},
                                   {90, 227, true},
                                   {100, 227, true},
                                   {120, 99, false}}) {
        CHECK((has_kernel<64, 64>(a.block_kib, a.roomy)));
        CHECK((has_kernel<80, 80>(a.block_kib, a.roomy)));
        CHECK((has_kernel<96, 96>(a.block_kib, a.roomy)));
        CHECK((has_kernel<112, 112>(a.block_kib, a.roomy)));
        CHECK((has_kernel<128, 128>(a.block_kib, a.roomy)));
        CHECK((has_kernel<192, 128>(a.block_kib, a.roomy)));
        CHECK((has_kernel<192, 192>(a.block_kib, a.roomy)));
        CHECK((has_kernel<256, 256>(a.block_kib, a.roomy)));
        CHECK_EQ((has_kernel<576, 512>(a.block_kib, a.roomy)), a.number >= 80);
    }
}

TEST("blocks take turns forth and back, each unit once, none twice") {
    for (int32_t n_blocks : {1, 2, 7, 264}) {
        std::vector<int> seen(n_blocks * 5, 0);
        for (int32_t block = 0; block < n_blocks; ++block) {
            for (int32_t turn = 0; turn < 5; ++turn) ++seen[unit_of_turn(turn, 5, block, n_blocks)];
        }
        CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
    }
}

TEST("partial results stay within the memory that launches reserve, however deep the prefixes branch") {
    // A caterpillar: row i shares all but its last pages with row i + 1, so every row is a node below all before it.
    constexpr int32_t kRows = 400;
    constexpr int32_t kPages = 4;
    std::vector<std::vector<PageId>> pages(kRows);
    std::vector<PageId> trunk;
    std::vector<int32_t> tokens(kRows);
    std::vector<PlanRow> rows;
    PageId next = 0;
    for (int32_t r = 0; r < kRows; ++r) {
        for (int32_t i = 0; i < kPages; ++i) trunk.push_back(next++);
        pages[r] = trunk;
        pages[r].push_back(next++);
        tokens[r] = r;
        const int32_t n = static_cast<int32_t>(pages[r].size());
        rows.push_back({pages[r].data(), n, n * 16 - 1, &tokens[r], 1});
    }
    PlanConfig config;
    config.page_tokens = 16;
    config.gqa = 4;
    AttentionPlanner free_planner(config);
    free_planner.build(rows.data(), kRows);
    CHECK(free_planner.header().n_parts > device_max_parts(kRows));  // the bound matters here
    AttentionPlanner planner(device_plan_config(config, 132));
    planner.build(rows.data(), kRows);
    CHECK(planner.header().n_parts <= device_max_parts(kRows));
    CHECK_EQ(planner.header().n_tokens, kRows);
}

namespace {

/** Keys of the busiest block over the mean, 132 multiprocessors with two blocks each, 8 KV heads, groups of 4. */
double busiest_block(int32_t n_rows, int32_t length, int32_t n_new, int32_t & n_parts) {
    std::vector<std::vector<PageId>> pages(n_rows);
    std::vector<std::vector<int32_t>> tokens(n_rows);
    std::vector<PlanRow> rows;
    PageId next = 0;
    int32_t n_tokens = 0;
    for (int32_t r = 0; r < n_rows; ++r) {
        while (static_cast<int32_t>(pages[r].size()) * 32 < length) pages[r].push_back(next++);
        for (int32_t i = 0; i < n_new; ++i) tokens[r].push_back(n_tokens++);
        rows.push_back(
            {pages[r].data(), static_cast<int32_t>(pages[r].size()), length - n_new, tokens[r].data(), n_new});
    }
    PlanConfig config;
    config.page_tokens = 32;
    config.gqa = 4;
    config.n_head_kv = 8;
    AttentionPlanner planner(device_plan_config(config, 132));
    const std::vector<int32_t> & d = planner.build(rows.data(), n_rows);
    n_parts = planner.header().n_parts;
    const auto * items = reinterpret_cast<const WorkItem *>(d.data() + planner.header().items);
    const UnitGrid grid = unit_grid(planner.header(), 8, 4, 64);
    constexpr int32_t kBlocks = 264;
    std::vector<int64_t> keys(kBlocks, 0);
    int64_t total = 0;
    for (int32_t block = 0; block < kBlocks; ++block) {
        const int32_t n_turns = (grid.n_units + kBlocks - 1) / kBlocks;
        for (int32_t turn = 0; turn < n_turns; ++turn) {
            const int32_t number = unit_of_turn(turn, n_turns, block, kBlocks);
            if (number >= grid.n_units) continue;
            const WorkItem & item = items[unit_at(grid, items, number).item];
            keys[block] += item.k1 - item.k0;
            total += item.k1 - item.k0;
        }
    }
    return static_cast<double>(*std::max_element(keys.begin(), keys.end())) * kBlocks / static_cast<double>(total);
}

}  // namespace

TEST("decode batches fill a large device evenly, a prefill chunk does so without partial results") {
    const int32_t batches[][2] = {{8, 8192}, {32, 4096}, {64, 4096}, {128, 2048}};
    int32_t n_parts = 0;
    for (const auto & batch : batches) CHECK(busiest_block(batch[0], batch[1], 1, n_parts) < 1.1);
    CHECK(busiest_block(1, 8192, 1, n_parts) < 1.2);
    CHECK(busiest_block(1, 16384 + 2048, 2048, n_parts) < 1.1);
    CHECK_EQ(n_parts, 0);
}
