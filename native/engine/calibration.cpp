#include "engine/calibration.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "runner/kv/state-bank.h"

namespace banyan {

namespace {

constexpr Picos kPicosPerMicro = 1'000'000;
constexpr int32_t kDeep = 1024;  // a multiple of every page size

/** A step to try: a chunk of a prompt and some decodes, all of them `past` tokens deep. */
struct Trial {
    int32_t prefill, decodes, past;

    int32_t n_tokens() const { return prefill + decodes; }
    int32_t n_rows() const { return decodes + (prefill > 0); }
};
constexpr Trial kTrials[] = {{0, 1, 0}, {0, 8, 0}, {64, 0, 0}, {0, 8, kDeep}, {64, 0, kDeep}, {256, 0, 0}};
constexpr int kRepeats = 3;  // the quickest counts: others wait for other programs, or warm up

/** Rows that read the same pages before them, and write into pages of their own. */
class TrialBatch {
  public:
    TrialBatch(const Trial & trial, int32_t page_tokens) : tokens_(std::max(trial.prefill, 1), 0) {
        past_.resize(static_cast<size_t>(trial.past / page_tokens));
        std::iota(past_.begin(), past_.end(), 0);
        tables_.reserve(static_cast<size_t>(trial.n_rows()));
        if (trial.prefill > 0) add(trial.prefill, trial.past, page_tokens);
        for (int32_t i = 0; i < trial.decodes; ++i) add(1, trial.past, page_tokens);
    }

    const Batch & batch() const { return batch_; }
    int32_t n_pages() const { return static_cast<int32_t>(past_.size()) + own_; }

  private:
    void add(int32_t n_tokens, int32_t n_past, int32_t page_tokens) {
        std::vector<PageId> & table = tables_.emplace_back(past_);
        for (int32_t i = 0; i < pages_for(n_tokens, page_tokens); ++i) {
            table.push_back(static_cast<PageId>(past_.size()) + own_++);
        }
        const auto slot = static_cast<SlotId>(batch_.rows.size());
        batch_.rows.push_back(
            {0, slot, tokens_.data(), n_tokens, n_past, table.data(), static_cast<int32_t>(table.size()), true, n_past == 0});
        batch_.n_tokens += n_tokens;
    }

    std::vector<Token> tokens_;
    std::vector<PageId> past_;
    std::vector<std::vector<PageId>> tables_;
    int32_t own_ = 0;
    Batch batch_;
};

/** llama.cpp's own caches must have seen the tokens before; pages and states may hold anything. */
bool goes_on_from_anything(const Runner & runner) {
    return !runner.stock_sequences();
}
bool goes_on_from_anything(const DraftReader &) {
    return true;
}

void begin(Runner & runner, const BatchRow & row) {
    if (row.n_past > 0) runner.assume(row.slot, row.n_past);
}
void begin(DraftReader &, const BatchRow &) {}

template <typename Computes>
bool fits(const Trial & trial, const TrialBatch & batch, const CalibrationOptions & options,
          const Computes & computes) {
    if (trial.past > 0 && !goes_on_from_anything(computes)) return false;
    return trial.n_rows() <= options.max_running && trial.n_tokens() <= options.max_batch_tokens &&
           batch.n_pages() <= options.n_pages;
}

/** 0: it was refused. */
template <typename Computes>
Micros timed(Computes & computes, const Batch & batch) {
    using Clock = std::chrono::steady_clock;
    for (const BatchRow & row : batch.rows) begin(computes, row);
    const Clock::time_point started = Clock::now();
    const bool computed = computes.run(batch) && computes.logits(0) != nullptr;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count();
    for (const BatchRow & row : batch.rows) computes.release(row.slot);
    return computed ? std::max<Micros>(1, took) : 0;
}

StepShape shape_of(const Trial & trial) {
    StepShape shape;
    if (trial.prefill > 0) shape.add_prefill(trial.prefill, trial.past);
    for (int32_t i = 0; i < trial.decodes; ++i) shape.add_decode(trial.past);
    return shape;
}

/** What one unit of something costs, from two steps that differ in it. */
Picos slope(Micros more, Micros less, int64_t units) {
    return std::max<Micros>(0, more - less) * kPicosPerMicro / units;
}

template <typename Computes>
std::vector<MeasuredStep> measured(Computes & computes, const CalibrationOptions & options,
                                   const std::atomic<bool> & abort) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point last_start = Clock::now() + std::chrono::microseconds(2 * options.budget);
    std::vector<MeasuredStep> steps;
    Micros left = options.budget;
    Micros a_token = 0;  // in the quickest step so far; a larger step takes no longer a token
    for (const Trial & trial : kTrials) {
        const TrialBatch batch(trial, options.page_tokens);
        if (!fits(trial, batch, options, computes)) continue;
        const Micros at_most = a_token * trial.n_tokens();
        Micros quickest = kNever;
        for (int i = 0; i < kRepeats && at_most <= left && Clock::now() < last_start; ++i) {
            const Micros took = abort ? 0 : timed(computes, batch.batch());
            if (took == 0) return {};
            quickest = std::min(quickest, took);
            left -= steps.empty() ? quickest : std::min(took, at_most);  // waiting for other programs is not charged
            if (quickest > left) break;
        }
        if (quickest == kNever) continue;
        steps.push_back({shape_of(trial), quickest});
        a_token = std::max<Micros>(1, quickest / trial.n_tokens());
    }
    return steps;
}

}  // namespace

