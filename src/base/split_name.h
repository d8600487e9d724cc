// The three parts of a data set, as files and the command line name them. Plain data, safe from any thread.
#pragma once

#include <string_view>

#include "base/choices.h"

namespace peapod {

// The part of the data that a target or an explanation belongs to. data/split.h says which interactions that are.
enum class Split { train, valid, test };

inline constexpr Choices<Split, 3> kSplits{"split",
                                           {{Split::train, "train"}, {Split::valid, "valid"}, {Split::test, "test"}}};

inline std::string_view name_of(Split split) { return kSplits.name_of(split); }

}  // namespace peapod
