#pragma once
// What lies between machines: delay, loss, repetition, one-way cuts; and calls across it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "simulation/dice.h"
#include "simulation/machine.h"

namespace understudy::simulation {

/// One direction between two machines.
struct Link {
  Duration least = milliseconds(1);
  Duration most = milliseconds(3);
  std::uint32_t loss_ppm = 0;
  std::uint32_t repeat_ppm = 0;
  bool cut = false;
};

class Network {
 public:
  Network(Scheduler& scheduler, Dice& dice) : scheduler_(scheduler), dice_(dice) {}

  [[nodiscard]] Link& link(const Machine& from, const Machine& to) { return links_[{&from, &to}]; }
  void for_each_link(const std::function<void(Link&)>& act) {
    for (auto& [ends, link] : links_) act(link);
  }

  /// `arrive` runs at the other end after a delay; perhaps never, perhaps twice.
  void send(const Machine& from, const Machine& to, std::function<void()> arrive);

  template <class R>
  using Reply = std::function<void(R)>;

  /// Asks another process and waits for its answer. `handle` runs over there, outside any fiber,
  /// and replies now or later: it may outlive the caller, so it holds nothing of the caller's. A
  /// dead process refuses; one whose machine is off or frozen is silent.
  template <class R>
  R call(Process& from, Process& to, BootTime deadline, std::function<void(Reply<R>)> handle) {
    const auto call =
        std::make_shared<Call<R>>(Call<R>{*this, from, to, std::move(handle), {}, {}});
    call->waiter = scheduler_.self();
    send(from.machine(), to.machine(), [call] { Call<R>::arrive(call); });
    (void)scheduler_.wait_until(from.machine().true_time(deadline));
    call->waiter.reset();
    if (call->answer) return *std::move(call->answer);
    return Error{After::unknown, to.name() + ": no answer in time"};
  }

  /// The same where answering takes waiting: `serve` runs in a fiber of `to`.
  template <class R>
  R call_fiber(Process& from, Process& to, BootTime deadline, std::function<R()> serve) {
    return call<R>(from, to, deadline, [&to, serve = std::move(serve)](Reply<R> reply) {
      to.spawn([reply = std::move(reply), serve] { reply(serve()); });
    });
  }

 private:
  /// One call under way, shared by the caller and every message of it.
  template <class R>
  struct Call {
    static void arrive(const std::shared_ptr<Call>& call) {
      Process& to = call->to;
      if (!to.machine().on()) return;
      if (!to.alive()) {
        reply(call, Error{After::unchanged_retry, to.name() + ": connection refused"});
      } else {
        to.deliver([call] { call->handle([call](R answer) { reply(call, std::move(answer)); }); });
      }
    }

    static void reply(const std::shared_ptr<Call>& call, R answer) {
      call->network.send(call->to.machine(), call->from.machine(),
                         [call, answer = std::move(answer)] {
                           if (call->answer) return;
                           call->answer = answer;
                           if (call->waiter) call->network.scheduler_.wake(*call->waiter);
                         });
    }

    Network& network;
    Process& from;
    Process& to;
    std::function<void(Reply<R>)> handle;
    std::optional<R> answer;
    std::optional<Waiter> waiter;
  };

  Scheduler& scheduler_;
  Dice& dice_;
  std::map<std::pair<const Machine*, const Machine*>, Link> links_;
};

}  // namespace understudy::simulation
