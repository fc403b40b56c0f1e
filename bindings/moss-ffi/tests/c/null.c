/* NULL in every pointer parameter of every function: refused with the number of the contract, results blanked, or fine where
 * the header says so. scripts/test-c checks that no function is missing here. */
#include "check.h"

/* A pointer that no function gives: a result that stays like this was not blanked. */
#define POISON ((void *)0x55)
#define POISONED ((uintptr_t)0x55)

/* The handle is refused and `place` NULL afterwards. */
#define IS_CLOSED(place, call)      \
    do {                            \
        (place) = POISON;           \
        GIVES(ErrClosed, call);     \
        CHECK((place) == NULL);     \
    } while (0)

/* An argument is refused and `place` NULL afterwards. */
#define BLANKS(place, call)                  \
    do {                                     \
        (place) = POISON;                    \
        GIVES(ErrInvalidArgument, call);     \
        CHECK((place) == NULL);              \
    } while (0)

static void notify(uint32_t id, void *data) {
    (void)data;
    moss_reject_auth_request(id, "not asked for here");
}

static void clients(const char *store) {
    MossClient *c;
    BLANKS(c, moss_client_new(NULL, "key", &c));
    BLANKS(c, moss_client_new("project", NULL, &c));
    GIVES(ErrInvalidArgument, moss_client_new("project", "key", NULL));
    BLANKS(c, moss_client_new_with_device_id(NULL, "key", "device", &c));
    BLANKS(c, moss_client_new_with_device_id("project", NULL, "device", &c));
    GIVES(ErrInvalidArgument, moss_client_new_with_device_id("project", "key", "device", NULL));
    GIVES(OK, moss_client_new_with_device_id("project", "key", NULL, &c));
    moss_client_free(c);
    BLANKS(c, moss_client_new_with_base_url(NULL, "key", store, &c));
    BLANKS(c, moss_client_new_with_base_url("project", NULL, store, &c));
    GIVES(ErrInvalidArgument, moss_client_new_with_base_url("project", "key", store, NULL));
    GIVES(OK, moss_client_new_with_base_url("project", "key", NULL, &c));
    moss_client_free(c);
    BLANKS(c, moss_client_new_with_authenticator(NULL, notify, NULL, store, &c));
    BLANKS(c, moss_client_new_with_authenticator("project", NULL, NULL, store, &c));
    GIVES(ErrInvalidArgument, moss_client_new_with_authenticator("project", notify, NULL, store, NULL));
    GIVES(OK, moss_client_new_with_authenticator("project", notify, NULL, NULL, &c));
    moss_client_free(c);
    BLANKS(c, moss_client_new_with_authenticator_and_device_id(NULL, notify, NULL, store, "device", &c));
    BLANKS(c, moss_client_new_with_authenticator_and_device_id("project", NULL, NULL, store, "device", &c));
    GIVES(ErrInvalidArgument,
          moss_client_new_with_authenticator_and_device_id("project", notify, NULL, store, "device", NULL));
    GIVES(OK, moss_client_new_with_authenticator_and_device_id("project", notify, NULL, NULL, NULL, &c));
    moss_client_free(c);
    moss_client_free(NULL);
}

