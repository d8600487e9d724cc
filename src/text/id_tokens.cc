#include "text/id_tokens.h"

#include <cassert>
#include <string>
#include <vector>

namespace peapod {

namespace {

std::string numbered(const char* prefix, uint64_t number) { return prefix + std::to_string(number); }

}  // namespace

IdTokens::IdTokens(const Tokenizer& tokenizer, const ItemIds& ids, uint32_t num_users)
    : vocabulary_size_(tokenizer.size()) {
  for (uint64_t number = 0; number <= num_users; ++number) users_.add_row(tokenizer.encode(numbered("user_", number)));

  if (ids.scheme != IdScheme::collaborative) {
    for (const uint32_t number : ids.numbers) {
      inputs_.add_row(tokenizer.encode(numbered("item_", number)));
      outputs_.add_row(tokenizer.encode(std::to_string(number)));
    }
    return;
  }
  const size_t levels = ids.level_sizes.size();
  assert(levels > 0 && ids.codes.size() % levels == 0);
  const int32_t item_token = vocabulary_size_++;
  std::vector<int32_t> first_of_level;
  for (const uint32_t size : ids.level_sizes) {
    first_of_level.push_back(vocabulary_size_);
    vocabulary_size_ += static_cast<int32_t>(size);
  }
  std::vector<int32_t> row(1 + levels, item_token);
  for (uint32_t item = 0; item < ids.codes.size() / levels; ++item) {
    const std::span<const uint16_t> code = ids.code(item);
    for (size_t level = 0; level < levels; ++level) {
      assert(code[level] < ids.level_sizes[level]);
      row[1 + level] = first_of_level[level] + code[level];
    }
    inputs_.add_row(row);
    outputs_.add_row(std::span(row).subspan(1));
  }
}

std::span<const int32_t> IdTokens::user(uint32_t user) const {
  if (user == kUnknownUser) return users_.row(0);
  assert(user + 1 < users_.num_rows());
  return users_.row(size_t{user} + 1);
}

std::span<const int32_t> IdTokens::item_input(uint32_t item) const {
  assert(item < num_items());
  return inputs_.row(item);
}

std::span<const int32_t> IdTokens::item_output(uint32_t item) const {
  assert(item < num_items());
  return outputs_.row(item);
}

uint32_t IdTokens::num_items() const { return static_cast<uint32_t>(outputs_.num_rows()); }

int32_t IdTokens::vocabulary_size() const { return vocabulary_size_; }

}  // namespace peapod
