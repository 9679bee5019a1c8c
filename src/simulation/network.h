#pragma once
// What lies between machines: delay, loss, repetition, one-way cuts; and calls across it.

#include <array>
#include <functional>
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

  [[nodiscard]] Link& link(const Machine& from, const Machine& to) {
    return links_.at(from.number()).at(to.number());
  }
  void for_each_link(const std::function<void(Link&)>& act) {
    for (auto& of_one : links_) {
      for (Link& link : of_one) act(link);
    }
  }

  /// `arrive` runs at the other end after a delay; perhaps never, perhaps twice.
  void send(const Machine& from, const Machine& to, Act&& arrive);

  template <class R>
  struct Call;

  /// How a handler answers, now or later, and as often as it was asked. It may be dropped.
  template <class R>
  class Reply {
   public:
    explicit Reply(std::shared_ptr<Call<R>> call) : call_(std::move(call)) {}
    void operator()(R&& answer) const { Call<R>::reply(call_, std::move(answer)); }

   private:
    std::shared_ptr<Call<R>> call_;
  };

  /// Asks another process and waits for its answer. `handle` runs over there, outside any fiber,
  /// and replies now or later: it may outlive the caller, so it holds nothing of the caller's. A
  /// dead process refuses; one whose machine is off or frozen is silent.
  template <class R, class Handle>
  R call(Process& from, Process& to, BootTime deadline, Handle handle) {
    const std::shared_ptr<Call<R>> call =
        std::make_shared<HandledBy<R, Handle>>(*this, from, to, std::move(handle));
    call->waiter = scheduler_.self();
    send(from.machine(), to.machine(), [call = call] { Call<R>::arrive(call); });
    (void)scheduler_.wait_until(from.machine().true_time(deadline));
    call->waiter.reset();
    if (call->arrived) return *std::move(call->answer);
    return Error{After::unknown, to.name() + ": no answer in time"};
  }

  /// The same where answering takes waiting: `serve` runs in a fiber of `to`.
  template <class R, class Serve>
  R call_fiber(Process& from, Process& to, BootTime deadline, Serve serve) {
    return call<R>(from, to, deadline, [&to, serve = std::move(serve)](const Reply<R>& reply) {
      to.spawn([reply = reply, serve = serve] { reply(serve()); });
    });
  }

  /// One call under way, shared by the caller and every message of it.
  template <class R>
  struct Call {
    Call(Network& through, Process& caller, Process& called)
        : network(through), from(caller), to(called) {}
    virtual ~Call() = default;
    virtual void handle(const Reply<R>& reply) = 0;

    static void arrive(const std::shared_ptr<Call>& call) {
      Process& to = call->to;
      if (!to.machine().on()) return;
      if (!to.alive()) {
        reply(call, Error{After::unchanged_retry, to.name() + ": connection refused"});
      } else {
        to.deliver([call = call] { call->handle(Reply<R>(call)); });
      }
    }

    static void reply(const std::shared_ptr<Call>& call, R&& answer) {
      // The first answer travels in the call: a message with an answer in it would be too large for
      // an Act to hold within.
      if (call->answer) {
        call->network.send(call->to.machine(), call->from.machine(),
                           [call = call, answer = std::move(answer)]() mutable {
                             if (!call->arrived) call->answer = std::move(answer);
                             take(*call);
                           });
      } else {
        call->answer = std::move(answer);
        call->network.send(call->to.machine(), call->from.machine(),
                           [call = call] { take(*call); });
      }
    }

    /// A message that comes twice finds what it brought the first time.
    static void take(Call& call) {
      if (std::exchange(call.arrived, true)) return;
      if (call.waiter) call.network.scheduler_.wake(*call.waiter);
    }

    Network& network;
    Process& from;
    Process& to;
    std::optional<R> answer;  ///< on its way, until it has arrived
    bool arrived = false;
    std::optional<Waiter> waiter;
  };

 private:
  template <class R, class Handle>
  struct HandledBy final : Call<R> {
    HandledBy(Network& through, Process& caller, Process& called, Handle&& by)
        : Call<R>(through, caller, called), handler(std::move(by)) {}
    void handle(const Reply<R>& reply) override { handler(reply); }
    Handle handler;
  };

  void send_twice(Duration delay, Duration again, Act&& arrive);

  Scheduler& scheduler_;
  Dice& dice_;
  static constexpr std::size_t kMachinesMax = 8;
  std::array<std::array<Link, kMachinesMax>, kMachinesMax> links_{};  // by both ends' numbers
};

}  // namespace understudy::simulation
