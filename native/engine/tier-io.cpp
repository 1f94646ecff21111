#include "engine/tier-io.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "engine/worker.h"
#include "runner/runner.h"

namespace banyan {

namespace {

constexpr size_t kPart = 2048;        // pages that are told at once
constexpr size_t kSpare = 16;         // as many as the scheduler has under way
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

TierIo::TierIo(PageStoreConfig config, std::function<void()> wake, std::shared_ptr<store::FileSystem> files)
    : config_(std::move(config)), wake_(std::move(wake)) {
    StoreCallbacks callbacks;
    callbacks.done = [this](const StoreDone & done) { post([&] { mail_.done.push_back({done, Worker::now()}); }); };
    callbacks.news = [this](ColdNews news) {
        std::deque<ColdNews> parts = parts_of(std::move(news));
        post([&] { std::move(parts.begin(), parts.end(), std::back_inserter(mail_.news)); });
    };
    callbacks.likely = [this](std::vector<std::vector<Token>> paths) {
        post([&] { mail_.likely = std::move(paths); });
    };
    callbacks.tell = [this](const std::string & sentence) { post([&] { mail_.told.push_back(sentence); }); };
    store_ = PageStore::open(config_, std::move(callbacks), std::move(files));
    // The first request may be the one that was asked before: it finds the pages that are there.
    std::unique_lock<std::mutex> lock(mutex_);
    mailed_.wait_for(lock, std::chrono::microseconds(kOpening), [&] { return !mail_.news.empty(); });
}

void TierIo::close() {
    store_->close(kClosing);
}

PageKey TierIo::root(const std::string & tenant) const {
    return root_key(config_.identity, store_->tenant_tag(tenant));
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

TierIo::Bytes TierIo::take_bytes() {
    if (spare_.empty()) return std::make_shared<std::vector<char>>(static_cast<size_t>(config_.slot_bytes));
    Bytes bytes = std::move(spare_.back());
    spare_.pop_back();
    return bytes;
}

/** Only when no thread of the store may still have it. */
void TierIo::give_back(Bytes bytes) {
    if (spare_.size() < kSpare && bytes.use_count() == 1) spare_.push_back(std::move(bytes));
}

void TierIo::hand_out(Scheduler & scheduler, Runner & runner) {
    for (;;) {
        const TierWork work = scheduler.take_tier_work(Worker::now());
        if (work.empty()) return;
        for (const PageWrite & page : work.writes) write(page, scheduler, runner);
        for (const PageRead & page : work.reads) read(page, scheduler);
    }
}

void TierIo::read(const PageRead & page, Scheduler & scheduler) {
    const Bytes bytes = take_bytes();
    LoadOrder order{
        order_of_read(page.job), page.key, page.parent, page.tokens, page.deadline, [bytes](const char * from) {
            std::memcpy(bytes->data(), from, bytes->size());
            return true;
        }};
    under_way_[order.id] = bytes;
    if (store_->load(std::move(order))) return;
    under_way_.erase(order_of_read(page.job));
    scheduler.place(page.job, ReadEnd::late, Worker::now());
}

void TierIo::write(const PageWrite & page, Scheduler & scheduler, Runner & runner) {
    const Bytes bytes = take_bytes();
    StoreOrder order{order_of_write(page.job), {page.key, page.parent, page.kind}, page.tokens, [bytes](char * to) {
                         std::memcpy(to, bytes->data(), bytes->size());
                         return true;
                     }};
    under_way_[order.id] = bytes;
    if (runner.read_page(page.page, bytes->data()) && store_->store(std::move(order))) return;
    under_way_.erase(order_of_write(page.job));
    scheduler.written(page.job, false);
}

void TierIo::apply(const Mail & mail, Scheduler & scheduler, Runner & runner) {
    told_.insert(told_.end(), mail.told.begin(), mail.told.end());
    for (const ColdNews & news : mail.news) scheduler.take_news(news, Tier::disk);
    if (!mail.likely.empty()) scheduler.foretell(root(""), mail.likely);
    for (const auto & [done, at] : mail.done) {
        const auto found = under_way_.find(done.id);
        if (found == under_way_.end()) continue;
        Bytes bytes = std::move(found->second);
        under_way_.erase(found);
        const TierJob job = done.id / 2;
        if (done.id == order_of_write(job)) {
            scheduler.written(job, done.outcome == StoreOutcome::done || done.outcome == StoreOutcome::known);
        } else {
            const PageId page = scheduler.place(job, end_of(done.outcome), at);
            if (page != kNoPage && !runner.write_page(page, bytes->data())) {
                throw std::runtime_error("the device took no page from the page store");
            }
        }
        give_back(std::move(bytes));
    }
}

std::vector<std::string> TierIo::take_told() {
    return std::exchange(told_, {});
}

void TierIo::settle(Scheduler & scheduler, Runner & runner) {
    apply(take_mail(), scheduler, runner);
    hand_out(scheduler, runner);
}

void TierIo::drain(Scheduler & scheduler, Runner & runner, Micros patience) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(patience);
    scheduler.store_all();
    settle(scheduler, runner);
    while (scheduler.is_storing()) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            if (!mailed_.wait_until(lock, until, [&] { return !mail_.empty(); })) return;
        }
        settle(scheduler, runner);
    }
}

}  // namespace banyan
