// What an engine is made of and what a request asks for. Plain records; Engine checks them again.
#pragma once

#include <string>
#include <vector>

#include "core/policy/policy.h"
#include "core/policy/stats.h"
#include "core/programs/hint.h"
#include "core/types.h"
#include "engine/step-times.h"
#include "runner/chat-format.h"
#include "runner/compiled-grammar.h"
#include "runner/model.h"
#include "runner/runner.h"
#include "runner/sampling-options.h"

namespace banyan {

struct EngineOptions {
    std::string model_path;
    int32_t gpu_layers = -1;
    RunnerOptions runner;
    int32_t max_context = 0;  // tokens a request may reach; 0 = min(training context, pool)
    bool prefix_cache = true;
    bool batching = true;
    std::string chat_template;  // '' = the model's own
    PolicyConfig policy;
    bool calibrate = true;  // measure policy.cost at load
};

struct EngineInfo {
    ModelInfo model;
    RunnerInfo runner;
    int32_t page_tokens = 0, max_context = 0, max_running = 0, max_batch_tokens = 0;
    bool has_chat_template = false, supports_tools = false, supports_parallel_calls = false;
};

struct RequestOptions {
    std::vector<Token> prompt;
    int32_t max_tokens = 0;        // 0 = to the end of the context
    int32_t thinking_tokens = -1;  // of reasoning; ChatFormat::thinking_budget
    Class cls = Class::interactive;
    ProgramId program = 0;
    std::string salt;           // the tenant: shares pages and turns with no other tenant
    Micros deadline = 0;        // span from now; 0 = none
    Micros ttft_limit = 0;      // span; 0 = none
    GroupId group = 0;          // siblings of one fork
    int32_t group_size = 0;     // how many they are
    int32_t static_tokens = 0;  // of the prompt: system prompt and tools
    bool cache = true;
    SamplingOptions sampling;
    std::vector<std::string> stop;
    std::string grammar;      // GBNF
    std::string json_schema;  // not together with grammar, nor with a chat that has a grammar
    std::shared_ptr<const CompiledGrammar> parsed_grammar;  // in place of a text
    std::shared_ptr<const ChatFormat> chat;
    bool ignore_eos = false;
};

/** A hint whose salt has a name; see core/hint.h. */
struct HintOptions {
    Hint hint;
    std::string salt;
};

struct EngineStats {
    SchedulerStats scheduler;
    CostConstants cost;      // as they are believed now
    double step_ms = 0;      // time in steps, sum
    StepQuantiles step;      // a whole step: schedule, run, sample, commit
    StepQuantiles deciding;  // of it, in the scheduler
};

}  // namespace banyan
