/* Input that no call can work with, and input at the edge: texts that are not UTF-8, counts of 0 and far too many. */
#include "check.h"

#define BAD "caf\xe9"

static uintptr_t added, updated, count;
static MossSearchResult *found;
static MossDocumentInfo *docs;

static void texts(MossClient *client, MossSession *session) {
    MossClient *no_client;
    GIVES(ErrInvalidArgument, moss_client_new(BAD, "key", &no_client));
    CHECK(strcmp(moss_last_error(), "project_id is not UTF-8 at byte 3") == 0);
    GIVES(ErrInvalidArgument, moss_client_new("project", BAD, &no_client));
    CHECK(strstr(moss_last_error(), "caf") == NULL);
    GIVES(ErrInvalidArgument, moss_client_new_with_base_url("project", "key", BAD, &no_client));
    GIVES(ErrInvalidArgument, moss_client_new_with_device_id("project", "key", BAD, &no_client));
    GIVES(ErrInvalidArgument, moss_client_new("", "key", &no_client));
    GIVES(ErrInvalidArgument, moss_client_new("project", "", &no_client));
    MossSession *no_session;
    GIVES(ErrInvalidArgument, moss_client_session(client, BAD, NULL, &no_session));
    GIVES(ErrInvalidArgument, moss_client_session(client, "", NULL, &no_session));
    GIVES(ErrInvalidArgument, moss_client_session(client, "a\nb", NULL, &no_session));
    MossSessionOptions bad_model = {.model_id = BAD}, bad_precision = {.vector_quantization = 3};
    GIVES(ErrInvalidArgument, moss_client_session(client, "s", &bad_model, &no_session));
    GIVES(ErrInvalidArgument, moss_client_session(client, "s", &bad_precision, &no_session));

    float vector[] = {1, 0};
    MossMetadataEntry bad_key = {.key = BAD, .value = "v"}, bad_value = {.key = "k", .value = BAD};
    MossDocumentInfo bad[] = {
        {.id = BAD, .text = "", .embedding = vector, .embedding_dim = 2},
        {.id = "a", .text = BAD, .embedding = vector, .embedding_dim = 2},
        {.id = "a", .text = "", .payload = BAD, .embedding = vector, .embedding_dim = 2},
        {.id = "a", .text = "", .metadata = &bad_key, .metadata_count = 1, .embedding = vector, .embedding_dim = 2},
        {.id = "a", .text = "", .metadata = &bad_value, .metadata_count = 1, .embedding = vector, .embedding_dim = 2},
        {.id = "", .text = "", .embedding = vector, .embedding_dim = 2},
    };
    MossMutationResult *made;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        GIVES(ErrInvalidArgument, moss_session_add_docs(session, &bad[i], 1, NULL, &added, &updated));
        GIVES(ErrInvalidArgument, moss_client_create_index(client, "x", &bad[i], 1, NULL, &made));
    }
    const char *bad_id[] = {"a", BAD};
    GIVES(ErrInvalidArgument, moss_session_delete_docs(session, bad_id, 2, &count));
    CHECK(strncmp(moss_last_error(), "ids[1] ", 7) == 0);
    GIVES(ErrInvalidArgument, moss_session_get_docs(session, bad_id, 2, &docs, &count));
    GIVES(ErrInvalidArgument, moss_session_query(session, BAD, NULL, &found));
    MossQueryOptions options = moss_query_options_default();
    options.filter_json = BAD;
    GIVES(ErrInvalidArgument, moss_session_query(session, "q", &options, &found));
    options.filter_json = "{";
    GIVES(ErrInvalidArgument, moss_session_query(session, "q", &options, &found));
    GIVES(ErrInvalidArgument, moss_session_query_grouped(session, "q", NULL, BAD, "o", &found));
    GIVES(ErrInvalidArgument,
          moss_session_get_docs_ex(session, NULL, 0, NULL, BAD, true, NULL, NULL, &docs, &count));
    MossPushIndexResult *pushed;
    GIVES(ErrInvalidArgument, moss_session_push_index_ex(session, BAD, &pushed));
    GIVES(ErrInvalidArgument, moss_session_push_index_ex(session, "perhaps", &pushed));
    GIVES(ErrInvalidArgument, moss_session_save_to_disk(session, BAD));
    GIVES(ErrInvalidArgument, moss_session_save_to_disk(session, ""));
    GIVES(ErrInvalidArgument, moss_session_load_from_disk(session, BAD, &count));
    MossLoadIndexOptions bad_path = {.cache_path = BAD};
    MossIndexInfo *info;
    GIVES(ErrInvalidArgument, moss_client_load_index(client, "x", &bad_path, &info));
    GIVES(ErrInvalidArgument, moss_session_load_index(session, "x", &bad_path, &count));
    GIVES(ErrInvalidArgument, moss_set_model_cache_dir(BAD));
    GIVES(ErrInvalidArgument, moss_set_model_cache_dir(""));
    GIVES(ErrInvalidArgument, moss_resolve_auth_request(1, BAD));
    GIVES(ErrInvalidArgument, moss_reject_auth_request(1, BAD));
}

