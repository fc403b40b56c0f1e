/* Runs the scenarios of crates/moss-conformance through libmoss; the format is explained in the README there.
 *
 * Usage: conformance FOLDER [FILE...], FOLDER is crates/moss-conformance, FILE like query.json or vectors; all without.
 */
#include <dirent.h>

#include "check.h"
#include "values.h"
#include "world.h"

/* What this language has of the optional parts. */
static const char *const HAS[] = {"auto_load", "cache_path", "local_query", "precision", "refresh_index"};

/* The others that scenarios name: C has no such call. */
static const char *const LACKS[] = {"cloud_query", "load_indexes", "query_multi_index"};

/* The arguments that the calls here read: another one would pass unheard. */
static const char *const ARGUMENTS[] = {
    "alpha", "ascending", "auto_load", "cache_path", "doc_ids", "docs", "embedding", "filter", "group_by",
    "index_name", "job_id", "model_id", "name", "on_conflict", "path", "precision", "project_id",
    "project_key", "query", "sort_by", "suffix", "top_k", "upsert",
};

/* The number of each error kind, as in moss_core::ErrorKind::code. */
static const struct {
    const char *kind;
    MossResult result;
} KINDS[] = {
    {"Closed", ErrClosed},
    {"InvalidArgument", ErrInvalidArgument},
    {"InvalidType", ErrInvalidArgument},
    {"InvalidFilter", ErrInvalidArgument},
    {"InvalidFilterType", ErrInvalidArgument},
    {"UnknownModel", ErrInvalidArgument},
    {"MixedEmbeddings", ErrInvalidArgument},
    {"EmbeddingMissing", ErrInvalidArgument},
    {"EmbeddingRequired", ErrInvalidArgument},
    {"DimensionMismatch", ErrInvalidArgument},
    {"Unauthorized", ErrAuth},
    {"Network", ErrNetwork},
    {"IndexNotFound", ErrNotFound},
    {"JobNotFound", ErrNotFound},
    {"UploadMissing", ErrNotFound},
    {"ModelUnavailable", ErrModel},
    {"Internal", ErrInternal},
    {"ModelMismatch", ErrModelMismatch},
    {"IndexExists", ErrConflict},
    {"Conflict", ErrConflict},
    {"IndexNotLoaded", ErrNotLoaded},
    {"JobFailed", ErrJob},
    {"JobTimeout", ErrJob},
    {"Cloud", ErrCloud},
    {"TooLarge", ErrCloud},
    {"RateLimited", ErrCloud},
    {"CacheCorrupt", ErrCorrupt},
    {"Io", ErrIo},
};

enum { FAULT = 4096 };

static int ran, passed_over;

static MossResult result_of(const char *kind) {
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (strcmp(KINDS[i].kind, kind) == 0) {
            return KINDS[i].result;
        }
    }
    bad_scenario("no error kind", kind);
}

static int listed(const char *const *list, size_t count, const char *word) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], word) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether C has all that the scenario needs. */
static int is_for_c(const cJSON *scenario) {
    const cJSON *need;
    cJSON_ArrayForEach(need, cJSON_GetObjectItemCaseSensitive(scenario, "needs")) {
        if (listed(LACKS, sizeof LACKS / sizeof *LACKS, as_text(need))) {
            return 0;
        }
        if (!listed(HAS, sizeof HAS / sizeof *HAS, as_text(need))) {
            bad_scenario("no such need", as_text(need));
        }
    }
    return 1;
}

static int compare_error(const cJSON *step, const cJSON *kind, MossResult got, char *fault) {
    const char *message = moss_last_error();
    if (got != result_of(as_text(kind))) {
        snprintf(fault, FAULT, "expected %s, got %d: %s", as_text(kind), (int)got, message);
        return 0;
    }
    const cJSON *part;
    cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(step, "contains")) {
        if (strstr(message, as_text(part)) == NULL) {
            snprintf(fault, FAULT, "message does not contain %s: %s", as_text(part), message);
            return 0;
        }
    }
    return 1;
}

static cJSON *column(const cJSON *documents, const char *field) {
    cJSON *values = cJSON_CreateArray();
    const cJSON *doc;
    cJSON_ArrayForEach(doc, documents) {
        cJSON_AddItemToArray(values, cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(doc, field), 1));
    }
    return values;
}

