#include "runner/embedding/pooling.h"

#include "llama-model.h"
#include "runner/error.h"
#include "runner/model.h"

namespace banyan {

namespace {

[[noreturn]] void unsupported(const Model & model, const std::string & why) {
    throw Error("MODEL_UNSUPPORTED", model.info().path + ": " + why, "modelPath");
}

}  // namespace

Pooling pooling_of(const Model & model, PoolingChoice choice) {
    if (choice == PoolingChoice::mean) return Pooling::mean;
    if (choice == PoolingChoice::cls) return Pooling::cls;
    if (choice == PoolingChoice::last) return Pooling::last;
    switch (model.handle()->hparams.pooling_type) {
        case LLAMA_POOLING_TYPE_MEAN:
            return Pooling::mean;
        case LLAMA_POOLING_TYPE_CLS:
            return Pooling::cls;
        case LLAMA_POOLING_TYPE_LAST:
            return Pooling::last;
        case LLAMA_POOLING_TYPE_RANK:
            unsupported(model, "a reranker: it scores pairs of texts, which is not served. Load an embedding model");
        default:
            break;
    }
    if (model.info().paging.path != AttentionPath::encoder) return Pooling::none;
    unsupported(model,
                "an embedding model whose file does not say how it pools: load with pooling mean, cls or last, as its "
                "authors say");
}

bool reads_in_pieces(const Model & model, Pooling pooling) {
    return model.info().paging.path != AttentionPath::encoder && model.handle()->hparams.causal_attn &&
           pooling == Pooling::last;
}

}  // namespace banyan
