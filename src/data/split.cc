#include "data/split.h"

#include <string>

#include "base/error.h"

namespace peapod {

std::string_view name_of(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::valid:
      return "valid";
    case Split::test:
      return "test";
  }
  return "";
}

Split split_from(std::string_view name) {
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    if (name_of(split) == name) return split;
  }
  throw Error("split", "expected train, valid or test, got \"" + std::string(name) + "\"");
}

}  // namespace peapod
