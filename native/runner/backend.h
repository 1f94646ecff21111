// Process-wide setup of ggml and llama.cpp, and what keeps their failures inside: assertions and log lines.
//
// Thread: any. init() is idempotent; the guards act on the calling thread only.
#pragma once

#include <cstdint>
#include <string>

namespace banyan::backend {

/** cpu, cuda or metal: the best backend of this build that has a device here. */
const char * name();
/** Why a build for a GPU computes on the CPU, in one clause; '' where it does not, or is for the CPU alone. */
std::string cpu_reason();
/** Of the pinned llama.cpp. */
const char * llama_version();

/** Registers the backends, silences the logs (BANYAN_LOG=1 prints them) and installs the assertion hook. Once. */
void init();

/**
 * While alive on this thread, a failed GGML_ASSERT throws std::runtime_error instead of ending the process. For code
 * that meets untrusted data (model files, templates, grammars) and runs on this thread alone: never around a
 * graph computed by several threads, which would wait for this one for ever. What the interrupted call had allocated
 * may leak.
 */
class AssertGuard {
  public:
    AssertGuard();
    ~AssertGuard();
    AssertGuard(const AssertGuard &) = delete;
    AssertGuard & operator=(const AssertGuard &) = delete;
};

/** Collects the error lines that llama.cpp logs on this thread: the only place where it says why. */
class LogCapture {
  public:
    LogCapture();
    ~LogCapture();
    LogCapture(const LogCapture &) = delete;
    LogCapture & operator=(const LogCapture &) = delete;

    /** The errors, one line, function names removed; `fallback` when there were none. */
    std::string summary(const std::string & fallback) const;

  private:
    std::string text_;
    std::string * outer_;
};

/** Physical cores that this process may use. */
int physical_cores();

}  // namespace banyan::backend