/* Compares the result with `ids`, `scores`, `count` and `expect` of the step. */
static int compare_result(const World *world, const cJSON *step, const cJSON *result, char *fault) {
    const cJSON *documents = cJSON_GetObjectItemCaseSensitive(result, "docs");
    documents = documents ? documents : result;
    int good = 1;
    const char *const columns[][2] = {{"ids", "id"}, {"scores", "score"}};
    for (int i = 0; i < 2 && good; i++) {
        const cJSON *expected = cJSON_GetObjectItemCaseSensitive(step, columns[i][0]);
        if (expected != NULL) {
            cJSON *got = column(documents, columns[i][1]);
            good = compare(expected, got, columns[i][0], fault, FAULT);
            cJSON_Delete(got);
        }
    }
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(step, "count");
    if (good && count != NULL && cJSON_GetArraySize(documents) != count->valueint) {
        snprintf(fault, FAULT, "count: expected %d, got %d", count->valueint, cJSON_GetArraySize(documents));
        good = 0;
    }
    const cJSON *expect = cJSON_GetObjectItemCaseSensitive(step, "expect");
    if (good && expect != NULL) {
        cJSON *expected = resolve(expect, world->kept);
        good = compare(expected, result, "result", fault, FAULT);
        cJSON_Delete(expected);
    }
    return good;
}

static int run_step(World *world, const cJSON *step, char *fault) {
    const cJSON *args_as_written = cJSON_GetObjectItemCaseSensitive(step, "args");
    cJSON *args = args_as_written ? resolve(args_as_written, world->kept) : cJSON_CreateObject();
    const cJSON *arg;
    cJSON_ArrayForEach(arg, args) {
        if (!listed(ARGUMENTS, sizeof ARGUMENTS / sizeof *ARGUMENTS, arg->string)) {
            bad_scenario("no such argument", arg->string);
        }
    }
    const cJSON *top_k = cJSON_GetObjectItemCaseSensitive(args, "top_k");
    if (cJSON_IsNumber(top_k) && top_k->valuedouble < 0) {
        /* The field is unsigned: C cannot say this. */
        cJSON_Delete(args);
        return 1;
    }
    Outcome outcome = make_call(world, as_text(cJSON_GetObjectItemCaseSensitive(step, "call")), args);
    cJSON_Delete(args);
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(step, "error");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(step, "as");
    int good;
    if (outcome.result != OK) {
        CHECK(moss_last_error() != NULL && outcome.client == NULL && outcome.session == NULL);
        snprintf(fault, FAULT, "failed with %d: %s", (int)outcome.result, moss_last_error());
        good = kind != NULL && compare_error(step, kind, outcome.result, fault);
    } else if (kind != NULL) {
        snprintf(fault, FAULT, "did not fail with %s", as_text(kind));
        good = 0;
    } else {
        good = compare_result(world, step, outcome.json, fault);
    }
    if (outcome.client != NULL) {
        CHECK(world->client_count < MAX_HANDLES);
        world->clients[world->client_count].name = as_text(name);
        world->clients[world->client_count++].client = outcome.client;
    }
    if (outcome.session != NULL) {
        CHECK(world->session_count < MAX_HANDLES);
        world->sessions[world->session_count].name = name ? as_text(name) : "";
        world->sessions[world->session_count++].session = outcome.session;
    }
    if (good && name != NULL && outcome.json != NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(world->kept, as_text(name));
        cJSON_AddItemToObject(world->kept, as_text(name), outcome.json);
    } else {
        cJSON_Delete(outcome.json);
    }
    return good;
}

