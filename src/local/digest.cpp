#include "local/digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "base/ensure.h"

namespace understudy {

namespace {

using Bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string digits(const Bytes& bytes) {
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

Error unreadable(const std::string& path) {
  return {After::unchanged_final, path + ": " + std::strerror(errno)};
}

/// Which content a path leads to. A program that is replaced gets another inode.
using Content = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t>;

Content content_of(const struct stat& seen) {
  return {seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtim.tv_sec, seen.st_mtim.tv_nsec};
}

Result<std::string> read_and_digest(int descriptor, const std::string& path) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  ensure(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1, "SHA-256 is there");
  std::array<char, 1 << 16> buffer{};
  ssize_t got = 0;
  while ((got = read(descriptor, buffer.data(), buffer.size())) > 0)
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(got));
  if (got < 0) return unreadable(path);
  Bytes bytes{};
  EVP_DigestFinal_ex(context.get(), bytes.data(), nullptr);
  return digits(bytes);
}

}  // namespace

std::string keyed_digest(std::string_view key, std::string_view text) {
  Bytes bytes{};
  unsigned length = 0;
  const auto* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &length);
  ensure(made != nullptr, "SHA-256 is there");
  return digits(bytes);
}

std::string digest(std::string_view text) {
  Bytes bytes{};
  ensure(EVP_Digest(text.data(), text.size(), bytes.data(), nullptr, EVP_sha256(), nullptr) == 1,
         "SHA-256 is there");
  return digits(bytes);
}

Result<std::string> file_digest(const std::string& path) {
  static std::mutex lock;
  static std::map<std::string, std::pair<Content, std::string>> known;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return unreadable(path);
  struct stat seen {};
  const bool told = fstat(descriptor, &seen) == 0;
  const Content content = content_of(seen);
  {
    const std::lock_guard held(lock);
    const auto found = known.find(path);
    if (told && found != known.end() && found->second.first == content) {
      close(descriptor);
      return found->second.second;
    }
  }
  auto made = read_and_digest(descriptor, path);
  close(descriptor);
  if (made && told) {
    const std::lock_guard held(lock);
    known.insert_or_assign(path, std::pair(content, *made));
  }
  return made;
}

}  // namespace understudy
