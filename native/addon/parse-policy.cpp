#include "addon/parse-policy.h"

#include "addon/option-reader.h"

namespace banyan {

void check_config(const SchedulerConfig & config, const std::string & prefix) {
    const auto wrong = validate(config);
    if (!wrong) return;
    const std::string field = prefix + js_name(wrong->field);
    throw Error("INVALID_OPTION", field + ": " + wrong->reason, field);
}

PolicyConfig parse_policy(const Napi::Value & value, const std::string & prefix) {
    PolicyConfig policy;
    read_given_options(value, policy, prefix.substr(0, prefix.size() - 1));
    return policy;
}

}  // namespace banyan
