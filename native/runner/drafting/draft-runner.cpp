#include "runner/drafting/draft-runner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "runner/model.h"

namespace banyan {

DraftRunner::DraftRunner(std::unique_ptr<DraftReader> reader, const RunnerOptions & options, int32_t n_pages,
                         int32_t vocabulary)
    : reader_(std::move(reader)),
      reads_(n_pages, options.page_tokens, reader_->shift()),
      shift_(reader_->shift()),
      page_tokens_(options.page_tokens),
      capacity_(std::max(options.max_batch_tokens, options.max_running)),
      vocabulary_(vocabulary),
      undecided_(static_cast<size_t>(options.max_running)) {}

DraftRunner::~DraftRunner() = default;

void DraftRunner::forget(PageId page) {
    reads_.forget(page);
    reader_->forget(page);
}

void DraftRunner::follow(const Batch & step) {
    reads_.follow(step);
    reader_->follow(step);
    for (const BatchRow & row : step.rows) {
        Undecided & undecided = undecided_[static_cast<size_t>(row.slot)];
        if (row.first || ++undecided.steps > 1) undecided.request = 0;
    }
    if (step.copies.empty()) return;
    Batch copies;
    copies.copies = step.copies;
    if (reader_->run(copies)) return;
    for (const PageCopy & copy : step.copies) reads_.forget(copy.dst);
}

/** What it drafted a step ago and was said has been read: the request has held those cells all the time. */
void DraftRunner::decide(const ModelRow & row) {
    Undecided & undecided = undecided_[static_cast<size_t>(row.slot)];
    if (undecided.request != row.request) return;
    undecided.request = 0;
    const int32_t from = undecided.from, end = static_cast<int32_t>(row.tokens->size()) - 1;
    int32_t n = 0;  // the last one was drafted, and not read
    while (n < undecided.draft.n - 1 && from + n < end && (*row.tokens)[from + n] == undecided.draft.tokens[n]) ++n;
    if (n > 0 && reads_.covered(row.pages, from) == from) reads_.read(row.pages, from, from + n);
}

int32_t DraftRunner::unread(const ModelRow & row) {
    const ModelInfo & info = reader_->model().info();
    const auto n_tokens = static_cast<int32_t>(row.tokens->size()), n_cells = n_tokens - shift_;
    if (n_cells < 1 || n_tokens + kMostDraft > info.context_train) return -1;
    if (reader_->keeps_drafts()) decide(row);
    const int32_t begin = std::min(reads_.covered(row.pages, n_cells), n_cells - 1);
    const auto is_unknown = [&](Token token) { return token >= info.vocab_size; };
    if (std::any_of(row.tokens->begin() + begin + shift_, row.tokens->end(), is_unknown)) return -1;
    return reader_->can_read(row.pages, begin, n_cells) ? n_cells - begin : -1;
}

ModelDrafts DraftRunner::draft(const std::vector<ModelRow> & rows, int32_t depth) {
    ModelDrafts out;
    out.drafts.resize(rows.size());
    if (!read_all(rows, out) || !draft_on(rows, depth, out)) out.drafts.assign(rows.size(), {});
    for (size_t r = 0; r < rows.size(); ++r) {
        if (out.drafts[r].n == 0) continue;
        undecided_[static_cast<size_t>(rows[r].slot)] = {rows[r].request, static_cast<int32_t>(rows[r].tokens->size()),
                                                         0, out.drafts[r]};
    }
    return out;
}

/** A page that several of them share is read for the first; the others find it read in the next run. */
bool DraftRunner::read_all(const std::vector<ModelRow> & rows, ModelDrafts & out) {
    struct Left {
        size_t row;
        int32_t n_read;
    };
    std::vector<Left> left;
    for (size_t r = 0; r < rows.size(); ++r) left.push_back({r, rows[r].n_read});
    while (!left.empty()) {
        Batch batch;
        std::set<PageId> taken;
        std::vector<Left> later, now;
        for (const Left & of : left) {
            const ModelRow & row = rows[of.row];
            const auto n_cells = static_cast<int32_t>(row.tokens->size()) - shift_;
            const int32_t begin = std::min(reads_.covered(row.pages, n_cells), n_cells - 1);
            const int32_t n = std::min({n_cells - begin, of.n_read, capacity_ - batch.n_tokens});
            const PageId *const first = row.pages + begin / page_tokens_, *const last =
                                                                              row.pages + (begin + std::max(1, n) - 1) /
                                                                                              page_tokens_;
            const bool is_taken = std::any_of(first, last + 1, [&](PageId page) { return taken.count(page) > 0; });
            if (n <= 0 || is_taken) {
                if (of.n_read > 0) later.push_back(of);
                continue;
            }
            taken.insert(first, last + 1);
            batch.rows.push_back({row.request, row.slot, row.tokens->data() + begin + shift_, n, begin, row.pages,
                                  row.n_pages, begin + n == n_cells, false});
            batch.n_tokens += n;
            now.push_back({of.row, of.n_read - n});
        }
        if (batch.empty()) break;
        if (!run(batch, out)) return false;
        for (size_t i = 0; i < now.size(); ++i) {
            const BatchRow & row = batch.rows[i];
            reads_.read(row.pages, row.n_past, row.n_past + row.n_tokens);
            if (row.sample) {
                add_token(out.drafts[now[i].row], i);
            } else if (now[i].n_read > 0) {
                later.push_back(now[i]);
            }
        }
        left = std::move(later);
    }
    return true;
}

/** A run for each draft more, of all rows together. What is drafted is no part of any path: it does not count as read.
 */
bool DraftRunner::draft_on(const std::vector<ModelRow> & rows, int32_t depth, ModelDrafts & out) {
    for (int32_t n = 1; n < std::min(depth, kMostDraft); ++n) {
        Batch batch;
        std::vector<size_t> of;
        for (size_t r = 0; r < rows.size(); ++r) {
            const ModelDraft & draft = out.drafts[r];
            const int32_t at = static_cast<int32_t>(rows[r].tokens->size()) - shift_ + n - 1;
            if (draft.n != n || at >= rows[r].n_pages * page_tokens_) continue;
            const Token & token = draft.tokens[n - 1];
            if (reader_->model().ends_generation(token)) continue;
            batch.rows.push_back(
                {rows[r].request, rows[r].slot, &token, 1, at, rows[r].pages, rows[r].n_pages, true, false});
            ++batch.n_tokens;
            of.push_back(r);
        }
        if (batch.empty()) return true;
        if (!run(batch, out)) return false;
        for (size_t i = 0; i < of.size(); ++i) add_token(out.drafts[of[i]], i);
    }
    return true;
}

/** False: it failed, or the engine closes. */
bool DraftRunner::run(const Batch & batch, ModelDrafts & out) {
    using Clock = std::chrono::steady_clock;
    ModelPass pass{};
    for (const BatchRow & row : batch.rows) {
        if (row.n_tokens == 1) {
            pass.shape.add_decode(row.n_past);
        } else {
            pass.shape.add_prefill(row.n_tokens, row.n_past);
        }
    }
    const Clock::time_point started = Clock::now();
    const bool computed = reader_->run(batch);
    pass.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count();
    out.passes.push_back(pass);
    return computed;
}

/** The likeliest, and how likely it is. */
void DraftRunner::add_token(ModelDraft & draft, size_t row) const {
    const float * const logits = reader_->logits(row);
    const float * const best = std::max_element(logits, logits + vocabulary_);
    double sum = 0;
    for (const float * logit = logits; logit != logits + vocabulary_; ++logit) sum += std::exp(*logit - *best);
    const double chance = sum >= 1 ? 1 / sum : 0;  // not a number: 0
    draft.tokens[draft.n] = static_cast<Token>(best - logits);
    draft.sure[draft.n] = std::min(5, static_cast<int32_t>(chance * 6));
    ++draft.n;
}

}  // namespace banyan
