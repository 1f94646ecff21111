// What a model's file recommends for sampling: the GGUF metadata general.sampling.*, as llama.cpp's own programs take
// it.
//
// A record (core/record.h) of what is there, under the names of the TypeScript half. What is no number of the option's
// range is left out, and said. Sequences of samplers, mirostat and XTC are not had here.
#pragma once

#include <string>
#include <utility>
#include <vector>

struct llama_model;

namespace banyan {

struct ModelSampling {
    std::vector<std::pair<const char *, double>> values;
    std::string ignored;  // empty, or what was left out and why

    template <typename See>
    void each_field(See && see) const {
        for (const auto & [name, value] : values) see(name, value);
    }
};

ModelSampling model_sampling(const llama_model * model);

}  // namespace banyan
