#include "sim/workload.h"

#include "core/programs/hint.h"

namespace banyan::sim {

namespace {

constexpr int64_t kMaxTokens = 1 << 30;  // of one prompt with its answer

std::optional<std::string> fault_of(const Workload & workload, CallIndex at, std::vector<int64_t> & length) {
    const Call & call = workload.calls[at];
    const int64_t n_programs = static_cast<int64_t>(workload.programs.size());
    if (call.program < 0 || call.program >= n_programs) return "program is none of the workload's";
    for (const CallIndex before : call.after) {
        if (before < 0 || before >= at) return "after must name earlier calls";
    }
    if (call.need < 0 || call.need > static_cast<int64_t>(call.after.size())) return "need exceeds after";
    if (call.base < kNoCall || call.base >= at) return "base must be an earlier call";
    if (call.output < 1) return "output must be at least 1";
    if (call.tool.size() > kMaxToolName) return "tool has too long a name";
    int64_t n_tokens = call.base == kNoCall ? 0 : length[call.base];
    if (call.base_tokens > n_tokens) return "baseTokens exceeds the base";
    if (call.base_tokens >= 0) n_tokens = call.base_tokens;
    for (const Segment & segment : call.append) {
        if (segment.content < 0 || segment.n_tokens < 0) return "append has a negative number";
        const size_t content = static_cast<size_t>(segment.content);
        if (content < workload.literals.size() &&
            segment.n_tokens > static_cast<int64_t>(workload.literals[content].size())) {
            return "append exceeds a literal";
        }
        n_tokens += segment.n_tokens;
        if (n_tokens > kMaxTokens) return "prompt exceeds 2^30 tokens";
    }
    if (n_tokens == 0) return "prompt is empty";
    const size_t content = static_cast<size_t>(call.output_content);
    if (call.output_content > 0 && content < workload.literals.size() &&
        call.output > static_cast<int64_t>(workload.literals[content].size())) {
        return "output exceeds a literal";
    }
    length[at] = n_tokens + call.output;
    if (length[at] > kMaxTokens) return "output exceeds 2^30 tokens";
    return std::nullopt;
}

}  // namespace

std::optional<Fault> check(const Workload & workload) {
    std::vector<int64_t> length(workload.calls.size(), 0);  // tokens of a call's prompt and output
    for (CallIndex at = 0; at < static_cast<CallIndex>(workload.calls.size()); ++at) {
        const std::optional<std::string> wrong = fault_of(workload, at, length);
        if (!wrong) continue;
        const size_t space = wrong->find(' ');
        return Fault{"calls[" + std::to_string(at) + "]." + wrong->substr(0, space), wrong->substr(space + 1)};
    }
    return std::nullopt;
}

}  // namespace banyan::sim
