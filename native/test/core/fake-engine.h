// A scheduler with a make-believe model behind it. Instead of KV, every cell holds a hash of the whole path up to its
// token, so each row can prove that the pages it reads hold exactly its own past: no shared page was ever corrupted. So
// does every slot and every saved state, as recurrent layers would: a wrong state can never be computed from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "core/scheduler/scheduler.h"
#include "fake-tier.h"

namespace banyan::test {

inline uint64_t mix(uint64_t h, uint64_t x) {
    h ^= x + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccdull;
    return h ^ (h >> 33);
}

class FakeEngine {
  public:
    explicit FakeEngine(const SchedulerConfig & given)
        : scheduler(given),
          config(given),
          cells_(static_cast<size_t>(given.n_pages) * given.page_tokens, 0),
          slots_(given.max_running),
          states_(given.n_states) {}

    /** n_output: tokens until the model ends the request by itself. */
    SubmitError submit(Request request, int32_t n_output) {
        Truth truth{request.prompt, request.salt, static_cast<int32_t>(request.prompt.size()) + n_output};
        const RequestId id = request.id;
        if (config.tiers.on) request.root = FakeTier::root_of(request.salt);
        const SubmitError error = scheduler.submit(std::move(request), now);
        if (error == SubmitError::none) truths[id] = truth;
        return error;
    }

    HintError hint(ProgramId program, Hint hint) {
        if (config.tiers.on) hint.root = FakeTier::root_of(hint.salt);
        const HintError error = scheduler.hint(program, hint, now);
        if (error == HintError::none && hint.kind == Hint::Kind::next_prefix) {
            known[program] = {hint.tokens, hint.salt, static_cast<int32_t>(hint.tokens.size())};
        }
        return error;
    }

    void cancel(RequestId id) {
        if (scheduler.cancel(id, now)) truths.erase(id);
    }

    /**
     * schedule, compute, commit. Returns the rows that were computed: never none while anybody is there, unless the
     * scheduler waits for company; then the time passes until it wants to be asked again.
     */
    size_t step(bool fail = false) {
        const Batch & batch = scheduler.schedule(now);
        const bool work = !scheduler.idle();
        if (work && batch.empty() && scheduler.wake_at() < kNever) {
            CHECK(scheduler.wake_at() > now);
            if (drains_ && end_tier_work()) return 0;  // it waits for pages
            now = scheduler.wake_at();
            return 0;
        }
        CHECK_EQ(!batch.empty(), work);
        return commit(batch, fail);
    }

    /** What the cost model says that the batch takes; 1 ms without one. */
    Micros duration(const Batch & batch) const {
        if (!config.policy.cost.calibrated()) return 1000;
        return std::max<Micros>(1, CostModel(config.policy.cost).step(shape_of(batch)));
    }

    static StepShape shape_of(const Batch & batch) {
        StepShape shape;
        for (const BatchRow & row : batch.rows) {
            if (row.n_tokens - row.n_drafts == 1 && row.sample) {
                shape.add_decode(row.n_past);
            } else {
                shape.add_prefill(row.n_tokens, row.n_past);
            }
        }
        return shape;
    }

    size_t commit(const Batch & batch, bool fail = false) {
        const size_t n_rows = batch.rows.size();
        const Micros took = duration(batch);
        const StepResult result = compute(batch, fail);
        if (config.policy.cost.calibrated()) now += took;  // else at commit it is still the time of schedule()
        scheduler.commit(result, now);
        save_owed();
        if (!config.policy.cost.calibrated()) now += took;
        for (const RowResult & row : result.rows) {
            const FinishState state = scheduler.state(row.request);
            if (state != FinishState::finished) continue;
            const RequestUsage * usage = scheduler.usage(row.request);
            if (usage) finished[row.request] = {*usage, truths[row.request].tokens};
            truths.erase(row.request);
        }
        return n_rows;
    }

