/* The calls of scenarios as calls of libmoss. */
#include <dirent.h>
#include <sys/stat.h>

#include "arguments.h"
#include "check.h"
#include "values.h"
#include "world.h"

/* The number of a precision in session options. */
static uint8_t precision_of(const cJSON *args) {
    const char *name = optional_text_of(args, "precision");
    if (name == NULL) {
        return 0;
    }
    CHECK(strcmp(name, "fp32") == 0 || strcmp(name, "int8") == 0);
    return strcmp(name, "fp32") == 0 ? 1 : 2;
}

Outcome call_client(World *world, MossClient *client, const char *call, const cJSON *args) {
    Outcome outcome = {0};
    uintptr_t count = 0;
    if (strcmp(call, "session") == 0) {
        MossSessionOptions options = {
            .model_id = optional_text_of(args, "model_id"),
            .vector_quantization = precision_of(args),
            .skip_auto_load_on_init = !flag_of(args, "auto_load", true),
        };
        outcome.result = moss_client_session(client, text_of(args, "index_name"), &options, &outcome.session);
    } else if (strcmp(call, "create_index") == 0) {
        MossDocumentInfo *docs = documents_of(args, &count);
        MossMutationResult *made = NULL;
        outcome.result = moss_client_create_index(client, text_of(args, "name"), docs, count,
                                                  optional_text_of(args, "model_id"), &made);
        outcome.json = made ? mutation_json(made) : NULL;
        moss_free_mutation_result(made);
        free_documents_of(docs, count);
    } else if (strcmp(call, "add_docs") == 0) {
        MossDocumentInfo *docs = documents_of(args, &count);
        MossMutationOptions options = {.upsert = flag_of(args, "upsert", true)};
        MossMutationResult *added = NULL;
        outcome.result = moss_client_add_docs(client, text_of(args, "name"), docs, count, &options, &added);
        outcome.json = added ? mutation_json(added) : NULL;
        moss_free_mutation_result(added);
        free_documents_of(docs, count);
    } else if (strcmp(call, "delete_docs") == 0) {
        const char **ids = texts_of(args, "doc_ids", &count);
        MossMutationResult *deleted = NULL;
        outcome.result = moss_client_delete_docs(client, text_of(args, "name"), ids, count, &deleted);
        outcome.json = deleted ? mutation_json(deleted) : NULL;
        moss_free_mutation_result(deleted);
        free(ids);
    } else if (strcmp(call, "get_docs") == 0) {
        const char **ids = texts_of(args, "doc_ids", &count);
        MossDocumentInfo *docs = NULL;
        uintptr_t found = 0;
        outcome.result = moss_client_get_docs(client, text_of(args, "name"), ids, count, &docs, &found);
        outcome.json = documents_json(docs, found);
        moss_free_documents(docs, found);
        free(ids);
    } else if (strcmp(call, "get_index") == 0) {
        MossIndexInfo *info = NULL;
        outcome.result = moss_client_get_index(client, text_of(args, "name"), &info);
        outcome.json = info ? index_json(info) : NULL;
        moss_free_index_info(info);
    } else if (strcmp(call, "list_indexes") == 0) {
        MossIndexInfo *infos = NULL;
        outcome.result = moss_client_list_indexes(client, &infos, &count);
        outcome.json = cJSON_CreateArray();
        for (uintptr_t i = 0; i < count; i++) {
            cJSON_AddItemToArray(outcome.json, index_json(&infos[i]));
        }
        moss_free_index_info_list(infos, count);
    } else if (strcmp(call, "delete_index") == 0) {
        bool deleted = false;
        outcome.result = moss_client_delete_index(client, text_of(args, "name"), &deleted);
        outcome.json = cJSON_CreateBool(deleted);
    } else if (strcmp(call, "get_job_status") == 0) {
        MossJobStatusResponse *job = NULL;
        outcome.result = moss_client_get_job_status(client, text_of(args, "job_id"), &job);
        if (job != NULL) {
            outcome.json = cJSON_CreateObject();
            cJSON_AddStringToObject(outcome.json, "job_id", job->job_id);
            cJSON_AddStringToObject(outcome.json, "status", job->status);
            cJSON_AddNumberToObject(outcome.json, "progress", job->progress);
            if (job->current_phase != NULL) {
                cJSON_AddStringToObject(outcome.json, "current_phase", job->current_phase);
            }
            if (job->error != NULL) {
                cJSON_AddStringToObject(outcome.json, "error", job->error);
            }
        }
        moss_free_job_status_response(job);
    } else if (strcmp(call, "load_index") == 0) {
        MossIndexInfo *info = NULL;
        const char *kept = optional_text_of(args, "cache_path");
        char *path = kept != NULL ? join_path(world->folder, kept) : NULL;
        MossLoadIndexOptions options = {.cache_path = path};
        outcome.result = moss_client_load_index(client, text_of(args, "name"), &options, &info);
        CHECK((info != NULL) == (outcome.result == OK));
        free(path);
        moss_free_index_info(info);
    } else if (strcmp(call, "unload_index") == 0) {
        outcome.result = moss_client_unload_index(client, text_of(args, "name"));
    } else if (strcmp(call, "refresh_index") == 0) {
        MossRefreshResult *refreshed = NULL;
        outcome.result = moss_client_refresh_index(client, text_of(args, "name"), &refreshed);
        if (refreshed != NULL) {
            outcome.json = cJSON_CreateObject();
            cJSON_AddStringToObject(outcome.json, "index_name", refreshed->index_name);
            cJSON_AddBoolToObject(outcome.json, "was_updated", refreshed->was_updated);
        }
        moss_free_refresh_result(refreshed);
    } else if (strcmp(call, "query") == 0) {
        MossQueryOptions options = query_options_of(args);
        MossSearchResult *found = NULL;
        outcome.result =
            moss_client_query(client, text_of(args, "name"), text_of(args, "query"), &options, &found);
        outcome.json = found ? search_json(found) : NULL;
        moss_free_search_result(found);
        free((char *)options.filter_json);
        free((float *)options.embedding);
    } else {
        bad_scenario("no call of a client", call);
    }
    return outcome;
}

