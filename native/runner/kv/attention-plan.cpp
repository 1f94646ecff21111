#include "runner/kv/attention-plan.h"

#include <algorithm>
#include <climits>
#include <cstring>

namespace banyan {

namespace {

constexpr int32_t kExactTile = 64;     // keys: the kernels' tile, where an exact item's first one begins
constexpr int32_t kExactSplit = 1024;  // keys of an exact item at most, a multiple of a tile and of every page

}  // namespace

const std::vector<int32_t> & AttentionPlanner::build(const PlanRow * rows, int32_t n_rows) {
    order_rows(rows, n_rows);
    cut(rows, n_rows, config_.n_threads, config_.exact ? INT_MAX : config_.min_shared);
    if (!within_max_parts()) cut(rows, n_rows, 1, config_.min_shared);  // no splits along the keys
    if (!within_max_parts()) cut(rows, n_rows, 1, INT_MAX);             // nothing shared: one item answers a token
    write(rows);
    return out_;
}

void AttentionPlanner::cut(const PlanRow * rows, int32_t n_rows, int32_t n_threads, int32_t min_shared) {
    n_threads_ = n_threads;
    min_shared_ = min_shared;
    nodes_.clear();
    find_nodes(rows, 0, n_rows, 0, 0);
    cut_nodes();
    split_cuts();
    number_parts();
}

bool AttentionPlanner::within_max_parts() const {
    return !config_.max_parts || static_cast<int64_t>(part_idx_.size()) <= config_.max_parts(tokens_.size());
}

void AttentionPlanner::order_rows(const PlanRow * rows, int32_t n_rows) {
    spans_.resize(n_rows);
    for (int32_t i = 0; i < n_rows; ++i) spans_[i].row = i;
    std::sort(spans_.begin(), spans_.end(), [rows](const Span & a, const Span & b) {
        const PlanRow & x = rows[a.row];
        const PlanRow & y = rows[b.row];
        const int order = [&] {
            const auto at = std::mismatch(x.pages, x.pages + std::min(x.n_pages, y.n_pages), y.pages);
            if (at.first == x.pages + std::min(x.n_pages, y.n_pages)) return x.n_pages - y.n_pages;
            return *at.first < *at.second ? -1 : 1;
        }();
        return order != 0 ? order < 0 : a.row < b.row;
    });
    tokens_.clear();
    for (Span & span : spans_) {
        const PlanRow & row = rows[span.row];
        span.q0 = static_cast<int32_t>(tokens_.size());
        for (int32_t i = 0; i < row.n_tokens; ++i) {
            const int32_t position = row.first + i;
            tokens_.push_back({row.tokens[i], config_.window.lo(position), position + 1});
        }
        span.q1 = static_cast<int32_t>(tokens_.size());
        span.lo = config_.window.lo(row.first);  // never decreases with the position
        span.hi = row.first + row.n_tokens;
        span.few = config_.exact || (row.drafts && row.n_tokens <= config_.few_tokens);
    }
}

// Spans [r0, r1) agree on the pages before `probe`; the pages before `start` already belong to a node above.
void AttentionPlanner::find_nodes(const PlanRow * rows, int32_t r0, int32_t r1, int32_t start, int32_t probe) {
    for (int32_t i = r0; i < r1;) {
        const PageId * pages = rows[spans_[i].row].pages;
        int32_t end = pages_of(spans_[i]);
        int32_t j = i + 1;
        while (probe < end && j < r1 && probe < pages_of(spans_[j]) &&
               rows[spans_[j].row].pages[probe] == pages[probe]) {
            const int32_t limit = std::min(end, pages_of(spans_[j]));
            end = static_cast<int32_t>(
                std::mismatch(pages + probe, pages + limit, rows[spans_[j].row].pages + probe).first - pages);
            ++j;
        }
        if (j - i == 1) {
            if (start < end) nodes_.push_back({start, end, i, j, 0});
        } else if ((end - start) * config_.page_tokens >= min_shared_) {
            nodes_.push_back({start, end, i, j, 0});
            find_nodes(rows, i, j, end, end);
        } else {
            find_nodes(rows, i, j, start, end);
        }
        i = j;
    }
}

int64_t AttentionPlanner::cost_of(const Cut & cut) const {
    return static_cast<int64_t>(cut.k1 - cut.k0) * std::max(config_.least_rows, (cut.q1 - cut.q0) * config_.gqa);
}

void AttentionPlanner::cut_nodes() {
    cuts_.clear();
    for (size_t n = 0; n < nodes_.size(); ++n) {
        const Node & node = nodes_[n];
        const int32_t q0 = spans_[node.r0].q0;
        const int32_t q1 = spans_[node.r1 - 1].q1;
        const bool few = node.r1 - node.r0 == 1 && spans_[node.r0].few;
        const int32_t block = std::max(1, (few ? config_.narrow_rows : config_.block_rows) / config_.gqa);
        const int32_t n_blocks = (q1 - q0 + block - 1) / block;
        const int32_t step = (q1 - q0 + n_blocks - 1) / n_blocks;
        for (int32_t q = q0; q < q1; q += step) {
            Cut cut{static_cast<int32_t>(n), 0, 0, q, std::min(q1, q + step), -1, 0};
            int32_t lo = INT_MAX;
            int32_t hi = 0;
            for (int32_t t = cut.q0; t < cut.q1; ++t) {
                lo = std::min(lo, tokens_[t].lo);
                hi = std::max(hi, tokens_[t].hi);
            }
            if (config_.exact) lo = lo / kExactTile * kExactTile;
            cut.k0 = std::max(node.p0 * config_.page_tokens, lo);
            cut.k1 = std::min(node.p1 * config_.page_tokens, hi);
            if (cut.k0 < cut.k1) cuts_.push_back(cut);
        }
    }
}

// Cuts along the keys until every thread has several units. A wide item is a unit per KV head, a narrow one is one
// unit.
void AttentionPlanner::split_cuts() {
    split_.clear();
    int64_t total = 0;
    for (const Cut & cut : cuts_) total += cost_of(cut);
    const int64_t target = total / (static_cast<int64_t>(n_threads_) * config_.units_per_thread) + 1;
    for (const Cut & cut : cuts_) {
        const int32_t n_keys = cut.k1 - cut.k0;
        const bool wide = (cut.q1 - cut.q0) * config_.gqa > config_.narrow_rows;
        const int64_t unit = cost_of(cut) / (wide ? config_.n_head_kv : 1);
        int64_t n = n_threads_ > 1 ? (unit + (config_.nearest_split ? target / 2 : target - 1)) / target : 1;
        n = std::max<int64_t>(1, std::min<int64_t>(n, n_keys / config_.min_split));
        const int32_t page = config_.page_tokens;
        const int32_t step =
            config_.exact ? kExactSplit : static_cast<int32_t>((n_keys + n - 1) / n + page - 1) / page * page;
        const int32_t border = config_.exact ? kExactSplit : page;  // so that no page is read twice
        for (int32_t k = cut.k0; k < cut.k1;) {
            Cut piece = cut;
            piece.k0 = k;
            piece.k1 = std::min(cut.k1, (k + step) / border * border);
            piece.cost = cost_of(piece);
            split_.push_back(piece);
            k = piece.k1;
        }
    }
    std::stable_sort(split_.begin(), split_.end(), [](const Cut & a, const Cut & b) { return a.cost > b.cost; });
}

// A token with one item is answered in place; one with several gets a partial result from each, merged afterwards.
void AttentionPlanner::number_parts() {
    const size_t n_tokens = tokens_.size();
    cursor_.assign(n_tokens + 1, 0);
    for (const Cut & cut : split_) {
        for (int32_t q = cut.q0; q < cut.q1; ++q) ++cursor_[q];
    }
    part_ptr_.assign(n_tokens + 1, 0);
    int32_t n_parts = 0;
    for (Cut & cut : split_) {
        const bool alone =
            std::all_of(cursor_.begin() + cut.q0, cursor_.begin() + cut.q1, [](int32_t n) { return n == 1; });
        if (alone) continue;
        cut.part = n_parts;
        n_parts += cut.q1 - cut.q0;
        for (int32_t q = cut.q0; q < cut.q1; ++q) ++part_ptr_[q + 1];
    }
    for (size_t q = 0; q < n_tokens; ++q) part_ptr_[q + 1] += part_ptr_[q];
    part_idx_.resize(n_parts);
    cursor_ = part_ptr_;
    for (const Cut & cut : split_) {
        if (cut.part < 0) continue;
        for (int32_t q = cut.q0; q < cut.q1; ++q) part_idx_[cursor_[q]++] = cut.part + q - cut.q0;
    }
}

void AttentionPlanner::write(const PlanRow * rows) {
    constexpr size_t kHeader = sizeof(DescriptorHeader) / sizeof(int32_t);
    out_.assign(kHeader, 0);
    const auto append = [this](const void * data, size_t n_values) {
        const size_t at = out_.size();
        out_.resize(at + n_values);
        if (n_values > 0) std::memcpy(out_.data() + at, data, n_values * sizeof(int32_t));
        return static_cast<int32_t>(at);
    };

    DescriptorHeader header{};
    header.magic = kDescriptorMagic;
    header.n_tokens = static_cast<int32_t>(tokens_.size());
    header.page_tokens = config_.page_tokens;
    header.n_items = static_cast<int32_t>(split_.size());
    header.n_parts = static_cast<int32_t>(part_idx_.size());
    header.tokens = append(tokens_.data(), tokens_.size() * sizeof(TokenSpan) / sizeof(int32_t));
    for (Node & node : nodes_) {
        const PageId * pages = rows[spans_[node.r0].row].pages;
        node.pages = append(pages + node.p0, node.p1 - node.p0);
    }
    header.items = static_cast<int32_t>(out_.size());
    for (const Cut & cut : split_) {
        const Node & node = nodes_[cut.node];
        const WorkItem item{node.pages, node.p0 * config_.page_tokens, cut.k0, cut.k1, cut.q0, cut.q1, cut.part};
        append(&item, sizeof(item) / sizeof(int32_t));
        header.max_item_tokens = std::max(header.max_item_tokens, cut.q1 - cut.q0);
    }
    header.part_ptr = append(part_ptr_.data(), part_ptr_.size());
    header.part_idx = append(part_idx_.data(), part_idx_.size());
    header.used = static_cast<int32_t>(out_.size());
    std::memcpy(out_.data(), &header, sizeof(header));
}

int64_t AttentionPlanner::usual_size(int64_t n_tokens, int64_t n_pages) {
    constexpr int64_t kPerToken = 3 + 1 + 24;  // span, part_ptr, items and parts of a decode split over many threads
    return 4096 + n_tokens * kPerToken + n_pages;
}

}  // namespace banyan