static void counts(MossClient *client, MossSession *session) {
    /* One document and one id, said to be many: they must be refused unread. */
    float vector[] = {1, 0};
    MossDocumentInfo doc = {.id = "a", .text = "", .embedding = vector, .embedding_dim = 2};
    const char *ids[] = {"a"};
    MossMutationResult *made;
    const uintptr_t too_many[] = {UINTPTR_MAX, UINTPTR_MAX / 2, UINTPTR_MAX / sizeof doc + 1, 1000001};
    for (size_t i = 0; i < sizeof too_many / sizeof *too_many; i++) {
        uintptr_t many = too_many[i];
        GIVES(ErrInvalidArgument, moss_session_add_docs(session, &doc, many, NULL, &added, &updated));
        GIVES(ErrInvalidArgument, moss_session_delete_docs(session, ids, many, &count));
        GIVES(ErrInvalidArgument, moss_session_get_docs(session, ids, many, &docs, &count));
        GIVES(ErrInvalidArgument, moss_session_get_docs(session, NULL, many, &docs, &count));
        GIVES(ErrInvalidArgument, moss_client_create_index(client, "x", &doc, many, NULL, &made));
        GIVES(ErrInvalidArgument, moss_client_add_docs(client, "x", &doc, many, NULL, &made));
        GIVES(ErrInvalidArgument, moss_client_delete_docs(client, "x", ids, many, &made));
        GIVES(ErrInvalidArgument, moss_client_get_docs(client, "x", ids, many, &docs, &count));
        MossDocumentInfo long_vector = {.id = "a", .text = "", .embedding = vector, .embedding_dim = many};
        GIVES(ErrInvalidArgument, moss_session_add_docs(session, &long_vector, 1, NULL, &added, &updated));
        MossMetadataEntry entry = {.key = "k", .value = "v"};
        MossDocumentInfo fields = {.id = "a", .text = "", .embedding = vector, .embedding_dim = 2,
                                   .metadata = &entry, .metadata_count = many};
        /* As a document with too many keys is refused everywhere. */
        GIVES(ErrCloud, moss_session_add_docs(session, &fields, 1, NULL, &added, &updated));
        MossQueryOptions options = {.top_k = 1, .alpha = 1, .embedding = vector, .embedding_dim = many};
        GIVES(ErrInvalidArgument, moss_session_query(session, "", &options, &found));
    }
    CHECK(moss_session_doc_count(session) == 0);

    /* None. */
    GIVES(OK, moss_session_add_docs(session, NULL, 0, NULL, &added, &updated));
    GIVES(OK, moss_session_add_docs(session, &doc, 0, NULL, &added, &updated));
    CHECK(added == 0 && updated == 0);
    add_point(session, "a", "one", 1, 0);
    GIVES(OK, moss_session_delete_docs(session, NULL, 0, &count));
    CHECK(count == 0);
    GIVES(OK, moss_session_get_docs(session, ids, 0, &docs, &count));
    CHECK(docs == NULL && count == 0);
    GIVES(OK, moss_session_get_docs(session, NULL, 0, &docs, &count));
    CHECK(count == 1);
    moss_free_documents(docs, count);
    GIVES(ErrInvalidArgument, moss_client_create_index(client, "x", NULL, 0, NULL, &made));
    GIVES(ErrInvalidArgument, moss_client_delete_docs(client, "x", NULL, 0, &made));

    /* As many results as one asks for, if there are so many. */
    MossQueryOptions all = {.top_k = UINTPTR_MAX, .alpha = 1, .embedding = vector, .embedding_dim = 2};
    GIVES(OK, moss_session_query(session, "", &all, &found));
    CHECK(found->doc_count == 1 && found->docs[0].score == 1.0f);
    moss_free_search_result(found);
    MossQueryOptions none = {.alpha = 1, .embedding = vector, .embedding_dim = 2};
    GIVES(OK, moss_session_query(session, "", &none, &found));
    CHECK(found->doc_count == 0 && found->docs == NULL);
    moss_free_search_result(found);
    /* A field left out is 0: keywords only, of which there are none here. */
    MossQueryOptions keywords = {.top_k = 5, .embedding = vector, .embedding_dim = 2};
    GIVES(OK, moss_session_query(session, "nothing", &keywords, &found));
    CHECK(found->doc_count == 0);
    moss_free_search_result(found);
    size_t unloaded = 0;
    GIVES(ErrInvalidArgument, moss_client_release_memory(client, 2, &unloaded));

    /* An array where no array can be. */
    char bytes[sizeof doc + sizeof doc];
    memset(bytes, 0, sizeof bytes);
    uintptr_t odd = (uintptr_t)bytes | 1;
    GIVES(ErrInvalidArgument,
          moss_session_add_docs(session, (const MossDocumentInfo *)odd, 1, NULL, &added, &updated));
}

int main(void) {
    char *folder = make_folder();
    MossClient *client = open_client(folder);
    MossSession *session = open_custom(client, "s");
    texts(client, session);
    counts(client, session);
    moss_session_free(session);
    moss_client_free(client);
    remove_folder(folder);
    puts("input: bad texts and counts");
    return 0;
}
