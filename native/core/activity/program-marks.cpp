#include "core/activity/program-marks.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr size_t kMarks = 8;  // paths of a program that are told apart

bool leads_to(const RadixNode * above, const RadixNode * node) {
    while (node && node != above) node = node->parent;
    return node == above;
}

}  // namespace

void mark_path(PrefixCache & cache, Program & p, const Sequence & seq) {
    if (p.anonymous || !seq.cache) return;
    const auto goes_on = [&](const std::unique_ptr<PathLock> & mark) {
        return !mark->node || leads_to(mark->node, seq.holding->lock.node);
    };
    auto mark = std::find_if(p.marks.begin(), p.marks.end(), goes_on);
    if (mark == p.marks.end() && p.marks.size() < kMarks) {
        mark = p.marks.insert(mark, std::make_unique<PathLock>(seq.salt, Holder::tree));
    } else if (mark == p.marks.end() || (*mark)->salt != seq.salt) {
        mark = mark == p.marks.end() ? p.marks.begin() : mark;
        cache.unmark(**mark);
        *mark = std::make_unique<PathLock>(seq.salt, Holder::tree);
    }
    std::rotate(mark, mark + 1, p.marks.end());  // the one used last is last
    PathLock & last = *p.marks.back();
    last.owner = p.program;
    last.keep = NodeKind::next;
    cache.mark(last, *seq.holding);
}

void mark_boundary(PrefixCache & cache, Program & p, const Sequence & seq) {
    if (p.anonymous) return;
    if (p.boundary && p.boundary->salt != seq.salt) {
        cache.unmark(*p.boundary);
        p.boundary.reset();
    }
    if (!p.boundary) p.boundary = std::make_unique<PathLock>(seq.salt, Holder::tree);
    p.boundary->owner = p.program;
    p.boundary->keep = NodeKind::next;
    cache.mark(*p.boundary, *seq.holding);
}

void set_keep(PrefixCache & cache, Program & p, NodeKind keep) {
    if (p.boundary) cache.set_keep(*p.boundary, keep);
    for (const auto & mark : p.marks) cache.set_keep(*mark, keep);
}

}  // namespace banyan