    /** What the scheduler wants read or written is under way from now on. */
    void take_tier_work() {
        tier.take(scheduler, now, [this](const PageWrite & write) {
            FakeTier::Cells cells;
            if (write.state != kNoState) {
                CHECK(faults || states_[write.state].n_tokens == write.n_tokens);
                cells.push_back(states_[write.state].path);
            }
            const auto n = config.tiers.pages ? static_cast<int32_t>(write.tokens.size()) : 0;
            for (int32_t i = 0; i < n; ++i) cells.push_back(cell(write.page, i));
            return cells;
        });
        CHECK(static_cast<int32_t>(tier.reads.size()) <= config.tiers.most_reading);
        CHECK(static_cast<int32_t>(tier.writes.size()) <= config.tiers.most_writing);
    }
    void end_read(size_t i, ReadEnd how = ReadEnd::sound) { end_read_at(i, now, how); }
    /** The disk was done with it then; the engine hears of it now. */
    void end_read_at(size_t i, Micros ended, ReadEnd how = ReadEnd::sound) {
        tier.end_read(scheduler, ended, i, how, [this](const TierPlace & to, const FakeTier::Cells & cells) {
            const size_t n_states = to.state == kNoState ? 0 : 1;
            if (n_states > 0) states_[to.state] = {cells.front(), to.n_tokens};
            if (to.page == kNoPage) return;  // the tree has what is behind the last full page
            for (size_t at = n_states; at < cells.size(); ++at) {
                cell(to.page, static_cast<int32_t>(at - n_states)) = cells[at];
            }
        });
    }
    /** All that is wanted is read and written, at once. False: nothing was. */
    bool end_tier_work() {
        bool any = false;
        for (take_tier_work(); !tier.idle(); take_tier_work()) {
            any = true;
            while (!tier.reads.empty()) end_read(0);
            while (!tier.writes.empty()) tier.end_write(scheduler, 0, true);
        }
        return any;
    }

    /** Steps until nothing is left; false when that takes more than max_steps. */
    bool drain(int max_steps) {
        drains_ = true;
        for (int i = 0; i < max_steps && !scheduler.idle(); ++i) {
            step();
            end_tier_work();
            CHECK_EQ(scheduler.check_integrity(), "");
        }
        drains_ = false;
        return scheduler.idle();
    }

    struct Truth {
        std::vector<Token> tokens;
        Salt salt;
        int32_t end;  // tokens at which the model ends it
    };
    struct Finished {
        RequestUsage usage;
        std::vector<Token> tokens;
    };

    Scheduler scheduler;
    SchedulerConfig config;
    Micros now = 1000;
    FakeTier tier;
    std::map<RequestId, Truth> truths;  // live requests
    std::map<ProgramId, Truth> known;   // what was said that programs will send
    std::map<RequestId, Finished> finished;
    uint64_t n_saved = 0, n_loaded = 0;  // states
    int64_t n_drafted = 0, n_kept = 0;
    size_t most_forced = 0;  // tokens that the model's grammar leaves no choice about, after one that it does
    std::mt19937_64 * faults = nullptr;  // with it some states cannot be saved, and some rows find a wrong one
    uint64_t decisions = 0;              // hash of all batches: the decision log
    Token vocabulary = 1000;

    uint64_t & cell(PageId page, int32_t at) { return cells_[static_cast<size_t>(page) * config.page_tokens + at]; }

    /** What recurrent layers know: a hash of all tokens so far. */
    struct Memory {
        uint64_t path = 0;
        int32_t n_tokens = -1;  // -1: may be anything
    };
    Memory & saved(StateId state) { return states_[state]; }

