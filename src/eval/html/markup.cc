#include "eval/html/markup.h"

#include <fmt/format.h>

#include "eval/html/style.h"

namespace peapod::html {

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return escaped;
}

std::string number(double value) { return fmt::format("{:.4f}", value); }

std::string difference(double value) {
  const std::string digits = fmt::format("{:.4f}", value < 0 ? -value : value);
  if (digits == "0.0000") return "0.0000";
  return (value < 0 ? "−" : "+") + digits;
}

std::string interval(const Estimate& e) { return fmt::format("[{:.4f}, {:.4f}]", e.low, e.high); }

std::string signed_interval(const Estimate& e) {
  return fmt::format("[{}, {}]", difference(e.low), difference(e.high));
}

std::string p_value(double p) { return p < 0.001 ? "p &lt; 0.001" : fmt::format("p = {:.3f}", p); }

std::string element(std::string_view tag, std::string_view css_class, std::string_view content) {
  if (css_class.empty()) return fmt::format("<{0}>{1}</{0}>\n", tag, content);
  return fmt::format("<{0} class=\"{1}\">{2}</{0}>\n", tag, css_class, content);
}

std::string document(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<main>\n{}</main>\n</body>\n</html>\n",
      escape(title), kStyle, body);
}

}  // namespace peapod::html
