#include <cstdint>

// Of DuckDB's C API, which is linked with its Go bindings. It throws a C++
// exception when the memory limit is reached, which would end the process in
// frames of C or Go: so it is caught here.
extern "C" void duckdb_vector_assign_string_element_len(void *vector, uint64_t index, const char *str, uint64_t len);

// reslog_assign_strings sets n strings of a vector, from the one with index first,
// that are not null: text has them one after the other, ends where each ends. 1 is
// success.
extern "C" int reslog_assign_strings(void *vector, uint64_t first, uint64_t n, const char *text, const uint64_t *ends, const uint8_t *null) {
	try {
		uint64_t from = 0;
		for (uint64_t i = 0; i < n; i++) {
			if (!null[i]) {
				duckdb_vector_assign_string_element_len(vector, first + i, text + from, ends[i] - from);
			}
			from = ends[i];
		}
		return 1;
	} catch (...) {
		return 0;
	}
}
