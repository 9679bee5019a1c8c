#include "local/file_page.h"

#include <cerrno>
#include <cstring>
#include <mutex>

#include "fence/page_writer.h"

namespace understudy {

namespace {

class FilePage final : public Page {
 public:
  FilePage(const understudy_page_writer& writer, std::string path)
      : writer_(writer), path_(std::move(path)) {}
  ~FilePage() override { understudy_release_page(&writer_); }
  FilePage(const FilePage&) = delete;
  FilePage& operator=(const FilePage&) = delete;

  void open(const Promise& promise) override {
    understudy_promise raw{};
    raw.incarnation = promise.incarnation;
    raw.epoch = promise.epoch;
    raw.term = promise.term;
    raw.serial = promise.serial;
    raw.endless = promise.endless ? 1 : 0;
    raw.deadline_boot_ns = promise.deadline.time_since_epoch().count();
    raw.deadline_wall_ns = promise.deadline_wall.time_since_epoch().count();
    const std::lock_guard held(lock_);
    follow();
    if (writer_.page != nullptr) understudy_write_promise(&writer_, &raw);
  }

  void close() override {
    const std::lock_guard held(lock_);
    if (writer_.page == nullptr) return;
    understudy_promise last{};
    const bool whole = understudy_last_promise(&writer_, &last) == UNDERSTUDY_OPEN;
    if (whole && last.endless == 0 && last.deadline_boot_ns == 0) return;
    understudy_close_page(&writer_, &last);
  }

  std::optional<Promise> read() const override {
    const std::lock_guard held(lock_);
    understudy_promise raw{};
    if (writer_.page == nullptr) return std::nullopt;
    if (understudy_last_promise(&writer_, &raw) != UNDERSTUDY_OPEN) return std::nullopt;
    if (std::memcmp(raw.boot_id, writer_.boot_id, sizeof raw.boot_id) != 0) return std::nullopt;
    if (raw.endless == 0 && raw.deadline_boot_ns == 0) return std::nullopt;
    return Promise{.incarnation = raw.incarnation,
                   .epoch = raw.epoch,
                   .term = raw.term,
                   .serial = raw.serial,
                   .endless = raw.endless != 0,
                   .deadline = BootTime(Duration(raw.deadline_boot_ns)),
                   .deadline_wall = WallTime(Duration(raw.deadline_wall_ns))};
  }

 private:
  /// If somebody removed or replaced the file, nobody sees what we write: take the one that is
  /// there.
  void follow() {
    if (writer_.page != nullptr && understudy_page_is_seen(&writer_, path_.c_str()) != 0) return;
    understudy_release_page(&writer_);
    if (understudy_open_page(&writer_, path_.c_str()) != 0) understudy_release_page(&writer_);
  }

  mutable std::mutex lock_;
  understudy_page_writer writer_;
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<Page>> open_file_page(const std::string& path) {
  understudy_page_writer writer{};
  if (understudy_open_page(&writer, path.c_str()) != 0) {
    const After after = errno == EWOULDBLOCK ? After::unchanged_retry : After::unchanged_final;
    const std::string why = errno == EWOULDBLOCK ? "another agent writes it" : std::strerror(errno);
    return Error{after, "fence page " + path + ": " + why};
  }
  return std::unique_ptr<Page>(std::make_unique<FilePage>(writer, path));
}

}  // namespace understudy
