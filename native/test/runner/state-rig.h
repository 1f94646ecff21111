// Sequences on a Runner whose recurrent states are saved and loaded, with pages handed out in place of the core.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runner/model.h"
#include "runner/runner.h"

namespace banyan::test {

/** Of BANYAN_TEST_MODELS: those whose states can be saved, by name. BANYAN_TEST_GPU_LAYERS of each run on the GPU (0).
 */
std::vector<std::filesystem::path> models_with_states();

/** n tokens that a seed tells apart. */
std::vector<Token> tokens_of(int n, int seed, int n_vocab);

/** One sequence: what was computed of it, and where. */
struct Line {
    SlotId slot;
    std::vector<Token> tokens;  // read, or to be read
    std::vector<PageId> pages;
    int32_t n_past = 0;
    bool first = true;
};

class StateRig {
  public:
    StateRig(const std::filesystem::path & path, int n_threads, int32_t n_states = 8);

    Runner & runner() { return *runner_; }
    int n_vocab() const { return model_->info().vocab_size; }

    Line line(SlotId slot, std::vector<Token> tokens);
    /** The first n tokens of another one, which a state is saved after: shares pages, but copies one that it will
     * write. */
    Line fork(const Line & of, SlotId slot, StateId state, int32_t n);

    /** A chunk of a line. */
    struct Part {
        Line * line;
        int32_t end;
        StateId save = kNoState;  // after it
    };
    /** One step. Returns the logits of every part's last token, in order; {}: the step failed. Refused parts have none.
     */
    std::vector<std::vector<float>> step(const std::vector<Part> & parts);
    /** By part of the last step. */
    bool refused(size_t part) const { return runner_->refused(part); }

    /** The next step also does this. */
    void save_before(const StateCopy & copy) { next_.saves_before.push_back(copy); }

    std::atomic<bool> abort{false};

  private:
    std::shared_ptr<const Model> model_;
    std::unique_ptr<Runner> runner_;
    PageId next_page_ = 0;
    Batch next_;
};

}  // namespace banyan::test
