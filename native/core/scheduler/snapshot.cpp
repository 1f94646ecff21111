#include "core/scheduler/snapshot.h"

#include <algorithm>
#include <utility>

#include "core/requests/dedupe.h"
#include "core/scheduler/scheduler-impl.h"

namespace banyan {

namespace {

/** As reports and decisions name it. */
ProgramId named(ProgramId program) {
    return program < kAnonymousProgram ? program : 0;
}

Kept kept_by(const PathLock & lock) {
    if (lock.holder == Holder::table) return Kept::running;
    return lock.holder == Holder::pin ? Kept::pinned : static_cast<Kept>(lock.keep);
}

NodeRow row_of(const RadixNode & node, Salt salt, NodeKind kind) {
    NodeRow row;
    row.id = node.id;
    row.parent = node.parent->is_root() ? 0 : node.parent->id;
    row.tenant = salt;
    row.begin = node.begin;
    row.tokens = static_cast<int32_t>(node.tokens.size());
    row.pages = static_cast<int32_t>(node.pages.size());
    row.kept = static_cast<Kept>(kind);
    row.on_disk = std::clamp(node.kept - node.begin, 0, row.tokens);
    row.state = node.state != nullptr;
    row.state_on_disk = node.state_kept;
    row.children = static_cast<int32_t>(node.children.size());
    row.stamp = node.stamp;
    for (const PathLock * lock : node.locks) {
        row.kept = std::max(row.kept, kept_by(*lock));
        row.users += lock->holder == Holder::table;
        if (row.program == 0) row.program = named(lock->owner);
    }
    return row;
}

/** Below the nodes that are shown there may be more: of those only the pages tell. */
void look_below(NodeRow & row, const RadixNode & node, const PagePool & pool) {
    if (node.pages.empty()) return;
    row.users = std::max(row.users, pool.refs(node.pages.front(), Holder::table));
    if (row.users > 0) row.kept = Kept::running;
    if (pool.refs(node.pages.front(), Holder::pin) > 0) row.kept = std::max(row.kept, Kept::pinned);
}

void show_tree(Snapshot & out, const PrefixCache & cache, int32_t most) {
    const RadixTree & tree = cache.tree();
    std::vector<std::pair<size_t, const RadixNode *>> shown;  // with the row of its parent
    shown.reserve(static_cast<size_t>(std::min(most, tree.n_nodes())));
    out.nodes.reserve(shown.capacity());
    tree.visit_levels(most, [&](Salt salt, const RadixNode & node, size_t parent) {
        shown.emplace_back(parent, &node);
        out.nodes.push_back(row_of(node, salt, EvictionOrder::kind(node)));
        for (const PathLock * lock : node.locks) out.holds.push_back({node.id, named(lock->owner), kept_by(*lock)});
    });
    out.nodes_left_out = tree.n_nodes() - static_cast<int32_t>(shown.size());
    std::vector<int32_t> n_shown(shown.size(), 0);
    for (const auto & [parent, node] : shown) {
        if (parent < shown.size()) ++n_shown[parent];
    }
    for (size_t i = shown.size(); i-- > 0;) {
        NodeRow & row = out.nodes[i];
        if (n_shown[i] < row.children) look_below(row, *shown[i].second, cache.pool());
        if (shown[i].first >= shown.size()) continue;
        NodeRow & parent = out.nodes[shown[i].first];
        parent.users += row.users;
        parent.kept = std::max(parent.kept, row.kept);
    }
    for (size_t i = 0; i < shown.size(); ++i) {
        for (const PageId page : shown[i].second->pages) {
            if (page % out.pages_a_cell != 0) continue;
            uint8_t & cell = out.pages[static_cast<size_t>(page / out.pages_a_cell)];
            cell = std::max(cell, static_cast<uint8_t>(kCachedPage + static_cast<uint8_t>(out.nodes[i].kept)));
        }
    }
}

void show_pages(Snapshot & out, const PagePool & pool, int32_t most) {
    out.pages_a_cell = std::max(1, (pool.n_pages() + most - 1) / most);
    for (PageId page = 0; page < pool.n_pages(); page += out.pages_a_cell) {
        const bool in_tree = pool.refs(page, Holder::tree) > 0;
        const uint8_t cached = kCachedPage + static_cast<uint8_t>(Kept::abandoned);
        out.pages.push_back(in_tree ? cached : pool.refs(page) > 0 ? kHeldPage : kFreePage);
    }
}

ProgramRow row_of(const Program & p, Micros now) {
    ProgramRow row;
    row.id = p.program;
    row.cls = p.cls;
    row.phase = p.phase;
    row.active = p.active;
    row.paused = p.paused;
    row.calls = p.calls;
    row.live = p.live;
    row.prompt = p.prompt_tokens;
    row.cached = p.cached_tokens;
    row.computed = p.computed_tokens;
    row.output = p.output_tokens;
    row.lost = p.lost_tokens;
    row.waited = p.waited;
    row.acting = p.acting;
    row.keep = p.keep_until >= kNever ? kNever : std::max<Micros>(0, p.keep_until - now);
    row.context = p.context;
    row.demand = p.demand;
    return row;
}

/** Those with requests, and then the latest, in the order of their ids. Without sorting those that are not shown. */
void show_programs(Snapshot & out, const ProgramTable & programs, int32_t most, Micros now) {
    std::vector<const Program *> shown;
    shown.reserve(static_cast<size_t>(programs.size()));
    programs.visit_unordered([&](const Program & program) {
        if (!program.anonymous) shown.push_back(&program);
    });
    if (static_cast<int32_t>(shown.size()) > most) {
        const auto before = [](const Program * a, const Program * b) {
            if ((a->live > 0) != (b->live > 0)) return a->live > 0;
            return a->program > b->program;
        };
        std::nth_element(shown.begin(), shown.begin() + most, shown.end(), before);
        out.programs_left_out = static_cast<int32_t>(shown.size()) - most;
        shown.resize(static_cast<size_t>(most));
    }
    std::sort(shown.begin(), shown.end(), [](const Program * a, const Program * b) { return a->program < b->program; });
    for (const Program * program : shown) out.programs.push_back(row_of(*program, now));
}

}  // namespace

WaitsFor Scheduler::Impl::waits_for(const Sequence & seq) const {
    if (seq.running()) return WaitsFor::none;
    if (seq.load != 0 && loads.is_under_way(seq.load)) return WaitsFor::load;
    if (seq.producer != 0 && still_produces(find(seq.producer), seq)) return WaitsFor::prefix;
    if (!running.has_slot()) return WaitsFor::slot;
    if (!running.empty() && !gate.passes(seq)) return WaitsFor::gate;
    const int32_t wanted = pages_for(std::max(seq.uncached, 1), config.page_tokens);
    return wanted > cache.available() - running.decode_growth() ? WaitsFor::pages : WaitsFor::turn;
}

RequestRow Scheduler::Impl::row_of(const Sequence & seq, Micros at) const {
    RequestRow row;
    row.id = seq.id;
    row.program = seq.named_program();
    row.tenant = seq.salt;
    row.cls = seq.cls;
    row.waits_for = waits_for(seq);
    row.producer = row.waits_for == WaitsFor::prefix ? seq.producer : 0;
    row.waited = seq.running() ? seq.waited : seq.waited_by(at);
    row.age = at - seq.usage.submitted;
    row.prompt = seq.n_prompt;
    row.output = seq.n_tokens() - seq.n_prompt;
    row.cached = seq.running() ? seq.usage.cached_tokens : seq.n_prompt - seq.uncached;
    row.computed = seq.computed();
    row.pages = seq.holding ? static_cast<int32_t>(seq.holding->table.pages().size()) : 0;
    row.preemptions = seq.usage.preemptions;
    row.bypassed = seq.usage.bypassed;
    return row;
}

Snapshot Scheduler::snapshot(const SnapshotLimits & limits, Micros now) const {
    const Impl & s = *impl_;
    Snapshot out;
    show_pages(out, s.cache.pool(), limits.page_cells);
    show_tree(out, s.cache, limits.nodes);
    for (const Sequence * seq : s.running) out.requests.push_back(s.row_of(*seq, now));
    int32_t n_shown = 0;
    for (const Sequence * seq : s.backlog) {
        if (++n_shown > limits.requests) break;
        out.requests.push_back(s.row_of(*seq, now));
    }
    out.waiting_left_out = std::max(0, s.backlog.size() - limits.requests);
    show_programs(out, s.programs, limits.programs, now);
    out.promised_pages = s.cache.promised();
    out.reserve_pages = static_cast<int32_t>(static_cast<int64_t>(s.config.n_pages) * s.config.reserve_percent / 100);
    return out;
}

}  // namespace banyan
