#include "addon/to-js.h"

#include <algorithm>

#include "addon/chat-handle.h"
#include "addon/text-spans.h"
#include "core/scheduler/scheduler.h"

namespace banyan {

namespace {

const char * reason_name(MissExplanation::Reason reason) {
    switch (reason) {
        case MissExplanation::Reason::full_hit:
            return "full-hit";
        case MissExplanation::Reason::cold:
            return "cold";
        case MissExplanation::Reason::diverged:
            return "diverged";
        case MissExplanation::Reason::evicted_or_new:
            return "evicted-or-new";
        case MissExplanation::Reason::reuse_off:
            return "reuse-off";
    }
    return "cold";
}

const char * phase_name(Phase phase) {
    switch (phase) {
        case Phase::reasoning:
            return "reasoning";
        case Phase::acting:
            return "acting";
        case Phase::human:
            return "human";
        case Phase::finished:
            return "finished";
    }
    return "reasoning";
}

Napi::Object to_js(Napi::Env env, const CostConstants & cost) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("step", static_cast<double>(cost.step));
    out.Set("prefill", static_cast<double>(cost.prefill));
    out.Set("pair", static_cast<double>(cost.pair));
    out.Set("context", static_cast<double>(cost.context));
    out.Set("decode", static_cast<double>(cost.decode));
    return out;
}

}  // namespace

Napi::Object to_js(Napi::Env env, const EngineInfo & info) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("path", info.model.path);
    out.Set("architecture", info.model.architecture);
    out.Set("name", info.model.name);
    out.Set("digest", info.model.digest);
    out.Set("sizeBytes", static_cast<double>(info.model.size_bytes));
    out.Set("parameters", static_cast<double>(info.model.parameters));
    out.Set("contextTrain", info.model.context_train);
    out.Set("vocabSize", info.model.vocab_size);
    out.Set("longestToken", info.model.longest_token);
    out.Set("attention", info.runner.attention);
    out.Set("noReuseReason", info.runner.no_reuse_reason);
    out.Set("kernel", info.runner.kernel);
    out.Set("backend", info.runner.backend);
    out.Set("cpuReason", info.runner.cpu_reason);
    out.Set("pages", info.runner.n_pages);
    out.Set("pageTokens", info.page_tokens);
    out.Set("pageBytes", static_cast<double>(info.runner.page_bytes));
    out.Set("poolBytes", static_cast<double>(info.runner.n_pages * info.runner.page_bytes));
    out.Set("poolUsedBytes", 0.0);
    out.Set("stateBytes", static_cast<double>(info.runner.state_bytes));
    out.Set("maxContext", info.max_context);
    out.Set("maxRunning", info.max_running);
    out.Set("maxBatchTokens", info.max_batch_tokens);
    out.Set("hasChatTemplate", info.has_chat_template);
    out.Set("supportsTools", info.supports_tools);
    out.Set("supportsParallelCalls", info.supports_parallel_calls);
    out.Set("eosText", info.model.eos_text);
    return out;
}

