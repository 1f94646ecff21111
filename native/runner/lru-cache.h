// The last few results of something expensive, by key.
//
// Owns: at most `capacity` results, the least recently asked for goes first; none with a key above 256 KiB, so that a
// hostile one cannot stay in memory. Thread: any; two threads that miss the same key at once both make it.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace banyan {

template <typename T>
class LruCache {
  public:
    explicit LruCache(size_t capacity) : capacity_(capacity) {}

    /** nullptr: not there. */
    std::shared_ptr<T> find(const std::string & key) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->second;
    }

    /** make() gives a std::shared_ptr<T>; what it throws is thrown and not kept. */
    template <typename Make>
    std::shared_ptr<T> get(const std::string & key, Make make) {
        if (std::shared_ptr<T> known = find(key)) return known;
        std::shared_ptr<T> made = make();
        if (key.size() > kLongestKey) return made;
        const std::lock_guard<std::mutex> lock(mutex_);
        if (by_key_.count(key)) return made;
        entries_.emplace_front(key, made);
        by_key_[key] = entries_.begin();
        if (entries_.size() > capacity_) {
            by_key_.erase(entries_.back().first);
            entries_.pop_back();
        }
        return made;
    }

  private:
    static constexpr size_t kLongestKey = 1 << 18;
    using Entries = std::list<std::pair<std::string, std::shared_ptr<T>>>;  // latest first
    const size_t capacity_;
    std::mutex mutex_;
    Entries entries_;
    std::unordered_map<std::string, typename Entries::iterator> by_key_;
};

}  // namespace banyan
