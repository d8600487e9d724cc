// MovieLens as GroupLens distributes it: a table of ratings and one of films, in three notations over the years.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/error.h"
#include "sources/item_table.h"
#include "sources/line_reader.h"
#include "sources/source_reader.h"
#include "sources/table_rows.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

struct Layout {
  const char* ratings;
  TableNotation ratings_notation;
  ColumnNames columns;
  const char* films;
  TableNotation films_notation;
};

// Of 100K; of 1M and 10M; of all since.
const std::array<Layout, 3> kLayouts = {{
    {"u.data", TableNotation::between_tabs, {"1", "2", "4", "3", ""}, "u.item", TableNotation::between_bars},
    {"ratings.dat",
     TableNotation::between_colons,
     {"1", "2", "4", "3", ""},
     "movies.dat",
     TableNotation::between_colons},
    {"ratings.csv",
     TableNotation::delimited,
     {"userId", "movieId", "timestamp", "rating", ""},
     "movies.csv",
     TableNotation::delimited},
}};

// The last columns of u.item, a one where the film is of the genre.
constexpr std::array kGenres = {"unknown",     "Action", "Adventure", "Animation", "Children's", "Comedy",  "Crime",
                                "Documentary", "Drama",  "Fantasy",   "Film-Noir", "Horror",     "Musical", "Mystery",
                                "Romance",     "Sci-Fi", "Thriller",  "War",       "Western"};
constexpr size_t kFirstGenre = 5;  // column of u.item

// The ratings of a source, a folder with them or the file itself.
std::optional<fs::path> ratings_of(const fs::path& source, const Layout& layout) {
  const fs::path ratings = fs::is_directory(source) ? source / layout.ratings : source;
  if (ratings.filename() != layout.ratings || !fs::is_regular_file(ratings)) return std::nullopt;
  return ratings;
}

fs::path films_of(const fs::path& ratings, const Layout& layout) { return ratings.parent_path() / layout.films; }

std::vector<std::string> genres_in(TableRows& row, TableNotation notation) {
  if (notation != TableNotation::between_bars) {
    std::vector<std::string> genres = row.values(2);
    std::erase(genres, "(no genres listed)");
    return genres;
  }
  std::vector<std::string> genres;
  for (size_t i = 0; i < kGenres.size() && kFirstGenre + i < row.first().size(); ++i) {
    if (row.value(kFirstGenre + i) == "1") genres.emplace_back(kGenres[i]);
  }
  return genres;
}

void read_films(const fs::path& path, TableNotation notation, RawLog& log) {
  const std::unique_ptr<TableRows> rows = TableRows::open(path, notation);
  if (rows->first().size() < 3) {
    throw Error(path.string() + ":1", "expected a film's number, title and genres",
                "check that it is MovieLens's file");
  }
  if (notation == TableNotation::delimited) rows->skip_header();
  ItemDescriber describer(log);
  log.rejects.begin_file(path.string());
  while (rows->next()) {
    log.rejects.begin_line(rows->line());
    if (!rows->problem().empty()) {
      log.rejects.add("", rows->problem());
      continue;
    }
    const std::string film(*rows->value(0));
    const std::string title(*rows->value(1));
    describer.describe(film, title, genres_in(*rows, notation));
  }
  log.rejects.end_file();
  note_encoding(log, rows->repair_note());
  describer.finish(path);
}

}  // namespace

bool is_movielens(const fs::path& source) {
  return std::ranges::any_of(kLayouts, [&](const Layout& layout) {
    const auto ratings = ratings_of(source, layout);
    if (!ratings || !fs::exists(films_of(*ratings, layout))) return false;
    if (layout.ratings_notation != TableNotation::delimited) return true;
    LineReader lines(*ratings);
    std::string_view header;
    return lines.next(header) && header == "userId,movieId,rating,timestamp";
  });
}

RawLog read_movielens(const fs::path& source, const ReadOptions& options) {
  for (const Layout& layout : kLayouts) {
    const auto ratings = ratings_of(source, layout);
    if (!ratings) continue;
    ReadOptions reading = options;
    reading.columns = layout.columns;
    RawLog log = read_table(*ratings, SourceFormat::movielens, layout.ratings_notation, reading);
    log.name = fs::absolute(*ratings).lexically_normal().parent_path().filename().string();
    const fs::path films = films_of(*ratings, layout);
    if (fs::exists(films)) {
      read_films(films, layout.films_notation, log);
    } else {
      log.reading.titles_note = missing_file_note(films, [](std::string_view) { return false; });
    }
    return log;
  }
  throw Error(source.string(), "holds no u.data, ratings.dat or ratings.csv",
              "unpack MovieLens as it is distributed and name the folder");
}

}  // namespace peapod
