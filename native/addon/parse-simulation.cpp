#include "addon/parse-simulation.h"

#include <string>

#include "addon/fields.h"
#include "addon/parse-policy.h"

namespace banyan {

namespace {

constexpr int64_t kMaxContent = (int64_t(1) << 52) - 1;  // above lie the calls' own answers
constexpr int64_t kMaxMicros = int64_t(1) << 50;         // 35 years
constexpr uint32_t kMaxEntries = 1 << 24;
constexpr int64_t kMaxNanos = 1'000'000'000'000;  // of a cost: a thousand seconds

/** Calls see(i, element) for each element of an array field. */
template <typename See>
void each(const Fields & fields, const char * name, See see) {
    const Napi::Value value = fields.value(name);
    if (!value.IsArray()) fields.fail(name, "must be an array");
    const auto array = value.As<Napi::Array>();
    if (array.Length() > kMaxEntries) fields.fail(name, "has more than 2^24 entries");
    for (uint32_t i = 0; i < array.Length(); ++i) {
        const Napi::HandleScope scope(array.Env());
        see(std::string(name) + "[" + std::to_string(i) + "]", array.Get(i));
    }
}

std::vector<int64_t> integers(const Fields & fields, const char * name, int64_t high) {
    std::vector<int64_t> out;
    each(fields, name, [&](const std::string & field, const Napi::Value & value) {
        out.push_back(integer_of(value, field, 0, high));
    });
    return out;
}

sim::Program parse_program(const Fields & fields) {
    sim::Program program;
    program.tenant = static_cast<TenantId>(fields.integer("tenant", 0, kMaxSafe));
    program.salt = static_cast<Salt>(fields.integer("salt", 0, kMaxSafe));
    program.cls = class_of(fields, "class");
    program.arrival = fields.integer("arrivalUs", 0, kMaxMicros);
    program.ttft_limit = fields.integer("ttftLimitUs", 0, kMaxMicros);
    program.abort = fields.integer("abortUs", 0, kMaxMicros);
    return program;
}

sim::Call parse_call(const Fields & fields) {
    sim::Call call;
    call.program = static_cast<int32_t>(fields.integer("program", 0, kMaxInt));
    for (const int64_t before : integers(fields, "after", kMaxInt)) {
        call.after.push_back(static_cast<sim::CallIndex>(before));
    }
    call.need = static_cast<int32_t>(fields.integer("need", 0, kMaxInt));
    call.base = static_cast<sim::CallIndex>(fields.integer("base", -1, kMaxInt));
    call.base_tokens = static_cast<int32_t>(fields.integer("baseTokens", -1, kMaxInt));
    const std::vector<int64_t> append = integers(fields, "append", kMaxContent);
    if (append.size() % 2 != 0) fields.fail("append", "must hold pairs of content and tokens");
    for (size_t i = 0; i < append.size(); i += 2) {
        if (append[i + 1] > kMaxInt) fields.fail("append", "has a length above 2^31");
        call.append.push_back({append[i], static_cast<int32_t>(append[i + 1])});
    }
    call.output = static_cast<int32_t>(fields.integer("output", 1, kMaxInt));
    call.output_content = fields.integer("outputContent", 0, kMaxContent);
    call.tool = fields.string("tool");
    call.delay = fields.integer("delayUs", 0, kMaxMicros);
    call.static_tokens = static_cast<int32_t>(fields.integer("staticTokens", 0, kMaxInt));
    call.known_tokens = static_cast<int32_t>(fields.integer("knownTokens", 0, kMaxInt));
    call.group = static_cast<GroupId>(fields.integer("group", 0, kMaxSafe));
    call.group_size = static_cast<int32_t>(fields.integer("groupSize", 0, kMaxInt));
    return call;
}

SchedulerConfig parse_scheduler(const Napi::Value & value) {
    const Fields fields(value, "scheduler", "scheduler.");
    SchedulerConfig config;
    config.n_pages = static_cast<int32_t>(fields.integer("pages", 1, 1 << 24));
    config.page_tokens = static_cast<int32_t>(fields.integer("pageTokens", 1, 256));
    config.max_running = static_cast<int32_t>(fields.integer("maxRunning", 1, 256));
    config.max_batch_tokens = static_cast<int32_t>(fields.integer("maxBatchTokens", 1, 1 << 16));
    config.max_context = static_cast<int32_t>(fields.integer("maxContext", 0, 1 << 30));
    config.reserve_percent = static_cast<int32_t>(fields.integer("reservePercent", 0, 100));
    config.n_states = static_cast<int32_t>(fields.integer("states", 0, 1 << 20));
    config.prefix_reuse = fields.boolean("prefixCache");
    config.policy = parse_policy(fields.value("policy"), "scheduler.policy.");
    if (static_cast<int64_t>(config.n_pages) * config.page_tokens > kMaxInt) {
        fields.fail("pages", "times pageTokens must stay below 2^31");
    }
    check_config(config, "scheduler.policy.");
    return config;
}

sim::DeviceModel parse_device(const Napi::Value & value) {
    const Fields fields(value, "device", "device.");
    sim::DeviceModel device;
    device.step_ns = fields.integer("stepNs", 0, kMaxNanos);
    device.weights_ns = fields.integer("weightsNs", 0, kMaxNanos);
    device.token_ns = fields.integer("tokenNs", 0, 1'000'000'000);
    device.pair_ps = fields.integer("pairPs", 0, 50'000);
    device.read_ps = fields.integer("readPs", 0, 10'000'000);
    device.row_ns = fields.integer("rowNs", 0, 1'000'000'000);
    device.state_ns = fields.integer("stateNs", 0, 1'000'000'000);
    return device;
}

sim::DiskModel parse_disk(const Napi::Value & value) {
    sim::DiskModel disk;
    if (value.IsUndefined()) return disk;
    const Fields fields(value, "disk", "disk.");
    disk.pages = fields.integer("pages", 0, 1 << 24);
    disk.latency = fields.integer("latencyUs", 0, kMaxMicros);
    disk.page = fields.integer("pageUs", 0, kMaxMicros);
    disk.stall_every = fields.integer("stallEveryUs", 0, kMaxMicros);
    disk.stall = fields.integer("stallUs", 0, kMaxMicros);
    disk.state_pages = fields.integer("statePages", 1, 1 << 24);
    return disk;
}

}  // namespace

sim::Workload parse_workload(const Napi::Value & value) {
    const Fields fields(value, "workload");
    sim::Workload workload;
    each(fields, "programs", [&](const std::string & field, const Napi::Value & program) {
        workload.programs.push_back(parse_program(Fields(program, field, field + ".")));
    });
    each(fields, "calls", [&](const std::string & field, const Napi::Value & call) {
        workload.calls.push_back(parse_call(Fields(call, field, field + ".")));
    });
    each(fields, "literals", [&](const std::string & field, const Napi::Value & tokens) {
        workload.literals.push_back(tokens_of(tokens, field));
    });
    if (const auto fault = sim::check(workload)) {
        throw Error("INVALID_OPTION", fault->field + " " + fault->why, fault->field);
    }
    return workload;
}

sim::SimConfig parse_sim_config(const Napi::Value & value) {
    const Fields fields(value, "config");
    sim::SimConfig config;
    config.scheduler = parse_scheduler(fields.value("scheduler"));
    config.device = parse_device(fields.value("device"));
    config.disk = parse_disk(fields.value("disk"));
    config.until = fields.integer("untilUs", 0, kMaxMicros);
    config.sample_every = fields.integer("sampleEveryUs", 0, kMaxMicros);
    config.check_every = static_cast<int32_t>(fields.integer("checkEvery", 0, kMaxInt));
    config.check_cells = fields.boolean("checkCells");
    config.fail_every = static_cast<int32_t>(fields.integer("failEvery", 0, kMaxInt));
    config.hints = fields.boolean("hints");
    config.log = fields.choice<sim::LogLevel>(
        "log", {{"none", sim::LogLevel::none}, {"decisions", sim::LogLevel::decisions}, {"rows", sim::LogLevel::rows}});
    return config;
}

}  // namespace banyan
