#include "model/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

class Safetensors : public testing::Test {
 protected:
  void SetUp() override {
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    path_ = std::filesystem::temp_directory_path() / (test + "-" + std::to_string(::getpid()) + ".safetensors");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // A file of this header and these bytes of values; `claimed` stands in for the header's length.
  void write_raw(const std::string& header, const std::string& data, uint64_t claimed) const {
    std::string contents(sizeof(claimed), '\0');
    std::memcpy(contents.data(), &claimed, sizeof(claimed));
    write_bytes(contents + header + data);
  }
  // Without the flush to disk of the project's own writers, which these tests need not wait for.
  void write_bytes(const std::string& contents) const { std::ofstream(path_, std::ios::binary) << contents; }
  void write_raw(const std::string& header, const std::string& data) const { write_raw(header, data, header.size()); }

  // What open() says of such a file; empty when it accepts it.
  std::string complaint(const std::string& header, const std::string& data = {}) const {
    write_raw(header, data);
    return complaint();
  }
  std::string complaint() const {
    try {
      SafetensorsFile::open(path_);
      return "";
    } catch (const Error& error) {
      EXPECT_TRUE(error.where().starts_with(path_.string())) << error.what();
      return error.problem();
    }
  }

  std::filesystem::path path_;
};

std::string bytes_of(const std::vector<uint16_t>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(uint16_t)};
}

TEST_F(Safetensors, WhatIsWrittenIsReadBackBitForBit) {
  Random random(7);
  std::vector<float> weights(3 * 5);
  for (float& weight : weights) weight = static_cast<float>(random.normal());
  weights[0] = -0.0f;
  weights[1] = std::numeric_limits<float>::infinity();
  const std::vector<float> scalar = {42};
  write_safetensors(path_,
                    std::vector<NamedTensor>{{"z.weight", {3, 5}, weights}, {"a", {}, scalar}, {"void", {0, 4}, {}}},
                    {{"format", "pt"}, {"note", "über \"quoted\""}});

  const SafetensorsFile file = SafetensorsFile::open(path_);
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a", "void", "z.weight"}));
  EXPECT_TRUE(file.contains("a"));
  EXPECT_FALSE(file.contains("b"));
  EXPECT_EQ(file.metadata().at("note"), "über \"quoted\"");
  EXPECT_EQ(std::vector<size_t>(file.shape("z.weight").begin(), file.shape("z.weight").end()),
            (std::vector<size_t>{3, 5}));
  EXPECT_TRUE(file.shape("a").empty());
  EXPECT_EQ(file.read_f32("a"), scalar);
  EXPECT_TRUE(file.f32_view("void").empty());
  ASSERT_EQ(file.f32_view("z.weight").size(), weights.size());
  EXPECT_EQ(std::memcmp(file.f32_view("z.weight").data(), weights.data(), weights.size() * sizeof(float)), 0);
}

TEST_F(Safetensors, ViewsSurviveAMove) {
  const std::vector<float> values = {1, 2, 3};
  write_safetensors(path_, std::vector<NamedTensor>{{"x", {3}, values}});
  SafetensorsFile first = SafetensorsFile::open(path_);
  const std::span<const float> view = first.f32_view("x");
  const SafetensorsFile second = std::move(first);
  EXPECT_EQ(view[2], 3);
  EXPECT_EQ(second.f32_view("x").data(), view.data());
}

TEST_F(Safetensors, ValuesStartAtAMultipleOf64) {
  const std::vector<float> values = {1};
  for (size_t length = 1; length < 70; ++length) {
    write_safetensors(path_, std::vector<NamedTensor>{{std::string(length, 'n'), {1}, values}});
    ASSERT_EQ(std::filesystem::file_size(path_) % 64, sizeof(float)) << length;
    ASSERT_EQ(SafetensorsFile::open(path_).read_f32(std::string(length, 'n')), values);
  }
}

TEST_F(Safetensors, EveryHalfPrecisionValueIsConvertedExactly) {
  std::vector<uint16_t> all(1 << 16);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  write_raw(R"({"h": {"dtype": "F16", "shape": [65536], "data_offsets": [0, 131072]}})", bytes_of(all));
  const std::vector<float> values = SafetensorsFile::open(path_).read_f32("h");
  ASSERT_EQ(values.size(), all.size());
  for (uint32_t bits = 0; bits < all.size(); ++bits) {
    const int exponent = static_cast<int>((bits >> 10) & 31);
    const int fraction = static_cast<int>(bits & 1023);
    if (exponent == 31 && fraction != 0) {
      ASSERT_TRUE(std::isnan(values[bits])) << bits;
      continue;
    }
    double expected = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) expected = std::numeric_limits<double>::infinity();
    ASSERT_EQ(values[bits], bits >> 15 ? -expected : expected) << bits;
    ASSERT_EQ(std::signbit(values[bits]), (bits >> 15) == 1) << bits;
  }
}

