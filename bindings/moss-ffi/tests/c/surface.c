/* What the scenarios do not reach: the JSON forms, load options, memory, the query vector, odd texts. */
#include "check.h"

static void json_forms(MossClient *client) {
    char *json = NULL;
    GIVES(OK, moss_client_create_index_from_json(
                  client, "x",
                  "[{\"id\": \"a\", \"text\": \"one\", \"embedding\": [1, 0], \"metadata\": {\"k\": \"v\"}},"
                  " {\"id\": \"b\", \"text\": \"two\", \"embedding\": [0, 1], \"payload\": \"p\"}]",
                  NULL, &json));
    CHECK(strstr(json, "\"jobId\":\"") != NULL);
    CHECK(strstr(json, "\"indexName\":\"x\",\"docCount\":2}") != NULL);
    moss_free_string(json);
    GIVES(OK, moss_client_add_docs_from_json(
                  client, "x", "[{\"id\": \"a\", \"text\": \"new\", \"embedding\": [1, 1]}]", false, &json));
    moss_free_string(json);
    GIVES(OK, moss_client_get_docs_json(client, "x", "[\"b\", \"nobody\", \"a\"]", &json));
    CHECK(strcmp(json, "[{\"id\":\"b\",\"text\":\"two\",\"payload\":\"p\"},"
                       "{\"id\":\"a\",\"text\":\"one\",\"metadata\":{\"k\":\"v\"}}]") == 0);
    moss_free_string(json);
    GIVES(OK, moss_client_add_docs_from_json(
                  client, "x", "[{\"id\": \"a\", \"text\": \"\\u0000new\", \"embedding\": [1, 1]}]", true, &json));
    moss_free_string(json);
    GIVES(OK, moss_client_get_docs_json(client, "x", NULL, &json));
    CHECK(strstr(json, "{\"id\":\"a\",\"text\":\"\\u0000new\"}") != NULL);
    moss_free_string(json);
    GIVES(OK, moss_client_get_docs_json(client, "x", "[]", &json));
    CHECK(strcmp(json, "[]") == 0);
    moss_free_string(json);

    /* A text that C cannot hold is not cut off. */
    const char *ids[] = {"a"};
    MossDocumentInfo *docs = NULL;
    uintptr_t count = 0;
    GIVES(OK, moss_client_get_docs(client, "x", ids, 1, &docs, &count));
    CHECK(count == 1 && strcmp(docs[0].text, "\xef\xbf\xbdnew") == 0);
    moss_free_documents(docs, count);

    const char *const bad[] = {"", "{}", "[1]", "[{\"id\": \"secret\"}]", "[{\"id\": 7, \"text\": \"secret\"}]",
                               "[{\"id\": \"a\", \"text\": \"secret\", \"metadata\": {\"k\": 1}}]",
                               "[{\"id\": \"a\", \"text\": \"secret\", \"vector\": [1]}]", "[] []", "nonsense"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        GIVES(ErrInvalidArgument, moss_client_add_docs_from_json(client, "x", bad[i], true, &json));
        CHECK(json == NULL && strstr(moss_last_error(), "docs_json") != NULL);
        CHECK(strstr(moss_last_error(), "secret") == NULL);
    }
    GIVES(ErrInvalidArgument,
          moss_client_add_docs_from_json(client, "x", "[{\"id\": \"a\", \"text\": \"\", \"metadata\": {\"price\": 1}}]",
                                         true, &json));
    CHECK(strcmp(moss_last_error(), "docs_json[0]: metadata \"price\" is no string") == 0);
    GIVES(ErrInvalidArgument, moss_client_get_docs_json(client, "x", "[1]", &json));
    GIVES(ErrConflict, moss_client_create_index_from_json(
                           client, "x", "[{\"id\": \"a\", \"text\": \"\", \"embedding\": [1]}]", NULL, &json));
    GIVES(ErrNotFound, moss_client_get_docs_json(client, "nowhere", NULL, &json));
}

static void memory(MossClient *client, const char *folder) {
    char *cache = join_path(folder, "cache");
    MossLoadIndexOptions options = {.auto_refresh = true, .polling_interval_secs = 600, .cache_path = cache};
    MossIndexInfo *info = NULL;
    GIVES(OK, moss_client_load_index(client, "x", &options, &info));
    CHECK(strcmp(info->name, "x") == 0 && strcmp(info->status, "Ready") == 0 && info->doc_count == 2);
    CHECK(strcmp(info->model.id, "custom") == 0 && info->version != NULL && info->updated_at != NULL);
    moss_free_index_info(info);
    size_t unloaded = 9;
    GIVES(OK, moss_client_release_memory(client, 1, &unloaded));
    CHECK(unloaded == 1);
    MossSearchResult *found = NULL;
    GIVES(ErrNotLoaded, moss_client_query(client, "x", "one", NULL, &found));
    free(cache);
}

