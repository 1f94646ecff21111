#include "runner/batch-shape.h"

#include <random>

#include "check.h"

using namespace banyan;

TEST("a step's shape is a power of two or all slots, and holds the step") {
    for (const int32_t n_slots : {1, 2, 3, 8, 12, 100, 256}) {
        std::mt19937 rng(static_cast<unsigned>(n_slots));
        BatchShape shape(n_slots);
        for (int i = 0; i < 2000; ++i) {
            const int32_t n = 1 + static_cast<int32_t>(rng() % static_cast<unsigned>(n_slots));
            const int32_t rows = shape.rows_for(n);
            CHECK(rows >= n && rows <= n_slots);
            CHECK(rows == n_slots || (rows & (rows - 1)) == 0);
        }
    }
}

TEST("it grows at once and shrinks when it has been too large for a while, to what that while needed") {
    BatchShape shape(64);
    CHECK_EQ(shape.rows_for(3), 4);
    CHECK_EQ(shape.rows_for(17), 32);
    for (int i = 0; i < BatchShape::kPatience; ++i) CHECK_EQ(shape.rows_for(i == 5 ? 7 : 2), 32);
    CHECK_EQ(shape.rows_for(2), 8);  // one of them had 7 rows
    for (int i = 0; i < BatchShape::kPatience - 1; ++i) CHECK_EQ(shape.rows_for(1), 8);
    CHECK_EQ(shape.rows_for(8), 8);  // needed after all: the waiting starts again
    for (int i = 0; i < BatchShape::kPatience; ++i) CHECK_EQ(shape.rows_for(1), 8);
    CHECK_EQ(shape.rows_for(1), 1);
}

TEST("decodes that come and go within a bucket keep one shape") {
    BatchShape shape(128);
    CHECK_EQ(shape.rows_for(40), 64);
    std::mt19937 rng(1);
    for (int i = 0; i < 1000; ++i) CHECK_EQ(shape.rows_for(33 + static_cast<int32_t>(rng() % 32)), 64);
}
