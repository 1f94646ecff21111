// One llama_context: turns a Batch into logits.
//
// Owns: the context, its KV pool, its recurrent states and the saved ones. Changed by: run, assume, release. Thread:
// made anywhere, then the engine thread; info is constant. Invariant: a slot's memory holds exactly what the rows of
// its present request wrote, and the state that was loaded before them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/option.h"
#include "core/steps/batch.h"
#include "runner/context.h"
#include "runner/kv/kv-pool.h"

struct llama_context;

namespace banyan {

class DeviceSampler;
class Model;
class StateBank;

enum class Choice : uint8_t { automatic, on, off };  // automatic: on when the model's output layer is on a GPU

enum class KvType : uint8_t { f16, f32, bf16, q8_0, q4_0 };
template <>
struct Words<KvType> {
    static constexpr auto list = words("f16", "f32", "bf16", "q8_0", "q4_0");
};

struct RunnerOptions {
    int32_t threads = 0;    // 0 = physical cores
    int64_t kv_tokens = 0;  // 0 = see default_kv_tokens
    int32_t page_tokens = 32;
    int32_t max_running = 8;
    int32_t max_batch_tokens = 512;
    int64_t saved_state_bytes = 0;  // host memory for saved states of recurrent layers; 0: RunnerInfo.n_states says
    KvType type_k = KvType::f16, type_v = KvType::f16;
    AttentionMode attention = AttentionMode::automatic;
    bool exact = false;  // a token's logits have the same bits whatever shares its step; the model is loaded so, too
    Choice fixed_shapes = Choice::automatic;     // decode steps padded to few shapes, see batch-shape.h
    Choice device_sampling = Choice::automatic;  // see slot-samplers.h

    template <typename See>
    void each_option(See && see) {
        see("threads", threads, Range{0, 512});
        see("kv_tokens", kv_tokens, Range{0, 1 << 30});
        see("state_bytes", saved_state_bytes, Range{0, kMostId});
        see("page_tokens", page_tokens, Range{1, 256}.powers());
        see("max_running", max_running, Range{1, 256});
        see("max_batch_tokens", max_batch_tokens, Range{1, 1 << 16});
        see("kv_type_k", type_k);
        see("kv_type_v", type_v);
        see("attention", attention);
        see("exact", exact);
    }
};

struct RunnerInfo {
    std::string attention;   // paged, dense, stock
    std::string kernel;      // what reads the pages: avx512, avx2, neon, portable, cuda, dense, stock
    std::string backend;     // where the layers are: CPU, CUDA0 ...
    std::string cpu_reason;  // '', or why a build for a GPU computes on the CPU
    int32_t n_pages = 0;
    int64_t page_bytes = 0;
    std::string page_identity;  // see page-identity.h; '': pages must not be kept beyond this load
    int64_t state_bytes = 0;    // of one recurrent state, a slot's or a saved one; 0: nothing is recurrent
    int32_t n_states = 0;       // states that can be saved beside the slots; 0: nothing is recurrent, or none are saved
    int32_t window_tokens = 0;  // see WindowMemory in kv-size.h
    int64_t window_bytes = 0, window_needed_bytes = 0;  // of the pool
    bool fixed_shapes = false, device_sampling = false;
    bool prefix_reuse = true;
    std::string no_reuse_reason;  // '' when prefix_reuse
};

class Runner {
  public:
    /** Throws Error INVALID_OPTION, OUT_OF_MEMORY, MODEL_UNSUPPORTED, MODEL_INVALID. `abort` ends a running step. */
    Runner(std::shared_ptr<const Model> model, const RunnerOptions & options, const std::atomic<bool> & abort);
    ~Runner();
    Runner(const Runner &) = delete;
    Runner & operator=(const Runner &) = delete;

    const RunnerInfo & info() const { return info_; }

    /**
     * Computes the batch. False: nothing of it counts (a copy failed, llama_decode refused, aborted), and where a model
     * has recurrent states its rows must not run again: they may have been computed in part. Never throws.
     * samplers: by row, nullptr: the host samples it; {}: all rows. They may be used or not, see logits().
     */
    bool run(const Batch & batch, const std::vector<DeviceSampler *> & samplers = {});