static void sessions(MossClient *client) {
    MossSession *session = open_custom(client, "s");
    char *model = NULL;
    GIVES(OK, moss_session_model_id(session, &model));
    CHECK(strcmp(model, "custom") == 0);
    moss_free_string(model);
    uintptr_t count = 9;
    GIVES(OK, moss_session_load_index(session, "nowhere", NULL, &count));
    CHECK(count == 0);
    MossLoadIndexOptions options = {.auto_refresh = false, .polling_interval_secs = 0};
    GIVES(OK, moss_session_load_index(session, "x", &options, &count));
    CHECK(count == 2 && strcmp(moss_session_name(session), "s") == 0);

    /* No metadata, empty metadata, and a key that comes twice. */
    float vector[] = {1, 0};
    MossMetadataEntry entries[] = {{"k", "first"}, {"k", "last"}};
    MossDocumentInfo docs[] = {
        {.id = "none", .text = "", .embedding = vector, .embedding_dim = 2},
        {.id = "empty", .text = "", .embedding = vector, .embedding_dim = 2, .metadata = entries},
        {.id = "twice", .text = "", .embedding = vector, .embedding_dim = 2, .metadata = entries, .metadata_count = 2},
    };
    uintptr_t added = 0, updated = 0;
    GIVES(OK, moss_session_add_docs(session, docs, 3, NULL, &added, &updated));
    CHECK(added == 3 && updated == 0);
    MossAddDocsOptions keep = {.upsert = false};
    GIVES(OK, moss_session_add_docs(session, docs, 3, &keep, &added, &updated));
    CHECK(added == 0 && updated == 0);
    const char *ids[] = {"none", "empty", "twice"};
    MossDocumentInfo *got = NULL;
    GIVES(OK, moss_session_get_docs(session, ids, 3, &got, &count));
    CHECK(count == 3);
    CHECK(got[0].metadata == NULL && got[0].metadata_count == 0);
    CHECK(got[1].metadata != NULL && got[1].metadata_count == 0);
    CHECK(got[2].metadata_count == 1 && strcmp(got[2].metadata[0].value, "last") == 0);
    /* What was given can be passed in again. */
    GIVES(OK, moss_session_add_docs(session, got, count, NULL, &added, &updated));
    CHECK(added == 0 && updated == 3);
    moss_free_documents(got, count);

    /* One byte a component, and what it was pushed from. */
    MossSessionOptions small = {.model_id = "custom", .vector_quantization = 2, .skip_auto_load_on_init = 1};
    MossSession *rounded = NULL;
    GIVES(OK, moss_client_session(client, "small", &small, &rounded));
    add_point(rounded, "a", "one", 0.6f, 0.8f);
    GIVES(OK, moss_session_get_docs(rounded, NULL, 0, &got, &count));
    CHECK(count == 1 && got[0].embedding[0] != 0.6f && got[0].embedding[1] > 0.79f && got[0].embedding[1] < 0.81f);
    moss_free_documents(got, count);
    moss_session_free(rounded);

    uintptr_t dim = 9;
    GIVES(ErrInvalidArgument, moss_session_embed_query(session, "text", vector, 2, &dim));
    CHECK(dim == 0 && strstr(moss_last_error(), "requires explicit query embeddings") != NULL);
    moss_session_free(session);
}

/* Needs the model: MOSS_MODEL_DIR. */
static void embed(MossClient *client) {
    MossSession *session = NULL;
    GIVES(OK, moss_client_session(client, "text", NULL, &session));
    float vector[400] = {0};
    uintptr_t dim = 0;
    GIVES(ErrInvalidArgument, moss_session_embed_query(session, "a refund", NULL, 0, &dim));
    CHECK(dim == 384);
    GIVES(ErrInvalidArgument, moss_session_embed_query(session, "a refund", vector, 383, &dim));
    CHECK(dim == 384 && vector[0] == 0);
    GIVES(OK, moss_session_embed_query(session, "a refund", vector, 400, &dim));
    CHECK(dim == 384 && vector[384] == 0);
    double length = 0;
    for (uintptr_t i = 0; i < dim; i++) {
        length += (double)vector[i] * (double)vector[i];
    }
    CHECK(length > 0.999 && length < 1.001);
    /* The default of NULL options. */
    MossDocumentInfo doc = {.id = "a", .text = "money back"};
    uintptr_t added = 0, updated = 0;
    GIVES(OK, moss_session_add_docs(session, &doc, 1, NULL, &added, &updated));
    MossSearchResult *found = NULL, *same = NULL;
    MossQueryOptions defaults = moss_query_options_default();
    GIVES(OK, moss_session_query(session, "a refund", NULL, &found));
    GIVES(OK, moss_session_query(session, "a refund", &defaults, &same));
    CHECK(found->doc_count == 1 && same->doc_count == 1 && found->docs[0].score == same->docs[0].score);
    moss_free_search_result(found);
    moss_free_search_result(same);
    moss_session_free(session);
}

int main(void) {
    char version[64];
    snprintf(version, sizeof version, "%d.%d.%d", MOSS_VERSION_MAJOR, MOSS_VERSION_MINOR, MOSS_VERSION_PATCH);
    CHECK(strcmp(version, moss_sdk_version()) == 0);
    char *folder = make_folder();
    GIVES(OK, moss_set_model_cache_dir(folder));
    MossClient *client = open_client(folder);
    json_forms(client);
    memory(client, folder);
    sessions(client);
    embed(client);
    moss_client_free(client);
    remove_folder(folder);
    puts("surface: what the scenarios do not reach");
    return 0;
}
