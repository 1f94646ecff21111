#include "runner/kv/state-bank.h"

#include <algorithm>
#include <cstring>

#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml.h"
#include "llama-memory-recurrent.h"
#include "runner/cuda/device-pages.h"

namespace banyan {

namespace {

struct Saved {
    ggml_backend_buffer_ptr bytes;
    int32_t n_tokens = -1;  // -1: nothing that may be loaded
};

/** As llama.cpp's own state files have them; a row of each is nb[1] bytes. */
std::vector<ggml_tensor *> tensors_of(const llama_memory_recurrent & memory) {
    std::vector<ggml_tensor *> tensors;
    const auto add = [&](ggml_tensor * tensor) {
        if (tensor && tensor->ne[0] > 0) tensors.push_back(tensor);
    };
    for (size_t layer = 0; layer < memory.r_l.size(); ++layer) {
        add(memory.r_l[layer]);
        add(memory.p_l[layer]);
    }
    for (ggml_tensor * tensor : memory.s_l) add(tensor);
    return tensors;
}

/** Memory that the layers' device copies from and to at full speed; the CPU's where it has no such kind. */
ggml_backend_buffer_type_t staging_type(const std::vector<ggml_tensor *> & tensors) {
    for (const ggml_tensor * tensor : tensors) {
        ggml_backend_dev_t device = ggml_backend_buft_get_device(ggml_backend_buffer_get_type(tensor->buffer));
        ggml_backend_buffer_type_t pinned = device ? ggml_backend_dev_host_buffer_type(device) : nullptr;
        if (pinned) return pinned;
    }
    return ggml_backend_cpu_buffer_type();
}

}  // namespace

struct StateBank::Impl {
    llama_memory_recurrent & memory;
    std::vector<Saved> states;
    std::vector<ggml_tensor *> tensors;
    std::unique_ptr<DevicePages> on_devices;  // nullptr: not all on CUDA devices
    ggml_backend_buffer_type_t staging;
    size_t bytes = 0;

    Impl(llama_memory_recurrent & given, int32_t n_states)
        : memory(given), states(static_cast<size_t>(n_states)), tensors(tensors_of(given)) {
        on_devices = DevicePages::of(tensors, 1);
        staging = staging_type(tensors);
        for (const ggml_tensor * tensor : tensors) bytes += tensor->nb[1];
        if (on_devices) bytes = on_devices->page_bytes();
    }

    char * data(StateId state) {
        ggml_backend_buffer_t buffer = states[static_cast<size_t>(state)].bytes.get();
        return buffer ? static_cast<char *>(ggml_backend_buffer_get_base(buffer)) : nullptr;
    }

    /** Of a row that is written; nullptr: no memory. */
    char * room(StateId state) {
        Saved & saved = states[static_cast<size_t>(state)];
        saved.n_tokens = -1;
        if (!saved.bytes) saved.bytes.reset(ggml_backend_buft_alloc_buffer(staging, bytes));
        return data(state);
    }

    bool is_slot(SlotId slot) const { return slot >= 0 && static_cast<uint32_t>(slot) < memory.size; }
    bool is_state(StateId state) const { return state >= 0 && static_cast<size_t>(state) < states.size(); }