  private:
    StepResult compute(const Batch & batch, bool fail) {
        StepResult result;
        result.failed = fail;
        save(batch.saves_before, result);
        load(batch);
        for (const PageCopy & copy : batch.copies) {
            CHECK(copy.src != copy.dst && copy.n_tokens > 0 && copy.n_tokens < config.page_tokens);
            decisions = mix(mix(mix(decisions, copy.src), copy.dst), copy.n_tokens);
            for (int32_t i = 0; i < copy.n_tokens; ++i) cell(copy.dst, i) = cell(copy.src, i);
        }
        // All rows read before any writes, and once more after all wrote: rows of a step do not see each other.
        int32_t n_tokens = 0;
        for (const BatchRow & row : batch.rows) {
            check_past(row);
            n_tokens += row.n_tokens;
            const bool noise = faults && config.n_states > 0 && (*faults)() % 16 == 0;
            if (noise || (config.n_states > 0 && slots_[row.slot].n_tokens != row.n_past))
                result.refused.push_back(row.request);
        }
        const auto is_refused = [&](const BatchRow & row) {
            return std::find(result.refused.begin(), result.refused.end(), row.request) != result.refused.end();
        };
        CHECK_EQ(n_tokens, batch.n_tokens);
        CHECK(n_tokens <= config.max_batch_tokens);
        for (const BatchRow & row : batch.rows) write(row, fail || is_refused(row));
        for (const BatchRow & row : batch.rows) {
            if (fail || is_refused(row)) continue;
            check_past(row);
            if (row.sample) result.rows.push_back(sample(row));
        }
        if (fail) {
            for (const StateCopy & save : batch.saves_before) states_[save.state] = {};
            for (const StateCopy & save : batch.saves_after) states_[save.state] = {};
        } else {
            save(batch.saves_after, result);
        }
        return result;
    }

    /** Some cannot be saved. */
    void save(const std::vector<StateCopy> & saves, StepResult & result) {
        for (const StateCopy & save : saves) {
            decisions = mix(mix(mix(decisions, save.slot), save.state), save.n_tokens);
            const bool noise = faults && (*faults)() % 8 == 0;
            if (noise || slots_[save.slot].n_tokens != save.n_tokens) {
                CHECK(faults);
                states_[save.state] = {};
                result.lost_states.push_back(save.state);
                continue;
            }
            states_[save.state] = slots_[save.slot];
            ++n_saved;
        }
    }

    /** As an engine with tiers does after each step. */
    void save_owed() {
        if (!config.tiers.on) return;
        const std::vector<StateCopy> saves = scheduler.take_owed_saves();
        StepResult result;
        save(saves, result);
        if (!saves.empty()) scheduler.end_saves(saves, result.lost_states, now);
    }

    void load(const Batch & batch) {
        for (const BatchRow & row : batch.rows) {
            const Truth * truth = truth_of(row);
            if (row.first) slots_[row.slot] = {mix(1, truth ? truth->salt : 0), 0};
        }
        for (const StateCopy & load : batch.loads) {
            decisions = mix(mix(mix(decisions, load.slot), load.state), load.n_tokens);
            CHECK(faults || states_[load.state].n_tokens == load.n_tokens);
            slots_[load.slot] = states_[load.state];
            ++n_loaded;
        }
        if (config.n_states == 0) return;
        for (const BatchRow & row : batch.rows) {
            const Truth * truth = truth_of(row);
            if (!truth) continue;
            uint64_t path = mix(1, truth->salt);
            for (int32_t i = 0; i < row.n_past; ++i) path = mix(path, truth->tokens[i]);
            CHECK(faults || slots_[row.slot].n_tokens == row.n_past);
            CHECK(slots_[row.slot].n_tokens != row.n_past || slots_[row.slot].path == path);
        }
    }

    const Truth * truth_of(const BatchRow & row) const {
        const auto & all = row.ahead ? known : truths;
        const auto it = all.find(row.ahead ? row.ahead : row.request);
        return it == all.end() ? nullptr : &it->second;
    }

