// Python's notation of dictionaries, in which Amazon's metadata of 2014 are published, rewritten as JSON. A pure
// function, safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace peapod {

// `{'asin': u'B1', 'price': None}` -> `{"asin": "B1", "price": null}`. What is no Python literal becomes no JSON
// either, which its parser then says: nothing is checked here but texts, whose end is needed.
std::string json_of_python(std::string_view literal);

}  // namespace peapod
