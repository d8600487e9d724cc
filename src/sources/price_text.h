// What shops write for a price and for whether there is any left. Pure functions, safe from any thread.
#pragma once

#include <optional>
#include <string_view>

namespace peapod {

// `12.50`, `$1,299.00`, `12,50 €`: the number, whatever the currency, 0 or more; nothing where it is no single price.
// Of two signs the last one stands before the decimals; a single one does, unless three digits follow and there are
// more before.
std::optional<double> price_in(std::string_view text);

// Whether an item can be had: `true`, `yes`, `in stock`, a number left above 0, and their opposites, whatever the case;
// nothing for other texts.
std::optional<bool> availability_in(std::string_view text);

}  // namespace peapod
