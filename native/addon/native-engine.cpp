#include "addon/native-engine.h"

#include <cstring>
#include <utility>

#include "addon/addon-data.h"
#include "addon/answer-handle.h"
#include "addon/chat-handle.h"
#include "addon/fields.h"
#include "addon/grammar-worker.h"
#include "addon/js-error.h"
#include "addon/parse-options.h"
#include "addon/record-object.h"
#include "addon/render-worker.h"
#include "addon/snapshot-to-js.h"
#include "addon/text-spans.h"
#include "addon/to-js.h"
#include "addon/tokenize-worker.h"
#include "runner/answers/answer-parser.h"
#include "runner/missing-tokens.h"

namespace banyan {

namespace {

constexpr const char * kOnEvents = "_onEvents";
/** Nodes of a snapshot. */
constexpr int64_t kMostShown = 100'000;

using Make = std::function<Napi::Value(Napi::Env)>;

}  // namespace

Napi::Function NativeEngine::define(Napi::Env env) {
    return DefineClass(env, "NativeEngine",
                       {
                           InstanceAccessor<&NativeEngine::info>("info"),
                           InstanceMethod<&NativeEngine::submit>("submit"),
                           InstanceMethod<&NativeEngine::embed>("embed"),
                           InstanceMethod<&NativeEngine::cancel>("cancel"),
                           InstanceMethod<&NativeEngine::tokenize>("tokenize"),
                           InstanceMethod<&NativeEngine::tokenize_later>("tokenizeLater"),
                           InstanceMethod<&NativeEngine::detokenize>("detokenize"),
                           InstanceMethod<&NativeEngine::render_chat>("renderChat"),
                           InstanceMethod<&NativeEngine::tokenize_chat>("tokenizeChat"),
                           InstanceMethod<&NativeEngine::parse_chat>("parseChat"),
                           InstanceMethod<&NativeEngine::parse_grammar>("parseGrammar"),
                           InstanceMethod<&NativeEngine::chat_grammar>("chatGrammar"),
                           InstanceMethod<&NativeEngine::open_answer>("openAnswer"),
                           InstanceMethod<&NativeEngine::read_answer>("readAnswer"),
                           InstanceMethod<&NativeEngine::end_answer>("endAnswer"),
                           InstanceMethod<&NativeEngine::missing_tokens>("missingTokens"),
                           InstanceMethod<&NativeEngine::explain>("explain"),
                           InstanceMethod<&NativeEngine::pin>("pin"),
                           InstanceMethod<&NativeEngine::unpin>("unpin"),
                           InstanceMethod<&NativeEngine::clear_cache>("clearCache"),
                           InstanceMethod<&NativeEngine::hint>("hint"),
                           InstanceMethod<&NativeEngine::program_report>("programReport"),
                           InstanceMethod<&NativeEngine::set_decisions>("setDecisions"),
                           InstanceMethod<&NativeEngine::stats>("stats"),
                           InstanceMethod<&NativeEngine::snapshot>("snapshot"),
                           InstanceMethod<&NativeEngine::check_integrity>("checkIntegrity"),
                           InstanceMethod<&NativeEngine::close>("close"),
                       });
}

Napi::Object NativeEngine::make(Napi::Env env, Parts parts) {
    // What the constructor takes; a constructor that JavaScript calls finds none, also when this one never ran.
    struct Offer {
        explicit Offer(Parts * parts, AddonData & data) : data(data) { data.parts = parts; }
        ~Offer() { data.parts = nullptr; }
        AddonData & data;
    };
    const Offer offer(&parts, AddonData::of(env));
    return offer.data.engine_constructor.New({});
}

NativeEngine::NativeEngine(const Napi::CallbackInfo & info) : ObjectWrap(info) {
    Parts * parts = std::exchange(AddonData::of(info.Env()).parts, nullptr);
    if (!parts) throw js_error(info.Env(), Error("INVALID_OPTION", "engines come from loadEngine"));
    engine_ = std::move(parts->engine);
    pump_ = std::move(parts->pump);
    info.This().As<Napi::Object>().DefineProperty(
        Napi::PropertyDescriptor::Value(kOnEvents, parts->on_events, napi_default));
    info_ = std::make_shared<Napi::ObjectReference>(Napi::Persistent(object_of(info.Env(), engine_->info())));

    pump_->set_deliver(
        [this](Napi::Env env, const std::vector<uint8_t> & bytes, int ended) { deliver(env, bytes, ended); });
    // The environment ends: join the thread while its way into JavaScript still exists.
    shutdown_ = std::make_unique<ShutdownHook>(info.Env(), [this] {
        if (engine_) engine_->stop();
        pump_->abandon();
    });
    engine_->start([pump = pump_](std::vector<Event> && events) { pump->publish(events); });
}

NativeEngine::~NativeEngine() {
    if (engine_) engine_->stop();
    if (pump_) pump_->close();
}

Engine & NativeEngine::open() const {
    if (close_called_ || !engine_) throw Error("CLOSED", "the engine is closed");
    return *engine_;
}

void NativeEngine::hold() {
    if (held_++ == 0) Ref();
    pump_->hold(Env());
}

void NativeEngine::unhold() {
    pump_->unhold(Env());
    if (--held_ == 0) Unref();
}

void NativeEngine::deliver(Napi::Env env, const std::vector<uint8_t> & bytes, int ended) {
    const Napi::Object self = Value();
    if (self.IsEmpty()) return;  // being collected: only decisions come when nothing is held, and they have no reader
    for (int i = 0; i < ended; ++i) unhold();  // before anything can throw
    auto buffer = Napi::ArrayBuffer::New(env, bytes.size());
    std::memcpy(buffer.Data(), bytes.data(), bytes.size());
    const auto array = Napi::Uint8Array::New(env, bytes.size(), buffer, 0);
    ++callbacks_;
    self.Get(kOnEvents).As<Napi::Function>().Call({array});
}

template <typename Start>
Napi::Value NativeEngine::ask(Napi::Env env, Start start) {
    return promised(env, [&](const Napi::Promise::Deferred & deferred) {
        start(open(), [this, pump = pump_, deferred](Make make) {
            pump->answer([this, deferred, make = std::move(make)](Napi::Env env) {
                or_reject(deferred, [&] { deferred.Resolve(make(env)); });
                unhold();
            });
        });
        hold();
    });
}

Napi::Value NativeEngine::submit(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        Engine & engine = open();
        const RequestId id = engine.submit(parse_request(info[0]));
        hold();
        return Napi::Number::New(info.Env(), static_cast<double>(id));
    });
}

