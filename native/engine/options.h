// What an engine is made of and what a request asks for. Plain records; Engine checks them again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/option.h"
#include "core/policy/policy.h"
#include "core/policy/stats.h"
#include "core/programs/hint.h"
#include "core/types.h"
#include "core/verify/drafting.h"
#include "engine/step-counts.h"
#include "engine/step-times.h"
#include "runner/chat/chat-format.h"
#include "runner/chat/tool-format.h"
#include "runner/constraints/compiled-grammar.h"
#include "runner/constraints/jump-forward.h"
#include "runner/embedding/pooling.h"
#include "runner/model.h"
#include "runner/runner.h"
#include "runner/sampling/sampling-options.h"
#include "store/page-store.h"

namespace banyan {

/** Pages on disk, for when the pool has lost them and for the next process. */
struct CacheOptions {
    std::string dir;             // '': none
    int64_t bytes = 10ll << 30;  // of the whole directory
    double free_share = 1;       // of what is free there; 1: no bound
    int64_t daily_write_bytes = 100'000'000'000;
    double prefetch = 0;                       // of the pool, read at the start
    bool network = false;                      // dir may be on a network file system
    std::shared_ptr<store::FileSystem> files;  // nullptr: the machine's own; tests have disks that fail
    StoreClock clock;                          // of the store; none: the machine's own. Tests put it forward
    Micros page_read = 0;  // what a page is believed to take before one was read; 0: by its bytes. Tests wait longer

    template <typename See>
    void each_option(See && see) {
        see("dir", dir);
        see("bytes", bytes, Range{0, kMostId});
        see("free_share", free_share, Range{0, 1});
        see("daily_write_bytes", daily_write_bytes, Range{0, kMostId});
        see("prefetch", prefetch, Range{0, 0.5});
        see("network", network);
    }
};

struct EngineOptions {
    std::string model_path;
    int32_t gpu_layers = -1;
    RunnerOptions runner;
    int32_t max_context = 0;  // tokens a request may reach; 0 = min(training context, pool)
    bool prefix_cache = true;
    bool batching = true;
    DraftMode draft_tokens = DraftMode::off;
    std::string draft_model;    // path of a GGUF, or DraftRunner::kMtp; '': none
    std::string chat_template;  // '' = the model's own
    ToolFormatChoice tool_format = ToolFormatChoice::automatic;
    PoolingChoice pooling = PoolingChoice::automatic;
    PolicyConfig policy;
    bool calibrate = true;  // measure policy.cost at load
    CacheOptions cache;
    bool vocabulary_only = false;  // no weights: it renders and tokenizes for an engine elsewhere

