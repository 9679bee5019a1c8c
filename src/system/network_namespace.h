#pragma once
// Networks of one's own on one machine (Linux network namespaces, network_namespaces(7)). They have
// no names: a namespace is gone with the last process in it and the last object that holds it.

#include <string>

#include "base/result.h"

namespace understudy {

class NetworkNamespace {
 public:
  /// An empty one. Error, unchanged_final: the kernel refuses; it takes root.
  [[nodiscard]] static Result<NetworkNamespace> make();
  NetworkNamespace(NetworkNamespace&& other) noexcept;
  NetworkNamespace& operator=(NetworkNamespace&& other) noexcept;
  ~NetworkNamespace();

  /// A file that stands for it while this object lives, for `ip link ... netns FILE`.
  [[nodiscard]] std::string path() const;

  /// This thread is in the namespace as long as the object lives, and so is every process and
  /// thread that it starts meanwhile. May be nested; ended by the same thread, in reverse order.
  class Stay {
   public:
    explicit Stay(const NetworkNamespace& where);
    ~Stay();
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;

   private:
    int home_;
  };

 private:
  explicit NetworkNamespace(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace understudy
