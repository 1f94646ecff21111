#include "runner/answers/answer-parser.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

#include "json.h"
#include "runner/grammars/grammar.h"

namespace banyan {

namespace {

constexpr char kStretch = '\x01';  // stands for text already given out: part of no marker, and no blank
constexpr size_t kShort = 512;     // so many uncertain bytes are parsed with every push
constexpr size_t kGlance = 64;
// So many bytes may be part of several calls that came to nothing, one inside the other.
constexpr size_t kMostRefused = 64 << 10;

bool all_space(const std::string & text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return std::isspace(static_cast<unsigned char>(c)); });
}

bool continues(const std::string & text, size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/** `n`, or less where that is inside a character: half a character fits nowhere, and the whole of it may. */
size_t whole_characters(const std::string & text, size_t n) {
    while (continues(text, n)) --n;
    return n;
}

/** The greatest n in [low, high] for which `holds`, which is true of low and changes once. */
size_t last_that(size_t low, size_t high, const std::function<bool(size_t)> & holds) {
    while (low < high) {
        const size_t middle = low + (high - low + 1) / 2;
        if (holds(middle)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

// The parser gives an open call's arguments as far as they go, so a complete object means that the call is closed.
bool whole(const ToolCall & call) {
    if (call.name.empty() || call.arguments.empty() || call.arguments.back() != '}') return false;
    if (nesting_depth(call.arguments) > kMaxNesting) return false;
    return common_json::parse_no_throw(call.arguments).is_object();
}

size_t whole_calls(const Reading & reading) {
    size_t n = 0;
    while (n < reading.calls.size() && whole(reading.calls[n])) ++n;
    const bool last_waits = n > 0 && n == reading.calls.size() && reading.late_id && !reading.complete;
    return last_waits && reading.calls.back().id.empty() ? n - 1 : n;
}

}  // namespace

AnswerParser::AnswerParser(std::shared_ptr<const AnswerSyntax> syntax) : syntax_(std::move(syntax)) {}

AnswerPart AnswerParser::push(const std::string & text) {
    AnswerPart out;
    buffer_ += text;
    advance(out, false);
    progress_.grow(buffer_, out.pieces);
    return out;
}

AnswerPart AnswerParser::finish() {
    AnswerPart out;
    advance(out, true);
    progress_.cut(out.pieces);
    take_rest(out);
    return out;
}

std::optional<std::string> AnswerParser::named_call() {
    if (told_ || calls_ > 0 || !syntax_ || open_ != Kind::none || read_at_ != buffer_.size()) return std::nullopt;
    if (calls_begin_ >= buffer_.size()) return std::nullopt;
    std::string call = buffer_.substr(calls_begin_);
    if (!syntax_->names_tool(call)) return std::nullopt;
    told_ = true;
    return call;
}

/** What the parser says of the first `n` bytes. */
Reading AnswerParser::read(size_t n) {
    n = whole_characters(buffer_, n);
    work_ += n;
    return syntax_->read(buffer_.substr(0, n));
}

void AnswerParser::advance(AnswerPart & out, bool over) {
    while (syntax_ && at_structure(out) && due(over)) {
        // Behind a call that was none the next is likely to be none soon: that costs no look at all that follows.
        size_t fitting = std::min(buffer_.size(), refused_last_ ? done_ + kGlance : buffer_.size());
        Reading reading = read(fitting);
        while (reading.fits && fitting < buffer_.size()) {
            fitting = std::min(buffer_.size(), done_ + 2 * (fitting - done_));
            reading = read(fitting);
        }
        if (!reading.fits) {
            const auto fits = [&](size_t n) { return read(n).fits; };
            fitting = whole_characters(buffer_, last_that(done_, fitting - 1, fits));
            reading = read(fitting);
        }
        if (read_before_call(reading, fitting, out)) continue;
        if (fitting == buffer_.size()) {
            const ptrdiff_t shift = take(reading, out);
            if (open_ != Kind::none) {
                progress_.cut(out.pieces);
            } else {
                const bool raw = reading.args_begin != Reading::kNowhere;
                const size_t args_begin = raw ? reading.args_begin + static_cast<size_t>(shift) : Reading::kNowhere;
                progress_.follow(calls_, reading, buffer_, args_begin, out.pieces);
            }
            read_at_ = buffer_.size();
            refused_last_ = false;
            return;
        }
        // What may become a marker is none yet, though as the beginning of one it fits nowhere.
        if (!over && fitting + syntax_->held(buffer_, done_) >= buffer_.size()) return;
        refuse(reading, fitting, out);
    }
    if (!syntax_) {
        say(Kind::text, buffer_, out);
        buffer_.clear();
    }
}

/** Gives out what lies before the next marker. True when what follows is the parser's business. */
bool AnswerParser::at_structure(AnswerPart & out) {
    if (open_ == Kind::none) return done_ < buffer_.size();
    while (true) {
        const Marker marker = syntax_->next_marker(buffer_, done_);
        if (!marker.text) {
            commit(open_, buffer_.size() - syntax_->held(buffer_, done_), out);
            return false;
        }
        commit(open_, marker.at, out);
        if (!syntax_->may_call(*marker.text) || admits_call(*marker.text)) return true;
        size_t end = done_ + 1;
        while (continues(buffer_, end)) ++end;
        commit(open_, end, out);
    }
}

/**
 * Stops before a marker of calls inside a text, so that its place is looked at. True when that changed something. all:
 * what the parser says of the first `fitting` bytes; where that has no text at a marker, there is none.
 */
bool AnswerParser::read_before_call(const Reading & all, size_t fitting, AnswerPart & out) {
    if (!syntax_->plain()) return false;
    // What was parsed already needs no second look.
    size_t from = std::max(done_, std::min(read_at_, buffer_.size()));
    const Marker here = syntax_->next_marker(buffer_, done_);
    if (open_ != Kind::none && here.at == done_) from = std::max(from, done_ + here.text->size());
    while (true) {
        const Marker call = syntax_->next_marker(buffer_, from);
        if (!call.text || call.at > fitting) return false;
        from = call.at + call.text->size();
        if (!syntax_->may_call(*call.text)) continue;
        const auto touches = [&](const Stretch & one) { return one.begin <= call.at && call.at <= one.end; };
        if (std::none_of(all.stretches.begin(), all.stretches.end(), touches)) continue;
        const Reading reading = read(call.at);
        if (!reading.fits) return false;
        if (reading.stretches.empty()) continue;
        const Stretch & last = reading.stretches.back();
        if (!last.open || last.end <= done_ || last.begin == call.at) continue;
        take(reading, out);
        return true;
    }
}

/** An uncertain stretch that grows long is parsed each time it has grown by a thirtieth: its length is paid so often at
 * most. */
bool AnswerParser::due(bool over) const {
    if (over || read_at_ > buffer_.size()) return true;
    const size_t length = syntax_->plain() ? buffer_.size() - done_ : buffer_.size();
    return length <= kShort || (buffer_.size() - read_at_) * 32 >= length;
}

/** Returns by how much what the reading says of places has moved. */
ptrdiff_t AnswerParser::take(const Reading & reading, AnswerPart & out) {
    const size_t n_whole = whole_calls(reading);
    const size_t calls_begin = n_whole == reading.calls.size() ? reading.calls_begin : Reading::kNowhere;
    const size_t held = syntax_->held(buffer_, done_);
    ptrdiff_t shift = 0;
    const auto moved = [&](size_t at) { return static_cast<size_t>(static_cast<ptrdiff_t>(at) + shift); };
    open_ = Kind::none;
    for (const Stretch & stretch : reading.stretches) {
        const size_t begin = moved(stretch.begin), end = moved(stretch.end);
        if (end < done_) continue;
        // Blanks that may follow are the format's own before the first word, and what may become a marker may end the
        // stretch before: one without another word has not begun.
        if (begin + held >= buffer_.size() && syntax_->plain()) break;
        const Kind kind = stretch.reasoning ? Kind::reasoning : Kind::text;
        if (begin >= done_) {
            const std::string between = buffer_.substr(done_, begin - done_);
            const bool called =
                calls_begin != Reading::kNowhere && moved(calls_begin) >= done_ && calls_begin < stretch.begin;
            if (!called && !syntax_->only_markers(between)) say(Kind::text, between, out);
            done_ = begin;
            marked_ = false;
            kept_ = syntax_->marker_at(buffer_, begin);
            place_.start();
        }
        last_ = kind;
        shift += commit(kind, end, out);
        open_ = stretch.open && syntax_->plain() ? kind : Kind::none;
    }
    calls_begin_ = reading.calls_begin == Reading::kNowhere ? Reading::kNowhere : moved(reading.calls_begin);
    if (shift != 0) progress_.cut(out.pieces);
    for (; calls_ < n_whole; ++calls_) {
        progress_.close(calls_, reading.calls[calls_], out.pieces);
        out.tool_calls.push_back(reading.calls[calls_]);
    }
    return shift;
}

/** Only the first `fitting` bytes are an answer of the format: takes these, and gives the rest out as what it was in.
 */
void AnswerParser::refuse(const Reading & reading, size_t fitting, AnswerPart & out) {
    told_ = false;
    refused_last_ = true;
    read_at_ = done_;
    const size_t size = buffer_.size(), done = done_;
    take(reading, out);
    progress_.cut(out.pieces);
    fitting -= size - buffer_.size();
    if (calls_ > 0) return give_up(behind_calls(fitting), out);
    if (buffer_.size() != size || done_ != done) return;

    refused_ += fitting - done_;
    const Marker marker = syntax_->next_marker(buffer_, done_);
    const bool ends = marker.text && marker.at == done_;
    const bool patient = refused_ <= kMostRefused + said_;
    if (syntax_->plain() && ends && patient && (last_ == Kind::text || syntax_->may_call(*marker.text))) {
        open_ = last_ == Kind::reasoning ? Kind::reasoning : Kind::text;
        size_t end = done_ + 1;
        while (continues(buffer_, end)) ++end;
        commit(open_, end, out);
        return;
    }
    give_up(done_ + (last_ == Kind::reasoning ? syntax_->closer(buffer_, done_) : 0), out);
}

void AnswerParser::take_rest(AnswerPart & out) {
    if (!syntax_ || done_ == buffer_.size()) return;
    if (open_ != Kind::none) {
        commit(open_, buffer_.size(), out);
        return;
    }
    size_t from = done_;
    if (calls_ > 0) {
        const Reading reading = read(buffer_.size());
        const bool all = reading.fits && reading.calls.size() == calls_;
        from = all && reading.complete ? buffer_.size() : behind_calls(buffer_.size());
        if (all && syntax_->only_ends_call(buffer_.substr(from))) from = buffer_.size();
    } else if (last_ != Kind::none) {
        if (syntax_->only_markers(buffer_.substr(from)) && read(buffer_.size()).complete) return;
        const size_t length = syntax_->closer(buffer_, from);
        if (last_ == Kind::reasoning || from + length == buffer_.size()) from += length;
    }
    const std::string rest = buffer_.substr(from);
    if (last_ == Kind::none || !all_space(rest)) say(Kind::text, rest, out);
    done_ = buffer_.size();
}

/** Where the last call that was given out ends, with the markers that close it. */
size_t AnswerParser::behind_calls(size_t fitting) {
    constexpr size_t kLongestClose = 64;
    const auto before = [&](size_t n) { return whole_calls(read(n)) < calls_; };
    const size_t end = whole_characters(buffer_, std::min(last_that(done_, fitting, before) + 1, buffer_.size()));
    size_t n = whole_characters(buffer_, std::min(fitting, end + kLongestClose));
    for (; n > end; n = whole_characters(buffer_, n - 1)) {
        const Reading closed = read(n);
        if (closed.complete && closed.calls.size() == calls_) return n;
    }
    return end;
}

/** Gives out up to `end`, and forgets it where the parser can do without. Returns how much longer the buffer became. */
ptrdiff_t AnswerParser::commit(Kind kind, size_t end, AnswerPart & out) {
    if (end <= done_) return 0;
    const size_t size = end - done_;
    say(kind, buffer_.substr(done_, size), out);
    if (!syntax_->plain()) {
        done_ = end;
        return 0;
    }
    const std::string kept = marked_ ? "" : std::exchange(kept_, "") + kStretch;
    buffer_.replace(done_, size, kept);
    done_ += kept.size();
    marked_ = true;
    return static_cast<ptrdiff_t>(kept.size()) - static_cast<ptrdiff_t>(size);
}

void AnswerParser::say(Kind kind, const std::string & text, AnswerPart & out) {
    if (text.empty()) return;
    said_ += text.size();
    last_ = kind;
    place_.add(text);
    if (kind == Kind::text) {
        out.content += text;
        has_content_ = has_content_ || !all_space(text);
    } else if (has_reasoning_ || !all_space(text)) {
        has_reasoning_ = true;
        out.reasoning += std::exchange(blanks_, "") + text;
    } else {
        blanks_ += text;
    }
}

/** Where the reader stands, this marker begins a call. */
bool AnswerParser::admits_call(const std::string & marker) const {
    if (has_content_ && syntax_->kind() == AnswerKind::calls_or_content) return false;
    return place_.admits(syntax_->is_special(marker));
}

/** From here on everything is text. */
void AnswerParser::give_up(size_t from, AnswerPart & out) {
    say(Kind::text, buffer_.substr(from), out);
    buffer_.clear();
    done_ = 0;
    syntax_ = nullptr;
}

}  // namespace banyan
