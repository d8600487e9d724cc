#include "model/composer.h"

#include <algorithm>
#include <iterator>

#include "base/choices.h"
#include "model/composers/shared_prompts.h"
#include "model/composers/similar_users.h"
#include "model/composers/unpersonal_composer.h"

namespace peapod {
namespace {

constexpr ComposerKind kComposers[] = {
    {kSharedPrompts, true, SharedPrompts::visit, SharedPrompts::fit, SharedPrompts::load},
    {kSimilarUsers, true, SimilarUsers::visit, SimilarUsers::fit, SimilarUsers::load},
    {kTaskOnly, false, UnpersonalComposer::visit, UnpersonalComposer::fit<true>, UnpersonalComposer::load<true>},
    {kNoPrompts, false, UnpersonalComposer::visit, UnpersonalComposer::fit<false>, UnpersonalComposer::load<false>},
};

}  // namespace

std::span<const ComposerKind> composer_kinds() { return kComposers; }

std::vector<std::string> composer_names() {
  std::vector<std::string> names;
  for (const ComposerKind& kind : kComposers) names.emplace_back(kind.name);
  return names;
}

const ComposerKind& composer_kind(std::string_view name, std::string_view place) {
  const auto found = std::ranges::find(kComposers, name, &ComposerKind::name);
  if (found != std::end(kComposers)) return *found;
  refuse_choice(place, "composer", name, composer_names());
}

}  // namespace peapod
