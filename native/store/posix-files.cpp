#include "store/file-system.h"

#ifdef _WIN32

namespace banyan::store {

std::shared_ptr<FileSystem> system_files() {
    return nullptr;
}

}  // namespace banyan::store

#else

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#ifdef __linux__
#include <sys/random.h>
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/random.h>
#endif

namespace banyan::store {

namespace {

class PosixFile final : public File {
  public:
    explicit PosixFile(int fd) : fd_(fd) {}
    ~PosixFile() override { ::close(fd_); }

    int64_t read(void * to, int64_t bytes, int64_t at) override {
        int64_t done = 0;
        while (done < bytes) {
            const ssize_t n =
                ::pread(fd_, static_cast<char *>(to) + done, static_cast<size_t>(bytes - done), at + done);
            if (n == 0) break;
            if (n > 0) {
                done += n;
            } else if (errno != EINTR) {
                return -errno;
            }
        }
        return done;
    }

    int write(const void * from, int64_t bytes, int64_t at) override {
        int64_t done = 0;
        while (done < bytes) {
            const ssize_t n =
                ::pwrite(fd_, static_cast<const char *>(from) + done, static_cast<size_t>(bytes - done), at + done);
            if (n > 0) {
                done += n;
            } else if (n == 0 || errno != EINTR) {
                return n == 0 ? EIO : errno;
            }
        }
        return 0;
    }

    int resize(int64_t bytes) override {
#ifdef __linux__
        const int64_t present = size();
        // Not posix_fallocate: where the file system has no such call, glibc writes into every block.
        if (present >= 0 && bytes > present && ::fallocate(fd_, 0, present, bytes - present) != 0 &&
            errno != EOPNOTSUPP && errno != ENOSYS) {
            const int error = errno;
            (void)::ftruncate(fd_, present);
            return error;
        }
#endif
        return ::ftruncate(fd_, bytes) == 0 ? 0 : errno;
    }

    int sync() override {
#ifdef __linux__
        return ::fdatasync(fd_) == 0 ? 0 : errno;
#else
        return ::fsync(fd_) == 0 ? 0 : errno;
#endif
    }

    int64_t size() override {
        struct stat info;
        return ::fstat(fd_, &info) == 0 ? info.st_size : -errno;
    }

    bool lock() override { return ::flock(fd_, LOCK_EX | LOCK_NB) == 0; }

    uint64_t number() override {
        struct stat info;
        return ::fstat(fd_, &info) == 0 ? info.st_ino : 0;
    }

  private:
    int fd_;
};

bool on_network(const std::string & path) {
    struct statfs info;
    if (::statfs(path.c_str(), &info) != 0) return false;
#ifdef __linux__
    switch (static_cast<uint32_t>(info.f_type)) {
        case 0x6969:      // NFS
        case 0xFF534D42:  // CIFS
        case 0xFE534D42:  // SMB2
        case 0x517B:      // SMB
        case 0x01021997:  // 9p
        case 0x00C36400:  // Ceph
        case 0x65735546:  // FUSE: sshfs, s3fs and their like
        case 0x0BD00BD0:  // Lustre
        case 0x5346414F:  // AFS
            return true;
        default:
            return false;
    }
#else
    return (info.f_flags & MNT_LOCAL) == 0;
#endif
}

class PosixFiles final : public FileSystem {
  public:
    int make_dir(const std::string & path) override {
        if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return 0;
        const size_t slash = path.find_last_of('/');
        if (errno != ENOENT || slash == std::string::npos || slash == 0) return errno;
        const int above = make_dir(path.substr(0, slash));
        return above != 0 || ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? above : errno;
    }

    std::string refuse(const std::string & path, bool network) override {
        struct stat info;
        if (::lstat(path.c_str(), &info) != 0) return path + ": " + std::strerror(errno);
        if (S_ISLNK(info.st_mode)) return path + " is a link";
        if (!S_ISDIR(info.st_mode)) return path + " is no directory";
        if (info.st_uid != ::geteuid()) return path + " belongs to another user";
        if ((info.st_mode & 022) != 0) return path + " can be written by other users";
        if (!network && on_network(path)) return path + " is on a network file system";
        return "";
    }

    std::vector<std::string> list(const std::string & path) override {
        std::vector<std::string> names;
        DIR * dir = ::opendir(path.c_str());
        if (!dir) return names;
        while (const dirent * entry = ::readdir(dir)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") names.push_back(name);
        }
        ::closedir(dir);
        return names;
    }

    std::unique_ptr<File> open(const std::string & path, OpenFor what, int & error) override {
        const int flags = what == OpenFor::writing ? O_RDWR | O_CREAT : O_RDONLY;
        const int fd = ::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
        struct stat info;
        error = fd < 0 ? errno : ::fstat(fd, &info) != 0 ? errno : !S_ISREG(info.st_mode) ? EINVAL : 0;
        if (error == 0 && info.st_uid != ::geteuid()) error = EPERM;
        if (error == 0) return std::make_unique<PosixFile>(fd);
        if (fd >= 0) ::close(fd);
        return nullptr;
    }

    FileStamp stamp(const std::string & path) override {
        struct stat info;
        if (::lstat(path.c_str(), &info) != 0) return {};
#ifdef __APPLE__
        const timespec changed = info.st_mtimespec;
#else
        const timespec changed = info.st_mtim;
#endif
        return {info.st_ino, info.st_size, changed.tv_sec * int64_t(1'000'000'000) + changed.tv_nsec};
    }

    int remove(const std::string & path) override { return ::unlink(path.c_str()) == 0 ? 0 : errno; }
    int remove_dir(const std::string & path) override { return ::rmdir(path.c_str()) == 0 ? 0 : errno; }

    int64_t free_bytes(const std::string & path) override {
        struct statvfs info;
        if (::statvfs(path.c_str(), &info) != 0) return -errno;
        return static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
    }

    int64_t wall_seconds() override { return ::time(nullptr); }
    int random(void * to, size_t bytes) override { return ::getentropy(to, bytes) == 0 ? 0 : errno; }
};

}  // namespace

std::shared_ptr<FileSystem> system_files() {
    return std::make_shared<PosixFiles>();
}

}  // namespace banyan::store

#endif
