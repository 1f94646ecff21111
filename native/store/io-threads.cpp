#include "store/io-threads.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <new>

namespace banyan::store {

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr Micros kStuck = 5 * kSecond;                   // one page; a disk of 5 MB/s takes three for the largest
constexpr Micros kStuckUpkeep = 60 * kSecond;            // it waits for all that was written lately
constexpr auto kLeave = std::chrono::milliseconds(200);  // for what is under way when the patience is over
constexpr size_t kMostStores = 64, kMostLoads = 4096;

struct AlignedFree {
    void operator()(char * bytes) const { ::operator delete(bytes, std::align_val_t(4096)); }
};
using Buffer = std::unique_ptr<char, AlignedFree>;

}  // namespace

void block_signals() {
#ifndef _WIN32
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
#endif
}

IoThreads::IoThreads(std::unique_ptr<Disk> disk, StoreCallbacks callbacks, StoreClock clock, bool polls)
    : disk_(std::move(disk)), clock_(std::move(clock)), polls_(polls), callbacks_(std::move(callbacks)) {}

void IoThreads::start() {
    for (size_t i = 0; i < kThreads; ++i) {
        workers_[i].thread = std::thread([self = shared_from_this(), i] { self->work(i); });
    }
    watcher_ = std::thread([self = shared_from_this()] { self->watch(); });
}

bool IoThreads::add(std::shared_ptr<Order> order) {
    if (!(order->is_load() ? disk_->reads_on() : disk_->writes_on())) return false;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_ || stuck_ == static_cast<int32_t>(kThreads)) return false;
    if (order->is_load()) {
        if (loads_.size() >= kMostLoads) return false;
        wanted_.insert(order->to_load().key);
        loads_.push_back(std::move(order));
        watch_.notify_one();  // its deadline may be the nearest
    } else {
        if (stores_.size() >= kMostStores) return false;
        stores_.push_back(std::move(order));
    }
    work_.notify_one();
    return true;
}

IoThreads::Job IoThreads::pick(std::shared_ptr<Order> & order) {
    const auto take = [&](std::deque<std::shared_ptr<Order>> & from) {
        order = from.front();
        from.pop_front();
        return Job::order;
    };
    if (!ready_ && !writing_) return Job::upkeep;
    if (!loads_.empty() && ready_) return take(loads_);
    if (writing_ || !ready_) return Job::none;
    if (upkeep_due_ && !closing_) return Job::upkeep;
    if (!stores_.empty()) return take(stores_);
    return sync_due_ ? Job::sync : Job::none;
}

void IoThreads::work(size_t number) {
    block_signals();
    const Buffer buffer(static_cast<char *>(
        ::operator new(static_cast<size_t>(disk_->buffer_bytes()), std::align_val_t(4096), std::nothrow)));
    std::unique_lock<std::mutex> lock(mutex_);
    Worker & self = workers_[number];
    for (;;) {
        std::shared_ptr<Order> order;
        Job job = Job::none;
        work_.wait(lock, [&] { return stop_ || (job = pick(order)) != Job::none; });
        if (stop_) return;
        const bool writes = job != Job::order || !order->is_load();
        if (writes) writing_ = true;
        if (job == Job::upkeep) upkeep_due_ = false;
        if (job == Job::sync) sync_due_ = false;
        self.job = job;
        self.order = order;
        self.began = clock_();
        lock.unlock();
        if (buffer || job != Job::order) {
            carry_out(job, order, buffer.get(), self.began);
        } else {
            finish(*order, StoreOutcome::failed);
        }
        tell_news();
        if (job == Job::upkeep) tell_likely();
        lock.lock();
        if (order && order->is_load()) wanted_.erase(wanted_.find(order->to_load().key));
        if (writes) writing_ = false;
        if (job == Job::upkeep) ready_ = true;
        if (job == Job::upkeep) ++upkeeps_;
        self.job = Job::none;
        self.order = nullptr;
        if (self.stuck) --stuck_;
        self.stuck = false;
        work_.notify_one();
        idle_.notify_all();
    }
}

void IoThreads::carry_out(Job job, const std::shared_ptr<Order> & order, char * buffer, Micros began) {
    const auto wanted = [&](const PageKey & key) { return is_wanted(key); };
    if (job == Job::upkeep) return disk_->maintain(buffer, wanted);
    if (job == Job::sync) return disk_->sync();
    if (order->is_over()) return;
    if (order->is_load()) return carry_out_load(*order, buffer, began);
    carry_out_store(*order, buffer, began, wanted);
}

void IoThreads::carry_out_load(Order & order, char * buffer, Micros began) {
    StoreOutcome outcome = disk_->load(order.to_load(), buffer);
    if (outcome == StoreOutcome::done) {
        if (!order.hold()) return;
        const bool used = order.to_load().take(buffer);
        order.let_go();
        if (!used) outcome = StoreOutcome::failed;
    }
    finish(order, outcome, began);
}

void IoThreads::carry_out_store(Order & order, char * buffer, Micros began, const Wanted & wanted) {
    const auto fill = [&](char * bytes) {
        if (!order.hold()) return false;
        const bool filled = order.to_store().fill(bytes);
        order.let_go();
        return filled;
    };
    finish(order, disk_->store(order.to_store(), buffer, wanted, fill), began);
}

void IoThreads::finish(Order & order, StoreOutcome outcome, Micros began) {
    if (!order.end()) return;
    const Micros now = clock_(), start = began != 0 ? began : now;
    const int64_t bytes = outcome == StoreOutcome::done ? disk_->slot_bytes() : 0;
    StoreDone done{order.id(), outcome, bytes, start - order.taken(), now - start};
    const std::lock_guard<std::mutex> lock(callback_mutex_);
    if (callbacks_.done) callbacks_.done(done);
}

