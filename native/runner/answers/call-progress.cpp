#include "runner/answers/call-progress.h"

#include <utility>

namespace banyan {

namespace {

bool begins_with(const std::string & text, const std::string & prefix) {
    return text.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

void CallProgress::follow(size_t index, const Reading & reading, const std::string & buffer, size_t args_begin,
                          Pieces & out) {
    if (reading.calls.size() <= index) return cut(out);
    const ToolCall & call = reading.calls[index];
    const bool raw = args_begin != Reading::kNowhere;
    if (open_ && (open_->index != index || open_->name != call.name)) cut(out);
    if (open_ && open_->raw_at != Reading::kNowhere && (!raw || open_->raw_at != args_begin + open_->told.size()))
        cut(out);
    // An id behind the arguments is known with the whole call only, and a value that is told may not change.
    if (reading.late_id || reading.unsure || call.name.empty() || reading.calls.size() > index + 1) return;
    if (raw) {
        if (!open_) start(index, call, out);
        if (open_->raw_at == Reading::kNowhere) open_->raw_at = args_begin + open_->told.size();
        return grow(buffer, out);
    }
    if (call.arguments.size() <= 1 || (open_ && !begins_with(call.arguments, open_->told))) return;
    if (!open_) start(index, call, out);
    tell(call.arguments.substr(open_->told.size()), out);
}

void CallProgress::grow(const std::string & buffer, Pieces & out) {
    if (!open_ || open_->raw_at >= buffer.size()) return;
    const size_t n = open_->object.push(buffer, open_->raw_at);
    std::string more = buffer.substr(open_->raw_at, n);
    open_->raw_at += n;
    tell(std::move(more), out);
}

void CallProgress::close(size_t index, const ToolCall & call, Pieces & out) {
    if (open_ && (open_->index != index || open_->name != call.name || !begins_with(call.arguments, open_->told)))
        cut(out);
    if (!open_) start(index, call, out);
    tell(call.arguments.substr(open_->told.size()), out);
    open_.reset();
}

void CallProgress::cut(Pieces & out) {
    if (!open_) return;
    out.push_back({CallStage::cut, static_cast<int32_t>(open_->index), "", "", ""});
    open_.reset();
}

void CallProgress::start(size_t index, const ToolCall & call, Pieces & out) {
    open_.emplace();
    open_->index = index;
    open_->name = call.name;
    out.push_back({CallStage::start, static_cast<int32_t>(index), call.id, call.name, ""});
}

void CallProgress::tell(std::string arguments, Pieces & out) {
    if (arguments.empty()) return;
    open_->told += arguments;
    out.push_back({CallStage::args, static_cast<int32_t>(open_->index), "", "", std::move(arguments)});
}

}  // namespace banyan
