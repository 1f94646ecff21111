#include "sim/page-oracle.h"

#include <algorithm>

namespace banyan::sim {

namespace {

uint64_t mix(uint64_t h, uint64_t x) {
    h ^= x + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccdull;
    return h ^ (h >> 33);
}

}  // namespace

void PageOracle::grow(RequestId id, Token token) {
    const auto it = truths_.find(id);
    if (it != truths_.end()) it->second.tokens.push_back(token);
}

std::vector<uint64_t> PageOracle::cells(const PageWrite & write) const {
    std::vector<uint64_t> cells;
    if (write.state != kNoState) cells.push_back(states_[write.state]);
    if (write.page == kNoPage) return cells;
    const auto first = cells_.begin() + static_cast<ptrdiff_t>(write.page) * page_tokens_;
    cells.insert(cells.end(), first, first + static_cast<ptrdiff_t>(write.tokens.size()));
    return cells;
}

void PageOracle::set_cells(const TierPlace & to, const std::vector<uint64_t> & cells) {
    const ptrdiff_t n_states = to.state == kNoState ? 0 : 1;
    if (n_states > 0) states_[to.state] = cells.front();
    if (to.page == kNoPage) return;
    std::copy(cells.begin() + n_states, cells.end(), cells_.begin() + static_cast<ptrdiff_t>(to.page) * page_tokens_);
}

void PageOracle::save_states(const std::vector<StateCopy> & saves) {
    for (const StateCopy & save : saves) states_[save.state] = slots_[save.slot];
}

std::string PageOracle::check(const Batch & batch, bool failed) {
    std::string wrong = load_states(batch);
    for (const PageCopy & copy : batch.copies) {
        if (copy.src == copy.dst || copy.n_tokens < 1 || copy.n_tokens >= page_tokens_) return "a copy is none";
        for (int32_t i = 0; i < copy.n_tokens; ++i) cell(copy.dst, i) = cell(copy.src, i);
    }
    const auto read_all = [&] {
        for (const BatchRow & row : batch.rows) {
            if (wrong.empty()) wrong = read(row);
        }
    };
    read_all();
    for (const BatchRow & row : batch.rows) write(row, failed);
    // Rows of a step do not see each other, whatever a failed step wrote.
    read_all();
    for (const StateCopy & save : batch.saves_after) states_[save.state] = failed ? 0 : slots_[save.slot];
    if (failed) {
        for (const StateCopy & save : batch.saves_before) states_[save.state] = 0;
    }
    return wrong;
}

/** Of the row's tokens before n_past. */
uint64_t PageOracle::past_of(const BatchRow & row) const {
    const Truth * truth = truth_of(row);
    uint64_t path = mix(1, truth ? truth->salt : 0);
    for (int32_t i = 0; i < row.n_past; ++i) path = mix(path, truth ? truth->tokens[i] : 0);
    return path;
}

/** Slots get what their rows go on from: '' or what is wrong with it. */
std::string PageOracle::load_states(const Batch & batch) {
    if (states_.empty()) return "";
    for (const StateCopy & save : batch.saves_before) states_[save.state] = slots_[save.slot];
    for (const BatchRow & row : batch.rows) {
        const Truth * truth = truth_of(row);
        if (row.first) slots_[row.slot] = mix(1, truth ? truth->salt : 0);
    }
    for (const StateCopy & load : batch.loads) slots_[load.slot] = states_[load.state];
    for (const BatchRow & row : batch.rows) {
        if (truth_of(row) && slots_[row.slot] != past_of(row)) {
            return "request " + std::to_string(row.request) + ": goes on from a foreign state";
        }
    }
    return "";
}

const PageOracle::Truth * PageOracle::truth_of(const BatchRow & row) const {
    const auto & all = row.ahead ? known_ : truths_;
    const auto it = all.find(row.ahead ? row.ahead : row.request);
    return it == all.end() ? nullptr : &it->second;
}

std::string PageOracle::read(const BatchRow & row) {
    const Truth * truth = truth_of(row);
    if (!truth) return "";  // cancelled under way
    const auto & [salt, tokens] = *truth;
    const std::string name = "request " + std::to_string(row.request) + ": ";
    const int32_t n_known = row.n_tokens - row.n_drafts, end = row.n_past + n_known;
    if (n_known < 1 || row.n_past < 0 || end > static_cast<int32_t>(tokens.size())) return name + "a row outside";
    if (row.n_pages != pages_for(end + row.n_drafts, page_tokens_)) return name + "pages do not cover its row";
    if (row.sample != (!row.ahead && end == static_cast<int32_t>(tokens.size())))
        return name + "samples at the wrong token";
    if (!std::equal(tokens.begin() + row.n_past, tokens.begin() + end, row.tokens)) return name + "foreign tokens";
    uint64_t path = mix(1, salt);
    for (int32_t i = 0; i < row.n_past; ++i) {
        path = mix(path, tokens[i]);
        if (cell(row.pages[i / page_tokens_], i % page_tokens_) != path) {
            return name + "reads a foreign cell at token " + std::to_string(i);
        }
    }
    return "";
}

void PageOracle::write(const BatchRow & row, bool failed) {
    const Truth * truth = truth_of(row);
    uint64_t path = mix(1, truth ? truth->salt : 0);
    for (int32_t i = 0; i < row.n_past + row.n_tokens; ++i) {
        // What drafts wrote has no reader unless they were right.
        const bool known = truth && i < static_cast<int32_t>(truth->tokens.size());
        path = mix(path, known ? truth->tokens[i] : row.tokens[std::max(0, i - row.n_past)]);
        if (i >= row.n_past) cell(row.pages[i / page_tokens_], i % page_tokens_) = failed ? 7 : path;
    }
    slots_[row.slot] = failed ? 7 : path;
}

}  // namespace banyan::sim