static void run_steps(const char *file, const char *scenario, const cJSON *steps) {
    World world = {.folder = make_folder(), .kept = cJSON_CreateObject()};
    world.clients[world.client_count].name = "client";
    world.clients[world.client_count++].client = open_client(world.folder);
    int number = 0;
    const cJSON *step;
    cJSON_ArrayForEach(step, steps) {
        char fault[FAULT] = "";
        number++;
        if (!run_step(&world, step, fault)) {
            const cJSON *call = cJSON_GetObjectItemCaseSensitive(step, "call");
            fprintf(stderr, "%s: %s, step %d (%s): %s\n", file, scenario, number, as_text(call), fault);
            exit(1);
        }
    }
    /* Clients first: their sessions outlive them. */
    for (int i = 0; i < world.client_count; i++) {
        moss_client_free(world.clients[i].client);
    }
    for (int i = 0; i < world.session_count; i++) {
        moss_session_free(world.sessions[i].session);
    }
    cJSON_Delete(world.kept);
    remove_folder(world.folder);
    ran++;
}

static cJSON *read_json(const char *folder, const char *name) {
    char *path = join_path(folder, name);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    CHECK(size > 0 && fseek(file, 0, SEEK_SET) == 0);
    char *text = calloc((size_t)size + 1, 1);
    CHECK(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size);
    cJSON *json = cJSON_Parse(text);
    if (json == NULL) {
        bad_scenario("not JSON", path);
    }
    fclose(file);
    free(text);
    free(path);
    return json;
}

static void run_file(const char *folder, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "scenarios/%s", name);
    cJSON *content = read_json(folder, path);
    const cJSON *scenarios = cJSON_GetObjectItemCaseSensitive(content, "scenarios");
    CHECK(cJSON_GetArraySize(scenarios) > 0);
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, scenarios) {
        if (is_for_c(scenario)) {
            run_steps(name, as_text(cJSON_GetObjectItemCaseSensitive(scenario, "name")),
                      cJSON_GetObjectItemCaseSensitive(scenario, "steps"));
        } else {
            passed_over++;
        }
    }
    cJSON_Delete(content);
}

/* Every filter of vectors/filters.json, asked through a session that holds one document. */
static void run_vectors(const char *folder) {
    cJSON *cases = read_json(folder, "vectors/filters.json");
    CHECK(cJSON_GetArraySize(cases) == 111);
    const cJSON *one;
    cJSON_ArrayForEach(one, cases) {
        cJSON *steps = cJSON_Parse(
            "[{\"call\": \"client.session\", \"args\": {\"index_name\": \"s\", \"model_id\": \"custom\"}, \"as\": \"s\"},"
            "{\"call\": \"s.add_docs\", \"args\": {\"docs\": [{\"id\": \"a\", \"text\": \"\", \"embedding\": [1]}]}},"
            "{\"call\": \"s.get_docs\", \"args\": {}}]");
        const cJSON *docs =
            cJSON_GetObjectItem(cJSON_GetObjectItem(cJSON_GetArrayItem(steps, 1), "args"), "docs");
        cJSON *asked = cJSON_GetArrayItem(steps, 2);
        const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(one, "metadata");
        const cJSON *python = cJSON_GetObjectItemCaseSensitive(one, "python");
        if (metadata != NULL) {
            cJSON_AddItemToObject(cJSON_GetArrayItem(docs, 0), "metadata", cJSON_Duplicate(metadata, 1));
        }
        cJSON_AddItemToObject(cJSON_GetObjectItem(asked, "args"), "filter",
                              cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(one, "filter"), 1));
        if (python == NULL) {
            int matches = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "matches"));
            cJSON_AddNumberToObject(asked, "count", matches);
        } else {
            cJSON_AddStringToObject(asked, "error", "InvalidFilter");
        }
        run_steps("vectors/filters.json", as_text(cJSON_GetObjectItemCaseSensitive(one, "name")), steps);
        cJSON_Delete(steps);
    }
    cJSON_Delete(cases);
}

static void run_all(const char *folder) {
    char *path = join_path(folder, "scenarios");
    DIR *files = opendir(path);
    CHECK(files != NULL);
    for (struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files)) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0) {
            run_file(folder, entry->d_name);
        }
    }
    closedir(files);
    free(path);
    run_vectors(folder);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s FOLDER [FILE...]\n", argv[0]);
        return 2;
    }
    if (argc == 2) {
        run_all(argv[1]);
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "vectors") == 0) {
            run_vectors(argv[1]);
        } else {
            run_file(argv[1], argv[i]);
        }
    }
    printf("conformance: %d scenarios passed, %d are about calls that C does not have\n", ran, passed_over);
    return 0;
}
