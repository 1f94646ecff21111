// The page mover's kernels, run on the CPU thread by thread: pages of keys and values, rows of recurrent states.
#include <cstring>
#include <numeric>
#include <random>

#include "check.h"
#include "runner/cuda/page-mover.h"

using namespace banyan;
using namespace banyan::cuda;

namespace {

/** Tensors on a make-believe device, each exactly as large as it is, so that the address sanitizer sees what lies
 * outside. */
struct Tensors {
    Tensors(std::vector<size_t> cells, int32_t n_pages, int32_t n_tokens)
        : cell_bytes(std::move(cells)), page_tokens(n_tokens) {
        std::mt19937 random(7);
        for (const size_t bytes : cell_bytes) {
            memory.emplace_back(n_pages * page_tokens * bytes);
            for (char & byte : memory.back()) byte = static_cast<char>(random());
        }
    }

    PageMover mover() {
        std::vector<PageStorage> storages;
        for (size_t i = 0; i < memory.size(); ++i) storages.push_back({memory[i].data(), cell_bytes[i]});
        return {0, storages, page_tokens};
    }

    /** The first n_tokens of a page, tensor by tensor. */
    std::vector<char> page(PageId id, int32_t n_tokens) const {
        std::vector<char> bytes;
        for (size_t i = 0; i < memory.size(); ++i) {
            const auto at = memory[i].begin() + id * page_tokens * cell_bytes[i];
            bytes.insert(bytes.end(), at, at + n_tokens * cell_bytes[i]);
        }
        return bytes;
    }

    std::vector<size_t> cell_bytes;
    int32_t page_tokens;
    std::vector<std::vector<char>> memory;
};

/** Rows of states: short convolutions, delta nets, odd ones that no 16-byte copy fits. */
const std::vector<size_t> kRows = {24, 4096, 12, 98304, 4, 2052};

}  // namespace

TEST("states go to host memory and come back in other rows, and no other row is touched") {
    Tensors tensors(kRows, 9, 1);
    PageMover mover = tensors.mover();
    CHECK_EQ(mover.page_bytes(), 32u + 4096u + 16u + 98304u + 16u + 2064u);
    const std::vector<PageId> from = {7, 0, 4, 8}, to = {1, 5, 2, 3};
    std::vector<std::vector<char>> before;
    for (PageId row = 0; row < 9; ++row) before.push_back(tensors.page(row, 1));
    std::vector<char> host(from.size() * mover.page_bytes());
    CHECK(!mover.to_host(from.data(), 4, host.data()));
    CHECK(!mover.wait());
    CHECK(!mover.to_device(to.data(), 4, host.data()));
    CHECK(!mover.wait());
    for (PageId row = 0; row < 9; ++row) {
        const auto moved = std::find(to.begin(), to.end(), row);
        CHECK(tensors.page(row, 1) == before[moved == to.end() ? row : from[moved - to.begin()]]);
    }
}

TEST("a transfer that was not waited for has not come") {
    Tensors tensors(kRows, 2, 1);
    PageMover mover = tensors.mover();
    std::vector<char> host(mover.page_bytes(), 0);
    const PageId row = 1;
    CHECK(!mover.to_host(&row, 1, host.data()));
    CHECK(std::count(host.begin(), host.end(), 0) == static_cast<long>(host.size()));
    CHECK(!mover.wait());
    CHECK(std::memcmp(host.data() + 32, tensors.memory[1].data() + 4096, 4096) == 0);
}

TEST("more pages than are staged at once") {
    Tensors tensors({64, 34}, 300, 2);
    PageMover mover = tensors.mover();
    const auto before = tensors.memory;
    std::vector<PageId> forward(300), backward(300);
    std::iota(forward.begin(), forward.end(), 0);
    std::iota(backward.rbegin(), backward.rend(), 0);
    std::vector<char> host(300 * mover.page_bytes());
    CHECK(!mover.to_host(forward.data(), 300, host.data()));
    CHECK(!mover.to_device(backward.data(), 300, host.data()));
    CHECK(!mover.wait());
    for (size_t i = 0; i < before.size(); ++i) {
        const size_t bytes = tensors.cell_bytes[i] * 2;
        for (size_t page = 0; page < 300; ++page) {
            CHECK(std::memcmp(&tensors.memory[i][page * bytes], &before[i][(299 - page) * bytes], bytes) == 0);
        }
    }
}

TEST("copies that depend on each other are done in order, parts of pages too") {
    Tensors tensors({512, 34, 72}, 8, 16);
    PageMover mover = tensors.mover();
    const auto first = tensors.page(0, 16), second = tensors.page(1, 1), rest = tensors.page(6, 16);
    const PageCopy copies[] = {{0, 5, 16}, {5, 6, 7}, {1, 7, 1}, {6, 4, 7}, {1, 0, 16}};
    CHECK(!mover.copy(copies, 5));
    CHECK(tensors.page(5, 16) == first);
    CHECK(tensors.page(6, 7) == tensors.page(5, 7));
    CHECK(tensors.page(4, 7) == tensors.page(5, 7));
    CHECK(tensors.page(7, 1) == second);
    CHECK(tensors.page(0, 16) == tensors.page(1, 16));
    // Behind the copied part the page is as it was.
    CHECK(std::equal(rest.begin() + 7 * 512, rest.begin() + 16 * 512, tensors.page(6, 16).begin() + 7 * 512));
}
