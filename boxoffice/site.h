#pragma once
// What all services with pages have in common: routes, sessions, forms, headers, and what is said
// when something does not go.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "form.h"
#include "request_parts.h"
#include "sessions.h"
#include "view.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// One request, with what a handler needs of it.
struct Visit {
  const http::Request& request;
  std::string_view rest;  ///< the last segment of a path whose route ends with '/'
  WideEvent& event;
  Visitor visitor;
  Form form;  ///< of a POST; its token has been checked

  /// The path with its query, to come back to.
  [[nodiscard]] std::string here() const;
};

enum class Access : std::uint8_t { anybody, signed_in };

/// Thread-safe once all routes are added. Pages are also asked of the standby region, whose
/// database is a read-only standby: no GET writes there. A POST is refused, with all that the
/// visitor had filled in, where this region may not write.
class Site {
 public:
  struct Link {
    std::string path;
    std::string label;
  };
  struct Parts {
    std::string brand;
    std::string region;
    const WriterPage& page;
    WideEvents& events;
    /// Null: pages are the same for everybody, and caches may keep them.
    Sessions* sessions = nullptr;
    std::vector<Link> navigation;
    std::string feed_origin;  ///< "ws://host:port" that scripts may connect to; "": none
  };
  using Handle = std::function<http::Response(Visit&)>;

  explicit Site(Parts parts) : parts_(std::move(parts)) {}
  void add(std::string_view method, std::string_view path, Access access, Handle handle);
  [[nodiscard]] http::Response answer(const http::Request& request);

  // What handlers answer.

  /// Of this visitor alone, or everybody's if there are no sessions.
  [[nodiscard]] http::Response page(const Visit& visit, View& view, unsigned status = 200) const;
  /// 303: what follows is a GET, also after a POST. `path` is of this service.
  [[nodiscard]] http::Response redirect(const std::string& path) const;
  [[nodiscard]] http::Response message(const Visit& visit, unsigned status,
                                       const std::string& heading, const std::string& text) const;
  /// A read that failed.
  [[nodiscard]] http::Response trouble(const Visit& visit, const Error& error) const;
  /// A POST that was not done, or of which nobody knows: the same form, to be sent again.
  [[nodiscard]] http::Response try_again(const Visit& visit, const Error& error) const;

  /// Is this region the one that writes? If not, its error goes to try_again().
  [[nodiscard]] Result<Permission> permission(const Visit& visit) const;
  /// The answer tells of a write: see request_parts.h.
  void acknowledge(http::Response& response, const Permission& permission,
                   std::string_view what) const;
  [[nodiscard]] const WriterPage& writer_page() const { return parts_.page; }

 private:
  struct Entry {
    Access access;
    Handle handle;
  };

  http::Response dispatch(const http::Request& request, WideEvent& event) const;
  http::Response post(Visit& visit, const Entry& entry) const;
  http::Response ask_to_sign_in(const Visit& visit) const;
  http::Response html(const Visit& visit, View& view, unsigned status) const;

  Parts parts_;
  std::vector<Route<Entry>> routes_;
};

/// A static file by its path with the hash, or 404.
[[nodiscard]] http::Response static_answer(std::string_view path);

}  // namespace understudy::boxoffice
