// The rows of a query on an SQLite database. The database is opened for reading alone. Safe from any thread; the rows
// belong to one.
#pragma once

#include <filesystem>
#include <string>

#include "sources/query_rows.h"

namespace peapod {

// NULL is an empty text, an integer its digits, a real number the fewest digits that give it back; blobs are no text.
// Throws Error when the file is missing or no SQLite database, another program has locked it, or the query is not one
// SELECT, fails or gives no row.
NamedRows open_sqlite(const std::filesystem::path& file, const std::string& query);

}  // namespace peapod
