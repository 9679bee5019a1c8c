// nginx in the local stack: the CDN, as CloudFront is one with an origin group.

#include <fmt/format.h>

#include "local/render.h"

namespace understudy {

namespace {

/// At most so many objects are kept, some 8 to a KiB; the oldest make room.
constexpr unsigned kCacheKeysKib = 256;

/// One process, so that whoever kills it has killed all of it: a worker that outlived its master
/// would keep the port, and no successor could start. What is lost without a master is the sweeping
/// of the cache by age, which would only take away what both origins' outage needs; by number it is
/// kept small.
std::string process_settings(const std::string& folder) {
  return fmt::format(R"(# Written by understudy up.
daemon off;
master_process off;
pid {0}/cdn.pid;
# An origin that is down is no news for each request anew.
error_log stderr crit;

events {{
  worker_connections 4000;
}}

http {{
  access_log off;
  server_tokens off;
  server_names_hash_bucket_size 128;
  client_max_body_size 16m;
  client_body_temp_path {0}/cdn-temp;
  proxy_temp_path {0}/cdn-temp;
  fastcgi_temp_path {0}/cdn-temp;
  uwsgi_temp_path {0}/cdn-temp;
  scgi_temp_path {0}/cdn-temp;
  proxy_cache_path {0}/cdn-cache levels=1:2 keys_zone=edge:{1}k use_temp_path=off;
)",
                     folder, kCacheKeysKib);
}

/// The primary origin is the home region's load balancer, whoever is active: an origin group's
/// order is configuration. `max_fails=0`: an origin that failed is asked again by the next request.
std::string origins(const Layout& layout) {
  const std::string& home = layout.topology().home;
  return fmt::format(R"(
  upstream origin_group {{
    server {} max_fails=0;
    server {} max_fails=0 backup;
  }}
  upstream accelerator {{
    server {} max_fails=0;
  }}
)",
                     layout.load_balancer(home).text(),
                     layout.load_balancer(layout.topology().other(home).name).text(),
                     layout.edge_http().text());
}

/// CloudFront takes no writing method where there is an origin group, and refuses a GET with a
/// body. So what writes goes to an origin of its own, the accelerator, which leads to the region
/// that is ready; it is alone there, and so asked once.
std::string routing(const Layout& layout, const CdnTimeouts& timeouts) {
  return fmt::format(R"(
  map "$request_method $http_content_length$http_transfer_encoding" $way {{
    default refused;
    "~^(GET|HEAD) 0*$" origin_group;
    "~^OPTIONS " origin_group;
    "~^(POST|PUT|PATCH|DELETE) " accelerator;
  }}
  map $upstream_cache_status $x_cache {{
    default miss;
    HIT hit;
    STALE stale;
    UPDATING stale;
  }}

  proxy_http_version 1.1;
  # Room for an answer's head with long cookies.
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;
  proxy_busy_buffers_size 32k;
  proxy_bind {};
  proxy_connect_timeout {}ms;
  proxy_send_timeout {}ms;
  proxy_read_timeout {}ms;
  proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;
  proxy_cache_use_stale error timeout invalid_header http_500 http_502 http_503 http_504 updating;
  # Only Cache-Control and Vary say what is kept, as elsewhere.
  proxy_ignore_headers X-Accel-Expires X-Accel-Redirect X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
  proxy_hide_header X-Cache;
  add_header X-Cache $x_cache always;
)",
                     layout.topology().edge_address, timeouts.connect.count(),
                     timeouts.read.count(), timeouts.read.count());
}

std::string listeners(const Layout& layout, std::string_view option) {
  std::string text;
  for (const Endpoint& endpoint : layout.cdn_listeners())
    text += fmt::format("    listen {}{};\n", endpoint.text(), option);
  return text;
}

/// What nginx caches by itself is what may be: not Set-Cookie, private, no-store, or without a
/// lifetime. A request's cookies and authorization stay here, so that nobody's own page is made.
std::string cached(const std::string& service, std::string_view location) {
  return fmt::format(R"(    location {} {{
      proxy_pass http://origin_group;
      proxy_set_header Host {};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Cookie "";
      proxy_set_header Authorization "";
      proxy_cache edge;
      proxy_cache_key "{} $request_uri";
    }}
)",
                     location, service, service);
}

std::string uncached(const std::string& service) {
  return fmt::format(R"(    location / {{
      proxy_pass http://origin_group;
      proxy_set_header Host {};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
)",
                     service);
}

std::string page_server(const Layout& layout, const Service& service, const CdnTimeouts& timeouts) {
  std::string text = "\n  server {\n" + listeners(layout, "");
  text += fmt::format(R"(    server_name {0} {0}.localhost;
    error_page 418 = @accelerator;
    if ($way = refused) {{
      return 403;
    }}
    if ($way = accelerator) {{
      return 418;
    }}
    location @accelerator {{
      proxy_pass http://accelerator;
      proxy_set_header Host {0};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_next_upstream off;
      proxy_send_timeout {1}ms;
      proxy_read_timeout {1}ms;
    }}
)",
                      service.name, timeouts.write.count());
  if (service.posture == Posture::edge_cached) {
    text += cached(service.name, "/");
  } else {
    text += cached(service.name, "/static/") + uncached(service.name);
  }
  return text + "  }\n";
}

/// Says which hosts there are to whoever asked for another.
std::string other_hosts(const Layout& layout) {
  std::string names;
  for (const Service* service : layout.topology().reached_by(IngressKind::cdn))
    names += fmt::format("http://{}.localhost:{}\\n", service->name, layout.edge_cdn().port);
  return fmt::format(
      "\n  server {{\n{}    default_type text/plain;\n    return 403 \"no page service of that "
      "name; there are:\\n{}\";\n  }}\n",
      listeners(layout, " default_server"), names);
}

}  // namespace

std::string cdn_configuration(const Layout& layout, const CdnTimeouts& timeouts) {
  const DomainPlace edge = layout.domain("edge");
  std::string text = process_settings(edge.folder);
  text += origins(layout) + routing(layout, timeouts) + other_hosts(layout);
  for (const Service* service : layout.topology().reached_by(IngressKind::cdn))
    text += page_server(layout, *service, timeouts);
  return text + "}\n";
}

}  // namespace understudy
