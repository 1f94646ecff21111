// The paged KV of one llama_context as the rest of the runner sees it: mirrors the core's block tables into llama.cpp.
//
// Owns: the pagers of the context's attention caches (base, and window layers where the model has them; all index by
// the same page ids) and the attention plan's memory. Never decides where a token lives: that is the core.
// Changed by: bind (before a decode), copy_pages, write_page, reset. Thread: the engine thread.
// Invariant: a slot's pages cover [0, n_past + n_new) when llama_decode runs.
#pragma once

#include <cstdint>
#include <memory>

#include "core/steps/batch.h"

struct llama_context;
struct llama_context_params;
struct llama_model;

namespace banyan {

/**
 * How attention reads the pages. automatic: the kernel where the backend has one, else the dense mask.
 * stock: llama.cpp's own cache, one sequence a slot, for models that the pages cannot serve; then there is nothing to
 * copy or share, and bind and reset do nothing.
 */
enum class AttentionMode : uint8_t { automatic, paged, dense, stock };
/** What may be asked for: `stock` is where pages cannot serve. */
template <>
struct Words<AttentionMode> {
    static constexpr auto list = words("auto", "paged", "dense");
};

class KvPool {
  public:
    /** exact: a token's attention has the same bits whatever shares its step, see PlanConfig. */
    KvPool(int32_t n_pages, int32_t page_tokens, int32_t n_slots, AttentionMode mode, bool exact = false);
    ~KvPool();

    /**
     * Sets n_ctx, n_seq_max, kv_unified, swa_full, flash_attn_type and the creation hook; reads n_threads. Call before
     * llama_init_from_model; *this must outlive the context.
     * Throws std::runtime_error with the reason when the architecture is refused, or when `paged` was asked for and
     * the model's architecture or device has no kernel.
     */
    void install(llama_context_params & params, const llama_model * model);

    /**
     * The next decode writes slot's tokens at positions n_past.. into these pages; `drafts`: the last of them are
     * drafts. Copies the table.
     */
    void bind(SlotId slot, const PageId * pages, int32_t n_pages, int32_t n_past, bool drafts = false);

    /** Forgets the slot (its recurrent state, if any, is the caller's). */
    void reset(SlotId slot);

    /** Copies cells between pages in all layers of K and V, in order. False: a backend copy failed. */
    bool copy_pages(const PageCopy * copies, int32_t n_copies);

    /**
     * The bytes of a page over all layers of K and V, [page_bytes()], and back, into any page of a pool of the same
     * model and types. False: no such page, or the device failed. The step that wrote or reads the page has ended.
     */
    bool read_page(PageId page, char * bytes) const;
    bool write_page(PageId page, const char * bytes);

    AttentionMode mode() const;  // paged, dense or stock, once installed
    /** Bytes of K and V per page over all layers; known after the context exists. */
    int64_t page_bytes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
