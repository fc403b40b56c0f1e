#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far two numbers may lie apart. */
static const double TOLERANCE = 1e-4;

_Noreturn void bad_scenario(const char *why, const char *what) {
    fprintf(stderr, "the scenario is wrong: %s: %s\n", why, what ? what : "");
    exit(2);
}

const char *as_text(const cJSON *value) {
    if (!cJSON_IsString(value)) {
        bad_scenario("no text", value ? value->string : NULL);
    }
    return value->valuestring;
}

static cJSON *repeat(const cJSON *what, int times) {
    if (cJSON_IsString(what)) {
        size_t length = strlen(what->valuestring);
        char *text = malloc(length * (size_t)times + 1);
        for (int i = 0; i < times; i++) {
            memcpy(text + length * (size_t)i, what->valuestring, length);
        }
        text[length * (size_t)times] = 0;
        cJSON *copy = cJSON_CreateString(text);
        free(text);
        return copy;
    }
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < times; i++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, what) { cJSON_AddItemToArray(list, cJSON_Duplicate(item, 1)); }
    }
    return list;
}

static cJSON *refer(const char *path, const cJSON *kept) {
    char name[64];
    const char *dot = strchr(path, '.');
    if (dot == NULL || (size_t)(dot - path) >= sizeof name) {
        bad_scenario("$ref", path);
    }
    memcpy(name, path, (size_t)(dot - path));
    name[dot - path] = 0;
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(kept, name);
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(result, dot + 1);
    if (field == NULL) {
        bad_scenario("no such result", path);
    }
    return cJSON_Duplicate(field, 1);
}

cJSON *resolve(const cJSON *value, const cJSON *kept) {
    if (cJSON_IsObject(value)) {
        const cJSON *path = cJSON_GetObjectItemCaseSensitive(value, "$ref");
        const cJSON *pair = cJSON_GetObjectItemCaseSensitive(value, "$repeat");
        if (path != NULL) {
            return refer(as_text(path), kept);
        }
        if (pair != NULL) {
            return repeat(cJSON_GetArrayItem(pair, 0), cJSON_GetArrayItem(pair, 1)->valueint);
        }
        cJSON *copy = cJSON_CreateObject();
        const cJSON *field;
        cJSON_ArrayForEach(field, value) { cJSON_AddItemToObject(copy, field->string, resolve(field, kept)); }
        return copy;
    }
    if (cJSON_IsArray(value)) {
        cJSON *copy = cJSON_CreateArray();
        const cJSON *item;
        cJSON_ArrayForEach(item, value) { cJSON_AddItemToArray(copy, resolve(item, kept)); }
        return copy;
    }
    return cJSON_Duplicate(value, 1);
}

float as_float(const cJSON *value) {
    const cJSON *special = cJSON_GetObjectItemCaseSensitive(value, "$float");
    if (special != NULL) {
        return strtof(as_text(special), NULL);
    }
    if (!cJSON_IsNumber(value)) {
        bad_scenario("no number", value->string);
    }
    return (float)value->valuedouble;
}

static int differs(const cJSON *expected, const cJSON *got, const char *path, char *fault, size_t size) {
    char *wanted = cJSON_PrintUnformatted(expected);
    char *found = got ? cJSON_PrintUnformatted(got) : NULL;
    snprintf(fault, size, "%s: expected %s, got %s", path, wanted, found ? found : "nothing");
    free(wanted);
    free(found);
    return 0;
}

static int compare_fields(const cJSON *expected, const cJSON *got, const char *path, char *fault, size_t size) {
    const cJSON *field;
    cJSON_ArrayForEach(field, expected) {
        char below[512];
        snprintf(below, sizeof below, "%s.%s", path, field->string);
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(got, field->string);
        if (strcmp(field->string, "metadata") == 0) {
            int same = cJSON_IsNull(field) ? other == NULL || cJSON_IsNull(other) : cJSON_Compare(field, other, 1);
            if (!same) {
                return differs(field, other, below, fault, size);
            }
        } else if (!compare(field, other, below, fault, size)) {
            return 0;
        }
    }
    return 1;
}

int compare(const cJSON *expected, const cJSON *got, const char *path, char *fault, size_t size) {
    const cJSON *not = cJSON_GetObjectItemCaseSensitive(expected, "$not");
    if (not != NULL) {
        return compare(not, got, path, fault, size) ? differs(expected, got, path, fault, size) : 1;
    }
    if (cJSON_IsObject(expected) && cJSON_IsObject(got)) {
        return compare_fields(expected, got, path, fault, size);
    }
    if (cJSON_IsArray(expected) && cJSON_IsArray(got)) {
        if (cJSON_GetArraySize(expected) != cJSON_GetArraySize(got)) {
            return differs(expected, got, path, fault, size);
        }
        const cJSON *other = got->child;
        const cJSON *item;
        int at = 0;
        cJSON_ArrayForEach(item, expected) {
            char below[512];
            snprintf(below, sizeof below, "%s[%d]", path, at++);
            if (!compare(item, other, below, fault, size)) {
                return 0;
            }
            other = other->next;
        }
        return 1;
    }
    int same;
    if (cJSON_IsNull(expected)) {
        same = got == NULL || cJSON_IsNull(got);
    } else if (cJSON_IsNumber(expected)) {
        same = cJSON_IsNumber(got) && fabs(expected->valuedouble - got->valuedouble) <= TOLERANCE;
    } else {
        same = got != NULL && cJSON_Compare(expected, got, 1);
    }
    return same ? 1 : differs(expected, got, path, fault, size);
}