Napi::Value NativeEngine::embed(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        Engine & engine = open();
        const RequestId id = engine.embed(parse_embedding(info[0]));
        hold();
        return Napi::Number::New(info.Env(), static_cast<double>(id));
    });
}

Napi::Value NativeEngine::cancel(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const int64_t id = integer_of(info[0], "request", 0, kMaxSafe);
        return Napi::Boolean::New(info.Env(), open().cancel(static_cast<RequestId>(id)));
    });
}

Napi::Value NativeEngine::tokenize(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const std::string text = text_of(info[0], "text");
        const bool special = boolean_of(info[1], "addSpecial"), parse = boolean_of(info[2], "parseSpecial");
        return to_js(info.Env(), open().model()->tokenize(text, special, parse));
    });
}

Napi::Value NativeEngine::tokenize_later(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        const Engine & engine = open();
        auto tokenize = [model = engine.model(), text = encoded_of(info[0], "text"),
                         special = boolean_of(info[1], "addSpecial"),
                         parse = boolean_of(info[2], "parseSpecial")] { return model->tokenize(text, special, parse); };
        (new TokenizeWorker(info.Env(), deferred, std::move(tokenize)))->Queue();
    });
}

Napi::Value NativeEngine::detokenize(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const std::vector<Token> tokens = tokens_of(info[0], "tokens");
        const bool special = boolean_of(info[1], "special");
        return Napi::String::New(info.Env(), open().model()->detokenize(tokens.data(), tokens.size(), special));
    });
}

Napi::Value NativeEngine::render_chat(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        const Engine & engine = open();
        ChatRequest request = parse_chat_input(info[0]);
        request.max_context = engine.info().max_context;
        (new RenderWorker(info.Env(), deferred, engine.chat_templates(), std::move(request)))->Queue();
    });
}

Napi::Value NativeEngine::tokenize_chat(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        const Engine & engine = open();
        const std::string text = text_of(info[0], "text");
        auto tokenize = [templates = engine.chat_templates(), literal = spans_of(info[1], "literal", text), text] {
            return templates->tokenizer().tokenize(text, literal, false);
        };
        (new TokenizeWorker(info.Env(), deferred, std::move(tokenize)))->Queue();
    });
}

Napi::Value NativeEngine::parse_chat(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        open();
        const auto format = chat_of(info[0], "format");
        if (!format) throw Error("INVALID_OPTION", "format must be a chat format from renderChat", "format");
        if (!info[1].IsArray()) throw Error("INVALID_OPTION", "pieces must be a list of strings", "pieces");
        const auto pieces = info[1].As<Napi::Array>();
        Napi::Array out = Napi::Array::New(info.Env(), pieces.Length() + 1);
        AnswerParser reader(format->syntax());
        for (uint32_t i = 0; i < pieces.Length(); ++i) {
            out.Set(i, to_js(info.Env(), reader.push(text_of(pieces.Get(i), "pieces"))));
        }
        out.Set(pieces.Length(), to_js(info.Env(), reader.finish()));
        return out;
    });
}

Napi::Value NativeEngine::parse_grammar(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        const auto grammars = open().grammars();
        std::string gbnf = string_of(info[0], "grammar"), json_schema = string_of(info[1], "jsonSchema");
        (new GrammarWorker(info.Env(), deferred, grammars, std::move(gbnf), std::move(json_schema)))->Queue();
    });
}

Napi::Value NativeEngine::chat_grammar(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        open();
        const auto format = chat_of(info[0], "format");
        Napi::Object out = Napi::Object::New(info.Env());
        out.Set("grammar", format ? format->gbnf() : std::string());
        out.Set("begun", format ? format->begun() : std::string());
        return out;
    });
}

