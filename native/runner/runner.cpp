#include "runner/runner.h"

#include <algorithm>

#include "llama-ext.h"
#include "llama.h"
#include "runner/error.h"
#include "runner/model.h"
#include "runner/runner-impl.h"
#include "runner/sampling/device-sampler.h"

namespace banyan {

/** The core gives out the page that was freed last, or else the lowest: what was written ends at the highest. */
void Runner::Impl::touch(const BatchRow & row, int32_t page_tokens) {
    for (int32_t i = row.n_past / page_tokens; i < row.n_pages; ++i) {
        if (row.pages[i] >= *touched) *touched = row.pages[i] + 1;
    }
}

void Runner::Impl::begin_step(const Batch & rows) {
    if (!states) return;
    in_step.assign(static_cast<size_t>(n_slots), false);
    for (const BatchRow & row : rows.rows) in_step[row.slot] = true;
    cells_before = states->cells();
}

/** After a step that ended early: what it was writing or moving. */
void Runner::Impl::drop_torn_states() {
    if (!states) return;
    const std::vector<int32_t> cells = states->cells();
    for (SlotId slot = 0; slot < n_slots; ++slot) {
        if (in_step[slot] || cells[slot] != cells_before[slot]) states->drop(slot);
    }
}

/** The rows in the order they run. Decodes of a fixed shape are sorted by slot: output i stays the same slot's. */
std::vector<Runner::Impl::Place> Runner::Impl::places(const Batch & rows) {
    std::vector<Place> places;
    bool decodes = true;
    for (const BatchRow & row : rows.rows) {
        places.push_back({row.slot, static_cast<int32_t>(places.size())});
        decodes = decodes && row.n_tokens == 1 && row.sample;
    }
    if (!shape || !decodes) return places;
    std::vector<bool> used(n_slots, false);
    for (const Place & place : places) used[place.slot] = true;
    const size_t n = shape->rows_for(static_cast<int32_t>(places.size()));
    for (SlotId slot = 0; places.size() < n; ++slot) {
        if (!used[slot]) places.push_back({slot, -1});
    }
    std::sort(places.begin(), places.end(), [](const Place & a, const Place & b) { return a.slot < b.slot; });
    return places;
}

void Runner::listen(std::function<bool()> stops) {
    impl_->stops = std::move(stops);
}

bool Runner::run(const Batch & batch, const std::vector<DeviceSampler *> & samplers) {
    try {
        return compute(batch, samplers);
    } catch (const std::exception &) {
        return false;
    }
}

void Runner::save(const std::vector<StateCopy> & copies) {
    if (copies.empty()) return;
    llama_synchronize(context_.get());
    for (const StateCopy & copy : copies) {
        if (!impl_->states || !impl_->states->save(copy)) lost_states_.push_back(copy.state);
    }
}

bool Runner::prepare(const Batch & batch) {
    for (const BatchRow & row : batch.rows) {
        if (!row.first) continue;
        release(row.slot);
        const auto is_its = [&](const StateCopy & load) { return load.slot == row.slot; };
        if (impl_->states && std::none_of(batch.loads.begin(), batch.loads.end(), is_its)) {
            impl_->states->clear(row.slot);
        }
    }
    for (const StateCopy & load : batch.loads) {
        // What fails leaves the slot empty, and its row is refused.
        if (!impl_->states || !impl_->states->load(load)) lost_states_.push_back(load.state);
    }
    // Without a pool there is nothing to copy.
    return !impl_->pool || batch.copies.empty() ||
           impl_->pool->copy_pages(batch.copies.data(), static_cast<int32_t>(batch.copies.size()));
}

bool Runner::decode(const Batch & batch) {
    if (impl_->batch.n_tokens == 0) return true;  // all were refused
    impl_->begin_step(batch);
    if (llama_decode(context_.get(), impl_->batch) == 0) return true;
    impl_->drop_torn_states();
    return false;
}

bool Runner::compute(const Batch & batch, const std::vector<DeviceSampler *> & samplers) {
    lost_states_.clear();
    outputs_.assign(batch.rows.size(), {});
    save(batch.saves_before);
    if (batch.n_tokens > impl_->capacity || !prepare(batch)) return false;
    KvPool * const pool = impl_->pool.get();
    SlotSamplers * const on_device = impl_->samplers.get();
    if (on_device) on_device->begin_step();
    impl_->batch.n_tokens = 0;
    int32_t n_outputs = 0;
    for (const Impl::Place & place : impl_->places(batch)) {
        if (place.row < 0) {
            pool->bind(place.slot, &impl_->scratch_page, 1, 0);
            impl_->append(0, 0, place.slot, true);
            ++n_outputs;
            continue;
        }
        const BatchRow & row = batch.rows[place.row];
        outputs_[place.row].refused = !impl_->has_its_state(row);
        if (outputs_[place.row].refused) continue;
        impl_->touch(row, page_tokens_);
        if (pool) pool->bind(row.slot, row.pages, row.n_pages, row.n_past, row.n_drafts > 0);
        outputs_[place.row].first = impl_->batch.n_tokens;
        for (int32_t i = 0; i < row.n_tokens; ++i) {
            const bool output = row.scored || (row.sample && i >= row.n_tokens - row.n_drafts - 1);
            impl_->append(row.tokens[i], row.n_past + i, row.slot, output);
            n_outputs += output;
        }
        if (!row.sample) continue;
        DeviceSampler * const sampler = samplers.empty() ? nullptr : samplers[place.row];
        const bool assigned = on_device && sampler && on_device->assign(context_.get(), row.slot, *sampler);
        Output & output = outputs_[place.row];
        output.index = impl_->batch.n_tokens - 1 - row.n_drafts;
        output.number = n_outputs - 1 - row.n_drafts;
        output.on_device = assigned;
    }
    if (!decode(batch)) return false;
    for (size_t r = 0; r < batch.rows.size(); ++r) {
        Output & output = outputs_[r];
        if (!output.on_device) continue;
        output.on_device = on_device->take(context_.get(), output.index, batch.rows[r].slot, *samplers[r]) >= 0;
    }
    save(batch.saves_after);
    return true;
}

float * Runner::logits(size_t row, int32_t draft) const {
    const Output & output = outputs_[row];
    if (output.on_device) return nullptr;
    const int32_t index = output.index + draft;
    const bool here = !impl_->samplers || impl_->samplers->fetch(context_.get(), index, output.number + draft);
    float * const logits = here ? llama_get_logits_ith(context_.get(), index) : nullptr;
    if (!logits) throw Error("STEP_FAILED", "the logits did not come from the device");
    return logits;
}

const float * Runner::scored_logits(size_t row, int32_t i) const {
    const float * const logits = llama_get_logits_ith(context_.get(), outputs_[row].first + i);
    if (!logits) throw Error("STEP_FAILED", "llama.cpp gave no logits of the prompt");
    return logits;
}

const float * Runner::layer_input(size_t row, int32_t layer) const {
    const float * const inputs = layer == kMtpInput
                                     ? llama_get_embeddings_nextn(context_.get())
                                     : llama_get_embeddings_layer_inp(context_.get(), static_cast<uint32_t>(layer));
    return inputs + int64_t{outputs_[row].first} * llama_model_n_embd(model_->handle());
}

bool Runner::stock_sequences() const {
    return !impl_->pool && !model_->info().paging.states;
}

std::vector<StateId> Runner::save_states(const std::vector<StateCopy> & copies) {
    lost_states_.clear();
    save(copies);
    return lost_states_;
}

StateBank * Runner::states() const {
    return impl_->states.get();
}

void Runner::assume(SlotId slot, int32_t n_past) {
    if (impl_->states) impl_->states->clear(slot, n_past);
}

std::shared_ptr<const std::atomic<int32_t>> Runner::touched_pages() const {
    return impl_->touched;
}

bool Runner::read_page(PageId page, char * bytes) const {
    if (impl_->on_device) llama_synchronize(context_.get());
    return impl_->pool && impl_->pool->read_page(page, bytes);
}

bool Runner::write_page(PageId page, const char * bytes) {
    if (impl_->on_device) llama_synchronize(context_.get());
    if (!impl_->pool || !impl_->pool->write_page(page, bytes)) return false;
    if (page >= *impl_->touched) *impl_->touched = page + 1;
    return true;
}

void Runner::release(SlotId slot) {
    llama_memory_seq_rm(llama_get_memory(context_.get()), slot, -1, -1);
    if (impl_->pool) impl_->pool->reset(slot);
}

}  // namespace banyan
