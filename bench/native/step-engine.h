// One llama_context ready to run the same step again and again: stock unified, stock streams, or the paged KV.
#pragma once

#include <memory>
#include <string>

#include "llama.h"

namespace banyan::bench {

enum class Kind { unified, streams, paged, dense };

const char * name_of(Kind kind);

/** `rows` sequences of `context` tokens, of which the first shared_percent are the same; then n_new tokens a step. */
struct StepCase {
    int rows;
    int context;
    int shared_percent;
    int n_new;

    /** Tokens in common, whole pages. */
    int shared() const { return context * shared_percent / 100 / kPage * kPage; }
    static constexpr int kPage = 32;
};

class StepEngine {
  public:
    virtual ~StepEngine() = default;
    /** Decodes n_new tokens in every row: hands the step over, then waits for it. */
    bool step() { return launch() && wait(); }
    /** Returns when the host has nothing left to do: on a GPU the step still runs. */
    virtual bool launch() = 0;
    virtual bool wait() = 0;
    /** Forgets them. Not timed. */
    virtual void undo() = 0;
};

/** The caches hold random numbers: only time is measured. Throws std::runtime_error. */
std::unique_ptr<StepEngine> make_engine(Kind kind, llama_model * model, const StepCase & c, int n_threads);

}  // namespace banyan::bench
