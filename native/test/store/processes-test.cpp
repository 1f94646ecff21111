// The store on a real file system, shared by processes that are killed. BANYAN_STORE_KILLS: how many times (default
// 12).
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "check.h"
#include "store/directory.h"
#include "store/outcome-text.h"
#include "store/store-rig.h"

using namespace banyan;
using namespace banyan::test;

namespace {

namespace fs = std::filesystem;

/** A directory of its own, gone at the end. */
struct TempDir {
    std::string path;
    TempDir() {
        std::string name = (fs::temp_directory_path() / "banyan-store-XXXXXX").string();
        if (!mkdtemp(name.data())) std::abort();
        path = name;
    }
    ~TempDir() { fs::remove_all(path); }
};

/** The program of writer-child.cpp, and what it prints. */
class Writer {
  public:
    Writer(const std::string & dir, uint32_t chain, uint32_t n, int64_t largest_file = 0, int64_t daily = 0,
           int64_t budget = 0) {
        int ends[2];
        if (pipe(ends) != 0) std::abort();
        const char * program = std::getenv("BANYAN_STORE_WRITER");
        if (!program) {
            std::fprintf(stderr, "BANYAN_STORE_WRITER is not set: run this through ctest\n");
            std::exit(1);
        }
        const std::string first = std::to_string(chain), count = std::to_string(n), most = std::to_string(largest_file);
        const std::string day = std::to_string(daily), all = std::to_string(budget);
        pid_ = fork();
        if (pid_ == 0) {
            dup2(ends[1], 1);
            ::close(ends[0]);
            ::close(ends[1]);
            execl(program, program, dir.c_str(), first.c_str(), count.c_str(), most.c_str(), day.c_str(), all.c_str(),
                  nullptr);
            _exit(127);
        }
        ::close(ends[1]);
        lines_ = fdopen(ends[0], "r");
    }
    ~Writer() {
        if (lines_) fclose(lines_);
        if (pid_ > 0) end();
    }

    struct Line {
        uint32_t chain = 0;
        size_t page = 0;
        std::string outcome;
    };
    bool read(Line & line) {
        char outcome[32];
        if (std::fscanf(lines_, "%u %zu %31s", &line.chain, &line.page, outcome) != 3) return false;
        line.outcome = outcome;
        return true;
    }
    void kill_now() { ::kill(pid_, SIGKILL); }
    /** Waits; the status of waitpid. */
    int end() {
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
        return status;
    }

  private:
    pid_t pid_ = 0;
    FILE * lines_ = nullptr;
};

PageStoreConfig config_in(const std::string & dir) {
    PageStoreConfig config = small_config();
    config.dir = dir;
    config.budget_bytes = 256 << 20;
    return config;
}

/** On the machine's clock: what a store tells comes within its own second. */
void wait_for(StoreRig & rig, const PageKey & key) {
    while (!rig.knows(key)) usleep(1000);
}

int64_t bytes_in(const std::string & dir) {
    int64_t bytes = 0;
    for (const auto & entry : fs::recursive_directory_iterator(dir)) {
        std::error_code gone;
        if (entry.is_regular_file(gone)) bytes += static_cast<int64_t>(entry.file_size(gone));
    }
    return bytes;
}

}  // namespace

