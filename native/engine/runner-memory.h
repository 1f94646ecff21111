// The runner's pool and saved states, as tier-io copies them.
#pragma once

#include "runner/drafting/draft-runner.h"
#include "runner/kv/state-bank.h"
#include "runner/runner.h"
#include "tiers/pool-memory.h"

namespace banyan {

class RunnerMemory final : public PoolMemory {
  public:
    /** drafts: has read no page that comes from elsewhere; nullptr: there is none. */
    RunnerMemory(Runner & runner, DraftRunner * drafts) : runner_(runner), drafts_(drafts) {}

    bool read_page(PageId page, char * bytes) const override { return runner_.read_page(page, bytes); }
    bool write_page(PageId page, const char * bytes) override {
        if (drafts_) drafts_->forget(page);
        return runner_.write_page(page, bytes);
    }
    bool read_state(StateId state, int32_t n_tokens, char * bytes) const override {
        return runner_.states()->read(state, n_tokens, bytes);
    }
    bool write_state(StateId state, int32_t n_tokens, const char * bytes) override {
        return runner_.states()->write(state, n_tokens, bytes);
    }

  private:
    Runner & runner_;
    DraftRunner * drafts_;
};

}  // namespace banyan
