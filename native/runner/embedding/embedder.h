// One llama_context that gives vectors instead of logits: many short texts in a batch, or a piece of a long one.
//
// Owns: the context, and what it keeps of a text that is read in pieces. Changed by: run. Thread: made anywhere, then
// the engine thread; info is constant. Invariant: texts see nothing of each other, nor of batches before theirs.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "core/types.h"
#include "runner/context.h"
#include "runner/embedding/pooling.h"
#include "runner/runner.h"

namespace banyan {

struct EmbedderInfo {
    int32_t size = 0;           // numbers of a vector
    int32_t max_tokens = 0;     // of a text
    int32_t batch_tokens = 0;   // of a batch; a text of more is read in pieces, where the model can
    int32_t packed_tokens = 0;  // of a batch of several texts, at most batch_tokens: see packed_tokens()
    int32_t batch_texts = 0;    // of a batch, in slots [1, batch_texts]; slot 0 is for the one that is read in pieces
    RunnerInfo runner;          // backend and the like; no pages
};

/**
 * How many tokens of an encoder's texts share a batch on a CPU. Its attention scores each token of a batch with each
 * other, those of other texts too, and masks these after: a token costs the more the larger its batch is. That is worth
 * it only as long as it is little beside the matrices, which are `width` wide: measured best around a quarter of it.
 */
int32_t packed_tokens(int32_t batch_tokens, int32_t width);

/** A text, or a piece of it, in a batch. */
struct EmbeddingPiece {
    int32_t slot;
    const Token * tokens;
    int32_t n_tokens;
    int32_t from;  // tokens of the text before these; 0: its first piece
};

class Embedder {
  public:
    /**
     * max_context: tokens of a text, at most what the model was trained for; 0: 8192, or what a quarter of the free
     * memory holds. Throws Error INVALID_OPTION, OUT_OF_MEMORY, MODEL_UNSUPPORTED, MODEL_INVALID. `abort` ends run.
     */
    Embedder(std::shared_ptr<const Model> model, const RunnerOptions & options, Pooling pooling, int32_t max_context,
             const std::atomic<bool> & abort);
    ~Embedder();
    Embedder(const Embedder &) = delete;
    Embedder & operator=(const Embedder &) = delete;

    const EmbedderInfo & info() const { return info_; }

    /** Computes a batch. False: nothing of it counts, and texts that were begun begin again. Never throws. */
    bool run(const std::vector<EmbeddingPiece> & pieces);

    /** After the run of a text's last piece: its vector as the model pools it, [size]; until the next run. */
    const float * vector(int32_t slot) const;

    /** See Runner::listen. */
    void listen(std::function<bool()> stops) { stops_ = std::move(stops); }

    /** The text in the slot is not wanted any more. */
    void release(int32_t slot);

  private:
    static bool ends_step(void * embedder);
    void probe(int32_t n_threads);
    bool compute(const std::vector<EmbeddingPiece> & pieces);

    std::shared_ptr<const Model> model_;
    const std::atomic<bool> & abort_;
    std::function<bool()> stops_;
    ContextPtr context_;
    struct BatchMemory;
    std::unique_ptr<BatchMemory> batch_;
    EmbedderInfo info_;
};

/**
 * The first `size` numbers of a vector, at most all of them, of length 1 where that is wanted. Throws Error STEP_FAILED
 * when one is no number.
 */
std::vector<float> finished_vector(const float * pooled, int32_t size, bool normalize);

}  // namespace banyan
