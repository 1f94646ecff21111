#include "engine/worker.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include "engine/runner-memory.h"
#include "runner/drafting/draft-runner.h"
#include "runner/error.h"
#include "tiers/tier-io.h"

namespace banyan {

namespace {

constexpr int kRestarts = 2;                // of a request whose state was lost: it begins again from a sound one
constexpr RequestId kLeft = ~RequestId(0);  // no request: the scheduler does not know it, so its slot is released

}  // namespace

Worker::Worker(const SchedulerConfig & config, std::unique_ptr<Runner> runner, std::shared_ptr<TierIo> tiers)
    : scheduler_(config), runner_(std::move(runner)), tiers_(std::move(tiers)) {}

void Worker::draft_by(std::unique_ptr<DraftRunner> drafts, const CostConstants & cost) {
    drafts_ = std::move(drafts);
    scheduler_.add_draft_model(*drafts_, cost);
}

Worker::~Worker() {
    if (tiers_) tiers_->close();
}

void Worker::settle_tiers() {
    if (!tiers_) return;
    RunnerMemory memory(*runner_, drafts_.get());
    tiers_->settle(scheduler_, memory);
    for (std::string & sentence : tiers_->take_told()) tell_disk(std::move(sentence));
}

void Worker::hand_out_tiers() {
    RunnerMemory memory(*runner_, drafts_.get());
    tiers_->hand_out(scheduler_, memory);
}

void Worker::tell_disk(std::string sentence) {
    decisions_.record({now(), 0, 0, decision::Disk{std::move(sentence)}});
}

void Worker::drain_tiers(Micros patience) {
    try {
        RunnerMemory memory(*runner_, drafts_.get());
        if (tiers_) tiers_->drain(scheduler_, memory, patience);
    } catch (const std::exception &) {
        // What was not written is computed again another time.
    }
}

Micros Worker::now() {
    using namespace std::chrono;
    return 1 + duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

void Worker::submit(Request request, std::unique_ptr<Decoder> decoder) {
    const RequestId id = request.id;
    Live live{std::move(decoder), request.program};
    live.progress = live.decoder->tells_progress();
    const bool tells = live.progress;
    live_.emplace(id, std::move(live));
    const auto n_prompt = static_cast<int32_t>(request.prompt.size());
    const SubmitError error = scheduler_.submit(std::move(request), now());
    if (error == SubmitError::prompt_too_long) {
        fail(id, "PROMPT_TOO_LONG", "the prompt does not fit the KV pool");
    } else if (error == SubmitError::backpressure) {
        fail(id, "BACKPRESSURE", "the first token would come later than the request allows", scheduler_.retry_after());
    } else if (error != SubmitError::none) {
        fail(id, "INVALID_OPTION", "the scheduler refused the request");
    } else if (tells) {
        tell_stage(id, Stage::accepted, 0, n_prompt);
    }
}

void Worker::cancel(RequestId id) {
    if (live_.count(id) == 0) return;
    scheduler_.cancel(id, now());
    finish(id, FinishReason::cancelled);
}

void Worker::cancel_all() {
    while (!live_.empty()) cancel(live_.begin()->first);
}

bool Worker::step(const std::atomic<bool> & aborted) {
    try {
        const Micros started = now();
        const Batch & batch = scheduler_.schedule(started);
        const Micros drafting = scheduler_.drafting_time();
        if (tiers_) hand_out_tiers();
        const Micros scheduled = now();
        StepResult result;
        if (batch.empty()) {
            scheduler_.commit(result, now());
            return false;
        }
        tell_admitted(batch);
        release_slots(batch);
        if (!compute(batch)) {
            result.failed = true;
            std::vector<RequestId> concerned;
            for (const BatchRow & row : batch.rows) concerned.push_back(row.request);
            scheduler_.commit(result, now());
            if (aborted) return false;
            for (const RequestId id : concerned) {
                scheduler_.cancel(id, now());
                fail(id, "STEP_FAILED", "the model could not compute this step");
            }
            return true;
        }
        tell_refused(batch, result);
        foretelling_ = 0;
        sample(batch, result);
        result.foretelling = foretelling_;
        const Micros computed = now();
        log_.add(batch, started, computed - started);
        counts_.add(computed - started, batch.n_tokens);
        scheduler_.commit(result, computed);
        save_owed_states();
        const Micros committed = now();
        tell_prefill(batch);
        for (const Ended & end : ended_) {
            if (end.code.empty()) {
                finish(end.id, end.reason);
            } else {
                fail(end.id, end.code, end.message);
            }
        }
        ended_.clear();
        in_steps_ += committed - started;
        steps_.add(committed - started);
        deciding_.add(scheduled - started - drafting + committed - computed);
        return true;
    } catch (const std::exception & e) {
        fail_all(e.what());
        return true;
    }
}

void Worker::tell_refused(const Batch & batch, StepResult & result) {
    result.lost_states = runner_->lost_states();
    for (size_t r = 0; r < batch.rows.size(); ++r) {
        if (!runner_->refused(r)) continue;
        const RequestId id = batch.rows[r].request;
        result.refused.push_back(id);
        const auto live = live_.find(id);
        if (live == live_.end() || ++live->second.refusals <= kRestarts) continue;
        scheduler_.cancel(id, now());
        ended_.push_back({id, FinishReason::error, "STEP_FAILED",
                          "the model's recurrent state is not the one after this request's tokens"});
    }
}

void Worker::listen(std::function<bool()> hear) {
    runner_->listen([this, hear = std::move(hear)] {
        try {
            return hear() && (broken_ || !is_wanted(*computing_));
        } catch (const std::exception & e) {
            broken_ = e.what();
            return true;
        }
    });
}

bool Worker::compute(const Batch & batch) {
    const std::vector<DeviceSampler *> & samplers = samplers_of(batch);
    computing_ = &batch;
    const bool computed = runner_->run(batch, samplers);
    computing_ = nullptr;
    ended_in_step_.clear();
    if (broken_) throw std::runtime_error(*std::exchange(broken_, std::nullopt));
    if (computed && drafts_) drafts_->hear(batch, *runner_);
    return computed;
}

bool Worker::is_wanted(const Batch & batch) const {
    return std::any_of(batch.rows.begin(), batch.rows.end(),
                       [&](const BatchRow & row) { return row.ahead != 0 || live_.count(row.request) > 0; });
}

/** What a tier is to keep cannot wait for the next step: there may be none. */
void Worker::save_owed_states() {
    const std::vector<StateCopy> saves = tiers_ ? scheduler_.take_owed_saves() : std::vector<StateCopy>{};
    if (!saves.empty()) scheduler_.end_saves(saves, runner_->save_states(saves), now());
}

const std::vector<DeviceSampler *> & Worker::samplers_of(const Batch & batch) {
    samplers_.clear();
    for (const BatchRow & row : batch.rows) {
        const bool device = row.sample && row.n_drafts == 0;  // the device chooses one token a slot
        samplers_.push_back(device ? live_.at(row.request).decoder->on_device() : nullptr);
    }
    return samplers_;
}

void Worker::release_slots(const Batch & batch) {
    if (!runner_->stock_sequences()) return;
    for (const BatchRow & row : batch.rows) {
        const size_t slot = static_cast<size_t>(row.slot);
        if (slot_owners_.size() <= slot) slot_owners_.resize(slot + 1, 0);
        // Preempted and back already: the slot it had before is free.
        if (row.first) std::replace(slot_owners_.begin(), slot_owners_.end(), row.request, kLeft);
        slot_owners_[slot] = row.request;
    }
    for (size_t slot = 0; slot < slot_owners_.size(); ++slot) {
        if (slot_owners_[slot] == 0 || scheduler_.state(slot_owners_[slot]) == FinishState::running) continue;
        runner_->release(static_cast<SlotId>(slot));
        slot_owners_[slot] = 0;
    }
}

/** False: it failed, and its request will end with that. */
bool Worker::score(const BatchRow & row, size_t r, Decoder & decoder) {
    try {
        const auto logits = [&](int32_t i) { return runner_->scored_logits(r, i); };
        std::vector<TokenLogprob> scores = decoder.score(row.n_past, row.n_tokens, logits);
        if (!scores.empty()) events_.push_back({row.request, PromptLogprobsEvent{std::move(scores)}});
        return true;
    } catch (const std::exception & e) {
        scheduler_.cancel(row.request, now());
        ended_.push_back({row.request, FinishReason::error, "STEP_FAILED", e.what()});
        return false;
    }
}

void Worker::sample(const Batch & batch, StepResult & result) {
    for (size_t r = 0; r < batch.rows.size(); ++r) {
        const BatchRow & row = batch.rows[r];
        const auto live = live_.find(row.request);
        if (live == live_.end() || runner_->refused(r)) continue;  // or cancelled meanwhile
        Decoder & decoder = *live->second.decoder;
        if (row.scored && !score(row, r, decoder)) continue;
        if (!row.sample) continue;
        result.rows.push_back(decode(row, r, live->second));
    }
}

/**
 * Tokens of the row, one by one as ever: each says whether the draft in its place was right, and only then the next
 * logits are those of this answer.
 */
RowResult Worker::decode(const BatchRow & row, size_t r, Live & live) {
    Decoder & decoder = *live.decoder;
    const Token * const drafts = row.tokens + row.n_tokens - row.n_drafts;
    int32_t n_right = 0;
    try {
        for (;; ++n_right) {
            const int32_t index = runner_->output_index(r, n_right);
            Decoded decoded = decoder.next(runner_->context(), index, runner_->logits(r, n_right));
            RowResult result{row.request, decoded.token, decoded.append, decoded.finished, n_right, {}, {}, 0};
            if (live.progress && !live.prefilled) {
                live.prefilled = true;
                const RequestUsage & usage = *scheduler_.usage(row.request);
                tell_stage(row.request, Stage::prefill, usage.prompt_tokens, usage.prompt_tokens);
            }
            publish(row.request, std::move(decoded));
            const bool right = result.append && n_right < row.n_drafts && result.token == drafts[n_right];
            if (!result.finished && right) continue;
            if (!result.finished && result.append) jump(decoder, result);
            if (result.finished) ended_.push_back({row.request, decoder.reason(), "", ""});
            return result;
        }
    } catch (const Error & e) {
        ended_.push_back({row.request, FinishReason::error, e.code, e.what()});
    } catch (const std::exception & e) {
        ended_.push_back({row.request, FinishReason::error, "STEP_FAILED", e.what()});
    }
    return {row.request, -1, false, true, n_right, {}, {}, 0};
}

void Worker::jump(Decoder & decoder, RowResult & result) {
    const JumpMode mode = decoder.jump();
    if (mode == JumpMode::force) {
        for (const Token token : decoder.ahead(false).tokens) {
            std::optional<Decoded> forced = decoder.force(token);
            if (!forced) break;
            result.finished = forced->finished;
            result.forced.push_back(token);
            publish(result.request, std::move(*forced));
            if (result.finished) return;
        }
    }
    if (mode == JumpMode::off || !result.forced.empty() || !scheduler_.checks_drafts(result.request)) return;
    using namespace std::chrono;
    const auto began = steady_clock::now();
    ForcedTokens likely = decoder.ahead(true);
    result.n_sure = static_cast<int32_t>(likely.n_sure);
    result.likely = std::move(likely.tokens);
    foretelling_ += duration_cast<nanoseconds>(steady_clock::now() - began).count();
}

void Worker::forget(std::unordered_map<RequestId, Live>::iterator request) {
    if (computing_) ended_in_step_.push_back(std::move(request->second.decoder));
    live_.erase(request);
}

void Worker::fail_all(const std::string & message) {
    if (computing_) {
        broken_ = message;  // the step ends first
        return;
    }
    ended_.clear();
    StepResult nothing;  // of the step under way, if any: the scheduler gives out no other before it is committed
    nothing.failed = true;
    scheduler_.commit(nothing, now());
    while (!live_.empty()) {
        const RequestId id = live_.begin()->first;
        scheduler_.cancel(id, now());
        fail(id, "INTERNAL", message);
    }
}

Micros Worker::patience() const {
    const Micros alarm = scheduler_.alarm(), wake = scheduler_.wake_at();
    if (idle()) return alarm >= kNever ? -1 : std::max<Micros>(0, alarm - now());
    return std::max<Micros>(0, std::min(wake >= kNever ? now() + kLook : wake, alarm) - now());
}

void Worker::set_decisions(bool on) {
    scheduler_.log_to(on ? &decisions_ : nullptr);
}

std::vector<Event> Worker::take_events() {
    decisions_.take(events_);
    return std::exchange(events_, {});
}

EngineStats Worker::stats() const {
    EngineStats stats;
    stats.scheduler = scheduler_.stats();
    stats.cost = scheduler_.cost().constants();
    stats.step_ms = static_cast<double>(in_steps_) / 1000;
    stats.step = steps_.quantiles();
    stats.deciding = deciding_.quantiles();
    stats.counts = counts_;
    if (tiers_) stats.disk = tiers_->stats();
    return stats;
}

}  // namespace banyan
