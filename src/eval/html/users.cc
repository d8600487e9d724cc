// The section of single users: what they did, what they are recommended, and what spoke for it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/html/markup.h"
#include "eval/html/sections.h"

namespace peapod::html {
namespace {

std::string place_text(const std::optional<size_t>& place) {
  return place ? fmt::format("{}", *place + 1) : std::string("–");
}

// With a minus sign rather than a hyphen.
std::string signed_text(float value) { return fmt::format("{}{:.2f}", value < 0 ? "−" : "", std::abs(value)); }

std::string history_of(const SampleUser& user) {
  std::string items;
  if (user.history.size() < user.history_length) {
    items += fmt::format("<li class=\"more\">{} earlier</li>\n", user.history_length - user.history.size());
  }
  for (const std::string& name : user.history) items += element("li", "", escape(name));
  return element("ol", "history", items);
}

std::string target_of(const SampleUser& user) {
  const auto found = std::ranges::find(user.recommended, true, &SampleItem::is_target);
  std::string verdict = "<span class=\"badge miss\">not among the ten</span>";
  if (found != user.recommended.end()) {
    verdict = fmt::format("<span class=\"badge hit\">recommended at {}</span>", found - user.recommended.begin() + 1);
  }
  return element(
      "p", "target",
      fmt::format("then chose <b>{}</b> {} <small>{} in training, recalled at {}</small>", escape(user.target), verdict,
                  user.target_popularity, place_text(user.target_recalled_at)));
}

std::string table_of(const SampleUser& user) {
  std::string body;
  for (size_t i = 0; i < user.recommended.size(); ++i) {
    const SampleItem& item = user.recommended[i];
    std::string cells = fmt::format("<td>{}</td><td class=\"name\">{}{}</td><td>{}</td><td>{}</td>", i + 1,
                                    escape(item.name), item.is_target ? " <span class=\"badge hit\">chosen</span>" : "",
                                    signed_text(item.score), place_text(item.recalled_at));
    cells += element("td", "", item.recalled_at ? fmt::format("{:.2f}", item.recalled_score) : "–");
    cells += element("td", "", fmt::format("{}", item.popularity));
    body += element("tr", item.is_target ? "chosen" : "", cells);
  }
  return "<div class=\"scroll\"><table class=\"recommended\"><thead><tr><th>#</th><th class=\"name\">recommended</th>"
         "<th>log p</th><th>recalled at</th><th>recall score</th><th>in training</th></tr></thead><tbody>" +
         body + "</tbody></table></div>\n";
}

std::string prompts_of(const SampleUser& user) {
  if (user.prompts.empty()) return {};
  std::string items;
  for (const PromptShare& share : user.prompts) {
    items += fmt::format(
        "<li><span>prompt {}</span><span class=\"bar\"><i style=\"width:{:.1f}%\"></i></span><b>{:.0f} "
        "%</b><small>everybody "
        "{:.0f} %</small></li>\n",
        share.prompt, 100 * share.weight, 100 * share.weight, 100 * share.everybody);
  }
  return element("p", "prompts-title", "Strongest shared prompts") + element("ul", "prompts", items);
}

}  // namespace

std::string users_section(const PageContents& contents) {
  if (contents.users.empty()) return {};
  std::string section = element(
      "h2", "",
      fmt::format("{} user{}, drawn by a fixed seed", contents.users.size(), contents.users.size() == 1 ? "" : "s"));
  section += element(
      "p", "lead",
      "Histories are oldest first. <i>log p</i> is the search’s score; <i>recalled at</i> is the item’s place among "
      "what the history brings to mind (neighbours, alike titles), with that score: – says that it was not recalled, "
      "so "
      "that the network and popularity alone spoke for it.");
  for (const SampleUser& user : contents.users) {
    section += element("article", "card user",
                       fmt::format("<h3>{} <small>{} items</small></h3>", escape(user.name), user.history_length) +
                           history_of(user) + target_of(user) + table_of(user) + prompts_of(user));
  }
  return element("section", "", section);
}

}  // namespace peapod::html
