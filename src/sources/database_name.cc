#include "sources/database_name.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "sources/plain_text.h"

namespace peapod {
namespace {

constexpr std::array<std::string_view, 2> kSchemes = {"postgresql://", "postgres://"};

std::string_view scheme_of(std::string_view url) {
  const auto* scheme = std::ranges::find_if(kSchemes, [&](std::string_view one) { return url.starts_with(one); });
  return scheme == kSchemes.end() ? std::string_view() : url.substr(0, scheme->size());
}

// That of any URL, up to its two slashes.
std::string_view any_scheme_of(std::string_view url) {
  const size_t end = url.find("://");
  return end == std::string_view::npos ? std::string_view() : url.substr(0, end + 3);
}

// A parameter whose name holds a % may be called anything.
bool may_be_password(std::string_view parameter) {
  const std::string_view name = parameter.substr(0, parameter.find('='));
  return name.find("password") != std::string_view::npos || name.find('%') != std::string_view::npos;
}

}  // namespace

bool is_sqlite_name(std::string_view source) { return source.starts_with(kSqlitePrefix); }

bool is_postgresql_url(std::string_view source) { return !scheme_of(source).empty(); }

bool has_readable_user(std::string_view url) {
  const std::string_view rest = url.substr(scheme_of(url).size());
  const size_t at = rest.find('@');
  return at == std::string_view::npos || (rest.find('/') > at && rest.find('@', at + 1) == std::string_view::npos);
}

std::string without_password(std::string_view url) {
  const std::string_view scheme = scheme_of(url);
  std::string_view rest = url.substr(scheme.size());
  std::string text(scheme);
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    text += rest.substr(0, std::min(rest.find(':'), at));
    rest.remove_prefix(at);
  }
  const size_t parameters = std::min(rest.find('?'), rest.size());
  text += rest.substr(0, parameters);
  if (parameters == rest.size()) return text;
  char sign = '?';
  for (const std::string_view parameter : split_fields(rest.substr(parameters + 1), '&')) {
    if (may_be_password(parameter)) continue;
    text += sign;
    text += parameter;
    sign = '&';
  }
  return text;
}

std::string shown_url(std::string_view url) {
  const std::string_view scheme = any_scheme_of(url);
  if (is_postgresql_url(url) && has_readable_user(url)) {
    const std::string text = without_password(url);
    return text.substr(0, text.find('?'));
  }
  const std::string_view rest = url.substr(scheme.size());
  return std::string(scheme) + std::string(rest.substr(0, rest.find_first_of(":/@?"))) + "@…";
}

std::string with_shown_urls(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const size_t slashes = std::min(text.find("://"), text.size());
    size_t begin = slashes;
    const auto in_scheme = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
    };
    while (slashes < text.size() && begin > 0 && in_scheme(text[begin - 1])) --begin;
    shown += text.substr(0, begin);
    text.remove_prefix(begin);
    const size_t end = std::min(text.find_first_of(" \t\r\n\"'`"), text.size());
    // Of other kinds than PostgreSQL's, those that name somebody.
    const std::string_view url = text.substr(0, end);
    shown += is_postgresql_url(url) || url.find('@') != std::string_view::npos ? shown_url(url) : std::string(url);
    text.remove_prefix(end);
  }
  return shown;
}

}  // namespace peapod