    void check_past(const BatchRow & row) {
        decisions = mix(mix(mix(mix(decisions, row.request), row.slot), row.n_past), row.n_tokens);
        const Truth * found = truth_of(row);
        if (!found) return;  // cancelled while in flight
        const Truth & truth = *found;
        CHECK(row.n_tokens >= 1 && row.n_past >= 0);
        const int32_t n_known = row.n_tokens - row.n_drafts, end = row.n_past + n_known;
        CHECK(n_known >= 1 && (row.n_drafts == 0 || row.sample));
        CHECK(end <= static_cast<int32_t>(truth.tokens.size()));
        CHECK(end + row.n_drafts < std::max(config.max_context, config.n_pages * config.page_tokens + 1));
        CHECK_EQ(row.n_pages, pages_for(row.n_past + row.n_tokens, config.page_tokens));
        CHECK_EQ(row.sample, row.ahead == 0 && end == static_cast<int32_t>(truth.tokens.size()));
        uint64_t path = mix(1, truth.salt);
        for (int32_t i = 0; i < row.n_past; ++i) {
            path = mix(path, truth.tokens[i]);
            if (!config.tiers.pages) continue;  // what a page holds does not matter to it
            if (cell(row.pages[i / config.page_tokens], i % config.page_tokens) == path) continue;
            return fail_at(row, i);
        }
        for (int32_t i = 0; i < n_known; ++i) CHECK_EQ(row.tokens[i], truth.tokens[row.n_past + i]);
    }

    void fail_at(const BatchRow & row, int32_t i) {
        CHECK_EQ("request " + std::to_string(row.request) + " reads a foreign cell at token " + std::to_string(i), "");
    }

    /** A failed step may have written anything into the cells it was given. */
    void write(const BatchRow & row, bool garbage) {
        const Truth * truth = truth_of(row);
        uint64_t path = mix(1, truth ? truth->salt : 0);
        for (int32_t i = 0; i < row.n_past + row.n_tokens; ++i) {
            const bool past = truth && i < row.n_past;
            // Without drafts a row's tokens are the sequence's own, with those before them.
            const bool lost = i < row.n_past && row.n_drafts > 0;
            path = mix(path, past ? truth->tokens[i] : lost ? 0 : row.tokens[i - row.n_past]);
            if (i >= row.n_past) cell(row.pages[i / config.page_tokens], i % config.page_tokens) = garbage ? 7 : path;
        }
        advance(row, garbage);
    }

    void advance(const BatchRow & row, bool garbage) {
        Memory & slot = slots_[row.slot];
        for (int32_t i = 0; i < row.n_tokens; ++i) slot.path = mix(slot.path, row.tokens[i]);
        slot.n_tokens = garbage ? -1 : row.n_past + row.n_tokens;
    }

    RowResult sample(const BatchRow & row) {
        RowResult out{row.request, 0, true, false};
        const auto it = truths.find(row.request);
        if (it == truths.end()) return out;
        Truth & truth = it->second;
        uint64_t path = mix(1, truth.salt);
        for (Token token : truth.tokens) path = mix(path, token);
        const Token * const drafts = row.tokens + row.n_tokens - row.n_drafts;
        n_drafted += row.n_drafts;
        for (;; ++out.kept, ++n_kept) {
            out.token = static_cast<Token>(path % vocabulary);
            truth.tokens.push_back(out.token);
            out.finished = static_cast<int32_t>(truth.tokens.size()) >= truth.end;
            const bool right = out.kept < row.n_drafts && out.token == drafts[out.kept];
            path = mix(path, out.token);
            if (out.finished || !right) break;
        }
        const size_t n_forced = out.finished || most_forced == 0 ? 0 : path % (most_forced + 1);
        while (out.forced.size() < n_forced && !out.finished) {
            out.forced.push_back(static_cast<Token>(path % vocabulary));
            truth.tokens.push_back(out.forced.back());
            path = mix(path, out.forced.back());
            out.finished = static_cast<int32_t>(truth.tokens.size()) >= truth.end;
        }
        return out;
    }

    bool drains_ = false;  // reads and writes end at once
    std::vector<uint64_t> cells_;
    std::vector<Memory> slots_, states_;
};

/** Tokens that differ between seeds from the first one on. */
inline std::vector<Token> tokens_of(uint64_t seed, int32_t n) {
    std::vector<Token> tokens;
    for (int32_t i = 0; i < n; ++i) tokens.push_back(static_cast<Token>(mix(seed, i) % 30000));
    return tokens;
}

inline Request request(RequestId id, std::vector<Token> prompt, int32_t max_output = 0) {
    Request r;
    r.id = id;
    r.prompt = std::move(prompt);
    r.max_output = max_output;
    return r;
}

}  // namespace banyan::test
