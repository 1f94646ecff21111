// The allow-list: every architecture that llama.cpp knows has an answer, and none has two.
#include "runner/arch/architecture.h"
#include "check.h"
#include "llama-arch.h"

using namespace banyan;

TEST("every architecture of llama.cpp is classified") {
    for (const llm_arch arch : llm_arch_all()) {
        const std::string name = llm_arch_name(arch);
        if (arch == LLM_ARCH_UNKNOWN || arch == LLM_ARCH_CLIP || arch == LLM_ARCH_GPTJ) continue;  // not models here
        const Architecture a = architecture_of(name);
        if (a.reason.find("unknown architecture") == 0) test::fail(__FILE__, __LINE__, name + " is not classified");
    }
}

TEST("recurrent and hybrid models reuse prefixes through saved states, or say why not") {
    int n_served = 0;
    for (const llm_arch arch : llm_arch_all()) {
        const Architecture a = architecture_of(llm_arch_name(arch));
        if (!llm_arch_is_recurrent(arch) && !llm_arch_is_hybrid(arch)) {
            CHECK(!a.states);
            continue;
        }
        CHECK_EQ(a.states, a.prefix_reuse);
        CHECK(a.states || !a.reason.empty());
        n_served += a.states;
    }
    CHECK_EQ(n_served, 20);
}

TEST("diffusion models are refused") {
    for (const llm_arch arch : llm_arch_all()) {
        if (llm_arch_is_diffusion(arch)) CHECK(architecture_of(llm_arch_name(arch)).path == AttentionPath::refused);
    }
}

TEST("what is not plain paged attention has a reason") {
    for (const llm_arch arch : llm_arch_all()) {
        const Architecture a = architecture_of(llm_arch_name(arch));
        CHECK_EQ(a.reason.empty(), a.path == AttentionPath::paged && a.prefix_reuse);
    }
    CHECK(architecture_of("no-such-model").reason.find("no-such-model") != std::string::npos);
}