void IoThreads::tell_news() {
    const std::lock_guard<std::mutex> in_order(news_mutex_);
    ColdNews news = disk_->take_news();
    const std::vector<std::string> told = disk_->take_told();
    const std::lock_guard<std::mutex> lock(callback_mutex_);
    if (callbacks_.news && (!news.added.empty() || !news.removed.empty())) callbacks_.news(std::move(news));
    for (const std::string & sentence : told) {
        if (callbacks_.tell) callbacks_.tell(sentence);
    }
}

void IoThreads::tell_likely() {
    std::vector<std::vector<Token>> paths = disk_->take_likely();
    const std::lock_guard<std::mutex> lock(callback_mutex_);
    if (callbacks_.likely && !paths.empty()) callbacks_.likely(std::move(paths));
}

bool IoThreads::is_wanted(const PageKey & key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return wanted_.count(key) > 0;
}

Micros IoThreads::next_look(Micros now) const {
    if (polls_) return 1000;
    Micros at = now + kSecond;
    for (const auto & order : loads_) at = std::min(at, order->deadline());
    for (const Worker & worker : workers_) {
        if (worker.order && !worker.order->is_over()) at = std::min(at, worker.order->deadline());
    }
    return std::max<Micros>(at - now, 100);
}

void IoThreads::watch() {
    block_signals();
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stop_) {
        watch_.wait_for(lock, std::chrono::microseconds(next_look(clock_())));
        if (stop_) return;
        const Micros now = clock_();
        if (now - upkeep_at_ >= kSecond) {
            upkeep_at_ = now;
            upkeep_due_ = true;
            work_.notify_one();
        }
        lock.unlock();
        look(now);
        tell_news();
        lock.lock();
    }
}

void IoThreads::look(Micros now) {
    std::vector<std::pair<std::shared_ptr<Order>, StoreOutcome>> over;
    bool hangs = false;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (Worker & worker : workers_) {
            const Micros limit = worker.job == Job::order ? kStuck : kStuckUpkeep;
            if (worker.job != Job::none && !worker.stuck && now - worker.began > limit) {
                worker.stuck = hangs = true;
                ++stuck_;
            }
            if (!worker.order || worker.order->is_over()) continue;
            if (!worker.stuck && worker.order->deadline() > now) continue;
            over.emplace_back(worker.order, StoreOutcome::late);
        }
        const auto end = [&](std::deque<std::shared_ptr<Order>> & orders, StoreOutcome outcome) {
            orders.erase(std::remove_if(orders.begin(), orders.end(),
                                        [&](const std::shared_ptr<Order> & order) {
                                            if (!hangs && order->deadline() > now) return false;
                                            if (order->is_load()) wanted_.erase(wanted_.find(order->to_load().key));
                                            over.emplace_back(order, outcome);
                                            return true;
                                        }),
                         orders.end());
        };
        end(loads_, StoreOutcome::late);
        end(stores_, StoreOutcome::refused);
        late_ += std::count_if(over.begin(), over.end(), [](const auto & o) { return o.second == StoreOutcome::late; });
    }
    if (hangs) disk_->stuck("the disk has not answered for seconds");
    for (const auto & [order, outcome] : over) finish(*order, outcome);
}

void IoThreads::count(StoreStats & stats) {
    disk_->count(stats);
    const std::lock_guard<std::mutex> lock(mutex_);
    stats.late = late_;
    stats.stuck_threads = stuck_;
    stats.upkeeps = upkeeps_;
    stats.under_way = static_cast<int64_t>(loads_.size() + stores_.size());
    for (const Worker & worker : workers_) stats.under_way += worker.job != Job::none;
}

bool IoThreads::is_idle() const {
    return loads_.empty() && stores_.empty() && !sync_due_ &&
           std::all_of(workers_.begin(), workers_.end(),
                       [](const Worker & w) { return w.job == Job::none || w.stuck; });
}

void IoThreads::close(Micros patience) {
    std::vector<std::shared_ptr<Order>> left;
    {
        std::unique_lock<std::mutex> lock(mutex_);
        closing_ = true;
        sync_due_ = ready_;
        work_.notify_all();
        idle_.wait_for(lock, std::chrono::microseconds(patience), [&] { return is_idle(); });
        stop_ = true;
        sync_due_ = false;
        for (auto * orders : {&loads_, &stores_}) {
            left.insert(left.end(), orders->begin(), orders->end());
            orders->clear();
        }
        for (const Worker & worker : workers_) {
            if (worker.order) left.push_back(worker.order);
        }
        work_.notify_all();
        watch_.notify_all();
    }
    for (const auto & order : left) {
        if (!order->end_waiting()) continue;
        const std::lock_guard<std::mutex> lock(callback_mutex_);
        if (callbacks_.done) callbacks_.done({order->id(), StoreOutcome::closed, 0, clock_() - order->taken(), 0});
    }
    watcher_.join();
    {
        std::unique_lock<std::mutex> lock(mutex_);
        idle_.wait_for(lock, kLeave, [&] { return is_idle(); });
    }
    {
        const std::lock_guard<std::mutex> lock(callback_mutex_);
        callbacks_ = {};
    }
    for (Worker & worker : workers_) {
        bool waits;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            waits = worker.job == Job::none;
        }
        if (waits) {
            worker.thread.join();
        } else {
            worker.thread.detach();
        }
    }
}

}  // namespace banyan::store