TEST_F(Safetensors, BrainFloatAndDoubleAreConverted) {
  const std::vector<double> doubles = {0.1, -1e300};
  const std::string data = bytes_of({0x3f80, 0xc040, 0x7f80, 0x0001}) +
                           std::string(reinterpret_cast<const char*>(doubles.data()), 2 * sizeof(double));
  write_raw(R"({"b": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]},
                "d": {"dtype": "F64", "shape": [2], "data_offsets": [8, 24]}})",
            data);
  const SafetensorsFile file = SafetensorsFile::open(path_);
  EXPECT_EQ(file.read_f32("b"), (std::vector<float>{1, -3, std::numeric_limits<float>::infinity(), 0x1p-133f}));
  EXPECT_EQ(file.read_f32("d"), (std::vector<float>{0.1f, -std::numeric_limits<float>::infinity()}));
}

TEST_F(Safetensors, UnalignedValuesAreReadAllTheSame) {
  const std::vector<float> values = {1.5f, -2.5f};
  const std::string data = "!" + std::string(reinterpret_cast<const char*>(values.data()), 8);
  for (const std::string pad : {"", " ", "  ", "   "}) {
    write_raw(R"({"c": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
                  "f": {"dtype": "F32", "shape": [2], "data_offsets": [1, 9]}})" +
                  pad,
              data);
    const SafetensorsFile file = SafetensorsFile::open(path_);
    const std::span<const float> view = file.f32_view("f");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.data()) % alignof(float), 0u);
    EXPECT_EQ(std::vector<float>(view.begin(), view.end()), values);
    EXPECT_EQ(file.read_f32("f"), values);
  }
}

TEST_F(Safetensors, ATensorWithoutValuesMayStandAnywhere) {
  write_raw(R"({"c": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
                "f": {"dtype": "F32", "shape": [3, 0], "data_offsets": [1, 1]}})",
            "!");
  const SafetensorsFile file = SafetensorsFile::open(path_);
  EXPECT_TRUE(file.f32_view("f").empty());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.f32_view("f").data()) % alignof(float), 0u);
  EXPECT_TRUE(file.read_f32("f").empty());
}

TEST_F(Safetensors, AskingForTheWrongNameOrTypeIsAnError) {
  write_raw(R"({"shared.weight": {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]},
                "half": {"dtype": "F16", "shape": [1], "data_offsets": [4, 6]}})",
            "123456");
  const SafetensorsFile file = SafetensorsFile::open(path_);
  EXPECT_THROW(file.read_f32("shared.weight"), Error);
  EXPECT_THROW(file.f32_view("half"), Error);
  try {
    file.shape("shared.wieght");
    FAIL() << "accepted a name that is not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.remedy(), "did you mean \"shared.weight\"?");
  }
}

