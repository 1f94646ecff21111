// The CPU's paged attention op: ggml's FLASH_ATTN_EXT with a descriptor instead of a mask.
//
// Owns: nothing but the sizes of the current plan; scratch memory is ggml's work buffer, work is handed out by ggml's
// own chunk counter, so two contexts never meet. Changed by: set_plan. Thread: set_plan on the engine thread between
// graph runs; the kernel on every thread of the graph.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace banyan {

class PagedAttention {
  public:
    PagedAttention();
    ~PagedAttention();

    /** The sizes that the work buffer of the next run must allow for. */
    void set_plan(const std::vector<int32_t> & descriptor);

    /** For ggml_tensor::extra of descriptor tensors; must outlive the graphs that hold one. */
    void * extra() const;

  private:
    struct Entry;
    struct Op;
    std::unique_ptr<Entry> entry_;
};

}  // namespace banyan
