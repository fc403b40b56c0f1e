/* The calls of sessions in scenarios as calls of libmoss. */
#include "arguments.h"
#include "check.h"
#include "values.h"
#include "world.h"

static const char *grouping(const cJSON *args, const char *field) {
    const cJSON *group_by = argument(args, "group_by");
    return group_by ? text_of(group_by, field) : NULL;
}

static Outcome get_docs(MossSession *session, const cJSON *args) {
    Outcome outcome = {0};
    uintptr_t id_count = 0, count = 0;
    const char **ids = texts_of(args, "doc_ids", &id_count);
    char *filter = filter_of(args);
    const char *sort_by = optional_text_of(args, "sort_by");
    const char *parent = grouping(args, "parent_field"), *order = grouping(args, "order_field");
    MossDocumentInfo *docs = NULL;
    if (filter == NULL && sort_by == NULL && parent == NULL) {
        outcome.result = moss_session_get_docs(session, ids, id_count, &docs, &count);
    } else {
        outcome.result = moss_session_get_docs_ex(session, ids, id_count, filter, sort_by,
                                                  flag_of(args, "ascending", true), parent, order, &docs, &count);
    }
    outcome.json = documents_json(docs, count);
    moss_free_documents(docs, count);
    free(filter);
    free(ids);
    return outcome;
}

static Outcome query(MossSession *session, const cJSON *args) {
    Outcome outcome = {0};
    MossQueryOptions options = query_options_of(args);
    const char *parent = grouping(args, "parent_field"), *order = grouping(args, "order_field");
    MossSearchResult *found = NULL;
    if (parent == NULL) {
        outcome.result = moss_session_query(session, text_of(args, "query"), &options, &found);
    } else {
        outcome.result =
            moss_session_query_grouped(session, text_of(args, "query"), &options, parent, order, &found);
    }
    outcome.json = found ? search_json(found) : NULL;
    moss_free_search_result(found);
    free((char *)options.filter_json);
    free((float *)options.embedding);
    return outcome;
}

static Outcome push(MossSession *session, const cJSON *args) {
    Outcome outcome = {0};
    const char *on_conflict = optional_text_of(args, "on_conflict");
    MossPushIndexResult *pushed = NULL;
    outcome.result = on_conflict ? moss_session_push_index_ex(session, on_conflict, &pushed)
                                 : moss_session_push_index(session, &pushed);
    if (pushed != NULL) {
        outcome.json = cJSON_CreateObject();
        cJSON_AddStringToObject(outcome.json, "job_id", pushed->job_id);
        cJSON_AddStringToObject(outcome.json, "index_name", pushed->index_name);
        cJSON_AddNumberToObject(outcome.json, "doc_count", (double)pushed->doc_count);
        cJSON_AddStringToObject(outcome.json, "status", pushed->status);
        cJSON_AddStringToObject(outcome.json, "version", pushed->version);
        cJSON *conflicts = cJSON_AddArrayToObject(outcome.json, "conflicts");
        for (uintptr_t i = 0; i < pushed->conflict_count; i++) {
            cJSON_AddItemToArray(conflicts, cJSON_CreateString(pushed->conflicts[i]));
        }
    }
    moss_free_push_index_result(pushed);
    return outcome;
}

Outcome call_session(World *world, MossSession *session, const char *call, const cJSON *args) {
    Outcome outcome = {0};
    uintptr_t count = 0;
    if (strcmp(call, "name") == 0) {
        outcome.json = cJSON_CreateString(moss_session_name(session));
    } else if (strcmp(call, "model_id") == 0) {
        char *model_id = NULL;
        outcome.result = moss_session_model_id(session, &model_id);
        outcome.json = cJSON_CreateString(model_id);
        moss_free_string(model_id);
    } else if (strcmp(call, "doc_count") == 0) {
        outcome.json = cJSON_CreateNumber((double)moss_session_doc_count(session));
    } else if (strcmp(call, "add_docs") == 0) {
        MossDocumentInfo *docs = documents_of(args, &count);
        MossAddDocsOptions options = {.upsert = flag_of(args, "upsert", true)};
        uintptr_t added = 0, updated = 0;
        outcome.result = moss_session_add_docs(session, docs, count, &options, &added, &updated);
        outcome.json = cJSON_CreateArray();
        cJSON_AddItemToArray(outcome.json, cJSON_CreateNumber((double)added));
        cJSON_AddItemToArray(outcome.json, cJSON_CreateNumber((double)updated));
        free_documents_of(docs, count);
    } else if (strcmp(call, "delete_docs") == 0) {
        const char **ids = texts_of(args, "doc_ids", &count);
        uintptr_t deleted = 0;
        outcome.result = moss_session_delete_docs(session, ids, count, &deleted);
        outcome.json = cJSON_CreateNumber((double)deleted);
        free(ids);
    } else if (strcmp(call, "get_docs") == 0) {
        outcome = get_docs(session, args);
    } else if (strcmp(call, "query") == 0) {
        outcome = query(session, args);
    } else if (strcmp(call, "push_index") == 0) {
        outcome = push(session, args);
    } else if (strcmp(call, "load_index") == 0) {
        outcome.result = moss_session_load_index(session, text_of(args, "index_name"), NULL, &count);
        outcome.json = cJSON_CreateNumber((double)count);
    } else if (strcmp(call, "save_to_disk") == 0 || strcmp(call, "load_from_disk") == 0) {
        char *path = join_path(world->folder, text_of(args, "path"));
        if (call[0] == 's') {
            outcome.result = moss_session_save_to_disk(session, path);
        } else {
            outcome.result = moss_session_load_from_disk(session, path, &count);
            outcome.json = cJSON_CreateNumber((double)count);
        }
        free(path);
    } else {
        bad_scenario("no call of a session", call);
    }
    return outcome;
}
