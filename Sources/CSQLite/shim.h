#include <sqlite3.h>

// Settings of the whole process are made by a variadic function, which Swift does not call.

// Whether each allocation is counted, under a lock that all connections share. To be said before the first of them is opened.
static inline int cloudapi_sqlite_count_memory(int counts) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, counts);
}
