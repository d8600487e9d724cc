#include "base/checksum.h"

#include <gtest/gtest.h>

#include <string>

#include "support/scratch_folder.h"

namespace peapod {
namespace {

TEST(Checksum, IsThatOfXxh3) {
  // Of `xxhsum -H3`, xxHash 0.8.1.
  EXPECT_EQ(checksum(std::string_view()), "2d06800538d394c2");
  Checksum parts;
  parts.add(std::string_view("pea"));
  parts.add(std::string_view());
  parts.add(std::string_view("pod"));
  EXPECT_EQ(parts.digits(), checksum(std::string_view("peapod")));
}

TEST(Checksum, ChangesWithEveryBit) {
  const std::string text(300, 'x');
  const std::string good = checksum(text);
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    EXPECT_NE(checksum(with_flipped_bit(text, bit)), good) << bit;
  }
}

TEST(Checksum, SealsAnObjectOnALineOrOnSeveral) {
  EXPECT_EQ(sealed(R"({"a":1})").find(R"({"xxh3":")"), 0u);
  EXPECT_EQ(sealed("{\n  \"a\": 1\n}\n").find("{\n  \"xxh3\": \""), 0u);
  EXPECT_EQ(sealed(sealed("{\"a\":1}")), sealed("{\"a\":1}")) << "a seal is made anew";
}

TEST(Checksum, NoticesEachFlippedBitOfASealedText) {
  for (const char* text : {"{\"a\":\"b\",\"c\":[1,2]}", "{\n  \"a\": 1\n}\n"}) {
    const std::string good = sealed(text);
    EXPECT_EQ(seal_fault(good), "");
    for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
      const std::string bad = with_flipped_bit(good, bit);
      EXPECT_NE(seal_fault(bad), "") << "bit " << bit << ": " << bad;
    }
    for (size_t size = 0; size < good.size(); ++size) EXPECT_NE(seal_fault(good.substr(0, size)), "") << size;
  }
}

}  // namespace
}  // namespace peapod