static void cloud(MossClient *client) {
    float vector[] = {1, 0};
    MossDocumentInfo doc = {.id = "a", .text = "", .embedding = vector, .embedding_dim = 2};
    const char *ids[] = {"a"};
    MossMutationResult *made;
    IS_CLOSED(made, moss_client_create_index(NULL, "x", &doc, 1, NULL, &made));
    BLANKS(made, moss_client_create_index(client, NULL, &doc, 1, NULL, &made));
    BLANKS(made, moss_client_create_index(client, "x", NULL, 1, NULL, &made));
    GIVES(ErrInvalidArgument, moss_client_create_index(client, "x", &doc, 1, NULL, NULL));
    GIVES(OK, moss_client_create_index(client, "x", &doc, 1, NULL, &made));
    moss_free_mutation_result(made);
    IS_CLOSED(made, moss_client_add_docs(NULL, "x", &doc, 1, NULL, &made));
    BLANKS(made, moss_client_add_docs(client, NULL, &doc, 1, NULL, &made));
    BLANKS(made, moss_client_add_docs(client, "x", NULL, 1, NULL, &made));
    GIVES(ErrInvalidArgument, moss_client_add_docs(client, "x", &doc, 1, NULL, NULL));
    IS_CLOSED(made, moss_client_delete_docs(NULL, "x", ids, 1, &made));
    BLANKS(made, moss_client_delete_docs(client, NULL, ids, 1, &made));
    BLANKS(made, moss_client_delete_docs(client, "x", NULL, 1, &made));
    GIVES(ErrInvalidArgument, moss_client_delete_docs(client, "x", ids, 1, NULL));
    MossIndexInfo *info;
    IS_CLOSED(info, moss_client_get_index(NULL, "x", &info));
    BLANKS(info, moss_client_get_index(client, NULL, &info));
    GIVES(ErrInvalidArgument, moss_client_get_index(client, "x", NULL));
    uintptr_t count = POISONED;
    IS_CLOSED(info, moss_client_list_indexes(NULL, &info, &count));
    CHECK(count == 0);
    count = POISONED;
    GIVES(ErrInvalidArgument, moss_client_list_indexes(client, NULL, &count));
    CHECK(count == 0);
    BLANKS(info, moss_client_list_indexes(client, &info, NULL));
    MossDocumentInfo *docs;
    count = POISONED;
    IS_CLOSED(docs, moss_client_get_docs(NULL, "x", ids, 1, &docs, &count));
    CHECK(count == 0);
    BLANKS(docs, moss_client_get_docs(client, NULL, ids, 1, &docs, &count));
    BLANKS(docs, moss_client_get_docs(client, "x", NULL, 1, &docs, &count));
    GIVES(ErrInvalidArgument, moss_client_get_docs(client, "x", ids, 1, NULL, &count));
    BLANKS(docs, moss_client_get_docs(client, "x", ids, 1, &docs, NULL));
    MossJobStatusResponse *job;
    IS_CLOSED(job, moss_client_get_job_status(NULL, "job", &job));
    BLANKS(job, moss_client_get_job_status(client, NULL, &job));
    GIVES(ErrInvalidArgument, moss_client_get_job_status(client, "job", NULL));
    char *json;
    IS_CLOSED(json, moss_client_create_index_from_json(NULL, "y", "[]", NULL, &json));
    BLANKS(json, moss_client_create_index_from_json(client, NULL, "[]", NULL, &json));
    BLANKS(json, moss_client_create_index_from_json(client, "y", NULL, NULL, &json));
    GIVES(ErrInvalidArgument, moss_client_create_index_from_json(client, "y", "[]", NULL, NULL));
    IS_CLOSED(json, moss_client_add_docs_from_json(NULL, "x", "[]", true, &json));
    BLANKS(json, moss_client_add_docs_from_json(client, NULL, "[]", true, &json));
    BLANKS(json, moss_client_add_docs_from_json(client, "x", NULL, true, &json));
    GIVES(ErrInvalidArgument, moss_client_add_docs_from_json(client, "x", "[]", true, NULL));
    IS_CLOSED(json, moss_client_get_docs_json(NULL, "x", NULL, &json));
    BLANKS(json, moss_client_get_docs_json(client, NULL, NULL, &json));
    GIVES(ErrInvalidArgument, moss_client_get_docs_json(client, "x", NULL, NULL));
}

static void loaded(MossClient *client) {
    MossIndexInfo *info;
    IS_CLOSED(info, moss_client_load_index(NULL, "x", NULL, &info));
    BLANKS(info, moss_client_load_index(client, NULL, NULL, &info));
    GIVES(ErrInvalidArgument, moss_client_load_index(client, "x", NULL, NULL));
    GIVES(OK, moss_client_load_index(client, "x", NULL, &info));
    moss_free_index_info(info);
    MossSearchResult *found;
    IS_CLOSED(found, moss_client_query(NULL, "x", "q", NULL, &found));
    BLANKS(found, moss_client_query(client, NULL, "q", NULL, &found));
    BLANKS(found, moss_client_query(client, "x", NULL, NULL, &found));
    GIVES(ErrInvalidArgument, moss_client_query(client, "x", "q", NULL, NULL));
    MossRefreshResult *refreshed;
    IS_CLOSED(refreshed, moss_client_refresh_index(NULL, "x", &refreshed));
    BLANKS(refreshed, moss_client_refresh_index(client, NULL, &refreshed));
    GIVES(ErrInvalidArgument, moss_client_refresh_index(client, "x", NULL));
    size_t unloaded = POISONED;
    GIVES(ErrClosed, moss_client_release_memory(NULL, 1, &unloaded));
    CHECK(unloaded == 0);
    GIVES(ErrInvalidArgument, moss_client_release_memory(client, 1, NULL));
    GIVES(ErrClosed, moss_client_unload_index(NULL, "x"));
    GIVES(ErrInvalidArgument, moss_client_unload_index(client, NULL));
    GIVES(OK, moss_client_unload_index(client, "x"));
    bool deleted = true;
    GIVES(ErrClosed, moss_client_delete_index(NULL, "x", &deleted));
    CHECK(!deleted);
    deleted = true;
    GIVES(ErrInvalidArgument, moss_client_delete_index(client, NULL, &deleted));
    CHECK(!deleted);
    GIVES(ErrInvalidArgument, moss_client_delete_index(client, "x", NULL));
}