/* Flips the last byte of every file below `path` with this end of its name; how many there were. */
static int damage(const char *path, const char *suffix) {
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    int damaged = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char *child = join_path(path, entry->d_name);
        struct stat status;
        CHECK(stat(child, &status) == 0);
        size_t name = strlen(entry->d_name), end = strlen(suffix);
        if (S_ISDIR(status.st_mode)) {
            damaged += damage(child, suffix);
        } else if (name >= end && strcmp(entry->d_name + name - end, suffix) == 0) {
            FILE *file = fopen(child, "r+b");
            CHECK(file != NULL && fseek(file, -1, SEEK_END) == 0);
            int byte = fgetc(file);
            CHECK(byte != EOF && fseek(file, -1, SEEK_END) == 0 && fputc(byte ^ 1, file) != EOF);
            CHECK(fclose(file) == 0);
            damaged++;
        }
        free(child);
    }
    closedir(folder);
    return damaged;
}

Outcome make_call(World *world, const char *call, const cJSON *args) {
    const char *dot = strchr(call, '.');
    if (dot != NULL) {
        size_t length = (size_t)(dot - call);
        /* The newest variable of a name hides older ones. */
        for (int i = world->client_count - 1; i >= 0; i--) {
            const char *name = world->clients[i].name;
            if (strlen(name) == length && strncmp(name, call, length) == 0) {
                return call_client(world, world->clients[i].client, dot + 1, args);
            }
        }
        for (int i = world->session_count - 1; i >= 0; i--) {
            const char *name = world->sessions[i].name;
            if (strlen(name) == length && strncmp(name, call, length) == 0) {
                return call_session(world, world->sessions[i].session, dot + 1, args);
            }
        }
        bad_scenario("no variable", call);
    }
    Outcome outcome = {0};
    if (strcmp(call, "open_client") == 0) {
        char *base_url = base_url_of(world->folder);
        outcome.result = moss_client_new_with_base_url(text_of(args, "project_id"), text_of(args, "project_key"),
                                                       base_url, &outcome.client);
        free(base_url);
    } else if (strcmp(call, "damage") == 0) {
        char *path = join_path(world->folder, text_of(args, "path"));
        CHECK(damage(path, text_of(args, "suffix")) > 0);
        free(path);
    } else {
        bad_scenario("no call", call);
    }
    return outcome;
}
