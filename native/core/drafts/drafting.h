// Whether tokens are drafted, by whom, and which drafts go into a step.
//
// Owns: the drafter (unless given one). Changed by: what is asked of the source. Thread: the engine thread. Invariant:
// deterministic; when off there is no drafter and no memory for one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/drafts/draft.h"
#include "core/words.h"

namespace banyan {

/** always: what is drafted is checked, whatever that costs. */
enum class DraftMode : uint8_t { off, always };
template <>
struct Words<DraftMode> {
    static constexpr auto list = words("off", "always");
};

class Drafting {
  public:
    Drafting(DraftMode mode, int32_t max_running);
    ~Drafting();

    bool on() const { return mode_ != DraftMode::off; }
    /** In place of the drafter; outlives this. */
    void draft_by(DraftSource & source) { source_ = &source; }
    /** Needs on(). */
    DraftSource & source() { return *source_; }

    /** Cuts drafts from their ends to `most` tokens in all: the likeliest. */
    static void cut(std::vector<Draft> & drafts, int32_t most);

  private:
    DraftMode mode_;
    std::unique_ptr<class Drafter> own_;
    DraftSource * source_;
};

}  // namespace banyan
