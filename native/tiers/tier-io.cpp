#include "tiers/tier-io.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace banyan {

namespace {

constexpr size_t kPart = 2048;        // pages that are told at once
constexpr size_t kSpare = 16;         // as many as the scheduler has under way
constexpr size_t kSpareStates = 2;    // one that is read, one that is written
constexpr Micros kOpening = 250'000;  // for the list of the pages that are there
constexpr Micros kClosing = 200'000;  // for writes that were begun when the engine ends

// Reads and writes are numbered apart.
uint64_t order_of_read(TierJob job) {
    return job * 2;
}

uint64_t order_of_write(TierJob job) {
    return job * 2 + 1;
}

/** What was there at the start may be a hundred thousand pages: no step waits for all of them. */
std::deque<ColdNews> parts_of(ColdNews news) {
    std::deque<ColdNews> parts;
    if (!news.removed.empty()) parts.push_back({{}, std::move(news.removed)});
    for (size_t at = 0; at < news.added.size(); at += kPart) {
        const auto first = news.added.begin() + static_cast<ptrdiff_t>(at);
        const auto n = static_cast<ptrdiff_t>(std::min(kPart, news.added.size() - at));
        parts.push_back({{first, first + n}, {}});
    }
    return parts;
}

ReadEnd end_of(StoreOutcome outcome) {
    if (outcome == StoreOutcome::done) return ReadEnd::sound;
    return outcome == StoreOutcome::missing ? ReadEnd::lost : ReadEnd::late;
}

}  // namespace

TierIo::TierIo(const PageStoreConfig & config, int64_t state_bytes, std::function<void()> wake, StoreClock now,
               std::shared_ptr<store::FileSystem> files, StoreClock store_clock)
    : identity_(config.identity),
      page_bytes_(static_cast<size_t>(config.slot_bytes)),
      state_bytes_(static_cast<size_t>(state_bytes)),
      wake_(std::move(wake)),
      now_(std::move(now)),
      store_clock_(std::move(store_clock)) {
    if (page_bytes_ > 0) open(pages_, config, files, store_clock_);
    if (state_bytes > 0) {
        PageStoreConfig states = config;
        states.part = "states";
        states.likely_pages = 0;  // paths are told by their pages
        states.slot_bytes += state_bytes;
        open(states_, states, files, store_clock_);
    }
    // The first request may be the one that was asked before: it finds what is there.
    std::unique_lock<std::mutex> lock(mutex_);
    const auto is_told = [&](bool of_states) {
        return !part_of(of_states).store ||
               std::any_of(mail_.news.begin(), mail_.news.end(),
                           [&](const Mail::News & news) { return news.of_states == of_states; });
    };
    mailed_.wait_for(lock, std::chrono::microseconds(kOpening), [&] { return is_told(false) && is_told(true); });
}

void TierIo::open(Part & part, const PageStoreConfig & config, std::shared_ptr<store::FileSystem> files,
                  StoreClock clock) {
    const bool of_states = &part == &states_;
    StoreCallbacks callbacks;
    callbacks.done = [this](const StoreDone & done) { post([&] { mail_.done.push_back({done, now_()}); }); };
    callbacks.news = [this, of_states](ColdNews news) {
        std::deque<ColdNews> parts = parts_of(std::move(news));
        post([&] {
            for (ColdNews & some : parts) mail_.news.push_back({std::move(some), of_states});
        });
    };
    callbacks.likely = [this](std::vector<std::vector<Token>> paths) {
        post([&] { mail_.likely = std::move(paths); });
    };
    callbacks.tell = [this](const std::string & sentence) { post([&] { mail_.told.push_back(sentence); }); };
    part.slot_bytes = static_cast<size_t>(config.slot_bytes);
    part.store = PageStore::open(config, std::move(callbacks), std::move(files), std::move(clock));
}

void TierIo::close() {
    for (const Part * part : {&pages_, &states_}) {
        if (part->store) part->store->close(kClosing);
    }
}

PageKey TierIo::root(const std::string & tenant) const {
    return root_key(identity_, any_store().tenant_tag(tenant));
}

StoreStats TierIo::stats() const {
    if (!pages_.store) return states_.store->stats();
    StoreStats stats = pages_.store->stats();
    if (states_.store) stats.add(states_.store->stats());
    return stats;
}

template <typename Put>
void TierIo::post(Put put) {
    bool first;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        first = mail_.empty();
        put();
    }
    mailed_.notify_one();
    if (first) wake_();
}

TierIo::Mail TierIo::take_mail() {
    Mail mail;
    bool more;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        mail.done.swap(mail_.done);
        mail.told.swap(mail_.told);
        if (!mail_.news.empty()) {
            mail.news.push_back(std::move(mail_.news.front()));
            mail_.news.pop_front();
        }
        if (mail_.news.empty()) mail.likely.swap(mail_.likely);
        more = !mail_.empty();
    }
    if (more) wake_();
    return mail;
}

