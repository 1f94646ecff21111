// A process that stores pages until it is killed: writer <dir> <first chain> <chains> [largest file] [bytes a day]
// [budget]
// Prints a line "<chain> <page> <outcome>" when each order is over.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#define BANYAN_TEST_NO_MAIN
#include "store/outcome-text.h"
#include "store/store-rig.h"

using namespace banyan;
using namespace banyan::test;

int main(int argc, char ** argv) {
    if (argc < 4) return 2;
    PageStoreConfig config = small_config();
    config.dir = argv[1];
    config.budget_bytes = 256 << 20;
    const auto first = static_cast<uint32_t>(std::atoi(argv[2])), n = static_cast<uint32_t>(std::atoi(argv[3]));
    if (argc > 5 && std::atoll(argv[5]) > 0) config.daily_write_bytes = std::atoll(argv[5]);
    if (argc > 6 && std::atoll(argv[6]) > 0) config.budget_bytes = std::atoll(argv[6]);
    if (argc > 4 && std::atoll(argv[4]) > 0) {
        const auto most = static_cast<rlim_t>(std::atoll(argv[4]));
        const rlimit limit{most, most};
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
    }
    StoreRig rig(config, nullptr, false);
    for (uint32_t chain = first; chain < first + n; ++chain) {
        const auto pages = chain_of(chain, 10);
        for (size_t i = 0; i < pages.size(); ++i) {
            const StoreOutcome outcome = rig.store(pages[i]);
            const std::string line = std::to_string(chain) + " " + std::to_string(i) + " " + word_of(outcome) + "\n";
            if (write(1, line.data(), line.size()) < 0) return 4;
        }
    }
    rig.close();
    return 0;
}
