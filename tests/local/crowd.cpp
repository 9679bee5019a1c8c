#include "crowd.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace understudy {

namespace {

using Steady = std::chrono::steady_clock;

struct Client {
  int socket = -1;
  bool sent = false;
  Steady::time_point began;
  Told told;
};

Client arrives(const Endpoint& at) {
  Client client;
  client.began = Steady::now();
  client.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(at.port);
  inet_pton(AF_INET, at.address.c_str(), &name.sin_addr);
  // Its outcome shows when the socket can be written to.
  (void)connect(client.socket, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  return client;
}

void leaves(Client& client) {
  client.told.after = std::chrono::ceil<milliseconds>(Steady::now() - client.began);
  if (client.told.head.starts_with("HTTP/1.1 "))
    client.told.status = static_cast<unsigned>(std::stoul(client.told.head.substr(9, 3)));
  close(client.socket);
  client.socket = -1;
}

void goes_on(Client& client, std::size_t number) {
  if (!client.sent) {
    const std::string text = fmt::format(
        "POST /order/{} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
        "Content-Length: 8\r\n\r\none seat",
        number);
    client.sent = send(client.socket, text.data(), text.size(), MSG_NOSIGNAL) ==
                  static_cast<ssize_t>(text.size());
    if (!client.sent) leaves(client);
    return;
  }
  char buffer[4096];
  const auto got = recv(client.socket, buffer, sizeof buffer, 0);
  if (got > 0) client.told.head.append(buffer, static_cast<std::size_t>(got));
  if (got <= 0) leaves(client);
}

}  // namespace

std::vector<Told> order_in_a_crowd(const Endpoint& at, const CrowdPlan& plan) {
  std::vector<Client> clients;
  clients.reserve(plan.count);
  const auto began = Steady::now();
  std::size_t gone = 0;
  while (gone < plan.count) {
    const auto now = Steady::now();
    const auto due = (now - began) * plan.a_second / std::chrono::seconds(1) + 1;
    while (clients.size() < std::min<std::size_t>(plan.count, static_cast<std::size_t>(due)))
      clients.push_back(arrives(at));
    std::vector<pollfd> polled;
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (clients[i].socket >= 0 && now - clients[i].began > plan.patience) leaves(clients[i]);
      if (clients[i].socket < 0) continue;
      polled.push_back(
          {clients[i].socket, static_cast<short>(clients[i].sent ? POLLIN : POLLOUT), 0});
      numbers.push_back(i);
    }
    poll(polled.data(), polled.size(), 1);
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0) goes_on(clients[numbers[i]], numbers[i]);
    }
    gone = static_cast<std::size_t>(std::count_if(
        clients.begin(), clients.end(), [](const Client& each) { return each.socket < 0; }));
  }
  std::vector<Told> all;
  for (Client& client : clients) all.push_back(std::move(client.told));
  return all;
}

unsigned count_told(const std::vector<Told>& all, unsigned status) {
  return static_cast<unsigned>(std::count_if(
      all.begin(), all.end(), [status](const Told& each) { return each.status == status; }));
}

milliseconds longest(const std::vector<Told>& all) {
  milliseconds most{0};
  for (const Told& each : all) most = std::max(most, each.after);
  return most;
}

std::string summary(const std::vector<Told>& all) {
  std::map<unsigned, unsigned> statuses;
  std::vector<milliseconds> times;
  for (const Told& each : all) {
    ++statuses[each.status];
    times.push_back(each.after);
  }
  std::sort(times.begin(), times.end());
  std::string text;
  for (const auto& [status, count] : statuses)
    text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", count, status);
  return fmt::format("{}; longest {} ms, half within {} ms", text, longest(all).count(),
                     times[times.size() / 2].count());
}

}  // namespace understudy
