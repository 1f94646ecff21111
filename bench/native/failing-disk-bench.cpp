// First tokens of an engine whose disk cache lies on a disk that fails, beside one without: each prompt is asked of
// both, one right after the other, so that what else the machine does meets both. Both are fresh for each disk, on a
// fresh copy of a folder that has half of the prompts.
//   failing-disk-bench <model.gguf> <empty folder> [runs=3] [threads=0]
// Prints lines of fields with tabs between them: ttft, disk, run, known|new, milliseconds, the same without a disk;
// told, disk, run, sentence on why the disk is not used as ever, or nothing.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "native/faulty-files.h"
#include "runner/error.h"

using namespace banyan;
using namespace banyan::bench;
namespace fs = std::filesystem;

namespace {

// Of each kind, of each prompt, of each answer. So many that the first ones, which wait for the disk until it rests,
// are the fewer: the worst of them is told beside the median.
constexpr int32_t kPrompts = 16, kTokens = 512, kOutput = 8;
constexpr int32_t kWarmUp = 1000;  // the seed of a prompt that is no other's
constexpr int64_t kKnownPages = kPrompts * (kTokens / 32);
constexpr auto kPatience = std::chrono::seconds(20);  // for pages to be written and known, and for what is told

/** What a turn's disk does from its first question on, and what kind of decision is to say so. */
struct DiskKind {
    const char * name;
    Fault fault = Fault::none;
    bool is_removed = false;  // its files are
    Decision::Kind why = Decision::Kind::disk;
};
const DiskKind kDisks[] = {{"full", Fault::full},
                           {"read-only", Fault::read_only},
                           {"hanging", Fault::hangs},
                           {"5 MB/s", Fault::throttled, false, Decision::Kind::recompute},
                           {"removed", Fault::none, true}};

std::vector<Token> prompt_of(int32_t seed) {
    std::vector<Token> tokens;
    for (int32_t i = 0; i < kTokens; ++i) tokens.push_back(10 + (seed * 7919 + i * 104'729 + (i * seed) % 31) % 3000);
    return tokens;
}

/** An engine that is asked one thing at a time, and what it said about its disk. */
class Asked {
  public:
    explicit Asked(const EngineOptions & options) : engine_(Engine::load(options, nullptr, never_)) {
        engine_->start([this](std::vector<Event> && events) { receive(events); });
        engine_->set_decisions(true);
    }
    ~Asked() {
        std::promise<void> closed;
        if (engine_->close([&] { closed.set_value(); })) closed.get_future().wait();
    }

    /** Milliseconds until its first token. Throws std::runtime_error when it is not answered. */
    double ask(int32_t seed) {
        RequestOptions request;
        request.prompt = prompt_of(seed);
        request.max_tokens = kOutput;
        request.ignore_eos = true;
        request.durable = true;
        const RequestId id = engine_->submit(std::move(request));
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return ended_.count(id) > 0; });
        const Usage & usage = ended_.at(id);
        if (usage.output_tokens != kOutput) throw std::runtime_error("a request was not answered");
        return static_cast<double>(usage.ttft()) / 1000;
    }

    EngineStats stats() {
        std::promise<EngineStats> answered;
        engine_->stats([&](EngineStats stats) { answered.set_value(std::move(stats)); });
        return answered.get_future().get();
    }

    /** Waits until it is so, as long as there is patience. */
    bool wait(const std::function<bool()> & is_so) {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (!is_so()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }

    /** The first sentence on why the disk is not used as ever that is of this kind or a weightier one; '': none yet. */
    std::string told(Decision::Kind least) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto weightiest = told_.rbegin();
        return weightiest == told_.rend() || weightiest->first < least ? "" : weightiest->second;
    }

  private:
    void receive(const std::vector<Event> & events) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const Event & event : events) {
            if (const auto * decision = std::get_if<DecisionEvent>(&event.what)) {
                note(*decision);
            } else if (const auto * finish = std::get_if<FinishEvent>(&event.what)) {
                ended_[event.request] = finish->usage;
            } else if (event.last()) {
                ended_[event.request] = {};
            }
        }
        changed_.notify_all();
    }

    void note(const DecisionEvent & event) {
        const Decision::Kind kind = event.decision.kind();
        if (kind == Decision::Kind::disk || kind == Decision::Kind::tier_rest || kind == Decision::Kind::recompute) {
            told_.emplace(kind, event.text);
        }
    }

    const std::atomic<bool> never_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<RequestId, Usage> ended_;
    std::map<Decision::Kind, std::string> told_;  // recompute, tier_rest, disk: the weightiest last
    std::unique_ptr<Engine> engine_;
};

