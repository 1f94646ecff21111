// What a head reads of the model that it drafts for, and why a head cannot draft for a model.
#pragma once

#include <cstdint>
#include <vector>

namespace banyan {

class Model;

struct HeadShape {
    bool mtp = false;             // it is the model's own MTP layer; else an EAGLE-3 head
    std::vector<int32_t> layers;  // what goes into these layers of the model is read, side by side; see Runner::tap
    int32_t width = 0;            // numbers of a token's hidden state, as it is kept
    int32_t inner = 0;            // numbers that the head makes of them, and gives for the token it drafts
    int32_t shift = 0;            // see DraftReader
};

/**
 * Of an EAGLE-3 head, for this model. Throws Error: INVALID_OPTION where it was made for another model, MODEL_UNSUPPORTED
 * where the model does not tell what it reads, MODEL_INVALID where its tensors would read or write past others' ends.
 */
HeadShape eagle_shape(const Model & head, const Model & model);

/**
 * Of the model's own MTP layer, which was loaded with it. Throws Error: INVALID_OPTION where it has none,
 * MODEL_UNSUPPORTED where those of its architecture do not draft here.
 */
HeadShape mtp_shape(const Model & model);

}  // namespace banyan
