#pragma once
// Mail by SMTP (RFC 5321), over libcurl.

#include <chrono>
#include <string>

#include "carriers.h"

namespace understudy::boxoffice {

struct SmtpServer {
  std::string url;       ///< smtp://host:port or smtps://host:port
  std::string user;      ///< "": no authentication
  std::string password;  ///< never logged; with it nothing is sent but over TLS
  std::string from;      ///< the envelope's sender
  /// For the whole conversation; less than any load balancer before the service waits.
  std::chrono::milliseconds timeout{8'000};
};

/// A connection of its own for each mail. Without a user STARTTLS is used where the server offers
/// it; with one it is demanded.
class Smtp : public MailCarrier {
 public:
  explicit Smtp(SmtpServer server);
  Result<Done> carry(const Mail& mail, const std::string& message) override;

 private:
  const SmtpServer server_;
};

}  // namespace understudy::boxoffice