TierIo::Bytes TierIo::take_bytes(Part & part) {
    if (part.spare.empty()) return std::make_shared<std::vector<char>>(part.slot_bytes);
    Bytes bytes = std::move(part.spare.back());
    part.spare.pop_back();
    return bytes;
}

/** Only when no thread of the store may still have it. */
void TierIo::give_back(Part & part, Bytes bytes) {
    const size_t most = &part == &states_ ? kSpareStates : kSpare;
    if (part.spare.size() < most && bytes.use_count() == 1) part.spare.push_back(std::move(bytes));
}

void TierIo::hand_out(Scheduler & scheduler, PoolMemory & memory) {
    for (;;) {
        const TierWork work = scheduler.take_tier_work(now_());
        if (work.empty()) return;
        for (const PageWrite & page : work.writes) write(page, scheduler, memory);
        for (const PageRead & page : work.reads) read(page, scheduler);
    }
}

Micros TierIo::by_store(Micros deadline) const {
    return !store_clock_ || deadline >= kNever ? deadline : store_clock_() + deadline - now_();
}

void TierIo::read(const PageRead & page, Scheduler & scheduler) {
    Part & part = part_of(page.is_state);
    const Bytes bytes = take_bytes(part);
    LoadOrder order{
        order_of_read(page.job), page.key, page.parent, page.tokens, by_store(page.deadline), [bytes](const char * from) {
            std::memcpy(bytes->data(), from, bytes->size());
            return true;
        }};
    under_way_[order.id] = {bytes, page.is_state};
    if (part.store->load(std::move(order))) return;
    under_way_.erase(order_of_read(page.job));
    scheduler.place(page.job, ReadEnd::late, now_());
}

/** What is to be written. False: it is not there. */
bool TierIo::fill(const PageWrite & page, const PoolMemory & memory, char * bytes) const {
    if (page.state == kNoState) return memory.read_page(page.page, bytes);
    if (!memory.read_state(page.state, page.n_tokens, bytes)) return false;
    char * const tail = bytes + state_bytes_;
    if (page_bytes_ > 0 && page.page != kNoPage) return memory.read_page(page.page, tail);
    std::fill_n(tail, page_bytes_, '\0');
    return true;
}

/** What was read goes into the pool. False: the device failed. */
bool TierIo::put(const TierPlace & place, PoolMemory & memory, const char * bytes) const {
    if (place.state == kNoState) return memory.write_page(place.page, bytes);
    if (!memory.write_state(place.state, place.n_tokens, bytes)) return false;
    return page_bytes_ == 0 || place.page == kNoPage || memory.write_page(place.page, bytes + state_bytes_);
}

void TierIo::write(const PageWrite & page, Scheduler & scheduler, PoolMemory & memory) {
    const bool is_state = page.state != kNoState;
    Part & part = part_of(is_state);
    const Bytes bytes = take_bytes(part);
    StoreOrder order{order_of_write(page.job), {page.key, page.parent, page.kind}, page.tokens, [bytes](char * to) {
                         std::memcpy(to, bytes->data(), bytes->size());
                         return true;
                     }};
    under_way_[order.id] = {bytes, is_state};
    if (fill(page, memory, bytes->data()) && part.store->store(std::move(order))) return;
    under_way_.erase(order_of_write(page.job));
    scheduler.written(page.job, false);
}

void TierIo::apply(const Mail & mail, Scheduler & scheduler, PoolMemory & memory) {
    told_.insert(told_.end(), mail.told.begin(), mail.told.end());
    for (const auto & [news, of_states] : mail.news) {
        if (of_states) {
            scheduler.take_state_news(news);
        } else {
            scheduler.take_news(news, Tier::disk);
        }
    }
    if (!mail.likely.empty()) scheduler.foretell(root(""), mail.likely);
    for (const auto & [done, at] : mail.done) {
        const auto found = under_way_.find(done.id);
        if (found == under_way_.end()) continue;
        Order order = std::move(found->second);
        under_way_.erase(found);
        const TierJob job = done.id / 2;
        if (done.id == order_of_write(job)) {
            scheduler.written(job, done.outcome == StoreOutcome::done || done.outcome == StoreOutcome::known);
        } else {
            const TierPlace place = scheduler.place(job, end_of(done.outcome), at);
            if (place.is_wanted() && !put(place, memory, order.bytes->data())) {
                throw std::runtime_error("the device took nothing from the page store");
            }
        }
        give_back(part_of(order.is_state), std::move(order.bytes));
    }
}

std::vector<std::string> TierIo::take_told() {
    return std::exchange(told_, {});
}

void TierIo::settle(Scheduler & scheduler, PoolMemory & memory) {
    apply(take_mail(), scheduler, memory);
    hand_out(scheduler, memory);
}

void TierIo::drain(Scheduler & scheduler, PoolMemory & memory, Micros patience) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(patience);
    scheduler.store_all();
    settle(scheduler, memory);
    while (scheduler.is_storing()) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            if (!mailed_.wait_until(lock, until, [&] { return !mail_.empty(); })) return;
        }
        settle(scheduler, memory);
    }
}

}  // namespace banyan
