// What a runner holds beside its context. Private to runner.cpp and runner-setup.cpp.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "llama.h"
#include "runner/batch-shape.h"
#include "runner/kv/kv-pool.h"
#include "runner/kv/state-bank.h"
#include "runner/runner.h"
#include "runner/sampling/slot-samplers.h"

namespace banyan {

struct Runner::Impl {
    std::unique_ptr<KvPool> pool;            // null: stock sequences
    std::unique_ptr<SlotSamplers> samplers;  // null: the host samples
    std::optional<BatchShape> shape;         // none: steps as they come
    std::unique_ptr<StateBank> states;       // null: nothing is recurrent
    std::vector<int32_t> cells_before;       // of the states, by slot, as the step under way found them
    std::vector<bool> in_step;               // by slot: has a row in it
    bool on_device = false;                  // steps may go on behind the caller's back
    PageId scratch_page = -1;                // where padding writes; behind the pages that the core knows
    int32_t n_slots = 0;
    llama_batch batch{};
    int32_t capacity = 0;  // tokens that batch holds
    const std::atomic<bool> * abort = nullptr;
    std::function<bool()> stops;  // see listen(); empty: none
    std::shared_ptr<std::atomic<int32_t>> touched = std::make_shared<std::atomic<int32_t>>(0);  // see touched_pages()

    ~Impl() { llama_batch_free(batch); }

    void append(Token token, int32_t position, SlotId slot, bool output) {
        const int32_t at = batch.n_tokens++;
        batch.token[at] = token;
        batch.pos[at] = position;
        batch.n_seq_id[at] = 1;
        batch.seq_id[at][0] = slot;
        batch.logits[at] = output;
    }

    /** llama.cpp's abort callback. */
    static bool ends_step(void * impl) {
        const Impl & self = *static_cast<Impl *>(impl);
        if (self.abort->load(std::memory_order_relaxed)) return true;
        return self.stops && self.stops() && !self.moves_others();
    }

    /**
     * A step puts the states of its sequences side by side, and moves those that are in the way, layer by layer: it
     * must not end between two layers.
     */
    bool moves_others() const {
        const std::vector<int32_t> cells = states ? states->cells() : std::vector<int32_t>{};
        for (size_t slot = 0; slot < cells.size(); ++slot) {
            if (!in_step[slot] && cells[slot] != cells_before[slot]) return true;
        }
        return false;
    }

    void begin_step(const Batch & rows);
    void drop_torn_states();
    bool has_its_state(const BatchRow & row) const { return !states || states->position(row.slot) == row.n_past - 1; }

    struct Place {
        SlotId slot;
        int32_t row;  // -1: padding
    };
    std::vector<Place> places(const Batch & rows);
    void touch(const BatchRow & row, int32_t page_tokens);
};

}  // namespace banyan