struct Bench {
    EngineOptions options;
    fs::path folder;

    EngineOptions on(const fs::path & dir, std::shared_ptr<FaultyFiles> files) const {
        EngineOptions cached = options;
        cached.cache.dir = dir.string();
        cached.cache.files = std::move(files);
        return cached;
    }

    static std::shared_ptr<FaultyFiles> disk() { return std::make_shared<FaultyFiles>(store::system_files()); }

    /** A folder with the known prompts; that engine's first tokens are no other's equal: it warms up. */
    void prepare() const {
        Asked engine(on(folder / "known", disk()));
        for (int32_t seed = 1; seed <= kPrompts; ++seed) engine.ask(seed);
        if (!engine.wait([&] { return engine.stats().disk.stores >= kKnownPages; }))
            throw std::runtime_error("the prompts were not written: is there room in " + folder.string() + "?");
    }

    void turn(const DiskKind & kind, int run) const {
        const fs::path dir = folder / "turn";
        const std::shared_ptr<FaultyFiles> files = disk();
        fs::copy(folder / "known", dir, fs::copy_options::recursive);
        {
            Asked engine(on(dir, files)), without(options);
            if (!engine.wait([&] { return engine.stats().scheduler.pages_disk >= kKnownPages; }))
                throw std::runtime_error("the pages on disk were not found");
            for (Asked * each : {&engine, &without}) each->ask(kWarmUp);  // its first answer is slower than all others
            files->turn(kind.fault);
            if (kind.is_removed) fs::remove_all(dir);
            int n_asked = 0;
            const auto pair = [&](const char * what, int32_t seed) {
                double ms[2];
                for (int i = 0; i < 2; ++i) {
                    const bool is_on = (i + n_asked) % 2 == 0;
                    ms[is_on] = (is_on ? engine : without).ask(seed);
                }
                ++n_asked;
                std::printf("ttft\t%s\t%d\t%s\t%.3f\t%.3f\n", kind.name, run, what, ms[1], ms[0]);
            };
            for (int32_t i = 1; i <= kPrompts; ++i) {
                pair("known", i);
                pair("new", kPrompts + i);
            }
            engine.wait([&] { return !engine.told(kind.why).empty(); });
            std::printf("told\t%s\t%d\t%s\n", kind.name, run, engine.told(kind.why).c_str());
            std::fflush(stdout);
            files->turn(Fault::none);  // before it is closed, which would wait for what hangs
        }
        fs::remove_all(dir);
    }
};

}  // namespace

int main(int argc, char ** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s <model.gguf> <empty folder> [runs=3] [threads=0]\n", argv[0]);
        return 2;
    }
    try {
        if (!store::system_files()) throw std::runtime_error("there is no disk cache on this system yet");
        Bench bench;
        bench.options.model_path = argv[1];
        bench.folder = argv[2];
        bench.options.runner.kv_tokens = 32'768;
        bench.options.runner.threads = argc > 4 ? std::atoi(argv[4]) : 0;
        const int runs = argc > 3 ? std::max(1, std::atoi(argv[3])) : 3;
        bench.prepare();
        for (int run = 0; run < runs; ++run) {
            std::vector<DiskKind> turns(std::begin(kDisks), std::end(kDisks));
            if (run % 2 == 1) std::reverse(turns.begin(), turns.end());
            for (const DiskKind & kind : turns) {
                std::fprintf(stderr, "run %d of %d: disk %s\n", run + 1, runs, kind.name);
                bench.turn(kind, run);
            }
        }
    } catch (const std::exception & e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
