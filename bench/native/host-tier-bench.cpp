// What a host tier could save on a CPU: a page read from the disk cache while the operating system has it in memory,
// against a copy of the same bytes that we kept ourselves, in one process and by turns. Pages are larger together than
// the last cache.
//   host-tier-bench <folder> [rounds=400]
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "store/arena.h"
#include "store/file-system.h"

using namespace banyan;
using namespace banyan::store;

namespace {

constexpr int64_t kAll = int64_t{512} << 20;

template <typename F>
double micros(F work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - started).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void measure(FileSystem & files, const std::string & folder, int64_t slot_bytes, int rounds) {
    Header header;
    header.geometry = {slot_bytes, 32};
    header.identity = "0123456789abcdef0123456789abcdef";
    const std::string base = folder + "/host-tier-bench";
    int error = 0;
    const auto arena = Arena::own(files, base, header, error);
    const auto n = static_cast<int32_t>(kAll / slot_bytes);
    if (!arena || arena->resize(n) != 0) throw std::runtime_error("no room for 512 MiB in " + folder);

    std::mt19937_64 draw(1);
    std::vector<std::vector<char>> kept(static_cast<size_t>(n), std::vector<char>(static_cast<size_t>(slot_bytes)));
    std::vector<char> page(static_cast<size_t>(header.geometry.stride())), pool(page.size());
    std::vector<Record> records(kept.size());
    for (int32_t slot = 0; slot < n; ++slot) {
        auto & own = kept[static_cast<size_t>(slot)];
        for (size_t i = 0; i + 8 <= own.size(); i += 8) {
            const uint64_t word = draw();
            std::memcpy(&own[i], &word, 8);
        }
        Record & record = records[static_cast<size_t>(slot)];
        for (uint8_t & byte : record.page.key.bytes) byte = static_cast<uint8_t>(draw());
        record.tokens.assign(32, slot);
        std::memcpy(page.data(), own.data(), own.size());
        if (arena->write(slot, record, page.data()) != 0 || arena->write_record(slot, record) != 0) {
            throw std::runtime_error("the disk cannot be written");
        }
    }
    std::vector<double> read, copied;
    for (int round = 0; round < rounds; ++round) {
        const auto at = static_cast<size_t>(draw() % kept.size());
        const Record & wanted = records[at];
        read.push_back(micros([&] {
            Record found;
            if (arena->read(static_cast<int32_t>(at), wanted.page.key, wanted.page.parent, wanted.tokens, page.data(),
                            found) != Found::whole) {
                throw std::runtime_error("a page is not there");
            }
            std::memcpy(pool.data(), page.data(), static_cast<size_t>(slot_bytes));
        }));
        const auto other = static_cast<size_t>(draw() % kept.size());
        copied.push_back(micros([&] { std::memcpy(pool.data(), kept[other].data(), kept[other].size()); }));
    }
    const auto rate = [&](double us) { return static_cast<double>(slot_bytes) / us / 1e3; };
    std::printf("| %.2f MiB | %.0f us, %.1f GB/s | %.0f us, %.1f GB/s | %.0f us |\n",
                static_cast<double>(slot_bytes) / 1048576.0, median(read), rate(median(read)), median(copied),
                rate(median(copied)), median(read) - median(copied));
    Arena::remove(files, base);
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s <folder> [rounds=400]\n", argv[0]);
        return 2;
    }
    try {
        const auto files = system_files();
        const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 400;
        std::printf(
            "| page | read, checked and copied | a copy of our own | what a host tier saves |\n|---|---|---|---|\n");
        for (const int64_t kib : {256, 1024, 3584}) measure(*files, argv[1], kib << 10, rounds);
    } catch (const std::exception & e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
