// What a step of decodes takes by its number of rows, drafts counted as rows: measured, since it is a staircase on a
// CPU (matrix kernels take four rows at once) and nearly flat on a GPU.
//
// Owns: a mean for each number of rows, with and without drafts; what the steps behind drafts take longer. Changed by:
// observe. Thread: the engine thread.
// Invariant: integers only. A number of rows is known once it was measured twice, lately: of the first two the quicker
// counts, since the other waited for another program. Of steps without drafts the two right behind a step with some do
// not count: they take up to two thirds and a quarter longer, as their graph is built anew and caches hold the other
// one's data, and that is a cost of the drafts.
// What is not known lies between its neighbours, or on a line of half the believed slope: too little rather than too
// much, so that it is tried and measured. What rows cost beyond the step is believed half each kHalf steps that it was
// not measured: another program may have spoiled it. Means are without what the rows attend to, which grows with their
// texts and not with their number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace banyan {

class VerifyCurve {
  public:
    static constexpr int32_t kRows = 96;      // that are measured
    static constexpr uint64_t kFresh = 4096;  // steps for which a mean is believed
    static constexpr uint64_t kHalf = 512;
    static constexpr int32_t kUnsettled = 2;  // steps behind one with drafts

    /** A step of so many rows, n_drafts more tokens in them, took so many nanoseconds, `context` of them to attend. */
    void observe(int32_t n_rows, int32_t n_drafts, int64_t nanos, int64_t context);

    /** A step of so many rows without drafts is known. */
    bool knows(int32_t n_rows) const { return n_rows <= kRows && is_known(without_[at(n_rows)]); }
    /** Nanoseconds of it. Needs knows(n_rows). */
    int64_t without(int32_t n_rows) const { return without_[at(n_rows)].mean; }
    /** Steps of so many rows with drafts since one without that counts. */
    int32_t since_plain(int32_t n_rows) const { return since_plain_[at(n_rows)]; }

    /** So many of the next steps without drafts take longer, because of drafts before them. */
    int32_t unsettled() const { return unsettled_; }
    /** Nanoseconds that the next one of them takes longer. Needs unsettled(). */
    int64_t longer() const { return longer_[at(unsettled_ - 1)]; }

    /** Nanoseconds of a step with drafts, row: believed of one row. Needs knows(n_rows). */
    int64_t with(int32_t n_rows, int32_t n_drafts, int64_t row) const;
    /** A step of so many rows, drafts among them, is known. */
    bool tried(int32_t n) const { return known(n) != nullptr; }

  private:
    struct Point {
        int64_t mean = 0;
        int32_t count = 0;
        uint64_t seen = 0;
    };
    static size_t at(int32_t n) { return static_cast<size_t>(n); }
    bool is_known(const Point & point) const { return point.count >= 2 && steps_ - point.seen < kFresh; }
    const Point * known(int32_t n) const;
    int64_t extra(int32_t n, int64_t least) const;
    void add(Point & point, int64_t nanos, int64_t context) const;

    std::array<Point, kRows + 1> without_{}, drafted_{};
    std::array<int32_t, kRows + 1> since_plain_{};
    int32_t unsettled_ = 0;                     // steps without drafts that will not count
    std::array<int64_t, kUnsettled> longer_{};  // that they take, the last one first
    uint64_t steps_ = 0;
};

}  // namespace banyan