Napi::Object to_js(Napi::Env env, const EngineStats & stats, double callbacks) {
    const SchedulerStats & s = stats.scheduler;
    Napi::Object out = Napi::Object::New(env);
    const auto set = [&](const char * name, double value) { out.Set(name, value); };
    set("pagesTotal", s.pages_total);
    set("pagesFree", s.pages_free);
    set("pagesUsed", s.pages_used);
    set("pagesCached", s.pages_cached);
    set("pagesPinned", s.pages_pinned);
    set("waiting", s.waiting);
    set("running", s.running);
    set("treeNodes", s.tree_nodes);
    set("steps", static_cast<double>(s.steps));
    set("submitted", static_cast<double>(s.submitted));
    set("finished", static_cast<double>(s.finished));
    set("cancelled", static_cast<double>(s.cancelled));
    set("promptTokens", static_cast<double>(s.prompt_tokens));
    set("cachedTokens", static_cast<double>(s.cached_tokens));
    set("prefillTokens", static_cast<double>(s.prefill_tokens));
    set("decodeTokens", static_cast<double>(s.decode_tokens));
    set("recomputedTokens", static_cast<double>(s.recomputed_tokens));
    set("preemptions", static_cast<double>(s.preemptions));
    set("pagesEvicted", static_cast<double>(s.pages_evicted));
    set("pagesCopied", static_cast<double>(s.pages_copied));
    set("dedupeWaits", static_cast<double>(s.dedupe_waits));
    set("programs", s.programs);
    set("programsActive", s.programs_active);
    set("programsPaused", s.programs_paused);
    set("window", s.window);
    set("demandPages", s.demand_pages);
    set("serviceTellsEnd", s.service_tells_end / 1000.0);
    set("resumeTokens", static_cast<double>(s.resume_tokens));
    set("resumeHits", static_cast<double>(s.resume_hits));
    set("callbacks", callbacks);
    set("stepMs", stats.step_ms);
    set("stepP50Ms", stats.step.p50);
    set("stepP95Ms", stats.step.p95);
    set("stepP99Ms", stats.step.p99);
    set("decidingP50Us", stats.deciding.p50 * 1000);
    set("decidingP95Us", stats.deciding.p95 * 1000);
    Napi::Object rules = Napi::Object::New(env);
    for (int kind = 0; kind < kDecisionKinds; ++kind) {
        rules.Set(name_of(static_cast<Decision::Kind>(kind)),
                  static_cast<double>(s.decisions[static_cast<size_t>(kind)]));
    }
    out.Set("rules", rules);
    out.Set("cost", to_js(env, stats.cost));
    return out;
}

Napi::Object to_js(Napi::Env env, const ProgramReport & report) {
    Napi::Object out = Napi::Object::New(env);
    const auto set = [&](const char * name, double value) { out.Set(name, value); };
    out.Set("phase", phase_name(report.phase));
    out.Set("active", report.active);
    out.Set("paused", report.paused);
    set("calls", report.calls);
    set("live", report.live);
    set("service", static_cast<double>(report.service));
    set("computedTokens", static_cast<double>(report.computed_tokens));
    set("promptTokens", static_cast<double>(report.prompt_tokens));
    set("cachedTokens", static_cast<double>(report.cached_tokens));
    set("outputTokens", static_cast<double>(report.output_tokens));
    set("lostTokens", static_cast<double>(report.lost_tokens));
    set("preemptions", report.preemptions);
    set("pauses", report.pauses);
    set("waitedMs", static_cast<double>(report.waited) / 1000);
    set("actingMs", static_cast<double>(report.acting) / 1000);
    out.Set("retention", describe(report.retention));
    return out;
}

Napi::Object to_js(Napi::Env env, const MissExplanation & miss) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("matched", miss.matched);
    out.Set("promptTokens", miss.prompt_tokens);
    out.Set("expected", miss.expected);
    out.Set("actual", miss.actual);
    out.Set("reason", reason_name(miss.reason));
    return out;
}

Napi::Object to_js(Napi::Env env, const ChatMessage & message) {
    Napi::Array calls = Napi::Array::New(env, message.tool_calls.size());
    for (size_t i = 0; i < message.tool_calls.size(); ++i) {
        const ToolCall & call = message.tool_calls[i];
        Napi::Object object = Napi::Object::New(env);
        object.Set("id", call.id);
        object.Set("name", call.name);
        object.Set("arguments", call.arguments);
        calls.Set(static_cast<uint32_t>(i), object);
    }
    Napi::Object out = Napi::Object::New(env);
    out.Set("content", message.content);
    out.Set("reasoning", message.reasoning);
    out.Set("toolCalls", calls);
    return out;
}

Napi::Object to_js(Napi::Env env, const RenderedChat & chat) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("prompt", chat.prompt);
    out.Set("literal", spans_to_js(env, chat.prompt, chat.literal));
    out.Set("tokens", to_js(env, chat.tokens));
    out.Set("format", chat_handle(env, chat.format));
    return out;
}

Napi::Int32Array to_js(Napi::Env env, const std::vector<Token> & tokens) {
    Napi::Int32Array out = Napi::Int32Array::New(env, tokens.size());
    std::copy(tokens.begin(), tokens.end(), out.Data());
    return out;
}

}  // namespace banyan