Napi::Value NativeEngine::open_answer(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        return answer_handle(info.Env(), open().read_answer(parse_request(info[0])));
    });
}

Napi::Value NativeEngine::read_answer(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value { return read_tokens(info[0], tokens_of(info[1], "tokens")); });
}

Napi::Value NativeEngine::end_answer(const Napi::CallbackInfo & info) {
    return guarded(info.Env(),
                   [&]() -> Napi::Value { return banyan::end_answer(info[0], string_of(info[1], "reason")); });
}

Napi::Value NativeEngine::missing_tokens(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const std::string text = text_of(info[0], "text");
        const auto count = static_cast<size_t>(integer_of(info[1], "count", 0, kMaxInt));
        const auto last = static_cast<Token>(integer_of(info[2], "last", 0, kMaxInt));
        return to_js(info.Env(), banyan::missing_tokens(*open().model(), text, count, last));
    });
}

Napi::Value NativeEngine::explain(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        engine.explain(
            string_of(info[0], "salt"), tokens_of(info[1], "tokens"),
            [answer](const MissExplanation & miss) { answer([miss](Napi::Env env) { return object_of(env, miss); }); });
    });
}

Napi::Value NativeEngine::pin(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        const int64_t ttl_ms = integer_of(info[2], "ttlMs", 1, int64_t(1) << 40);
        const double share = number_of(info[3], "share", 0, 1);
        engine.pin(string_of(info[0], "salt"), tokens_of(info[1], "tokens"), ttl_ms * 1000, share,
                   [answer](uint64_t id, int32_t tokens) {
                       answer([id, tokens](Napi::Env env) {
                           Napi::Object out = Napi::Object::New(env);
                           out.Set("id", static_cast<double>(id));
                           out.Set("tokens", tokens);
                           return out;
                       });
                   });
    });
}

Napi::Value NativeEngine::unpin(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        const int64_t id = integer_of(info[0], "id", 0, kMaxSafe);
        engine.unpin(static_cast<uint64_t>(id), [answer](bool known) {
            answer([known](Napi::Env env) { return Napi::Boolean::New(env, known); });
        });
    });
}

Napi::Value NativeEngine::clear_cache(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        engine.clear_cache(
            [answer](int32_t pages) { answer([pages](Napi::Env env) { return Napi::Number::New(env, pages); }); });
    });
}

Napi::Value NativeEngine::hint(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto program = static_cast<ProgramId>(integer_of(info[0], "program", 1, kMaxSafe));
        open().hint(program, parse_hint(info[1]));
        return info.Env().Undefined();
    });
}

Napi::Value NativeEngine::program_report(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        const auto program = static_cast<ProgramId>(integer_of(info[0], "program", 1, kMaxSafe));
        engine.program(program, [answer](const std::optional<ProgramReport> & report) {
            answer([report](Napi::Env env) -> Napi::Value {
                return report ? Napi::Value(object_of(env, *report)) : Napi::Value(env.Null());
            });
        });
    });
}

Napi::Value NativeEngine::set_decisions(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        open().set_decisions(boolean_of(info[0], "on"));
        return info.Env().Undefined();
    });
}

Napi::Value NativeEngine::stats(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        engine.stats([this, answer](const EngineStats & stats) {
            answer([this, shown = stats](Napi::Env env) mutable {
                shown.callbacks = callbacks_;
                return object_of(env, shown);
            });
        });
    });
}

Napi::Value NativeEngine::snapshot(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        const auto nodes = static_cast<int32_t>(integer_of(info[0], "nodes", 0, kMostShown));
        const int64_t since = integer_of(info[1], "sinceStep", 0, kMaxSafe);
        engine.snapshot(nodes, static_cast<uint64_t>(since), [answer](EngineSnapshot shown) {
            answer([shown = std::move(shown)](Napi::Env env) { return to_js(env, shown); });
        });
    });
}

Napi::Value NativeEngine::check_integrity(const Napi::CallbackInfo & info) {
    return ask(info.Env(), [&](Engine & engine, auto answer) {
        engine.check_integrity([answer](const std::string & violation) {
            answer([violation](Napi::Env env) { return Napi::String::New(env, violation); });
        });
    });
}

Napi::Value NativeEngine::close(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        if (closed_ || !engine_) {
            deferred.Resolve(info.Env().Undefined());
            return;
        }
        closing_.push_back(deferred);
        if (std::exchange(close_called_, true)) return;
        hold();
        engine_->close([this, pump = pump_] {
            pump->answer([this](Napi::Env env) {
                engine_->stop();
                engine_.reset();
                closed_ = true;
                for (const Napi::Promise::Deferred & waiting : std::exchange(closing_, {}))
                    waiting.Resolve(env.Undefined());
                const auto pump = pump_;
                unhold();  // this may be collected from here on
                pump->close();
            });
        });
    });
}

Napi::Value NativeEngine::info(const Napi::CallbackInfo &) {
    Napi::Object info = info_->Value();
    if (engine_) info.Set("poolUsedBytes", static_cast<double>(engine_->pool_used_bytes()));
    return info;
}

}  // namespace banyan