    int32_t row(SlotId slot) const;
    int32_t place(SlotId slot, int32_t n_tokens);
    bool copy_out(int32_t row, char * to);
    bool copy_in(int32_t row, const char * from);
};

/** Where the slot's state lies: with snapshots to roll back to (n_rs_seq) the planes follow one another. */
int32_t StateBank::Impl::row(SlotId slot) const {
    const int32_t cell = memory.cells[slot].tail;
    const int32_t source = memory.cells[cell].src;
    return static_cast<int32_t>(memory.rs_idx[slot] * memory.size) + (source >= 0 ? source : cell);
}

/** Gives the slot a cell of its own that has read n_tokens; returns it. What llama_memory_recurrent::state_read does.
 */
int32_t StateBank::Impl::place(SlotId slot, int32_t n_tokens) {
    memory.seq_rm(slot, -1, -1);
    int32_t cell = memory.cells[slot].tail;  // a cleared one that never ran is still the slot's
    if (cell < 0) {
        const auto is_free = [&](int32_t i) { return memory.cells[i].is_empty(); };
        for (cell = slot; !is_free(cell);) cell = (cell + 1) % static_cast<int32_t>(memory.size);
        ++memory.used;
    }
    auto & placed = memory.cells[cell];
    placed.pos = n_tokens - 1;
    placed.src = placed.src0 = cell;  // read in the next step as it is, not cleared first
    placed.seq_id = {slot};
    memory.cells[slot].tail = cell;
    return cell;
}

bool StateBank::Impl::copy_out(int32_t row, char * to) {
    if (on_devices) return on_devices->to_host(row, to);
    for (ggml_tensor * tensor : tensors) {
        const size_t size = tensor->nb[1], offset = size * static_cast<size_t>(row);
        if (ggml_backend_buffer_is_host(tensor->buffer)) {
            std::memcpy(to, static_cast<const char *>(tensor->data) + offset, size);
        } else {
            ggml_backend_tensor_get(tensor, to, offset, size);
        }
        to += size;
    }
    return true;
}

bool StateBank::Impl::copy_in(int32_t row, const char * from) {
    if (on_devices) return on_devices->to_device(row, from);
    for (ggml_tensor * tensor : tensors) {
        const size_t size = tensor->nb[1], offset = size * static_cast<size_t>(row);
        if (ggml_backend_buffer_is_host(tensor->buffer)) {
            std::memcpy(static_cast<char *>(tensor->data) + offset, from, size);
        } else {
            ggml_backend_tensor_set(tensor, from, offset, size);
        }
        from += size;
    }
    return true;
}

StateBank::StateBank(llama_memory_recurrent & memory, int32_t n_states) : impl_(new Impl(memory, n_states)) {}

StateBank::~StateBank() = default;

int64_t StateBank::state_bytes() const {
    return static_cast<int64_t>(impl_->bytes);
}

int32_t StateBank::n_states() const {
    return static_cast<int32_t>(impl_->states.size());
}

int32_t StateBank::position(SlotId slot) const {
    if (!impl_->is_slot(slot)) return -1;
    const int32_t cell = impl_->memory.cells[slot].tail;
    return cell < 0 ? -1 : impl_->memory.cells[cell].pos;
}

bool StateBank::save(const StateCopy & copy) {
    if (!impl_->is_state(copy.state)) return false;
    Saved & saved = impl_->states[static_cast<size_t>(copy.state)];
    saved.n_tokens = -1;
    if (copy.n_tokens < 1 || position(copy.slot) != copy.n_tokens - 1) return false;
    char * const to = impl_->room(copy.state);
    if (!to || !impl_->copy_out(impl_->row(copy.slot), to)) return false;
    saved.n_tokens = copy.n_tokens;
    return true;
}

bool StateBank::load(const StateCopy & copy) {
    if (!impl_->is_slot(copy.slot)) return false;
    const bool is_it = impl_->is_state(copy.state) && copy.n_tokens > 0 &&
                       impl_->states[static_cast<size_t>(copy.state)].n_tokens == copy.n_tokens;
    if (is_it && impl_->copy_in(impl_->place(copy.slot, copy.n_tokens), impl_->data(copy.state))) return true;
    drop(copy.slot);
    return false;
}

bool StateBank::read(StateId state, int32_t n_tokens, char * bytes) const {
    const bool is_it =
        impl_->is_state(state) && n_tokens > 0 && impl_->states[static_cast<size_t>(state)].n_tokens == n_tokens;
    if (is_it) std::memcpy(bytes, impl_->data(state), impl_->bytes);
    return is_it;
}

bool StateBank::write(StateId state, int32_t n_tokens, const char * bytes) {
    if (!impl_->is_state(state) || n_tokens < 1) return false;
    char * const to = impl_->room(state);
    if (!to) return false;
    std::memcpy(to, bytes, impl_->bytes);
    impl_->states[static_cast<size_t>(state)].n_tokens = n_tokens;
    return true;
}

std::string StateBank::layout() const {
    std::string layout = impl_->on_devices ? "by device" : "by tensor";
    for (const ggml_tensor * tensor : impl_->tensors) {
        layout += std::string(" ") + ggml_get_name(tensor) + ":" + ggml_type_name(tensor->type) + "x" +
                  std::to_string(tensor->ne[0]);
    }
    return layout;
}

void StateBank::forget(StateId state) {
    if (impl_->is_state(state)) impl_->states[static_cast<size_t>(state)].n_tokens = -1;
}

void StateBank::clear(SlotId slot, int32_t n_tokens) {
    if (!impl_->is_slot(slot)) return;
    const int32_t row = impl_->place(slot, n_tokens);
    for (ggml_tensor * tensor : impl_->tensors) {
        ggml_backend_tensor_memset(tensor, 0, tensor->nb[1] * static_cast<size_t>(row), tensor->nb[1]);
    }
}

void StateBank::drop(SlotId slot) {
    if (impl_->is_slot(slot)) impl_->memory.seq_rm(slot, -1, -1);
}

std::vector<int32_t> StateBank::cells() const {
    std::vector<int32_t> cells;
    for (const auto & cell : impl_->memory.cells) cells.push_back(cell.tail);
    return cells;
}

char * StateBank::data(StateId state) {
    return impl_->is_state(state) ? impl_->data(state) : nullptr;
}

}  // namespace banyan
