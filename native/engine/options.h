// What an engine is made of and what a request asks for. Plain records; Engine checks them again.
#pragma once

#include <string>
#include <vector>

#include "core/stats.h"
#include "core/types.h"
#include "runner/chat-format.h"
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
};

struct EngineInfo {
    ModelInfo model;
    RunnerInfo runner;
    int32_t page_tokens = 0, max_context = 0, max_running = 0;
    bool has_chat_template = false, supports_tools = false;
};

struct RequestOptions {
    std::vector<Token> prompt;
    int32_t max_tokens = 0;  // 0 = to the end of the context
    Class cls = Class::interactive;
    ProgramId program = 0;
    std::string salt;
    bool cache = true;
    SamplingOptions sampling;
    std::vector<std::string> stop;
    std::string grammar;      // GBNF
    std::string json_schema;  // not together with grammar, nor with a chat that has a grammar
    std::shared_ptr<const ChatFormat> chat;
    bool ignore_eos = false;
};

struct EngineStats {
    SchedulerStats scheduler;
    double step_ms = 0;  // time in steps, sum
};

}  // namespace banyan