TEST("kill -9 at any point: every page that was stored is there, and none is wrong") {
    const char * wanted = std::getenv("BANYAN_STORE_KILLS");
    const int kills = wanted ? std::atoi(wanted) : 12;
    const TempDir dir;
    std::mt19937 random(3);
    std::vector<TestPage> stored;
    for (int i = 0; i < kills; ++i) {
        if (i % 4 == 0) {
            fs::remove_all(dir.path);
            fs::create_directory(dir.path);
            fs::permissions(dir.path, fs::perms::owner_all);
            stored.clear();
        }
        const auto first = static_cast<uint32_t>(1 + i * 10'000);
        Writer writer(dir.path, first, 10'000);  // more than it can print before it is killed
        Writer::Line line;
        for (uint32_t n = 1 + random() % 60; n > 0 && writer.read(line); --n) {
            CHECK_EQ(line.outcome, "done");
            stored.push_back(chain_of(line.chain, 10)[line.page]);
        }
        usleep(random() % 300);  // somewhere within the next page
        writer.kill_now();
        CHECK(WIFSIGNALED(writer.end()));
        StoreRig rig(config_in(dir.path), nullptr, false);
        for (const TestPage & page : stored) CHECK_EQ(rig.load(page), StoreOutcome::done);
        for (const TestPage & page : chain_of(first, 10)) rig.load(page);
        CHECK_EQ(rig.wrong_bytes, 0);
        CHECK_EQ(rig->stats().errors, 0);
    }
}

TEST("two processes share a directory: each has the other's pages; one is killed, a third goes on with its files") {
    const TempDir dir;
    StoreRig rig(config_in(dir.path), nullptr, false);
    const auto mine = chain_of(1'000'000, 10);
    for (const TestPage & page : mine) CHECK_EQ(rig.store(page), StoreOutcome::done);
    std::vector<TestPage> theirs;
    {
        Writer writer(dir.path, 1, 10'000);
        Writer::Line line;
        while (theirs.size() < 50 && writer.read(line)) {
            CHECK_EQ(line.outcome, "done");
            theirs.push_back(chain_of(line.chain, 10)[line.page]);
        }
        for (const TestPage & page : theirs) {
            wait_for(rig, page.page.key);
            CHECK_EQ(rig.load(page), StoreOutcome::done);
        }
        CHECK_EQ(rig.store(theirs[0]), StoreOutcome::known);
        writer.kill_now();
        writer.end();
    }
    Writer third(dir.path, 500'000, 1);
    CHECK_EQ(third.end(), 0);
    StoreRig again(config_in(dir.path), nullptr, false);
    for (const TestPage & page : theirs) CHECK_EQ(again.load(page), StoreOutcome::done);
    for (const TestPage & page : mine) {
        wait_for(again, page.page.key);
        CHECK_EQ(again.load(page), StoreOutcome::done);
    }
    CHECK_EQ(rig.wrong_bytes + again.wrong_bytes, 0);
    int arenas = 0;
    for (const auto & entry : fs::recursive_directory_iterator(dir.path))
        arenas += entry.path().extension() == ".index";
    CHECK(arenas <= 3);  // two writers at a time: the killed one's was taken over
    CHECK(bytes_in(dir.path) <= config_in(dir.path).budget_bytes);
}

TEST("kill -9 among three writers of one budget: the files never take more, as stores grow and give way") {
    const TempDir dir;
    constexpr int64_t kBudget = 2 << 20;
    const auto files = store::system_files();
    PageStoreConfig config = config_in(dir.path);
    config.budget_bytes = kBudget;
    StoreRig rig(config, nullptr, false);
    std::mt19937 random(5);
    std::unique_ptr<Writer> writers[2];
    for (uint32_t i = 0; i < 12; ++i) {
        std::unique_ptr<Writer> & writer = writers[i % 2];
        if (writer) {
            writer->kill_now();
            CHECK(WIFSIGNALED(writer->end()));
        }
        writer = std::make_unique<Writer>(dir.path, 1 + i * 10'000, 10'000, 0, 0, kBudget);
        Writer::Line line;
        for (uint32_t n = 40 + random() % 100; n > 0 && writer->read(line); --n) {
            if (n % 5 == 0) rig.store(chain_of(900'000 + i, 30)[n % 30]);
            if (n % 10 != 0) continue;
            // Files grow under the lock alone, so what is counted under it was there at one instant, or less.
            if (const auto locked = store::lock_directory(*files, dir.path)) CHECK(bytes_in(dir.path) <= kBudget);
        }
    }
    CHECK_EQ(rig.wrong_bytes, 0);
    CHECK_EQ(rig->stats().corrupt, 0);
}

TEST("what a day may write is for all processes together, and for those that come after them") {
    const TempDir dir;
    constexpr int64_t kPages = 70;
    int64_t done = 0, lines = 0;
    Writer::Line line;
    const auto read = [&](Writer & writer) {
        while (writer.read(line)) {
            ++lines;
            done += line.outcome == "done";
        }
        CHECK_EQ(writer.end(), 0);
    };
    {
        Writer one(dir.path, 1, 5, 0, kPages * 4096), two(dir.path, 100, 5, 0, kPages * 4096);
        read(one);
        read(two);
    }
    CHECK_EQ(lines, 100);
    CHECK(done <= kPages);
    Writer later(dir.path, 200, 10, 0, kPages * 4096);
    read(later);
    CHECK_EQ(done, kPages);
}

TEST("a limit on file sizes costs pages and not the process") {
    const TempDir dir;
    Writer writer(dir.path, 1, 10, 150'000);
    Writer::Line line;
    int done = 0, lines = 0;
    while (writer.read(line)) {
        ++lines;
        done += line.outcome == "done";
    }
    CHECK_EQ(writer.end(), 0);
    CHECK_EQ(lines, 100);
    CHECK(done >= 10);
    const TempDir small;
    Writer nothing(small.path, 1, 1, 1000);  // not even a header
    while (nothing.read(line)) CHECK(line.outcome != "done");
    const int status = nothing.end();
    CHECK(!WIFSIGNALED(status) || WTERMSIG(status) != SIGXFSZ);
}

TEST("only this user can read the files") {
    const TempDir dir;
    const std::string inside = dir.path + "/cache";
    StoreRig rig(config_in(inside), nullptr, false);
    rig.store(chain_of(1, 1)[0]);
    CHECK((fs::status(inside).permissions() & fs::perms::all) == fs::perms::owner_all);
    int files = 0;
    for (const auto & entry : fs::recursive_directory_iterator(inside)) {
        if (!entry.is_regular_file()) continue;
        ++files;
        CHECK((entry.status().permissions() & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_write));
    }
    CHECK_EQ(files, 5);  // lock, secret, written, slots, index
}

TEST("links, directories that others may write to, and another user's are refused") {
    const TempDir dir;
    const auto refused = [&](const std::string & path, const std::string & why) {
        try {
            StoreRig rig(config_in(path), nullptr, false);
            CHECK(false);
        } catch (const std::runtime_error & e) {
            CHECK(std::string(e.what()).find(why) != std::string::npos);
        }
    };
    const std::string open = dir.path + "/open", link = dir.path + "/link", file = dir.path + "/file";
    fs::create_directory(open);
    fs::permissions(open, fs::perms::all);
    refused(open, "other users");
    fs::create_directory_symlink(open, link);
    refused(link, "link");
    ::close(::open(file.c_str(), O_CREAT | O_WRONLY, 0600));
    refused(file, "no directory");
    if (geteuid() == 0) {
        const std::string theirs = dir.path + "/theirs";
        fs::create_directory(theirs);
        fs::permissions(theirs, fs::perms::owner_all);
        CHECK_EQ(chown(theirs.c_str(), 12345, 12345), 0);
        refused(theirs, "another user");
    }
    refused(file + "/such", "Not a directory");
}

TEST("a directory is made with those above it, for this user alone") {
    const TempDir dir;
    StoreRig rig(config_in(dir.path + "/above/cache"), nullptr, false);
    for (const char * made : {"/above", "/above/cache"}) {
        CHECK((fs::status(dir.path + made).permissions() & fs::perms::all) == fs::perms::owner_all);
    }
}
