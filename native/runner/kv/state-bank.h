// States of recurrent layers that outlive their slots: rows of llama.cpp's recurrent memory, copied to host memory.
//
// Owns: the copies, each taken from memory when it is first saved. Places states in the memory's cells.
// Changed by: save, load, write, forget, clear, drop. Thread: the engine thread, between steps (read and write also in
// the midst of one, of rows that it neither saves nor loads); a device's step has ended.
// Invariant: a state is loaded only where exactly as many tokens are asked for as it was saved after. llama.cpp moves
// rows as it likes (find_slot), so a slot's row is looked up at each copy and never remembered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/steps/batch.h"

class llama_memory_recurrent;

namespace banyan {

class StateBank {
  public:
    /** memory must outlive *this. */
    StateBank(llama_memory_recurrent & memory, int32_t n_states);
    ~StateBank();

    /** Of one state, over all layers. */
    int64_t state_bytes() const;
    int32_t n_states() const;

    /** Of the last token that the slot's state knows; -1: none, it is empty. */
    int32_t position(SlotId slot) const;

    /**
     * Keeps what the slot knows. False: that is not exactly n_tokens tokens, there is no memory, or the device failed;
     * the state can then not be loaded until it is saved again.
     */
    bool save(const StateCopy & copy);

    /**
     * The slot goes on from the state. False: it is not one of exactly n_tokens tokens, or the device failed; the slot
     * is then dropped.
     */
    bool load(const StateCopy & copy);

    /**
     * The bytes [state_bytes()] of a saved state, and back into a row of any bank of one layout(). False: it is not one
     * of exactly n_tokens tokens; there is no such row or no memory.
     */
    bool read(StateId state, int32_t n_tokens, char * bytes) const;
    bool write(StateId state, int32_t n_tokens, const char * bytes);
    /** What the bytes mean: each tensor's type and width, in their order. */
    std::string layout() const;

    /** The state can not be loaded until it is saved again; its memory is kept. */
    void forget(StateId state);

    /** The slot begins anew. n_tokens: as if it had read so many, which left nothing behind: for measurements only. */
    void clear(SlotId slot, int32_t n_tokens = 0);

    /** What the slot knows is not to be trusted: its position is -1. */
    void drop(SlotId slot);

    /** By slot: its cell, -1: none. A cell that changes in a step moved with its state. */
    std::vector<int32_t> cells() const;

    /** The saved bytes [state_bytes()], in host memory; nullptr: never saved. r and p of each layer, then s of each. */
    char * data(StateId state);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
