#include "webapp.h"

#include <fmt/format.h>

#include <algorithm>

#include "assets.h"

namespace understudy::boxoffice {
namespace {

constexpr std::size_t kEventsOnPage = 24;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// Of letters other than ASCII's, case counts.
std::vector<const Event*> matching(const std::vector<Event>& events, const std::string& text) {
  std::vector<const Event*> found;
  for (const Event& event : events)
    if (lower(event.name + " " + event.venue).find(lower(text)) != std::string::npos)
      found.push_back(&event);
  return found;
}

void describe(const Event& event, ctemplate::TemplateDictionary& into) {
  into["ID"] = std::to_string(event.id);
  into["NAME"] = event.name;
  into["VENUE"] = event.venue;
  into["DATE"] = date(event.starts_at);
  into["PRICE"] = money(event.price_cents);
}

struct Complaint {
  std::string_view outcome;
  unsigned status;
  const char* text;
};

/// What the outcomes of `buy` in schema.sql are for a person who sees the map again.
constexpr Complaint kComplaints[] = {
    {"taken", 409, "Somebody was faster: this seat is sold. Please choose another one."},
    {"held", 409, "Somebody is just buying this seat. Please choose another one."},
    {"sold_out", 409, "This event is sold out."},
    {"no_seat", 422, "There is no such seat."},
    {"other_request", 422,
     "This form has already bought a ticket: it is in My tickets. To buy another one, choose a "
     "seat "
     "here."},
};

const Complaint* complaint_of(std::string_view outcome) {
  const auto* found = std::find_if(std::begin(kComplaints), std::end(kComplaints),
                                   [&](const auto& each) { return each.outcome == outcome; });
  return found == std::end(kComplaints) ? nullptr : found;
}

}  // namespace

Webapp::Webapp(Site& site, Parts parts) : site_(site), parts_(std::move(parts)) {
  site_.add("GET", "/", Access::anybody, [this](Visit& visit) { return events(visit); });
  site_.add("GET", "/events/", Access::anybody, [this](Visit& visit) { return event(visit); });
  site_.add("POST", "/orders", Access::anybody, [this](Visit& visit) { return buy(visit); });
  site_.add("GET", "/tickets", Access::signed_in, [this](Visit& visit) { return tickets(visit); });
}

http::Response Webapp::events(Visit& visit) {
  const auto all = parts_.catalog.events();
  if (!all) return site_.trouble(visit, all.error());
  const std::string text = visit.request.parameter("q");
  const auto found = matching(**all, text);
  const std::size_t pages = (found.size() + kEventsOnPage - 1) / kEventsOnPage;
  const auto asked = to_id(visit.request.parameter("page")).value_or(1);
  const std::size_t page =
      std::clamp<std::size_t>(static_cast<std::size_t>(asked), 1, std::max<std::size_t>(pages, 1));
  View view("events.html", "Events");
  auto& body = view.body();
  body["QUERY"] = text;
  body.ShowSection(found.empty() ? "NONE" : "SOME");
  for (std::size_t i = (page - 1) * kEventsOnPage; i < found.size() && i < page * kEventsOnPage;
       ++i)
    describe(*found[i], *body.AddSectionDictionary("EVENT"));
  const auto link = [&](const char* section, std::size_t to) {
    (*body.AddSectionDictionary(section))["PATH"] =
        fmt::format("/?q={}&page={}", url_encoded(text), to);
  };
  if (page > 1) link("EARLIER", page - 1);
  if (page < pages) link("LATER", page + 1);
  return site_.page(visit, view);
}

/// `key` comes back with whoever had to sign in between form and purchase, so that a purchase of
/// which nobody knew the outcome is not made twice.
http::Response Webapp::event(Visit& visit) {
  const auto id = to_id(visit.rest);
  if (!id) return site_.message(visit, 404, "No such event", "Perhaps it is over.");
  Choice choice{visit.request.parameter("seat"), visit.request.parameter("key"), "", 200};
  if (!is_printable(choice.key)) choice.key = random_name();
  return show_event(visit, *id, choice);
}

http::Response Webapp::show_event(Visit& visit, std::int64_t id, const Choice& choice) {
  const auto event = parts_.catalog.find(id);
  if (!event) return site_.trouble(visit, event.error());
  if (!*event) return site_.message(visit, 404, "No such event", "Perhaps it is over.");
  const auto seats = parts_.catalog.seats(id);
  if (!seats) return site_.trouble(visit, seats.error());
  View view("event.html", (*event)->name);
  auto& body = view.body();
  describe(**event, body);
  if (!choice.complaint.empty())
    (*body.AddSectionDictionary("COMPLAINT"))["TEXT"] = choice.complaint;
  body["KEY"] = choice.key;
  body["SCRIPT"] = static_path("seats.js");
  if (!parts_.feed_url.empty())
    (*body.AddSectionDictionary("FEED"))["URL"] = fmt::format("{}?event={}", parts_.feed_url, id);
  show_seats(*seats, choice, view);
  return site_.page(visit, view, choice.status);
}

void Webapp::show_seats(const std::vector<SeatChange>& seats, const Choice& choice,
                        View& view) const {
  auto& body = view.body();
  std::int64_t free = 0;
  bool chosen = false;
  for (const SeatChange& seat : seats) {
    auto* item = body.AddSectionDictionary("SEAT");
    const std::string number = std::to_string(seat.seat);
    (*item)["SEAT"] = number;
    (*item)["STATE"] = seat.state;
    (*item)["VERSION"] = std::to_string(seat.version);
    if (seat.state != "free") {
      item->ShowSection("NOT_FREE");
      continue;
    }
    ++free;
    if (number != choice.seat) continue;
    item->ShowSection("CHOSEN");
    chosen = true;
  }
  body["FREE"] = std::to_string(free);
  body["SEATS"] = std::to_string(seats.size());
  if (!chosen) body.ShowSection("BEST_CHOSEN");
  body.ShowSection(free > 0 ? "ON_SALE" : "SOLD_OUT");
}

http::Response Webapp::buy(Visit& visit) {
  const auto id = to_id(visit.form["event"]);
  const std::string seat(visit.form["seat"]);
  const std::string key(visit.form["key"]);
  Wish wish{.key = key, .seat = to_id(seat), .buyer = visit.visitor.name};
  if (!id || !is_printable(key) || (!seat.empty() && !wish.seat))
    return site_.message(visit, 400, "That was no purchase", "Please open the event again.");
  wish.event = *id;
  visit.event.add("key", key);
  if (wish.buyer.empty() && visit.visitor.is_known)
    return site_.redirect("/signin?next=" +
                          url_encoded(fmt::format("/events/{}?seat={}&key={}", *id,
                                                  url_encoded(seat), url_encoded(key))));
  if (wish.buyer.empty())
    return site_.try_again(visit, {After::unchanged_retry, "Redis does not say who is signed in"});
  const auto permission = site_.permission(visit);
  if (!permission) return site_.try_again(visit, permission.error());
  const auto sale = parts_.orders.buy(wish, *permission);
  if (!sale) return site_.try_again(visit, sale.error());
  visit.event.add("outcome", sale->outcome).add("order", sale->order);
  if (sale->outcome == "other_epoch")
    return site_.try_again(visit, {After::unchanged_retry, "the database is of another epoch"});
  if (const Complaint* complaint = complaint_of(sale->outcome))
    return show_event(visit, *id, {"", random_name(), complaint->text, complaint->status});
  if (!sale->exists()) return site_.message(visit, 404, "No such event", "Perhaps it is over.");
  if (sale->outcome == "sold")
    parts_.feed.changed({sale->event, sale->seat, "sold", sale->version});
  auto response = site_.redirect("/tickets?bought=" + sale->order);
  site_.acknowledge(response, *permission, sale->order);
  return response;
}

/// A ticket that is shown is an acknowledgement where tickets are sold. Elsewhere the list is what
/// has arrived here, and says that it is no more than that.
http::Response Webapp::tickets(Visit& visit) {
  const Permission permission = site_.writer_page().judge();
  const auto lines = parts_.book.of_buyer(visit.visitor.name);
  if (!lines) return site_.trouble(visit, lines.error());
  View view("tickets.html", "My tickets");
  auto& body = view.body();
  const std::string bought = visit.request.parameter("bought");
  for (const OrderLine& line : *lines) {
    auto* item = body.AddSectionDictionary("TICKET");
    (*item)["ORDER"] = std::to_string(line.id);
    (*item)["EVENT"] = std::to_string(line.event);
    (*item)["NAME"] = line.name;
    (*item)["VENUE"] = line.venue;
    (*item)["DATE"] = date(line.starts_at);
    (*item)["SEAT"] = std::to_string(line.seat);
    (*item)["PRICE"] = money(line.price_cents);
    if (line.refunded) item->ShowSection("REFUNDED");
    if (std::to_string(line.id) == bought && !line.refunded) body.ShowSection("THANKS");
  }
  if (lines->empty()) body.ShowSection("NONE");
  if (!permission.open) body.ShowSection("ELSEWHERE");
  auto response = site_.page(visit, view);
  if (permission.open) site_.acknowledge(response, permission, "tickets");
  return response;
}

}  // namespace understudy::boxoffice