std::vector<MeasuredStep> calibrate(Runner & runner, const CalibrationOptions & options,
                                    const std::atomic<bool> & abort) {
    return measured(runner, options, abort);
}

std::vector<MeasuredStep> calibrate(DraftReader & reader, const CalibrationOptions & options,
                                    const std::atomic<bool> & abort) {
    return measured(reader, options, abort);
}

Picos time_state_copy(Runner & runner) {
    using Clock = std::chrono::steady_clock;
    StateBank * const bank = runner.states();
    if (!bank || bank->n_states() == 0) return 0;
    const StateCopy copy{0, 0, 1};
    runner.assume(copy.slot, copy.n_tokens);
    Picos quickest = 0;
    // Out and back; the first time also waits for memory.
    for (int i = 0; i <= kRepeats; ++i) {
        const Clock::time_point started = Clock::now();
        if (!bank->save(copy) || !bank->load(copy)) break;
        const Picos took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - started).count() * 1000;
        if (i > 0) quickest = i > 1 ? std::min(quickest, took / 2) : took / 2;
    }
    bank->forget(copy.state);
    runner.release(copy.slot);
    return quickest;
}

CostConstants cost_of(const std::vector<MeasuredStep> & steps, Picos state_copy) {
    CostConstants cost;
    if (steps.empty()) return cost;
    cost.state = state_copy;
    const auto took = [&](int64_t prefill, int64_t decodes, bool deep) -> Micros {
        for (const MeasuredStep & step : steps) {
            const StepShape & s = step.shape;
            const bool is_deep = s.context > 0 || s.pairs > s.prefill * s.prefill;
            if (s.prefill == prefill && s.decodes == decodes && is_deep == deep) return step.took;
        }
        return 0;
    };
    const Micros one = took(0, 1, false), eight = took(0, 8, false), chunk = took(64, 0, false);
    const Micros deep_eight = took(0, 8, true), deep_chunk = took(64, 0, true), long_chunk = took(256, 0, false);
    if (eight > 0) cost.decode = slope(eight, one, 7);
    cost.step = std::max<Picos>(0, one * kPicosPerMicro - cost.decode);
    // Without a measured chunk rather too much: steps are too short then, not too long, until real ones are known.
    cost.prefill = eight > 0 ? cost.decode : cost.step / 4;
    if (chunk > 0) cost.prefill = std::max<Picos>(0, chunk * kPicosPerMicro - cost.step) / 64;
    if (long_chunk > chunk && chunk > 0) cost.prefill = slope(long_chunk, chunk, 256 - 64);
    if (deep_eight > 0) cost.context = slope(deep_eight, eight, 8 * kDeep);
    if (deep_chunk > 0) cost.pair = slope(deep_chunk, chunk, 64 * kDeep);
    return cost;
}

}  // namespace banyan