TEST_F(Safetensors, RejectsABrokenHeader) {
  write_bytes("1234567");
  EXPECT_EQ(complaint(), "has no header: only 7 bytes");
  write_raw("{}", "", 3);
  EXPECT_EQ(complaint(), "header length is 3 in a file of 10 bytes");
  write_raw("{}", "", ~uint64_t{0});
  EXPECT_NE(complaint(), "");
  EXPECT_NE(complaint(""), "");
  EXPECT_NE(complaint("{"), "");
  EXPECT_NE(complaint("[]"), "");
  EXPECT_NE(complaint("{\"a\xff\": 1}"), "");
  EXPECT_EQ(complaint(R"({"a": {"b": [[1]]}})"), "is JSON nested more than 3 levels deep at byte 13");
  EXPECT_EQ(complaint(std::string(100'000, '[')), "is JSON nested more than 3 levels deep at byte 3");
  EXPECT_EQ(complaint(R"({"a": 1})"), "expected an object, got number");
  EXPECT_EQ(complaint(R"({"__metadata__": {"a": 1}})"), "__metadata__: \"a\" is not a text");
  EXPECT_EQ(complaint(R"({"__metadata__": {"a": "b"}})"), "") << "no tensors is fine";
}

TEST_F(Safetensors, RejectsABrokenTensorEntry) {
  const auto entry = [](const std::string& type, const std::string& shape, const std::string& offsets) {
    return R"({"t": {"dtype": )" + type + R"(, "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}}";
  };
  ASSERT_EQ(complaint(entry("\"F32\"", "[1]", "[0, 4]"), "1234"), "");
  EXPECT_EQ(complaint(R"({"t": {"dtype": "F32", "shape": [1]}})", "1234"), "field \"data_offsets\" is missing");
  EXPECT_NE(complaint(entry("4", "[1]", "[0, 4]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F33\"", "[1]", "[0, 4]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F32\"", "1", "[0, 4]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F32\"", "[-1]", "[0, 4]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F32\"", "[1.0]", "[0, 4]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F32\"", "[2]", "[0, 4]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F32\"", "[1]", "[4, 0]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F32\"", "[1]", "[0, 4, 8]"), "1234"), "");
  EXPECT_NE(complaint(entry("\"F32\"", "[1]", "[0, 4]"), "123"), "") << "cut short";
  EXPECT_NE(complaint(entry("\"F32\"", "[1]", "[0, 4]"), "12345"), "") << "bytes left over";
  EXPECT_NE(complaint(entry("\"F32\"", "[1]", "[4, 8]"), "12345678"), "") << "hole";
  // 2^62 values of 4 bytes are 0 bytes, modulo 2^64.
  EXPECT_NE(complaint(entry("\"F32\"", "[4611686018427387904]", "[0, 0]")), "");
  EXPECT_NE(complaint(entry("\"F32\"", "[1]", "[18446744073709551612, 18446744073709551616]")), "");
}

TEST_F(Safetensors, RejectsOverlapsAndNamesThatOccurTwice) {
  const std::string a = R"("dtype": "U8", "shape": [4], "data_offsets": [0, 4]})";
  const std::string b = R"("dtype": "U8", "shape": [4], "data_offsets": [2, 6]})";
  EXPECT_EQ(complaint("{\"a\": {" + a + ", \"b\": {" + b + "}", "123456"), "overlaps the tensor before it");
  EXPECT_EQ(complaint("{\"a\": {" + a + ", \"a\": {" + a + "}", "1234"), "is JSON in which \"a\" occurs twice");
}

TEST_F(Safetensors, AFileCutAnywhereIsRejected) {
  const std::vector<float> values = {1, 2, 3, 4};
  write_safetensors(path_, std::vector<NamedTensor>{{"x", {4}, values}}, {{"k", "v"}});
  const std::string whole = read_file(path_);
  for (size_t length = 0; length < whole.size(); ++length) {
    write_bytes(whole.substr(0, length));
    ASSERT_NE(complaint(), "") << "cut to " << length;
  }
}

TEST_F(Safetensors, AFlippedByteNeverEscapesAsAnythingButAnError) {
  const std::vector<float> values = {1, 2, 3, 4};
  write_safetensors(path_, std::vector<NamedTensor>{{"x", {4}, values}}, {{"k", "v"}});
  const std::string whole = read_file(path_);
  Random random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string broken = whole;
    broken[random.below(broken.size() - 16)] = static_cast<char>(random.below(256));
    write_bytes(broken);
    try {
      const SafetensorsFile file = SafetensorsFile::open(path_);
      for (const std::string& name : file.names()) EXPECT_EQ(file.read_f32(name).size(), 4u);
    } catch (const Error&) {
      continue;
    }
  }
}

TEST_F(Safetensors, NoticesEachFlippedBitOfWhatWasWrittenHere) {
  const std::vector<float> values = {1, 2, 3, 4};
  write_safetensors(path_, std::vector<NamedTensor>{{"x", {4}, values}}, {{"k", "v"}});
  const SafetensorsFile good = SafetensorsFile::open(path_);
  EXPECT_TRUE(good.sealed());
  EXPECT_EQ(good.metadata(), (std::map<std::string, std::string>{{"k", "v"}}));
  const std::string whole = read_file(path_);
  for (size_t bit = 0; bit < 8 * whole.size(); bit += 5) {
    write_bytes(with_flipped_bit(whole, bit));
    try {
      // A seal whose name is damaged is none; whoever needs one asks for it.
      EXPECT_FALSE(SafetensorsFile::open(path_).sealed()) << bit;
    } catch (const Error&) {
      continue;
    }
  }
}

TEST_F(Safetensors, ReadsFilesOfOthersThatHoldNoChecksum) {
  write_raw(R"({"__metadata__":{"checksum":"sha"},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234");
  EXPECT_FALSE(SafetensorsFile::open(path_).sealed());
}

TEST_F(Safetensors, RefusesToWriteWhatItCouldNotRead) {
  const std::vector<float> values = {1, 2};
  const auto write = [&](const std::vector<NamedTensor>& tensors) { write_safetensors(path_, tensors); };
  EXPECT_THROW(write({{"a", {2}, values}, {"a", {2}, values}}), Error);
  EXPECT_THROW(write({{"__metadata__", {2}, values}}), Error);
  EXPECT_THROW(write({{"a", {3}, values}}), Error);
  EXPECT_THROW(write({{"a\xff", {2}, values}}), Error);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace peapod
