#include "store/page-store.h"

#include <chrono>
#include <stdexcept>

#include "store/apart.h"
#include "store/io-threads.h"
#include "store/tenant-tag.h"

namespace banyan {

namespace {

Micros steady_now() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

class DiskStore final : public PageStore {
  public:
    DiskStore(std::unique_ptr<store::Disk> disk, StoreCallbacks callbacks, StoreClock clock, bool polls)
        : clock_(clock),
          secret_(disk->secret()),
          threads_(std::make_shared<store::IoThreads>(std::move(disk), std::move(callbacks), std::move(clock), polls)) {
        threads_->start();
    }
    ~DiskStore() override { close(0); }

    std::string tenant_tag(const std::string & tenant) const override { return store::hmac_sha256(secret_, tenant); }
    bool store(StoreOrder order) override {
        return threads_->add(std::make_shared<store::Order>(std::move(order), clock_()));
    }
    bool load(LoadOrder order) override {
        return threads_->add(std::make_shared<store::Order>(std::move(order), clock_()));
    }
    StoreStats stats() const override {
        StoreStats stats;
        threads_->count(stats);
        return stats;
    }
    void close(Micros patience) override {
        if (!closed_) threads_->close(patience);
        closed_ = true;
    }

  private:
    const StoreClock clock_;
    const std::string secret_;
    const std::shared_ptr<store::IoThreads> threads_;
    bool closed_ = false;
};

}  // namespace

void StoreStats::add(const StoreStats & other) {
    pages += other.pages;
    used_bytes += other.used_bytes;
    loads += other.loads;
    loaded_bytes += other.loaded_bytes;
    misses += other.misses;
    late += other.late;
    corrupt += other.corrupt;
    stores += other.stores;
    stored_bytes += other.stored_bytes;
    evicted += other.evicted;
    refused += other.refused;
    errors += other.errors;
    stuck_threads += other.stuck_threads;
    writes_off = writes_off || other.writes_off;
    reads_off = reads_off || other.reads_off;
    under_way += other.under_way;
    upkeeps += other.upkeeps;
    if (error.empty()) error = other.error;
}

std::unique_ptr<PageStore> PageStore::open(const PageStoreConfig & config, StoreCallbacks callbacks,
                                           std::shared_ptr<store::FileSystem> files, StoreClock clock) {
    if (!files) files = store::system_files();
    if (!files) throw std::runtime_error("there is no page store on this system yet");
    const bool polls = static_cast<bool>(clock);
    if (!clock) clock = steady_now;
    const Micros until = steady_now() + config.open_patience;
    auto disk = store::run_apart<std::unique_ptr<store::Disk>>(
        [config, files, clock] { return std::make_unique<store::Disk>(config, files, clock); },
        [until] { return steady_now() > until; });
    if (!disk) throw std::runtime_error(config.dir + ": the disk does not answer");
    return std::make_unique<DiskStore>(std::move(*disk), std::move(callbacks), std::move(clock), polls);
}

}  // namespace banyan
