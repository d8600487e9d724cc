#include "eval/html/page.h"

#include <fmt/format.h>

#include "eval/html/markup.h"
#include "eval/html/sections.h"

namespace peapod::html {
namespace {

std::string header_of(const PageContents& contents) {
  std::string header = element("p", "eyebrow", "peapod evaluate");
  header += element("h1", "", fmt::format("{} <span>on</span> {}", escape(contents.model), escape(contents.dataset)));
  header += element("p", "facts",
                    fmt::format("{} split · {} users · {} items", escape(contents.split),
                                contents.population.users.size(), contents.num_items));
  if (contents.leaking_ids) {
    header += element("p", "warning",
                      "Leaking ids: the item numbers follow first appearance, test items included. These figures say "
                      "little.");
  }
  return element("header", "", header);
}

std::string notes_section(const PageContents& contents) {
  std::string items;
  for (const std::string& note : contents.notes) items += element("li", "", escape(note));
  for (const MethodRanks& one : contents.methods) {
    items += element("li", "", fmt::format("<b>{}</b>: {}", escape(one.name), escape(one.how)));
  }
  return element("section", "notes", element("h2", "", "How this was measured") + element("ul", "", items));
}

}  // namespace

std::string page(const PageContents& contents) {
  std::string body = header_of(contents);
  for (const auto section : {glance_section, metrics_section, differences_section, explanations_section,
                             breakdown_section, training_section, users_section, notes_section}) {
    body += section(contents);
  }
  return document(contents.model + " on " + contents.dataset, body);
}

}  // namespace peapod::html
