// The planner alone: every visible (query, key) pair in exactly one item, and the shape of what is shared.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "check.h"
#include "runner/kv/attention-plan.h"

using namespace banyan;

namespace {

struct Row {
    std::vector<PageId> pages;
    int32_t first;
    int32_t n;
    bool drafts = false;
};

struct Batch {
    std::vector<Row> rows;
    std::vector<std::vector<int32_t>> tokens;

    /** Tokens of the rows interleaved, as a scheduler may order them. */
    std::vector<PlanRow> plan_rows() {
        tokens.assign(rows.size(), {});
        int32_t next = 0;
        for (int32_t i = 0;; ++i) {
            bool any = false;
            for (size_t r = 0; r < rows.size(); ++r) {
                if (i >= rows[r].n) continue;
                tokens[r].push_back(next++);
                any = true;
            }
            if (!any) break;
        }
        std::vector<PlanRow> out;
        for (size_t r = 0; r < rows.size(); ++r) {
            out.push_back({rows[r].pages.data(), static_cast<int32_t>(rows[r].pages.size()), rows[r].first,
                           tokens[r].data(), rows[r].n, rows[r].drafts});
        }
        return out;
    }
};

/** Checks the descriptor against the rows; returns the number of items. */
int check_plan(const PlanConfig & config, Batch batch) {
    const std::vector<PlanRow> rows = batch.plan_rows();
    AttentionPlanner planner(config);
    const std::vector<int32_t> & d = planner.build(rows.data(), static_cast<int32_t>(rows.size()));
    const DescriptorHeader & h = planner.header();
    CHECK_EQ(h.magic, kDescriptorMagic);
    CHECK_EQ(static_cast<size_t>(h.used), d.size());
    const auto * spans = reinterpret_cast<const TokenSpan *>(d.data() + h.tokens);
    const auto * items = reinterpret_cast<const WorkItem *>(d.data() + h.items);

    std::map<int32_t, std::pair<size_t, int32_t>> where;  // ubatch row -> (row, position)
    int32_t n_tokens = 0;
    for (size_t r = 0; r < rows.size(); ++r) {
        for (int32_t i = 0; i < rows[r].n_tokens; ++i) where[rows[r].tokens[i]] = {r, rows[r].first + i};
        n_tokens += rows[r].n_tokens;
    }
    CHECK_EQ(h.n_tokens, n_tokens);

    std::map<std::pair<int32_t, int32_t>, int> seen;  // (plan token, cell) -> times
    std::map<int32_t, std::set<int32_t>> parts_of;    // plan token -> part rows
    std::set<int32_t> direct;
    for (int32_t i = 0; i < h.n_items; ++i) {
        const WorkItem & item = items[i];
        CHECK(item.q1 - item.q0 <= h.max_item_tokens && item.k0 < item.k1 && item.k_base <= item.k0);
        for (int32_t q = item.q0; q < item.q1; ++q) {
            if (item.part >= 0) {
                CHECK(parts_of[q].insert(item.part + q - item.q0).second);
            } else {
                CHECK(direct.insert(q).second);
            }
            for (int32_t k = item.k0; k < item.k1; ++k) {
                if (k < spans[q].lo || k >= spans[q].hi) continue;
                const int32_t page = d[item.pages + (k - item.k_base) / config.page_tokens];
                ++seen[{q, page * config.page_tokens + k % config.page_tokens}];
            }
        }
    }
    size_t visible = 0;
    for (int32_t q = 0; q < h.n_tokens; ++q) {
        const auto [row, position] = where.at(spans[q].token);
        CHECK_EQ(spans[q].hi, position + 1);
        CHECK_EQ(spans[q].lo, config.window.lo(position));
        for (int32_t k = spans[q].lo; k < spans[q].hi; ++k, ++visible) {
            const int32_t cell = rows[row].pages[k / config.page_tokens] * config.page_tokens + k % config.page_tokens;
            if ((seen[{q, cell}]) != 1) test::fail(__FILE__, __LINE__, "a pair is not covered exactly once");
        }
        const int32_t * ptr = d.data() + h.part_ptr;
        const int32_t * idx = d.data() + h.part_idx;
        CHECK(std::set<int32_t>(idx + ptr[q], idx + ptr[q + 1]) == parts_of[q]);
        CHECK(parts_of[q].empty() == (direct.count(q) == 1));
    }
    CHECK_EQ(seen.size(), visible);
    return h.n_items;
}

}  // namespace

TEST("one decoding row is one item, or several for several threads") {
    PlanConfig config;
    Batch batch{{{{5, 2, 9, 1}, 100, 1}}, {}};
    CHECK_EQ(check_plan(config, batch), 1);
    config.n_threads = 4;
    Batch longer{{{{}, 3000, 1}}, {}};
    for (int32_t p = 0; p < 100; ++p) longer.rows[0].pages.push_back(p);
    CHECK(check_plan(config, longer) >= 4);
}

TEST("a shared prefix is one item for all rows, and one for each rest") {
    Batch batch;
    for (int32_t r = 0; r < 6; ++r) batch.rows.push_back({{0, 1, 2, 3, 10 + r}, 140 + r, 1});
    CHECK_EQ(check_plan(PlanConfig{}, batch), 1 + 6);
}

TEST("too little in common is not worth a merge") {
    Batch batch;
    for (int32_t r = 0; r < 6; ++r) batch.rows.push_back({{0, 10 + 2 * r, 11 + 2 * r}, 90, 1});
    CHECK_EQ(check_plan(PlanConfig{}, batch), 6);
}

