// Words with a role in explanation mining: opinions with their sign, and words that are never a feature of a product.
// Our own choice for English reviews. Pure functions, safe from any thread; words are lower-case ASCII.
#pragma once

#include <string_view>

namespace peapod {

// 1 for praise, -1 for blame, 0 for a word that is neither.
int opinion_of(std::string_view word);

// "not", "never", "isn't" …: turns the opinion that follows round.
bool is_negation(std::string_view word);

// Articles, possessives and the like, which announce a noun.
bool is_determiner(std::string_view word);

// Function words, common verbs and adverbs, and nouns too general to be a feature ("thing", "product").
bool is_stop_word(std::string_view word);

}  // namespace peapod
