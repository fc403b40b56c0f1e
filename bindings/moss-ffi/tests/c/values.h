/* Values of scenarios: what stands for another value, and how a result compares with what is expected. */
#ifndef VALUES_H
#define VALUES_H

#include <cjson/cJSON.h>

/* A copy of `value` with references and repetitions replaced by what they stand for. */
cJSON *resolve(const cJSON *value, const cJSON *kept);

/* A number of a vector or option; JSON itself has only finite ones. */
float as_float(const cJSON *value);

/* The text of a string. */
const char *as_text(const cJSON *value);

/* Whether `got` is what is expected; if not, says why in `fault`. */
int compare(const cJSON *expected, const cJSON *got, const char *path, char *fault, size_t size);

/* Stops the program: the scenario itself is wrong. */
_Noreturn void bad_scenario(const char *why, const char *what);

#endif