    /** After run: the row was left out, as its slot's recurrent state is not the one after exactly n_past tokens. */
    bool refused(size_t row) const { return outputs_[row].refused; }
    /** Of the batch's saves and loads: these failed, and the states cannot be loaded any more. */
    const std::vector<StateId> & lost_states() const { return lost_states_; }

    /**
     * `stops` is asked on the thread of run(), between any two operations of a step: true ends it. On a CPU only; a
     * graph on a GPU runs to its end. It must not throw, nor call the runner.
     */
    void listen(std::function<bool()> stops);

    /**
     * After run, of a sampled row: its position in the context, and its logits, [vocab], writable. nullptr: the device
     * has sampled it, llama_get_sampled_token_ith has the token. draft: those after so many of the row's drafts, [0,
     * n_drafts]. Throws Error STEP_FAILED when llama.cpp has no logits.
     */
    int32_t output_index(size_t row, int32_t draft = 0) const { return outputs_[row].index + draft; }
    float * logits(size_t row, int32_t draft = 0) const;
    /** After run, of a scored row: the logits of its i-th token, [vocab]. Throws Error STEP_FAILED. */
    const float * scored_logits(size_t row, int32_t i) const;
    llama_context * context() const { return context_.get(); }

    static constexpr int32_t kMtpInput = -1;  // as a layer: what the model's MTP layer reads
    /**
     * From the next run on, what goes into these layers can be asked for, of all tokens. The model must tell it, see
     * tells_layer_inputs and drafts_with_mtp. Throws Error as the constructor does.
     */
    void tap(const std::vector<int32_t> & layers);
    /** After run, of a row that was not refused: what went into the tapped layer, [n_tokens, n_embd]. */
    const float * layer_input(size_t row, int32_t layer) const;

    /** Rows of the slot may begin at n_past, as if tokens had been read before: for measurements, the result is noise.
     */
    void assume(SlotId slot, int32_t n_past);

    /** No pages: llama.cpp's own cache holds a sequence a slot, and its cells until the slot is released. */
    bool stock_sequences() const;
    /** Pages [0, n) may have been written; the rest of the pool is only reserved. Any thread; outlives the runner. */
    std::shared_ptr<const std::atomic<int32_t>> touched_pages() const;
    /**
     * The bytes of a page over all layers, [info().page_bytes], and back. Not while a step reads or writes that page.
     * False: there is no such page, or the device failed.
     */
    bool read_page(PageId page, char * bytes) const;
    bool write_page(PageId page, const char * bytes);
    /** Between steps: slots' states are saved. Returns those that could not be. */
    std::vector<StateId> save_states(const std::vector<StateCopy> & copies);
    /** The saved states; nullptr: nothing is recurrent. */
    StateBank * states() const;
    /** The slot's request is gone. */
    void release(SlotId slot);

  private:
    /** Throws what a guarded assertion threw. */
    bool compute(const Batch & batch, const std::vector<DeviceSampler *> & samplers);
    void save(const std::vector<StateCopy> & copies);
    /** Slots get the state and the pages that their rows go on from. False: a page copy failed. */
    bool prepare(const Batch & batch);
    bool decode(const Batch & batch);
    /** One token through the whole graph: dimensions that only its operations check fail here, not in a request. */
    void probe();

    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::shared_ptr<const Model> model_;
    int32_t page_tokens_;
    ContextPtr context_;  // behind impl_: it goes first, its caches use the pool
    RunnerInfo info_;
    struct Output {
        int32_t first = -1;      // its first token in llama.cpp's batch
        int32_t index = -1;      // in llama.cpp's batch, those of drafts follow; -1: not sampled
        int32_t number = -1;     // among the batch's outputs
        bool on_device = false;  // its token is chosen
        bool refused = false;
    };
    std::vector<Output> outputs_;  // by row
    std::vector<StateId> lost_states_;
};

}  // namespace banyan
