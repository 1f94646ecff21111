#include "addon/simulation-to-js.h"

#include <algorithm>

#include "addon/record-object.h"
#include "engine/options.h"

namespace banyan {

namespace {

/** A typed array with one value a record. */
template <typename Array, typename Records, typename Read>
Array column(Napi::Env env, const Records & records, Read read) {
    Array out = Array::New(env, records.size());
    std::transform(records.begin(), records.end(), out.Data(), read);
    return out;
}

Napi::Object calls_to_js(Napi::Env env, const std::vector<sim::CallReport> & calls) {
    using sim::CallReport;
    Napi::Object out = Napi::Object::New(env);
    const auto time = [&](const char * name, Micros CallReport::* field) {
        const auto read = [field](const CallReport & call) { return static_cast<double>(call.*field); };
        out.Set(name, column<Napi::Float64Array>(env, calls, read));
    };
    const auto count = [&](const char * name, int32_t CallReport::* field) {
        out.Set(name, column<Napi::Int32Array>(env, calls, [field](const CallReport & call) { return call.*field; }));
    };
    const auto state = [](const CallReport & call) { return static_cast<uint8_t>(call.state); };
    out.Set("state", column<Napi::Uint8Array>(env, calls, state));
    time("dueUs", &CallReport::due);
    time("admittedUs", &CallReport::admitted);
    time("firstTokenUs", &CallReport::first_token);
    time("endedUs", &CallReport::ended);
    time("longestGapUs", &CallReport::longest_gap);
    count("promptTokens", &CallReport::prompt_tokens);
    count("cachedTokens", &CallReport::cached_tokens);
    count("computedTokens", &CallReport::computed_tokens);
    count("outputTokens", &CallReport::output_tokens);
    count("preemptions", &CallReport::preemptions);
    count("refusals", &CallReport::refusals);
    return out;
}

Napi::Object programs_to_js(Napi::Env env, const std::vector<sim::ProgramEnd> & programs) {
    using sim::ProgramEnd;
    Napi::Object out = Napi::Object::New(env);
    const auto set = [&](const char * name, int64_t ProgramEnd::* field) {
        const auto read = [field](const ProgramEnd & end) { return static_cast<double>(end.*field); };
        out.Set(name, column<Napi::Float64Array>(env, programs, read));
    };
    set("endedUs", &ProgramEnd::ended);
    set("serviceTokens", &ProgramEnd::service);
    set("lostTokens", &ProgramEnd::lost_tokens);
    set("waitedUs", &ProgramEnd::waited);
    set("actingUs", &ProgramEnd::acting);
    out.Set("pauses", column<Napi::Int32Array>(env, programs, [](const ProgramEnd & end) { return end.pauses; }));
    return out;
}

Napi::Object timeline_to_js(Napi::Env env, const std::vector<sim::Sample> & timeline) {
    using sim::Sample;
    Napi::Object out = Napi::Object::New(env);
    const auto set = [&](const std::string & name, auto read) {
        out.Set(name, column<Napi::Float64Array>(env, timeline,
                                                 [&](const Sample & s) { return static_cast<double>(read(s)); }));
    };
    set("timeUs", [](const Sample & s) { return s.time; });
    set("running", [](const Sample & s) { return s.running; });
    set("waiting", [](const Sample & s) { return s.waiting; });
    set("pagesUsed", [](const Sample & s) { return s.pages_used; });
    set("pagesCached", [](const Sample & s) { return s.pages_cached; });
    set("pagesPinned", [](const Sample & s) { return s.pages_pinned; });
    set("window", [](const Sample & s) { return s.window; });
    const char * names[kClasses] = {"Interactive", "Workflow", "Background"};
    for (int cls = 0; cls < kClasses; ++cls) {
        set(std::string("prefilled") + names[cls], [cls](const Sample & s) { return s.prefilled[cls]; });
        set(std::string("decoded") + names[cls], [cls](const Sample & s) { return s.decoded[cls]; });
    }
    return out;
}

Napi::Array gaps_to_js(Napi::Env env, const sim::SimResult & result) {
    Napi::Array out = Napi::Array::New(env, kClasses);
    const auto same = [](int32_t gap) { return gap; };
    for (uint32_t cls = 0; cls < kClasses; ++cls) {
        out.Set(cls, column<Napi::Int32Array>(env, result.gaps[cls], same));
    }
    return out;
}

}  // namespace

Napi::Object to_js(Napi::Env env, const sim::SimResult & result) {
    const auto same = [](int32_t value) { return value; };
    Napi::Object out = Napi::Object::New(env);
    out.Set("calls", calls_to_js(env, result.calls));
    out.Set("programs", programs_to_js(env, result.programs));
    out.Set("timeline", timeline_to_js(env, result.timeline));
    out.Set("gapsUs", gaps_to_js(env, result));
    EngineStats stats;
    stats.scheduler = result.stats;
    out.Set("stats", object_of(env, stats));
    out.Set("stepUs", column<Napi::Int32Array>(env, result.step_us, same));
    out.Set("scheduleNs", column<Napi::Int32Array>(env, result.schedule_ns, same));
    Napi::Array violations = Napi::Array::New(env, result.violations.size());
    for (size_t i = 0; i < result.violations.size(); ++i)
        violations.Set(static_cast<uint32_t>(i), result.violations[i]);
    out.Set("violations", violations);
    out.Set("log", Napi::Buffer<char>::Copy(env, result.log.data(), result.log.size()));
    return out;
}

}  // namespace banyan
