// EmbeddingQueue: whose text is next.
#include <algorithm>
#include <cstdlib>

#include "check.h"
#include "engine/embedding-queue.h"

using namespace banyan;

namespace {

std::vector<RequestId> order(EmbeddingQueue & queue, int n, int32_t most = 100) {
    std::vector<RequestId> ids;
    for (int i = 0; i < n; ++i) {
        const auto text = queue.take(most);
        ids.push_back(text ? text->request : 0);
    }
    return ids;
}

using Ids = std::vector<RequestId>;

}  // namespace

TEST("requests take turns, and a long list delays no short one") {
    EmbeddingQueue queue;
    queue.add(1, Class::interactive, 0, 1, std::vector<int32_t>(1000, 5));
    CHECK(order(queue, 2) == Ids({1, 1}));
    queue.add(2, Class::interactive, 0, 1, {5, 5});
    CHECK(order(queue, 5) == Ids({2, 1, 2, 1, 1}));
}

TEST("tenants take turns, however many requests each has") {
    EmbeddingQueue queue;
    for (RequestId id = 1; id <= 5; ++id) queue.add(id, Class::interactive, 7, 1, {5, 5});
    queue.add(6, Class::interactive, 8, 1, {5, 5, 5});
    CHECK(order(queue, 6) == Ids({1, 6, 2, 6, 3, 6}));
}

TEST("a tenant has turns by its weight, whatever others send, and one that comes has neither debts nor claims") {
    EmbeddingQueue queue;
    const auto is_about = [](const Ids & ids, RequestId id, std::ptrdiff_t n) {
        return std::abs(std::count(ids.begin(), ids.end(), id) - n) <= 1;
    };
    for (RequestId id = 1; id <= 9; ++id) queue.add(id, Class::interactive, 7, 1, std::vector<int32_t>(1000, 5));
    queue.add(10, Class::interactive, 8, 3, std::vector<int32_t>(1000, 5));
    CHECK(is_about(order(queue, 400), 10, 300));
    queue.add(11, Class::interactive, 9, 2, std::vector<int32_t>(1000, 5));
    const Ids three = order(queue, 180);
    CHECK_EQ(three.front(), 11u);
    CHECK(is_about(three, 10, 90) && is_about(three, 11, 60));
    queue.add(12, Class::interactive, 9, 6, std::vector<int32_t>(1000, 5));  // all requests of its tenant share that
    const Ids more = order(queue, 100);
    CHECK(is_about(more, 10, 30) && is_about(more, 11, 30) && is_about(more, 12, 30));
}

TEST("a better class goes first, but none starves") {
    EmbeddingQueue queue;
    queue.add(1, Class::background, 0, 1, {5, 5, 5, 5});
    queue.add(2, Class::interactive, 1, 1, std::vector<int32_t>(100, 5));
    const Ids ids = order(queue, 24);
    CHECK_EQ(std::count(ids.begin(), ids.end(), 1), 3);
    CHECK_EQ(ids.front(), 2u);
}

TEST("what does not fit is passed over, and first when there is room again") {
    EmbeddingQueue queue;
    queue.add(1, Class::interactive, 0, 1, {50});
    queue.add(2, Class::interactive, 0, 1, {5, 5});
    CHECK(order(queue, 1, 10) == Ids({2}));
    CHECK(order(queue, 1) == Ids({1}));
    CHECK(!queue.take(100, 5));
    CHECK(order(queue, 2) == Ids({2, 0}));
    CHECK(queue.empty());
}

TEST("texts come in order, and go with their request") {
    EmbeddingQueue queue;
    queue.add(1, Class::interactive, 0, 1, {3, 4, 5});
    CHECK_EQ(queue.take(100)->index, 0);
    CHECK_EQ(queue.take(100)->n_tokens, 4);
    queue.remove(1);
    queue.remove(1);
    CHECK(queue.empty() && !queue.take(100));
}