TEST("few tokens of one row with drafts are narrow items: each has the bits that it would have alone") {
    PlanConfig config;
    config.gqa = 3;
    const auto items = [&](int32_t n, bool drafts = true) {
        return check_plan(config, Batch{{{{0, 1, 2, 3}, 100, n, drafts}}, {}});
    };
    CHECK_EQ(items(1), 1);
    CHECK_EQ(items(7), 4);  // two tokens of three heads are six of the eight rows
    CHECK_EQ(items(16), 8);
    CHECK_EQ(items(17), 1);
    CHECK_EQ(items(7, false), 1);  // of a prompt
    config.few_tokens = 0;
    CHECK_EQ(items(7), 1);
}

TEST("exact: what a token reads at once depends on its position alone") {
    using Pieces = std::vector<std::pair<int32_t, int32_t>>;  // of keys, as a tile of the kernel sees them
    const auto pieces_of = [](const PlanConfig & config, Batch batch, int32_t position) {
        const std::vector<PlanRow> rows = batch.plan_rows();
        AttentionPlanner planner(config);
        const std::vector<int32_t> & d = planner.build(rows.data(), static_cast<int32_t>(rows.size()));
        const auto * spans = reinterpret_cast<const TokenSpan *>(d.data() + planner.header().tokens);
        const auto * items = reinterpret_cast<const WorkItem *>(d.data() + planner.header().items);
        Pieces out;
        for (int32_t i = 0; i < planner.header().n_items; ++i) {
            const WorkItem & item = items[i];
            CHECK((item.q1 - item.q0) * config.gqa <= std::max(config.narrow_rows, config.gqa));
            for (int32_t q = item.q0; q < item.q1; ++q) {
                const int32_t lo = spans[q].lo / 64 * 64;
                // Keys before and behind its own are masked: they change no bit.
                const std::pair<int32_t, int32_t> piece{std::max(item.k0, lo), std::min(item.k1, spans[q].hi)};
                CHECK_EQ(piece.first % 64, 0);
                if (spans[q].hi == position + 1 && piece.first < piece.second) out.push_back(piece);
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    };
    for (const int32_t window : {0, 100, 3000}) {
        PlanConfig config;
        config.exact = true;
        config.gqa = 3;
        if (window > 0) config.window = {Window::Kind::sliding, window};
        std::vector<PageId> pages;
        for (int32_t p = 0; p < 100; ++p) pages.push_back(p);
        const Batch alone{{{pages, 2500, 1}}, {}};
        const Pieces expected = pieces_of(config, alone, 2500);
        CHECK(window == 100 ? expected.size() == 1 : expected.size() == 3);
        config.n_threads = 4;
        CHECK(pieces_of(config, alone, 2500) == expected);
        CHECK(pieces_of(config, Batch{{{pages, 2497, 9, true}}, {}}, 2500) == expected);
        CHECK(pieces_of(config, Batch{{{pages, 2300, 400}}, {}}, 2500) == expected);
        std::vector<PageId> fork(pages.begin(), pages.begin() + 70);
        for (int32_t p = 0; p < 30; ++p) fork.push_back(200 + p);
        CHECK(pieces_of(config, Batch{{{pages, 2500, 1}, {fork, 2400, 1}, {fork, 2600, 70}}, {}}, 2500) == expected);
    }
}

TEST("random trees, windows, chunks and thread counts: every pair exactly once") {
    std::mt19937 rng(3);
    const auto upto = [&rng](int n) { return static_cast<int32_t>(rng() % n); };
    for (int round = 0; round < 300; ++round) {
        PlanConfig config;
        config.page_tokens = 1 << upto(6);
        config.gqa = 1 + upto(9);
        config.n_head_kv = 1 + upto(8);
        config.n_threads = 1 + upto(8);
        config.window = {static_cast<Window::Kind>(upto(4)), 1 + upto(200)};
        config.exact = upto(4) == 0;
        Batch batch;
        PageId next = 0;
        const int n_rows = 1 + upto(12);
        for (int r = 0; r < n_rows; ++r) {
            Row row{{}, upto(400), 1 + (upto(3) == 0 ? upto(150) : 0)};
            if (r > 0 && upto(3) > 0) {  // fork of an earlier row: whole pages of what was there before the step
                const Row & parent = batch.rows[upto(r)];
                const int32_t whole = std::min(parent.first, row.first) / config.page_tokens;
                row.pages.assign(parent.pages.begin(), parent.pages.begin() + (whole > 0 ? upto(whole + 1) : 0));
            }
            while (static_cast<int32_t>(row.pages.size()) * config.page_tokens < row.first + row.n) {
                row.pages.push_back(next++);
            }
            for (int32_t spare = upto(3); spare > 0; --spare) row.pages.push_back(next++);
            row.drafts = upto(2) == 1;
            batch.rows.push_back(row);
        }
        check_plan(config, batch);
    }
}

TEST("the usual descriptor fits the usual size") {
    PlanConfig config;
    config.n_threads = 8;
    Batch batch;
    for (int32_t r = 0; r < 32; ++r) {
        Row row{{}, 2000, 1};
        for (int32_t p = 0; p < 63; ++p) row.pages.push_back(p < 40 ? p : 100 * r + p);
        batch.rows.push_back(row);
    }
    const std::vector<PlanRow> rows = batch.plan_rows();
    AttentionPlanner planner(config);
    const size_t size = planner.build(rows.data(), static_cast<int32_t>(rows.size())).size();
    CHECK(static_cast<int64_t>(size) <= AttentionPlanner::usual_size(32, 1000));
}
