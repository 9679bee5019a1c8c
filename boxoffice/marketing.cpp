#include "marketing.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy::boxoffice {
namespace {

struct Teaser {
  std::string_view path;  ///< /teasers/<path>
  std::int64_t event;
  const char* headline;
  const char* text;
};

/// What is written by people for people; date, place and price are the catalogue's.
constexpr Teaser kTeasers[] = {
    {"night", 4, "Stay after dark",
     "The lights go out, the organ begins. One evening, six centuries of music, and a building "
     "that "
     "answers every note."},
    {"silent", 5, "Nobody says a word",
     "A film of 1927 on the big screen, and a pianist who has never played it twice the same way."},
};

}  // namespace

Marketing::Marketing(Site& site, Catalog& catalog, std::string webapp_url)
    : site_(site), catalog_(catalog), webapp_url_(std::move(webapp_url)) {
  site_.add("GET", "/", Access::anybody, [this](Visit& visit) { return home(visit); });
  site_.add("GET", "/teasers/", Access::anybody, [this](Visit& visit) { return teaser(visit); });
}

http::Response Marketing::home(Visit& visit) {
  View view("home.html", "Evenings worth leaving the house for");
  view.body()["WEBAPP"] = webapp_url_;
  for (const Teaser& teaser : kTeasers) {
    const auto event = catalog_.find(teaser.event);
    if (!event) return site_.trouble(visit, event.error());
    if (!*event) continue;
    auto* item = view.body().AddSectionDictionary("TEASER");
    (*item)["PATH"] = fmt::format("/teasers/{}", teaser.path);
    (*item)["HEADLINE"] = teaser.headline;
    (*item)["NAME"] = (*event)->name;
    (*item)["VENUE"] = (*event)->venue;
    (*item)["DATE"] = date((*event)->starts_at);
  }
  return site_.page(visit, view);
}

http::Response Marketing::teaser(Visit& visit) {
  const auto* teaser = std::find_if(std::begin(kTeasers), std::end(kTeasers),
                                    [&](const auto& each) { return each.path == visit.rest; });
  if (teaser == std::end(kTeasers))
    return site_.message(visit, 404, "No such page", "Perhaps it is over.");
  const auto event = catalog_.find(teaser->event);
  if (!event) return site_.trouble(visit, event.error());
  if (!*event) return site_.message(visit, 404, "No such event", "Perhaps it is over.");
  View view("teaser.html", teaser->headline);
  auto& body = view.body();
  body["HEADLINE"] = teaser->headline;
  body["TEXT"] = teaser->text;
  body["NAME"] = (*event)->name;
  body["VENUE"] = (*event)->venue;
  body["DATE"] = date((*event)->starts_at);
  body["PRICE"] = money((*event)->price_cents);
  body["TICKETS"] = fmt::format("{}/events/{}", webapp_url_, teaser->event);
  return site_.page(visit, view);
}

}  // namespace understudy::boxoffice
