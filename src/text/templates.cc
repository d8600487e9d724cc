#include "text/templates.h"

#include <utility>

namespace peapod {

namespace {

const TemplatePart kUser{Slot::user, {}};
const TemplatePart kItems{Slot::items, {}};

TemplatePart say(std::string text) { return {Slot::none, std::move(text)}; }

}  // namespace

std::span<const Template> templates_of(Task task) {
  static const std::vector<Template> kSequential = {
      {kUser, kItems},
      {kUser, say("chose"), kItems, say("and then")},
      {say("after"), kItems, say("what will"), kUser, say("want")},
      {say("so far"), kUser, say("took"), kItems},
      {say("continue the list of"), kUser, kItems},
      {kUser, say("came from"), kItems, say("and goes on to")},
  };
  static const std::vector<Template> kTopn = {
      {kUser, kItems},
      {say("rank for"), kUser, kItems},
      {kUser, say("would take one of"), kItems},
      {say("out of"), kItems, say("what fits"), kUser},
      {say("on offer to"), kUser, say("are"), kItems},
  };
  static const std::vector<Template> kExplanation = {
      {kUser, kItems},
      {say("why would"), kUser, say("like"), kItems},
      {kItems, say("suits"), kUser, say("because")},
      {kUser, say("says about"), kItems},
      {say("what speaks for"), kItems, say("to"), kUser},
      {say("reasons of"), kUser, say("to choose"), kItems},
  };
  switch (task) {
    case Task::sequential:
      return kSequential;
    case Task::topn:
      return kTopn;
    case Task::explanation:
      return kExplanation;
  }
  return {};
}

}  // namespace peapod