static void sessions(MossClient *client, MossSession *session, const char *folder) {
    MossSession *other;
    IS_CLOSED(other, moss_client_session(NULL, "s", NULL, &other));
    BLANKS(other, moss_client_session(client, NULL, NULL, &other));
    GIVES(ErrInvalidArgument, moss_client_session(client, "s", NULL, NULL));
    CHECK(moss_session_name(NULL) == NULL);
    CHECK(moss_session_doc_count(NULL) == 0);
    char *model;
    IS_CLOSED(model, moss_session_model_id(NULL, &model));
    GIVES(ErrInvalidArgument, moss_session_model_id(session, NULL));

    float vector[] = {1, 0};
    MossDocumentInfo doc = {.id = "a", .text = "", .embedding = vector, .embedding_dim = 2};
    uintptr_t added = POISONED, updated = POISONED;
    GIVES(ErrClosed, moss_session_add_docs(NULL, &doc, 1, NULL, &added, &updated));
    CHECK(added == 0 && updated == 0);
    added = POISONED;
    GIVES(ErrInvalidArgument, moss_session_add_docs(session, NULL, 1, NULL, &added, &updated));
    CHECK(added == 0);
    updated = POISONED;
    GIVES(ErrInvalidArgument, moss_session_add_docs(session, &doc, 1, NULL, NULL, &updated));
    CHECK(updated == 0);
    added = POISONED;
    GIVES(ErrInvalidArgument, moss_session_add_docs(session, &doc, 1, NULL, &added, NULL));
    CHECK(added == 0);
    const char *ids[] = {"a"}, *null_id[] = {NULL};
    uintptr_t deleted = POISONED;
    GIVES(ErrClosed, moss_session_delete_docs(NULL, ids, 1, &deleted));
    CHECK(deleted == 0);
    GIVES(ErrInvalidArgument, moss_session_delete_docs(session, NULL, 1, &deleted));
    GIVES(ErrInvalidArgument, moss_session_delete_docs(session, null_id, 1, &deleted));
    GIVES(ErrInvalidArgument, moss_session_delete_docs(session, ids, 1, NULL));
    MossDocumentInfo *docs;
    uintptr_t count = POISONED;
    IS_CLOSED(docs, moss_session_get_docs(NULL, ids, 1, &docs, &count));
    CHECK(count == 0);
    BLANKS(docs, moss_session_get_docs(session, NULL, 1, &docs, &count));
    GIVES(ErrInvalidArgument, moss_session_get_docs(session, ids, 1, NULL, &count));
    BLANKS(docs, moss_session_get_docs(session, ids, 1, &docs, NULL));
    IS_CLOSED(docs, moss_session_get_docs_ex(NULL, ids, 1, NULL, NULL, true, NULL, NULL, &docs, &count));
    BLANKS(docs, moss_session_get_docs_ex(session, NULL, 1, NULL, NULL, true, NULL, NULL, &docs, &count));
    BLANKS(docs, moss_session_get_docs_ex(session, ids, 1, NULL, NULL, true, "p", NULL, &docs, &count));
    BLANKS(docs, moss_session_get_docs_ex(session, ids, 1, NULL, NULL, true, NULL, "o", &docs, &count));
    GIVES(ErrInvalidArgument,
          moss_session_get_docs_ex(session, ids, 1, NULL, NULL, true, NULL, NULL, NULL, &count));
    BLANKS(docs, moss_session_get_docs_ex(session, ids, 1, NULL, NULL, true, NULL, NULL, &docs, NULL));
    MossSearchResult *found;
    IS_CLOSED(found, moss_session_query(NULL, "q", NULL, &found));
    BLANKS(found, moss_session_query(session, NULL, NULL, &found));
    GIVES(ErrInvalidArgument, moss_session_query(session, "q", NULL, NULL));
    IS_CLOSED(found, moss_session_query_grouped(NULL, "q", NULL, "p", "o", &found));
    BLANKS(found, moss_session_query_grouped(session, NULL, NULL, "p", "o", &found));
    BLANKS(found, moss_session_query_grouped(session, "q", NULL, NULL, "o", &found));
    BLANKS(found, moss_session_query_grouped(session, "q", NULL, "p", NULL, &found));
    GIVES(ErrInvalidArgument, moss_session_query_grouped(session, "q", NULL, "p", "o", NULL));
    MossPushIndexResult *pushed;
    IS_CLOSED(pushed, moss_session_push_index(NULL, &pushed));
    GIVES(ErrInvalidArgument, moss_session_push_index(session, NULL));
    IS_CLOSED(pushed, moss_session_push_index_ex(NULL, "merge", &pushed));
    GIVES(ErrInvalidArgument, moss_session_push_index_ex(session, "merge", NULL));
    GIVES(OK, moss_session_push_index_ex(session, NULL, &pushed));
    moss_free_push_index_result(pushed);
    GIVES(ErrClosed, moss_session_load_index(NULL, "x", NULL, &count));
    GIVES(ErrInvalidArgument, moss_session_load_index(session, NULL, NULL, &count));
    GIVES(ErrInvalidArgument, moss_session_load_index(session, "x", NULL, NULL));
    GIVES(ErrClosed, moss_session_save_to_disk(NULL, folder));
    GIVES(ErrInvalidArgument, moss_session_save_to_disk(session, NULL));
    GIVES(ErrClosed, moss_session_load_from_disk(NULL, folder, &count));
    GIVES(ErrInvalidArgument, moss_session_load_from_disk(session, NULL, &count));
    GIVES(ErrInvalidArgument, moss_session_load_from_disk(session, folder, NULL));
    uintptr_t dim = POISONED;
    GIVES(ErrClosed, moss_session_embed_query(NULL, "q", vector, 2, &dim));
    CHECK(dim == 0);
    GIVES(ErrInvalidArgument, moss_session_embed_query(session, NULL, vector, 2, &dim));
    GIVES(ErrInvalidArgument, moss_session_embed_query(session, "q", NULL, 2, &dim));
    GIVES(ErrInvalidArgument, moss_session_embed_query(session, "q", vector, 2, NULL));
    CHECK(moss_session_doc_count(session) == 0);
    moss_session_free(NULL);
}

