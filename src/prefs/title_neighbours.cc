#include "prefs/title_neighbours.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "base/threads.h"

namespace peapod {
namespace {

// Calls visit(word) for each word of a title, in lower case.
template <class Visit>
void for_each_word(std::string_view title, const Visit& visit) {
  std::string word;
  for (size_t i = 0; i <= title.size(); ++i) {
    // Not by the locale of whoever runs this: a model is to see the same words everywhere.
    const char c = i < title.size() ? title[i] : ' ';
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) {
      word += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!word.empty()) {
      visit(word);
      word.clear();
    }
  }
}

struct Entry {
  uint32_t index;  // of a word in a title's row, of an item in a word's
  float weight;    // TF-IDF over the length of the item's vector
};

}  // namespace

TitleNeighbours::TitleNeighbours(std::span<const std::string> titles, const TitleNeighbourOptions& options) {
  std::unordered_map<std::string, uint32_t> words;
  std::vector<uint32_t> num_items_of;                                 // by word
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> counts_of;  // by item: words by rising index, and how often
  for (const std::string& title : titles) {
    std::map<uint32_t, uint32_t> counts;
    for_each_word(title, [&](const std::string& word) {
      const auto [place, added] = words.emplace(word, static_cast<uint32_t>(words.size()));
      if (added) num_items_of.push_back(0);
      ++counts[place->second];
    });
    for (const auto& [word, count] : counts) ++num_items_of[word];
    counts_of.emplace_back(counts.begin(), counts.end());
  }

  std::vector<std::vector<Entry>> rows(titles.size()), items_of(words.size());
  for (uint32_t item = 0; item < titles.size(); ++item) {
    double square = 0;
    for (const auto& [word, count] : counts_of[item]) {
      const double inverse = std::log(static_cast<double>(titles.size() + 1) / num_items_of[word]);
      const double weight = (1.0 + std::log(count)) * inverse;
      square += weight * weight;
      rows[item].push_back({word, static_cast<float>(weight)});
    }
    for (Entry& entry : rows[item]) {
      entry.weight = static_cast<float>(entry.weight / std::sqrt(square));
      if (num_items_of[entry.index] <= options.most_items_of_a_word) {
        items_of[entry.index].push_back({item, entry.weight});
      }
    }
  }

  std::vector<std::vector<Neighbour>> nearest(titles.size());
  struct Cosines {
    explicit Cosines(size_t size) : of(size) {}
    std::vector<float> of;  // zeros but for what is touched
    std::vector<uint32_t> touched;
  };
  parallel_for(
      titles.size(), [&] { return std::make_unique<Cosines>(titles.size()); },
      [&](Cosines& cosines, size_t item) {
        for (const Entry& entry : rows[item]) {
          for (const Entry& other : items_of[entry.index]) {
            if (other.index == item) continue;
            if (cosines.of[other.index] == 0.0f) cosines.touched.push_back(other.index);
            cosines.of[other.index] += entry.weight * other.weight;
          }
        }
        for (const uint32_t other : cosines.touched) {
          nearest[item].push_back({other, std::min(cosines.of[other], 1.0f)});
          cosines.of[other] = 0.0f;
        }
        cosines.touched.clear();
        const auto better = [](const Neighbour& a, const Neighbour& b) {
          return a.cosine != b.cosine ? a.cosine > b.cosine : a.item < b.item;
        };
        const size_t kept = std::min<size_t>(nearest[item].size(), options.neighbours);
        std::partial_sort(nearest[item].begin(), nearest[item].begin() + static_cast<ptrdiff_t>(kept),
                          nearest[item].end(), better);
        nearest[item].resize(kept);
        nearest[item].shrink_to_fit();
      });
  starts_.push_back(0);
  for (const auto& row : nearest) {
    neighbours_.insert(neighbours_.end(), row.begin(), row.end());
    starts_.push_back(neighbours_.size());
  }
}

}  // namespace peapod
