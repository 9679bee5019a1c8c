#include "admin.h"

#include <fmt/format.h>

namespace understudy::boxoffice {
namespace {

const Error kOtherEpoch{After::unchanged_retry, "the database is of another epoch"};

}  // namespace

Admin::Admin(Site& site, Parts parts) : site_(site), parts_(std::move(parts)) {
  const auto add = [&](std::string_view method, std::string_view path,
                       http::Response (Admin::*handle)(Visit&)) {
    site_.add(method, path, Access::signed_in,
              [this, handle](Visit& visit) { return (this->*handle)(visit); });
  };
  add("GET", "/", &Admin::orders);
  add("POST", "/refunds", &Admin::refund);
  add("GET", "/dead-letters", &Admin::letters);
  add("POST", "/requeues", &Admin::requeue);
  add("GET", "/links", &Admin::links);
  add("POST", "/links", &Admin::make_link);
}

http::Response Admin::orders(Visit& visit) {
  const std::string text = visit.request.parameter("q");
  const auto before = to_number(visit.request.parameter("before"));
  const auto lines = parts_.book.search(text, before);
  if (!lines) return site_.trouble(visit, lines.error());
  View view("orders.html", "Orders");
  auto& body = view.body();
  body["QUERY"] = text;
  for (const OrderLine& line : *lines) {
    auto* item = body.AddSectionDictionary("ORDER");
    (*item)["ID"] = std::to_string(line.id);
    (*item)["NAME"] = line.name;
    (*item)["SEAT"] = std::to_string(line.seat);
    (*item)["BUYER"] = line.buyer;
    (*item)["PRICE"] = money(line.price_cents);
    (*item)["AT"] = date(line.at);
    (*item)["REGION"] = line.region;
    (*item)["EPOCH"] = std::to_string(line.epoch);
    auto* state = item->AddSectionDictionary(line.refunded ? "REFUNDED" : "STANDS");
    (*state)["ID"] = std::to_string(line.id);
    (*state)["TOKEN"] = form_token(visit.visitor);
  }
  body.ShowSection(lines->empty() ? "NONE" : "SOME");
  if (lines->size() == OrderBook::kPage)
    (*body.AddSectionDictionary("OLDER"))["PATH"] =
        fmt::format("/?q={}&before={}", url_encoded(text), lines->back().id);
  if (visit.request.parameter("done") == "refunded") body.ShowSection("DONE");
  return site_.page(visit, view);
}

http::Response Admin::refund(Visit& visit) {
  const auto order = to_number(visit.form["order"]);
  if (!order) return site_.message(visit, 400, "Which order?", "Its number is missing.");
  const auto permission = site_.permission(visit);
  if (!permission) return site_.try_again(visit, permission.error());
  const auto refund = parts_.orders.refund(*order, *permission);
  if (!refund) return site_.try_again(visit, refund.error());
  visit.event.add("outcome", refund->outcome).add("order", *order);
  if (refund->outcome == "other_epoch") return site_.try_again(visit, kOtherEpoch);
  if (refund->outcome == "no_order")
    return site_.message(visit, 404, "No such order", "Nothing was refunded.");
  if (refund->outcome == "refunded")
    parts_.feed.changed({refund->event, refund->seat, "free", refund->version});
  auto response = site_.redirect(fmt::format("/?q={}&done=refunded", *order));
  site_.acknowledge(response, *permission, "refund");
  return response;
}

http::Response Admin::letters(Visit& visit) {
  const auto letters = parts_.letters.all();
  if (!letters) return site_.trouble(visit, letters.error());
  View view("dead-letters.html", "Dead letters");
  auto& body = view.body();
  for (const DeadLetter& letter : *letters) {
    auto* item = body.AddSectionDictionary("LETTER");
    (*item)["ID"] = std::to_string(letter.id);
    (*item)["KIND"] = letter.kind;
    (*item)["ORDER"] = std::to_string(letter.order);
    (*item)["ATTEMPTS"] = std::to_string(letter.attempts);
    (*item)["ERROR"] = letter.error;
    (*item)["AT"] = date(letter.failed_at);
    (*item)["TOKEN"] = form_token(visit.visitor);
  }
  body.ShowSection(letters->empty() ? "NONE" : "SOME");
  return site_.page(visit, view);
}

http::Response Admin::requeue(Visit& visit) {
  const auto id = to_number(visit.form["id"]);
  if (!id) return site_.message(visit, 400, "Which letter?", "Its number is missing.");
  const auto permission = site_.permission(visit);
  if (!permission) return site_.try_again(visit, permission.error());
  const auto done = parts_.letters.requeue(*id, *permission);
  if (!done) return site_.try_again(visit, done.error());
  visit.event.add("outcome", *done ? "requeued" : "not dead");
  if (!*done)
    return site_.message(visit, 409, "Not sent again",
                         "The letter is not dead any more, or we are just moving. Please look "
                         "again.");
  auto response = site_.redirect("/dead-letters");
  site_.acknowledge(response, *permission, "requeue");
  return response;
}

http::Response Admin::links(Visit& visit) { return show_links(visit, "", 200); }

http::Response Admin::show_links(Visit& visit, const std::string& complaint, unsigned status) {
  const auto links = parts_.links.all();
  if (!links) return site_.trouble(visit, links.error());
  View view("links.html", "Short links");
  auto& body = view.body();
  if (!complaint.empty()) (*body.AddSectionDictionary("COMPLAINT"))["TEXT"] = complaint;
  body["CODE"] = std::string(visit.form["code"]);
  body["EVENT"] = std::string(visit.form["event"]);
  for (const ShortLink& link : *links) {
    auto* item = body.AddSectionDictionary("LINK");
    (*item)["CODE"] = link.code;
    (*item)["NAME"] = link.name;
    (*item)["CLICKS"] = std::to_string(link.clicks);
  }
  body.ShowSection(links->empty() ? "NONE" : "SOME");
  return site_.page(visit, view, status);
}

http::Response Admin::make_link(Visit& visit) {
  const std::string code(visit.form["code"]);
  const auto event = to_id(visit.form["event"]);
  if (!is_code(code))
    return show_links(visit, "A code is 1 to 40 lower-case letters, digits and hyphens.", 422);
  if (!event) return show_links(visit, "An event is a number.", 422);
  const auto permission = site_.permission(visit);
  if (!permission) return site_.try_again(visit, permission.error());
  const auto outcome = parts_.links.make(code, *event, *permission);
  if (!outcome) return site_.try_again(visit, outcome.error());
  visit.event.add("outcome", *outcome);
  if (*outcome == "other_epoch") return site_.try_again(visit, kOtherEpoch);
  if (*outcome == "no_event") return show_links(visit, "There is no such event.", 422);
  if (*outcome == "other_event")
    return show_links(visit, "This code leads to another event already.", 409);
  auto response = site_.redirect("/links");
  site_.acknowledge(response, *permission, "link");
  return response;
}

}  // namespace understudy::boxoffice