static void parts_of_structs(MossSession *session) {
    float vector[] = {1, 0};
    MossMetadataEntry no_key = {.value = "v"}, no_value = {.key = "k"};
    MossDocumentInfo bad[] = {
        {.text = "", .embedding = vector, .embedding_dim = 2},
        {.id = "a", .embedding = vector, .embedding_dim = 2},
        {.id = "a", .text = "", .embedding = NULL, .embedding_dim = 2},
        {.id = "a", .text = "", .embedding = vector, .embedding_dim = 2, .metadata_count = 1},
        {.id = "a", .text = "", .embedding = vector, .embedding_dim = 2, .metadata = &no_key, .metadata_count = 1},
        {.id = "a", .text = "", .embedding = vector, .embedding_dim = 2, .metadata = &no_value, .metadata_count = 1},
    };
    uintptr_t added, updated;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        GIVES(ErrInvalidArgument, moss_session_add_docs(session, &bad[i], 1, NULL, &added, &updated));
    }
    MossQueryOptions options = {.top_k = 1, .alpha = 1, .embedding_dim = 2};
    MossSearchResult *found;
    BLANKS(found, moss_session_query(session, "q", &options, &found));
}

int main(void) {
    CHECK(moss_last_error() == NULL);
    char *folder = make_folder();
    char *store = join_path(folder, "store");
    clients(store);
    CHECK(moss_last_error() != NULL);
    MossClient *client = open_client(folder);
    MossSession *session = open_custom(client, "s");
    cloud(client);
    loaded(client);
    sessions(client, session, folder);
    parts_of_structs(session);
    GIVES(ErrInvalidArgument, moss_set_model_cache_dir(NULL));
    GIVES(ErrInvalidArgument, moss_resolve_auth_request(1, NULL));
    GIVES(ErrInvalidArgument, moss_reject_auth_request(1, NULL));
    moss_free_mutation_result(NULL);
    moss_free_push_index_result(NULL);
    moss_free_refresh_result(NULL);
    moss_free_job_status_response(NULL);
    moss_free_search_result(NULL);
    moss_free_index_info(NULL);
    moss_free_index_info_list(NULL, 3);
    moss_free_documents(NULL, 3);
    moss_free_string(NULL);
    CHECK(moss_sdk_version() != NULL);
    CHECK(moss_query_options_default().top_k == 5);
    moss_session_free(session);
    moss_client_free(client);
    free(store);
    remove_folder(folder);
    puts("null: every pointer of every function");
    return 0;
}
