#include "runner/backend.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "common.h"
#include "ggml-backend.h"
#include "ggml.h"
#include "llama.h"
#include "log.h"
#include "runner/cuda/no-device.h"
#include "runner/matrix/packed-weights.h"

namespace banyan::backend {

namespace {

thread_local int guard_depth = 0;
thread_local std::string * capture = nullptr;

// Returning lets ggml abort; throwing unwinds its C frames too (they carry unwind tables) into the nearest catch.
void on_assert(const char * message) {
    if (guard_depth > 0) throw std::runtime_error(message);
    std::fprintf(stderr, "%s\n", message);
}

void on_log(ggml_log_level level, const char * text, void * print) {
    if (capture && level == GGML_LOG_LEVEL_ERROR && capture->size() < 4096) *capture += text;
    if (print) std::fputs(text, stderr);
}

}  // namespace

void init() {
    static std::once_flag once;
    std::call_once(once, [] {
        const char * log = std::getenv("BANYAN_LOG");
        const bool print = log && *log && *log != '0';
        // A threshold below every level also keeps common's log thread from ever starting.
        common_log_set_verbosity_thold(print ? LOG_LEVEL_INFO : -1);
        static char printing;
        llama_log_set(on_log, print ? &printing : nullptr);
        ggml_set_abort_callback(on_assert);
        llama_backend_init();
        install_packed_weights();
    });
}

const char * name() {
    init();  // what the search for devices has to say belongs into the log
    const ggml_backend_reg_t cuda = ggml_backend_reg_by_name("CUDA");
    if (cuda && ggml_backend_reg_dev_count(cuda) > 0) return "cuda";
    if (ggml_backend_reg_by_name("MTL")) return "metal";
    return "cpu";
}

std::string cpu_reason() {
    const std::string why = no_cuda_device();
    return why.empty() ? "" : "built for CUDA, but " + why;
}

const char * llama_version() {
    return ::llama_version();
}

AssertGuard::AssertGuard() {
    ++guard_depth;
}
AssertGuard::~AssertGuard() {
    --guard_depth;
}

LogCapture::LogCapture() : outer_(capture) {
    capture = &text_;
}
LogCapture::~LogCapture() {
    capture = outer_;
}

std::string LogCapture::summary(const std::string & fallback) const {
    std::string out;
    size_t at = 0;
    while (at < text_.size()) {
        size_t end = text_.find('\n', at);
        if (end == std::string::npos) end = text_.size();
        std::string line = text_.substr(at, end - at);
        at = end + 1;
        const size_t colon = line.find(": ");
        if (colon != std::string::npos && line.find(' ') > colon) line = line.substr(colon + 2);
        if (line.empty() || line == "failed to load model") continue;
        if (!out.empty()) out += "; ";
        out += line;
    }
    return out.empty() ? fallback : out;
}

int physical_cores() {
    const int physical = common_cpu_get_num_physical_cores();
    const int usable = static_cast<int>(std::thread::hardware_concurrency());  // honours the affinity mask
    return std::max(1, usable > 0 ? std::min(physical, usable) : physical);
}

}  // namespace banyan::backend