    /** All but the path, the last, and the policy and the cache, of which only some may be given. */
    template <typename See>
    void each_option(See && see) {
        see("gpu_layers", gpu_layers, Range{0, 100'000}.or_none(-1));
        runner.each_option(see);
        see("max_context", max_context, Range{0, 1 << 30});
        see("prefix_cache", prefix_cache);
        see("batching", batching);
        see("draft_tokens", draft_tokens);
        see("draft_model", draft_model);
        see("chat_template", chat_template);
        see("tool_format", tool_format);
        see("pooling", pooling);
    }
};

struct EngineInfo {
    ModelInfo model;
    RunnerInfo runner;
    int32_t page_tokens = 0, max_context = 0, max_running = 0, max_batch_tokens = 0;
    bool has_chat_template = false, supports_parallel_calls = false, supports_late_system = false;
    ToolFormat tool_format = ToolFormat::none;
    Pooling pooling = Pooling::none;
    int32_t embedding_size = 0;
    std::string cache_dir;     // where pages are kept on disk; '': nowhere
    std::string cache_reason;  // '', or why they are not, though it was asked for
    DraftMode draft_tokens = DraftMode::off;
    std::string no_drafts_reason;                         // '', or why it is off though it was asked for
    std::string draft_model;                              // as EngineOptions has it; '': none
    int64_t draft_model_bytes = 0, draft_pool_bytes = 0;  // its weights, its KV pool

    template <typename See>
    void each_field(See && see) const {
        see("path", model.path);
        see("architecture", model.architecture);
        see("name", model.name);
        see("digest", model.digest);
        see("sizeBytes", model.size_bytes);
        see("parameters", model.parameters);
        see("contextTrain", model.context_train);
        see("vocabSize", model.vocab_size);
        see("longestToken", model.longest_token);
        see("attention", runner.attention);
        see("noReuseReason", runner.no_reuse_reason);
        see("kernel", runner.kernel);
        see("backend", runner.backend);
        see("cpuReason", runner.cpu_reason);
        see("pages", runner.n_pages);
        see("pageTokens", page_tokens);
        see("pageBytes", runner.page_bytes);
        see("poolBytes", runner.n_pages * runner.page_bytes);
        see("poolUsedBytes", 0);  // the addon writes it at each look
        see("states", runner.n_states);
        see("stateBytes", runner.state_bytes);
        see("windowTokens", runner.window_tokens);
        see("windowBytes", runner.window_bytes);
        see("windowNeededBytes", runner.window_needed_bytes);
        see("maxContext", max_context);
        see("maxRunning", max_running);
        see("maxBatchTokens", max_batch_tokens);
        see("hasChatTemplate", has_chat_template);
        see("supportsTools", tool_format != ToolFormat::none);
        see("toolFormat", tool_format);
        see("supportsParallelCalls", supports_parallel_calls);
        see("supportsLateSystem", supports_late_system);
        see("eosText", model.eos_text);
        see("sampling", model.sampling);
        see("samplingReason", model.sampling.ignored);
        see("pooling", pooling);
        see("embeddingSize", embedding_size);
        see("cacheDir", cache_dir);
        see("cacheReason", cache_reason);
        see("draftTokens", draft_tokens);
        see("noDraftsReason", no_drafts_reason);
        see("draftModel", draft_model);
        see("draftModelBytes", draft_model_bytes);
        see("draftPoolBytes", draft_pool_bytes);
    }
};

struct RequestOptions {
    std::vector<Token> prompt;
    int32_t max_tokens = -1;       // -1 = to the end of the context; 0: the prompt is computed and cached, no more
    int32_t thinking_tokens = -1;  // of reasoning; ChatFormat::thinking_budget
    Class cls = Class::interactive;
    ProgramId program = 0;
    std::string salt;           // the tenant: shares pages and turns with no other tenant
    int32_t tenant_weight = 1;  // its share among tenants that wait
    Micros deadline = 0;        // span from now; 0 = none
    Micros ttft_limit = 0;      // span; 0 = none
    GroupId group = 0;          // siblings of one fork
    int32_t group_size = 0;     // how many they are
    int32_t static_tokens = 0;  // of the prompt: system prompt and tools
    int32_t boundary = 0;       // of the prompt: with which the next one begins in any case; 0: unknown
    int32_t begun = 0;          // of the prompt, the last ones: an answer that another engine began; this one goes on
    bool cache = true;
    bool durable = false;  // its pages go to the disk cache at its end, if there is one
    SamplingOptions sampling;
    std::vector<std::string> stop;
    std::string grammar;      // GBNF
    std::string json_schema;  // not together with grammar, nor with a chat that has a grammar
    std::shared_ptr<const CompiledGrammar> parsed_grammar;  // in place of a text
    std::shared_ptr<const ChatFormat> chat;
    bool ignore_eos = false;
    bool draft_tokens = true;  // tokens may be drafted for it
    JumpMode jump_forward = JumpMode::verify;
    bool progress = false;         // events of calls under way, and of the request before its first token
    int32_t prompt_logprobs = -1;  // alternatives of each token of the prompt; -1 = none are told

    /** All but the prompt, the stop texts, the biases, and the handles of a grammar and a chat. */
    template <typename See>
    void each_option(See && see) {
        constexpr double kDayMs = 24 * 3'600'000;
        see("max_tokens", max_tokens, Range{0, 1 << 30}.or_none(-1));
        see("thinking_tokens", thinking_tokens, Range{0, 1 << 30}.or_none(-1));
        see("class", cls);
        see("program", program, Range{0, kMostId});
        see("salt", salt);
        see("tenant_weight", tenant_weight, Range{1, kMostTenantWeight});
        see("deadline_ms", MillisPlace{deadline}, Range{1, kDayMs}.or_none(0));
        see("ttft_limit_ms", MillisPlace{ttft_limit}, Range{1, kDayMs}.or_none(0));
        see("group", group, Range{1, kMostId}.or_none(0));
        see("group_size", group_size, Range{1, 1 << 16}.or_none(0));
        see("static_tokens", static_tokens, Range{0, kMostInt});
        see("boundary", boundary, Range{0, kMostInt});
        see("begun", begun, Range{0, kMostInt});
        see("cache", cache);
        see("durable", durable);
        see("sampling", sampling);
        see("json_schema", json_schema);
        see("ignore_eos", ignore_eos);
        see("draft_tokens", draft_tokens);
        see("jump_forward", jump_forward);
        see("progress", progress);
        see("prompt_logprobs", prompt_logprobs, Range{-1, 20});
    }
};

/** Texts to embed: a vector of each. */
struct EmbeddingOptions {
    std::vector<std::vector<Token>> texts;
    int32_t dimensions = 0;  // first numbers of a vector; 0 = all
    bool normalize = true;   // to length 1, after the cut
    Class cls = Class::interactive;
    std::string salt;           // the tenant: takes turns with the others
    int32_t tenant_weight = 1;  // its turns for each of a tenant of weight 1

    /** All but the texts. */
    template <typename See>
    void each_option(See && see) {
        see("dimensions", dimensions, Range{1, 1 << 20}.or_none(0));
        see("normalize", normalize);
        see("class", cls);
        see("tenant_weight", tenant_weight, Range{1, kMostTenantWeight});
        see("salt", salt);
    }
};

/** A hint whose salt has a name; see core/programs/hint.h. */
struct HintOptions {
    Hint hint;
    std::string salt;

    /** All but the tokens. */
    template <typename See>
    void each_option(See && see) {
        see("kind", hint.kind);
        see("tool", hint.tool);
        see("expected_ms", MillisPlace{hint.expected}, Range{0, 24 * 3'600'000});
        see("salt", salt);
        see("steps", hint.steps, Range{1, kMaxHintSteps});
        see("from", hint.from, Range{0, 1 << 30});
    }
};

struct EngineStats {
    SchedulerStats scheduler;
    CostConstants cost;      // as they are believed now
    double step_ms = 0;      // time in steps, sum
    StepQuantiles step;      // a whole step: schedule, run, sample, commit
    StepQuantiles deciding;  // of it, in the scheduler
    StepCounts counts;       // of all steps
    double callbacks = 0;    // calls into JavaScript; the addon counts them
    double embedded_texts = 0;
    StoreStats disk;

    template <typename See>
    void each_field(See && see) const {
        scheduler.each_field(see);
        see("callbacks", callbacks);
        see("embeddedTexts", embedded_texts);
        see("stepMs", step_ms);
        see("stepP50Ms", step.p50);
        see("stepP95Ms", step.p95);
        see("stepP99Ms", step.p99);
        see("decidingP50Us", deciding.p50 * 1000);
        see("decidingP95Us", deciding.p95 * 1000);
        see("stepTimes", counts.times);
        see("stepTokens", counts.tokens);
        see("stepTokenSum", counts.token_sum);
        see("cost", cost);
        see("disk", disk);
    }
};

}  // namespace banyan
